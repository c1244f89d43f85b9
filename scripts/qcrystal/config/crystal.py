"""The crystal: everything that physics fixes, ``config/crystals/<name>/crystal.yaml``."""

from __future__ import annotations

import functools
import itertools
import math
import warnings
from pathlib import Path
from typing import Annotated

import numpy as np
from ase.data import chemical_symbols
from pydantic import Field, model_validator

from qcrystal.config.dft import DftSettings
from qcrystal.config.dynamics import Dynamics
from qcrystal.config.learning import Learning
from qcrystal.config.messages import refuse_repetition
from qcrystal.config.statics import Statics
from qcrystal.crystal.cells import unit_cell
from qcrystal.crystal.prototype import Cage, Length, Prototype
from qcrystal.fields import Name, Positive, Strict, Text
from qcrystal.potential.settings import Architecture
from qcrystal.potential.shortrange import pairs

MOST_LABELLED = 10_000
"""Atoms of a frame that is labelled by DFT."""
CRYSTAL_FILE = "crystal.yaml"
NEAREST = 0.3
"""Å; two atoms of a prototype that are nearer are one by mistake."""


class Isotope(Strict):
    """An isotope: the element of the potential that it is, and its mass in u."""

    element: str
    mass: Annotated[Positive, Field(le=400)]


class Crystal(Strict):
    """One crystal: what physics fixes. ``mobile`` is the species that can be vacant, and whose isotopes are exchanged."""

    name: Text
    species: list[str] = Field(min_length=1)
    mobile: str
    isotopes: dict[Name, Isotope]
    prototypes: dict[str, Prototype]
    prototype: str
    cage: Cage
    dft: DftSettings
    repulsion: dict[str, tuple[Length, Length]] = {}
    training: dict[Name, Architecture] = Field(min_length=1)
    dynamics: Dynamics
    statics: Statics
    learning: Learning

    @model_validator(mode="after")
    def _consistent(self) -> Crystal:
        for element in self.species:
            if element not in chemical_symbols[1:]:
                raise ValueError(f"species: {element!r} is not a chemical element; correct it")
        refuse_repetition("species", self.species, "keep one")
        if self.mobile not in self.species:
            raise ValueError(f"mobile: {self.mobile!r} is not among species {self.species}")
        for name, isotope in self.isotopes.items():
            if isotope.element not in self.species:
                raise ValueError(f"isotopes.{name}.element: {isotope.element!r} is not among species {self.species}")
            if name in self.species and isotope.element != name:
                raise ValueError(
                    f"isotopes.{name}.element: {isotope.element!r}; the isotope {name} is what {name} is by default"
                )
        for element in self.species:
            if element not in self.isotopes:
                raise ValueError(f"isotopes: no default mass for {element!r}; add an isotope of that name")
        if self.prototype not in self.prototypes:
            raise ValueError(f"prototype: {self.prototype!r} is not among prototypes {sorted(self.prototypes)}")
        for name, prototype in self.prototypes.items():
            for site in prototype.sites:
                if site.element not in self.species:
                    raise ValueError(f"prototypes.{name}: element {site.element!r} is not among species {self.species}")
            _refuse_overlap(name, prototype)
        for key in ("centre", "member"):
            if getattr(self.cage, key) not in self.species:
                raise ValueError(f"cage.{key}: {getattr(self.cage, key)!r} is not among species {self.species}")
        for element in self.species:
            if element not in self.dft.frequencies:
                raise ValueError(f"dft.frequencies: no frequency for {element!r}; add one in THz")
        for element in self.dft.paw:
            if element not in self.species:
                raise ValueError(f"dft.paw: {element!r} is not among species {self.species}")
        names = [recipe.name for recipe in self.dft.recipes]
        every = names + [recipe.name for recipe in self.dft.structure_recipes]
        if len(set(every)) != len(every):
            raise ValueError(f"dft.recipes: two recipes share a name among {every}; give each its own")
        if len({sum(name.encode()) for name in every}) != len(every):  # the seed of a recipe's frames
            raise ValueError(f"dft.recipes: two names of {every} have the same letters, and would draw the same frames")
        for recipe in self.dft.recipes:
            site = recipe.vacancy_site
            sites = self.prototypes[self.prototype].sites
            if site is not None and (site >= len(sites) or sites[site].element != self.mobile):
                raise ValueError(
                    f"dft.recipes: {recipe.name}: vacancy_site: site {site} of {self.prototype} is not one of "
                    f"{self.mobile}; sites are numbered from 0"
                )
            atoms = self.atoms(recipe.cell, recipe.repeat)
            if atoms > MOST_LABELLED:
                raise ValueError(
                    f"dft.recipes: {recipe.name}: repeat: {list(recipe.repeat)} make {atoms} atoms, more than "
                    f"{MOST_LABELLED}; take fewer"
                )
            members = self.atoms(recipe.cell, recipe.repeat, self.mobile)
            if recipe.vacancies >= members:
                raise ValueError(
                    f"dft.recipes: {recipe.name}: {recipe.vacancies} vacancies in a cell of {members} "
                    f"{self.mobile} atoms; take fewer"
                )
        for name in self.learning.starts:
            if name not in names:
                raise ValueError(f"learning.starts: {name!r} is not among dft.recipes: {', '.join(names)}")
        for method in self.learning.methods:
            if method not in self.dynamics.timestep:
                raise ValueError(f"learning.methods: dynamics.timestep has no time step for {method!r}; add one")
        pairs(self.repulsion, self.species)
        for name, training in self.training.items():
            if len(training.sel) != len(self.species):
                raise ValueError(f"training.{name}.sel: {training.sel} needs one number per species {self.species}")
        if self.learning.training not in self.training:
            raise ValueError(
                f"learning.training: {self.learning.training!r} is not among training: {', '.join(self.training)}"
            )
        wanted = {"-".join(sorted(pair)) for pair in itertools.combinations_with_replacement(self.species, 2)}
        given = ["-".join(sorted(pair.split("-"))) for pair in self.statics.shortest_distances]
        if sorted(given) != sorted(wanted):
            raise ValueError(
                f"statics.shortest_distances: has {', '.join(self.statics.shortest_distances) or 'nothing'}, and needs "
                f"each pair of species {self.species} once"
            )
        return self

    def atoms(self, basis: str, repeat, element: str | None = None) -> int:
        """Atoms (of an element) in a supercell of the prototype, vacancies not counted out."""
        symbols = _symbols_per_cell(self.prototypes[self.prototype].model_dump_json(), basis)
        return (len(symbols) if element is None else symbols.count(element)) * math.prod(repeat)


