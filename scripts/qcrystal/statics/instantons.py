"""Tunnelling through a barrier in all dimensions: ring-polymer instantons and their rates. eV, ps, Å, u, K.

Below the crossover temperature the ring polymer of a particle that tunnels has two kinds of saddle points. One is that of the
barrier. The other one is the instanton, a periodic orbit in imaginary time. It goes from one side of the barrier to the other and
back the same way. It need not follow the path of least energy: it cuts corners where that is curved. Its rate is

    k Q_r = ω_N √(B_N/(2π β_N ħ²)) Π'(ω_N/|η_k|) exp(-β_N U_N),    β_N = β/N, ω_N = 1/(β_N ħ).

U_N is the energy of N beads and their springs, and B_N = Σ|y_{i+1} - y_i|². The frequencies η_k are those of the ring polymer at
the saddle point. The one of its cyclic motion, which costs nothing, is left out. Q_r is the partition function of N harmonic
beads in the reactant [Richardson and Althorpe, J. Chem. Phys. 131, 214106 (2009)]. A review is J. O. Richardson, Int. Rev. Phys.
Chem. 37, 171 (2018).

This is the steepest descent of a thermal mean over all energies. A start that is bound has no level below its lowest one. So the
rate is too large where the orbit's energy is below that level.

Coordinates are y = √m x (√eV ps), so that second derivatives are squares of frequencies (1/ps²). The orbit goes back the way
it came, so half of its beads tell it. Fluctuations are even or odd under this reflection. Each kind is a chain of beads. So
determinants and Newton's steps cost a few factorisations per bead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
from ase import units
from scipy.linalg import lu_factor, lu_solve

from qcrystal.statics.errors import StaticsError
from qcrystal.statics.tunnelling import HBAR, crossover
from qcrystal.units import AMU_A2_PS2

ITERATIONS = 60
"""Most steps of Newton's method for one instanton."""
STILL = 1e-4
"""Newton's step, as a share of the orbit's length, with which an instanton is found. Its error is the square of it, and forces in
single precision allow no less."""
AT_REST = 1e-3
"""Newton's step, in units of the width √(ħ/ω) of the stiffest mode, with which a point at rest is found."""
REFRESHED = 8
"""Steps after which second derivatives are computed anew."""
REACH = 0.2
"""Longest step of Newton's method, as a share of the orbit's length."""
SHIFTS = np.geomspace(1e-3, 0.9, 16)
"""Shifts of the second derivatives that are tried, in units of the largest unstable curvature on the path."""
COOLING = 0.85
"""Ratio of temperatures by which instantons are followed down from the crossover."""
FIRST = 0.9
"""Share of the crossover temperature at which the first instanton is sought."""
AMPLITUDES = np.geomspace(0.02, 2.0, 60)
"""Sizes that the first orbit is tried with, in units of ħ over the root of ħω_b."""
SHIFT = 1e-4
"""Of the odd fluctuations' matrix, in units of (2π/βħ)²: large against rounding, small against all but the cyclic motion."""
COARSE = 0.01
"""Largest eigenvalue of the cyclic motion in the same units. It has none in the limit of many beads."""
DISPLACEMENT = 0.01
"""Å, of the differences that give second derivatives."""


