"""The native evaluator where it has never been compiled: two processes at once, and a processor without wide registers."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from ase.spacegroup import crystal

from qcrystal.potential.native.evaluator import Evaluator

pytestmark = pytest.mark.slow
CODE = """
import json, sys
import numpy as np
from qcrystal.potential.native.evaluator import Evaluator
model, crystal = sys.argv[1:]
with open(crystal) as file:
    positions, cell, types = json.load(file)
_, forces, _ = Evaluator(model).evaluate(np.array([positions]), np.array([cell]), types)
print(json.dumps(forces[0].tolist()))
"""


def test_a_cold_cache_two_processes_and_a_plain_processor(released_model, tmp_path):
    """Both processes compile into one empty folder; a third one finds what they left. Tolerance: rounding in single precision."""
    sites = [(0.5, 0.5, 0.5), (0.25, 0.25, 0.25), (0.1205, 0.1205, 0.1205)]
    atoms = crystal(["La", "H", "H"], sites, spacegroup=225, cellpar=[5.1] * 3 + [90] * 3)
    atoms.rattle(0.1, seed=3)
    evaluator = Evaluator(released_model)
    types = [evaluator.species.index(symbol) for symbol in atoms.get_chemical_symbols()]
    path = tmp_path / "crystal.json"
    path.write_text(json.dumps([atoms.positions.tolist(), atoms.cell.tolist(), types]))
    _, expected, _ = evaluator.evaluate(atoms.positions[None], atoms.cell.array[None], types)
    plain = {"NUMBA_CPU_NAME": "x86-64-v2", "NUMBA_CPU_FEATURES": ""}
    environment = {**os.environ, **plain, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-c", CODE, str(released_model), str(path)]
    for together in (2, 1):
        running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(together)]
        for process in running:
            output, _ = process.communicate(timeout=900)
            assert process.returncode == 0
            assert np.sqrt(np.mean((np.array(json.loads(output)) - expected[0]) ** 2)) < 2e-5  # eV/Å
    assert list((tmp_path / "cache").rglob("kernels.*.nbc"))
