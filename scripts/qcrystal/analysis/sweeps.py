"""What the figures read and the tables they write: checked columns, averages over replicas, published values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import constants

from qcrystal.analysis.statistics import Estimate, replica_mean
from qcrystal.files import identifier, write_whole
from qcrystal.io.tables import TableError, write_table
from qcrystal.manuscript.published import PublishedError, published_entry

# 1 cm²/s in Å²/ps
SQUARE_CM_PER_S = constants.centi**2 / constants.angstrom**2 * constants.pico
CONDITION = ["system", "method", "isotope", "start", "atoms", "pressure_target", "temperature_target"]
SUMMARY = [*CONDITION, "replica", "length_ps", "observable", "species", "value", "error"]


class Published(NamedTuple):
    """A published value with the name under which it is cited."""

    value: object
    label: str
    where: str


def citation_label(source: str) -> str:
    """Short name of a reference: ``X. Qin, H. Wu, ... (2023)`` -> ``Qin et al. 2023``."""
    surnames = re.findall(r"(?:^|, | and )(?:[A-Z]\.[ -]?)+ ?([A-Z][\w-]+)", source)
    year = re.search(r"\((\d{4})\)", source)
    if not surnames or not year:
        raise PublishedError(
            f"config/crystals/lah10/published.yaml: sources: no author or no year in {source!r}; write 'A. Author, ... (2023)'"
        )
    if len(surnames) > 2 or "et al." in source:
        authors = f"{surnames[0]} et al."
    else:
        authors = " and ".join(surnames)
    return f"{authors} {year[1]}"


def published(values: dict, name: str) -> Published:
    """Published value ``name`` of ``config/crystals/lah10/published.yaml`` and its citation label.

    Parameters
    ----------
    values
        The whole file: ``sources`` (key -> reference) and ``values`` (id -> value, unit, where).
    """
    entry = published_entry(values, name)
    key, _, where = entry["where"].partition(" ")
    key = key.rstrip(",")
    if key not in values["sources"]:
        raise PublishedError(
            f"config/crystals/lah10/published.yaml: values.{name}.where begins with {key!r}, which is not among sources"
        )
    return Published(entry["value"], citation_label(values["sources"][key]), where)


def table(tables: dict, name: str, columns: list[str]) -> pd.DataFrame:
    """Table ``name``, checked for its columns.

    Raises
    ------
    TableError
        The table is not there, is empty, or lacks a column.
    """
    if name not in tables:
        raise TableError(f"table {name!r} was not given; given: {', '.join(sorted(tables)) or 'none'}")
    frame = tables[name]
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise TableError(f"table {name!r} has no column {', '.join(missing)}; it has {', '.join(frame.columns)}")
    if frame.empty:
        raise TableError(f"table {name!r} has no rows; make it again")
    return frame


def combine_replicas(frame: pd.DataFrame, keys: list[str], value: str = "value") -> pd.DataFrame:
    """Average ``value`` over the replicas of each condition, with the error of `statistics.replica_mean`.

    Returns
    -------
    pandas.DataFrame
        ``keys``, ``value``, ``error``, sorted by ``keys``.
    """
    rows = []
    for condition, replicas in frame.groupby(keys, dropna=False):
        known = replicas[replicas[value].notna()]
        estimates = [Estimate(v, e, np.nan) for v, e in zip(known[value], known["error"], strict=True)]
        found = replica_mean(estimates) if estimates else Estimate(np.nan, np.nan, np.nan)
        rows.append((*condition, found.value, found.error))
    return pd.DataFrame(rows, columns=[*keys, "value", "error"])


def observable(
    tables: dict, name: str, quantity: str, species: str | None = None, also: tuple[str, ...] = ()
) -> pd.DataFrame:
    """One observable of a sweep's summary, averaged over replicas.

    Parameters
    ----------
    name
        Logical name of the summary table.
    quantity
        Name in the column ``observable``.
    species
        Name in the column ``species``; None takes whatever is there.
    also
        Columns to keep besides the conditions that tell curves apart.
    """
    summary = table(tables, name, [*SUMMARY, *also])
    rows = summary[summary["observable"] == quantity]
    if species is not None:
        rows = rows[rows["species"] == species]
    if rows.empty:
        wanted = quantity if species is None else f"{quantity} of {species}"
        known = ", ".join(sorted(summary["observable"].unique()))
        raise TableError(f"table {name!r} has no observable {wanted}; its column observable holds {known}")
    return combine_replicas(rows, [*CONDITION, *also])


def corrected_name(quantity: str) -> str:
    """Name of an observable without what a bath's friction adds to the kinetic energies."""
    return f"{quantity}_corrected"


