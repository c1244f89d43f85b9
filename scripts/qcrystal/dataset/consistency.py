"""Do forces and virials belong to the energies? Frames are compared with each other, without any potential.

Between two frames the energy changes by the work of forces and stress. To third order in the distance between the frames,

    E_j - E_i = -½ (F_i + F_j)·u - ½ (W_i + W_j):ε,

with the displacements u of the atoms at fixed cell, the strain ε, and the virial W = -dE/dε. It is exact for harmonic energies.
Both terms get a factor, which is fitted to many pairs of frames. The factors are 1 where the labels agree. A wrong sign gives
-1, and another unit gives its conversion factor, whatever the pressure is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from ase import units

from qcrystal.dataset.labelled_frames import DatasetError, LabelledFrames
from qcrystal.fields import spread

SAMPLE = 150
"""Frames of a system that are compared, in evenly spaced runs of neighbours."""
RUN = 5
"""Frames of such a run: neighbours in a file are often neighbours in time."""
NEIGHBOURS = 4
"""Frames that each frame is compared with: the nearest ones."""
FARTHEST = 0.6
"""Å, root-mean-square displacement of the atoms beyond which two frames are too far apart for the formula."""
EQUAL = 1e-3
"""Å, displacement below which two frames do not differ."""
RANGE = (0.45, 2.2)
"""Factors of right labels: anharmonic energies of hot crystals and liquids give 0.65 and more."""
SIGNIFICANCE = 6.0
"""Standard errors by which a wrong factor differs from 1 at least."""
UNEXPLAINED = 0.8
"""Share of the energy differences that right labels never leave unexplained."""
EXPLAINED, EXPLAINED_BY_FEW, EXPLAINED_BY_FIT = 0.25, 0.15, 0.5
"""Shares that a mistake leaves at most: a known one, a known one told from few frames, and a factor that was fitted."""
CONTRADICTED, EXPLAINED_BESIDE = 1.2, 0.3
"""Labels that leave more than the first share contradict the energies, not only say little. Then a known mistake is told
that leaves half of the energies, if this is less than the second share of what the labels leave."""
ALIKE = 0.05
"""Mistakes whose shares differ by less cannot be told apart, and are all named."""
FEW, ENOUGH = 4, 8
"""Independent energy differences: fewer than `FEW` are few, and a factor is fitted to `ENOUGH` or more."""
FEWEST = 2

KILOCALORIE, KILOJOULE = units.kcal / units.mol, units.kJ / units.mol
ENERGY_MISTAKES = {
    1 / units.Hartree: "energies look like Ha",
    1 / units.Rydberg: "energies look like Ry",
    1 / KILOCALORIE: "energies look like kcal/mol",
    1 / KILOJOULE: "energies look like kJ/mol",
}
FORCE_MISTAKES = {
    -1.0: "the sign of the forces is wrong (force = -dE/dr)",
    units.Hartree / units.Bohr: "forces look like Ha/Bohr",
    units.Rydberg / units.Bohr: "forces look like Ry/Bohr",
    units.Hartree: "forces look like Ha/Å",
    units.Rydberg: "forces look like Ry/Å",
}
VIRIAL_MISTAKES = {
    -1.0: "the sign of the virials is wrong (virial = -volume × stress)",
    units.Hartree: "virials look like Ha",
    units.Rydberg: "virials look like Ry",
    units.GPa: "virials look like GPa Å³",
    0.1 * units.GPa: "virials look like kbar Å³",
}
"""Factors that a mistake gives, and the mistake."""
MISTAKES = (FORCE_MISTAKES | ENERGY_MISTAKES, VIRIAL_MISTAKES | ENERGY_MISTAKES)
SIMILAR = 0.2
"""Relative difference between a fitted factor and that of a known mistake."""


@dataclass(frozen=True)
class Comparison:
    """Pairs of frames of one system.

    Attributes
    ----------
    energy : (P,) array
        Energy differences, eV/atom.
    work : (P, 2) array
        The same by the work of forces and of the stress, eV/atom.
    distance : (P,) array
        Root-mean-square displacement between the two frames, strain included, Å.
    moved : bool
        Whether atoms are displaced between any two frames, however far.
    independent : int
        Number of independent energy differences: pairs share frames.
    volume : float
        Of the median cell (Å³): the factor of stresses that are taken for virials.
    """

    energy: np.ndarray
    work: np.ndarray
    distance: np.ndarray
    moved: bool
    independent: int
    volume: float


def check_consistency(systems: Sequence[LabelledFrames]) -> None:
    """Compare the energies of each system, and of all systems together, with forces and virials.

    Frames that are too few, too far apart or too anharmonic to decide pass.

    Raises
    ------
    DatasetError
        Forces or virials have another sign or unit than the energies, or are all zero.
    """
    compared = [(system, compare(system)) for system in systems if len(system) > 1]
    for system, comparison in compared:
        if comparison.moved and not system.forces.any():
            raise DatasetError(f"{system.source}: all forces are zero, but its atoms move; label them with forces")
    for system, comparison in compared:
        _judge(system.source, [comparison])
    if len(compared) > 1:
        _judge(f"{compared[0][0].source} and {len(compared) - 1} more", [comparison for _, comparison in compared])


def compare(system: LabelledFrames) -> Comparison:
    """Compare frames of a system with their nearest neighbours among them."""
    chosen = _sample(len(system))
    cells, positions = system.cells[chosen], system.positions[chosen]
    forces, energies = system.forces[chosen], system.energies[chosen]
    virials = (system.virials[chosen] + system.virials[chosen].transpose(0, 2, 1)) / 2
    fractional = np.einsum("fni,fij->fnj", positions, np.linalg.inv(cells))
    found: dict[tuple[int, int], tuple[float, ...]] = {}
    atoms, moved = len(system.symbols), False
    for i in range(len(chosen) - 1):
        others = np.arange(i + 1, len(chosen))
        shift = fractional[others] - fractional[i]
        shift -= np.round(shift)
        displacement = np.einsum("fni,fij->fnj", shift, (cells[others] + cells[i]) / 2)
        deformation = np.linalg.inv(cells[i])[None] @ cells[others]
        strain = (deformation - np.linalg.inv(deformation)) / 2  # the logarithm to second order
        strain = (strain + strain.transpose(0, 2, 1)) / 2
        apart = np.sqrt((displacement**2).sum(axis=(1, 2)) / atoms)
        size = np.cbrt(system.volumes[chosen[i]] / atoms)
        distance = np.hypot(apart, size * np.sqrt((strain**2).sum(axis=(1, 2))))
        moved = moved or bool((apart > EQUAL).any())
        displacement[apart < EQUAL] = 0  # rounding
        work = -0.5 * np.column_stack(
            [
                ((forces[others] + forces[i]) * displacement).sum(axis=(1, 2)),
                ((virials[others] + virials[i]) * strain).sum(axis=(1, 2)),
            ]
        )
        for place, j in enumerate(others):
            found[i, int(j)] = ((energies[j] - energies[i]) / atoms, *(work[place] / atoms), distance[place])
    kept = _nearest(found, len(chosen))
    table = np.array([found[pair] for pair in kept]).reshape(-1, 4)
    return Comparison(
        table[:, 0], table[:, 1:3], table[:, 3], moved, _independent(kept), float(np.median(system.volumes))
    )


def _sample(frames: int) -> np.ndarray:
    """Frames that are compared."""
    if frames <= SAMPLE:
        return np.arange(frames)
    starts = np.array(spread(range(frames - RUN + 1), SAMPLE // RUN))
    return np.unique(starts[:, None] + np.arange(RUN))


def _independent(pairs: Sequence[tuple[int, int]]) -> int:
    """Frames in pairs, less one for each group of frames that pairs connect."""
    frames = np.unique(pairs)
    if not len(frames):
        return 0
    first, second = np.searchsorted(frames, np.array(pairs)).T
    graph = scipy.sparse.coo_array((np.ones(len(pairs)), (first, second)), shape=(len(frames),) * 2)
    return len(frames) - int(scipy.sparse.csgraph.connected_components(graph)[0])


def _nearest(pairs: dict[tuple[int, int], tuple[float, ...]], frames: int) -> list[tuple[int, int]]:
    """The pairs of each frame with its nearest others that are near enough, and do differ."""
    distances = np.full((frames, frames), np.inf)
    for (i, j), (*_, distance) in pairs.items():
        distances[i, j] = distances[j, i] = distance if EQUAL < distance < FARTHEST else np.inf
    kept = {
        (min(i, int(j)), max(i, int(j)))
        for i, row in enumerate(distances)
        for j in np.argsort(row)[:NEIGHBOURS]
        if np.isfinite(row[j])
    }
    return sorted(kept)


def _judge(source: str, comparisons: Sequence[Comparison]) -> None:
    """Raise `DatasetError` if the energies contradict the forces or the virials."""
    independent = sum(comparison.independent for comparison in comparisons)
    if independent < FEWEST:
        return
    weights = np.concatenate([comparison.distance for comparison in comparisons]) ** -2.0
    energy = np.concatenate([comparison.energy for comparison in comparisons]) * weights
    work = np.concatenate([comparison.work for comparison in comparisons]) * weights[:, None]
    volume = float(np.median([comparison.volume for comparison in comparisons]))
    mistake = known_mistake(energy, work, volume, independent)
    if mistake:
        raise DatasetError(f"{source}: {mistake}; the energies of neighbouring frames say so: correct the labels")
    if independent < ENOUGH:
        return
    factors, errors = fit(energy, work, independent)
    for k, name in enumerate(("forces", "virials")):
        other = energy - factors[1 - k] * work[:, 1 - k]
        total, right, best = (np.abs(other - factor * work[:, k]).sum() for factor in (0.0, 1.0, factors[k]))
        told = right > UNEXPLAINED * total and best < EXPLAINED_BY_FIT * total
        if told and not RANGE[0] < factors[k] < RANGE[1] and abs(factors[k] - 1) > SIGNIFICANCE * errors[k]:
            known = [text for factor, text in MISTAKES[k].items() if abs(factors[k] / factor - 1) < SIMILAR]
            raise DatasetError(
                f"{source}: energies of neighbouring frames differ by {factors[k]:.3g} times the work of the {name}, where "
                f"right labels give 1 (standard error {errors[k]:.1g}): "
                + (known[0] if known else f"check the units of energies and {name}")
            )


def fit(energy: np.ndarray, work: np.ndarray, independent: int) -> tuple[np.ndarray, np.ndarray]:
    """Factors of the work of forces and virials, and their standard errors, by robust least squares.

    Parameters
    ----------
    energy : (P,) array
        Energy differences, times the weights of the pairs.
    work : (P, 2) array
        Work of forces and of virials, times the same.
    independent
        Number of independent energy differences.

    Returns
    -------
    factors, errors : (2,) arrays
        1 and infinity where the frames tell nothing.
    """
    factors, errors = np.ones(2), np.full(2, np.inf)
    used = np.flatnonzero(np.abs(work).max(axis=0) > 0)
    if not len(used):
        return factors, errors
    trust = np.ones(len(energy))
    for _ in range(20):
        scaled = work[:, used] * trust[:, None]
        factors[used] = np.linalg.lstsq(scaled, energy * trust, rcond=None)[0]
        residuals = energy - work[:, used] @ factors[used]
        scale = 1.4826 * np.median(np.abs(residuals)) + 1e-12
        trust = 1 / np.sqrt(1 + (residuals / (2 * scale)) ** 2)  # Cauchy
    variance = np.sum((residuals * trust) ** 2) / max(independent - len(used), 1)
    inverse = np.linalg.pinv(scaled.T @ scaled)
    errors[used] = np.sqrt(np.maximum(np.diag(inverse), 0) * variance)
    return factors, errors


def known_mistake(energy: np.ndarray, work: np.ndarray, volume: float, independent: int) -> str | None:
    """The mistakes of known kinds that explain the energies, where right labels would not; None if there is none.

    Parameters
    ----------
    energy, work
        See `fit`.
    volume
        See `Comparison`.
    independent
        Number of independent energy differences.
    """
    total = np.abs(energy).sum()
    right = np.abs(energy - work.sum(axis=1)).sum() / max(total, 1e-300)
    if total == 0 or right < UNEXPLAINED:
        return None
    most = EXPLAINED if independent >= FEW else EXPLAINED_BY_FEW
    trials = [(factor, factor, text) for factor, text in ENERGY_MISTAKES.items()]
    trials += [(factor, 1.0, text) for factor, text in FORCE_MISTAKES.items()]
    trials += [(1.0, factor, text) for factor, text in VIRIAL_MISTAKES.items()]
    trials.append((1.0, volume, "virials look like stresses in eV/Å³ (virial = -volume × stress)"))
    trials.append((1.0, -volume, "virials look like stresses of the wrong sign in eV/Å³ (virial = -volume × stress)"))
    if work.any(axis=0).all():
        trials.append((-1.0, -1.0, f"{FORCE_MISTAKES[-1.0]}, and {VIRIAL_MISTAKES[-1.0]}"))
    left = [np.abs(energy - work @ np.array(factors)).sum() / total for *factors, _ in trials]
    if min(left) > most and not (
        independent > FEWEST and right > CONTRADICTED and min(left) < min(EXPLAINED_BY_FIT, EXPLAINED_BESIDE * right)
    ):
        return None
    alike = sorted((share, text) for share, (*_, text) in zip(left, trials, strict=True) if share < min(left) + ALIKE)
    return " or ".join(text for _, text in alike)
