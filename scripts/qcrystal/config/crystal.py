"""The crystal: everything that physics fixes, ``config/crystals/<name>/crystal.yaml``."""

from __future__ import annotations

import functools
import itertools
import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from qcrystal.config.dft import DftSettings
from qcrystal.config.dynamics import Dynamics
from qcrystal.config.hops import Hops
from qcrystal.config.learning import Learning
from qcrystal.config.messages import repeated
from qcrystal.config.search import Search
from qcrystal.config.statics import Statics
from qcrystal.config.superconductivity import Superconductivity
from qcrystal.config.ternary import Ternary
from qcrystal.config.variational import Nct
from qcrystal.config.vibrations import Vibrations
from qcrystal.crystal.cells import check_space_group, unit_cell
from qcrystal.crystal.neighbours import nearest_distance
from qcrystal.crystal.order_parameters import OrderParameters
from qcrystal.crystal.prototype import Cage, Length, Prototype
from qcrystal.errors import Problem
from qcrystal.fields import Element, Name, Positive, Strict, Text
from qcrystal.potential.settings import Architecture
from qcrystal.potential.shortrange import ShortRangeError, pairs

NEAREST = 0.3
"""Å; two atoms of a prototype that are nearer are one by mistake."""
MOST_LABELLED = 10_000
"""Atoms of a frame that is labelled by DFT."""


class Isotope(Strict):
    """An isotope, or an element as it is by default."""

    element: Element
    """Element of the potential."""
    mass: Annotated[Positive, Field(le=400)]
    """Mass (u)."""


# ---------------------------------------------------------------------------------------------------------------------
# checks: each looks at the sections that its parameters name


def species_differ(species: list[str]) -> Iterator[Problem]:
    """Every species once."""
    yield from repeated("species", species, "keep one")


def mobile_is_a_species(species: list[str], mobile: str) -> Iterator[Problem]:
    """The mobile species is part of the crystal."""
    if mobile not in species:
        yield Problem("", "mobile", f"{mobile!r} is not among species {species}", "name one of them")


def isotopes_are_of_species(species: list[str], isotopes: dict[str, Isotope]) -> Iterator[Problem]:
    """Every isotope is of a species, and every species has a mass."""
    for name, isotope in isotopes.items():
        key = f"isotopes.{name}.element"
        if isotope.element not in species:
            yield Problem("", key, f"{isotope.element!r} is not among species {species}", "correct it")
        elif name in species and isotope.element != name:
            yield Problem(
                "",
                key,
                f"{isotope.element!r}, but the isotope named {name} is the default of {name}",
                f"set it to {name}",
            )
    for element in species:
        if element not in isotopes:
            yield Problem("", "isotopes", f"no default mass for {element!r}", "add an isotope of that name")


def prototype_is_one_of_prototypes(prototype: str, prototypes: dict[str, Prototype]) -> Iterator[Problem]:
    """The crystal has a prototype."""
    if prototype not in prototypes:
        yield Problem(
            "", "prototype", f"{prototype!r} is not among prototypes {sorted(prototypes)}", "name one of them"
        )


def prototypes_are_of_species(species: list[str], prototypes: dict[str, Prototype]) -> Iterator[Problem]:
    """Sites hold species."""
    for name, prototype in prototypes.items():
        foreign = sorted({site.element for site in prototype.sites} - set(species))
        for element in foreign:
            yield Problem("", f"prototypes.{name}", f"element {element!r} is not among species {species}", "correct it")


def sites_make_the_crystal(prototypes: dict[str, Prototype]) -> Iterator[Problem]:
    """No two sites are one by mistake, and all make a crystal of the space group."""
    for name, prototype in prototypes.items():
        with warnings.catch_warnings():  # of ASE, about sites that are equivalent
            warnings.simplefilter("ignore")
            cell = unit_cell(prototype, "conventional", prototype.lattice_constant)
        if len(set(cell.arrays["spacegroup_kinds"])) < len(prototype.sites):
            found = f"two of the sites are equivalent in space group {prototype.spacegroup}"
            yield Problem("", f"prototypes.{name}", found, "remove one")
            continue
        closest = nearest_distance(cell.get_scaled_positions(), None, cell.cell.array)
        if closest < NEAREST:
            found = f"two atoms are {closest:.2f} Å apart at lattice_constant {prototype.lattice_constant:g}"
            yield Problem("", f"prototypes.{name}", found, "correct the sites or the lattice constant")
            continue
        try:
            check_space_group(prototype)
        except ValueError as error:
            yield Problem("", f"prototypes.{name}.spacegroup", str(error))