def corrected(summary: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """A sweep's summary in which ``quantity`` is without what a bath's friction adds, of each run that tells that.

    A run that does not tell, because it had no such bath or was too short, keeps what was measured.
    """
    known = summary.loc[summary["observable"] == corrected_name(quantity), "run"]
    replaced = (summary["observable"] == quantity) & summary["run"].isin(known)
    return summary[~replaced].replace({"observable": {corrected_name(quantity): quantity}})


def corrected_observable(
    tables: dict, name: str, quantity: str, species: str | None = None, also: tuple[str, ...] = ()
) -> pd.DataFrame:
    """`observable`, `corrected`."""
    summary = table(tables, name, [*SUMMARY, "run", *also])
    return observable({name: corrected(summary, quantity)}, name, quantity, species, also)


def one_condition(tables: dict, names: tuple[str, ...]) -> tuple[float, float]:
    """Pressure (GPa) and temperature (K) of sweeps that a figure shows against something else.

    Raises
    ------
    TableError
        The sweeps have several of them.
    """
    keys = ["pressure_target", "temperature_target"]
    found = {name: list(table(tables, name, keys).groupby(keys).groups) for name in names}
    conditions = {condition for each in found.values() for condition in each}
    if len(conditions) > 1:
        held = "; ".join(
            f"table {name!r} holds {', '.join(f'{pressure:g} GPa {temperature:g} K' for pressure, temperature in each)}"
            for name, each in found.items()
        )
        raise TableError(
            f"{held}; the figure shows one condition: leave one pressure and one temperature in the sweeps of config/scales"
        )
    return conditions.pop()


def measured_pressure(tables: dict, names: tuple[str, ...]) -> str:
    """Mean pressures (GPa) that runs at a fixed cell have shown, lowest to highest, without what a bath's friction adds.

    Their cell was chosen beforehand for a pressure, which they have only nearly.
    """
    values = []
    for name in names:
        summary = table(tables, name, SUMMARY)
        found = corrected(summary, "pressure") if "run" in summary else summary
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


def series(frame: pd.DataFrame, along: tuple[str, ...]) -> list[tuple[str, str, pd.DataFrame]]:
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


def nearest(available, wanted: float) -> float:
    """The available value nearest to the wanted one."""
    available = np.asarray(available, dtype=float)
    return float(available[np.argmin(np.abs(available - wanted))])


def heading(name: str) -> str:
    """A column's name as words in LaTeX: ``dp_minus_dft`` becomes DP $-$ DFT."""
    words = [
        "$-$" if word == "minus" else word.upper() if word in ("dp", "dft", "gpaw") else word
        for word in name.split("_")
    ]
    return " ".join(words)


def latex(frame: pd.DataFrame, caption: str) -> str:
    """A plain ``tabular`` of a table, its column names in words as header; missing numbers become dashes."""

    def cell(value) -> str:
        if isinstance(value, str):
            return re.sub(r"([#$%&_])", r"\\\1", value)
        if isinstance(value, int):
            return str(value)
        digits = 4 if abs(value) < 100 else 1
        return "--" if pd.isna(value) else f"{round(value, digits) + 0.0:.{digits}f}"

    rows = [
        [heading(name) for name in frame.columns],
        *([cell(value) for value in record] for record in frame.itertuples(index=False)),
    ]
    lines = [" & ".join(row) + r" \\" for row in rows]
    columns = "".join("r" if pd.api.types.is_numeric_dtype(kind) else "l" for kind in frame.dtypes)
    text = [f"% {caption}", rf"\begin{{tabular}}{{{columns}}}", r"\hline", lines[0], r"\hline", *lines[1:]]
    return "\n".join([*text, r"\hline", r"\end{tabular}", ""])


def save_table(frame: pd.DataFrame, stem: Path, caption: str) -> list[Path]:
    """Write ``stem.csv`` and ``stem.tex``, with the identifier of the job's record; each appears whole."""
    comma, tex = (stem.with_name(stem.name + suffix) for suffix in (".csv", ".tex"))
    write_table(frame, comma)
    mark = f"% prov_id {identifier()}\n" if identifier() else ""
    write_whole(tex, mark + latex(frame, caption))
    return [comma, tex]
