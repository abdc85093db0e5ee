"""The lowest modes of a dense matrix, reduced in single precision and made exact in double precision.

The reduction to tridiagonal form is bound by memory, and takes half the time in single precision. It mixes modes that
are close to one another, all of them within the subspace that is found. Diagonalising the matrix itself within that
subspace, in double precision, separates them, and leaves eigenvalues an error of second order (Rayleigh-Ritz).
"""

import numpy as np
from scipy.linalg import eigh, qr

from bosonpeak.threads import available_cores, blas_threads
from bosonpeak.vibrations.modes import Modes
from bosonpeak.vibrations.operators import check_operator


def lowest_modes(D, count: int) -> Modes:
    """The lowest normal modes of a dense dynamical matrix.

    Frequencies agree with `modes.normal_modes` to 1e-9 and better, except for a few modes next to the last ones, whose
    neighbours are left out: ask for a few more than are wanted. Memory: two matrices and 4 n * count numbers.

    Parameters
    ----------
    D : array or sparse matrix, shape (n, n)
    count : int

    Returns
    -------
    Modes
        With omega in the square root of the unit of D.

    Raises
    ------
    ValueError
        For a matrix that is not symmetric, holds NaN or has negative eigenvalues, and for a count that does not fit.
    """
    D = check_operator(D)
    n = D.shape[0]
    if not 0 < count <= n:
        raise ValueError(f"count = {count} must lie in 1..{n}")
    dense = D.toarray() if hasattr(D, "toarray") else np.asarray(D)
    with blas_threads(available_cores()):
        single = dense.astype("f4")
        _, vectors = eigh(single, subset_by_index=(0, count - 1), driver="evr", overwrite_a=True, check_finite=False)
        vectors, _ = qr(vectors.astype(float), mode="economic", overwrite_a=True, check_finite=False)
        image = dense @ vectors
        eigenvalues, rotation = eigh(vectors.T @ image)
        vectors, image = vectors @ rotation, image @ rotation
    residual = np.linalg.norm(image - vectors * eigenvalues, axis=0)
    largest = abs(dense.diagonal()).max()
    if eigenvalues[0] < -1e-8 * largest:
        lowest = f"the lowest eigenvalue is {eigenvalues[0]:.3g}, compared with {largest:.3g}"
        raise ValueError(f"{lowest}: the structure is not a minimum; relax it to a smaller force first")
    return Modes(np.sqrt(np.clip(eigenvalues, 0, None)), vectors, residual)
