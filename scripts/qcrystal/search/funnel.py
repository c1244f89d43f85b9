"""The funnel: which candidates each stage keeps, and what it loses.

Stages F1 to F5 are those of X. Wang et al., arXiv 2502.16558 (2025). The paper does not look at what they reject. Here a sample
of each stage's rejects is tested by DFT. The share of wrong ones comes with its Clopper-Pearson interval.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import beta

from qcrystal.errors import QcrystalError


class FunnelError(QcrystalError, ValueError):
    """Numbers that make no funnel; one line."""


class Thresholds(NamedTuple):
    """Of the stages.

    Attributes
    ----------
    hull : float
        F1 and F5: energy above the hull at most, eV/atom.
    minimum_spacegroup : int
        F2: the space group's number is above this.
    hh_distance, hh_fraction : float
        F3: more than this share of the hydrogen atoms have no other one nearer than this (Å).
    imaginary : float
        F4: no mode is imaginary beyond this, THz.
    """

    hull: float
    minimum_spacegroup: int
    hh_distance: float
    hh_fraction: float
    imaginary: float


class Stage(NamedTuple):
    """A stage: what it tests, the column that it reads, and how far beyond its threshold a value is (above 0: rejected)."""

    name: str
    test: str
    column: str
    excess: Callable[[pd.Series, Thresholds], pd.Series]


SEARCHED_WITH = ("potential", "frames")
"""Columns that say what a search was done with: a trained potential and the frames behind it, or a stand-in."""

STAGES = (
    Stage("F1", "energy above the hull, potential", "above_hull", lambda v, t: v - t.hull),
    Stage("F2", "space group", "spacegroup_number", lambda v, t: t.minimum_spacegroup + 1.0 - v),
    Stage("F3", "H-H distances", "hh_fraction", lambda v, t: np.nextafter(t.hh_fraction, 1) - v),
    Stage("F4", "imaginary phonons", "lowest_frequency", lambda v, t: -t.imaginary - v),
    Stage("F5", "energy above the hull, DFT", "above_hull_dft", lambda v, t: v - t.hull),
)


def told(found: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """``found`` with the columns of `SEARCHED_WITH` that the table of its candidates has."""
    return found.assign(**{name: table[name].iloc[0] for name in SEARCHED_WITH if name in table})


def passed(table: pd.DataFrame, thresholds: Thresholds, stages: int = len(STAGES)) -> pd.Series:
    """Candidates that pass the first stages, all of them by default. A value that is missing does not pass."""
    keep = pd.Series(True, index=table.index)
    for stage in STAGES[:stages]:
        keep &= stage.excess(table[stage.column], thresholds) <= 0
    return keep


def survivors(table: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """Number of candidates that each stage tests and keeps.

    Parameters
    ----------
    table
        A row per candidate with the columns of `STAGES`; values behind a stage that rejected a candidate may be missing.

    Returns
    -------
    pandas.DataFrame
        stage, test, tested, untested (reached the stage but have no value), kept, share (kept of tested).
    """
    rows = [{"stage": "F0", "test": "relaxed structures", "tested": len(table), "untested": 0, "kept": len(table)}]
    reached = pd.Series(True, index=table.index)
    for stage in STAGES:
        values = table[stage.column].where(reached)
        tested = int(values.notna().sum())
        kept = stage.excess(values, thresholds) <= 0
        untested = int(reached.sum()) - tested
        rows.append({"stage": stage.name, "test": stage.test, "tested": tested, "untested": untested})
        rows[-1]["kept"] = int(kept.sum())
        reached &= kept
    found = pd.DataFrame(rows)
    return found.assign(share=found["kept"] / found["tested"].where(found["tested"] > 0))


def clopper_pearson(wrong: int, drawn: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact interval of a share of which ``wrong`` of ``drawn`` were seen.

    [C. J. Clopper, E. S. Pearson, Biometrika 26, 404 (1934)]

    Raises
    ------
    FunnelError
        There cannot be so many.
    """
    if not 0 <= wrong <= drawn:
        raise FunnelError(f"{wrong} wrong ones among {drawn} cannot be; count again")
    tail = (1 - confidence) / 2
    low = 0.0 if wrong == 0 else float(beta.ppf(tail, wrong, drawn - wrong + 1))
    high = 1.0 if wrong == drawn else float(beta.ppf(1 - tail, wrong + 1, drawn - wrong))
    return low, high


def rejects(table: pd.DataFrame, thresholds: Thresholds, stage: int) -> pd.DataFrame:
    """Candidates that reach a stage (from 0 for F1) and are rejected by it, nearest to the threshold first.

    The column ``excess`` says how far beyond the threshold each is, in the unit of the stage's column.
    """
    excess = STAGES[stage].excess(table[STAGES[stage].column], thresholds)
    chosen = passed(table, thresholds, stage) & (excess > 0)
    return table[chosen].assign(excess=excess[chosen]).sort_values("excess", kind="stable")


def drawn_rejects(table: pd.DataFrame, thresholds: Thresholds, number: int, seed: int) -> pd.DataFrame:
    """A sample of every stage's rejects before DFT, stratified by their distance to the threshold.

    Each stage's rejects, ordered by distance, are cut into ``number`` equal parts, and one is drawn from each. All are taken
    where there are no more.

    Returns
    -------
    pandas.DataFrame
        The rows of the candidates with ``stage`` and ``excess``.
    """
    parts = []
    for index, stage in enumerate(STAGES[:-1]):
        found = rejects(table, thresholds, index)
        rng = np.random.default_rng([seed, index])
        strata = np.array_split(np.arange(len(found)), min(number, len(found))) if number and len(found) else []
        chosen = [int(rng.choice(stratum)) for stratum in strata]
        parts.append(found.iloc[chosen].assign(stage=stage.name))
    return pd.concat(parts) if parts else table.iloc[:0]


def false_rejects(
    table: pd.DataFrame, tested: pd.DataFrame, thresholds: Thresholds, confidence: float = 0.95
) -> pd.DataFrame:
    """Loss of each stage: the share of its rejects that DFT puts within the hull's threshold.

    Parameters
    ----------
    table
        All candidates, as in `survivors`.
    tested
        The drawn rejects with ``stage`` and ``above_hull_dft``; rows without a DFT value were not tested.

    Returns
    -------
    pandas.DataFrame
        stage, rejected, drawn, wrong, low and high (the interval of the share), lost, lost_low and lost_high (candidates).
    """
    rows = []
    for index, stage in enumerate(STAGES[:-1]):
        rejected = len(rejects(table, thresholds, index))
        values = tested.loc[tested["stage"] == stage.name, "above_hull_dft"].dropna()
        wrong = int((values <= thresholds.hull).sum())
        share = wrong / len(values) if len(values) else np.nan
        every = 0 < rejected == len(values)  # then the share is known
        low, high = (share, share) if every else clopper_pearson(wrong, len(values), confidence)
        rows.append({"stage": stage.name, "rejected": rejected, "drawn": len(values), "wrong": wrong, "low": low})
        rows[-1] |= {"high": high, "lost": share * rejected, "lost_low": low * rejected, "lost_high": high * rejected}
    return pd.DataFrame(rows)
