"""The surroundings of a run are checked before it starts: variables, paths, the place of the results."""

import os
from pathlib import Path

import pytest
from cases import cases
from complaints import says

from qcrystal.config.messages import ConfigError
from qcrystal.config.preflight import check_places, check_surroundings

CASES = Path(__file__).parent / "cases"


@cases(CASES / "environments.yaml")
def test_bad_variable_is_named(case, tmp_path):
    with pytest.raises(ConfigError) as caught:
        check_surroundings(case["variables"], [tmp_path / "results"])
    says(str(caught.value), case["says"])


@cases(CASES / "places.yaml")
def test_path_that_the_shell_would_read_is_named(case):
    with pytest.raises(ConfigError) as caught:
        check_places(case["interpreter"], case["repository"])
    says(str(caught.value), ["path", *case["says"], "move the repository"])


def test_path_beyond_ascii_is_not_refused():
    check_places("/opt/Jürgen/é_ü+a@b,c=1%-/bin/python3.11", "/opt/a b & c's")


def test_results_that_are_no_folder_or_cannot_be_written_are_named(tmp_path, monkeypatch):
    results = tmp_path / "results"
    check_surroundings({}, [results])
    results.write_text("mine")
    with pytest.raises(ConfigError) as caught:
        check_surroundings({}, [results])
    says(str(caught.value), [str(results), "not a folder", "move it away"])
    assert results.read_text() == "mine"
    results.unlink()
    results.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(ConfigError) as caught:
        check_surroundings({}, [results])
    says(str(caught.value), [str(results), "cannot be written to", "permissions"])
