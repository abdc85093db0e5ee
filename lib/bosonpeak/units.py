"""Units of frequency (floor 0).

A mass-weighted Hessian in eV/(A^2 amu) has eigenvalues whose square roots, times one of these factors, are

- `RAD_PER_PS`: the angular frequency omega in rad/ps (what several papers of the field print as "THz"),
- `THZ`: the frequency nu = omega / (2 pi) in THz,
- `MEV`: the energy hbar omega in meV.

Reduced systems (spring networks, Lennard-Jones, harmonic spheres) use none of them: their omega is in
sqrt(stiffness/mass), and says so.
"""

from math import pi, sqrt

from scipy.constants import atomic_mass, electron_volt, hbar

RAD_PER_PS = sqrt(electron_volt / atomic_mass) * 1e10 * 1e-12
"""sqrt(eV/(A^2 amu)) in rad/ps: 98.2269..."""

THZ = RAD_PER_PS / (2 * pi)
"""sqrt(eV/(A^2 amu)) in THz: 15.633..."""

MEV = hbar * RAD_PER_PS * 1e12 / electron_volt * 1e3
"""sqrt(eV/(A^2 amu)) as an energy in meV: 64.654..."""
