"""Path integrals as judges: their runs at a state tell whether a variational calculation can hold there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from qcrystal.analysis.phases import phase
from qcrystal.io.tables import source_of
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.estimates import Estimate
from qcrystal.variational.spec import NctSpec


class Judge(NamedTuple):
    """Path integrals at one pressure and temperature.

    Attributes
    ----------
    atoms : int
        Of their cell.
    temperatures : dict
        Kinetic one of each species, K.
    reordered_share : float or None
        Share of the mean squared displacement that renaming exchanged atoms leaves; None if not known.
    distorted : str or None
        The order parameter in words, where it tells another structure.
    """

    atoms: int
    temperatures: dict[str, Estimate]
    reordered_share: float | None
    distorted: str | None


def judge(
    spec: NctSpec, summaries: Sequence[pd.DataFrame], displacements: Sequence[pd.DataFrame], atoms: int
) -> Judge | None:
    """Findings of path-integral runs at a calculation's pressure and temperature; None without runs.

    Parameters
    ----------
    summaries, displacements
        Tables ``run_summary`` and ``run_msd`` of each run.
    atoms
        Of the runs' cell.

    Raises
    ------
    VariationalError
        If the runs lack an element of this crystal, or the order parameter.
    """
    if not summaries:
        return None
    here, source = pd.concat(summaries, ignore_index=True), source_of(summaries[0])
    temperatures = {}
    for species in spec.species:
        rows = here[(here["observable"] == "temperature") & (here["species"] == species)].dropna(subset=["value"])
        if rows.empty:
            raise VariationalError(f"{source}: knows no {species}; name path integrals of this crystal in nct.sweeps")
        temperatures[species] = _mean(rows)
    shares = [share for share in map(_reordered_share, displacements) if share is not None]
    return Judge(atoms, temperatures, min(shares, default=None), _distorted(spec, here, source))


def _mean(rows: pd.DataFrame) -> Estimate:
    """Mean over replicas; the error is that of one, or infinite where none is known."""
    errors = rows["error"].fillna(float("inf"))
    return Estimate(float(rows["value"].mean()), float(errors.max()))


def _reordered_share(msd: pd.DataFrame) -> float | None:
    """Reordered over standard mean squared displacement, at the longest time that both have."""
    known = msd[msd["time"] > 0].pivot_table(index=["species", "time"], columns="kind", values="msd")
    if not {"standard", "reordered"} <= set(known.columns):
        return None
    both = known.dropna(subset=["standard", "reordered"])
    both = both[both["standard"] > 0]
    if both.empty:
        return None
    last = both.groupby("species").tail(1)
    return float((last["reordered"] / last["standard"]).min())


def _distorted(spec: NctSpec, here: pd.DataFrame, source: str) -> str | None:
    if spec.structure is None:
        return None
    rows = here[here["observable"] == spec.structure.observable]
    if rows.empty:
        known = ", ".join(sorted(set(here["observable"])))
        raise VariationalError(
            f"{source}: no observable {spec.structure.observable!r}, which nct.structure names; known: {known}"
        )
    for row in rows.to_dict("records"):
        found = phase(row["value"], row["error"], spec.structure.most, row["n_effective"])
        if found == "distorted":
            return f"{row['observable']} is {row['value']:.3g} {row['unit']}, above {spec.structure.most:g}"
    return None
