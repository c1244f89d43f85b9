"""The page about all claims: ``docs/claims.md`` is what `claims_page` returns."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from qcrystal.analysis import verdicts
from qcrystal.figures.claims import published_text
from qcrystal.figures.options import Claim, Claims
from qcrystal.figures.registry import FigureSet
from qcrystal.io.tables import read_table
from qcrystal.io.yaml_files import read_mapping
from qcrystal.manuscript.published import read_published

CRYSTAL = "config/crystals/lah10"
TABLE = "x_table_claims"
REFERENCE = f"results/reference/lah10/figures/{TABLE}.csv"
INTRODUCTION = """# Claims

<!-- Made by `python -m qcrystal claims`: edit config/crystals/lah10/figures.yaml, not this page. -->

Every published value of `config/crystals/lah10/published.yaml` is tried by the same rule. The table is also `x_table_claims` of
each scale. The verdict follows from the numbers, as does its reason.

## The rule

"""


def claims_page(root: Path) -> str:
    """The page in Markdown: the rule, the verdicts of the committed runs if there are some, and how each claim is tried."""
    crystal = root / CRYSTAL
    entry = FigureSet.model_validate(read_mapping(crystal / "figures.yaml")).figures[TABLE]
    literature = read_published(crystal / "published.yaml")
    rule = (verdicts.__doc__ or "").split("\n\n", 1)[1].strip()
    lines = [INTRODUCTION, rule, "\n\n## Verdicts\n\n", _verdicts(root / REFERENCE), "\n## How each claim is tried\n\n"]
    lines.append("| claim | published | where | tried by |\n|---|---|---|---|\n")
    for claim in Claims.model_validate(entry.options).claims.values():
        known = literature.cited(claim.published)
        where = f"{known.label}, {known.where}"
        lines.append(f"| {claim.text} | {published_text(known)} | {where} | {_how(claim)} |\n")
    return "".join(lines)


def _verdicts(path: Path) -> str:
    """Verdicts of the committed runs."""
    if not path.is_file():
        return "No reduced results are committed yet. `make figures` makes the table at any scale.\n"
    table: pd.DataFrame = read_table(path, "claims")
    rows = [
        f"| {row.claim} | {row.published} | {row.ours} | {row.verdict} | {row.reason} |" for row in table.itertuples()
    ]
    return "\n".join(["| claim | published | ours | verdict | reason |", "|---|---|---|---|---|", *rows, ""])


def _how(claim: Claim) -> str:
    """How a claim is tried, in words."""
    if claim.test == "setting":
        return claim.reason or "a setting of the published calculation"
    if not claim.sweeps:
        return {"lowest": "structure search", "accuracy": "errors on held-out frames"}.get(
            claim.test, "equation of state"
        )
    ranges = [
        f"{low:g} to {high:g} {unit}" if low != high else f"{low:g} {unit}"
        for span, unit in ((claim.pressures, "GPa"), (claim.temperatures, "K"))
        if span is not None
        for low, high in [span]
    ]
    sweeps = " and ".join(f"`{name}`" for name in claim.sweeps)
    parts = [f"{claim.test} of `{claim.observable}` in {sweeps}", *ranges, f"at least {claim.least_length:g} ps"]
    if claim.threshold is not None:
        parts.append(f"threshold {claim.threshold:g}")
    return ", ".join(parts)
