"""Frames of the primer: what an excess does to C/T^3, and which waves a small box holds (floor 7)."""

import numpy as np

from bosonpeak.vibrations.debye import debye_density, plane_waves, specific_heat

DEBYE_HEAT = 4 * np.pi**4 / 5
"""C/T^3 of one mode of Debye's solid in three dimensions at low temperature, in k_B / theta_D^3."""

# one frequency grid for the numbers and the pictures, in units of omega_D
GRID = np.linspace(0, 1, 4001)


def glassy_density(share: float, width: float = 0.35) -> np.ndarray:
    """Debye's density of states on `GRID` with a `share` of its modes moved into a band around 0.2 omega_D."""
    return (1 - share) * debye_density(GRID, 1, dimension=3) + share * excess_band(GRID, 0.2, width)


def summits(share: float, width: float = 0.35) -> tuple[float, float, float, float]:
    """Place and height of the maxima of g/omega^2 and of C/T^3, in units of omega_D and theta_D."""
    # above 0.01, where the grid resolves the division by omega squared
    temperature = np.geomspace(0.01, 0.1, 600)
    g = glassy_density(share, width)
    reduced = g[40:] / GRID[40:] ** 2
    heat = specific_heat(temperature, GRID, g) / temperature**3
    return (
        float(GRID[40 + np.argmax(reduced)]),
        float(reduced.max()),
        float(temperature[np.argmax(heat)]),
        float(heat.max()),
    )


def draw_excess(axes, percent: float) -> None:
    """g/omega^2 on axes[0] and C/T^3 on axes[1] with `percent` of the modes in the band."""
    share, temperature = percent / 100, np.geomspace(0.004, 0.2, 120)
    g = glassy_density(share)
    axes[0].plot(GRID[1:], g[1:] / GRID[1:] ** 2)
    axes[0].axhline(3 * (1 - share), color="black", linestyle="--")
    axes[0].set(xlabel=r"$\omega/\omega_\mathrm{D}$", ylabel=r"$g/\omega^2$  ($\omega_\mathrm{D}^{-3}$)")
    axes[0].set(xlim=(0, 1.05), ylim=(0, 20))
    axes[1].semilogx(temperature, specific_heat(temperature, GRID, g) / temperature**3)
    axes[1].axhline(DEBYE_HEAT * (1 - share), color="black", linestyle="--")
    axes[1].set(xlabel=r"$T/\theta_\mathrm{D}$", ylabel=r"$C/T^3$  ($k_\mathrm{B}\,\theta_\mathrm{D}^{-3}$ a mode)")
    axes[1].set(ylim=(0, 320))


def describe_excess(percent: float) -> str:
    """Alternative text of a `draw_excess` frame."""
    if percent == 0:
        return "No excess: g over omega squared and, at low temperature, C over T cubed are flat at their Debye levels."
    peak, height, hump, heat = summits(percent / 100)
    waves = 1 - percent / 100
    return (
        f"{percent} per cent of the modes in the band: g over omega squared peaks at {peak:.2f} Debye frequencies, "
        f"{height / (3 * waves):.1f} times the Debye level; C over T cubed has a hump at {hump:.3f} Debye "
        f"temperatures, {heat / (DEBYE_HEAT * waves):.1f} times its level."
    )


def _binned_waves(length: float):
    """First wave of a square box and g/omega of its waves in bins of 0.05, with the bins' edges and centres."""
    edges = np.linspace(0, 1, 21)
    centres = (edges[1:] + edges[:-1]) / 2
    frequency, count = plane_waves(length, 1.0, dimension=2)
    modes = np.histogram(frequency, edges, weights=count)[0]
    return frequency[0], modes / (length**2 * np.diff(edges) * centres), edges, centres


def draw_waves(axes, length: float) -> None:
    """Plane waves of a square box of side `length`, binned, beside the Debye level."""
    first, height, edges, centres = _binned_waves(length)
    axes.bar(centres, height, width=np.diff(edges), color="#56B4E9", edgecolor="white", label="plane waves, binned")
    axes.axhline(1 / (2 * np.pi), color="black", linestyle="--", label="Debye level")
    axes.axvline(first, color="#D55E00", linestyle=":", label="first wave")
    axes.set(xlabel=r"$\omega$  (sound speed / spacing)", ylabel=r"$g/\omega$", xlim=(0, 1), ylim=(0, 0.8))
    axes.legend(loc="upper right")


def describe_waves(length: float) -> str:
    """Alternative text of a `draw_waves` frame."""
    first, height, edges, _ = _binned_waves(length)
    beyond = height[edges[1:] > first]
    return (
        f"Box of {length} by {length}: first wave at omega = {first:.3f}, bins beyond it between "
        f"{beyond.min():.2f} and {beyond.max():.2f} where Debye's level is {1 / (2 * np.pi):.2f}."
    )


def excess_band(omega, centre: float, width: float) -> np.ndarray:
    """A log-normal band of extra modes, normalised to 1: a stand-in for a boson peak, not a theory of it.

    `centre` is its median in the unit of omega, `width` the standard deviation of ln(omega). 0 at omega <= 0.
    Raises ValueError unless both are positive.
    """
    if centre <= 0 or width <= 0:
        raise ValueError(f"centre and width must be positive, got {centre} and {width}")
    omega = np.asarray(omega, dtype=float)
    inside = omega > 0
    safe = np.where(inside, omega, 1.0)
    band = np.exp(-0.5 * (np.log(safe / centre) / width) ** 2) / (safe * width * np.sqrt(2 * np.pi))
    return np.where(inside, band, 0.0)
