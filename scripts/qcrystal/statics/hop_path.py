"""How a mobile atom gets from one site to the next: paths of least energy, their saddle points, and the rates along them.

Two mechanisms: an atom jumps into a vacancy (``vacancy``), and two neighbours change places (``exchange``). Paths are found
by nudged elastic bands with a climbing image [Henkelman, Uberuaga and Jónsson, J. Chem. Phys. 113, 9901 (2000)] at a fixed cell.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from ase import Atoms, units
from ase.calculators.calculator import Calculator
from ase.geometry import find_mic
from ase.mep import NEB
from ase.optimize import BFGS, FIRE
from scipy.spatial.transform import Rotation

from qcrystal.crystal.cells import conventional_cell
from qcrystal.crystal.prototype import Prototype
from qcrystal.statics.errors import StaticsError
from qcrystal.statics.tunnelling import HBAR, Path, crossover, transmission
from qcrystal.units import AMU_A2_PS2

log = logging.getLogger(__name__)

DISPLACEMENT = 0.01  # Å, of the differences that give force constants
SPRING = 0.5  # eV/Å²
LOOSE = 5.0  # times the final force, at which the highest image begins to climb
AXES = 12  # directions that are tried as the axis about which a pair turns
RIGID = 3  # translations
JOLT = 0.02  # Å, random displacements that take a path off symmetry, where saddle points of higher order are


class BandEffort(NamedTuple):
    """``repeat`` of the conventional cell; ``images`` between the ends; forces (eV/Å) at rest; most steps of each part."""

    repeat: tuple[int, int, int]
    images: int
    force: float
    steps: int


class HopTables(NamedTuple):
    """Tables ``hop_paths`` (images), ``hop_saddles`` (barriers) and ``hop_rates`` (rates against temperature)."""

    paths: pd.DataFrame
    saddles: pd.DataFrame
    rates: pd.DataFrame


def neighbours(crystal: Atoms, element: str) -> tuple[int, int]:
    """An atom on the element's most frequent site, and the nearest one on the same site."""
    kinds, symbols = crystal.arrays["spacegroup_kinds"], np.array(crystal.get_chemical_symbols())
    sites, counts = np.unique(kinds[symbols == element], return_counts=True)
    same = np.flatnonzero((kinds == sites[np.argmax(counts)]) & (symbols == element))
    first = int(same[0])
    distances = crystal.get_distances(first, same[1:], mic=True)
    return first, int(same[1:][np.argmin(distances)])


def band(crystal: Atoms, element: str, mechanism: str, images: int) -> list[Atoms]:
    """Start, ``images`` guesses and end of a hop in a crystal at rest, not relaxed."""
    first, second = neighbours(crystal, element)
    bond = crystal.get_distance(first, second, mic=True, vector=True)
    shares = np.linspace(0.0, 1.0, images + 2)
    plain = Atoms(crystal.get_chemical_symbols(), positions=crystal.positions, cell=crystal.cell, pbc=True)
    guesses = []
    if mechanism == "vacancy":
        for share in shares:
            image = plain.copy()
            image.positions[second] -= share * bond
            del image[first]
            guesses.append(image)
        return guesses
    middle, axis = plain.positions[first] + 0.5 * bond, _free_axis(plain, first, second, bond)
    for share in shares:
        image = plain.copy()
        arm = Rotation.from_rotvec(np.pi * share * axis).apply(0.5 * bond)
        image.positions[first], image.positions[second] = middle - arm, middle + arm
        guesses.append(image)
    return guesses


def _free_axis(crystal: Atoms, first: int, second: int, bond: np.ndarray) -> np.ndarray:
    """Axis across a bond about which the pair turns with most room, as a unit vector."""
    middle = crystal.positions[first] + 0.5 * bond
    others = np.delete(np.arange(len(crystal)), [first, second])
    along = bond / np.linalg.norm(bond)
    across = np.cross(along, np.eye(3)[np.argmin(np.abs(along))])
    across /= np.linalg.norm(across)
    axes = [Rotation.from_rotvec(np.pi * k / AXES * along).apply(across) for k in range(AXES)]

    def room(axis: np.ndarray) -> float:
        arm = 0.5 * np.cross(axis, bond)
        ends = np.array([middle - arm, middle + arm])
        vectors = (crystal.positions[others][None] - ends[:, None]).reshape(-1, 3)
        return float(find_mic(vectors, crystal.cell)[1].min())

    return max(axes, key=room)


