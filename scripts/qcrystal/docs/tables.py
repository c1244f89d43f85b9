"""The page about all tables: ``docs/tables.md`` is what `tables_page` returns."""

from __future__ import annotations

from qcrystal.io.schemas import Column, Schema
from qcrystal.io.table_schemas import crystals, hops, labels, paper, potentials, runs, ternary, variational
from qcrystal.io.table_schemas.registry import TABLES

INTRODUCTION = """# Tables

Every stage hands the next one tables as CSV. This page lists all of them with the units and meanings of their columns. It is made
from the schemas in `scripts/qcrystal/io/table_schemas/`, by which writers and readers check each table.

- The first line of a table names the record of the job that wrote it: `# prov_id …`.
  `pandas.read_csv(path, comment="#")` skips it.
- Paths begin in `results/<crystal>/<scale>/`, in `data/` or in `models/`; `*` stands for any name.
- *May be empty* marks cells without a value. *Optional* marks columns that a table may lack.
- A name with `<…>` stands for several columns, such as one for each species.
"""
SECTIONS = {
    "Runs and sweeps": runs.TABLES,
    "Crystals": crystals.TABLES,
    "Search over compositions, superconductivity": ternary.TABLES,
    "Labels and data sets": labels.TABLES,
    "Potentials and concurrent learning": potentials.TABLES,
    "Variational free energies": variational.TABLES,
    "Hops of mobile atoms, comparison of potentials": hops.TABLES,
    "Tables of the paper": paper.TABLES,
}


def tables_page() -> str:
    """The page in Markdown."""
    parts = [INTRODUCTION]
    for title, tables in SECTIONS.items():
        parts.append(f"\n## {title}\n")
        parts += [_section(name, schema) for name, schema in tables.items()]
    return "".join(parts)


def _section(name: str, schema: Schema) -> str:
    """One table: what it is, where it is, its columns."""
    files = ", ".join(f"`{file}`" for file in schema.files)
    sources = ", ".join(f"`{source}`" for source in TABLES[name].sources)
    lines = [f"\n### {name}\n", f"{schema.title}", f"\nFiles: {files}."]
    if sources:
        lines.append(f"In `figures.yaml`: {sources}.")
    lines += ["", "| column | kind | unit | meaning | allowed |", "|---|---|---|---|---|"]
    for column in schema.columns:
        meaning = column.meaning.replace("|", "\\|")
        lines.append(f"| `{column.name}` | {column.kind} | {column.unit} | {meaning} | {_allowed(column)} |")
    return "\n".join(lines) + "\n"


def _allowed(column: Column) -> str:
    """The values or range that are allowed, and whether cells or the column may lack."""
    parts = []
    if column.values:
        parts.append(f"one of {', '.join(f'`{value}`' for value in column.values)}")
    elif column.low is not None or column.high is not None:
        low = "" if column.low is None else f"{column.low:g}"
        high = "" if column.high is None else f"{column.high:g}"
        parts.append(f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}")
    parts += ["may be empty"] * column.missing + ["optional"] * column.optional
    return "; ".join(parts)
