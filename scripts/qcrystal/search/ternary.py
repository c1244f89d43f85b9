"""The search over compositions, from starts to the table of candidates. Å, eV, GPa, THz."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from ase import Atoms, units
from ase.calculators.calculator import Calculator
from phonopy.phonon.mesh import Mesh

from qcrystal.crystal.cells import primitive_cell
from qcrystal.crystal.formulas import HYDROGEN, Space
from qcrystal.crystal.prototype import Prototype
from qcrystal.crystal.symmetry import reduced_primitive_cell, symmetry_dataset
from qcrystal.errors import Problem
from qcrystal.io.structures import read_structures
from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.committee import Committee
from qcrystal.search.cages import cage_text, lone_fraction
from qcrystal.search.candidates import Candidate, distinct
from qcrystal.search.compositions import Composition, compositions
from qcrystal.search.funnel import Thresholds, drawn_rejects, passed
from qcrystal.search.generate import Start, at_volume, orderings, random_start
from qcrystal.search.hull import HullError, Phase, above_hull, decomposition, diagram, propagated
from qcrystal.search.loops import Recorder
from qcrystal.search.stand_in import LennardJonesMixture
from qcrystal.search.turns import read_scales
from qcrystal.statics.phonons import PhononSettings, lattice_dynamics
from qcrystal.statics.relax import Effort, Shortest, relax

log = logging.getLogger(__name__)

TOLERANCES = {"": 0.05, "_tight": 0.01, "_loose": 0.1}
"""Å, of the space group's number: that of the funnel, and two that show whether it depends on it."""
START_SCALES = (1.0, 0.93, 1.07, 0.86)
"""Of the lattice constants from which references are relaxed, in turn: a step of a quarter of a cell ends a relaxation."""
DFT_STAND_IN = 1.01
"""Factor of the distances of the stand-in for DFT: another potential than the one that searches."""
STAND_IN_COMMITTEE = (1.0, 1.002, 0.998)
"""The same of the stand-ins for a committee."""


def search_potential(
    model: Sequence[Path], engine: Any, stand_in: Mapping[str, Any] | None, scale: float = 1.0
) -> Calculator:
    """The potential of a search: the trained one, or its stand-in where there is one.

    ``scale`` is that of a stand-in without a file of `fitted_stand_in`; the first scale of such a file is its own.
    """
    if not stand_in:
        return DeepPotential(Path(model[0]), engine)
    return LennardJonesMixture(stand_in, read_scales(Path(model[0]))[0] if model else scale)