def cage_is_of_species(species: list[str], cage: Cage | None) -> Iterator[Problem]:
    """A cage is made of species."""
    for key in ("centre", "member") if cage else ():
        element = getattr(cage, key)
        if element not in species:
            yield Problem("", f"cage.{key}", f"{element!r} is not among species {species}", "correct it")


def order_parameters_are_of_the_crystal(
    species: list[str], cage: Cage | None, order_parameters: OrderParameters
) -> Iterator[Problem]:
    """Order parameters are of species that are there, and of a cage that is described."""
    for key, element in order_parameters.elements.items():
        if element not in species:
            yield Problem("", f"order_parameters.{key}", f"{element!r} is not among species {species}", "correct it")
    if order_parameters.cage_angles is not None and cage is None:
        yield Problem(
            "", "order_parameters.cage_angles", "the crystal has no cage", "describe it under cage, or take it out"
        )


def dft_knows_the_species(species: list[str], dft: DftSettings) -> Iterator[Problem]:
    """Displacements need a frequency of every species; PAW sets are of species."""
    for element in species:
        if element not in dft.frequencies:
            yield Problem("", "dft.frequencies", f"no frequency for {element!r}", "add one in THz")
    for element in dft.paw:
        if element not in species:
            yield Problem("", "dft.paw", f"{element!r} is not among species {species}", "correct it")


def recipes_have_their_vacancies(
    prototypes: dict[str, Prototype], prototype: str, mobile: str, dft: DftSettings
) -> Iterator[Problem]:
    """Recipes are of sizes that DFT can do, and take out what is there."""
    if prototype not in prototypes:
        return
    sites = prototypes[prototype].sites
    for recipe in dft.recipes:
        key, site = f"dft.recipes: {recipe.name}", recipe.vacancy_site
        if site is not None and (site >= len(sites) or sites[site].element != mobile):
            found = f"site {site} of {prototype} is not one of {mobile}"
            yield Problem("", f"{key}: vacancy_site", found, "sites are numbered from 0")
        if recipe.angle is not None and not prototypes[prototype].cubic:
            found = f"{prototype} is not cubic, and only a cubic cell becomes rhombohedral by an angle"
            yield Problem("", f"{key}: angle", found, "distort it by strain instead")
        atoms = count_atoms(prototypes[prototype], recipe.cell, recipe.repeat)
        if atoms > MOST_LABELLED:
            found = f"{list(recipe.repeat)} make {atoms} atoms, more than {MOST_LABELLED}"
            yield Problem("", f"{key}: repeat", found, "take fewer")
        members = count_atoms(prototypes[prototype], recipe.cell, recipe.repeat, mobile)
        if recipe.vacancies >= max(members, 1):
            found = f"{recipe.vacancies} vacancies in a cell of {members} {mobile} atoms"
            yield Problem("", key, found, "take fewer")


def learning_starts_from_recipes(dft: DftSettings, learning: Learning) -> Iterator[Problem]:
    """Exploration starts from cells of recipes."""
    names = [recipe.name for recipe in dft.recipes]
    for name in learning.starts:
        if name not in names:
            known = ", ".join(names)
            yield Problem("", "learning.starts", f"{name!r} is not among dft.recipes", f"there are: {known}")


def learning_has_time_steps(dynamics: Dynamics, learning: Learning) -> Iterator[Problem]:
    """Every method of the exploration has a time step."""
    for method in learning.methods:
        if method not in dynamics.timestep:
            yield Problem("", "learning.methods", f"dynamics.timestep has no time step for {method!r}", "add one")


def learning_trains_an_architecture(training: dict[str, Architecture], learning: Learning) -> Iterator[Problem]:
    """The committee is of an architecture of the crystal."""
    if learning.training not in training:
        found = f"{learning.training!r} is not among training"
        yield Problem("", "learning.training", found, f"there are: {', '.join(training)}")


def architectures_see_every_species(species: list[str], training: dict[str, Architecture]) -> Iterator[Problem]:
    """Neighbours are counted per species."""
    for name, architecture in training.items():
        if len(architecture.sel) != len(set(species)):
            yield Problem("", f"training.{name}.sel", f"{architecture.sel} needs one number per species {species}")


