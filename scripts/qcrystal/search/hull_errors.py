"""Errors of enthalpies carried to the hull: what a cut of the energy above it loses, and how sure the funnel's counts are.

An error has two parts. Every crystal has a scatter of its own. Crystals of one chemical system, say all of Ca-H, share an
offset. What is linear in composition cancels in a hull, as do the offsets of elements. Energies are eV per atom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from ase import Atoms, units
from ase.formula import Formula

from qcrystal.search.energy_errors import Errors, committee_errors, measured, system_of
from qcrystal.search.funnel import STAGES, Thresholds
from qcrystal.search.hull import Phase, above_hull, committee_above_hull

ON_HULL = 1e-4
"""eV/atom: a phase no higher is on the hull."""
SAME = 1e-3
"""eV/atom: a reference so near a candidate of its composition is that candidate, found again: both have one error."""
REACH = 6.0
"""Phases above the cut by more than so many standard errors are left out: no draw brings them to it."""
LADDER = (0.1, 0.2, 0.4, 0.75, 1.0)
"""Errors over the cut for which losses are told. Three quarters are 37.5 meV/atom against a cut of 50."""
INTERVAL = (0.025, 0.5, 0.975)


def drawn_enthalpies(phases: Sequence[Phase], errors: Errors, draws: int, seed: int) -> np.ndarray:
    """Enthalpies with random errors, (draws, len(phases)): normal offsets of systems and normal scatter of crystals."""
    rng = np.random.default_rng(seed)
    _, system = np.unique([system_of(phase.counts) for phase in phases], return_inverse=True)
    offsets = rng.normal(scale=errors.offset, size=(draws, int(system.max()) + 1))
    scatter = rng.normal(scale=errors.scatter, size=(draws, len(phases)))
    return np.array([phase.enthalpy for phase in phases]) + offsets[:, system] + scatter


class Search(NamedTuple):
    """What a search found: ``table`` of candidates as `funnel.survivors` takes it, ``phases`` in its order, ``references``."""

    table: pd.DataFrame
    phases: list[Phase]
    references: list[Phase]
    elements: list[str]

    @property
    def counts(self) -> list[Mapping[str, int]]:
        """Atoms of every candidate and then of every reference."""
        return [phase.counts for phase in (*self.phases, *self.references)]


def search_of(table: pd.DataFrame, references: pd.DataFrame) -> Search:
    """The search behind the tables ``ternary_all`` and ``ternary_references``."""
    both = [[_phase(row) for row in each.to_dict("records")] for each in (table, references)]
    elements = sorted({element for phase in both[1] for element in phase.counts})
    return Search(table.reset_index(drop=True), both[0], both[1], elements)


def _phase(row: Mapping[Any, Any]) -> Phase:
    return Phase(str(row["name"]), Formula(str(row["formula"])).count(), float(row["enthalpy"]))


def dft_errors(search: Search, dft: pd.DataFrame, source: str) -> Errors | None:
    """Errors of the potential, from the crystals that DFT tested; see `measured`."""
    phases = {phase.name: phase for phase in (*search.phases, *search.references)}
    tested = dft[dft["name"].isin(phases)]
    found = [phases[name] for name in tested["name"]]
    differences = tested["enthalpy_dft"].to_numpy(float) - np.array([phase.enthalpy for phase in found])
    return measured(differences, [phase.counts for phase in found], source)


def member_enthalpies(energies: np.ndarray, crystals: Sequence[Atoms], pressure: float) -> pd.DataFrame:
    """Enthalpies of crystals at one geometry by every member of a committee.

    Parameters
    ----------
    energies : (M, n) array
        eV per crystal.
    crystals
        ``info`` of each has its ``name``.
    pressure
        GPa.

    Returns
    -------
    pandas.DataFrame
        name, member (from 1), enthalpy (eV/atom).
    """
    work = np.array([pressure * units.GPa * atoms.get_volume() for atoms in crystals])
    each = (energies + work) / np.array([len(atoms) for atoms in crystals])
    names = [str(atoms.info["name"]) for atoms in crystals]
    parts = [pd.DataFrame({"name": names, "member": number, "enthalpy": row}) for number, row in enumerate(each, 1)]
    return pd.concat(parts, ignore_index=True)


def known_errors(search: Search, dft: pd.DataFrame, members: pd.DataFrame, assumed: float) -> list[Errors]:
    """The errors whose losses are told: the assumed one, and those by DFT and by the committee where they tell something.

    Parameters
    ----------
    dft
        As `qcrystal.search.ternary.dft_table`.
    members
        As `member_enthalpies`.
    assumed
        eV/atom, all of it scatter.
    """
    counts = {phase.name: phase.counts for phase in (*search.phases, *search.references)}
    spread = members.pivot(index="member", columns="name", values="enthalpy")
    found = [
        Errors("assumed", assumed, 0.0),
        dft_errors(search, dft, "DFT"),
        committee_errors(spread.to_numpy(), [counts[name] for name in spread.columns], "committee"),
    ]
    return [one for one in found if one is not None]


class Drawn(NamedTuple):
    """Energies above the hull of the candidates that may pass the cut, as they are, and in draws of their errors.

    Attributes
    ----------
    near : (n,) array of int
        Rows of these candidates.
    above : (n + k,) array
        eV/atom, of these and of the k other hydrides among the references.
    heights : (draws, n + k) array
        eV/atom, with errors.
    """

    near: np.ndarray
    above: np.ndarray
    heights: np.ndarray


def drawn(search: Search, errors: Errors, threshold: float, draws: int, seed: int) -> Drawn:
    """Draws of the energies above the hull; a reference that was found again has the error of the candidate."""
    whole = [*search.phases, *search.references]
    above = np.array(above_hull(whole, [], search.elements))
    near = np.flatnonzero(above[: len(search.phases)] <= threshold + REACH * errors.total)
    found = [search.phases[number] for number in near]
    known = [
        number
        for number, one in enumerate(whole[len(search.phases) :], len(search.phases))
        if len(one.counts) > 1 and not any(_same(one, each) for each in found)
    ]
    phases = [*found, *(whole[number] for number in known)]
    pure = [one for one in search.references if len(one.counts) == 1]
    noisy = drawn_enthalpies([*phases, *pure], errors, draws, seed)
    heights = committee_above_hull(phases, pure, noisy, search.elements)
    return Drawn(near, above[[*near, *known]], heights.reshape(draws, len(phases)))


def _same(one: Phase, other: Phase) -> bool:
    if abs(one.enthalpy - other.enthalpy) > SAME or set(one.counts) != set(other.counts):
        return False
    whole, rest = sum(one.counts.values()), sum(other.counts.values())
    return all(one.counts[element] * rest == other.counts[element] * whole for element in one.counts)


def losses(search: Search, errors: Errors, threshold: float, draws: int, seed: int) -> dict[str, Any]:
    """What F1 loses and keeps wrongly, if the enthalpies of the search are true and the potential's have these errors.

    Returns
    -------
    dict
        source, scatter, offset, crystals. stable: hydrides on the hull, candidates and references. within: candidates within
        the cut. lost_stable and lost_within: their share that F1 rejects. kept_wrong: share of the candidates that it keeps
        that are above the cut. Each share is the mean over draws. ``_low`` and ``_high`` are its 95 % interval over draws. NaN
        where there is nothing to lose.
    """
    found = drawn(search, errors, threshold, draws, seed)
    kept, own = found.heights <= threshold, np.arange(len(found.above)) < len(found.near)
    stable, within = found.above <= ON_HULL, own & (found.above <= threshold)
    row: dict[str, Any] = {**errors._asdict(), "stable": int(stable.sum()), "within": int(within.sum())}
    number = (kept & own).sum(axis=1)
    wrong = (kept & own & ~within).sum(axis=1) / np.where(number > 0, number, np.nan)
    shares = {"lost_stable": _rejected(kept, stable), "lost_within": _rejected(kept, within), "kept_wrong": wrong}
    for name, values in shares.items():
        values = values[np.isfinite(values)]
        low, high = np.quantile(values, INTERVAL[::2]) if len(values) else (np.nan, np.nan)
        row |= {name: values.mean() if len(values) else np.nan, f"{name}_low": low, f"{name}_high": high}
    return row


def _rejected(kept: np.ndarray, which: np.ndarray) -> np.ndarray:
    return 1 - kept[:, which].mean(axis=1) if which.any() else np.full(len(kept), np.nan)


def loss_table(search: Search, errors: Sequence[Errors], threshold: float, draws: int, seed: int) -> pd.DataFrame:
    """`losses` of given errors, and of a `LADDER` of scatter alone and of offsets alone."""
    ladder = [Errors("scatter alone", part * threshold, 0.0) for part in LADDER]
    ladder += [Errors("offset alone", 0.0, part * threshold) for part in LADDER]
    return pd.DataFrame([losses(search, each, threshold, draws, seed) for each in (*errors, *ladder)])


def funnel_range(search: Search, errors: Errors, thresholds: Thresholds, draws: int, seed: int) -> pd.DataFrame:
    """Counts of every stage, as other potentials with errors of this size would have found them.

    F1 takes each draw's energies above the hull, the other stages take what is known of a candidate. A draw may bring a candidate
    to F4 or F5 that was never tested there. It passes with a probability p, which is drawn as well. If k of n tested ones
    passed, p has Jeffreys' posterior, Beta(k + ½, n − k + ½).

    Returns
    -------
    pandas.DataFrame
        source, stage, kept (without errors), low, median, high (95 % interval), untested (mean number of candidates per draw
        whose test was drawn).
    """
    found = drawn(search, errors, thresholds.hull, draws, seed)
    rng = np.random.default_rng([seed, 1])
    table, number = search.table.iloc[found.near], len(found.near)
    kept, nominal = found.heights[:, :number] <= thresholds.hull, found.above[:number] <= thresholds.hull
    rows = [_range_row(errors.source, "F0", np.full(draws, len(search.table)), len(search.table), 0.0)]
    rows.append(_range_row(errors.source, "F1", kept.sum(axis=1), int(nominal.sum()), 0.0))
    for stage in STAGES[1:]:
        values = table[stage.column].to_numpy(float)
        tested = np.isfinite(values)
        passes = tested & (stage.excess(table[stage.column], thresholds) <= 0).to_numpy()
        share = rng.beta(passes.sum() + 0.5, tested.sum() - passes.sum() + 0.5, size=(draws, 1))
        guessed = rng.random(kept.shape) < share
        unknown = float((kept & ~tested).sum(axis=1).mean())
        kept, nominal = kept & np.where(tested, passes, guessed), nominal & passes
        rows.append(_range_row(errors.source, stage.name, kept.sum(axis=1), int(nominal.sum()), unknown))
    return pd.DataFrame(rows)


def _range_row(source: str, stage: str, counts: np.ndarray, kept: int, untested: float) -> dict[str, Any]:
    low, median, high = np.quantile(counts, INTERVAL)
    row = {"source": source, "stage": stage, "kept": kept, "low": low, "median": median, "high": high}
    return {**row, "untested": untested}
