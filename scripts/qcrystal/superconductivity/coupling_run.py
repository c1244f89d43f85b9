"""Electron-phonon coupling of a crystal by ``pw.x`` and ``ph.x``: relaxation, densities, one job per wave vector. Å, GPa.

A job of a wave vector works in a folder of its own, which outlives it. A job that is started again goes on from there.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple

import numpy as np
import spglib
from ase import Atoms

from qcrystal.crystal.symmetry import space_group, spglib_cell
from qcrystal.errors import Problem
from qcrystal.files import put_in_place, write_whole
from qcrystal.superconductivity.electron_phonon import read_couplings
from qcrystal.superconductivity.espresso import (
    PREFIX,
    EspressoError,
    Mesh,
    Planewaves,
    final_crystal,
    ph_input,
    pw_input,
    run,
)

log = logging.getLogger(__name__)
PRESSURE_ERROR = 5.0
"""GPa by which the pressure of the relaxed crystal may be off."""
ROUNDS = 3
"""Relaxations, each from the end of the one before: plane waves belong to the cell that a relaxation starts from."""
SYMPREC = 1e-3
"""Å."""
IDENTITY = "identity"
"""File of a job's folder that says what is computed there."""


class Phonons(NamedTuple):
    """Settings of ``ph.x``: broadenings (Ry) are the first ``sigmas`` multiples of ``sigma``; ``threshold`` is ``tr2_ph``."""

    sigma: float
    sigmas: int
    threshold: float


def irreducible_wave_vectors(atoms: Atoms, q: int) -> list[int]:
    """How many wave vectors of a mesh around Γ each irreducible one stands for, in spglib's order.

    ``ph.x`` has as many irreducible ones, in another order: each of its files tells its own star.
    """
    mapping, _ = spglib.get_ir_reciprocal_mesh([q, q, q], spglib_cell(atoms), is_time_reversal=True, symprec=SYMPREC)
    return [int(number) for number in np.unique(mapping, return_counts=True)[1]]


def relax(atoms: Atoms, pressure: float, settings: Planewaves, k: int, folder: Path) -> tuple[Atoms, float]:
    """The crystal relaxed by ``pw.x`` at a pressure (GPa) within its symmetry, and the pressure that it then has.

    Raises
    ------
    EspressoError
        ``pw.x`` fails, the pressure is off by more than `PRESSURE_ERROR`, or the space group has changed.
    """
    before = space_group(atoms, SYMPREC)
    found = float("nan")
    for number in range(1, ROUNDS + 1):
        cell = {"press": 10 * pressure, "press_conv_thr": 0.5}
        text = pw_input(atoms, settings, k, {"control": {"calculation": "vc-relax"}, "ions": {}, "cell": cell})
        atoms, found = final_crystal(run("pw.x", text, folder, f"relax-{number}"))
        log.info("relaxation %d ends at %.2f GPa", number, found)
        if abs(found - pressure) < 0.1 * PRESSURE_ERROR:
            break
    if not abs(found - pressure) <= PRESSURE_ERROR:
        text = f"{found:.1f} GPa instead of {pressure:g} after {ROUNDS} relaxations"
        raise EspressoError(Problem(str(folder), "", text, "start from a cell nearer to that pressure"))
    after = space_group(atoms, SYMPREC)
    if after != before:
        raise EspressoError(Problem(str(folder), "", f"{before} relaxed into {after}", "start from that crystal"))
    return atoms, found


def densities(atoms: Atoms, settings: Planewaves, mesh: Mesh, folder: Path) -> None:
    """Densities and bands on the dense mesh, then on the coarse one, as interpolation wants them. The folder appears whole."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    run("pw.x", pw_input(atoms, settings, mesh.dense_k, {"system": {"la2F": True}}), partial, "dense")
    run("pw.x", pw_input(atoms, settings, mesh.k, {}), partial, "coarse")
    put_in_place(partial, folder)


def couple(scf: Path, mesh: Mesh, number: int, expected: int, phonons: Phonons, work: Path, places: list[Path]) -> None:
    """Phonons of one wave vector and their couplings, by ``ph.x`` on its own copy of the folder of densities.

    Parameters
    ----------
    number, expected
        Of the wave vector, from 1, and of all irreducible ones.
    work
        Folder of the calculation. What a killed job left there is gone on with; it is removed at the end.
    places
        Where the couplings and the dynamical matrix are written.

    Raises
    ------
    EspressoError
        ``ph.x`` fails, or has another number of irreducible wave vectors.
    """
    fresh = ph_input(mesh, number, *phonons, recover=False)
    identity = hashlib.sha256((fresh + (scf / "coarse.in").read_text() + (scf / "dense.in").read_text()).encode())
    mark = work / IDENTITY
    if not mark.is_file() or mark.read_text() != identity.hexdigest():
        _begin(scf, work, identity.hexdigest())
    if _whole_state(work):
        log.info("wave vector %d goes on where it was", number)
        try:
            run("ph.x", ph_input(mesh, number, *phonons, recover=True), work, "ph")
            if not (work / "elph_dir" / f"elph.inp_lambda.{number}").is_file():
                raise EspressoError(f"{work / 'ph.out'}: ph.x went on and left no couplings")
        except EspressoError as error:
            log.warning("%s: what the killed run left cannot be used; it begins anew", error)
            _begin(scf, work, identity.hexdigest())
            run("ph.x", fresh, work, "ph")
    else:
        run("ph.x", fresh, work, "ph")
    found = int((work / f"{PREFIX}.dyn0").read_text().split()[3])
    if found != expected:
        text = f"{found} irreducible wave vectors instead of {expected}"
        raise EspressoError(Problem(str(work), "", text, "the crystal lost its symmetry; relax it again"))
    sources = [work / "elph_dir" / f"elph.inp_lambda.{number}", work / f"{PREFIX}.dyn{number}"]
    read_couplings(sources[0])
    for source, place in zip(sources, places, strict=True):
        write_whole(place, source.read_text(encoding="utf-8"))
    shutil.rmtree(work)


def _begin(scf: Path, work: Path, identity: str) -> None:
    """A new folder of a calculation, a copy of that of the densities; it appears whole."""
    shutil.rmtree(work, ignore_errors=True)
    partial = work.with_name(work.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(scf, partial)
    (partial / IDENTITY).write_text(identity)
    put_in_place(partial, work)


def _whole_state(work: Path) -> bool:
    """Whether a killed ``ph.x`` left a state; files of it that the kill cut off are removed: their parts are computed again."""
    state = work / "_ph0" / f"{PREFIX}.phsave"
    for path in state.glob("*.xml"):
        try:
            ElementTree.parse(path)
        except ElementTree.ParseError:
            log.info("%s was cut off, removed", path)
            path.unlink()
    return (state / "status_run.xml").is_file()
