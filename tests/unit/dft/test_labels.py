"""The labeller's file: what is whole is read, and each fault is named in one line."""

import json

import numpy as np
import pytest
from ase import units

from qcrystal.dft.labels import LabelError, read_labels


def frame(**changes):
    """A label of two hydrogen atoms in a cube of 3 Å at 10 GPa."""
    virial = 10 * units.GPa * 27.0 * np.eye(3)
    return {
        "energy": -6.5, "forces": [[0.1, 0, 0], [-0.1, 0, 0]], "virial": virial.tolist(), "cell": (3.0 * np.eye(3)).tolist(),
        "positions": [[0, 0, 0], [0.8, 0, 0]], "symbols": ["H", "H"], "origin": "cubic a=3 frame=0", "kpoints": [4, 4, 4],
        "seconds": 1.5, "processor_seconds": 2.5, **changes,
    }  # fmt: skip


@pytest.fixture
def written(tmp_path):
    def write(**changes):
        document = {"software": {"gpaw": "25.1"}, "settings": {"cutoff": 500}, "frames": [frame(), frame(**changes)]}
        path = tmp_path / "labels.json"
        path.write_text(json.dumps(document))
        return path

    return write


def test_labels_are_read_with_their_types(written):
    labels = read_labels(written())
    first = labels.frames[0]
    assert labels.software == {"gpaw": "25.1"} and labels.settings == {"cutoff": 500}
    assert first.forces.shape == (2, 3) and first.forces.dtype == float
    assert first.recipe == "cubic" and first.kpoints == [4, 4, 4] and first.processor_seconds == 2.5
    # hydrostatic: a diagonal element of the virial over the volume
    assert first.pressure == pytest.approx(10.0) and first.volume == pytest.approx(27.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"virial": None}, "frame 1 has no 'virial'"),
        ({"forces": [[0.1, 0, 0]]}, r"frame 1: forces has shape \(1, 3\), not \(2, 3\) as 2 atoms need"),
        ({"energy": float("nan")}, "frame 1: energy: "),
        ({"positions": [["far", 0, 0], [1, 0, 0]]}, "frame 1: positions: must be numbers"),
        ({"positions": [[float("inf"), 0, 0], [1, 0, 0]]}, "frame 1: positions: must be finite numbers"),
        ({"symbols": ["H", "Xy"]}, "frame 1: symbols.1: 'Xy' is no chemical element"),
        ({"origin": "  "}, "frame 1: origin: must be one line of text"),
    ],
)
def test_a_faulty_frame_is_named_in_one_line(written, changes, words):
    with pytest.raises(LabelError, match=f"labels.json: {words}.*label it again") as error:
        read_labels(written(**changes))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("document", ["[]", "{}", '{"software": {}, "settings": {}, "frames": {}}'])
def test_another_file_is_no_file_of_labels(tmp_path, document):
    path = tmp_path / "other.json"
    path.write_text(document)
    with pytest.raises(LabelError, match="other.json: not the labeller's output") as error:
        read_labels(path)
    assert "\n" not in str(error.value)
