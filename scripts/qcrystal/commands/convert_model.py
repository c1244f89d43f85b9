"""Convert a potential between backends of DeePMD-kit and compare both on labelled frames.

python -m qcrystal.commands.convert_model frozen.pb model.dp
python -m qcrystal.commands.convert_model model.dp model.pth --data data/lah10-gpaw
"""

from __future__ import annotations

import argparse
from pathlib import Path

from qcrystal.dataset.deepmd_npy import read_deepmd
from qcrystal.dataset.labelled_frames import DatasetError
from qcrystal.errors import one_line
from qcrystal.potential.backends import BackendError, convert, differences
from qcrystal.potential.moments.invariants import FILE as INVARIANTS

ROOT = Path(__file__).resolve().parents[3]
TOLERANCE = {"energy": 1e-6, "force": 1e-5, "virial": 1e-5}  # eV/atom, eV/Å, eV/atom
UNITS = {"energy": "eV/atom", "force": "eV/Å", "virial": "eV/atom"}
FRAMES = 2  # of each system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--data", type=Path, default=ROOT / "data/lah10-gpaw", help="data set to compare on")
    parser.add_argument("--species", nargs="+", default=["La", "H"])
    settings = parser.parse_args()
    try:
        systems = [
            read_deepmd(path.parent, settings.species).take(range(FRAMES))
            for path in sorted(settings.data.rglob("type.raw"))
        ]
        if settings.source.with_name(INVARIANTS).is_file():
            raise BackendError(
                f"{settings.source}: is half of a potential, the other is {INVARIANTS}, which no backend of DeePMD-kit knows; "
                "use scripts/qcrystal/commands/finish_model.py, or train without `invariants`"
            )
        if not systems:
            raise DatasetError(f"{settings.data}: holds no DeePMD systems; name a data set with --data")
        convert(settings.source, settings.target)
        found = differences(settings.source, settings.target, systems)
    except (OSError, ValueError, RuntimeError) as error:
        raise SystemExit(one_line(error)) from None
    for name, value in found.items():
        print(f"{name}: differs by at most {value:.1e} {UNITS[name]}")
    worse = [name for name, value in found.items() if not value <= TOLERANCE[name]]
    if worse:
        raise SystemExit(
            f"{settings.target}: {worse[0]} differs by more than {TOLERANCE[worse[0]]:g} {UNITS[worse[0]]}"
        )


if __name__ == "__main__":
    main()
