"""Free energy of a crystal by thermodynamic integration from oscillators, with classical atoms or with path integrals.

F = F_0 + ∫ <V - V_0>_λ dλ along V_λ = V_0 + λ (V - V_0), λ from 0 to 1 [Kirkwood, J. Chem. Phys. 3, 300 (1935); Frenkel and
Ladd, J. Chem. Phys. 81, 3188 (1984)]. V_0 are springs along the phonon coordinates, so F_0 is known. At λ = 0 the first two
terms are the Gibbs-Bogoliubov bound; F is concave in λ and ends below it. No ansatz limits the result.

A path has P points. The oscillators' part of its action is exact in continuous imaginary time; V - V_0 acts at the points alone.
So few points are enough where V is nearly harmonic; F is low by a term of order 1/P². Paths are sampled by hybrid Monte Carlo,
whose moves leave the oscillators' paths as they are [Beskos et al., Stoch. Proc. Appl. 121, 2201 (2011)].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.polynomial import legendre

from qcrystal.analysis.statistics import student
from qcrystal.variational.basis import Basis, harmonic_free_energy
from qcrystal.variational.energies import Energies, Potential
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.estimates import Estimate

LEAPS = 3
"""Leapfrog steps of a move."""
WISHED = 0.75
"""Share of accepted moves to which their length is adapted before anything is measured."""
SETTLING = 0.5
"""Moves before measuring at each λ, over the measured ones."""
FEWEST_POINTS = 4
"""Of a path."""


class Oscillators(NamedTuple):
    """The reference H_0 = Σ_k (ħω_k/2)(-∂_k²) + (ħν_k)²/(2ħω_k) (x_k - c_k)²: ``centres`` c (D,) and ``quanta`` ħν (D,)."""

    centres: np.ndarray
    quanta: np.ndarray


class Effort(NamedTuple):
    """``points`` of λ, independent ``chains``, measured ``moves`` of each at each λ, and ``seed``."""

    points: int
    chains: int
    moves: int
    seed: int


class Integrated(NamedTuple):
    """Averages per cell; of all but F those at λ = 1, where V is the crystal's own. A value per chain: (B,).

    Attributes
    ----------
    momenta : (B, N, d, d) array
        <p_a p_b>/m of each atom.
    virials : (B, d, d) array
    frames : (n, N, d) array
        Positions at λ = 1.
    slopes : (points,) array
        Mean <V - V_0>.
    accepted : float
        Share of moves.
    """

    free_energy: np.ndarray
    potential: np.ndarray
    momenta: np.ndarray
    virials: np.ndarray
    frames: np.ndarray
    slopes: np.ndarray
    accepted: float


def mean(chains: np.ndarray) -> Estimate:
    """Mean over independent chains and its error, with Student's t: chains are few."""
    standard = float(np.std(chains, ddof=1) / np.sqrt(len(chains)))
    return Estimate(float(np.mean(chains)), standard * student(len(chains) - 1))


def points_of_a_path(energies: np.ndarray, temperature: float, ratio: float) -> int:
    """Points for ``ratio`` times the highest ħω/kT."""
    return max(FEWEST_POINTS, int(np.ceil(ratio * float(np.max(energies)) / temperature)))


