"""Structure search with a potential: random symmetric crystals, distortions of the known one, and what is left of them.

Random crystals of many space groups (Pickard and Needs, J. Phys.: Condens. Matter 23, 053201 (2011)) find what nobody thought
of, distortions along imaginary modes what the known crystal turns into. All are relaxed at a pressure; those that leave the
potential's domain are counted and thrown away; equals are recognised; the lowest are followed to all pressures. A phase that a
search misses is not thereby unstable. Å, eV, GPa.
"""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import spglib
from ase import Atoms, units
from ase.build import make_supercell, niggli_reduce
from ase.constraints import FixSymmetry
from ase.neighborlist import neighbor_list

from qcrystal.crystal.cells import primitive_cell, random_strain
from qcrystal.crystal.distortions import EXACT, along_mode, doubled_cell, imaginary_modes, towards_groups
from qcrystal.io.structures import read_structures, write_structures
from qcrystal.potential.committee import Committee, force_deviation
from qcrystal.statics.phonons import IMAGINARY, SHORTEST_DISTANCE, SMALLEST_VOLUME, Relaxed, lattice_dynamics, relax

log = logging.getLogger(__name__)

# Part of the shortest distances that pyxtal demands of its random points; `spread_apart` does the rest. Demanding more makes
# it draw hundreds of times in dense crystals of low symmetry.
CROWDING = 0.5
# Random crystals start up to this factor above the known crystal's volume, so that they can rearrange.
LARGEST_START = 1.2
# Å and relative: a kick that takes a relaxed crystal off a saddle point.
KICK, KICK_STRAIN = 0.03, 0.005
# A crystal this many windows above the known one is not kicked: no kick takes it so far down.
KICKED_WITHIN = 3.0
# Å, largest displacement of a distorted start: about a hydrogen's zero-point excursion.
DISTORTION = 0.15
# eV/atom and relative: relaxed crystals further apart than this in enthalpy or volume are not the same; fmax leaves less.
SAME_ENTHALPY, SAME_VOLUME = 1e-3, 5e-3
# Of (V/N)^(1/3), relative, degrees: how far positions, lengths and angles of two pictures of one crystal may differ.
SAME_SITE, SAME_LENGTH, SAME_ANGLE = 0.1, 0.03, 2.0
# ... and of one space group without a look at the sites: one tenth of a meV/atom, one thousandth.
ONE_ENTHALPY, ONE_VOLUME = 1e-4, 1e-3


class SearchError(ValueError):
    """A search that cannot be carried out; one line that says why and what to do."""


class Effort(NamedTuple):
    """Force bound (eV/Å), steps, tolerance of the space group (Å) and shortest distances (Å) of each relaxation."""

    fmax: float = 0.01
    max_steps: int = 300
    symprec: float = 0.05  # 0.02 still splits relaxed crystals of one kind, 0.05 and 0.1 do not
    shortest: dict[tuple[str, str], float] | float = SHORTEST_DISTANCE


class Candidate(NamedTuple):
    """A relaxed crystal, and how it was come by."""

    relaxed: Relaxed
    origin: str


