"""Distortions of a crystal that lower its symmetry on purpose: along its imaginary modes, and down to given space groups.

A mode's displacements, or all displacements, span a space on which the crystal's symmetry operations act. The displacements
that a subgroup leaves unchanged are a subspace. A vector inside it distorts the crystal to that isotropy subgroup [Stokes and
Hatch, Isotropy Subgroups of the 230 Crystallographic Space Groups, 1988]. Units: Å, THz, u.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast

import numpy as np
from ase import Atoms
from ase.build import make_supercell
from numpy.typing import ArrayLike
from phonopy import Phonopy
from phonopy.phonon.mesh import Mesh
from phonopy.phonon.qpoints import QpointsPhonon

from qcrystal.crystal.symmetry import EXACT, space_group, symmetry_operations

# THz: modes nearer than this are one degenerate mode; single-precision forces split them by 0.01 THz.
DEGENERATE = 0.1


class Mode(NamedTuple):
    """A degenerate mode: wave vector (reciprocal coordinates), arms of its star, frequency (THz), displacements (3N, d)."""

    wavevector: tuple[float, float, float]
    arms: int
    frequency: float
    displacements: np.ndarray


class Distorted(NamedTuple):
    """A distorted crystal and the space group that the distortion left."""

    atoms: Atoms
    spacegroup: str


def displacement_representation(atoms: Atoms) -> np.ndarray:
    """Matrices (operations, 3N, 3N) by which the crystal's symmetry operations turn and exchange displacements."""
    cell, fractions = atoms.cell.array, atoms.get_scaled_positions()
    rotations, translations = symmetry_operations(atoms, EXACT)
    matrices = np.zeros((len(rotations), len(atoms), 3, len(atoms), 3))
    for matrix, rotation, shift in zip(matrices, rotations, translations, strict=True):
        gaps = (fractions @ rotation.T + shift)[:, None] - fractions[None]
        image = np.linalg.norm((gaps - np.rint(gaps)) @ cell, axis=2).argmin(axis=1)
        matrix[image, :, np.arange(len(atoms)), :] = cell.T @ rotation @ np.linalg.inv(cell.T)
    return matrices.reshape(len(matrices), 3 * len(atoms), 3 * len(atoms))


