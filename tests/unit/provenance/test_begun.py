"""A run that other code began does not go on, so that no record vouches for samples of another."""

import pytest

from qcrystal.provenance import begun

OUTPUTS = ("runs/trial/trajectory.h5", "runs/trial/start.extxyz")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "trial").mkdir()
    begun.begin(tmp_path / "trial", OUTPUTS, "a" * 16)
    return tmp_path / "trial"


def test_the_same_code_goes_on_and_other_code_is_refused_in_a_line(folder):
    (folder / "ipi").mkdir()  # what a path integral goes on from
    begun.begin(folder, OUTPUTS, "a" * 16)
    with pytest.raises(begun.BegunError, match="trial: begun by other code .a{16}, today b{16}.; remove the folder"):
        begun.begin(folder, OUTPUTS, "b" * 16)
    assert begun.code_that_began(folder) == "a" * 16 and (folder / "ipi").is_dir()


def test_nothing_to_go_on_from_hinders_no_other_code(folder):
    """A job that fails at its start leaves at most the start, which is one of its outputs."""
    (folder / "start.extxyz").write_text("")
    begun.begin(folder, OUTPUTS, "b" * 16)
    assert begun.code_that_began(folder) == "b" * 16


def test_a_job_that_ended_is_forgotten(folder):
    begun.end(folder)
    assert begun.code_that_began(folder) is None and not list(folder.iterdir())
    begun.begin(folder, OUTPUTS, "b" * 16)


def test_samples_that_nobody_says_who_began_are_refused_in_a_line(folder):
    """A disk that was full, or a copy of half a folder, may lose the note."""
    (folder / "ipi").mkdir()
    begun.end(folder)
    with pytest.raises(begun.BegunError, match="trial: holds samples, and no begun-by tells the code .*; remove it"):
        begun.begin(folder, OUTPUTS, "a" * 16)
    with pytest.raises(begun.BegunError, match="holds samples"):
        begun.refuse_unknown(folder)
    begun.note(folder, "a" * 16)  # as a pack does, which knows it
    begun.begin(folder, OUTPUTS, "a" * 16)
    begun.refuse_unknown(folder)
