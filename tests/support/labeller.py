"""The stand-in for GPAW's interpreter as a program that the workflow can call."""

import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("stand_in_gpaw.py")


def stand_in(folder: Path, model: Path) -> tuple[str, dict[str, str]]:
    """Write the program into a folder; the configuration that names it, and the environment that it needs."""
    program = folder / "stand_in"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{SCRIPT}" "$@"\n')
    program.chmod(0o755)
    return f"dft_python={program}", {"STAND_IN_MODEL": str(model)}
