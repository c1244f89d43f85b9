"""Enthalpies of the crystals that a search found, followed over pressure. Å, eV, GPa."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from ase import Atoms

from qcrystal.crystal.symmetry import reduced_primitive_cell
from qcrystal.potential.committee import Committee, force_deviation
from qcrystal.potential.engines import Engine
from qcrystal.search.candidates import Candidate, distinct
from qcrystal.search.same_crystal import same_crystal
from qcrystal.search.settle import SearchTask
from qcrystal.statics.relax import Relaxed, relax

log = logging.getLogger(__name__)

FOUND_COLUMNS = ["pressure", "relative_enthalpy", "volume", "spacegroup", "atoms", "times", "origin", "phase"]


class Enthalpies(NamedTuple):
    """``table`` (a row per phase and pressure), its ``structures`` in the same order, ``found`` (every different crystal)."""

    table: pd.DataFrame
    structures: list[Atoms]
    found: pd.DataFrame


def enthalpies(task: SearchTask, candidates: Iterable[Candidate], phases: Sequence[str], keep: int) -> Enthalpies:
    """Static enthalpies of the prototype and of what the search found, against pressure ([Qin] fig. 1a).

    Of the different crystals at each pressure of the search, the ``keep`` lowest are followed to all pressures of the
    task. So is the lowest of each space group in ``phases``. Each relaxation starts from the last one's result.

    Parameters
    ----------
    candidates
        From `random_candidates` and `distorted_candidates`.

    Returns
    -------
    Enthalpies
        - table: phase, pressure (GPa), enthalpy (eV/atom), volume (Å³/atom), spacegroup, converged. ``phase`` is the branch,
          named by its space group where it was found, a second one of the same space group "C2/m #2". ``spacegroup`` is what
          it is at this pressure, so R-3m that merges with the cubic phase says Fm-3m there. Points where a branch that is not
          among ``phases`` is one of those before it are left out, and so are points where it collapses.
        - structures: ``info`` holds phase and pressure.
        - found: a row per different crystal. Columns are pressure, relative_enthalpy (eV/atom, to the prototype), volume,
          spacegroup, atoms, times (found), origin (of the first), phase. ``phase`` is empty where it was not followed.
    """
    known = {
        pressure: result._replace(atoms=reduced_primitive_cell(result.atoms, task.effort.symprec))
        for pressure, result in task.known_crystals().items()
    }
    pressures = list(known)
    prototype_name = known[pressures[0]].spacegroup
    branches = {prototype_name: list(known.values())}
    found = [
        (candidate, times)
        for candidate, times in distinct(c for c in candidates if c.relaxed.pressure in known)
        if not same_crystal(candidate.relaxed, known[candidate.relaxed.pressure])
    ]
    chosen, labels = _chosen(found, phases, keep, known), {}
    for number, candidate in enumerate(chosen, 1):
        start = candidate.relaxed
        if any(
            result.pressure == start.pressure and same_crystal(result, start) for b in branches.values() for result in b
        ):
            continue
        log.info("following crystal %d/%d (%s) to %d pressures", number, len(chosen), start.spacegroup, len(pressures))
        branch = _follow(task, start, pressures)
        label = _label(start.spacegroup, branches)
        branches[label], labels[id(candidate)] = branch, label
    table, structures = _tabulate(branches, [prototype_name, *phases])
    rows = [
        {
            "pressure": candidate.relaxed.pressure,
            "relative_enthalpy": candidate.relaxed.enthalpy - known[candidate.relaxed.pressure].enthalpy,
            "volume": candidate.relaxed.volume,
            "spacegroup": candidate.relaxed.spacegroup,
            "atoms": len(candidate.relaxed.atoms),
            "times": times,
            "origin": candidate.origin,
            "phase": labels.get(id(candidate), ""),
        }
        for candidate, times in found
    ]
    return Enthalpies(table, structures, pd.DataFrame(rows, columns=FOUND_COLUMNS))


def _chosen(
    found: list[tuple[Candidate, int]], phases: Sequence[str], keep: int, known: dict[float, Relaxed]
) -> list[Candidate]:
    """Candidates to be followed: the lowest of each phase, then the lowest of all, lowest relative enthalpy first."""

    def relative(candidate: Candidate) -> float:
        return candidate.relaxed.enthalpy - known[candidate.relaxed.pressure].enthalpy

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


def _follow(task: SearchTask, found: Relaxed, pressures: list[float]) -> list[Relaxed]:
    """The branch through ``found``, relaxed outwards from the pressure at which it was found."""
    branch = {found.pressure: found}
    upwards = [p for p in pressures if p > found.pressure]
    downwards = [p for p in reversed(pressures) if p < found.pressure]
    for direction in (upwards, downwards):
        start = found.atoms
        for pressure in direction:
            result = relax(task.potential, start, pressure, task.effort)
            if result is None:
                log.warning("%s followed to %g GPa: it collapses, left out from there", found.spacegroup, pressure)
                break
            log.info("%s followed to %g GPa: %s", found.spacegroup, pressure, result.spacegroup)
            start = result.atoms
            branch[pressure] = result._replace(atoms=reduced_primitive_cell(result.atoms, task.effort.symprec))
    return [branch[pressure] for pressure in sorted(branch)]


def _tabulate(branches: dict[str, list[Relaxed]], kept_whole: list[str]) -> tuple[pd.DataFrame, list[Atoms]]:
    """Rows and structures of the branches, without points of a branch that are one of those before it."""
    rows: list[dict] = []
    structures: list[Atoms] = []
    listed: list[Relaxed] = []
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


def committee_columns(models: Sequence[Path], structures: Sequence[Atoms], engine: Engine = "native") -> pd.DataFrame:
    """Each committee member's opinion of crystals, one row per crystal.

    Parameters
    ----------
    models
        Files of the committee's potentials; a single one has no opinion of its own.
    engine
        What evaluates them.

    Returns
    -------
    pandas.DataFrame
        force_deviation (eV/Å, `committee.force_deviation`), and member_1, member_2, ...: each member's energy (eV/atom). The
        spread of their *differences* between two crystals is the uncertainty of an enthalpy difference. No columns for
        fewer than two models.
    """
    if len(models) < 2:
        return pd.DataFrame(index=range(len(structures)))
    return opinions(Committee([Path(path) for path in models], engine), structures)


def opinions(committee: Committee, structures: Sequence[Atoms]) -> pd.DataFrame:
    """The columns of `committee_columns` from a committee that is loaded already."""
    if not structures:
        return pd.DataFrame()
    rows = []
    energies, forces = committee.evaluate_crystals(structures)
    for atoms, energy, force in zip(structures, energies.T, forces, strict=True):
        members = {f"member_{number}": e / len(atoms) for number, e in enumerate(energy, 1)}
        rows.append({"force_deviation": force_deviation(force[:, None])[0], **members})
    return pd.DataFrame(rows)
