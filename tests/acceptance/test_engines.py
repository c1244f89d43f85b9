"""The native engine and DeePMD-kit carry out the same dynamics: averages agree, and both conserve the energy."""

import numpy as np
import pytest
from crystals import MASSES, lah10
from specifications import at_fixed_cell

from qcrystal.dynamics.bath.parameters import Bath
from qcrystal.dynamics.ipi import launcher as ipi
from qcrystal.dynamics.lammps import launcher as lammps
from qcrystal.io.tables import read_table

pytestmark = pytest.mark.slow
ENGINES = ("native", "deepmd")


@pytest.fixture
def structure():
    """A cubic cell of LaH10 at about 150 GPa."""
    return lah10(5.1)


def mean_and_error(values, blocks=8):
    """Mean of the second half, and its standard error by blocks."""
    means = [block.mean() for block in np.array_split(np.asarray(values)[len(values) // 2 :], blocks)]
    return np.mean(means), np.std(means, ddof=1) / np.sqrt(blocks)


def agree(tables, column):
    """Means within four standard errors of their difference: a chance of 6e-5."""
    (one, first), (two, second) = (mean_and_error(table[column]) for table in tables)
    assert abs(one - two) < 4 * np.hypot(first, second), (column, one, two, first, second)


def test_trajectories_have_the_same_averages(each_released_model, structure, tmp_path):
    tables = []
    for seed, engine in enumerate(ENGINES):  # other seeds: two samples of the same ensemble
        spec = at_fixed_cell(
            "qtb", MASSES, 4000, engine=engine, seed=seed, temperature=300, timestep=0.5, sample_every=10
        )
        lammps.run(spec, structure, each_released_model, tmp_path / engine)
        tables.append(read_table(tmp_path / engine / "thermo.csv", "thermo"))
    for column in ("potential_energy", "kinetic_H", "pressure"):
        agree(tables, column)


def test_path_integrals_have_the_same_averages(each_released_model, structure, tmp_path):
    tables = []
    for seed, engine in enumerate(ENGINES):
        spec = at_fixed_cell(
            "pimd", MASSES, 600, engine=engine, seed=seed, temperature=300, timestep=0.5, sample_every=5, beads=8
        )
        ipi.run(spec, structure, each_released_model, tmp_path / engine)
        tables.append(read_table(tmp_path / engine / "thermo.csv", "thermo"))
    for column in ("potential_energy", "kinetic_H", "pressure"):
        agree(tables, column)


def test_energy_is_conserved_as_well(each_released_model, structure, tmp_path):
    """Slopes of the total energy without friction, from one start: less than 0.1 meV/atom in a run of 1 ps, and the same."""
    slopes = {}
    for engine in ENGINES:
        spec = at_fixed_cell(
            "classical", MASSES, 4000, engine=engine, seed=1, temperature=300, timestep=0.25, sample_every=4,
            bath=Bath(gamma=1e-12),
        )  # fmt: skip
        lammps.run(spec, structure, each_released_model, tmp_path / engine)
        table = read_table(tmp_path / engine / "thermo.csv", "thermo")
        total = (table["potential_energy"] + table["kinetic_energy"]) / len(structure)  # eV/atom
        slopes[engine] = 1e3 * np.polyfit(1e-3 * table["time"], total, 1)[0]  # meV/atom/ns
    assert all(abs(slope) < 100 for slope in slopes.values()), slopes
    assert abs(slopes["native"] - slopes["deepmd"]) < 30, slopes
