"""What the documentation says of the claims: the page ``docs/claims.md``, and the table of results in ``README.md``.

Both are made from the committed reduced results, so that no number is typed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from qcrystal.analysis import verdicts
from qcrystal.errors import QcrystalError
from qcrystal.figures.claims import SMALLEST_PLAIN, published_text
from qcrystal.figures.options import Claim, Claims
from qcrystal.figures.registry import FigureSet
from qcrystal.io.tables import read_table, records
from qcrystal.io.yaml_files import read_mapping
from qcrystal.manuscript.prose import to_html
from qcrystal.manuscript.published import read_published
from qcrystal.manuscript.uncertainty import scientific_text
from qcrystal.provenance.reduced import place

CRYSTAL = "config/crystals/lah10"
TABLE = "x_table_claims"
SCALE = "reference"
FIGURES = f"{place('lah10', SCALE)}/figures"
NOTHING_YET = "No reduced results are committed yet. `make figures` makes the table at any scale.\n"
HEADLINES = (
    "qin_diffusion_coefficient",
    "qin_diffusion_slope",
    "qin_msd_reordered",
    "qin_zero_point",
    "qin_classical_boundary",
    "qin_qtb_boundary",
    "ly_classical_300K",
    "ly_quantum_300K",
    "liu_proton_diffusion_onset",
)
"""Claims that README shows, by their keys in figures.yaml."""
UNCERTAIN = ("number", "boundary", "peaks", "lattice", "static")
"""Tests that compare with a published value and its uncertainty."""
BEGIN, END = "<!-- claims: made by `python -m qcrystal claims` -->", "<!-- end of claims -->"
INTRODUCTION = """# Claims

<!-- Made by `python -m qcrystal claims`: edit config/crystals/lah10/figures.yaml, not this page. -->

Every published value of `config/crystals/lah10/published.yaml` is tried by the same rule. The table is also `x_table_claims` of
each scale. The verdict follows from the numbers, as does its reason.

## The rule

"""
TRIED = """
## How each claim is tried

Few published values have a stated error. So each is given an uncertainty, which stands behind ± below. It is a choice of this
repository: `uncertainty` in figures.yaml. It enters the combined error, and the interval of a boundary.

