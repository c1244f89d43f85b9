"""Path integrals as judges: their runs at a state tell whether a variational calculation can hold there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from qcrystal.analysis.phases import phase
from qcrystal.analysis.variants import MEANS, orders
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
    spec: NctSpec,
    summaries: Sequence[pd.DataFrame],
    displacements: Sequence[pd.DataFrame],
    cells: Sequence[pd.DataFrame],
    atoms: int,
) -> Judge | None:
    """Findings of path-integral runs at a calculation's pressure and temperature; None without runs.

    Parameters
    ----------
    summaries, displacements, cells
        Tables ``run_summary``, ``run_msd`` and ``run_cell`` of each run.
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
    return Judge(atoms, temperatures, min(shares, default=None), _distorted(spec, summaries, cells, source))


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


def _distorted(
    spec: NctSpec, summaries: Sequence[pd.DataFrame], cells: Sequence[pd.DataFrame], source: str
) -> str | None:
    """The first finding that a run has another structure: by its mean order parameter, or by its angles at each moment."""
    if spec.structure is None:
        return None
    name, most, seen = spec.structure.observable, spec.structure.most, False
    for number, (summary, cell) in enumerate(zip(summaries, cells, strict=True)):
        for row in summary[summary["observable"] == name].to_dict("records"):
            seen = True
            if phase(row["value"], row["error"], most, row["n_effective"]) == "distorted":
                return f"{name} is {row['value']:.3g} {row['unit']}, above {most:g}"
        run = str(number)  # tables of one run do not name it
        hopping = orders(cell.assign(run=run), summary.assign(run=run)).get(run) if name in MEANS else None
        if hopping and hopping.phase == "distorted":
            size = f"{abs(hopping.distortion.value):.2g} deg"
            return (
                f"the cell is distorted by {size} at each moment and hops among variants, which mean angles do not show"
            )
    if not seen:
        known = ", ".join(sorted(set(pd.concat(list(summaries))["observable"])))
        raise VariationalError(f"{source}: no observable {name!r}, which nct.structure names; known: {known}")
    return None
