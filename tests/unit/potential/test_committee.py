"""Committees: the deviation against closed forms, the order of the members, what is refused."""

import shutil

import numpy as np
import pytest
from crystals import lah10

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.potential.committee import (
    Committee,
    CommitteeError,
    deviation_statistics,
    force_deviation,
    force_deviation_rms,
    members,
)
from qcrystal.potential.engines import PotentialError


def cells(count=2, seed=5):
    """Displaced primitive LaH10 cells."""
    generator = np.random.default_rng(seed)
    atoms = lah10(5.1, primitive=True).repeat((2, 1, 1))
    frames = [atoms.copy() for _ in range(count)]
    for frame in frames:
        frame.positions += generator.normal(0, 0.05, frame.positions.shape)
    return frames


@pytest.fixture
def folder(tmp_path, released_model):
    """The released potential three times: a committee that agrees."""
    if not released_model.is_file():
        pytest.skip(f"no released potential {released_model}")
    for name in ("model.pb", "model-2.pb", "model-3.pb"):
        shutil.copy(released_model, tmp_path / name)
    return tmp_path


def test_deviation_of_two_members_is_half_their_distance():
    forces = np.zeros((2, 3, 4, 3))
    forces[0, 1, 2] = [0.3, 0.0, 0.4]  # frame 1, atom 2: the members differ by 0.5
    forces[1, 2, 3] = [0.0, 2.0, 0.0]
    assert force_deviation(forces) == pytest.approx([0, 0.25, 1.0])
    assert force_deviation_rms(forces) == pytest.approx([0, 0.25 / 2, 1.0 / 2])  # one atom of four


def test_deviation_of_normal_forces():
    """Members that scatter by σ per component deviate by σ sqrt(3 (M-1)/M) in the mean square."""
    generator = np.random.default_rng(1)
    common = generator.normal(0, 5, (1, 20, 500, 3))
    forces = common + generator.normal(0, 0.1, (4, 20, 500, 3))
    # 20 x 500 x 3 x 3 degrees of freedom: the relative error of an rms is 1/sqrt(2 x 90 000)
    assert np.sqrt(np.mean(force_deviation_rms(forces) ** 2)) == pytest.approx(0.1 * np.sqrt(3 * 3 / 4), rel=0.01)
    assert (force_deviation(forces) > force_deviation_rms(forces)).all()
    assert force_deviation(common) == pytest.approx(np.zeros(20), abs=1e-12)


def test_deviation_does_not_depend_on_axes_or_order():
    generator = np.random.default_rng(2)
    forces = generator.normal(size=(3, 2, 5, 3))
    rotation, _ = np.linalg.qr(generator.normal(size=(3, 3)))
    for other in (forces @ rotation, forces[[2, 0, 1]], forces[:, :, ::-1], forces + [1.0, 2.0, 3.0]):
        assert force_deviation(other) == pytest.approx(force_deviation(forces))
        assert force_deviation_rms(other) == pytest.approx(force_deviation_rms(forces))


def test_members_in_order(tmp_path):
    for number in (10, 2, 1, 3, 4, 5, 6, 7, 8, 9):
        (tmp_path / ("model.pb" if number == 1 else f"model-{number}.pb")).touch()
    (tmp_path / "model-old.pb").touch()
    assert [path.name for path in members(tmp_path)] == ["model.pb", *(f"model-{n}.pb" for n in range(2, 11))]
    (tmp_path / "model-3.pb").unlink()
    with pytest.raises(CommitteeError, match=r"model-3\.pb: missing from the committee"):
        members(tmp_path)


def test_folder_without_a_potential_is_no_committee(tmp_path):
    with pytest.raises(CommitteeError, match=r"model\.pb: missing"):
        members(tmp_path)
    with pytest.raises(PotentialError, match="no such potential"):
        Committee([tmp_path / "model.pb"])


def test_members_that_are_equal_agree(folder, released_model):
    from qcrystal.potential.calculator import DeepPotential

    committee, frames = Committee(members(folder)), cells(2)
    energies, forces = committee.evaluate(frames)
    assert energies.shape == (3, 2) and forces.shape == (3, 2, 22, 3)
    assert np.array_equal(forces[0], forces[2]) and force_deviation(forces).max() < 1e-14  # the mean of three rounds
    calculator = DeepPotential(released_model)
    for frame, energy, force in zip(frames, energies[0], forces[0], strict=True):
        frame.calc = calculator
        # a single-precision network: batches of another size differ in the last bits
        assert energy == pytest.approx(frame.get_potential_energy(), rel=1e-6)
        assert force == pytest.approx(frame.get_forces(), abs=1e-4)
    labelled = LabelledFrames(
        name="cells",
        symbols=frames[0].get_chemical_symbols(),
        cells=np.array([f.cell.array for f in frames]),
        positions=np.array([f.positions for f in frames]),
        energies=np.zeros(2),
        forces=np.zeros((2, 22, 3)),
        virials=np.zeros((2, 3, 3)),
    )
    assert np.array_equal(committee.evaluate(labelled)[1], forces)


def test_statistics_for_the_card():
    """Two members that differ by 2 d on one atom of four of the frame: deviations d and d/2, d = 0, 0.01, ... 0.99."""

    class Pair:
        def __len__(self):
            return 2

        def evaluate(self, frames):
            forces = np.zeros((2, len(frames), 4, 3))
            forces[0, :, 1, 2], forces[1, :, 1, 2] = frames, -frames
            return None, forces

    sizes = np.arange(100) / 100
    statistics = deviation_statistics(Pair(), [sizes[:30], sizes[30:]])
    assert (statistics["members"], statistics["frames"]) == (2, 100)
    largest, rms = (statistics["force_deviation_eV_per_angstrom"][name] for name in ("max", "rms"))
    assert largest == pytest.approx({"mean": 0.495, "percentile_95": 0.9405, "percentile_99": 0.9801})
    assert rms == pytest.approx({key: value / 2 for key, value in largest.items()}, rel=1e-3)  # four digits


def test_frames_that_do_not_belong_together_are_refused(released_model):
    if not released_model.is_file():
        pytest.skip(f"no released potential {released_model}")
    committee, frames = Committee([released_model]), cells(2)
    del frames[1][-1]
    with pytest.raises(CommitteeError, match=r"frame 1 is H19La2 and frame 0 H20La2.*evaluate them apart"):
        committee.evaluate(frames)
    frames[0].pbc = [True, True, False]
    with pytest.raises(CommitteeError, match="frame 0 has pbc"):
        committee.evaluate(frames[0])
    with pytest.raises(CommitteeError, match="no frames"):
        committee.evaluate([])
