"""Left-handed cells: one lattice has one set of forces, whatever the order of its vectors."""

import numpy as np
import pytest
from ase.build import bulk

from qcrystal.crystal.handedness import right_handed
from qcrystal.dataset.deepmd_npy import read_system
from qcrystal.potential.engines import open_potential

pytestmark = pytest.mark.engine


def test_a_left_handed_cell_is_turned_round_and_a_right_handed_one_is_kept():
    cells = np.array([np.eye(3), np.eye(3)[[1, 0, 2]]])
    found = right_handed(cells)
    assert np.array_equal(found[0], cells[0]) and np.array_equal(found[1], -cells[1])
    assert np.array_equal(right_handed(np.zeros((3, 3))), np.zeros((3, 3)))


@pytest.mark.parametrize("engine", ["native", "deepmd"])
def test_forces_are_the_slopes_of_the_energy_in_a_left_handed_cell(root, engine):
    """DeePMD-kit's own forces have the wrong sign there. Central differences of 1e-3 Å hold to 1e-3 eV/Å in single precision."""
    crystal = bulk("H", "fcc", a=2.6, cubic=True) * 2
    crystal.rattle(0.1, seed=3)
    potential = open_potential(root / "models/lah10-fast/model.pb", engine)
    types = [potential.species.index("H")] * len(crystal)
    cell = crystal.cell.array[[1, 0, 2]] + 0.05
    assert np.linalg.det(cell) < 0
    moved = np.repeat(crystal.positions[None], 3, axis=0)
    moved[1, 0, 0] += 5e-3
    moved[2, 0, 0] -= 5e-3
    energies, forces, _ = potential.evaluate(moved, np.repeat(cell[None], 3, axis=0), types)
    assert abs(forces[0][0, 0]) > 0.1
    assert forces[0][0, 0] == pytest.approx(-(energies[1] - energies[2]) / 1e-2, rel=0.02)


def test_labels_of_left_handed_cells_are_read_in_right_handed_ones(tmp_path):
    rng = np.random.default_rng(1)
    cells = np.array([4 * np.eye(3), 4 * np.eye(3)[[1, 0, 2]]])
    positions, forces = rng.uniform(0, 4, (2, 2, 2, 3))
    (tmp_path / "two" / "set.000").mkdir(parents=True)
    (tmp_path / "two" / "type.raw").write_text("0\n1\n")
    arrays = {"box": cells, "coord": positions, "force": forces, "energy": np.zeros(2), "virial": np.zeros((2, 9))}
    for name, values in arrays.items():
        np.save(tmp_path / "two" / "set.000" / f"{name}.npy", values.reshape(2, -1))
    (read,) = read_system(tmp_path / "two", ["La", "H"])
    assert np.array_equal(read.cells, [cells[0], -cells[1]])
    assert np.array_equal(read.positions, positions) and np.array_equal(read.forces, forces)
