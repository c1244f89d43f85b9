"""Files that appear whole, and what may lie in their way."""

import os

import pytest
from complaints import says
from full_disk import fill

from qcrystal.errors import one_line
from qcrystal.files import write_whole


@pytest.mark.parametrize("target", ["victim", "nowhere", "folder"])
def test_a_planted_link_is_refused_and_not_followed(tmp_path, target):
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "table.csv").write_text("older")
    (tmp_path / "table.csv.partial").symlink_to(tmp_path / target)
    with pytest.raises(ValueError) as error:
        write_whole(tmp_path / "table.csv", "newer")
    says(one_line(error.value), [str(tmp_path / "table.csv.partial"), "a link", "remove it"])
    assert (tmp_path / "table.csv").read_text() == "older" and (tmp_path / "victim").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists() and not list((tmp_path / "folder").iterdir())


def test_a_pipe_in_the_way_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.partial")
    with pytest.raises(ValueError, match="remove it"):
        write_whole(tmp_path / "a", b"1")


def test_the_rest_of_a_killed_process_gives_way_and_other_names_of_it_keep_their_content(tmp_path):
    (tmp_path / "victim").write_text("mine")
    os.link(tmp_path / "victim", tmp_path / "a.partial")
    write_whole(tmp_path / "a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1" and (tmp_path / "victim").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["a", "victim"]


def test_a_full_disk_keeps_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("older")
    fill(monkeypatch, "a.partial")
    with pytest.raises(OSError) as error:
        write_whole(tmp_path / "a", "newer")
    says(one_line(error.value), [str(tmp_path), "no space left"])
    monkeypatch.undo()
    assert (tmp_path / "a").read_text() == "older"
    write_whole(tmp_path / "a", "newer")
    assert (tmp_path / "a").read_text() == "newer"


def test_a_new_file_may_be_read_as_the_mask_says(tmp_path):
    mask = os.umask(0o027)
    try:
        write_whole(tmp_path / "a", "1")
    finally:
        os.umask(mask)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
