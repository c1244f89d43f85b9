"""Values on make's command line are checked before an environment is built, and reach no shell."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cases import cases
from complaints import says

from qcrystal.commands.crystals import with_a_potential
from qcrystal.config import make_variables
from qcrystal.io.yaml_files import read_mapping

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Folder with only the files that make reads before it builds an environment."""
    folder = tmp_path_factory.mktemp("bare")
    for name in ("config", "envs"):
        shutil.copytree(ROOT / name, folder / name)
    script = "scripts/qcrystal/config/make_variables.py"
    (folder / script).parent.mkdir(parents=True)
    shutil.copy(ROOT / script, folder / script)
    shutil.copy(ROOT / "Makefile", folder)
    return folder


def make(folder, *arguments):
    command = ["make", *arguments]
    outside = {
        name: value for name, value in os.environ.items() if not name.startswith("MAKE")
    }  # these tests run in a make
    return subprocess.run(command, cwd=folder, env=outside, capture_output=True, text=True)


@cases(Path(__file__).parent / "cases" / "make.yaml")
@pytest.mark.engine
def test_bad_variable_of_make_is_named_before_an_environment_is_built(case, bare):
    process = make(bare, "figures", case["variable"])
    assert process.returncode == 2 and not (bare / ".venv").exists()
    said, *others = process.stderr.strip().splitlines()
    says(said, case["says"])
    assert len(others) == 1 and others[0].startswith("make: ***")  # make's own, of every recipe that fails


def test_all_bad_variables_of_make_are_named_at_once(bare):
    lines = make(bare, "figures", "SACLE=smoke", "START=middle", "CORES=0", "SCALE=latop").stderr.splitlines()
    for word in ("SACLE", "START=middle", "CORES=0", "SCALE=latop"):
        assert sum(line.startswith(word) for line in lines) == 1, lines


def test_variables_that_make_knows_are_those_that_are_checked():
    listed = re.search(r"^KNOWN := (.*)$", (ROOT / "Makefile").read_text(), re.M)[1].split()
    assert tuple(listed) == make_variables.KNOWN


INJECTED = [
    "$(shell touch pwned)",
    "`touch pwned`",
    "$$(touch pwned)",
    '"; touch pwned; "',
    "'; touch pwned; '",
    "x\ntouch pwned",
]


@pytest.mark.parametrize("text", INJECTED, ids=range(len(INJECTED)))
@pytest.mark.parametrize("name", ["T", "HTML", "KEY", "CORES", "SCALE", "CRYSTAL", "PYTHON", "JSON"])
@pytest.mark.engine
def test_what_make_is_told_reaches_no_shell(bare, name, text):
    """Neither make's own functions nor the shell run what is said; a stand-in of Python writes down what arrives."""
    lock = (bare / "envs/requirements.lock").read_bytes()
    ready = bare / ".venv" / f"ready-{hashlib.sha256(lock).hexdigest()[:16]}"
    python = bare / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s\\0" "$@" >> said\n')
    python.chmod(0o755)
    ready.touch()
    try:
        for target in ("help", "audit", "seal"):
            make(bare, target, f"{name}={text}", *(["SCALE=smoke"] if name != "SCALE" else []))
        assert not (bare / "pwned").exists()
        if name in ("T", "HTML"):
            said = (bare / "said").read_text().split("\0")
            assert (text if name == "T" else f"--html={text}") in said
    finally:
        shutil.rmtree(bare / ".venv")
        (bare / "said").unlink(missing_ok=True)


def test_all_crystals_are_those_with_a_potential_and_for_figures_alone(bare):
    """The command names what `CRYSTAL=all` takes; any other target refuses the word."""
    named = with_a_potential(ROOT / "config/crystals")
    assert {"lah10", "h3s", "lithium", "ca-y-h"} & set(named) == {"lah10", "h3s", "lithium", "ca-y-h"}
    assert all((ROOT / read_mapping(ROOT / f"config/crystals/{name}/sources.yaml")["model"]).is_dir() for name in named)
    refused = make(bare, "audit", "CRYSTAL=all")
    assert refused.returncode == 2 and "all is for `make figures` alone" in refused.stderr
    variables = {
        "CRYSTAL": "all",
        "SCALE": "smoke",
        "START": "model",
        "DEVICE": "cpu",
        "CORES": "2",
        "GOALS": "figures",
    }
    assert list(make_variables.problems(variables, ROOT)) == []


def test_good_variables_of_make_are_not_refused(bare):
    for variables in ([], ["SCALE=smoke", "START=dft", "CORES=2"], ["SCALE=config/scales/smoke.yaml", "CORES=all"]):
        process = make(bare, "variables", *variables)
        assert process.returncode == 0 and not process.stderr, process.stderr


def test_date_of_the_lock_file_builds_no_environment(bare):
    lock = (bare / "envs/requirements.lock").read_bytes()
    ready = bare / ".venv" / f"ready-{hashlib.sha256(lock).hexdigest()[:16]}"
    ready.parent.mkdir()
    ready.touch()
    os.utime(ready, (0, 0))
    process = make(bare, "environment")
    shutil.rmtree(ready.parent)
    assert process.returncode == 0 and "Building" not in process.stdout, process.stdout + process.stderr
