"""Statistics of sweeps: means over replicas, values without what a bath's friction adds, curves by condition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from qcrystal.analysis.statistics import Estimate, replica_mean
from qcrystal.io.tables import TableError, source_of

# 1 cm²/s in Å²/ps
SQUARE_CM_PER_S = 1e-2**2 / 1e-10**2 * 1e-12
CONDITION = ["system", "method", "isotope", "start", "atoms", "pressure_target", "temperature_target"]
"""Columns that tell one condition of a sweep from another; replicas of a condition share them."""
DECIMALS = 9  # to which a grid's values are rounded, so that replicas' agree


def every_run(summaries: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Rows of several sweeps, each run once: sweeps that ask for the same run share it, and it is no replica of itself."""
    rows = pd.concat(summaries, ignore_index=True).drop_duplicates(["run", "observable", "species"])
    rows.attrs = summaries[0].attrs
    return rows


def combine_replicas(frame: pd.DataFrame, keys: Sequence[str], value: str = "value") -> pd.DataFrame:
    """Average ``value`` over the replicas of each condition, with the error of `statistics.replica_mean`.

    Replicas in which no event was seen have a limit instead of a value. They count as 0 beside replicas with a value. Without any
    value the limit is that of all their time: the inverse of the sum of the inverse limits.

    Returns
    -------
    pandas.DataFrame
        ``keys``, ``value``, ``error``, ``freedom`` (degrees of freedom of the error), ``limit``, sorted by ``keys``.
    """
    rows = []
    for condition, replicas in frame.groupby(list(keys), dropna=False):
        known = replicas[replicas[value].notna()]
        limits = replicas["limit"].dropna() if "limit" in replicas else pd.Series(dtype=float)
        limit = 1.0 / (1.0 / limits).sum() if len(limits) and known.empty else np.nan
        if len(known) and len(limits):
            silent = replicas[replicas[value].isna() & replicas["limit"].notna()]
            known = pd.concat([known, silent.assign(**{value: 0.0})])
        freedoms = known["freedom"].fillna(np.inf) if "freedom" in known else [np.inf] * len(known)
        estimates = [Estimate(v, e, np.nan, f) for v, e, f in zip(known[value], known["error"], freedoms, strict=True)]
        found = replica_mean(estimates) if estimates else Estimate(np.nan, np.nan, np.nan)
        rows.append((*condition, found.value, found.error, found.freedom, limit))
    return pd.DataFrame(rows, columns=[*keys, "value", "error", "freedom", "limit"])


def observable(
    summary: pd.DataFrame, quantity: str, species: str | None = None, also: Sequence[str] = ()
) -> pd.DataFrame:
    """One observable of a sweep, averaged over replicas.

    Parameters
    ----------
    summary
        Summary of the sweep.
    quantity
        Name in the column ``observable``.
    species
        Name in the column ``species``; None takes whatever is there.
    also
        Columns to keep besides the conditions that tell curves apart.

    Raises
    ------
    TableError
        The sweep has no such observable.
    """
    rows = summary[summary["observable"] == quantity]
    if species is not None:
        rows = rows[rows["species"] == species]
    if rows.empty:
        wanted = quantity if species is None else f"{quantity} of {species}"
        known = ", ".join(sorted(summary["observable"].unique()))
        raise TableError(f"{source_of(summary)}: no observable {wanted}; the column observable holds {known}")
    return combine_replicas(rows, [*CONDITION, *also])


def corrected_name(quantity: str) -> str:
    """Name of an observable without what a bath's friction adds to the kinetic energies."""
    return f"{quantity}_corrected"


