"""Every command of the README and the documentation is one that works."""

import functools
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path
from string import Template

import pytest
import typer
from typer.core import TyperGroup

BLOCK = re.compile(r"^```bash\n(.*?)^```", re.DOTALL | re.MULTILINE)
SKIPPED = ("git clone", "cd ", "source ", "pre-commit install")
"""Lines that set up a shell; a test has its own."""
INLINE = re.compile(r"`((?:make|snakemake|python -m) [^`<…]+)`")


def commands(root: Path):
    """Each different command line of the pages, with the page that it stands on first."""
    found: dict[str, str] = {}
    for path in [root / "README.md", root / "CONTRIBUTING.md", *sorted(root.glob("docs/**/*.md"))]:
        text = path.read_text(encoding="utf-8")
        for block in [*BLOCK.findall(text), *INLINE.findall(text)]:
            for line in block.splitlines():
                line = line.partition(" #")[0].strip()
                if line and not line.startswith(SKIPPED):
                    found.setdefault(line, path.relative_to(root).as_posix())
    return found


ROOT = Path(__file__).resolve().parents[2]
COMMANDS = commands(ROOT)


@pytest.fixture(scope="module")
def documented(shared_workspace):
    """A copy of the repository with what make reads; the environment counts as built."""
    folder = shared_workspace.folder
    for name in ("Makefile", "pyproject.toml", "mkdocs.yml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    return shared_workspace


def planned(documented, line: str) -> list[str]:
    """Commands that make would run, without building the environment."""
    words = shlex.split(line)
    process = subprocess.run(
        ["make", *words[1:], "-n", "--no-print-directory"], cwd=documented.folder, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()


DEFAULTS = {"crystal": "lah10", "scale": "laptop", "start": "model", "device": "cpu"}


def plan(documented, *arguments: str) -> None:
    """Let Snakemake plan what it is asked for. Commands that differ in cores or name a default are the same plan."""
    words, given = [], {}
    rest = iter(arguments)
    for word in rest:
        if word == "--cores":
            int(next(rest))
        elif "=" in word and word.split("=")[0] in DEFAULTS:
            key, value = word.split("=", 1)
            given |= {key: value} if value != DEFAULTS[key] else {}
        else:
            words.append(word)
    values = [f"{key}={given[key]}" for key in sorted(given)]
    if "--config" in words:
        place = words.index("--config")
        following = words[place + 1 : place + 2]
        alone = not following or following[0].startswith("-")
        words[place : place + 1] = ["--config", *values] if values or not alone else []
    planned_once(documented, *words)


@functools.cache
def planned_once(documented, *arguments: str) -> None:
    """Let Snakemake plan once what it is asked for."""
    process = documented.snakemake("-n", "--quiet=all", *arguments)  # before a "--" of the command
    assert process.returncode == 0, process.stdout + process.stderr


def understood(name: str, arguments: list[str]) -> None:
    """Let a command of the library read its arguments without being run: names and values of options must be right."""
    command = typer.main.get_command(importlib.import_module(f"qcrystal.commands.{name.replace('-', '_')}").app)
    context = None
    while isinstance(command, TyperGroup):
        context = command.make_context(name, [], parent=context, resilient_parsing=True)
        name, *arguments = arguments
        command = command.get_command(context, name)
        assert command is not None, f"no command {name}"
    command.make_context(name, arguments, parent=context)


def with_a_potential(documented) -> list[str]:
    """Crystals that CRYSTAL=all stands for."""
    command = [sys.executable, "-m", "qcrystal", "crystals"]
    return subprocess.run(command, cwd=documented.folder, capture_output=True, text=True, check=True).stdout.split()


def test_pages_have_commands():
    assert len(COMMANDS) > 15 and "make figures SCALE=smoke" in COMMANDS


@pytest.mark.timeout(300)
@pytest.mark.parametrize("line", sorted(COMMANDS))
def test_a_command_of_the_documentation_works(documented, line):
    """make: its recipe, and the plan of the Snakemake call in it. Snakemake: its plan. Others: their help."""
    program, *arguments = shlex.split(line)
    if program == "make":
        lines = planned(documented, line)
        assert lines
        calls = [one.split("bin/snakemake", 1)[1] for one in lines if "bin/snakemake" in one and "--lint" not in one]
        for call in calls:
            given = {"CRYSTAL": "lah10", "SCALE": "laptop", "START": "model", "DEVICE": "cpu", "CORES": "2"}
            given |= dict(word.split("=", 1) for word in arguments if "=" in word)
            words = shlex.split(call.partition("&&")[0].partition(">")[0])
            for crystal in with_a_potential(documented) if given["CRYSTAL"] == "all" else [given["CRYSTAL"]]:
                plan(documented, *(Template(word).safe_substitute(given | {"CRYSTAL": crystal}) for word in words))
    elif program == "snakemake":
        # a plan needs no conda; nor does it unlock
        plan(documented, *(one for one in arguments if one not in ("-n", "--unlock", "--sdm", "conda")))
    elif program == "python":
        assert arguments[0] == "-m"
        if arguments[1] == "qcrystal" and not arguments[2].startswith("-"):
            understood(arguments[2], arguments[3:])
            return
        stop = ["--help"] if arguments[1] == "qcrystal" else ["--version"]
        process = subprocess.run([sys.executable, "-m", arguments[1], *stop], capture_output=True, text=True)
        assert process.returncode == 0, process.stderr
    else:
        assert program == "apt-get" and arguments[0] == "install", (
            f"{COMMANDS[line]}: {line}: no test knows this program"
        )
