"""Lattices at rest by DFT: the program that relaxes them, with another calculator in GPAW's place, and its table."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
from ase.calculators.emt import EMT

from qcrystal.crystal.prototype import Prototype, Site
from qcrystal.dft.gpaw_process import DftError
from qcrystal.dft.lattices import cells_to_relax, lattice_table
from qcrystal.statics.equation_of_state import equation_of_state

FCC = Prototype(spacegroup=225, sites=[Site(element="Cu", position=(0, 0, 0))], lattice_constant=3.6)
HCP = Prototype(spacegroup=194, sites=[Site(element="Cu", position=(1 / 3, 2 / 3, 0.25))], lattice_constant=2.5, c=4.3)


@pytest.fixture
def program(root, monkeypatch):
    """scripts/dft/lattice.py, which runs under another interpreter, with effective-medium theory in GPAW's place."""
    monkeypatch.syspath_prepend(str(root / "scripts" / "dft"))
    spec = importlib.util.spec_from_file_location("lattice", root / "scripts" / "dft" / "lattice.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "gpaw_calculator", lambda *_, **__: ForceConsistent(asap_cutoff=False))
    yield module
    sys.modules.pop("label", None)


class ForceConsistent(EMT):
    """EMT with the energy that GPAW calls force-consistent."""

    implemented_properties = [*EMT.implemented_properties, "free_energy"]


@pytest.mark.parametrize("crystal", [FCC, HCP], ids=["cubic", "hexagonal"])
def test_lattices_are_those_of_the_equation_of_state(program, tmp_path, crystal):
    constants = [0.97 * crystal.lattice_constant, crystal.lattice_constant]
    cells = [program.relax(atoms, {}, None) for atoms in cells_to_relax(crystal, constants)]
    result = tmp_path / "cells.json"
    result.write_text(json.dumps({"cells": cells}))
    table = lattice_table(crystal, constants, result, None)
    expected = equation_of_state(EMT(asap_cutoff=False), crystal, constants)
    # 5 meV/Å on the cell's generalised forces: energies are second order in them, pressures and shapes first
    np.testing.assert_allclose(table["energy"], expected["energy"], atol=1e-5)
    np.testing.assert_allclose(table["pressure"], expected["pressure"], atol=0.05)
    np.testing.assert_allclose(table["volume"], expected["volume"], rtol=1e-7)
    if crystal is HCP:
        np.testing.assert_allclose(table["c"] / table["a"], expected["c"] / expected["a"], rtol=1e-3)
        assert (table["c"] / table["a"] < 1.7).all()  # from 1.72


def test_a_lattice_that_does_not_relax_is_named(tmp_path):
    cell = {"converged": False, "positions": [[0, 0, 0]], "cell": [[1, 0, 0]] * 3, "energy": 0.0, "pressure": 0.0}
    result = tmp_path / "cells.json"
    result.write_text(json.dumps({"cells": [cell]}))
    with pytest.raises(DftError, match="cells.json: the cell at 3.6 Å did not relax"):
        lattice_table(FCC, [3.6], result, None)


def test_the_programs_need_nothing_but_numpy_and_ase(root):
    """They run under an interpreter that does not know the library: here with its path taken away."""
    code = f"import sys; sys.path[:0] = [{str(root / 'scripts' / 'dft')!r}]; import lattice; assert 'qcrystal' not in sys.modules"
    found = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
