"""Frames to be labelled: strained and displaced cells of a prototype, or of structures from a file. Å, THz, K."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from ase import Atoms

from qcrystal.config.dft import Recipe, StructureRecipe
from qcrystal.crystal.cells import rhombohedral_deformation, site_members, supercell, take_out, unit_cell
from qcrystal.crystal.displace import displace, random_strain, symmetric_distortion
from qcrystal.crystal.prototype import Prototype
from qcrystal.fields import spread


class Draw(NamedTuple):
    """Settings that the frames of all recipes share.

    Attributes
    ----------
    species : sequence of str
        Order of the potential's type map.
    frequencies : dict
        Oscillator frequency per species, THz.
    seed : int
        Base seed; each recipe has a generator of its own.
    keep : int or None
        Number of frames kept of each recipe, spread over its lattice constants or volumes; None keeps all.
    mobile : str or None
        Species that vacancies are taken from; None: no recipe has any.
    """

    species: Sequence[str]
    frequencies: dict[str, float]
    seed: int
    keep: int | None = None
    mobile: str | None = None

    def generator(self, recipe: str) -> np.random.Generator:
        """The generator of the recipe of this name."""
        return np.random.default_rng([self.seed, sum(recipe.encode())])


def displaced_frames(prototype: Prototype, recipe: Recipe, draw: Draw) -> list[Atoms]:
    """Frames of one recipe: strained and displaced cells at each of its lattice constants.

    Parameters
    ----------
    recipe
        ``angle`` draws a rhombohedral angle (degrees) of the conventional cell from the interval. ``strain`` adds a random
        symmetric strain. ``symmetry`` (C2 or P-1) is what a distortion leaves of the prototype's symmetry. That distortion has
        displacements of ``distortion`` (Å) and the strain ``strain`` of the unit cell. ``vacancies`` atoms of the mobile species
        are missing, drawn at random among all of them or among those of the prototype's site number ``vacancy_site``.
        ``temperature`` (K) and ``quantum`` set the displacements of independent oscillators.

    Returns
    -------
    list of ase.Atoms
        Each names its recipe, lattice constant and number in ``info["origin"]``.
    """
    rng = draw.generator(recipe.name)
    frames = []
    for lattice_constant in recipe.lattice_constants:
        for number in range(recipe.frames):
            frame = _strained_cell(prototype, recipe, lattice_constant, draw.species, rng)
            if recipe.vacancies:
                members = None
                if recipe.vacancy_site is not None:
                    members = site_members(prototype, recipe.cell, recipe.repeat, draw.species, recipe.vacancy_site)
                take_out(frame, draw.mobile, recipe.vacancies, rng, members)
            frame = displace(frame, draw.frequencies, recipe.temperature, recipe.quantum, rng)
            frame.info["origin"] = f"{recipe.name} a={lattice_constant:g} frame={number}"
            frames.append(frame)
    return spread(frames, draw.keep, ends=False)


def _strained_cell(
    prototype: Prototype, recipe: Recipe, lattice_constant: float, species: Sequence[str], rng: np.random.Generator
) -> Atoms:
    """Supercell of a prototype, distorted and strained as a recipe says, atoms at rest."""
    cell = unit_cell(prototype, recipe.cell, lattice_constant)
    if recipe.symmetry is not None:
        cell = symmetric_distortion(cell, recipe.symmetry, recipe.distortion or 0.0, recipe.strain or 0.0, rng)
    frame = supercell(cell, recipe.repeat, species)
    if recipe.angle is not None:
        deformation = rhombohedral_deformation(prototype, lattice_constant, rng.uniform(*recipe.angle))
        frame.set_cell(frame.cell.array @ deformation, scale_atoms=True)
    if recipe.strain is not None and recipe.symmetry is None:
        frame = random_strain(frame, recipe.strain, rng)
    return frame


def displaced_structures(recipe: StructureRecipe, given: Sequence[Atoms], draw: Draw) -> list[Atoms]:
    """Frames of given structures, each scaled to each of the recipe's volumes (Å³/atom), strained and displaced.

    Only structures whose ``info["name"]`` the recipe selects are taken, in its order; all if it selects none.

    Parameters
    ----------
    given
        Structures of any shape, such as those that a search found. They may have any number of atoms of the species.

    Returns
    -------
    list of ase.Atoms
        Each names its recipe, structure, volume and number in ``info["origin"]``.

    Raises
    ------
    ValueError
        If the recipe selects a structure that is not given.
    """
    if recipe.select is not None:
        named = {atoms.info.get("name"): atoms for atoms in given}
        missing = [name for name in recipe.select if name not in named]
        if missing:
            known = ", ".join(str(name) for name in named)
            raise ValueError(f"{recipe.structures}: no structure has the name {missing[0]!r}; there are {known}")
        given = [named[name] for name in recipe.select]
    rng = draw.generator(recipe.name)
    frames = []
    for number, structure in enumerate(given):
        for volume in recipe.volumes:
            for repetition in range(recipe.frames):
                frame = supercell(structure, recipe.repeat, draw.species)
                scale = np.cbrt(volume * len(frame) / frame.get_volume())
                frame.set_cell(frame.cell.array * scale, scale_atoms=True)
                if recipe.strain is not None:
                    frame = random_strain(frame, recipe.strain, rng)
                frame = displace(frame, draw.frequencies, recipe.temperature, recipe.quantum, rng)
                frame.info["origin"] = f"{recipe.name} structure={number} volume={volume:g} frame={repetition}"
                frames.append(frame)
    return spread(frames, draw.keep, ends=False)