def search_pressures(pressures: list[float]) -> list[float]:
    """The pressures (GPa) at which structures are looked for: the lowest, where distortions are deepest, and the middle one."""
    ordered = sorted(pressures)
    return list(dict.fromkeys([ordered[0], ordered[len(ordered) // 2]]))


def write_candidates(candidates: list[Candidate], path: Path) -> None:
    """Write candidates as extended XYZ, an empty file if there are none; it appears whole."""
    frames = []
    for relaxed, origin in candidates:
        frame = relaxed.atoms.copy()
        frame.info = {k: v for k, v in relaxed._asdict().items() if k != "atoms"} | {"origin": origin}
        frames.append(frame)
    write_structures(frames, path)


def read_candidates(path: Path) -> list[Candidate]:
    """Candidates from a file of `write_candidates`."""
    candidates = []
    for frame in read_structures(path):
        info, frame.info = frame.info, {}
        origin = info.pop("origin")
        info["converged"] = bool(info["converged"])
        candidates.append(Candidate(Relaxed(frame, **info), origin))
    return candidates


# --- random crystals ----------------------------------------------------------------------------------------------------


def pair_distances(shortest: dict[str, float]) -> dict[tuple[str, str], float]:
    """``{"La-H": 1.6}`` as ``{("La", "H"): 1.6}``, which is how ASE names pairs."""
    return {tuple(pair.split("-")): distance for pair, distance in shortest.items()}


def random_crystal(
    counts: dict[str, int], group: int, volume: float, shortest: dict[tuple[str, str], float], rng: np.random.Generator
) -> Atoms | None:
    """Random crystal of a space group by pyxtal; None where the composition does not fit the group.

    Parameters
    ----------
    counts
        Atoms of each element in the primitive cell.
    group
        Number of the space group.
    volume
        Å³ per atom.
    shortest
        Å per pair of elements; atoms end up further apart.
    rng
        Draws lattice, Wyckoff positions and coordinates.

    Returns
    -------
    ase.Atoms or None
        Primitive, Niggli-reduced cell. None also where the atoms do not fit into the volume.
    """
    from pyxtal import pyxtal  # takes seconds: only those who search pay for it
    from pyxtal.lattice import Lattice
    from pyxtal.msg import Comp_CompatibilityError
    from pyxtal.symmetry import Group
    from pyxtal.tolerance import Tol_matrix

    symmetry, crystal = Group(group), pyxtal()
    tolerances = Tol_matrix(*[(*pair, CROWDING * distance) for pair, distance in shortest.items()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lattice = Lattice(symmetry.lattice_type, volume * sum(counts.values()) * symmetry.cellsize(), random_state=rng)
        try:
            crystal.from_random(
                3,
                group,
                list(counts),
                list(counts.values()),
                conventional=False,
                lattice=lattice,
                tm=tolerances,
                random_state=rng,
                max_count=1,
            )
        except (Comp_CompatibilityError, RuntimeError):  # RuntimeError: no points far enough apart were found
            return None
    atoms = primitive(_sorted(crystal.to_ase(), list(counts)), EXACT)
    if len(atoms) != sum(counts.values()):
        return None  # drawn with more translations than the group's own: a smaller cell's turn
    return atoms if spread_apart(atoms, shortest) else None


def spread_apart(atoms: Atoms, shortest: dict | float, rounds: int = 200) -> bool:
    """Move atoms along their connections, in place, until none are nearer than ``shortest`` (Å); False if that fails.

    Every pair moves by half of what it lacks, all at once and within the crystal's symmetry: rounding would grow out of it.
    """
    atoms.set_constraint(FixSymmetry(atoms, symprec=EXACT))
    symbols = np.array(atoms.get_chemical_symbols())
    for _ in range(rounds):
        i, j, vectors, distances = neighbor_list("ijDd", atoms, shortest)
        if not len(i):
            break
        if distances.min() < EXACT:
            return False
        wanted = np.array([_distance(shortest, a, b) for a, b in zip(symbols[i], symbols[j], strict=True)])
        # A little more than is lacking, or the last touch takes for ever.
        push = 0.5 * (1.02 * wanted - distances) / distances
        shifts = np.zeros_like(atoms.positions)
        np.add.at(shifts, i, -push[:, None] * vectors)
        atoms.set_positions(atoms.positions + shifts)
    atoms.set_constraint()
    return not len(i)


def _distance(shortest: dict | float, first: str, second: str) -> float:
    if not isinstance(shortest, dict):
        return shortest
    return shortest.get((first, second), shortest.get((second, first), 0.0))


def primitive(atoms: Atoms, symprec: float) -> Atoms:
    """Niggli-reduced primitive cell at tolerance ``symprec`` (Å); a cell that is primitive is only reduced."""
    found = spglib.find_primitive((atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers), symprec=symprec)
    if found is None or len(found[2]) == len(atoms):
        smaller = Atoms(atoms.get_chemical_symbols(), positions=atoms.positions, cell=atoms.cell, pbc=True)
    else:
        smaller = Atoms(numbers=found[2], scaled_positions=found[1], cell=found[0], pbc=True)
        smaller = _sorted(smaller, list(dict.fromkeys(atoms.get_chemical_symbols())))
    niggli_reduce(smaller)
    return smaller


def _sorted(atoms: Atoms, elements: list[str]) -> Atoms:
    """The atoms in the order of their elements."""
    return atoms[np.argsort([elements.index(symbol) for symbol in atoms.symbols], kind="stable")]


# --- relaxing starts ------------------------------------------------------------------------------------------------------


def kicked(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    """The crystal with random displacements (`KICK`) and strain (`KICK_STRAIN`), so that no symmetry holds it on a saddle."""
    moved = random_strain(atoms, KICK_STRAIN, rng)
    moved.positions += rng.normal(scale=KICK, size=moved.positions.shape)
    return moved


def cubic_crystal(potential, prototype, pressure: float, effort: Effort, start: Atoms | None = None) -> Relaxed | None:
    """The prototype relaxed within its symmetry at a pressure: what enthalpies are relative to; None if it collapses."""
    start = primitive_cell(prototype, prototype.lattice_constant) if start is None else start
    return relax(potential, start, pressure, *effort, keep_symmetry=True)


def cubic_crystals(potential, prototype, pressures: list[float], effort: Effort) -> dict[float, Relaxed]:
    """`cubic_crystal` at each pressure; those where it collapses are left out with a warning.

    Raises
    ------
    SearchError
        If it collapses everywhere.
    """
    found, start = {}, None
    for pressure in pressures:
        result = cubic_crystal(potential, prototype, pressure, effort, start)
        if result is None:
            log.warning("%g GPa: the crystal to be compared with collapses with this potential, left out", pressure)
            continue
        found[pressure], start = result, result.atoms
    if not found:
        raise SearchError(
            f"the crystal to be compared with collapses at every pressure of {pressures} GPa; use another potential"
        )
    return found


def random_candidates(
    potential,
    prototype,
    pressures: list[float],
    numbers: Iterable[int],
    seed: int,
    effort: Effort,
    formula_units: list[int],
    groups: list[int],
    window: float,
) -> tuple[list[Candidate], pd.DataFrame]:
    """Relax random crystals of the prototype's composition.

    Parameters
    ----------
    pressures
        GPa; start n is relaxed at the n-th of them, in turn.
    numbers
        Numbers of the starts; the same seed and number are the same start, whatever batch it is in.
    formula_units
        In the primitive cell, in turn.
    groups
        Space groups that are drawn from.
    window
        eV/atom above the prototype at the same pressure up to which a crystal is kept.

    Returns
    -------
    candidates : list of Candidate
    counts : pandas.DataFrame
        origin, pressure, fate, number; fates: kept, higher (than the window), collapsed, not converged, no crystal (the
        composition does not fit the space group, or the atoms do not fit into the volume).
    """
    cubic = cubic_crystals(potential, prototype, pressures, effort)
    pressures = list(cubic)
    unit = Counter(primitive_cell(prototype, prototype.lattice_constant).get_chemical_symbols())
    numbers, found, fates = list(numbers), [], Counter()
    for done, number in enumerate(numbers, 1):
        rng = np.random.default_rng([seed, number])
        pressure = pressures[number % len(pressures)]
        multiple = formula_units[number // len(pressures) % len(formula_units)]
        group, volume = int(rng.choice(groups)), cubic[pressure].volume * rng.uniform(1.0, LARGEST_START)
        counts = {element: multiple * count for element, count in unit.items()}
        start = random_crystal(counts, group, volume, effort.shortest, rng)
        fate = "no crystal"
        if start is not None:
            candidates, fate = settle(potential, start, cubic[pressure], window, effort, rng)
            found += [Candidate(relaxed, f"random {group} #{number}") for relaxed in candidates]
        fates[pressure, fate] += 1
        log.info("start %d/%d, space group %d, %g GPa: %s", done, len(numbers), group, pressure, fate)
    return found, _count_table("random", fates)


def settle(
    potential,
    start: Atoms,
    cubic: Relaxed,
    window: float,
    effort: Effort,
    rng: np.random.Generator,
) -> tuple[list[Relaxed], str]:
    """Relax a start within its symmetry, kick the result and relax freely: the crystals that differ, and the start's fate.

    The first relaxation is short, as few coordinates are free, and may end on a saddle point; the kick takes it off.

    Parameters
    ----------
    cubic, window
        Crystals more than ``window`` (eV/atom) above this one are let go.

    Returns
    -------
    crystals : list of Relaxed
        In their primitive cells; none unless the fate is "kept".
    fate : str
        kept, higher, collapsed, not converged.
    """
    smallest = SMALLEST_VOLUME * cubic.volume
    first = relax(potential, start, cubic.pressure, *effort, keep_symmetry=True, smallest_volume=smallest)
    if first is None:
        return [], "collapsed"
    if first.enthalpy > cubic.enthalpy + KICKED_WITHIN * window:
        return [], "higher"
    second = relax(potential, kicked(primitive(first.atoms, effort.symprec), rng), cubic.pressure, *effort)
    converged = [result for result in (first, second) if result is not None and result.converged]
    low = sorted((r for r in converged if r.enthalpy < cubic.enthalpy + window), key=lambda r: r.enthalpy)
    if not low:
        return [], "higher" if converged else "not converged"
    low = [result._replace(atoms=primitive(result.atoms, effort.symprec)) for result in low]
    return low[:1] if len(low) == 2 and same_crystal(*low) else low, "kept"


def _count_table(origin: str, fates: Counter) -> pd.DataFrame:
    rows = [
        {"origin": origin, "pressure": pressure, "fate": fate, "number": number}
        for (pressure, fate), number in sorted(fates.items())
    ]
    return pd.DataFrame(rows, columns=["origin", "pressure", "fate", "number"])


# --- distortions --------------------------------------------------------------------------------------------------------


def distorted_candidates(
    potential,
    prototype,
    pressures: list[float],
    seed: int,
    effort: Effort,
    groups: list[str],
    each: int,
    primitive_cells: int,
    window: float,
    masses: dict[str, float],
) -> tuple[list[Candidate], pd.DataFrame, pd.DataFrame]:
    """Follow the imaginary modes of the prototype, and distort it to given space groups.

    Modes are those at Γ and at the points half-way to a reciprocal lattice vector. Each is followed into each of its isotropy
    subgroups; then the crystal is displaced at random within subgroups of the ``groups``, in all cells where such modes fit.
    Every start is relaxed first within its space group and then freely (`settle`).

    Parameters
    ----------
    groups
        International symbols, such as R-3m, C2, P-1.
    each
        Starts per group and cell.
    primitive_cells
        1: only distortions that are the same in every primitive cell; 2: those that differ between two as well.
    masses
        u, per element.
    pressures, seed, effort, window
        As in `random_candidates`; every start at every pressure.

    Returns
    -------
    candidates, counts
        As from `random_candidates`; origins are modes and subgroups.
    modes : pandas.DataFrame
        pressure, q (reciprocal coordinates), arms, degeneracy, frequency (THz, negative: imaginary), lowest (eV/atom, of
        what it leads to, relative to the prototype; NaN if it was not followed) and spacegroup of that.
    """
    found, tables, modes = [], [], []
    exact = effort._replace(fmax=0.1 * effort.fmax)  # forces at rest are taken for those of a displacement
    for pressure, cubic in cubic_crystals(potential, prototype, pressures, exact).items():
        rng = np.random.default_rng([seed, round(1000 * pressure)])
        model = lattice_dynamics(potential, cubic.atoms, (2, 2, 2), masses=masses)
        fates = Counter()
        for cell, imaginary in imaginary_modes(model, cubic.atoms, IMAGINARY):
            for mode in imaginary:
                q = " ".join(f"{abs(x):g}" for x in mode.wavevector)
                fits = len(cell) <= primitive_cells * len(cubic.atoms)
                starts = along_mode(cell, mode, DISTORTION, rng) if fits else []
                results, here = _settle_all(potential, starts, cubic, window, effort, rng, f"mode {q}")
                found, fates = found + results, fates + here
                lowest = min((c.relaxed for c in results), key=lambda r: r.enthalpy, default=None)
                modes.append(
                    {
                        "pressure": pressure,
                        "q": q,
                        "arms": mode.arms,
                        "degeneracy": mode.displacements.shape[1],
                        "frequency": mode.frequency,
                        "lowest": np.nan if lowest is None else lowest.enthalpy - cubic.enthalpy,
                        "spacegroup": "" if lowest is None else lowest.spacegroup,
                    }
                )
        tables.append(_count_table("modes", fates))
        fates = Counter()
        for wavevector in _one_per_star(cubic.atoms):
            cell = make_supercell(cubic.atoms, doubled_cell(wavevector), order="cell-major")
            if len(cell) > primitive_cells * len(cubic.atoms):
                continue
            starts = towards_groups(cell, groups, each, DISTORTION, rng)
            results, here = _settle_all(potential, starts, cubic, window, effort, rng, "subgroup")
            found, fates = found + results, fates + here
        tables.append(_count_table("subgroups", fates))
    columns = ["pressure", "q", "arms", "degeneracy", "frequency", "lowest", "spacegroup"]
    return found, pd.concat(tables, ignore_index=True), pd.DataFrame(modes, columns=columns)


def _settle_all(potential, starts, cubic: Relaxed, window, effort: Effort, rng, what: str):
    """`settle` for distorted starts."""
    found, fates = [], Counter()
    for start in starts:
        results, fate = settle(potential, start.atoms, cubic, window, effort, rng)
        found += [Candidate(result, f"{what} to {start.spacegroup}") for result in results]
        fates[cubic.pressure, fate] += 1
        outcome = ", ".join(f"{r.spacegroup} {1e3 * (r.enthalpy - cubic.enthalpy):+.1f} meV/atom" for r in results)
        log.info("%g GPa, %s to %s: %s %s", cubic.pressure, what, start.spacegroup, fate, outcome)
    return found, fates


def _one_per_star(atoms: Atoms) -> np.ndarray:
    """Γ and one of each symmetry-equivalent set of points half-way to a reciprocal lattice vector (n, 3)."""
    cell = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    mapping, grid = spglib.get_ir_reciprocal_mesh([2, 2, 2], cell, is_shift=[0, 0, 0], symprec=EXACT)
    return grid[np.unique(mapping)] / 2


# --- equals ---------------------------------------------------------------------------------------------------------------


def same_crystal(first: Relaxed, second: Relaxed) -> bool:
    """Whether two relaxed crystals are one: enthalpy, volume, and the atoms' places in any primitive cell, order and origin.

    The space group is not asked: it depends on a tolerance.
    """
    if abs(first.enthalpy - second.enthalpy) > SAME_ENTHALPY or abs(first.volume / second.volume - 1) > SAME_VOLUME:
        return False
    from pymatgen.analysis.structure_matcher import StructureMatcher  # takes seconds
    from pymatgen.io.ase import AseAtomsAdaptor

    matcher = StructureMatcher(
        ltol=SAME_LENGTH, stol=SAME_SITE, angle_tol=SAME_ANGLE, primitive_cell=False, scale=False
    )
    return matcher.fit(*(AseAtomsAdaptor.get_structure(crystal.atoms) for crystal in (first, second)))


def distinct(candidates: Iterable[Candidate]) -> list[tuple[Candidate, int]]:
    """The different crystals among candidates, per pressure the lowest enthalpy first, and how often each was found."""
    found: list[list] = []
    for candidate in sorted(candidates, key=lambda c: (c.relaxed.pressure, c.relaxed.enthalpy)):
        for known in found:
            if known[0].relaxed.pressure == candidate.relaxed.pressure and same_crystal(
                known[0].relaxed, candidate.relaxed
            ):
                known[1] += 1
                break
        else:
            found.append([candidate, 1])
    return [(candidate, times) for candidate, times in found]


# --- enthalpies -----------------------------------------------------------------------------------------------------------


class Enthalpies(NamedTuple):
    """``table`` (one row per phase and pressure), its ``structures`` in the same order, and ``found`` (all that was found)."""

    table: pd.DataFrame
    structures: list[Atoms]
    found: pd.DataFrame


def enthalpies(
    potential,
    prototype,
    pressures: list[float],
    candidates: Iterable[Candidate],
    phases: list[str],
    keep: int,
    effort: Effort,
) -> Enthalpies:
    """Static enthalpies of the prototype and of what the search found, against pressure ([Qin] fig. 1a).

    Of the different crystals at each pressure of the search, the ``keep`` lowest are followed to all pressures, and of each
    space group in ``phases`` the lowest; each relaxation starts from the last one's result.

    Parameters
    ----------
    pressures
        GPa.
    candidates
        From `random_candidates` and `distorted_candidates`.

    Returns
    -------
    Enthalpies
        table: phase, pressure (GPa), enthalpy (eV/atom), volume (Å³/atom), spacegroup, converged. ``phase`` is the branch,
        named by its space group where it was found, a second one of the same space group "C2/m #2"; ``spacegroup`` is what
        it is at this pressure, so R-3m that merges with the cubic phase says Fm-3m there. Points where a branch that is not
        among ``phases`` is one of those before it are left out, and so are points where it collapses.
        structures: ``info`` holds phase and pressure.
        found: the different crystals: pressure, relative_enthalpy (eV/atom, to the prototype), volume, spacegroup, atoms,
        times (found), origin (of the first), phase (empty where it was not followed).
    """
    at = {
        pressure: result._replace(atoms=primitive(result.atoms, effort.symprec))
        for pressure, result in cubic_crystals(potential, prototype, pressures, effort).items()
    }
    pressures = list(at)
    prototype_name = at[pressures[0]].spacegroup
    branches = {prototype_name: list(at.values())}
    found = [
        (candidate, times)
        for candidate, times in distinct(c for c in candidates if c.relaxed.pressure in at)
        if not same_crystal(candidate.relaxed, at[candidate.relaxed.pressure])
    ]
    chosen = _chosen(found, phases, keep, at)
    labels = {}
    for number, candidate in enumerate(chosen, 1):
        start = candidate.relaxed
        if any(
            result.pressure == start.pressure and same_crystal(result, start) for b in branches.values() for result in b
        ):
            continue
        log.info("following crystal %d/%d (%s) to %d pressures", number, len(chosen), start.spacegroup, len(pressures))
        branch = _follow(potential, start, pressures, effort)
        label = _label(start.spacegroup, branches)
        branches[label], labels[id(candidate)] = branch, label
    table, structures = _tabulate(branches, [prototype_name, *phases])
    rows = [
        {
            "pressure": candidate.relaxed.pressure,
            "relative_enthalpy": candidate.relaxed.enthalpy - at[candidate.relaxed.pressure].enthalpy,
            "volume": candidate.relaxed.volume,
            "spacegroup": candidate.relaxed.spacegroup,
            "atoms": len(candidate.relaxed.atoms),
            "times": times,
            "origin": candidate.origin,
            "phase": labels.get(id(candidate), ""),
        }
        for candidate, times in found
    ]
    columns = ["pressure", "relative_enthalpy", "volume", "spacegroup", "atoms", "times", "origin", "phase"]
    return Enthalpies(table, structures, pd.DataFrame(rows, columns=columns))


def _chosen(found: list[tuple[Candidate, int]], phases: list[str], keep: int, cubic: dict[float, Relaxed]):
    """Candidates to be followed: the lowest of each phase, then the lowest of all, lowest relative enthalpy first."""

    def relative(candidate: Candidate) -> float:
        return candidate.relaxed.enthalpy - cubic[candidate.relaxed.pressure].enthalpy

    ranked = sorted((candidate for candidate, _ in found), key=relative)
    named = [next((c for c in ranked if c.relaxed.spacegroup == phase), None) for phase in phases]
    chosen = [candidate for candidate in named if candidate is not None]
    for pressure in sorted({candidate.relaxed.pressure for candidate in ranked}):
        chosen += [candidate for candidate in ranked if candidate.relaxed.pressure == pressure][:keep]
    return list({id(candidate): candidate for candidate in chosen}.values())


def _label(spacegroup: str, taken: Iterable[str]) -> str:
    label, number = spacegroup, 1
    while label in taken:
        number += 1
        label = f"{spacegroup} #{number}"
    return label


def _follow(potential, found: Relaxed, pressures: list[float], effort: Effort) -> list[Relaxed]:
    """The branch through ``found``, relaxed outwards from the pressure at which it was found."""
    branch = {found.pressure: found}
    upwards = [p for p in pressures if p > found.pressure]
    downwards = [p for p in reversed(pressures) if p < found.pressure]
    for direction in (upwards, downwards):
        start = found.atoms
        for pressure in direction:
            result = relax(potential, start, pressure, *effort)
            if result is None:
                log.warning("%s followed to %g GPa: it collapses, left out from there", found.spacegroup, pressure)
                break
            log.info("%s followed to %g GPa: %s", found.spacegroup, pressure, result.spacegroup)
            start = result.atoms
            branch[pressure] = result._replace(atoms=primitive(result.atoms, effort.symprec))
    return [branch[pressure] for pressure in sorted(branch)]


def _tabulate(branches: dict[str, list[Relaxed]], kept_whole: list[str]) -> tuple[pd.DataFrame, list[Atoms]]:
    """Rows and structures of the branches, without points of a branch that are one of those before it."""
    rows, structures, listed = [], [], []
    for label, branch in branches.items():
        for result in branch:
            merged = any(result.pressure == other.pressure and same_crystal(result, other) for other in listed)
            if merged and label not in kept_whole:
                continue
            listed.append(result)
            rows.append({"phase": label, **{k: v for k, v in result._asdict().items() if k != "atoms"}})
            result.atoms.info = {"phase": label, "pressure": result.pressure}
            structures.append(result.atoms)
    columns = ["phase", "pressure", "enthalpy", "volume", "spacegroup", "converged"]
    return pd.DataFrame(rows, columns=columns), structures


def committee_columns(committee: Committee, structures: list[Atoms]) -> pd.DataFrame:
    """What the members of a committee say about crystals, one row each.

    Returns
    -------
    pandas.DataFrame
        force_deviation (eV/Å, `committee.force_deviation`), and member_1, member_2, ...: each member's energy (eV/atom). The
        spread of their *differences* between two crystals is the uncertainty of an enthalpy difference.
    """
    rows = []
    for atoms in structures:
        energies, forces = committee.evaluate(atoms)
        members = {f"member_{number}": e / len(atoms) for number, e in enumerate(energies[:, 0], 1)}
        rows.append({"force_deviation": force_deviation(forces)[0], **members})
    return pd.DataFrame(rows)


# --- a check by DFT -------------------------------------------------------------------------------------------------------


def frames_to_check(table: pd.DataFrame, structures: list[Atoms], count: int) -> list[Atoms]:
    """The prototype and the ``count`` lowest other crystals of `enthalpies` at the lowest, middle and highest pressure.

    These are pressures within the potential's training; where the column ``beyond_training`` of the table tells of others,
    the highest of them at which there is another crystal comes besides, to show how far it can be followed. Of rows with one
    space group that agree in enthalpy and volume, as two starts that relaxed to one crystal do, the first is taken.

    Returns
    -------
    list of ase.Atoms
        Per pressure the prototype first; ``info``: phase, pressure, spacegroup, also (other phases that relaxed to the same
        crystal, separated by semicolons; not if there are none), relative_enthalpy (eV/atom, by the potential) and origin (a
        text that names the frame).
    """
    prototype, frames = table["phase"].iloc[0], []
    beyond = table.get("beyond_training", pd.Series(0.0, index=table.index)) > 0
    pressures = sorted(table.loc[~beyond, "pressure"].unique())
    farthest = table.loc[beyond & (table["phase"] != prototype), "pressure"].max()
    chosen = [*search_pressures(pressures), pressures[-1], *([] if np.isnan(farthest) else [farthest])]
    for pressure in dict.fromkeys(chosen):
        rows = table[table["pressure"] == pressure].sort_values("enthalpy", kind="stable")
        first = rows[rows["phase"] == prototype]
        others = _distinct(rows[rows["spacegroup"] != first["spacegroup"].iloc[0]]).head(count)
        for index, row in pd.concat([first.assign(also=""), others]).iterrows():
            atoms = structures[index].copy()
            atoms.info = {
                "phase": row["phase"],
                "pressure": pressure,
                "spacegroup": row["spacegroup"],
                **({"also": row["also"]} if row["also"] else {}),  # extended XYZ has no empty texts
                "relative_enthalpy": row["enthalpy"] - first["enthalpy"].iloc[0],
                "origin": f"{row['phase']} at {pressure:g} GPa",
            }
            frames.append(atoms)
    return frames


def _distinct(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows without those whose crystal an earlier row has; ``also``: the phases of these."""
    kept: dict[int, list[str]] = {}
    for index, row in rows.iterrows():
        same = (
            other
            for other in kept
            if row["spacegroup"] == rows.at[other, "spacegroup"]
            and abs(row["enthalpy"] - rows.at[other, "enthalpy"]) < ONE_ENTHALPY
            and abs(row["volume"] / rows.at[other, "volume"] - 1) < ONE_VOLUME
        )
        first = next(same, None)
        if first is None:
            kept[index] = []
        else:
            kept[first].append(row["phase"])
    return rows.loc[list(kept)].assign(also=["; ".join(names) for names in kept.values()])


def check_table(frames: list[Atoms], labels: list[dict], potential: str) -> pd.DataFrame:
    """Enthalpies of `frames_to_check` by DFT at the potential's geometry, relative to the prototype, beside the potential's.

    E + P V at the potential's V is above DFT's H(P) by (P - P_DFT)² V/2B to second order, ``second_order``, which is taken off:
    0.1 meV/atom for 5 GPa, 10 for 30. B is DFT's for the prototype, from its pressures at different volumes; checked at one
    pressure only, it is not known, and neither is ``second_order``.

    Parameters
    ----------
    labels
        DFT's, in the order of the frames: energy (eV), forces (eV/Å), virial (eV) of the cell.
    potential
        Name of the potential that relaxed the frames, with the start of its file's digest.
    """
    rows, prototype = [], None
    for atoms, label in zip(frames, labels, strict=True):
        pressure, volume = atoms.info["pressure"], atoms.get_volume() / len(atoms)
        energy = label["energy"] / len(atoms)
        enthalpy = energy + pressure * units.GPa * volume
        if prototype is None or prototype[0] != pressure:
            prototype = (pressure, enthalpy)
        rows.append(
            {
                "potential": potential,
                "phase": atoms.info["phase"],
                "pressure": pressure,
                "also": atoms.info.get("also", ""),
                "spacegroup": atoms.info["spacegroup"],
                "atoms": len(atoms),
                "volume": volume,
                "energy": energy,
                "pressure_dft": np.trace(label["virial"]) / 3 / atoms.get_volume() / units.GPa,
                "max_force": np.linalg.norm(label["forces"], axis=1).max(),
                "relative_enthalpy_dft": enthalpy - prototype[1],
                "relative_enthalpy_potential": atoms.info["relative_enthalpy"],
            }
        )
    table = pd.DataFrame(rows)
    table["second_order"] = _second_order(table)
    first = table.groupby("pressure")["second_order"].transform("first")  # the prototype's
    table["relative_enthalpy_dft"] -= (table["second_order"] - first).fillna(0.0)
    return table


def _second_order(table: pd.DataFrame) -> pd.Series:
    """(P - P_DFT)² V/2B in eV/atom of the rows of a check; NaN without two pressures of the prototype."""
    prototype = table[table["phase"] == table["phase"].iloc[0]].sort_values("pressure_dft")
    if len(prototype) < 2:
        return pd.Series(np.nan, index=table.index)
    pressure = prototype["pressure_dft"].to_numpy()
    modulus = -np.gradient(pressure, np.log(prototype["volume"].to_numpy()))
    modulus = np.interp((table["pressure"] + table["pressure_dft"]) / 2, pressure, modulus)
    return (table["pressure"] - table["pressure_dft"]) ** 2 * table["volume"] * units.GPa / (2 * modulus)
