"""Couplings with phonons that quantum and thermal motion renormalises, in place of the harmonic ones of ``ph.x``. THz, Å, K.

A mode couples by λ = D/ω². D is the deformation potential at the Fermi surface, in the direction of the mode. Motion changes ω
and the directions, not D, as I. Errea et al., Phys. Rev. Lett. 114, 157004 (2015), take it for H3S. ``ph.x`` tells D along its
own modes alone. Between two of them D is taken for zero: a new mode has the mean of D over the old ones in it.

The potential tells by how much its self-consistent phonons differ from its harmonic ones. For phonons called ``quantum`` this
is added to the dynamical matrix of ``ph.x``, so that the potential's own harmonic error drops out. Where both codes differ much,
the sum may have imaginary modes. So the potential's self-consistent matrix stands beside it, ``quantum, potential alone``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from ase import Atoms, units
from ase.calculators.calculator import Calculator
from phonopy import Phonopy
from phonopy.harmonic.dynamical_matrix import DynamicalMatrix

from qcrystal.errors import Problem
from qcrystal.statics.phonons import PhononSettings, lattice_dynamics
from qcrystal.statics.self_consistent import SelfConsistentSettings, converge
from qcrystal.superconductivity.electron_phonon import (
    DEGENERATE,
    CouplingError,
    ImaginaryError,
    WaveVector,
    broadenings,
    matrix_files,
    read_folder,
    spectrum_of,
)
from qcrystal.superconductivity.spectra import RYDBERG
from qcrystal.superconductivity.tables import MESH, MOMENTS, temperatures

log = logging.getLogger(__name__)

MASS = 2 * units._me / units._amu
"""Mass in the files of ``ph.x`` that counts as 1, two electrons, in u."""
PHONOPY = 1000 * float(units.fs) / (2 * np.pi)
"""THz of the root of 1 eV/(Å² u)."""
SAME = 0.05
"""THz by which frequencies of a dynamical matrix may differ from those beside the couplings."""
HARMONIC, ADDED, ALONE = "harmonic", "quantum", "quantum, potential alone"
NUMBER = r"-?\d+\.\d+(?:[EeDd][+-]?\d+)?"


class Matrix(NamedTuple):
    """The dynamical matrix of a wave vector.

    Attributes
    ----------
    atoms : Atoms
        Primitive cell with masses.
    position : (3,) array
        Wave vector in fractions of the reciprocal vectors.
    squares : (3N, 3N) array
        THz²; its eigenvalues are the squares of the frequencies. Phases are those of whole cells.
    """

    atoms: Atoms
    position: np.ndarray
    squares: np.ndarray


def read_matrix(path: Path, position: np.ndarray) -> Matrix:
    """The matrix of one wave vector in a file ``*.dynN`` of ``ph.x``.

    Parameters
    ----------
    position : (3,) array
        Wave vector in units of 2π/a, as in the file of couplings.

    Raises
    ------
    CouplingError
        The file is cut off, has no such wave vector, or gives the lattice by a number (``ibrav``) and not by its vectors.
    """
    try:
        whole = path.read_text(encoding="utf-8")
        lines = whole.splitlines()
        kinds, number, lattice = (int(value) for value in lines[2].split()[:3])
        length = float(lines[2].split()[3]) * units.Bohr
        if lattice != 0 or "Basis" not in lines[3]:
            raise ValueError(f"its lattice is ibrav {lattice}, and vectors are needed")
        cell = np.array([_numbers(line) for line in lines[4:7]])
        names = [re.findall(r"'([^']*)'\s+(\S+)", line)[0] for line in lines[7 : 7 + kinds]]
        sites = [line.split() for line in lines[7 + kinds : 7 + kinds + number]]
        which = [int(site[1]) - 1 for site in sites]
        masses = np.array([float(names[kind][1]) for kind in which])
        text = whole.partition("Diagonalizing")[0]
        parts = re.split(r"Dynamical\s+Matrix in cartesian axes\s+q = \(([^)]*)\)", text)
        found = {tuple(float(one) for one in q.split()): body for q, body in zip(parts[1::2], parts[2::2], strict=True)}
        here = [body for q, body in found.items() if np.allclose(q, position, atol=1e-5)]
        if not here:
            raise ValueError("it has not the wave vector of the couplings")
        values = np.array([float(one) for one in re.findall(NUMBER, here[0])]).reshape(number, number, 3, 3, 2)
    except (OSError, ValueError, IndexError) as error:
        advice = "keep the file that ph.x wrote for these couplings"
        raise CouplingError(Problem(str(path), "", f"no dynamical matrix ({error})", advice)) from error
    complex_values = (values[..., 0] + 1j * values[..., 1]).transpose(0, 2, 1, 3).reshape(3 * number, 3 * number)
    root = np.repeat(np.sqrt(masses), 3)
    squares = RYDBERG**2 * complex_values / np.outer(root, root)
    atoms = Atoms(
        [names[kind][0].strip() for kind in which],
        positions=length * np.array([[float(value) for value in site[2:5]] for site in sites]),
        cell=length * cell,
        pbc=True,
        masses=masses * MASS,
    )
    return Matrix(atoms, cell @ position, 0.5 * (squares + squares.conj().T))


def _numbers(line: str) -> list[float]:
    return [float(value) for value in re.findall(NUMBER, line)]


def renormalised(
    point: WaveVector, before: np.ndarray, after: np.ndarray, lowest: float, where: str = ""
) -> WaveVector:
    """A wave vector with the phonons of another dynamical matrix.

    Parameters
    ----------
    before, after : (3N, 3N) arrays
        THz², the matrix of the couplings and the one in its place.
    lowest
        THz; modes at Γ below it are acoustic, and do not couple.

    Returns
    -------
    WaveVector
        λ' = Σ_ν |<e_ν|e'>|² λ_ν ω_ν² / ω'². The sum of λω² over the modes is kept. Degenerate modes share what they have, so that
        their choice does not count.

    Raises
    ------
    CouplingError
        ``before`` has other frequencies than the couplings, or one of them is imaginary: ``ph.x`` gives no D there.
    """
    square, old = np.linalg.eigh(before)
    frequency = np.sign(square) * np.sqrt(np.abs(square))
    acoustic = np.abs(frequency) < lowest if np.allclose(point.position, 0) else np.zeros(len(square), bool)
    away = np.abs(frequency - np.sort(point.frequencies))[~acoustic].max(initial=0.0)
    if away > SAME:
        found = f"frequencies of the dynamical matrix differ by {away:.2g} THz from those of the couplings"
        raise CouplingError(Problem(where, "", found, "keep the files of one calculation together"))
    if (square[~acoustic] <= 0).any():
        found = f"imaginary: a harmonic mode of {frequency[~acoustic].min():.2f} THz, and ph.x gives no coupling of it"
        raise ImaginaryError(Problem(where, "", found, "take a pressure at which ph.x finds none"))
    new_square, new = np.linalg.eigh(after)
    share = np.abs(old.conj().T @ new) ** 2
    new_frequency = np.sign(new_square) * np.sqrt(np.abs(new_square))
    order = np.argsort(point.frequencies, kind="stable")
    groups = np.cumsum(np.append(0, np.diff(frequency) > DEGENERATE))
    sizes = np.bincount(groups)
    couplings = {}
    for sigma, values in point.couplings.items():
        strength = np.where(acoustic, 0.0, values[order] * square)
        strength = (np.bincount(groups, strength) / sizes)[groups]
        real = new_square > 1e-6
        couplings[sigma] = np.divide(share.T @ strength, new_square, out=np.zeros_like(square), where=real)
    return replace(point, frequencies=new_frequency, couplings=couplings)


def at_wave_vector(model: Phonopy, position: np.ndarray) -> np.ndarray:
    """Dynamical matrix (THz²) of a model at a wave vector (fractions), with the phases of whole cells as in ``ph.x``."""
    matrix = cast(DynamicalMatrix, model.dynamical_matrix)
    matrix.run(position)
    squares = PHONOPY**2 * np.array(matrix.dynamical_matrix)
    phase = np.repeat(np.exp(2j * np.pi * model.primitive.scaled_positions @ position), 3)
    return phase[:, None] * squares * phase.conj()


class Motion(NamedTuple):
    """What motion does to the phonons of a potential: ``harmonic`` ones, and the ``renormalised`` ones.

    ``shift`` (Å): how far it moves a mean position at most. The couplings stay those of the atoms at rest.
    """

    harmonic: Phonopy
    renormalised: Phonopy
    shift: float

    def change(self, position: np.ndarray) -> np.ndarray:
        """What is added to a dynamical matrix at a wave vector (fractions), THz²."""
        return at_wave_vector(self.renormalised, position) - at_wave_vector(self.harmonic, position)


def motion(
    potential: Calculator, atoms: Atoms, repeat: int, temperature: float, effort: SelfConsistentSettings
) -> Motion:
    """Harmonic and self-consistent phonons of a primitive cell, in a supercell of ``repeat`` cells along each vector."""
    masses = dict(zip(atoms.get_chemical_symbols(), atoms.get_masses(), strict=True))
    harmonic = lattice_dynamics(potential, atoms, PhononSettings((repeat,) * 3, masses))
    found = converge(potential, atoms, harmonic, temperature, effort)
    return Motion(harmonic, found.model, found.shift)


class Read(NamedTuple):
    """Couplings of a folder of ``ph.x``: ``points`` and the ``matrices`` of their wave vectors, in one order."""

    points: list[WaveVector]
    matrices: list[Matrix]


def read_with_matrices(folder: Path, q: int | None) -> Read:
    """Couplings and dynamical matrices of a folder; see `qcrystal.superconductivity.electron_phonon.read_folder`."""
    points = read_folder(folder, q)
    files = matrix_files(folder)
    return Read(points, [read_matrix(path, one.position) for path, one in zip(files, points, strict=True)])


def quantum_points(read: Read, moved: Motion, lowest: float, where: str) -> dict[str, list[WaveVector]]:
    """All wave vectors with the renormalised phonons, by their kind; see `renormalised`."""
    found: dict[str, list[WaveVector]] = {ADDED: [], ALONE: []}
    for point, matrix in zip(read.points, read.matrices, strict=True):
        after = {
            ADDED: matrix.squares + moved.change(matrix.position),
            ALONE: at_wave_vector(moved.renormalised, matrix.position),
        }
        for kind, squares in after.items():
            found[kind].append(renormalised(point, matrix.squares, squares, lowest, where))
    return found


def quantum_table(
    name: str,
    source: Mapping[str, Any],
    phonons: Mapping[str, Sequence[WaveVector]],
    temperature: float,
    mu_stars: Sequence[float],
    lowest: float,
) -> pd.DataFrame:
    """λ and T_c of a compound with each kind of phonons, at every broadening and μ*.

    Parameters
    ----------
    source
        ``path`` and ``meshes`` (k, dense_k, q), or None for these.
    phonons
        Wave vectors by the kind of their phonons, `HARMONIC`, `ADDED` or `ALONE`.
    temperature
        K, of the motion that renormalises.

    Returns
    -------
    pandas.DataFrame
        compound, k, dense_k, q, phonons, temperature, sigma, lowest_frequency (THz, acoustic modes at Γ left out), mu_star, the
        columns of `temperatures`, status. A kind with an imaginary mode has a row without T_c.
    """
    head = {"compound": name, **(source["meshes"] or dict.fromkeys(MESH)), "temperature": temperature}
    rows = []
    for kind, points in phonons.items():
        own = {**head, "phonons": kind, "lowest_frequency": _lowest(points, lowest)}
        for sigma in broadenings(list(points), source["path"]):
            try:
                spectrum = spectrum_of(list(points), sigma, lowest, source["path"])
            except ImaginaryError as error:
                rows += [{**own, "mu_star": mu_star, "status": error.problems[0].found} for mu_star in mu_stars]
                break
            for mu_star in mu_stars:
                rows.append({**own, "sigma": sigma, **temperatures(spectrum, mu_star), "status": "stable"})
    columns = ["compound", *MESH, "phonons", "temperature", "sigma", "lowest_frequency", "mu_star", *MOMENTS, "status"]
    table = pd.DataFrame(rows, columns=columns)
    table[MESH] = table[MESH].astype("Int64")
    return table


def _lowest(points: Sequence[WaveVector], lowest: float) -> float:
    """Lowest frequency (THz) without the acoustic modes at Γ."""
    parts = [
        point.frequencies[np.abs(point.frequencies) >= (lowest if np.allclose(point.position, 0) else 0.0)]
        for point in points
    ]
    return float(np.concatenate(parts).min())


def compound_with_motion(
    name: str,
    sources: Sequence[Mapping[str, Any]],
    potential: Calculator,
    temperature: float,
    effort: SelfConsistentSettings,
    multiple: int,
    mu_stars: Sequence[float],
    lowest: float,
) -> pd.DataFrame:
    """`quantum_table` of every folder of ``ph.x`` of a compound whose mesh of wave vectors is known.

    Parameters
    ----------
    multiple
        The supercell of the self-consistent phonons has so many times the repeats of the mesh of wave vectors.
    """
    tables = []
    for source in sources:
        if not (source["meshes"] and Path(source["path"]).is_dir()):
            log.info("%s: %s is left out, as it has no phonons or its mesh is not known", name, source["path"])
            continue
        mesh = int(source["meshes"]["q"])
        read = read_with_matrices(Path(source["path"]), mesh)
        moved = motion(potential, read.matrices[0].atoms, multiple * mesh, temperature, effort)
        log.info("%s, q mesh %d: mean positions move by %.4f Å", name, mesh, moved.shift)
        try:
            kinds = {HARMONIC: read.points, **quantum_points(read, moved, lowest, str(source["path"]))}
        except ImaginaryError as error:
            log.warning("%s: %s", source["path"], error)
            kinds = {HARMONIC: read.points}
        tables.append(quantum_table(name, source, kinds, temperature, mu_stars, lowest))
    if not tables:
        advice = "give couplings of ph.x with their meshes"
        raise CouplingError(Problem("", f"superconductivity.quantum: {name}", "no couplings with phonons", advice))
    return pd.concat(tables, ignore_index=True)