def repulsion_is_of_pairs(species: list[str], repulsion: dict[str, tuple[float, float]]) -> Iterator[Problem]:
    """Distances of the short-range repulsion make sense."""
    try:
        pairs(repulsion, species)
    except ShortRangeError as error:
        yield Problem("", "", str(error))


def shortest_distances_are_of_pairs(species: list[str], search: Search) -> Iterator[Problem]:
    """Each pair of species has a shortest distance."""
    wanted = {"-".join(sorted(pair)) for pair in itertools.combinations_with_replacement(species, 2)}
    given = ["-".join(sorted(pair.split("-"))) for pair in search.shortest_distances]
    if sorted(given) != sorted(wanted):
        found = (
            f"has {', '.join(search.shortest_distances) or 'nothing'}, and needs each pair of species {species} once"
        )
        yield Problem("", "search.shortest_distances", found)


# ---------------------------------------------------------------------------------------------------------------------


class Crystal(Strict):
    """One crystal: what physics fixes."""

    checks = (
        species_differ,
        mobile_is_a_species,
        isotopes_are_of_species,
        prototype_is_one_of_prototypes,
        prototypes_are_of_species,
        sites_make_the_crystal,
        cage_is_of_species,
        order_parameters_are_of_the_crystal,
        dft_knows_the_species,
        recipes_have_their_vacancies,
        learning_starts_from_recipes,
        learning_has_time_steps,
        learning_trains_an_architecture,
        architectures_see_every_species,
        repulsion_is_of_pairs,
        shortest_distances_are_of_pairs,
    )

    name: Text
    """Name of the crystal in figures and texts."""
    species: list[Element] = Field(min_length=1)
    """Elements, in the order of the potentials' type map."""
    mobile: Element
    """Species that can be vacant or exchanged for an isotope, and whose diffusion is followed."""
    isotopes: dict[Name, Isotope]
    """Isotopes by name; the one that has an element's name is what the element is by default."""
    prototypes: dict[str, Prototype]
    """Crystals of highest symmetry, by name."""
    prototype: str
    """The one that runs start from."""
    cage: Cage | None = None
    """Cage of atoms around another, whose distances are tabulated; null: the crystal has none."""
    order_parameters: OrderParameters = OrderParameters()
    """Order parameters that are measured of each run; without any, runs have the other observables only."""
    dft: DftSettings
    """Labelling by density-functional theory."""
    repulsion: dict[str, tuple[Length, Length]] = {}
    """Short-range repulsion by pair of species: switched on from 0 at the larger distance (Å) to full at the smaller one."""
    training: dict[Name, Architecture] = Field(min_length=1)
    """Architectures of potentials, by name; ``training`` of the sources names the one that is trained."""
    dynamics: Dynamics
    """Time steps, barostat and bath."""
    statics: Statics
    """Properties at 0 K."""
    search: Search
    """Structure search."""
    learning: Learning
    """Concurrent learning."""
    nct: Nct = Nct()
    """Variational free energies."""
    hops: Hops | None = None
    """How mobile atoms change their sites; null: nothing is asked."""
    vibrations: Vibrations | None = None
    """Spectra of runs in real time; null: none is asked for."""
    ternary: Ternary | None = None
    """Search over compositions of ternary hydrides; null: there is none."""
    superconductivity: Superconductivity | None = None
    """Critical temperatures; null: there are none."""

    def atoms(self, basis: str, repeat: Sequence[int], element: str | None = None) -> int:
        """Atoms (of an element) in a supercell of the prototype, vacancies not counted out."""
        return count_atoms(self.prototypes[self.prototype], basis, repeat, element)


def count_atoms(prototype: Prototype, basis: str, repeat: Sequence[int], element: str | None = None) -> int:
    """Atoms (of an element) in a supercell of a prototype."""
    symbols = _symbols_per_cell(prototype.model_dump_json(), basis)
    return (len(symbols) if element is None else symbols.count(element)) * math.prod(repeat)


@functools.cache
def _symbols_per_cell(prototype: str, basis: str) -> list[str]:
    with warnings.catch_warnings():  # of ASE, about sites that are equivalent
        warnings.simplefilter("ignore")
        return list(unit_cell(Prototype.model_validate_json(prototype), basis, 1.0).get_chemical_symbols())