@functools.cache
def _symbols_per_cell(prototype: str, basis: str) -> list[str]:
    return unit_cell(Prototype.model_validate_json(prototype), basis, 1.0).get_chemical_symbols()


def _refuse_overlap(name: str, prototype: Prototype) -> None:
    with warnings.catch_warnings():  # of ASE, about sites that are equivalent
        warnings.simplefilter("ignore")
        cell = unit_cell(prototype, "conventional", prototype.lattice_constant)
    if len(set(cell.arrays["spacegroup_kinds"])) < len(prototype.sites):
        raise ValueError(
            f"prototypes.{name}: two of the sites are equivalent in space group {prototype.spacegroup}; remove one"
        )
    distances = cell.get_all_distances(mic=True)
    distances[np.diag_indices(len(cell))] = np.inf
    closest = min(distances.min(), prototype.lattice_constant)
    if closest < NEAREST:
        raise ValueError(
            f"prototypes.{name}: two atoms are {closest:.2f} Å apart at lattice_constant {prototype.lattice_constant:g}; "
            "correct the sites or the lattice constant"
        )


def crystal_name(path: Path) -> str:
    """Name of the crystal that a file describes: that of its folder, or its own if it is not ``crystal.yaml``."""
    return path.parent.name if path.name == CRYSTAL_FILE else path.stem
