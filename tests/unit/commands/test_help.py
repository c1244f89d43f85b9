"""Every command that is listed can be asked what it does."""

import importlib

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from qcrystal.__main__ import Commands

NAMES = Commands(name="qcrystal").list_commands(None)


def commands(group, names):
    """A command and those below it, each with its name in full."""
    yield names, group
    for name, below in getattr(group, "commands", {}).items():
        yield from commands(below, [*names, name])


@pytest.mark.parametrize("name", NAMES)
def test_a_listed_command_tells_its_use_and_loses_no_word_in_angles(name):
    """A rendered help leaves out what looks like a tag: a folder between slashes would be gone."""
    module = importlib.import_module(f"qcrystal.commands.{name.replace('-', '_')}")
    for names, command in commands(get_command(module.app), [name]):
        said = CliRunner().invoke(module.app, [*names[1:], "--help"], env={"COLUMNS": "200"})
        assert said.exit_code == 0, names
        assert "Example" in said.stdout, names
        assert "//" not in said.stdout.replace("https://", ""), names
        assert command.help
