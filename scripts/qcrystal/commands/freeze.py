"""Turn the weights of a trained potential into the file that everything runs with."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from qcrystal.commands._options import application
from qcrystal.config.crystal import Crystal
from qcrystal.config.messages import read_yaml, validate
from qcrystal.files import put_in_place
from qcrystal.potential.backends import convert
from qcrystal.potential.moments.invariants import FILE as INVARIANTS
from qcrystal.potential.settings import Architecture
from qcrystal.potential.tensorflow_graph import kind
from qcrystal.potential.training import export

app = application()
CRYSTAL = Path(__file__).resolve().parents[3] / "config/crystals/lah10/crystal.yaml"
SPACING = Architecture.model_fields["table_spacing"].default


def freeze(source: Path, target: Path, system: Crystal, table_spacing: float | None) -> None:
    """Convert ``source`` if it is no frozen graph, add what all runs need, and write the frozen potential to ``target``."""
    if not target.parent.is_dir():
        raise NotADirectoryError(f"{target.parent}: no such folder; make it first")
    if source.suffix == ".pb":
        kind(source)  # which names the file if it is none
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".freezing-") as scratch:
        folder = Path(scratch)
        if source.suffix == ".pb":
            shutil.copy(source, folder / "frozen.pb")
        else:
            convert(source, folder / "frozen.pb")
        invariants = source.with_name(INVARIANTS)
        if invariants.is_file():
            shutil.copy(invariants, folder / INVARIANTS)
        export(folder, system.species, system.repulsion, table_spacing=table_spacing)
        put_in_place(folder / "model.pb", target)


@app.command()
def main(
    source: Annotated[Path, typer.Argument(help="Weights (.dp) or a frozen graph (.pb), uncompressed.")],
    target: Annotated[Path, typer.Argument(help="Potential to write (.pb).")],
    crystal: Annotated[
        Path,
        typer.Option(help="The crystal's file, for species and repulsion.", show_default="that of LaH10"),
    ] = CRYSTAL,
    spacing: Annotated[float, typer.Option(help="Spacing of the tables that replace the networks.")] = SPACING,
    networks: Annotated[
        bool, typer.Option("--networks", help="Keep the networks: slower, and a smaller file.")
    ] = False,
) -> None:
    """Turn the weights of a trained potential into the model.pb that every run uses.

    Tables replace the embedding networks, the short-range repulsion of the crystal's file is added, and the forces' last
    operation is replaced by a cheaper one. Cubic invariants, which the trainer leaves as `invariants.npz` beside the weights,
    are taken along.

    Example: `python -m qcrystal freeze weights.dp model.pb`
    """
    system = validate(Crystal, read_yaml(crystal, str(crystal), "system"), str(crystal))
    freeze(source, target, system, None if networks else spacing)
