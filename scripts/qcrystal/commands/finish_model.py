"""Turn the weights of a trained potential into the file that everything runs with.

    python -m qcrystal.commands.finish_model weights.dp model.pb
    python -m qcrystal.commands.finish_model frozen.pb model-2.pb --networks

Tables replace the embedding networks (unless ``--networks``), the short-range repulsion of the system's file is added, and the
forces' last operation is replaced by a cheaper one. Cubic invariants, which the trainer leaves as ``invariants.npz`` beside the
weights, are taken along.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from qcrystal.config.crystal import Crystal
from qcrystal.config.messages import read_yaml, validate
from qcrystal.errors import one_line
from qcrystal.potential.backends import convert
from qcrystal.potential.moments.invariants import FILE as INVARIANTS
from qcrystal.potential.settings import Architecture
from qcrystal.potential.tensorflow_graph import kind
from qcrystal.potential.training import export

ROOT = Path(__file__).resolve().parents[3]
SPACING = Architecture.model_fields["table_spacing"].default


def finish(source: Path, target: Path, system: Crystal, table_spacing: float | None) -> None:
    """Convert ``source`` if it is no frozen graph, and write the finished potential to ``target``."""
    if not target.parent.is_dir():
        raise NotADirectoryError(f"{target.parent}: no such folder; make it first")
    if source.suffix == ".pb":
        kind(source)  # which names the file if it is none
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if source.suffix == ".pb":
            shutil.copy(source, folder / "frozen.pb")
        else:
            convert(source, folder / "frozen.pb")
        invariants = source.with_name(INVARIANTS)
        if invariants.is_file():
            shutil.copy(invariants, folder / INVARIANTS)
        export(folder, system.species, system.repulsion, table_spacing=table_spacing)
        shutil.move(folder / "model.pb", target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="weights (.dp) or frozen graph (.pb), uncompressed")
    parser.add_argument("target", type=Path)
    parser.add_argument(
        "--system", type=Path, default=ROOT / "config/crystals/lah10/crystal.yaml", help="species and repulsion"
    )
    parser.add_argument("--spacing", type=float, default=SPACING, help="of the tables")
    parser.add_argument("--networks", action="store_true", help="keep the networks: slower, and a smaller file")
    settings = parser.parse_args()
    try:
        system = validate(Crystal, read_yaml(settings.system, str(settings.system), "system"), str(settings.system))
        finish(settings.source, settings.target, system, None if settings.networks else settings.spacing)
    except (OSError, ValueError, RuntimeError) as error:
        raise SystemExit(one_line(error)) from None


if __name__ == "__main__":
    main()