"""


def claims_page(root: Path) -> str:
    """The page in Markdown: the rule, the verdicts of the committed runs if there are some, and how each claim is tried."""
    literature = read_published(root / CRYSTAL / "published.yaml")
    rule = (verdicts.__doc__ or "").split("\n\n", 1)[1].strip()
    lines = [INTRODUCTION, rule, "\n\n## Verdicts\n\n", _verdicts(root), TRIED]
    lines.append("| claim | published | where | tried by |\n|---|---|---|---|\n")
    for claim in _claims(root).values():
        known = literature.cited(claim.published)
        where = f"{known.label}, {known.where}"
        lines.append(f"| {claim.text} | {to_html(published_text(known))} | {where} | {_how(claim)} |\n")
    return "".join(lines)


def readme(root: Path) -> str:
    """README with its table of headline claims made anew, between the two comments that mark it.

    Raises
    ------
    QcrystalError
        README has no such comments.
    """
    text = (root / "README.md").read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise QcrystalError(
            f"README.md: the table of claims stands between {BEGIN} and {END}; write both, in this order"
        )
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{_headlines(root)}{END}{rest.split(END)[1]}"


def _claims(root: Path) -> Mapping[str, Claim]:
    entry = FigureSet.model_validate(read_mapping(root / CRYSTAL / "figures.yaml")).figures[TABLE]
    return Claims.model_validate(entry.options).claims


def _committed(root: Path) -> pd.DataFrame | None:
    """Table of claims of the committed runs, or None."""
    path = root / FIGURES / f"{TABLE}.csv"
    return read_table(path, "claims") if path.is_file() else None


def _made_from(root: Path) -> str:
    """Which runs the committed table is made from, as one sentence."""
    told = json.loads((root / FIGURES / f"{TABLE}.caption.json").read_text(encoding="utf-8"))
    ended = [f"{note}." for note in told["notes"] if "planned runs" in note]
    return " ".join([f"Numbers are of scale `{SCALE}`.", *ended])


def _verdicts(root: Path) -> str:
    """Verdicts of the committed runs."""
    table = _committed(root)
    if table is None:
        return NOTHING_YET
    lines = [
        _made_from(root),
        "",
        "| claim | published | ours | method | atoms | ps | verdict | reason |",
        "|---" * 8 + "|",
    ]
    for row in records(table):
        atoms, length = ("" if pd.isna(value) else f"{value:g}" for value in (row.atoms, row.length_ps))
        method = "" if pd.isna(row.method) else row.method
        cells = [row.claim, row.published, row.ours, method, atoms, length, row.verdict, row.reason]
        lines.append(_line(cells))
    return "\n".join([*lines, ""])


def _line(cells: Iterable[object]) -> str:
    """A line of a table in Markdown; powers of ten become HTML, which every reader of Markdown shows."""
    texts = (str(to_html(text)) if "$" in text else text for text in map(str, cells))
    return f"| {' | '.join(texts)} |"


def _headlines(root: Path) -> str:
    """Table of the headline claims, without the reasons."""
    table = _committed(root)
    if table is None:
        return NOTHING_YET
    rows = table.set_index("claim")
    lines = [_made_from(root), "", "| claim | published | here | verdict |", "|---|---|---|---|"]
    for claim in (_claims(root)[key] for key in HEADLINES):
        row = rows.loc[claim.text]
        cells = (claim.text, row["published"], row["ours"], row["verdict"])
        lines.append(_line(cells))
    return "\n".join([*lines, ""])


def _how(claim: Claim) -> str:
    """How a claim is tried, in words."""
    if claim.test == "setting":
        return claim.reason or "a setting of the published calculation"
    if not claim.sweeps:
        words = {"lowest": "structure search", "accuracy": "errors on held-out frames"}
        return ", ".join([words.get(claim.test, "equation of state"), *_allowed(claim)])
    ranges = [
        f"{low:g} to {high:g} {unit}" if low != high else f"{low:g} {unit}"
        for span, unit in ((claim.pressures, "GPa"), (claim.temperatures, "K"))
        if span is not None
        for low, high in [span]
    ]
    sweeps = " and ".join(f"`{name}`" for name in claim.sweeps)
    parts = [f"{claim.test} of `{claim.observable}` in {sweeps}", *ranges, f"at least {claim.least_length:g} ps"]
    if claim.threshold is not None:
        parts.append(_threshold(claim))
    if claim.least_atoms:
        parts.append(f"at least {claim.least_atoms} atoms")
    return ", ".join([*parts, *_allowed(claim)])


def _allowed(claim: Claim) -> list[str]:
    """What is assigned to the published value: its uncertainty, or the limit that the words of the claim are taken for."""
    if claim.limit is not None and claim.test == "limit":
        return [f"at most {claim.limit:g} {claim.unit}"]
    if not claim.uncertainty or claim.test not in UNCERTAIN:
        return []
    if claim.test == "lattice":
        return [f"every distance within {100 * claim.uncertainty:g} %"]
    if claim.test == "peaks":
        return [f"places within {claim.uncertainty:g} Å"]
    unit = "GPa" if claim.test == "static" else claim.unit
    if claim.test == "boundary":
        unit = "GPa" if claim.along == "pressure_target" else "K"
    return [f"published value ±{_size(claim.uncertainty)} {unit}"]


def _size(value: float) -> str:
    """A number, with a power of ten where it is small."""
    return f"{value:g}" if value >= SMALLEST_PLAIN else str(to_html(scientific_text(value, None)))


def _threshold(claim: Claim) -> str:
    """The threshold of a phase in its unit: degrees of an angle, or cm²/s of a diffusion coefficient."""
    size = _size((claim.threshold or 0.0) / claim.factor)
    return f"threshold {size} cm²/s" if claim.observable == "diffusion" else f"threshold {size}°"
