"""Crystals and potentials for the native evaluator's tests; one evaluator per file is shared by all of them."""

import shutil
from functools import cache

import numpy as np
import pytest
from crystals import lah10

from qcrystal.potential.native.evaluator import Evaluator


@pytest.fixture(scope="session")
def evaluator_of():
    """Evaluators by file."""
    return cache(Evaluator)


@pytest.fixture(scope="session")
def hydride():
    """Displaced frames of LaH10: positions (F, N, 3), cells (F, 3, 3) in Å, symbols."""

    def frames(count=2, repeat=(2, 2, 2), a=5.0, primitive=True, displacement=0.08, seed=1):
        atoms = lah10(a, primitive=primitive).repeat(repeat)
        rng = np.random.default_rng(seed)
        positions = atoms.positions + rng.normal(0, displacement, (count, len(atoms), 3))
        strained = [atoms.cell.array @ (np.eye(3) + rng.normal(0, 0.01, (3, 3))) for _ in range(count)]
        return positions, np.array(strained), atoms.get_chemical_symbols()

    return frames


@pytest.fixture(scope="session")
def ternary(tmp_path_factory):
    """Potentials of three species with random weights: frozen, and with tables and the repulsion."""
    from trainings import training

    from qcrystal.potential.backends import convert
    from qcrystal.potential.moments.model import untrained
    from qcrystal.potential.tensorflow_graph import finish
    from qcrystal.potential.training import tabulate

    folder = tmp_path_factory.mktemp("ternary")
    species = ["Ca", "Y", "H"]
    settings = training(
        species=species,
        descriptor=[6, 12, 24],
        axis_neuron=5,
        fitting=[20, 20],
        sel=[20, 20, 90],
        type_one_side=True,
        cutoff=4.5,
        cutoff_smooth=0.5,
    )
    untrained(settings, folder / "weights.dp")
    convert(folder / "weights.dp", folder / "frozen.pb")
    shutil.copy(folder / "frozen.pb", folder / "plain.pb")
    finish(tabulate(folder), folder / "model.pb", species, {"H-H": [0.2, 0.5], "Ca-H": [0.8, 1.3], "Ca-Y": [1.4, 2.1]})
    return [folder / "plain.pb", folder / "model.pb"]
