"""Hops over a barrier in one dimension: levels, classical and quantum rates. eV, ps, u, Å, K; paths are mass-weighted, √u Å.

A rate of a quantum particle is k = κ(T) (kT/h) exp(-V*/kT) / Z. Here Z is the partition function of the well, and κ the
transmission of the barrier averaged over energies. Through the barrier it is semiclassical: P(E) = 1/(1 + exp(2 θ/ħ)), with
θ = ∫ √(2(V - E)) ds along the path [Kemble, Phys. Rev. 48, 549 (1935)]. Above it P(V* + e) = 1 - P(V* - e) [Truhlar and
Kuppermann, J. Am. Chem. Soc. 93, 1840 (1971)]. This is exact for a parabolic barrier.
It leaves out that tunnelling paths cut corners, so it bounds from below what
a ring-polymer instanton in all dimensions would give.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from ase import units
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicHermiteSpline

from qcrystal.units import AMU_A2_PS2, THZ

HBAR: float = THZ / (2.0 * np.pi)
"""ħ in eV ps."""
ENERGIES = 600
"""Energies at which a transmission is integrated."""
POINTS = 2000
"""Points of a path between which θ is integrated."""


class DoubleWell(NamedTuple):
    """V = barrier (1 - x²/a²)² with a fixed by the mass and the quantum of a well, ħω0 with ω0² = 8 V_b/(m a²).

    Attributes
    ----------
    barrier, quantum
        V_b and ħω0, eV.
    mass
        u.
    """

    barrier: float
    quantum: float
    mass: float

    @property
    def half_width(self) -> float:
        """a, Å."""
        return float(np.sqrt(8.0 * self.barrier / (self.mass * AMU_A2_PS2)) / (self.quantum / HBAR))

    def energy(self, x: ArrayLike) -> NDArray[np.float64]:
        """V (eV) at x (Å)."""
        return self.barrier * (1.0 - (np.asarray(x, float) / self.half_width) ** 2) ** 2

    def acceleration(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """-V'/m, Å/ps²."""
        a = self.half_width
        return 4.0 * self.barrier * x * (1.0 - (x / a) ** 2) / a**2 / (self.mass * AMU_A2_PS2)

    @property
    def path(self) -> Path:
        """From one minimum to the other."""
        x = np.linspace(-self.half_width, self.half_width, 201)
        root = np.sqrt(self.mass)
        slope = -self.acceleration(x) * self.mass * AMU_A2_PS2
        return Path(
            root * (x + self.half_width), self.energy(x), slope / root, self.quantum / np.sqrt(2.0), self.quantum
        )

    def levels(self, points: int = 801, reach: float = 2.5) -> NDArray[np.float64]:
        """Energies (eV), ascending, in a basis of ``points`` sinc functions to ``reach`` a.

        [Colbert and Miller, J. Chem. Phys. 96, 1982 (1992), eq. A7].
        """
        x = np.linspace(-reach * self.half_width, reach * self.half_width, points)
        step = np.subtract.outer(np.arange(points), np.arange(points))
        safe = np.where(step == 0, 1, step)
        kinetic = np.where(step == 0, np.pi**2 / 3, 2.0 * (-1.0) ** step / safe**2)
        kinetic *= HBAR**2 / (2.0 * self.mass * AMU_A2_PS2 * (x[1] - x[0]) ** 2)
        return np.linalg.eigvalsh(kinetic + np.diag(self.energy(x)))


class Path(NamedTuple):
    """A path from one minimum over a barrier to the next.

    Attributes
    ----------
    place, energy, slope
        Mass-weighted arc length s (√u Å), V (eV) and dV/ds (eV/(√u Å)) of points, arrays of one length.
    barrier_quantum, well_quantum
        ħω_b of the motion down from the top, and ħω0 of that along the path in the first minimum, eV.
    """

    place: NDArray[np.float64]
    energy: NDArray[np.float64]
    slope: NDArray[np.float64]
    barrier_quantum: float
    well_quantum: float

    @property
    def top(self) -> float:
        """Barrier above the first minimum, eV."""
        return float(self.energy.max() - self.energy[0])

    @property
    def curve(self) -> Callable[[ArrayLike], NDArray[np.float64]]:
        """V - V(0) (eV) at any s, by cubic Hermite polynomials."""
        return CubicHermiteSpline(self.place, self.energy - self.energy[0], self.slope)

    @property
    def crossover(self) -> float:
        """Temperature T_c = ħω_b/(2π k_B) below which tunnelling carries the hops, K."""
        return crossover(self.barrier_quantum)


def crossover(barrier_quantum: float) -> float:
    """T_c = ħω_b/(2π k_B) (K) of a barrier with ħω_b (eV) [Gillan, J. Phys. C 20, 3621 (1987)]."""
    return float(barrier_quantum / (2.0 * np.pi * units.kB))


def penetration(path: Path, energies: NDArray[np.float64]) -> NDArray[np.float64]:
    """2θ/ħ at energies (eV above the first minimum) below the top."""
    s = np.linspace(path.place[0], path.place[-1], POINTS)
    above = np.clip(path.curve(s)[None, :] - energies[:, None], 0.0, None)
    # √(2 (V - E)) ds with V in eV and s in √u Å is an action in eV ps times the root of u Å²/ps²
    action = np.trapezoid(np.sqrt(2.0 * above * AMU_A2_PS2), s, axis=1)
    return 2.0 * action / HBAR


def transmission(path: Path, temperature: float) -> float:
    """κ(T): the transmission averaged over energies, over that of a classical particle, from the well's lowest level upwards."""
    beta = 1.0 / (units.kB * temperature)
    top = path.top
    lowest = min(max(0.0, float(path.energy[-1] - path.energy[0])) + 0.5 * path.well_quantum, top)
    below = np.linspace(lowest, top, ENERGIES)
    through = 1.0 / (1.0 + np.exp(np.clip(penetration(path, below), 0.0, 700.0)))
    over = 1.0 - through[::-1]
    depth = below - top
    weighted = np.trapezoid(beta * through * np.exp(-beta * depth), below)
    weighted += np.trapezoid(beta * over * np.exp(beta * depth[::-1]), -depth[::-1])
    return float(weighted + np.exp(-beta * (top - lowest)))


def double_well_rate(well: DoubleWell, temperature: float) -> float:
    """Quantum hop rate (1/ps) out of one well: κ (kT/h) exp(-V_b/kT) / Z with Z half of the exact partition function."""
    thermal = units.kB * temperature
    partition = 0.5 * np.exp(-well.levels() / thermal).sum()
    attempt = thermal / (2.0 * np.pi * HBAR) * np.exp(-well.barrier / thermal)
    return float(transmission(well.path, temperature) * attempt / partition)


def classical_rate(well: DoubleWell, temperature: float) -> float:
    """Classical transition-state theory (1/ps): √(kT/2πm) exp(-V_b/kT) / ∫ exp(-V/kT) dx over one well."""
    thermal = units.kB * temperature
    x = np.linspace(-4.0 * well.half_width, 0.0, 20001)
    weight = np.trapezoid(np.exp(-well.energy(x) / thermal), x)
    return float(np.sqrt(thermal / (2.0 * np.pi * well.mass * AMU_A2_PS2)) * np.exp(-well.barrier / thermal) / weight)