class Surface(Protocol):
    """A potential of D mass-weighted coordinates y (√eV ps), for F points at once."""

    def slopes(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """V (F,) in eV and its gradients (F, D) at y (F, D)."""
        ...

    def curvatures(self, y: np.ndarray) -> np.ndarray:
        """Second derivatives (F, D, D) in 1/ps² at y (F, D)."""
        ...


class InternalCoordinates:
    """A crystal's potential as a `Surface`, without the translations: D = 3N - 3.

    Parameters
    ----------
    forces
        Function of positions (F, N, 3) in Å: energies (F,) in eV and forces (F, N, 3) in eV/Å.
    origin
        (N, 3) in Å, where y = 0.
    masses
        (N,) in u.
    """

    def __init__(
        self,
        forces: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
        origin: np.ndarray,
        masses: np.ndarray,
    ):
        self._forces, self._origin = forces, np.asarray(origin, float)
        root = np.repeat(np.sqrt(np.asarray(masses, float) * AMU_A2_PS2), 3)
        rigid = np.kron(np.sqrt(np.asarray(masses, float))[:, None], np.eye(3))
        whole, _ = np.linalg.qr(np.hstack([rigid, np.eye(len(root))]))
        self._ways = whole[:, 3:].T / root  # (D, 3N): displacement of each coordinate, Å per √eV ps

    @property
    def size(self) -> int:
        """D."""
        return len(self._ways)

    def positions(self, y: np.ndarray) -> np.ndarray:
        """(F, N, 3) in Å of y (F, D)."""
        return self._origin + (y @ self._ways).reshape(len(y), -1, 3)

    def slopes(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Surface`."""
        energies, forces = self._forces(self.positions(y))
        return energies, -forces.reshape(len(y), -1) @ self._ways.T

    def curvatures(self, y: np.ndarray) -> np.ndarray:
        """See `Surface`; central differences of forces along each coordinate of each atom."""
        found = []
        for place in self.positions(y):
            moved = np.repeat(place[None], 2 * place.size, axis=0).reshape(2, place.size, -1)
            moved[0].flat[:: place.size + 1] += DISPLACEMENT
            moved[1].flat[:: place.size + 1] -= DISPLACEMENT
            _, forces = self._forces(moved.reshape(-1, *place.shape))
            up, down = forces.reshape(2, place.size, -1)
            constants = (down - up) / (2.0 * DISPLACEMENT)
            found.append(self._ways @ (0.5 * (constants + constants.T)) @ self._ways.T)
        return np.array(found)


class Instanton(NamedTuple):
    """A periodic orbit in imaginary time.

    Attributes
    ----------
    path
        (N/2, D): half of its beads, from one turning point to the other.
    temperature
        K.
    action
        S/ħ = β_N U_N, with energies above the potential's zero.
    energy
        Of the orbit, dS/dβ/ħ: the potential's at its turning points, eV.
    log_flux
        ln(k Q_r) with k in 1/ps; NaN where the beads are too few for the orbit to be cyclic.
    """

    path: np.ndarray
    temperature: float
    action: float
    energy: float
    log_flux: float

    @property
    def beads(self) -> int:
        """N of the whole ring."""
        return 2 * len(self.path)


class _Chain:
    """Half of a ring of beads: its potential energy, and the second derivatives of what is even or odd under reflection."""

    def __init__(self, surface: Surface, temperature: float, beads: int):
        self.surface, self.half = surface, beads // 2
        self.beta = 1.0 / (units.kB * temperature)
        self.spring = (beads / (self.beta * HBAR)) ** 2  # ω_N², 1/ps²

    def slopes(self, path: np.ndarray) -> tuple[float, np.ndarray]:
        """U of the half ring (eV) and its gradient."""
        energies, gradient = self.surface.slopes(path)
        link = np.diff(path, axis=0)
        gradient = gradient.copy()
        gradient[1:] += self.spring * link
        gradient[:-1] -= self.spring * link
        return float(energies.sum() + 0.5 * self.spring * (link**2).sum()), gradient

    def factors(self, curvatures: np.ndarray, ends: float, shift: float = 0.0) -> _Factors:
        """Of the second derivatives plus ``shift``; ``ends``: 1 for what is even under reflection, 3 for what is odd."""
        one = np.eye(curvatures.shape[1])
        weights = np.full(self.half, 2.0)
        weights[0] += ends - 2.0
        weights[-1] += ends - 2.0
        return _Factors(curvatures + (self.spring * weights[:, None, None] + shift) * one, self.spring)


class _Factors:
    """A symmetric matrix of blocks on the diagonal and the same multiple of the unit matrix beside them: -``beside``."""

    def __init__(self, blocks: np.ndarray, beside: float):
        self.blocks, self.beside = blocks, beside
        self._factors, self.log_determinant, self.negative = [], 0.0, 0
        passed = np.zeros_like(blocks[0])
        for block in blocks:
            pivot = block - passed
            pivot = 0.5 * (pivot + pivot.T)
            values = np.linalg.eigvalsh(pivot)
            self.log_determinant += float(np.log(np.abs(values)).sum())
            self.negative += int((values < 0).sum())
            self._factors.append(lu_factor(pivot))
            passed = beside**2 * lu_solve(self._factors[-1], np.eye(len(block)))

    def solve(self, right: np.ndarray) -> np.ndarray:
        """x (beads, D) with M x = ``right``."""
        found = np.array(right)
        for bead in range(1, len(found)):
            found[bead] += self.beside * lu_solve(self._factors[bead - 1], found[bead - 1])
        for bead in reversed(range(len(found))):
            after = self.beside * found[bead + 1] if bead + 1 < len(found) else 0.0
            own = found[bead] if bead + 1 == len(found) else found[bead] + after
            found[bead] = lu_solve(self._factors[bead], own)
        return found

    def times(self, x: np.ndarray) -> np.ndarray:
        """M x."""
        found = np.einsum("bij,bj->bi", self.blocks, x)
        found[1:] -= self.beside * x[:-1]
        found[:-1] -= self.beside * x[1:]
        return found

    def value_near(self, start: np.ndarray) -> float:
        """The eigenvalue nearest to 0, by inverse iteration."""
        x = start / np.linalg.norm(start)
        for _ in range(6):
            x = self.solve(x)
            x /= np.linalg.norm(x)
        return float((x * self.times(x)).sum())


def at_rest(surface: Surface, start: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stationary point (D,) near a start, by Newton's method.

    Its squared frequencies (D,) in 1/ps², ascending, and modes (D, D) come with it.

    Raises
    ------
    StaticsError
        Nothing is found.
    """
    y = np.array(start, float)[None]
    for _ in range(ITERATIONS):
        curvature = surface.curvatures(y)[0]
        step = -np.linalg.solve(curvature, surface.slopes(y)[1][0])
        y = y + step
        width = np.sqrt(HBAR / np.sqrt(np.abs(np.linalg.eigvalsh(curvature)).max()))
        if np.linalg.norm(step) < AT_REST * width:
            return y[0], *np.linalg.eigh(surface.curvatures(y)[0])
    raise StaticsError(f"no point at rest within {ITERATIONS} steps of Newton's method; start nearer to it")


def relax_saddle(surface: Surface, start: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Saddle point (D,) near a start, its unstable direction (D,) and ħω_b (eV).

    Raises
    ------
    StaticsError
        Nothing is found, or the point has not exactly one unstable direction.
    """
    y, squares, modes = at_rest(surface, start)
    if (squares < 0).sum() != 1:
        raise StaticsError(
            f"the saddle point has {(squares < 0).sum()} unstable directions; instantons need exactly one"
        )
    return y, modes[:, 0], HBAR * float(np.sqrt(-squares[0]))


def find_instantons(
    surface: Surface, saddle: np.ndarray, direction: np.ndarray, quantum: float, temperatures: list[float], beads: int
) -> Iterator[Instanton]:
    """Instantons at temperatures below the crossover, one by one, followed down from it; the others have none and are left out.

    Parameters
    ----------
    saddle, direction, quantum
        As from `relax_saddle`.
    temperatures
        K, in any order.
    beads
        N, an even number.

    Raises
    ------
    StaticsError
        The number of beads is odd, or an orbit is lost on the way down.
    """
    if beads % 2 or beads < 4:
        raise StaticsError(f"instantons: {beads} beads; take an even number, at least 4")
    highest = crossover(quantum)
    wanted = sorted((t for t in temperatures if t < highest), reverse=True)
    orbit: tuple[np.ndarray, np.ndarray] | None = None
    at = FIRST * highest
    for temperature in wanted:
        while orbit is None or at != temperature:
            at = max(at if orbit is None else at * COOLING, temperature) if temperature < at else temperature
            chain = _Chain(surface, at, beads)
            start = (_first_orbit(chain, saddle, direction, quantum), None) if orbit is None else orbit
            orbit = _stationary(chain, start[0], at, start[1])
        orbit = orbit[0], surface.curvatures(orbit[0])
        yield _judged(_Chain(surface, temperature, beads), *orbit, temperature)


def _first_orbit(chain: _Chain, saddle: np.ndarray, direction: np.ndarray, quantum: float) -> np.ndarray:
    """A cosine along the unstable direction, of the size of least energy."""
    wave = np.cos(np.pi * (np.arange(chain.half) + 0.5) / chain.half)[:, None] * direction
    size = HBAR / np.sqrt(quantum)
    tried = [chain.slopes(saddle + size * a * wave)[0] for a in AMPLITUDES]
    return saddle + size * AMPLITUDES[int(np.argmin(tried))] * wave


def _stationary(
    chain: _Chain, path: np.ndarray, temperature: float, curvatures: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The orbit near a path, and the second derivatives on it: uphill along one fluctuation, downhill along all others.

    Newton's method, with the least shift that leaves one fluctuation unstable. Second derivatives are updated from gradients
    [Powell's symmetric form of Broyden's update], and computed anew every `REFRESHED` steps. ``curvatures`` are those on
    ``path``, if they are known.
    """
    path, age = np.array(path), 0
    slopes = chain.surface.slopes(path)[1]
    for _ in range(ITERATIONS):
        if curvatures is None or age >= REFRESHED:
            curvatures, age = chain.surface.curvatures(path), 0
        step = _step(chain, curvatures, chain.slopes(path)[1])
        length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
        longest = float(np.linalg.norm(step, axis=1).max())
        if longest < STILL * length:
            return path + step, curvatures
        step *= min(1.0, REACH * length / longest)
        path = path + step
        before, slopes, age = slopes, chain.surface.slopes(path)[1], age + 1
        curvatures = _updated(curvatures, step, slopes - before)
    raise StaticsError(f"instanton at {temperature:g} K: not found in {ITERATIONS} steps; take more beads")


def _step(chain: _Chain, curvatures: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    factors = [chain.factors(curvatures, 1.0)]
    if factors[0].negative > 1:
        scale = float(abs(min(np.linalg.eigvalsh(one)[0] for one in curvatures)))
        for shift in SHIFTS:
            factors.append(chain.factors(curvatures, 1.0, shift * scale))
            if factors[-1].negative == 1:
                break
    chosen = factors[-1] if factors[-1].negative == 1 else factors[0]
    return -chosen.solve(gradient)


def _updated(curvatures: np.ndarray, steps: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """Second derivatives (F, D, D) that explain how gradients changed by ``changes`` (F, D) over ``steps`` (F, D)."""
    found = curvatures.copy()
    for one, step, change in zip(found, steps, changes, strict=True):
        square = float(step @ step)
        if square > 0.0:
            rest = change - one @ step
            one += (np.outer(rest, step) + np.outer(step, rest)) / square
            one -= float(rest @ step) / square**2 * np.outer(step, step)
    return found


def _judged(chain: _Chain, path: np.ndarray, curvatures: np.ndarray, temperature: float) -> Instanton:
    """Action and flux of an orbit, which must have one unstable even fluctuation and one odd one that costs nothing."""
    even = chain.factors(curvatures, 1.0)
    mirrored = np.vstack([path[:1], path, path[-1:]])
    odd_logs = []
    unit = (2.0 * np.pi / (chain.beta * HBAR)) ** 2
    for sign in (1.0, -1.0):  # a shift of either sign, as the matrix itself is singular; their mean has no first order
        odd = chain.factors(curvatures, 3.0, sign * SHIFT * unit)
        cyclic = odd.value_near(mirrored[2:] - mirrored[:-2])
        coarse = abs(cyclic / unit - sign * SHIFT) > COARSE
        odd_logs.append(odd.log_determinant - np.log(abs(cyclic)))
        unstable = odd.negative - (cyclic < 0)
        if not coarse and (even.negative != 1 or unstable != 0):
            raise StaticsError(
                f"instanton at {temperature:g} K: {even.negative} even and {unstable} odd unstable fluctuations, not 1 and 0; "
                "the orbit was lost, so take more beads"
            )
    number, beads = path.size * 2, 2 * chain.half
    beta_n, omega = chain.beta / beads, np.sqrt(chain.spring)
    action = beta_n * 2.0 * chain.slopes(path)[0]
    moved = 2.0 * float((np.diff(path, axis=0) ** 2).sum())
    springs = chain.spring * moved / beads
    logs = even.log_determinant + float(np.mean(odd_logs))
    log_flux = (
        np.log(omega)
        + 0.5 * np.log(moved / (2.0 * np.pi * beta_n * HBAR**2))
        + (number - 1) * np.log(omega)
        - 0.5 * logs
        - action
    )
    flux = np.nan if coarse else float(log_flux)
    return Instanton(path, temperature, action, action / chain.beta - springs, flux)


def log_partition(frequencies: np.ndarray, temperature: float, beads: int, energy: float = 0.0) -> float:
    """ln Q of harmonic modes with N beads: Σ ln(ω_N/η) - β V. ``frequencies``: ω (D,) in 1/ps, all real; ``energy``: V, eV."""
    beta = 1.0 / (units.kB * temperature)
    omega = beads / (beta * HBAR)
    ring = 4.0 * np.sin(np.pi * np.arange(beads) / beads) ** 2
    return float(-0.5 * np.log((frequencies[:, None] / omega) ** 2 + ring).sum() - beta * energy)