def lobatto(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of [0, 1] with both ends, and weights: exact for polynomials of degree 2 ``points`` - 3 [Abramowitz 25.4.32]."""
    last = legendre.Legendre.basis(points - 1)
    places = np.concatenate([[-1.0], np.sort(last.deriv().roots().real), [1.0]])
    weights = 2.0 / (points * (points - 1) * last(places) ** 2)
    return 0.5 * (places + 1.0), 0.5 * weights


def path_map(basis: Basis, reference: Oscillators, temperature: float, beads: int | None) -> np.ndarray:
    """(D, P, S) matrix L: x_t = c + L z are paths of the oscillators where z (S,) are standard normal numbers.

    The first column is the centroid of the continuous path, of variance kT ω/ν². Classical atoms, ``beads`` None, have it alone.
    The others are Fourier modes of the P points. Their variance is (ω/2ν) sinh ε / (cosh ε - cos 2πj/P) with ε = ħν/PkT.
    The mode j = 0 is what the mean of P points has beyond the centroid.
    """
    stiffness = reference.quanta**2 / basis.energies
    centroid = np.sqrt(temperature / stiffness)[:, None, None]
    if beads is None:
        return centroid
    step = (reference.quanta / (beads * temperature))[:, None]
    order = np.arange(beads)
    with np.errstate(over="ignore"):
        above = 1.0 - np.cos(2 * np.pi * order / beads) + 2.0 * np.sinh(0.5 * step) ** 2
        spread = (0.5 * basis.energies / reference.quanta)[:, None] * np.sinh(step) / above
    spread[:, 0] -= beads * centroid[:, 0, 0] ** 2
    angle = 2 * np.pi * np.outer(order, order) / beads
    fourier = np.where(order <= beads / 2, np.cos(angle), np.sin(angle))
    fourier /= np.linalg.norm(fourier, axis=0)
    modes = fourier * np.sqrt(np.maximum(spread, 0.0))[:, None, :]
    return np.concatenate([np.broadcast_to(centroid, (len(stiffness), beads, 1)), modes], axis=2)


class Paths:
    """Chains of paths at one temperature; ``beads`` None: classical atoms."""

    def __init__(
        self, basis: Basis, potential: Potential, reference: Oscillators, temperature: float, beads: int | None
    ):
        self.basis, self.potential, self.reference, self.temperature = basis, potential, reference, temperature
        self.map = path_map(basis, reference, temperature, beads)
        self.stiffness = reference.quanta**2 / basis.energies
        self.at_rest = float(potential(basis.rest[None], basis.cell).energies[0])

    def coordinates(self, normal: np.ndarray) -> np.ndarray:
        """Paths (B, P, D) of normal numbers (B, D, S)."""
        return self.reference.centres + np.einsum("kps,bks->bpk", self.map, normal)

    def evaluate(self, normal: np.ndarray) -> Point:
        """Energies and slopes of paths."""
        x = self.coordinates(normal)
        chains, beads, size = x.shape
        positions = self.basis.positions(x.reshape(-1, size))
        found = self.potential(positions, self.basis.cell)
        found = found._replace(energies=found.energies - self.at_rest)
        away = x - self.reference.centres
        springs = 0.5 * np.sum(self.stiffness * away**2, axis=-1)
        difference = (found.energies.reshape(chains, beads) - springs).mean(axis=1)
        pull = -found.forces.reshape(chains, beads, -1) @ self.basis.displacements - self.stiffness * away
        slope = np.einsum("kps,bpk->bks", self.map, pull) / (beads * self.temperature)
        return Point(normal, x, difference, slope, positions, found)

    def move(self, here: Point, coupling: float, length: float, rng: np.random.Generator) -> tuple[Point, np.ndarray]:
        """One move of every chain at λ ``coupling``, and which were accepted (B,).

        Normal numbers and momenta turn into each other by an angle ``length`` / `LEAPS`, between kicks by V - V_0.
        """
        momenta = rng.normal(size=here.normal.shape)
        angle = length / LEAPS
        before = self._energy(here, momenta, coupling)
        point = here
        for _ in range(LEAPS):
            momenta = momenta - 0.5 * angle * coupling * point.slope
            normal = np.cos(angle) * point.normal + np.sin(angle) * momenta
            momenta = np.cos(angle) * momenta - np.sin(angle) * point.normal
            point = self.evaluate(normal)
            momenta = momenta - 0.5 * angle * coupling * point.slope
        rise = self._energy(point, momenta, coupling) - before
        with np.errstate(over="ignore"):
            accepted = np.isfinite(rise) & (rng.random(len(rise)) < np.exp(-np.maximum(rise, 0.0)))
        return _chosen(point, here, accepted), accepted

    def _energy(self, point: Point, momenta: np.ndarray, coupling: float) -> np.ndarray:
        square = 0.5 * np.sum(point.normal**2 + momenta**2, axis=(1, 2))
        return square + coupling * point.difference / self.temperature

    def momenta(self, point: Point) -> np.ndarray:
        """(B, N, d, d): <p_a p_b>/m of each atom by the virial of the fluctuations about the centroid.

        It is kT of the vibrations and <(r - r̄)_a ∂V/∂r_b>, symmetrised [Herman et al., J. Chem. Phys. 76, 5150 (1982)].
        """
        atoms, dimensions = self.basis.rest.shape
        vectors = self.basis.vectors.reshape(atoms, dimensions, -1)
        thermal = self.temperature * np.einsum("iak,ibk->iab", vectors, vectors)
        chains, beads, _ = point.coordinates.shape
        centroid = self.map[:, :, 0].T * point.normal[:, None, :, 0]
        away = (point.coordinates - self.reference.centres - centroid) @ self.basis.displacements.T
        forces = point.energies.forces.reshape(chains, beads, atoms, dimensions)
        products = -np.einsum("bpia,bpic->biac", away.reshape(forces.shape), forces) / beads
        return thermal + 0.5 * (products + np.swapaxes(products, -1, -2))


class Point(NamedTuple):
    """State of the chains: normal numbers (B, D, S), paths (B, P, D), V - V_0 averaged along them (B,), its slope over kT."""

    normal: np.ndarray
    coordinates: np.ndarray
    difference: np.ndarray
    slope: np.ndarray
    positions: np.ndarray
    energies: Energies


def _chosen(new: Point, old: Point, accepted: np.ndarray) -> Point:
    """The new point of the chains that accepted, the old one of the others."""
    chains, size = len(accepted), len(new.positions)
    each = np.repeat(accepted, size // chains)

    def pick(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        chosen = accepted if len(one) == chains else each
        return np.where(chosen.reshape(-1, *[1] * (one.ndim - 1)), one, other)

    return Point(
        pick(new.normal, old.normal),
        pick(new.coordinates, old.coordinates),
        pick(new.difference, old.difference),
        pick(new.slope, old.slope),
        pick(new.positions, old.positions),
        Energies(*map(pick, new.energies, old.energies)),
    )


def integrate(
    basis: Basis,
    potential: Potential,
    reference: Oscillators,
    temperature: float,
    beads: int | None,
    effort: Effort,
    progress: Callable[[float], None] = lambda coupling: None,
) -> Integrated:
    """Free energy of a crystal less its energy at rest, and averages of the crystal itself.

    Parameters
    ----------
    temperature
        kT in the unit of ħω.
    beads
        Points of a path; None: classical atoms, whose F has the phase space's quantum of Planck's constant.
    progress
        Called with each λ when it is done.

    Raises
    ------
    VariationalError
        If there are fewer than two chains or three points, or moves are not accepted.
    """
    if effort.chains < 2 or effort.points < 3 or effort.moves < 2:
        raise VariationalError("nct.integration: take at least 2 chains, 3 points and 2 moves")
    rng = np.random.default_rng(effort.seed)
    paths = Paths(basis, potential, reference, temperature, beads)
    couplings, weights = lobatto(effort.points)
    start = rng.normal(size=(effort.chains, len(basis.energies), paths.map.shape[2]))
    here, length, slopes, shares = paths.evaluate(start), 0.5 * np.pi, [], []
    last: list[Point] = []
    for coupling in couplings:
        here, length = _settled(paths, here, coupling, length, max(2, int(SETTLING * effort.moves)), rng)
        found, moved = [], []
        for _ in range(effort.moves):
            here, accepted = paths.move(here, coupling, length, rng)
            found.append(here.difference)
            moved.append(accepted)
            if coupling == couplings[-1]:
                last.append(here)
        slopes.append(np.mean(found, axis=0))
        shares.append(np.mean(moved))
        progress(float(coupling))
    if min(shares) < 0.05:
        raise VariationalError(
            f"thermodynamic integration accepts {100 * min(shares):.0f} % of its moves: V is too far from the oscillators; "
            "train level scha first, or lower the temperature"
        )
    chains = effort.chains
    return Integrated(
        _oscillators(reference, temperature, beads) + weights @ np.array(slopes),
        np.mean([point.energies.energies.reshape(chains, -1).mean(axis=1) for point in last], axis=0),
        np.mean([paths.momenta(point) for point in last], axis=0),
        np.mean([_over_beads(point.energies.virials, chains) for point in last], axis=0),
        np.concatenate([point.positions for point in last]),
        np.mean(slopes, axis=1),
        float(np.mean(shares)),
    )


def _oscillators(reference: Oscillators, temperature: float, beads: int | None) -> float:
    """F_0, of quantum oscillators or of classical ones."""
    if beads is None:
        return float(temperature * np.sum(np.log(reference.quanta / temperature)))
    return harmonic_free_energy(reference.quanta, temperature)


def _settled(
    paths: Paths, here: Point, coupling: float, length: float, moves: int, rng: np.random.Generator
) -> tuple[Point, float]:
    """Chains after ``moves`` moves that are not measured, and the length of a move that they arrive at."""
    for _ in range(moves):
        here, accepted = paths.move(here, coupling, length, rng)
        length = float(np.clip(length * np.exp(0.6 * (accepted.mean() - WISHED)), 0.02, 0.5 * np.pi))
    return here, length


def _over_beads(values: np.ndarray, chains: int) -> np.ndarray:
    return values.reshape(chains, -1, *values.shape[1:]).mean(axis=1)
