"""Draw one figure, or make one table, of any kind, and write its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from qcrystal.figures.kinds import KINDS, Inputs, Role
from qcrystal.figures.notes import CONVERGED_LENGTH, run_notes
from qcrystal.figures.style import Picture, new_figure, save_figure, styled
from qcrystal.files import identifier, write_whole
from qcrystal.io.structures import read_structures
from qcrystal.io.table_schemas.registry import TABLES
from qcrystal.io.tables import TableError, read_table, source_of, write_table
from qcrystal.manuscript.latex import save_tabular
from qcrystal.manuscript.published import Cited

CAPTION = ".caption.json"
NOT_YET = "no calculation behind this figure has ended"


def read_inputs(kind: str, files: Mapping[str, list[str]]) -> dict[str, Any]:
    """Read the tables of a figure's roles.

    Parameters
    ----------
    files
        Role: its files. A role without a file is left out: it is optional, or what it needs has not ended.

    Raises
    ------
    TableError
        If a table cannot be read, or has no rows.
    """
    inputs = {}
    for role, what in KINDS[kind].inputs.items():
        read = [_read(path, what) for path in files.get(role, ())]
        if not what.optional:
            for table in read:
                if len(table) == 0:
                    raise TableError(f"{source_of(table)}: has no rows; make it again")
        elif read and not what.many and len(read[0]) == 0:
            read = []
        if read:
            inputs[role] = read if what.many else read[0]
    return inputs


def _read(path: str, role: Role) -> Any:
    return read_structures(Path(path)) if role.schema == "structures" else read_table(Path(path), role.schema)


def draw(
    kind: str,
    inputs: Inputs,
    published: Mapping[str, Cited],
    options: Mapping[str, Any],
    converged_length: float = CONVERGED_LENGTH,
    not_ended: str = "",
) -> Picture | pd.DataFrame:
    """Draw a figure, and note whether its runs are shorter than ``converged_length`` (ps) or extrapolate.

    Parameters
    ----------
    kind
        A key of `qcrystal.figures.kinds.KINDS`.
    inputs, published
        Tables and published values by role.
    options
        Those of the kind, as in ``figures.yaml``.
    not_ended
        What is said of runs that have not ended.
    """
    model = KINDS[kind].options.model_validate(options)
    lacking = any(not what.optional and role not in inputs for role, what in KINDS[kind].inputs.items())
    if lacking or (KINDS[kind].output == "figure" and KINDS[kind].inputs and not inputs):
        return _nothing_yet(kind, not_ended)
    result = import_module(f"qcrystal.figures.{kind}").draw(inputs, published, model)
    if isinstance(result, Picture):
        roles = [
            role for role, what in KINDS[kind].inputs.items() if what.schema.startswith("sweep_") and role in inputs
        ]
        runs = [table for role in roles for table in _as_list(inputs[role])]
        for text in run_notes(runs, converged_length) if runs else ():
            result.note(text)
        if not_ended:
            result.note(not_ended)
    return result


@styled
def _blank() -> Picture:
    """A picture that says that it has no values."""
    figure, axes = new_figure(1, 1.2)
    axes[0, 0].text(0.5, 0.5, NOT_YET, ha="center", va="center", transform=axes[0, 0].transAxes)
    axes[0, 0].set_axis_off()
    figure.blank = True
    return figure


def _nothing_yet(kind: str, not_ended: str) -> Picture | pd.DataFrame:
    """A figure or table whose runs have not ended: a blank picture, or a table without rows."""
    if KINDS[kind].output == "figure":
        figure = _blank()
        if not_ended:
            figure.note(not_ended)
        return figure
    return pd.DataFrame({name: pd.Series(dtype=float) for name in TABLES[kind].names})


def _as_list(tables: Any) -> list[Any]:
    return tables if isinstance(tables, list) else [tables]


def write(kind: str, result: Picture | pd.DataFrame, stem: Path, caption: str, not_ended: str = "") -> list[Path]:
    """Write a figure as PNG and PDF, or a table as CSV and LaTeX, and its caption with notes; files appear whole.

    The caption's file tells as well whether the figure is blank: then a paper leaves it out.
    """
    if isinstance(result, Picture):
        paths, notes, blank = save_figure(result, stem), result.notes, result.blank
    else:
        paths, notes = (
            [stem.with_name(stem.name + suffix) for suffix in (".csv", ".tex")],
            [not_ended] if not_ended else [],
        )
        blank = result.empty
        write_table(result, paths[0], kind)
        save_tabular(result[list(KINDS[kind].printed)] if KINDS[kind].printed else result, paths[1], caption)
    told = stem.with_name(stem.name + CAPTION)
    document = {"prov_id": identifier(), "caption": caption, "notes": notes, "blank": blank}
    write_whole(told, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return [*paths, told]
