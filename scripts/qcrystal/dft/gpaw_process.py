"""Running GPAW, which has an interpreter of its own (Debian's system python3): its input is prepared here, and it is started."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from qcrystal.config.dft import PawSet
from qcrystal.errors import QcrystalError
from qcrystal.files import put_in_place, write_whole
from qcrystal.processes import Outcome, ProcessError, supervise, thread_environment
from qcrystal.provenance.code import SCRIPTS
from qcrystal.provenance.record import name_program, recording

INSTALL = "apt-get install gpaw gpaw-data"


class DftError(QcrystalError, RuntimeError):
    """DFT cannot run; the message says what to install or what failed."""


def gpaw_python(configured: str | None) -> str:
    """Interpreter that imports GPAW: the configured one, or the one in the first line of the ``gpaw`` command.

    Raises
    ------
    DftError
        If GPAW is not installed; the message holds the line that installs it.
    """
    if configured:
        python = shutil.which(configured)
        if python is None:
            raise DftError(f"config/config.yaml: dft_python: no interpreter {configured!r}")
        return python
    command = shutil.which("gpaw")
    if command is None:
        raise DftError(f"GPAW is not installed; on Debian: {INSTALL}")
    first = Path(command).read_text().splitlines()[0]
    return first.removeprefix("#!").strip().split()[0]


def _environment() -> dict[str, str]:
    """Environment of GPAW's interpreter: nothing of the one that runs this."""
    dropped = (
        "PYTHONPATH",
        "PYTHONHOME",
        "VIRTUAL_ENV",
        "PYTHONNOUSERSITE",
    )  # a user may have GPAW among their own packages
    kept = {k: v for k, v in os.environ.items() if k not in dropped}
    return {**kept, **thread_environment(1), "PYTHONSAFEPATH": "1"}


def record_gpaw(python: str) -> None:
    """Name GPAW's version in the record of the job that is running."""
    if recording():
        asked = subprocess.run(
            [python, "-m", "gpaw", "--version"], capture_output=True, text=True, check=False, env=_environment()
        )
        name_program("gpaw", asked.stdout.strip().removeprefix("gpaw-") or "unknown")


def _gpaw(python: str, arguments: list[str], what: str, directory: Path | None = None) -> Outcome:
    """Run a script or module under GPAW's interpreter; its output goes to the log."""
    record_gpaw(python)
    environment = {**_environment(), "PYTHONPATH": str(SCRIPTS / "dft")}  # where the scripts find each other
    try:
        return supervise(
            [python, *arguments],
            directory=directory,
            environment=environment,
            on_line=lambda line: logging.info("%s", line),
        )
    except ProcessError as error:
        raise DftError(f"{what}: {error}; install GPAW: {INSTALL}") from error


def run_gpaw(python: str, arguments: list[str], what: str) -> None:
    """Run a script or module under GPAW's interpreter; a failure becomes one line."""
    outcome = _gpaw(python, arguments, what)
    if outcome.status != 0:
        raise DftError(f"{what}: GPAW ended with status {outcome.status}: {outcome.words}")


def run_program(
    python: str, program: str, frames: Path, setups: Path, settings: dict, output: Path, identity: str | None = None
) -> None:
    """Run ``scripts/dft/label.py`` or ``lattice.py`` under GPAW's interpreter.

    Parameters
    ----------
    python
        From `gpaw_python`.
    program
        ``label.py`` or ``lattice.py``.
    frames
        Extended XYZ.
    setups
        Folder of the PAW sets that were generated.
    settings
        Of the calculation; they are written beside ``output``.
    output
        JSON file that the program writes.
    identity
        Text that changes with the code and the PAW sets; labels that were kept under another one are made anew.

    Raises
    ------
    DftError
        If the program fails.
    """
    output = Path(output)
    given = output.with_suffix(".settings.json")
    write_whole(given, json.dumps(settings))
    arguments: dict[str, Path | str] = {"frames": frames, "setups": setups, "settings": given, "output": output}
    arguments |= {} if identity is None else {"identity": identity}
    options = [text for name, value in arguments.items() for text in (f"--{name}", str(value))]
    run_gpaw(python, [str(SCRIPTS / "dft" / program), *options], str(output))


def generate_paw_sets(python: str, sets: Mapping[str, PawSet], functional: str, folder: Path) -> None:
    """Generate the PAW sets of some elements; the folder appears whole.

    Raises
    ------
    DftError
        If ``gpaw dataset`` fails.
    """
    folder = Path(folder)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for element, options in sets.items():
        generate_paw(python, element, functional, partial, paw_options(options))
    put_in_place(partial, folder)


def paw_options(options: PawSet) -> list[str]:
    """Arguments of ``gpaw dataset``."""
    electrons = [] if options.electrons is None else ["-e", str(options.electrons)]
    radius = [] if options.radius is None else ["-r", f"{options.radius:g}"]
    return [*electrons, *(["-s"] if options.scalar_relativistic else []), *radius]


def generate_paw(python: str, element: str, functional: str, folder: Path, options: Sequence[str] = ()) -> None:
    """Generate a PAW set with ``gpaw dataset``, given its further options, and keep it in ``folder``.

    Raises
    ------
    DftError
        If ``gpaw dataset`` fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = ["-m", "gpaw", "dataset", element, "-f", functional, "-w", *options]
    outcome = _gpaw(python, command, f"PAW set of {element}", folder)
    if not (folder / f"{element}.{functional}").is_file():
        raise DftError(f"PAW set of {element}: gpaw dataset failed: {outcome.words}")
