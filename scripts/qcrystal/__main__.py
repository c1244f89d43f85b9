"""Tools around the workflow: `python -m qcrystal --help` lists them.

Each file of ``qcrystal/commands`` is one command with the file's name. Its summary is the first line of the docstring, its
options are those of the typer application ``app`` in it. A command's module is imported when it is called, and not before.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import sys
from pathlib import Path

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from qcrystal import commands
from qcrystal.errors import QcrystalError, one_line, printable


class Commands(TyperGroup):
    """The commands, each imported when it is called."""

    def list_commands(self, ctx) -> list[str]:
        """Names of all commands."""
        names = [module.name for module in pkgutil.iter_modules(commands.__path__)]
        return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))

    def get_command(self, ctx, cmd_name: str):
        """The command of a name; for the list of all only its summary is read."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = cmd_name.replace("-", "_")
        if cmd_name not in sys.argv[1:2]:
            text = Path(commands.__path__[0], f"{module}.py").read_text(encoding="utf-8")
            summary = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
            return TyperCommand(name=cmd_name, callback=None, help=summary)
        command = typer.main.get_command(importlib.import_module(f"qcrystal.commands.{module}").app)
        command.name = cmd_name
        return command


app = typer.Typer(cls=Commands, add_completion=False)


@app.callback()
def _about() -> None:
    """Tools around the workflow. `python -m qcrystal COMMAND --help` explains one."""


def main() -> int:
    """Run a command; what goes wrong becomes one line, and the exit status says that it did."""
    try:
        words = sys.argv[1:] or ["--help"]
        status = typer.main.get_command(app).main(words, prog_name="python -m qcrystal", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except TyperException as error:
        name = next((word for word in sys.argv[1:2] if not word.startswith("-")), "")
        known = name if Path(commands.__path__[0], f"{name.replace('-', '_')}.py").is_file() else ""
        print(
            f"{_told(error)}; see: {' '.join(filter(None, ['python -m qcrystal', known, '--help']))}", file=sys.stderr
        )
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        problems = error.problems if isinstance(error, QcrystalError) else [one_line(error)]
        print(*problems, sep="\n", file=sys.stderr)
        return getattr(error, "status", 1)


def _told(error: Exception) -> str:
    said = error.format_message() if hasattr(error, "format_message") else str(error)
    return printable(said).rstrip(".")


if __name__ == "__main__":
    sys.exit(main())
