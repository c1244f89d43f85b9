"""One line of progress: it follows the jobs, repeats what they say, and keeps everything in a file."""

import io
import sys

import pytest
from rich.console import Console
from rich.progress import Progress

from qcrystal.commands import progress


def watched(lines, times):
    screen, log = io.StringIO(), io.StringIO()
    console = Console(file=screen, force_terminal=False, width=200)
    clock = iter(times)
    said = progress.watch(io.StringIO(lines), log, Progress(console=console, disable=True), clock=lambda: next(clock))
    return said, screen.getvalue(), log.getvalue()


def test_a_line_says_how_many_jobs_are_left_and_for_how_long():
    """Four jobs in 120 s leave 180 s for the other six."""
    lines = "rule run:\n4 of 10 steps (40%) done\n"
    said, screen, log = watched(lines, [0.0, 120.0, 120.0])
    assert screen == "4 of 10 jobs, about 3 min left\n" and not said and log == lines


def test_lines_are_rare_where_no_terminal_is():
    lines = "".join(f"{n} of 5 steps ({20 * n}%) done\n" for n in range(1, 5))
    _, screen, _ = watched(lines, [0.0, 1.0, 2.0, 3.0, 4.0])
    assert screen == ""


def test_what_jobs_say_is_repeated_and_the_rest_is_not():
    error = "phonons: config/crystals/x/crystal.yaml: dynamics.max_frequency: too low (details: logs/phonons.log)"
    lines = f"Error in rule phonons:\n    message: None\n{error}\nphonons: warning: short\nlocalrule all:\n"
    said, screen, _ = watched(lines, [0.0])
    assert said == [error, "phonons: warning: short"] and "localrule" not in screen and error in screen


@pytest.mark.parametrize(("code", "words"), [("import sys; print('no such rule'); sys.exit(3)", "no such rule")])
def test_a_failure_that_no_job_explains_shows_the_last_lines(tmp_path, capfd, code, words):
    status = progress.run(tmp_path / "logs" / "snakemake.log", [sys.executable, "-c", code])
    error = capfd.readouterr().err
    assert status == 3 and words in error and "the full log" in error
    assert words in (tmp_path / "logs" / "snakemake.log").read_text()


def test_nothing_to_be_done_is_said(tmp_path, capfd):
    code = "print('Nothing to be done (all requested files are present and up to date).')"
    assert progress.run(tmp_path / "log", [sys.executable, "-c", code]) == 0
    assert "Nothing to be done" in capfd.readouterr().err
