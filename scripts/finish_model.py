"""Turn the weights of a trained potential into the file that everything runs with.

    python scripts/finish_model.py weights.dp model.pb
    python scripts/finish_model.py frozen.pb model-2.pb --networks

Tables replace the embedding networks (unless ``--networks``), the short-range repulsion of the system's file is added, and the
forces' last operation is replaced by a cheaper one.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import yaml

from qcrystal.backends import BackendError, convert
from qcrystal.graphs import GraphError
from qcrystal.shortrange import ShortRangeError
from qcrystal.training import TrainingError, TrainingSettings, export

ROOT = Path(__file__).resolve().parents[1]
SPACING = TrainingSettings().table_spacing


def finish(source: Path, target: Path, system: dict, table_spacing: float | None) -> None:
    """Convert ``source`` if it is no frozen graph, and write the finished potential to ``target``."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if source.suffix == ".pb":
            shutil.copy(source, folder / "frozen.pb")
        else:
            convert(source, folder / "frozen.pb")
        export(folder, system["species"], system.get("repulsion", {}), table_spacing=table_spacing)
        shutil.move(folder / "model.pb", target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="weights (.dp) or frozen graph (.pb), uncompressed")
    parser.add_argument("target", type=Path)
    parser.add_argument("--system", type=Path, default=ROOT / "config/systems/lah10.yaml", help="species and repulsion")
    parser.add_argument("--spacing", type=float, default=SPACING, help="of the tables")
    parser.add_argument("--networks", action="store_true", help="keep the networks: slower, and a smaller file")
    settings = parser.parse_args()
    system = yaml.safe_load(settings.system.read_text())
    try:
        finish(settings.source, settings.target, system, None if settings.networks else settings.spacing)
    except (OSError, BackendError, GraphError, ShortRangeError, TrainingError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