def by_committee(
    models: Sequence[Path], engine: Any, stand_in: Mapping[str, Any] | None, crystals: Sequence[Atoms]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Energies (M, n), eV, and of each crystal forces (M, N, 3), eV/Å, by every member of the committee or of its stand-in."""
    scales = () if not stand_in else read_scales(Path(models[0])) if models else STAND_IN_COMMITTEE
    if not crystals:
        return np.empty((len(scales or models), 0)), []
    if not stand_in:
        return Committee(models, engine).evaluate_crystals(crystals)
    members = [LennardJonesMixture(stand_in, scale) for scale in scales]
    energies = np.array([[member.get_potential_energy(atoms) for atoms in crystals] for member in members])
    forces = [np.array([member.get_forces(atoms) for member in members]) for atoms in crystals]
    return energies, forces


def counts_of(atoms: Atoms) -> dict[str, int]:
    """Atoms of each element."""
    symbols = atoms.get_chemical_symbols()
    return {element: symbols.count(element) for element in dict.fromkeys(symbols)}


def composition_table(elements: Sequence[str], space: Space, max_atoms: int) -> pd.DataFrame:
    """Every composition that is searched: formula, first, second, m, n, x, atoms, reduced (its formula unit)."""
    found = list(compositions(elements, space, max_atoms))
    return pd.DataFrame(
        [{"formula": one.formula, **one._asdict(), "atoms": one.atoms, "reduced": one.reduced.formula} for one in found]
    )


class References(NamedTuple):
    """Relaxed crystals, and their ``table``: name, formula, enthalpy, volume, spacegroup, converged, left_out."""

    table: pd.DataFrame
    crystals: list[Atoms]


def relaxed_references(
    potential: Calculator,
    prototypes: Mapping[str, Prototype],
    pressure: float,
    effort: Effort,
    smallest_part: float = 0.0,
) -> References:
    """Reference crystals relaxed within their space groups at a pressure.

    A crystal that collapses is left out, with a warning. The potential does not hold there, and its enthalpy would be too low.
    The column ``left_out`` of every row names those crystals, separated by semicolons.

    Parameters
    ----------
    smallest_part
        Of the volume at the prototype's own lattice constant; a crystal that shrinks below it has collapsed.

    Raises
    ------
    HullError
        No crystal of an element is left, so that the hull has no end.
    """
    rows, crystals, left_out = [], [], []
    for name, prototype in prototypes.items():
        own = primitive_cell(prototype, prototype.lattice_constant)
        smallest = smallest_part * own.get_volume() / len(own)
        starts = (primitive_cell(prototype, scale * prototype.lattice_constant) for scale in START_SCALES)
        tries = (relax(potential, start, pressure, effort, True, smallest_volume=smallest) for start in starts)
        found = next((one for one in tries if one is not None), None)
        if found is None:
            log.warning("%s collapses at %g GPa with this potential, left out of the hull", name, pressure)
            left_out.append(name)
            continue
        log.info("%s: %.4f eV/atom, %.3f Å³/atom, %s", name, found.enthalpy, found.volume, found.spacegroup)
        rows.append({"name": name, "formula": str(found.atoms.symbols), "enthalpy": found.enthalpy})
        rows[-1] |= {"volume": found.volume, "spacegroup": found.spacegroup, "converged": found.converged}
        crystals.append(_told(found.atoms, {"name": name}))
    elements = {site.element for one in prototypes.values() for site in one.sites}
    for element in sorted(elements - {c.symbols[0] for c in crystals if len(set(c.symbols)) == 1}):
        lost = (
            f"no crystal of {element} is left at {pressure:g} GPa; with this potential collapse {', '.join(left_out)}"
        )
        raise HullError(Problem("", "references", lost, "use other starts, or another potential"))
    return References(pd.DataFrame(rows).assign(left_out="; ".join(left_out)), crystals)


def _told(atoms: Atoms, info: dict[str, Any]) -> Atoms:
    """The bare crystal with what is to be known of it."""
    bare = Atoms(atoms.get_chemical_symbols(), positions=atoms.positions, cell=atoms.cell, pbc=True)
    bare.info = info
    return bare


def reference_phases(table: pd.DataFrame, crystals: Sequence[Atoms], enthalpies: Sequence[float] = ()) -> list[Phase]:
    """References as phases of the hull, with other enthalpies (eV/atom) if given."""
    values = enthalpies if len(enthalpies) else table["enthalpy"]
    return [Phase(n, counts_of(a), float(h)) for n, a, h in zip(table["name"], crystals, values, strict=True)]


class ExpectedVolumes:
    """Volumes (Å³/atom) of the references that compositions fall apart into; their hull is made once."""

    def __init__(self, references: References, elements: Iterable[str]):
        self.known = diagram(reference_phases(*references), elements)
        self.volumes = dict(zip(references.table["name"], references.table["volume"], strict=True))

    def of(self, counts: Mapping[str, int]) -> float:
        """The volume for so many atoms of each element."""
        shares = decomposition(Phase("", counts, 0.0), self.known)
        return float(sum(share * self.volumes[name] for name, share in shares.items()))


def random_starts(
    table: pd.DataFrame,
    numbers: Iterable[int],
    references: References,
    groups: Sequence[int],
    shortest: Shortest,
    seed: int,
) -> list[Start]:
    """Random starts by number: number n is of composition n modulo their number, whatever batch it is in."""
    found = []
    expected = ExpectedVolumes(references, list(dict.fromkeys([*table["first"], *table["second"], HYDROGEN])))
    for number in numbers:
        row = table.iloc[number % len(table)]
        composition = Composition(row["first"], row["second"], int(row["m"]), int(row["n"]), int(row["x"]))
        rng = np.random.default_rng([seed, number])
        volume = expected.of(composition.counts)
        start = random_start(composition, groups, volume, shortest, rng)
        log.info("start %d, %s: %s", number, composition.formula, start.origin if start else "no crystal")
        if start:
            found.append(start)
    return found


def ordered_starts(
    name: str, prototype: Prototype, pairs: Iterable[Sequence[str]], metals: int, references: References
) -> list[Start]:
    """All orderings of each pair on a prototype, at the volume of the references."""
    found = []
    for pair in pairs:
        elements = [*pair, HYDROGEN]
        chosen = [set(counts_of(crystal)) <= set(elements) for crystal in references.crystals]
        crystals = [crystal for crystal, keep in zip(references.crystals, chosen, strict=True) if keep]
        expected = ExpectedVolumes(References(references.table[chosen], crystals), elements)
        for start in orderings(prototype, name, pair, metals):
            found.append(at_volume(start, expected.of(counts_of(start.atoms))))
    return found


def write_starts(starts: Iterable[Start]) -> list[Atoms]:
    """Starts as frames whose ``info`` says their origin."""
    return [_told(start.atoms, {"origin": start.origin}) for start in starts]


class RelaxedStarts(NamedTuple):
    """Relaxed starts: ``found`` (those that converge), ``counts`` (how many had each fate), ``paths`` (frames on their way)."""

    found: list[Candidate]
    counts: pd.DataFrame
    paths: list[Atoms]


def relaxed_starts(potential: Calculator, frames: Sequence[Atoms], pressure: float, effort: Effort) -> RelaxedStarts:
    """Relax starts freely. The table of counts has origin, pressure, fate, number."""
    found, fates, paths, recorder = [], [], [], Recorder(potential)
    for number, frame in enumerate(frames, 1):
        recorder.begin(origin=frame.info["origin"])
        result = relax(recorder, frame, pressure, effort)
        paths += recorder.frames
        fate = "collapsed" if result is None else "kept" if result.converged else "not converged"
        fates.append({"origin": frame.info["origin"].split()[0], "pressure": pressure, "fate": fate, "number": 1})
        if result is not None and result.converged:
            smaller = reduced_primitive_cell(result.atoms, effort.symprec)
            found.append(Candidate(result._replace(atoms=smaller), frame.info["origin"]))
        log.info("start %d/%d, %s: %s", number, len(frames), frame.symbols, fate)
    counts = pd.DataFrame(fates, columns=["origin", "pressure", "fate", "number"])
    return RelaxedStarts(found, counts.groupby(["origin", "pressure", "fate"])["number"].sum().reset_index(), paths)


class Candidates(NamedTuple):
    """Different crystals: ``table``, a row each, and ``crystals`` in the same order."""

    table: pd.DataFrame
    crystals: list[Atoms]


def candidate_table(
    found: Sequence[Candidate],
    references: References,
    elements: Sequence[str],
    thresholds: Thresholds,
    error: float,
    draws: int,
    seed: int,
) -> Candidates:
    """The different relaxed crystals with all that the funnel tests before phonons.

    Returns
    -------
    Candidates
        The columns of the table are those of the schema ``ternary_candidates``. ``error`` (eV/atom) makes the interval of
        the energy above the hull. ``lost`` is the share of the draws in which F1 rejects the candidate.

    Raises
    ------
    HullError
        There is no candidate.
    """
    if not found:
        raise HullError("no start converged; raise ternary.starts or ternary.max_relaxation_steps of the scale")
    by_formula: dict[str, list[Candidate]] = {}
    for one in found:
        by_formula.setdefault(one.relaxed.atoms.get_chemical_formula(empirical=True), []).append(one)
    kept = [pair for name in sorted(by_formula) for pair in distinct(by_formula[name])]
    phases = [
        Phase(f"{one.relaxed.atoms.symbols}-{number}", counts_of(one.relaxed.atoms), one.relaxed.enthalpy)
        for number, (one, _) in enumerate(kept, 1)
    ]
    known, ends = reference_phases(*references), [*elements, HYDROGEN]
    above = above_hull(phases, known, ends)
    noisy = propagated(phases, known, error, ends, draws, seed)
    whole = diagram(known, ends)
    rows = []
    for phase, (one, times), height, drawn in zip(phases, kept, above, noisy.T, strict=True):
        relaxed = one.relaxed
        row: dict[str, Any] = {"name": phase.name, "formula": str(relaxed.atoms.symbols), "atoms": len(relaxed.atoms)}
        row |= {"origin": one.origin, "times": times, "enthalpy": relaxed.enthalpy, "volume": relaxed.volume}
        row |= {"above_hull": height, "above_hull_low": np.quantile(drawn, 0.025)}
        row |= {"above_hull_high": np.quantile(drawn, 0.975), "lost": float(np.mean(drawn > thresholds.hull))}
        row |= {"spacegroup": relaxed.spacegroup, **group_numbers(relaxed.atoms)}
        row["hh_fraction"] = lone_fraction(relaxed.atoms, thresholds.hh_distance)
        row["decomposition"] = " + ".join(f"{share:.3f} {name}" for name, share in decomposition(phase, whole).items())
        row["cages"] = cage_text(relaxed.atoms)
        rows.append(row)
    crystals = [_told(one.relaxed.atoms, {"name": phase.name}) for phase, (one, _) in zip(phases, kept, strict=True)]
    return Candidates(pd.DataFrame(rows), crystals)


def group_numbers(atoms: Atoms) -> dict[str, int]:
    """Numbers of the space group at each of `TOLERANCES`; 1 where spglib gives up."""
    found = {suffix: symmetry_dataset(atoms, symprec) for suffix, symprec in TOLERANCES.items()}
    return {f"spacegroup_number{suffix}": 1 if data is None else int(data.number) for suffix, data in found.items()}


def lowest_frequencies(
    potential: Calculator, candidates: Candidates, thresholds: Thresholds, least: float
) -> pd.DataFrame:
    """Lowest phonon frequency of each candidate that passes F1 to F3.

    Parameters
    ----------
    least
        Å, length of the supercell's vectors at least. Frequencies are those of all wave vectors that fit into it.

    Returns
    -------
    pandas.DataFrame
        name, lowest_frequency (THz; negative: imaginary), supercell.
    """
    rows = []
    for number in np.flatnonzero(passed(_with_missing(candidates.table), thresholds, 3)):
        atoms = candidates.crystals[number]
        a, b, c = (int(np.ceil(least / length)) for length in atoms.cell.lengths())
        repeat = (a, b, c)
        model = lattice_dynamics(potential, atoms, PhononSettings(repeat))
        model.run_mesh(repeat, is_gamma_center=True)
        lowest = float(np.min(cast(Mesh, model.mesh).frequencies))
        rows.append({"name": candidates.table["name"].iloc[number], "lowest_frequency": lowest})
        rows[-1]["supercell"] = "x".join(map(str, repeat))
        log.info("%s: lowest frequency %.2f THz", rows[-1]["name"], lowest)
    return pd.DataFrame(rows, columns=["name", "lowest_frequency", "supercell"])


def _with_missing(table: pd.DataFrame) -> pd.DataFrame:
    """The table with empty columns for what is not known yet."""
    absent = {name: np.nan for name in ("lowest_frequency", "above_hull_dft") if name not in table}
    return table.assign(**absent)


class DftSample(NamedTuple):
    """How many candidates DFT tests: ``rejects`` of each stage, ``survivors`` at most, of ``atoms`` at most (None: no bound)."""

    rejects: int
    survivors: int | None = None
    atoms: int | None = None


def frames_for_dft(
    candidates: Candidates,
    phonons: pd.DataFrame,
    references: References,
    thresholds: Thresholds,
    tested: DftSample,
    seed: int,
) -> list[Atoms]:
    """Crystals that DFT tests: references, candidates that pass F1 to F4, and a sample of every stage's rejects.

    Of too many survivors those nearest to the hull are taken. ``info`` of each crystal says name, part (reference, survivor,
    or the stage that rejected it) and, for its label, the origin.
    """
    table = _with_missing(candidates.table.merge(phonons, on="name", how="left"))
    if tested.atoms is not None:
        table = table[table["atoms"] <= tested.atoms]
    drawn = drawn_rejects(table, thresholds, tested.rejects, seed)
    parts = dict(zip(drawn["name"], drawn["stage"], strict=True))
    left = table[passed(table, thresholds, 4)].sort_values("above_hull", kind="stable")
    parts |= dict.fromkeys(left["name"].iloc[: tested.survivors], "survivor")
    by_name = dict(zip(candidates.table["name"], candidates.crystals, strict=True))
    chosen = [(atoms.info["name"], "reference", atoms) for atoms in references.crystals]
    chosen += [(name, part, by_name[name]) for name, part in parts.items()]
    return [_told(atoms, {"name": name, "part": part, "origin": f"ternary {name}"}) for name, part, atoms in chosen]


def dft_table(
    frames: Sequence[Atoms], energies: Sequence[float], pressure: float, elements: Sequence[str]
) -> pd.DataFrame:
    """Energies above the hull by DFT at the potential's geometries, on a hull of DFT's own.

    E + PV at a volume whose DFT pressure is P' is above DFT's enthalpy by (P − P')² V/2B, which is left in.

    Parameters
    ----------
    energies
        eV of each frame.

    Returns
    -------
    pandas.DataFrame
        name, part, formula, enthalpy_dft, above_hull_dft (eV/atom). No row where DFT tested nothing.
    """
    enthalpies = [
        energy / len(atoms) + pressure * units.GPa * atoms.get_volume() / len(atoms)
        for atoms, energy in zip(frames, energies, strict=True)
    ]
    phases = [
        Phase(atoms.info["name"], counts_of(atoms), enthalpy)
        for atoms, enthalpy in zip(frames, enthalpies, strict=True)
    ]
    return pd.DataFrame(
        {
            "name": [phase.name for phase in phases],
            "part": [atoms.info["part"] for atoms in frames],
            "formula": [str(atoms.symbols) for atoms in frames],
            "enthalpy_dft": enthalpies,
            "above_hull_dft": above_hull(phases, [], [*elements, HYDROGEN], "DFT") if phases else [],
        }
    )


def joined(candidates: pd.DataFrame, phonons: pd.DataFrame, dft: pd.DataFrame) -> pd.DataFrame:
    """All candidates with what every stage of the funnel knows of them."""
    values = dft.loc[dft["part"] != "reference", ["name", "above_hull_dft"]]
    return candidates.merge(phonons, on="name", how="left").merge(values, on="name", how="left")


def read_references(table: pd.DataFrame, path: Path) -> References:
    """References from their files."""
    return References(table, read_structures(path))
