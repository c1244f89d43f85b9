"""Every table that the workflow writes, by the name of its schema. `docs/tables.md` is made from this.

Writers and readers check a table against its schema, and neither changes it: a schema can stop a job, but no result follows
from it. So schemas are no part of the digest of the code behind a result.
"""

from __future__ import annotations

from qcrystal.io.schemas import Schema
from qcrystal.io.table_schemas import crystals, hops, labels, paper, potentials, runs, ternary, variational

TABLES: dict[str, Schema] = (
    runs.TABLES
    | crystals.TABLES
    | ternary.TABLES
    | labels.TABLES
    | potentials.TABLES
    | paper.TABLES
    | variational.TABLES
    | hops.TABLES
)
"""Schemas by name."""
DOCUMENTS = {
    "potential:card": "card",
    "search:structures": "structures",
    "figure:x_table_claims": "claims",
}
"""Other sources: the potential's card (YAML), the found crystals (extended XYZ), and the paper's own table of claims."""
SOURCES: dict[str, str] = {source: name for name, schema in TABLES.items() for source in schema.sources} | DOCUMENTS


def source_schema(source: str) -> str | None:
    """Schema of a source such as ``sweep:classical_grid/summary``; None if there is no such source."""
    stage, _, rest = source.partition(":")
    if stage in ("sweep", "nct"):
        name, _, table = rest.partition("/")
        return SOURCES.get(f"{stage}:*/{table}") if name else None
    return SOURCES.get(source)