def relaxed_band(potential: Calculator, images: list[Atoms], effort: BandEffort) -> list[Atoms]:
    """The path of least energy: ends at rest, the highest image on the saddle point.

    Raises
    ------
    StaticsError
        Ends or path do not come to rest.
    """
    for image in images:
        image.calc = potential
    for name, end in (("start", images[0]), ("end", images[-1])):
        if not BFGS(end, logfile=None, maxstep=0.05).run(fmax=effort.force / 5, steps=effort.steps):
            raise StaticsError(f"the {name} of the path does not relax to {effort.force / 5:g} eV/Å; take more steps")
    for climb, force in ((False, LOOSE * effort.force), (True, effort.force)):
        chain = NEB(images, k=SPRING, climb=climb, method="improvedtangent", allow_shared_calculator=True)
        converged = FIRE(cast(Atoms, chain), logfile=None, maxstep=0.05).run(fmax=force, steps=effort.steps)
    if not converged:
        residual = float(np.abs(chain.get_forces()).max())
        raise StaticsError(
            f"the path does not come to rest: {residual:.2f} eV/Å after {effort.steps} steps, not {effort.force:g}; "
            "raise hops.steps of the scale"
        )
    return images


def force_constants(potential: Calculator, atoms: Atoms) -> np.ndarray:
    """Second derivatives (3N, 3N) of the energy in eV/Å² by central differences of forces."""
    frame = atoms.copy()
    frame.calc = potential
    found = np.empty((3 * len(frame), 3 * len(frame)))
    for row in range(3 * len(frame)):
        forces = []
        for sign in (1.0, -1.0):
            frame.positions.flat[row] += sign * DISPLACEMENT
            forces.append(frame.get_forces().ravel())
            frame.positions.flat[row] -= sign * DISPLACEMENT
        found[row] = (forces[1] - forces[0]) / (2.0 * DISPLACEMENT)
    return 0.5 * (found + found.T)


