"""Quantum ESPRESSO's ``pw.x`` and ``ph.x``: their inputs, how they are run, and what their outputs say. Å, Ry, GPa.

Every calculation has the prefix `PREFIX` and lies in one folder, so that a copy of the folder is a copy of the calculation.
"""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from ase import Atoms, units
from ase.calculators.calculator import PropertyNotImplementedError

from qcrystal.errors import Problem, QcrystalError
from qcrystal.processes import supervise, thread_environment
from qcrystal.provenance.record import name_program

PREFIX = "x"
INSTALL = "apt-get install quantum-espresso"


class EspressoError(QcrystalError, RuntimeError):
    """A program of Quantum ESPRESSO that is absent or failed; one line."""


class Mesh(NamedTuple):
    """Points along each reciprocal vector: of the density, of the sum of couplings, and of the phonons' wave vectors."""

    k: int
    dense_k: int
    q: int

    @property
    def name(self) -> str:
        """A name for folders."""
        return f"k{self.k}-K{self.dense_k}-q{self.q}"


class Planewaves(NamedTuple):
    """Settings that all calculations of a compound share.

    Attributes
    ----------
    cutoff : float
        Of the plane waves, Ry.
    width : float
        Of the Methfessel-Paxton smearing of occupations, Ry.
    pseudopotentials : Path
        Folder with ``<element>.UPF``.
    """

    cutoff: float
    width: float
    pseudopotentials: Path


def program(name: str) -> str:
    """Path of a program.

    Raises
    ------
    EspressoError
        It is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise EspressoError(Problem("", "", f"{name} of Quantum ESPRESSO is not installed", f"on Debian: {INSTALL}"))
    return found


def note_version(name: str, output: str) -> None:
    """Name a program of Quantum ESPRESSO and its version, which its output begins with, in the record of the job that runs."""
    told = re.search(r"Program \S+ v\.(\S+)", output)
    name_program(name, told[1] if told else "unknown")


def run(name: str, text: str, folder: Path, stem: str) -> Path:
    """Run a program on an input in a folder and return the path of its output, ``<stem>.out``.

    The input stays as ``<stem>.in``. The program ends with this process.

    Raises
    ------
    EspressoError
        It is absent, was killed, or says that it failed.
    """
    binary = program(name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.in").write_text(text, encoding="utf-8")
    log = folder / f"{stem}.out"
    log.unlink(missing_ok=True)
    surroundings = {**os.environ, **thread_environment(1)}
    outcome = supervise([binary, "-in", f"{stem}.in"], directory=folder, log=log, environment=surroundings)
    output = log.read_text(encoding="utf-8", errors="replace")
    if outcome.status == 0 and "JOB DONE" in output:
        note_version(name, output)
        return log
    error = re.search(r"%{8,}\s*(.*?)\s*%{8,}", output, flags=re.DOTALL)
    words = " ".join(error[1].split()) if error else outcome.words
    raise EspressoError(f"{folder / (stem + '.out')}: {name} failed: {words}; its output says more")


def pw_input(atoms: Atoms, settings: Planewaves, k: int, control: Mapping[str, Mapping[str, Any]]) -> str:
    """Input of ``pw.x`` for a crystal.

    Parameters
    ----------
    k
        Points along each reciprocal vector, Γ among them.
    control
        Further variables by namelist: ``{"control": {"calculation": "scf"}}``.
    """
    names: dict[str, dict[str, Any]] = {
        "control": {
            "prefix": PREFIX,
            "outdir": ".",
            "pseudo_dir": str(settings.pseudopotentials.absolute()),
            "tprnfor": True,
            "tstress": True,
        },
        "system": {
            "ecutwfc": settings.cutoff,
            "occupations": "smearing",
            "smearing": "mp",
            "degauss": settings.width,
        },
        "electrons": {"conv_thr": 1e-12 * len(atoms), "electron_maxstep": 200},
    }
    names |= {name: names.get(name, {}) | dict(values) for name, values in control.items()}
    files = {element: f"{element}.UPF" for element in atoms.get_chemical_symbols()}
    text = io.StringIO()
    from ase.io.espresso import write_espresso_in  # every plan reads this module, and few read or write files of it

    write_espresso_in(text, atoms, names, files, kpts=(k, k, k), crystal_coordinates=True)
    return text.getvalue()


def ph_input(mesh: Mesh, number: int, sigma: float, sigmas: int, threshold: float, recover: bool) -> str:
    """Input of ``ph.x`` for one wave vector of a mesh, numbered from 1, with its couplings at every broadening.

    Parameters
    ----------
    sigma
        Ry; couplings are computed at its first ``sigmas`` multiples.
    threshold
        Of the self-consistency, ``tr2_ph``.
    recover
        Whether a run that was killed goes on.
    """
    values = {
        "prefix": PREFIX,
        "outdir": ".",
        "fildyn": f"{PREFIX}.dyn",
        "fildvscf": "dv",
        "tr2_ph": threshold,
        "ldisp": True,
        **{f"nq{axis}": mesh.q for axis in (1, 2, 3)},
        "start_q": number,
        "last_q": number,
        "electron_phonon": "interpolated",
        "el_ph_sigma": sigma,
        "el_ph_nsigma": sigmas,
        "recover": recover,
    }
    text = io.StringIO()
    from ase.io.espresso import write_espresso_ph

    write_espresso_ph(text, {"inputph": values})
    return text.getvalue()


def final_crystal(log: Path) -> tuple[Atoms, float]:
    """The crystal at the end of an output of ``pw.x``, and its pressure (GPa).

    Raises
    ------
    EspressoError
        The output has none.
    """
    from ase.io import read

    try:
        found = cast(Atoms, read(log, index=-1, format="espresso-out"))
        pressure = -found.get_stress(voigt=True)[:3].mean() / units.GPa
    except (AssertionError, IndexError, KeyError, PropertyNotImplementedError, StopIteration, ValueError) as error:
        raise EspressoError(f"{log}: pw.x left no crystal with a stress; its output says why") from error
    return Atoms(found.get_chemical_symbols(), cell=found.cell, positions=found.positions, pbc=True), float(pressure)
