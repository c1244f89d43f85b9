"""List the crystals that have a released potential, a line each."""

from __future__ import annotations

from pathlib import Path

from qcrystal.commands._options import application
from qcrystal.io.yaml_files import read_mapping

app = application()


def with_a_potential(folder: Path) -> list[str]:
    """Names of the crystals below ``folder`` whose ``sources.yaml`` names a released potential, sorted."""
    return [path.parent.name for path in sorted(folder.glob("*/sources.yaml")) if read_mapping(path).get("model")]


@app.command()
def main() -> None:
    """List the crystals that have a released potential: those of `make figures CRYSTAL=all`.

    Run it in the repository's folder.

    Example: `python -m qcrystal crystals`
    """
    print(*with_a_potential(Path("config/crystals")), sep="\n")