def corrected(summary: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """A sweep's summary in which ``quantity`` is without what a bath's friction adds, for every run that reports it.

    A run that does not report it, because it had no such bath or was too short, keeps what was measured.
    """
    known = summary.loc[summary["observable"] == corrected_name(quantity), "run"]
    replaced = (summary["observable"] == quantity) & summary["run"].isin(known)
    return summary[~replaced].replace({"observable": {corrected_name(quantity): quantity}})


def corrected_observable(
    summary: pd.DataFrame, quantity: str, species: str | None = None, also: Sequence[str] = ()
) -> pd.DataFrame:
    """`observable` of a summary that is `corrected` first."""
    return observable(corrected(summary, quantity), quantity, species, also)


def kinetic_temperatures(summary: pd.DataFrame) -> pd.DataFrame:
    """Kinetic temperature (K) of each species, friction-corrected for every run that reports it."""
    rows = corrected_observable(summary, "temperature", also=("species", "friction", "beads"))
    return rows[rows["species"] != "all"]


def one_condition(summaries: Iterable[pd.DataFrame]) -> tuple[float, float]:
    """Pressure (GPa) and temperature (K) of sweeps that are shown against something else.

    Raises
    ------
    TableError
        The sweeps have several of them.
    """
    keys = ["pressure_target", "temperature_target"]
    found = {
        source_of(summary): [
            (float(p), float(t)) for p, t in summary[keys].drop_duplicates().sort_values(keys).to_numpy()
        ]
        for summary in summaries
    }
    conditions = {condition for each in found.values() for condition in each}
    if len(conditions) > 1:
        held = "; ".join(
            f"{name}: holds {', '.join(f'{pressure:g} GPa {temperature:g} K' for pressure, temperature in each)}"
            for name, each in found.items()
        )
        raise TableError(
            f"{held}; the figure shows one condition: leave one pressure and one temperature in the sweeps of the scale's file"
        )
    return conditions.pop()


def measured_pressure(summaries: Iterable[pd.DataFrame]) -> str:
    """Mean pressures (GPa) that runs at a fixed cell have shown, lowest to highest, friction-corrected where known.

    Their cell was chosen beforehand for a pressure, which they have only nearly.
    """
    values: list[float] = []
    for summary in summaries:
        found = corrected(summary, "pressure")
        values.extend(found.loc[found["observable"] == "pressure", "value"].dropna())
    if not values:
        return "pressure not told"
    low, high = round(min(values)), round(max(values))
    return f"{low} GPa" if low == high else f"{low} to {high} GPa"


CONDITION_TEXT = {
    "system": "{}",
    "isotope": "{}",
    "start": "from {}",
    "atoms": "{:.0f} atoms",
    "pressure_target": "{:g} GPa",
    "temperature_target": "{:g} K",
}


def series(frame: pd.DataFrame, along: Sequence[str]) -> list[tuple[str, str, pd.DataFrame]]:
    """Split a table into curves along ``along``: one per combination of the other conditions.

    Returns
    -------
    list of (method, text, rows)
        ``text`` names the conditions, other than the method, in which the curves differ; empty if they do not.
    """
    keys = [column for column in CONDITION if column not in along]
    varying = [column for column in keys if column != "method" and frame[column].nunique() > 1]
    curves = []
    for _, rows in frame.groupby(keys, dropna=False):
        first = rows.iloc[0]
        text = ", ".join(CONDITION_TEXT[column].format(first[column]) for column in varying)
        curves.append((str(first["method"]), text, rows.reset_index(drop=True)))
    return curves


def on_one_grid(rows: pd.DataFrame, coordinate: str, value: str) -> pd.DataFrame:
    """Replicas of one curve on the grid of the shortest, by linear interpolation: each leaves out its own equilibration."""
    runs = [run.sort_values(coordinate) for _, run in rows.groupby("run")]
    grid = min((run[coordinate].to_numpy(float) for run in runs), key=np.max)

    def interpolated(run: pd.DataFrame) -> pd.DataFrame:
        columns = {name: np.interp(grid, run[coordinate], run[name]) for name in (value, "error")}
        return run.iloc[[0] * len(grid)].assign(**{coordinate: grid}, **columns)

    return pd.concat([interpolated(run) for run in runs])


def replica_curves(rows: pd.DataFrame, coordinate: str, value: str, kinds: Sequence[str]) -> pd.DataFrame:
    """Curves of a sweep averaged over replicas: conditions, kinds, coordinate, value, error."""
    curves = [on_one_grid(curve, coordinate, value) for _, curve in rows.groupby([*CONDITION, *kinds], dropna=False)]
    curve = pd.concat(curves, ignore_index=True)
    return combine_replicas(
        curve.assign(**{coordinate: curve[coordinate].round(DECIMALS)}), [*CONDITION, *kinds, coordinate], value
    )


def nearest(available: Iterable[float], wanted: float) -> float:
    """The available value nearest to the wanted one."""
    values = np.asarray(list(available), dtype=float)
    return float(values[np.argmin(np.abs(values - wanted))])
