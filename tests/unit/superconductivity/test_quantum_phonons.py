"""Couplings with other phonons against exact rules: D = λω² is kept, the same phonons change nothing, and so on."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase.calculators.calculator import Calculator, all_changes
from ase.neighborlist import neighbor_list

from qcrystal.statics.phonons import PhononSettings, lattice_dynamics
from qcrystal.statics.self_consistent import SelfConsistentSettings
from qcrystal.superconductivity.electron_phonon import CouplingError, ImaginaryError, WaveVector, spectrum_of
from qcrystal.superconductivity.quantum_phonons import (
    at_wave_vector,
    compound_with_motion,
    read_matrix,
    read_with_matrices,
    renormalised,
)

DATA = Path(__file__).parents[3] / "data" / "h3s-couplings"
FOLDER = DATA / "k4-K8-q2" / "elph_dir"
SIGMA = 0.03


class Springs(Calculator):
    """Isotropic springs between neighbours, stretched by nothing at rest: a harmonic crystal for displacements of any size."""

    implemented_properties = ("energy", "forces", "stress")

    def __init__(self, atoms, reach, stiffness=6.0):
        super().__init__()
        self.rest = neighbor_list("D", atoms, reach)
        self.rest = np.unique(np.round(self.rest, 6), axis=0)
        self.reach, self.stiffness = reach, stiffness

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        first, vectors = neighbor_list("iD", atoms, self.reach + 1.0)
        distances = np.linalg.norm(vectors[:, None] - self.rest, axis=2)
        nearest = distances.argmin(axis=1)
        bonded = distances.min(axis=1) < 0.45 * np.linalg.norm(self.rest, axis=1).min()
        stretched = (vectors - self.rest[nearest])[bonded]
        forces = np.zeros((len(atoms), 3))
        np.add.at(forces, first[bonded], self.stiffness * stretched)
        energy = 0.25 * self.stiffness * float((stretched**2).sum())
        self.results = {"energy": energy, "forces": forces, "stress": np.zeros(6)}


def whole():
    return read_with_matrices(FOLDER, 2)


def test_frequencies_of_a_matrix_are_those_that_phx_lists():
    for number, matrix in enumerate(whole().matrices, 1):
        listed = re.findall(r"freq \(\s*\d+\) =\s+(-?[\d.]+) \[THz\]", (FOLDER.parent / f"x.dyn{number}").read_text())
        squares = np.linalg.eigvalsh(matrix.squares)
        found = np.sign(squares) * np.sqrt(np.abs(squares))
        optical = slice(3 if number == 1 else 0, None)
        np.testing.assert_allclose(found[optical], np.array(listed, float)[optical], atol=2e-4)
        assert matrix.atoms.get_masses() == pytest.approx([32.06, 1.008, 1.008, 1.008], rel=3e-4)
        assert np.allclose(2 * matrix.position, np.round(2 * matrix.position), atol=1e-5)  # of a mesh of 2³
    assert matrix.atoms.get_volume() == pytest.approx(2.979**3 / 2, rel=2e-3)


def test_harmonic_phonons_in_are_harmonic_couplings_out():
    read = whole()
    for point, matrix in zip(read.points, read.matrices, strict=True):
        found = renormalised(point, matrix.squares, matrix.squares, 2.0)
        optical = np.s_[3:] if np.allclose(point.position, 0) else np.s_[:]
        assert found.frequencies[optical] == pytest.approx(np.sort(point.frequencies)[optical], abs=1e-3)
        for sigma, values in point.couplings.items():
            assert found.couplings[sigma][optical].sum() == pytest.approx(values[optical].sum(), rel=1e-3)


@pytest.mark.parametrize("factor", [0.5, 1.25, 2.0])
def test_frequencies_times_s_divide_lambda_by_s_squared(factor):
    read = whole()
    pairs = list(zip(read.points, read.matrices, strict=True))
    same = [renormalised(point, each.squares, each.squares, 2.0) for point, each in pairs]
    moved = [renormalised(point, each.squares, factor**2 * each.squares, 2.0) for point, each in pairs]
    before, after = (spectrum_of(points, SIGMA, 2.0 * scale, "") for points, scale in ((same, 1.0), (moved, factor)))
    assert after.strength == pytest.approx(before.strength / factor**2)
    assert after.logarithmic == pytest.approx(before.logarithmic * factor)


def two_modes(couplings, where=(0.5, 0.0, 0.0)):
    return WaveVector(np.array(where), np.array([10.0, 20.0, 20.0]), {SIGMA: np.array(couplings)}, 1)


def test_modes_that_mix_share_their_deformation_potentials():
    """Turned by 45°, the first two modes have D = (0.5·100 + 0.2·400)/2 each; the third, which does not mix, keeps its own."""
    before, after_squares = np.diag([100.0, 400.0, 400.0001]), [225.0, 625.0, 900.0]
    turn = np.array([[1, -1, 0], [1, 1, 0], [0, 0, np.sqrt(2)]]) / np.sqrt(2)
    point = two_modes([0.5, 0.2, 0.2])
    found = renormalised(point, before, turn @ np.diag(after_squares) @ turn.T, 2.0)
    assert found.frequencies == pytest.approx([15.0, 25.0, 30.0])
    assert found.couplings[SIGMA] == pytest.approx([65 / 225, 65 / 625, 80 / 900], rel=1e-5)
    assert (found.couplings[SIGMA] * after_squares).sum() == pytest.approx(0.5 * 100 + 2 * 0.2 * 400, rel=1e-5)


def test_the_choice_of_degenerate_modes_does_not_count():
    """ph.x may list 0.3 and 0.1 where another choice within the same space has 0.2 and 0.2."""
    before, after = np.diag([100.0, 400.0, 400.0]), np.diag([100.0, 300.0, 500.0])
    found = [
        renormalised(two_modes(each), before, after, 2.0).couplings[SIGMA]
        for each in ([0.5, 0.3, 0.1], [0.5, 0.2, 0.2])
    ]
    assert found[0] == pytest.approx(found[1])


def test_an_imaginary_mode_after_motion_leaves_no_spectrum():
    found = renormalised(two_modes([0.5, 0.2, 0.2]), np.diag([100.0, 400.0, 400.0]), np.diag([-9.0, 400.0, 400.0]), 2.0)
    assert found.frequencies[0] == pytest.approx(-3.0)
    with pytest.raises(ImaginaryError, match="imaginary: a mode of -3.00 THz"):
        spectrum_of([found], SIGMA, 2.0, "")


def test_a_matrix_of_other_phonons_is_named():
    point = two_modes([0.5, 0.2, 0.2])
    with pytest.raises(CouplingError, match="differ by 2 THz from those of the couplings; keep the files of one"):
        renormalised(point, np.diag([144.0, 400.0, 400.0]), np.eye(3), 2.0, "here")


@pytest.mark.parametrize(
    ("spoil", "found"),
    [(lambda t: t[:900], "no dynamical matrix"), (lambda t: t.replace("   0   4.8", "   3   4.8"), "ibrav 3")],
)
def test_a_file_that_is_cut_off_or_has_no_vectors_is_named(tmp_path, spoil, found):
    path = tmp_path / "x.dyn2"
    text = (FOLDER.parent / "x.dyn2").read_text()
    path.write_text(spoil(text))
    with pytest.raises(CouplingError, match=found):
        read_matrix(path, whole().points[1].position)


def crystal():
    return whole().matrices[0].atoms


def test_phases_are_those_of_whole_cells():
    """Against the sum over the cells of a supercell, Σ_R Φ(R) exp(2πi q·R), as ph.x and matdyn.x take it."""
    atoms = crystal()
    model = lattice_dynamics(Springs(atoms, 1.6), atoms, PhononSettings((3, 3, 3), None))
    position = np.array([1, 0, 2]) / 3
    constants, primitive, cells = model.force_constants, model.primitive, model.supercell
    expected = np.zeros((12, 12), complex)
    inverse = np.linalg.inv(primitive.cell)
    for row, first in enumerate(primitive.p2s_map):
        for other in range(len(cells)):
            column = list(primitive.p2s_map).index(primitive.s2p_map[other])
            cell = np.round((cells.positions[other] - primitive.positions[column]) @ inverse)
            left = row if len(constants) == len(primitive) else first
            part = constants[left, other] * np.exp(2j * np.pi * position @ cell)
            part = part / np.sqrt(primitive.masses[row] * primitive.masses[column])
            expected[3 * row : 3 * row + 3, 3 * column : 3 * column + 3] += part
    # constants of nature of other years differ by 1e-6
    np.testing.assert_allclose(at_wave_vector(model, position), 15.633302**2 * expected, rtol=1e-5, atol=1e-6)


@pytest.mark.engine
def test_motion_changes_nothing_in_a_harmonic_crystal(tmp_path):
    """End to end, on the shipped couplings: springs have no anharmonicity, so that both kinds of phonons have one T_c."""
    source = {"path": str(FOLDER), "meshes": {"k": 4, "dense_k": 8, "q": 2}}
    effort = SelfConsistentSettings([0.0], snapshots=6, iterations=2, seed=1)
    table = compound_with_motion("H3S", [source], Springs(crystal(), 1.6), 0.0, effort, 1, [0.1], 2.0)
    harmonic, quantum = (table[table["phonons"] == kind].reset_index() for kind in ("harmonic", "quantum"))
    assert len(harmonic) == len(quantum) == 10 and (table["status"] == "stable").all()
    alone = table[table["phonons"] == "quantum, potential alone"]
    # D is kept: λ times its own mean of ω² is the sum of λω² of either
    sums = [one["lambda"].to_numpy() * one["omega_2"].to_numpy() ** 2 for one in (harmonic, alone)]
    np.testing.assert_allclose(sums[1], sums[0], rtol=1e-2)
    for column in ("lambda", "omega_log", "omega_2", "allen_dynes"):
        np.testing.assert_allclose(quantum[column], harmonic[column], rtol=2e-3)


def test_couplings_without_phonons_cannot_be_renormalised():
    source = {"path": str(FOLDER), "meshes": None}
    with pytest.raises(
        CouplingError, match="quantum: H3S: no couplings with phonons; give couplings of ph.x with their meshes"
    ):
        compound_with_motion("H3S", [source], None, 0.0, SelfConsistentSettings([0.0]), 1, [0.1], 2.0)


def test_matrices_belong_to_their_couplings(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(FOLDER.parent, folder)
    text = (folder / "x.dyn2").read_text()
    (folder / "x.dyn2").write_text(text.replace("0.81083465", "1.81083465"))
    read = read_with_matrices(folder / "elph_dir", 2)
    with pytest.raises(CouplingError, match="keep the files of one calculation together"):
        renormalised(read.points[1], read.matrices[1].squares, read.matrices[1].squares, 2.0)