def quanta(constants: np.ndarray, masses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ħω (eV) of all modes but the translations, ascending, imaginary ones negative; and the mass-weighted matrix (1/ps²)."""
    root = np.repeat(np.sqrt(masses), 3)
    dynamical = constants / np.outer(root, root) / AMU_A2_PS2
    squared = np.linalg.eigvalsh(dynamical)
    still = np.argsort(np.abs(squared))[:RIGID]
    squared = np.delete(squared, still)
    return HBAR * np.sign(squared) * np.sqrt(np.abs(squared)), dynamical


def mass_weighted(images: Sequence[Atoms], masses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Arc length (√u Å) of each image, and the unit tangents (images, 3N) in mass-weighted coordinates."""
    root = np.sqrt(masses)[:, None]
    steps = [
        (find_mic(b.positions - a.positions, a.cell)[0] * root).ravel()
        for a, b in zip(images[:-1], images[1:], strict=True)
    ]
    place = np.concatenate([[0.0], np.cumsum([np.linalg.norm(step) for step in steps])])
    ways = np.array([steps[0], *(a + b for a, b in zip(steps[:-1], steps[1:], strict=True)), steps[-1]])
    return place, ways / np.linalg.norm(ways, axis=1)[:, None]


class Hop(NamedTuple):
    """A relaxed path: images, energies (eV), forces (eV/Å), and second derivatives (eV/Å²) at the start and at the saddle."""

    images: list[Atoms]
    energies: np.ndarray
    forces: np.ndarray
    start: np.ndarray
    saddle: np.ndarray


def find_hop(potential: Calculator, crystal: Atoms, element: str, mechanism: str, effort: BandEffort) -> Hop:
    """The path of a mechanism in a crystal at rest."""
    guesses, rng = band(crystal, element, mechanism, effort.images), np.random.default_rng(0)
    for image in guesses[1:-1]:
        image.positions += JOLT * rng.standard_normal(image.positions.shape)
    images = relaxed_band(potential, guesses, effort)
    energies = np.array([image.get_potential_energy() for image in images])
    forces = np.array([image.get_forces() for image in images])
    top = images[int(np.argmax(energies))]
    return Hop(images, energies, forces, force_constants(potential, images[0]), force_constants(potential, top))


def hop_rates(
    hop: Hop, masses: np.ndarray, temperatures: Sequence[float]
) -> tuple[dict[str, float], Path, pd.DataFrame]:
    """Saddle, mass-weighted path, and decimal logarithms of rates (1/ps) of a hop by harmonic transition-state theory.

    Classical: Π ν_i/Π ν'_i exp(-V*/kT) [Vineyard, J. Phys. Chem. Solids 3, 121 (1957)]. Quantum: the
    partition functions of all modes but the one along the path are those of quantum oscillators.
    With tunnelling: times `qcrystal.statics.tunnelling.transmission`.
    A rate is NaN where the saddle point is not a simple one. A quantum rate is NaN where zero-point energies leave no barrier.
    """
    start, dynamical = quanta(hop.start, masses)
    saddle, _ = quanta(hop.saddle, masses)
    place, tangents = mass_weighted(hop.images, masses)
    along = max(float(tangents[0] @ dynamical @ tangents[0]), 0.0)
    slope = -np.einsum("ij,ij->i", hop.forces.reshape(len(place), -1), tangents / np.repeat(np.sqrt(masses), 3))
    slope[[0, -1, int(np.argmax(hop.energies))]] = 0.0  # at rest but for what the relaxation leaves
    path = Path(place, hop.energies, slope, max(-float(saddle[0]), 0.0), HBAR * np.sqrt(along))
    real, real_saddle = start[start > 0], saddle[saddle > 0]
    zero_point = 0.5 * float(real_saddle.sum() - real.sum())
    top = {
        "barrier": path.top,
        "zero_point_barrier": path.top + zero_point,
        "reaction": float(hop.energies[-1] - hop.energies[0]),
        "barrier_quantum": path.barrier_quantum,
        "crossover": crossover(path.barrier_quantum),
        "imaginary_start": int((start < 0).sum()),
        "imaginary_saddle": int((saddle < 0).sum()),
        "length": float(place[-1]),
    }
    simple = top["imaginary_start"] == 0 and top["imaginary_saddle"] == 1
    holds = {"classical": simple} | dict.fromkeys(("quantum", "tunnelling"), simple and top["zero_point_barrier"] > 0.0)
    rows = []
    for temperature in temperatures:
        thermal = float(units.kB) * temperature
        weight, attempt = -path.top / thermal, np.log(thermal / (2.0 * np.pi * HBAR))
        classical = attempt + weight + np.log(real / thermal).sum() - np.log(real_saddle / thermal).sum()
        quantum = attempt + weight + _log_sinh(real / thermal).sum() - _log_sinh(real_saddle / thermal).sum()
        rates = {
            "classical": classical,
            "quantum": quantum,
            "tunnelling": quantum + np.log(transmission(path, temperature)),
        }
        rows += [
            {"method": name, "temperature": temperature, "log_rate": rate / np.log(10) if holds[name] else np.nan}
            for name, rate in rates.items()
        ]
    return top, path, pd.DataFrame(rows)


def _log_sinh(x: np.ndarray) -> np.ndarray:
    """ln(2 sinh(x/2)) without overflow."""
    return 0.5 * x + np.log1p(-np.exp(-x))


def hop_tables(
    potential: Calculator,
    prototype: Prototype,
    lattice_constant: float,
    element: str,
    masses: Mapping[str, Mapping[str, float]],
    temperatures: Sequence[float],
    mechanisms: Sequence[str],
    effort: BandEffort,
) -> HopTables:
    """Paths, saddles and rates of all mechanisms and isotopes at one lattice.

    Parameters
    ----------
    lattice_constant
        Å, of the crystal at rest.
    masses
        Isotope of the mobile element: the masses (u) of all elements.
    """
    crystal = conventional_cell(prototype, lattice_constant).repeat(effort.repeat)
    paths, saddles, rates = [], [], []
    for mechanism in mechanisms:
        hop = find_hop(potential, crystal, element, mechanism, effort)
        log.info("%s: barrier %.3f eV", mechanism, hop.energies.max() - hop.energies[0])
        for isotope, mass in masses.items():
            given = np.array([mass[symbol] for symbol in hop.images[0].get_chemical_symbols()])
            top, path, table = hop_rates(hop, given, temperatures)
            named: dict[str, Any] = {"mechanism": mechanism, "isotope": isotope, "atoms": len(hop.images[0])}
            images = {"image": range(len(path.place)), "place": path.place, "energy": path.energy - path.energy[0]}
            paths.append(pd.DataFrame({**images, "slope": path.slope}).assign(**named))
            saddles.append({**named, **top})
            rates.append(table.assign(**named))
    order = ["mechanism", "isotope", "atoms"]
    frames = (pd.concat(paths, ignore_index=True), pd.DataFrame(saddles), pd.concat(rates, ignore_index=True))
    return HopTables(*(frame[[*order, *(c for c in frame if c not in order)]] for frame in frames))
