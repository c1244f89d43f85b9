"""Release a trained potential: copy its files, and write its card with the measured speed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from qcrystal.commands._options import application
from qcrystal.files import file_digest, put_in_place
from qcrystal.io.tables import MARK, read_table
from qcrystal.potential.card import Card, Digests, Labels, Split, read_card, write_card

app = application()
KEPT = ("model*.pb", "training*.json", "learning_curve*.csv", "parity_*.csv")
LOCAL = ("path", "start")  # entries of the card's data set that say where it lay on the machine that trained


def speed(bench: dict, model: str) -> dict:
    """The entry of a model in a benchmark, with what it was measured on; the first entry is what ratios refer to."""
    (found,) = [entry for entry in bench["potentials"] if entry["name"] == model]
    return {
        **{key: found[key] for key in ("ms_per_step", "us_per_step_per_atom")},
        f"ratio_to_{bench['potentials'][0]['name'].replace(' ', '_')}": found["ratio"],
        "atoms": bench["atoms"],
        "what": bench["what"],
        "machine": bench["machine"],
    }


def _without_record(content: bytes) -> bytes:
    """A file without the line that names a table's record, which stays in the results."""
    return content.partition(b"\n")[2] if content.startswith(MARK.encode()) else content


def _data_quality(trained: Path, card: Card) -> bytes | None:
    """The report on the data set, if it was made."""
    path = trained.resolve().parents[1] / "dataset" / "quality" / trained.resolve().name / "systems.csv"
    if not path.is_file():
        return None
    total = read_table(path, "quality_systems").query("level == 'all'").iloc[0]
    for part, name in (("train", "training"), ("test", "test")):
        stated = card.split.get(part, Split()).frames or 0
        if total[part] != stated:
            raise ValueError(
                f"{path}: has {total[part]} {name} frames, and the card says {stated}; run the workflow again"
            )
    return _without_record(path.read_bytes())


def release(trained: Path, released: Path, bench: dict | None) -> None:
    """Copy a trained potential to ``released``, which is replaced whole.

    Raises
    ------
    ValueError
        If a file is not the one that the card describes, or the report on the data set is of other frames.
    """
    card = read_card(trained / "card.yaml")
    for name, digest in card.digests().items():
        if file_digest(trained / name) != digest:
            raise ValueError(f"{trained / name}: not the file that card.yaml describes; train again")
    card.name = released.name
    card.data = Labels.model_validate({key: value for key, value in card.data if key not in LOCAL})
    if bench:
        card.speed = speed(bench, str(trained / "model.pb"))
    quality = _data_quality(trained, card)
    partial = released.with_name(released.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for pattern in KEPT:
        for path in sorted(trained.glob(pattern)):
            (partial / path.name).write_bytes(_without_record(path.read_bytes()))
    if quality:
        (partial / "data_quality.csv").write_bytes(quality)
    tables = sorted([*partial.glob("parity_*.csv"), *partial.glob("data_quality.csv")])
    card.tables = Digests(sha256={path.name: file_digest(path) for path in tables})
    write_card(card, partial / "card.yaml")
    put_in_place(partial, released)


@app.command()
def main(
    trained: Annotated[
        Path, typer.Argument(help="Folder of the trained potential: `results/<crystal>/<scale>/potential/<dataset>`.")
    ],
    released: Annotated[Path, typer.Argument(help="Folder to write, whose name becomes the potential's.")],
    bench: Annotated[
        Path | None, typer.Option(help="JSON file that `python -m qcrystal bench-potential` wrote for this model.pb.")
    ] = None,
) -> None:
    """Release a potential that the workflow has trained: copy its files, and write its card with the measured speed.

    The workflow must have made the potential's `card.yaml` and `parity_frames.csv`, and
    `dataset/quality/<dataset>/systems.csv`. Measure the speed first:
    `python -m qcrystal bench-potential TRAINED/model.pb --published --output bench.json`.

    Example: `python -m qcrystal release results/lah10/workstation/potential/ly2022 models/lah10-accurate --bench bench.json`
    """
    for path in (trained / "card.yaml", trained / "model.pb", bench):
        if path is not None and not path.is_file():
            raise FileNotFoundError(f"{path}: no such file; `python -m qcrystal release --help` says how to make it")
    release(trained, released, json.loads(bench.read_text(encoding="utf-8")) if bench else None)
