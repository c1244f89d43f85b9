"""Quantum ESPRESSO's ``pw.x`` and ``ph.x``: their inputs, how they are run, and what their outputs say. Å, Ry, GPa.

Every calculation has the prefix `PREFIX` and lies in one folder, so that a copy of the folder is a copy of the calculation.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ase import Atoms, units
from ase.data import atomic_masses, atomic_numbers

from qcrystal.errors import Problem, QcrystalError
from qcrystal.processes import supervise, thread_environment

PREFIX = "x"
INSTALL = "apt-get install quantum-espresso"
KILOBAR = 0.1
"""GPa."""


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


def run(name: str, text: str, folder: Path, stem: str) -> str:
    """Run a program on an input in a folder and return its output. The input stays as ``<stem>.in``.

    The program ends with this process. Its output goes to ``<stem>.out``.

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
        return output
    error = re.search(r"%{8,}\s*(.*?)\s*%{8,}", output, flags=re.DOTALL)
    words = " ".join(error[1].split()) if error else outcome.words
    raise EspressoError(f"{folder / (stem + '.out')}: {name} failed: {words}; its output says more")


def pw_input(atoms: Atoms, settings: Planewaves, k: int, control: Mapping[str, Any]) -> str:
    """Input of ``pw.x`` for a crystal.

    Parameters
    ----------
    k
        Points along each reciprocal vector, Γ among them.
    control
        Further variables by namelist: ``{"control": {"calculation": "'scf'"}}``.
    """
    elements = list(dict.fromkeys(atoms.get_chemical_symbols()))
    names: dict[str, dict[str, Any]] = {
        "control": {
            "prefix": f"'{PREFIX}'",
            "outdir": "'.'",
            "pseudo_dir": f"'{settings.pseudopotentials.absolute()}'",
            "tprnfor": ".true.",
            "tstress": ".true.",
        },
        "system": {
            "ibrav": 0,
            "nat": len(atoms),
            "ntyp": len(elements),
            "ecutwfc": settings.cutoff,
            "occupations": "'smearing'",
            "smearing": "'mp'",
            "degauss": settings.width,
        },
        "electrons": {"conv_thr": f"{1e-12 * len(atoms):.1e}", "electron_maxstep": 200},
    }
    for name, values in control.items():
        names[name] = names.get(name, {}) | dict(values)
    lines = [_namelist(name, values) for name, values in names.items()]
    lines.append("ATOMIC_SPECIES")
    lines += [f"{each} {atomic_masses[atomic_numbers[each]]:.4f} {each}.UPF" for each in elements]
    lines.append("CELL_PARAMETERS angstrom")
    lines += [" ".join(f"{value:.12f}" for value in vector) for vector in atoms.cell]
    lines.append("ATOMIC_POSITIONS crystal")
    places = zip(atoms.get_chemical_symbols(), atoms.get_scaled_positions(), strict=True)
    lines += [f"{each} " + " ".join(f"{value:.12f}" for value in place) for each, place in places]
    lines.append(f"K_POINTS automatic\n{k} {k} {k} 0 0 0")
    return "\n".join(lines) + "\n"


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
        "prefix": f"'{PREFIX}'",
        "outdir": "'.'",
        "fildyn": f"'{PREFIX}.dyn'",
        "fildvscf": "'dv'",
        "tr2_ph": f"{threshold:.1e}",
        "ldisp": ".true.",
        **{f"nq{axis}": mesh.q for axis in (1, 2, 3)},
        "start_q": number,
        "last_q": number,
        "electron_phonon": "'interpolated'",
        "el_ph_sigma": sigma,
        "el_ph_nsigma": sigmas,
        "recover": ".true." if recover else ".false.",
    }
    return f"phonons and couplings\n{_namelist('inputph', values)}\n"


def _namelist(name: str, values: Mapping[str, Any]) -> str:
    return "\n".join([f"&{name}", *(f"  {key}={value}" for key, value in values.items()), "/"])


def pressure_of(output: str) -> float:
    """The last pressure (GPa) of an output of ``pw.x``; NaN if there is none."""
    found = re.findall(r"P=\s*(-?[\d.]+)", output)
    return KILOBAR * float(found[-1]) if found else float("nan")


def final_crystal(output: str, start: Atoms) -> Atoms:
    """The crystal at the end of a relaxation by ``pw.x``.

    Raises
    ------
    EspressoError
        The output has none.
    """
    last = output.rpartition("CELL_PARAMETERS")[2]
    head = re.match(r"\s*\(alat=\s*([\d.]+)\)|\s*\(angstrom\)", last)
    rows = re.findall(r"^\s*(-?\d+\.\d+)\s+(-?\d+\.\d+)\s+(-?\d+\.\d+)\s*$", last, flags=re.MULTILINE)[:3]
    places = re.findall(r"^([A-Z][a-z]?)\s+(-?\d+\.\d+)\s+(-?\d+\.\d+)\s+(-?\d+\.\d+)", last, flags=re.MULTILINE)
    if head is None or len(rows) != 3 or len(places) < len(start):
        raise EspressoError("pw.x: no crystal at the end of the relaxation; see its output")
    scale = float(head[1]) * float(units.Bohr) if head[1] else 1.0
    atoms = start.copy()
    atoms.set_cell(scale * np.array(rows, float))
    atoms.set_scaled_positions([[float(value) for value in place[1:]] for place in places[: len(start)]])
    return atoms
