"""A bad argument of a command is named; nothing is written."""

import subprocess
import sys

import pytest
from cases import by_name

COMMANDS = {
    "convert": ("convert missing.pb model.dp", ["missing.pb", "no such potential"]),
    "bench-potential": ("bench-potential --structure missing.xyz", ["missing.xyz", "not readable as structures"]),
    "freeze": ("freeze missing.pb model.pb --crystal missing.yaml", ["missing.yaml", "no such system"]),
    "release": ("release trained released", ["trained/card.yaml", "no such file"]),
}


@by_name(COMMANDS)
@pytest.mark.engine
def test_bad_argument_of_a_command_is_named(case, tmp_path):
    arguments, words = case
    command = [sys.executable, "-m", "qcrystal", *arguments.split()]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert process.returncode == 1 and not list(tmp_path.iterdir())
    assert all(word in process.stderr for word in words) and "Traceback" not in process.stderr
