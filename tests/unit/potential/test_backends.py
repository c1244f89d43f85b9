"""Conversion between backends: the same forces from files of other backends, and what cannot be converted."""

from importlib.util import find_spec

import numpy as np
import pytest
from crystals import lah10
from trainings import training

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.potential.backends import BackendError, convert, differences
from qcrystal.potential.moments.model import untrained
from qcrystal.potential.tensorflow_graph import kind

pytestmark = pytest.mark.engine

# Both of LaH10's species, two-sided embedding, and a fitting network with shortcuts: everything that the released nets have.
SETTINGS = training(
    descriptor=[4, 8, 16], axis_neuron=4, fitting=[12, 12], sel=[18, 128], precision="float64", type_one_side=False
)


@pytest.fixture(scope="module")
def frames():
    """Displaced LaH10 cells of 22 atoms."""
    generator = np.random.default_rng(7)
    atoms = lah10(5.0, primitive=True).repeat((2, 1, 1))
    count, n = 3, len(atoms)
    return LabelledFrames(
        name="cells",
        symbols=atoms.get_chemical_symbols(),
        cells=np.repeat(atoms.cell.array[None], count, axis=0),
        positions=atoms.positions + generator.normal(0, 0.1, (count, n, 3)),
        energies=np.zeros(count),
        forces=np.zeros((count, n, 3)),
        virials=np.zeros((count, 3, 3)),
    )


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    """A potential with random weights as NumPy weights and as a TensorFlow graph."""
    folder = tmp_path_factory.mktemp("potential")
    untrained(SETTINGS, folder / "weights.dp")
    convert(folder / "weights.dp", folder / "frozen.pb")
    return folder


def test_there_and_back_again(frozen, frames, tmp_path):
    convert(frozen / "frozen.pb", tmp_path / "back.dp")
    convert(tmp_path / "back.dp", tmp_path / "back.pb")
    assert kind(tmp_path / "back.pb") == "frozen"
    found = differences(frozen / "frozen.pb", tmp_path / "back.pb", [frames, frames.take([1])])
    assert found["energy"] < 1e-9 and found["force"] < 1e-8  # eV/atom, eV/Å; double precision, the same weights
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back.dp", "back.pb"]


def test_differences_are_found(frozen, frames, tmp_path):
    other = SETTINGS.model_copy(update={"seeds": SETTINGS.seeds.model_copy(update={"fitting": 99})})
    untrained(other, tmp_path / "other.dp")
    found = differences(frozen / "weights.dp", tmp_path / "other.dp", [frames])
    assert found["energy"] > 1e-3 and found["force"] > 1e-3


@pytest.mark.slow
def test_tensorflow_2_differentiates_to_the_same_forces(frozen, frames, tmp_path):
    """An implementation of its own, and forces by automatic differentiation instead of DeePMD-kit's kernels."""
    with pytest.raises(BackendError, match="cannot take the potential"):
        convert(frozen / "frozen.pb", tmp_path / "model.savedmodeltf")  # two-sided: DeePMD-kit 3.2.0 cannot trace it
    untrained(SETTINGS.model_copy(update={"type_one_side": True}), tmp_path / "one_sided.dp")
    convert(tmp_path / "one_sided.dp", tmp_path / "model.savedmodeltf")
    found = differences(tmp_path / "one_sided.dp", tmp_path / "model.savedmodeltf", [frames])
    assert found["energy"] < 1e-6 and found["force"] < 1e-5


@pytest.mark.slow
@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
def test_pytorch_has_the_same_forces(frozen, frames, tmp_path):
    convert(frozen / "frozen.pb", tmp_path / "model.pth")
    found = differences(frozen / "frozen.pb", tmp_path / "model.pth", [frames])
    assert found["energy"] < 1e-6 and found["force"] < 1e-5


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed")
def test_missing_package_is_named(frozen, tmp_path):
    with pytest.raises(BackendError, match=r"model\.pth: this backend needs torch, which is not installed"):
        convert(frozen / "weights.dp", tmp_path / "model.pth")
    assert not list(tmp_path.iterdir())


def test_tables_do_not_tell_the_weights(released_model, tmp_path):
    with pytest.raises(BackendError, match=r"model\.pb: is (compressed|finished); convert the uncompressed potential"):
        convert(released_model, tmp_path / "model.dp")
    with pytest.raises(BackendError, match=r"absent\.pb: no such potential"):
        convert(tmp_path / "absent.pb", tmp_path / "model.dp")


def test_unknown_suffix_is_refused(frozen, tmp_path):
    with pytest.raises(BackendError, match=r"model\.onnx: no backend has this suffix; use \.pb"):
        convert(frozen / "weights.dp", tmp_path / "model.onnx")
