"""The DFT stage: which frames are labelled, and how GPAW is called.

GPAW runs under its own interpreter (Debian's system python3), so this module only prepares its input and starts it.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
from ase import Atoms

from qcrystal.crystal.cells import conventional_cell, rhombohedral_strain, site_members, supercell, unit_cell
from qcrystal.crystal.displace import displace, random_strain, symmetric_distortion
from qcrystal.fields import spread
from qcrystal.provenance.record import binary, recording

INSTALL = "apt-get install gpaw gpaw-data"


class DftError(RuntimeError):
    """DFT cannot run; the message says what to install or what failed."""


def displaced_frames(
    prototype, recipe, species: list[str], frequencies: dict[str, float], seed: int, keep: int | None
) -> list[Atoms]:
    """Frames of one recipe: strained and displaced cells at each of its lattice constants.

    Parameters
    ----------
    prototype, recipe
        See `Prototype` and `qcrystal.config.dft.Recipe`. ``angle`` draws a rhombohedral angle (degrees) of the
        conventional cell from the interval, ``strain`` adds a random symmetric strain, ``symmetry`` (C2 or P-1) is what a
        distortion of the unit cell by displacements of ``distortion`` (Å) and by ``strain`` leaves of the prototype's,
        ``vacancies`` atoms of the last species are missing, drawn at random among all of them or those of the prototype's
        site number ``vacancy_site``, ``temperature`` (K) and ``quantum`` set the displacements of independent oscillators.
    species
        Order of the potential's type map.
    frequencies
        Oscillator frequency per species, THz.
    seed
        Base seed; each recipe has a generator of its own.
    keep
        Number of frames kept, spread over the lattice constants; None keeps all.
    """
    rng = np.random.default_rng([seed, sum(recipe.name.encode())])
    frames = []
    for lattice_constant in recipe.lattice_constants:
        for number in range(recipe.frames):
            cell = unit_cell(prototype, recipe.cell, lattice_constant)
            if recipe.symmetry is not None:
                cell = symmetric_distortion(cell, recipe.symmetry, recipe.distortion or 0.0, recipe.strain or 0.0, rng)
            frame = supercell(cell, recipe.repeat, species)
            if recipe.angle is not None:
                cube = conventional_cell(prototype, lattice_constant)
                strained = rhombohedral_strain(cube, rng.uniform(*recipe.angle))
                deformation = np.linalg.inv(cube.cell.array) @ strained.cell.array
                frame.set_cell(frame.cell.array @ deformation, scale_atoms=True)
            if recipe.strain is not None and recipe.symmetry is None:
                frame = random_strain(frame, recipe.strain, rng)
            if recipe.vacancies:
                candidates = np.flatnonzero(frame.symbols == species[-1])
                if recipe.vacancy_site is not None:
                    candidates = site_members(prototype, recipe.cell, recipe.repeat, species, recipe.vacancy_site)
                del frame[sorted(rng.choice(candidates, recipe.vacancies, replace=False))]
            frame = displace(frame, frequencies, recipe.temperature, recipe.quantum, rng)
            frame.info["origin"] = f"{recipe.name} a={lattice_constant:g} frame={number}"
            frames.append(frame)
    return spread(frames, keep, ends=False)


def displaced_structures(
    recipe, given: list[Atoms], species: list[str], frequencies: dict[str, float], seed: int, keep: int | None
) -> list[Atoms]:
    """Frames of one `qcrystal.config.dft.StructureRecipe`: structures scaled to each of its volumes, strained, displaced.

    Parameters
    ----------
    given
        Structures of any shape, such as those that a search found; they may have any number of atoms of the ``species``.
    species, frequencies, seed, keep
        See `displaced_frames`.
    """
    rng = np.random.default_rng([seed, sum(recipe.name.encode())])
    frames = []
    for number, structure in enumerate(given):
        for volume in recipe.volumes:
            for repetition in range(recipe.frames):
                frame = supercell(structure, recipe.repeat, species)
                scale = np.cbrt(volume * len(frame) / frame.get_volume())
                frame.set_cell(frame.cell.array * scale, scale_atoms=True)
                if recipe.strain is not None:
                    frame = random_strain(frame, recipe.strain, rng)
                frame = displace(frame, frequencies, recipe.temperature, recipe.quantum, rng)
                frame.info["origin"] = f"{recipe.name} structure={number} volume={volume:g} frame={repetition}"
                frames.append(frame)
    return spread(frames, keep, ends=False)


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
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    return {**kept, "OMP_NUM_THREADS": "1"}


def record_gpaw(python: str) -> None:
    """Name GPAW's version in the record of the job that is running."""
    if recording():
        asked = subprocess.run(
            [python, "-m", "gpaw", "--version"], capture_output=True, text=True, check=False, env=_environment()
        )
        binary("gpaw", asked.stdout.strip().removeprefix("gpaw-") or "unknown")


def run_gpaw(python: str, arguments: list[str], what: str) -> None:
    """Run a script or module under GPAW's interpreter; its output goes to the log, a failure becomes one line."""
    record_gpaw(python)
    environment = _environment()
    process = subprocess.Popen(
        [python, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    last = ""
    try:
        for line in process.stdout:
            last = line.strip() or last
            logging.info("%s", line.rstrip())
        status = process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if status != 0:
        raise DftError(f"{what}: GPAW ended with status {status}: {last}")


def generate_paw(python: str, element: str, functional: str, folder: Path) -> None:
    """Generate a PAW set with ``gpaw dataset`` and keep it in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    record_gpaw(python)
    logging.info("generating the PAW set of %s", element)
    started = time.time()
    result = subprocess.run(
        [python, "-m", "gpaw", "dataset", element, "-f", functional, "-w"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
    )
    logging.info("%s", result.stdout + result.stderr)
    if not (folder / f"{element}.{functional}").is_file():
        line = (result.stderr or result.stdout).strip().splitlines()[-1:] or ["no output"]
        raise DftError(f"PAW set of {element}: gpaw dataset failed: {line[0]}")
    logging.info("done in %.1f s", time.time() - started)
