"""Check the configuration: every problem in one line each, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml

from qcrystal.commands._options import Crystal, Scale, application
from qcrystal.config.load import MAIN_FILE, load

app = application()


@app.command()
def main(
    crystal: Crystal = "lah10",
    scale: Scale = "laptop",
    start: Annotated[str, typer.Option(help="Where the workflow starts: model, labels or dft.")] = "",
) -> None:
    """Check the configuration that a run would use, and say what it would run.

    Run it in the repository's folder. Nothing is computed or written.

    Example: `python -m qcrystal check --scale smoke`
    """
    root = Path.cwd()
    given = {"crystal": crystal, "scale": scale, **({"start": start} if start else {})}
    values = yaml.safe_load((root / MAIN_FILE).read_text(encoding="utf-8")) | given
    loaded = load(values, root, {"command line": given})
    print(
        f"{crystal} at scale {scale}: {len(loaded.runs)} runs in {len(loaded.sweeps)} sweeps; the configuration is good"
    )
