"""Convert a potential between backends of DeePMD-kit and compare both on labelled frames."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qcrystal.commands._options import application
from qcrystal.dataset.deepmd_npy import read_deepmd
from qcrystal.dataset.labelled_frames import DatasetError
from qcrystal.potential.backends import BackendError, convert, differences
from qcrystal.potential.moments.invariants import FILE as INVARIANTS

app = application()
DATA = Path(__file__).resolve().parents[3] / "data" / "lah10-gpaw"
SPECIES = ["La", "H"]
TOLERANCE = {"energy": 1e-6, "force": 1e-5, "virial": 1e-5}  # eV/atom, eV/Å, eV/atom
UNITS = {"energy": "eV/atom", "force": "eV/Å", "virial": "eV/atom"}
FRAMES = 2  # of each system


@app.command()
def main(
    source: Annotated[Path, typer.Argument(help="Potential to convert (.pb, .dp or .pth).")],
    target: Annotated[Path, typer.Argument(help="File to write; its suffix names the backend.")],
    data: Annotated[
        Path, typer.Option(help="Data set on which both are compared.", show_default="data/lah10-gpaw")
    ] = DATA,
    species: Annotated[list[str] | None, typer.Option(help="Element, in the potential's order; repeatable.")] = None,
) -> None:
    """Convert a potential between backends of DeePMD-kit and compare both on labelled frames.

    It fails if energies differ by more than 1e-6 eV/atom, forces by more than 1e-5 eV/Å or virials by more than 1e-5 eV/atom.

    Example: `python -m qcrystal convert model.dp model.pth --data data/lah10-gpaw`
    """
    systems = [
        read_deepmd(path.parent, species or SPECIES).take(range(FRAMES)) for path in sorted(data.rglob("type.raw"))
    ]
    if source.with_name(INVARIANTS).is_file():
        raise BackendError(
            f"{source}: is half of a potential, the other is {INVARIANTS}, which no backend of DeePMD-kit knows; "
            "use python -m qcrystal freeze, or train without `invariants`"
        )
    if not systems:
        raise DatasetError(f"{data}: holds no DeePMD systems; name a data set with --data")
    convert(source, target)
    found = differences(source, target, systems)
    for name, value in found.items():
        print(f"{name}: differs by at most {value:.1e} {UNITS[name]}")
    worse = [name for name, value in found.items() if not value <= TOLERANCE[name]]
    if worse:
        raise BackendError(f"{target}: {worse[0]} differs by more than {TOLERANCE[worse[0]]:g} {UNITS[worse[0]]}")
