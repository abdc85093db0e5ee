"""The one place where thread counts are set (floor 0)."""

import os


def available_cores() -> int:
    """Cores that the project's work may use: `$BOSONPEAK_THREADS`, else those this process may run on.

    Raises ValueError where the variable is not a whole number of at least 1.
    """
    named = os.environ.get("BOSONPEAK_THREADS")
    if named is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not named.isdecimal() or int(named) < 1:
        raise ValueError(f"BOSONPEAK_THREADS={named}: give a whole number of at least 1, or unset it")
    return int(named)


def set_threads(n: int | None = None) -> int:
    """Give numba `n` threads and BLAS one, and return n.

    Default: `available_cores()`. The engine's sweeps take the threads; BLAS calls between them are short, and idle BLAS
    threads that spin next to another process cost ten times the work (measured). Dense diagonalisation asks for its own
    by `blas_threads`. Results of the engine do not depend on n: partial sums are added in a fixed order.

    Raises ValueError for n < 1.
    """
    import numba
    import threadpoolctl

    n = available_cores() if n is None else n
    if n < 1:
        raise ValueError(f"threads must be at least 1, got {n}")
    n = min(n, numba.config.NUMBA_NUM_THREADS)
    # its threads sleep between sweeps, those of OpenMP spin; it must be called from one thread at a time
    numba.config.THREADING_LAYER = "workqueue"
    numba.set_num_threads(n)
    threadpoolctl.threadpool_limits(1, user_api="blas")
    return n


def blas_threads(n: int):
    """Context in which BLAS has n threads; afterwards it has what it had before."""
    import threadpoolctl

    return threadpoolctl.threadpool_limits(n, user_api="blas")
