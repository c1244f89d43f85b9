"""Options that several commands have, and the consoles that they print to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

Crystal = Annotated[str, typer.Option(help="Name of the crystal: a folder of config/crystals.")]
Scale = Annotated[str, typer.Option(help="Name of the scale: smoke, laptop, workstation or paper.")]
Signers = Annotated[
    Path, typer.Option("--allowed-signers", help="File with the public keys whose seals count, as ssh-keygen reads it.")
]
SIGNERS = Path("config/allowed_signers")
WIDTH = 120  # signs, where no terminal says its width


def console(stderr: bool = False) -> Console:
    """A console that is as wide as the terminal, or `WIDTH`; colours only on a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else WIDTH, highlight=False, emoji=False)


def results_folder(crystal: str, scale: str) -> str:
    """Folder of a crystal's results at a scale, relative to the repository; `ValueError` for what is no name."""
    for name, value in (("--crystal", crystal), ("--scale", scale)):
        if not value or value.startswith(".") or "/" in value or "\0" in value:
            raise typer.BadParameter(f"{value!r} is not a name", param_hint=name)
    return f"results/{crystal}/{scale}"


def application(**options) -> typer.Typer:
    """The typer application of a command."""
    return typer.Typer(add_completion=False, rich_markup_mode="markdown", **options)
