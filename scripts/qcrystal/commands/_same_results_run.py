"""One short run by the code of whatever tree stands first on Python's path: ``python _same_results_run.py job.json``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ase import Atoms
from ase.io import read

from qcrystal.dynamics.run import run
from qcrystal.dynamics.spec import RunSpec


def main(file: str) -> None:
    """Carry out the run that a JSON file describes: ``spec``, ``structure``, ``model`` and ``folder``."""
    job = json.loads(Path(file).read_text())
    structure = read(job["structure"])
    assert isinstance(structure, Atoms)
    run(RunSpec(**job["spec"]), structure, Path(job["model"]), Path(job["folder"]))


if __name__ == "__main__":
    main(sys.argv[1])
