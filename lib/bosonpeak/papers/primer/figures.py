"""Figures of the primer: a crystal without disorder, the effect of an excess on C/T^3, and the waves of a small box."""

import matplotlib.pyplot as plt
import numpy as np

from bosonpeak.papers.primer.measure import DEBYE_HEAT, GRID, binned_waves, glassy_density, summits
from bosonpeak.vibrations.debye import specific_heat


def draw_square_lattice(lattice) -> None:
    """Figure of g/omega of the square lattice and its Debye level; lattice: a `measure.SquareLattice`."""
    _, axes = plt.subplots()
    axes.plot(lattice.omega, lattice.reduced, label="square lattice")
    axes.axhline(lattice.level, color="black", linestyle="--", label="Debye level")
    axes.annotate("van Hove", (2, 0.62), xytext=(1.05, 0.6), arrowprops={"arrowstyle": "->"})
    axes.set(xlabel=r"$\omega$  ($\sqrt{\mathrm{stiffness/mass}}$)", ylabel=r"$g/\omega$", xlim=(0, 2.9), ylim=(0, 0.7))
    axes.legend(loc="lower left")


def draw_excess(axes, percent: float) -> None:
    """Draw g/omega^2 on axes[0] and C/T^3 on axes[1] with `percent` of the modes in the band."""
    share, temperature = percent / 100, np.geomspace(0.004, 0.2, 120)
    g = glassy_density(share)
    axes[0].plot(GRID[1:], g[1:] / GRID[1:] ** 2)
    axes[0].axhline(3 * (1 - share), color="black", linestyle="--")
    axes[0].set(xlabel=r"$\omega/\omega_\mathrm{D}$", ylabel=r"$g/\omega^2$  ($\omega_\mathrm{D}^{-3}$)")
    axes[0].set(xlim=(0, 1.05), ylim=(0, 20))
    axes[1].semilogx(temperature, specific_heat(temperature, GRID, g) / temperature**3)
    axes[1].axhline(DEBYE_HEAT * (1 - share), color="black", linestyle="--")
    axes[1].set(xlabel=r"$T/\theta_\mathrm{D}$", ylabel=r"$C/T^3$ per mode  ($k_\mathrm{B}\,\theta_\mathrm{D}^{-3}$)")
    axes[1].set(ylim=(0, 320))


def describe_excess(percent: float) -> str:
    """Alternative text of a frame of `draw_excess`."""
    if percent == 0:
        return "No excess: g over omega squared and, at low temperature, C over T cubed are flat at their Debye levels."
    found, waves = summits(percent / 100), 1 - percent / 100
    return (
        f"{percent} per cent of the modes in the band: g over omega squared peaks at {found.peak:.2f} Debye "
        f"frequencies, {found.height / (3 * waves):.1f} times the Debye level; C over T cubed has a hump at "
        f"{found.hump:.3f} Debye temperatures, {found.heat / (DEBYE_HEAT * waves):.1f} times its level."
    )


def draw_waves(axes, length: float) -> None:
    """Draw the plane waves of a square box of side `length`, binned, and the Debye level."""
    waves = binned_waves(length)
    axes.bar(
        waves.centres,
        waves.height,
        width=np.diff(waves.edges),
        color="#56B4E9",
        edgecolor="white",
        label="plane waves, binned",
    )
    axes.axhline(1 / (2 * np.pi), color="black", linestyle="--", label="Debye level")
    axes.axvline(waves.first, color="#D55E00", linestyle=":", label="first wave")
    axes.set(xlabel=r"$\omega$  (sound speed / spacing)", ylabel=r"$g/\omega$", xlim=(0, 1), ylim=(0, 0.8))
    axes.legend(loc="upper right")


def describe_waves(length: float) -> str:
    """Alternative text of a frame of `draw_waves`."""
    waves = binned_waves(length)
    beyond = waves.height[waves.edges[1:] > waves.first]
    return (
        f"Box of {length} by {length}: first wave at omega = {waves.first:.3f}, bins beyond it between "
        f"{beyond.min():.2f} and {beyond.max():.2f}, with the Debye level at {1 / (2 * np.pi):.2f}."
    )
