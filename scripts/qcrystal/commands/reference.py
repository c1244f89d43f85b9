"""Write the reference of the configuration anew: docs/configuration.md and config/schema."""

from __future__ import annotations

from pathlib import Path

from qcrystal.commands._options import application
from qcrystal.config.reference import write

app = application()


@app.command()
def main() -> None:
    """Write the reference of the configuration anew, from the models in scripts/qcrystal/config.

    Run it in the repository's folder, after a change of the models. A test fails where it is forgotten.

    Example: `python -m qcrystal reference`
    """
    for path in write(Path.cwd()):
        print(path.relative_to(Path.cwd()))