def unchanged(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Orthonormal basis (d, k) of what two orthogonal matrices (d, d), and so the group that they generate, leave unchanged."""
    # An average of orthogonal matrices has the eigenvalue 1 on what all of them leave unchanged and nowhere else.
    values, vectors = np.linalg.eigh((first + first.T + second + second.T) / 4)
    return vectors[:, values > 1 - 1e-6]


# --- imaginary modes ----------------------------------------------------------------------------------------------------


def doubled_cell(wavevector: ArrayLike) -> np.ndarray:
    """Integer matrix (3, 3) of the smallest cell in which a wave of wave vector q (coordinates 0 or 1/2) is periodic."""
    odd = np.flatnonzero(np.isclose(np.abs(wavevector), 0.5))
    matrix = np.eye(3, dtype=int)
    if len(odd):
        matrix[odd, odd[0]] = 1
        matrix[odd[0], odd[0]] = 2
    return matrix


def imaginary_modes(model: Phonopy, atoms: Atoms, imaginary: float) -> list[tuple[Atoms, list[Mode]]]:
    """Imaginary modes at Γ and at the zone-boundary points that are half a reciprocal lattice vector.

    Parameters
    ----------
    model
        Force constants in a supercell that is even along each vector, so that they are exact at these points.
    atoms
        Its primitive cell.
    imaginary
        Modes below minus this (THz) count.

    Returns
    -------
    list of (cell, modes)
        Per wave vector with imaginary modes: the smallest cell in which they are periodic (one primitive cell or two), and
        the modes there, softest first. ``displacements`` (3N, d) are not weighted with masses.
    """
    model.run_mesh([2, 2, 2], is_gamma_center=True)
    found = []
    mesh = cast(Mesh, model.mesh)
    for wavevector, arms in zip(mesh.qpoints, mesh.weights, strict=True):
        model.run_qpoints([wavevector], with_eigenvectors=True)
        here = cast(QpointsPhonon, model.qpoints)
        frequencies, vectors = here.frequencies[0], cast(np.ndarray, here.eigenvectors)[0]
        soft = np.flatnonzero(frequencies < -imaginary)
        if not len(soft):
            continue
        cell = make_supercell(atoms, doubled_cell(wavevector), order="cell-major")
        modes = []
        for bands in np.split(soft, np.flatnonzero(np.diff(frequencies[soft]) > DEGENERATE) + 1):
            displacements = _displacements(atoms, cell, wavevector, vectors[:, bands], model.primitive.masses)
            modes.append(Mode(tuple(wavevector), int(arms), float(frequencies[bands].mean()), displacements))
        found.append((cell, modes))
    return found


def _displacements(
    atoms: Atoms, cell: Atoms, wavevector: np.ndarray, vectors: np.ndarray, masses: np.ndarray
) -> np.ndarray:
    """Real displacements (3N, d) in ``cell`` of the d degenerate eigenvectors (3n, d) at a wave vector.

    u = e/sqrt(m) exp(2πi q·r) with r the atom's own position, as in phonopy. Where 2q is a reciprocal lattice vector, real
    and imaginary parts of d complex waves span d real ones.
    """
    fractions = cell.positions @ np.linalg.inv(atoms.cell.array)
    member = np.arange(len(cell)) % len(atoms)
    waves = (vectors.reshape(len(atoms), 3, -1) / np.sqrt(masses)[:, None, None])[member]
    waves = (waves * np.exp(2j * np.pi * fractions @ np.asarray(wavevector))[:, None, None]).reshape(3 * len(cell), -1)
    basis, sizes, _ = np.linalg.svd(np.hstack([waves.real, waves.imag]), full_matrices=False)
    return basis[:, sizes > 1e-6 * sizes[0]][:, : vectors.shape[1]]


def along_mode(cell: Atoms, mode: Mode, amplitude: float, rng: np.random.Generator) -> list[Distorted]:
    """The crystal displaced along a mode, once for each isotropy subgroup of the mode.

    Parameters
    ----------
    cell
        The undistorted crystal in a cell where the mode is periodic.
    amplitude
        Å, largest displacement of an atom.
    rng
        Draws the direction inside subspaces of more than one dimension. Where there is only one and its signs differ, both
        are taken.
    """
    basis = mode.displacements
    small = basis.T @ displacement_representation(cell) @ basis
    starts = {}
    for subspace in _subspaces(small):
        direction = subspace @ rng.normal(size=subspace.shape[1])
        direction /= np.linalg.norm(direction)
        distorted = _displaced(cell, basis @ direction, amplitude)
        kind = distorted.spacegroup, subspace.shape[1]
        if kind in starts:
            continue
        starts[kind] = [distorted]
        # A random direction stands for itself; the two signs of the only one are two different crystals, or one.
        if subspace.shape[1] == 1 and not np.isclose(small @ direction, -direction, atol=1e-6).all(axis=1).any():
            starts[kind].append(_displaced(cell, -basis @ direction, amplitude))
    return [distorted for both in starts.values() for distorted in both]


def _subspaces(representation: np.ndarray) -> list[np.ndarray]:
    """Different subspaces (d, k) that the groups generated by one or two of the matrices leave unchanged, small ones first."""
    found = {}
    for first, second in itertools.combinations_with_replacement(representation, 2):
        subspace = unchanged(first, second)
        if subspace.shape[1]:
            found[(np.round(subspace @ subspace.T, 4) + 0.0).tobytes()] = subspace
    return sorted(found.values(), key=lambda subspace: subspace.shape[1])


def _displaced(cell: Atoms, displacements: np.ndarray, amplitude: float) -> Distorted:
    """Displacements (3N,) scaled to a largest one of ``amplitude`` (Å), and the space group that they leave."""
    shifts = displacements.reshape(-1, 3)
    atoms = Atoms(cell.get_chemical_symbols(), positions=cell.positions, cell=cell.cell, pbc=True)
    atoms.positions += shifts * (amplitude / np.linalg.norm(shifts, axis=1).max())
    return Distorted(atoms, space_group(atoms, EXACT))


# --- given space groups ---------------------------------------------------------------------------------------------------


def towards_groups(
    cell: Atoms, groups: Iterable[str], each: int, amplitude: float, rng: np.random.Generator, tries: int = 400
) -> Iterator[Distorted]:
    """The crystal displaced at random, but within given subgroups of its space group.

    Parameters
    ----------
    cell
        The undistorted crystal.
    groups
        International symbols; those that one or two of the crystal's operations do not generate are left out.
    each
        Structures per group.
    amplitude
        Å, largest displacement of an atom.
    tries
        Pairs of operations that are drawn, after each single one.
    """
    wanted = dict.fromkeys(groups, each)
    representation = displacement_representation(cell)
    singles = [(matrix, matrix) for matrix in representation[rng.permutation(len(representation))]] * each
    drawn = (representation[rng.integers(len(representation), size=2)] for _ in range(tries))
    pairs = ((first, second) for first, second in drawn)
    for first, second in itertools.chain(singles, pairs):
        if not any(wanted.values()):
            return
        subspace = unchanged(first, second)
        if not subspace.shape[1]:
            continue
        distorted = _displaced(cell, subspace @ rng.normal(size=subspace.shape[1]), amplitude)
        if wanted.get(distorted.spacegroup, 0):
            wanted[distorted.spacegroup] -= 1
            yield distorted
