"""Search over the compositions of ternary hydrides: what is physics, and the effort."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from qcrystal.config.messages import repeated
from qcrystal.crystal.formulas import CompositionError, Space, check_space
from qcrystal.crystal.prototype import Length, Prototype
from qcrystal.errors import Problem
from qcrystal.fields import Count, Element, Name, NotNegative, Positive, Pressure, Strict, Whole

SmallNumber = Annotated[Count, Field(le=20)]


class Formula(Strict):
    """Bounds of the formulas A_m B_n H_x."""

    m: SmallNumber = 4
    """Atoms of the first element at most."""
    n: SmallNumber = 4
    """Atoms of the second element at most."""
    ratio: tuple[Positive, Positive] = (3, 10)
    """Least and largest x/(m+n)."""

    @property
    def space(self) -> Space:
        """The same as the enumeration takes it."""
        return Space(self.m, self.n, self.ratio)


class Funnel(Strict):
    """Thresholds of the stages F1 to F5; the values left out are those of Wang et al. (2025)."""

    hull: NotNegative = 0.05
    """Energy above the hull at most (eV/atom), by the potential (F1) and by DFT (F5)."""
    minimum_spacegroup: Annotated[int, Field(ge=0, lt=230)] = 75
    """The number of the space group is above this (F2)."""
    hh_distance: NotNegative = 0.9
    """Distance (Å) to the nearest other hydrogen atom (F3)."""
    hh_fraction: Annotated[NotNegative, Field(le=1)] = 0.75
    """More than this share of the hydrogen atoms have none nearer (F3)."""
    imaginary: NotNegative = 3.0
    """No phonon is imaginary beyond this (THz; F4)."""


def elements_are_partners(elements: list[str], formula: Formula) -> Iterator[Problem]:
    """There is a pair of elements, and a composition."""
    yield from repeated("elements", elements, "keep one")
    if "H" in elements:
        yield Problem("", "elements", "hydrogen is in every composition", "take it out")
    try:
        check_space(elements, formula.space, None)
    except CompositionError as error:
        yield from error.problems


def every_element_has_a_reference(elements: list[str], references: dict[str, Prototype]) -> Iterator[Problem]:
    """The hull ends at the elements."""
    pure = [{site.element for site in one.sites} for one in references.values()]
    for element in [*elements, "H"]:
        if {element} not in pure:
            found = f"no reference for {element}: no crystal of the pure element"
            yield Problem("", "references", found, "add one")
    for name, found_in in zip(references, pure, strict=True):
        for element in sorted(found_in - {*elements, "H"}):
            yield Problem("", f"references.{name}", f"holds {element}, which is not searched", "take the crystal out")


def prototypes_are_named_once(prototypes: list[str]) -> Iterator[Problem]:
    """Orderings of one prototype are made once."""
    yield from repeated("prototypes", prototypes, "keep one")


class Ternary(Strict):
    """The search over compositions A_m B_n H_x at one pressure, after X. Wang et al., arXiv 2502.16558 (2025)."""

    checks = (elements_are_partners, every_element_has_a_reference, prototypes_are_named_once)

    elements: list[Element]
    """Partners of hydrogen; each pair of them is searched."""
    pressure: Pressure
    """GPa."""
    formula: Formula = Formula()
    """Bounds of the formulas."""
    prototypes: list[Name] = []
    """Prototypes of the crystal whose metal sites take every ordering of two elements."""
    references: dict[str, Prototype]
    """Crystals of the elements and known hydrides, by name; the hull holds them."""
    funnel: Funnel = Funnel()
    """Thresholds of the funnel."""
    stand_in: dict[str, tuple[Length, Positive]] = {}
    """Pair of elements: distance (Å) and depth (eV) of the Lennard-Jones stand-in for a potential."""
    model_error: NotNegative = 0.02
    """Error (eV/atom, rms) of the potential's enthalpies on frames that it was not trained on, carried to the hull."""
    endpoint_height: NotNegative = 0.1
    """Loop 2: energy above the hull (eV/atom) up to which relaxed crystals are labelled."""
    enthalpy_goal: Positive = 0.015
    """Loop 2 ends when enthalpies of what it labels err by less (eV/atom, rms) before the potential is trained on them."""


class TernaryEffort(Strict):
    """Effort of the search over compositions."""

    stand_in: bool = False
    """Whether a Lennard-Jones potential stands in for the trained one, and another one for DFT: the numbers mean nothing."""
    max_atoms: Count
    """Atoms of a random crystal at most."""
    starts: Count
    """Random crystals of each composition."""
    ordered_metals: SmallNumber
    """Metal atoms in a cell of an ordered prototype at most."""
    max_relaxation_steps: Count
    """Steps of a relaxation, at most."""
    fmax: Positive = 0.01
    """Force (eV/Å) at which a relaxation has ended."""
    batch: Count = 100
    """Starts per job."""
    supercell: Positive = 8.0
    """Least length (Å) of the supercells of phonons."""
    dft: bool = True
    """Whether DFT tests references, survivors and rejects; without it F5 and the rejects stay untested."""
    survivors: Count | None = None
    """Survivors of F4 that DFT tests at most, those nearest to the hull; null: all of them."""
    dft_atoms: Count | None = None
    """Atoms of a candidate that DFT tests at most; null: of any size. References are tested whatever their size."""
    rejects: Whole
    """Rejects of each stage that DFT tests."""
    draws: Count = 100
    """Random hulls by which errors are propagated."""
    loop_frames: Count = 30
    """Frames that each of the two learning loops labels in one turn, at most."""
    turns: SmallNumber = 1
    """Turns of the learning loops; each learns the labels of those before. One more runs no earlier turn again."""
    trainings: list[Name] = []
    """Architectures that are trained and compared on the same frames held out; empty: none are."""
    training_steps: Count | None = None
    """Steps of these trainings; null: those of the scale's potentials."""
    trained_on_data: bool = False
    """Whether these trainings learn the crystal's data set although a stand-in searches. Without a stand-in they always do."""
    stand_in_frames: Annotated[Count, Field(ge=2, le=1000)] = 8
    """Frames of each reference that the stand-in labels for them, where they learn its labels."""
    stand_in_systems: Count = 20
    """References that it labels, at most: the first ones. Each composition costs a trainer time."""


# ---------------------------------------------------------------------------------------------------------------------
# checks across sections and files; the parameters are named as in `qcrystal.config.preflight`


def ternary_is_of_the_crystal(
    ternary: Ternary | None, species: list[str], prototypes: dict[str, Prototype]
) -> Iterator[Problem]:
    """Elements are species, so that a potential knows them; ordered prototypes are there."""
    if ternary is None:
        return
    for element in (*ternary.elements, "H"):
        if element not in species:
            found = f"{element!r} is not among species {species}"
            yield Problem("crystal", "ternary.elements", found, "a potential without it cannot search; add it")
    for name in ternary.prototypes:
        if name not in prototypes:
            found = f"{name!r} is not among prototypes {sorted(prototypes)}"
            yield Problem("crystal", "ternary.prototypes", found, "name one of them")
        elif not {"H"} < {site.element for site in prototypes[name].sites}:
            yield Problem(
                "crystal", "ternary.prototypes", f"{name!r} is no hydride", "name one with hydrogen and metals"
            )


def compared_architectures_are_there(scale_ternary: TernaryEffort | None, training: dict) -> Iterator[Problem]:
    """The crystal has the architectures that are compared."""
    for name in scale_ternary.trainings if scale_ternary else ():
        if name not in training:
            found = f"{name!r} is not among the architectures {', '.join(training)}"
            yield Problem("scale", "ternary.trainings", found, "name one of `training` in crystal.yaml")


def ternary_has_its_effort(ternary: Ternary | None, scale_ternary: TernaryEffort | None) -> Iterator[Problem]:
    """The scale says how far the search goes, and there is a composition of that size."""
    if ternary is None:
        return
    if scale_ternary is None:
        yield Problem(
            "scale", "ternary", "the crystal has a search over compositions, but no effort", "add the section"
        )
        return
    try:
        check_space(ternary.elements, ternary.formula.space, scale_ternary.max_atoms)
    except CompositionError as error:
        for problem in error.problems:
            yield Problem("scale", f"ternary.{problem.key}", problem.found, problem.advice)
    pairs = {"-".join(sorted(pair.split("-"))) for pair in ternary.stand_in}
    names = sorted([*ternary.elements, "H"])
    wanted = {"-".join(sorted((a, b))) for a in names for b in names}
    if scale_ternary.stand_in and pairs != wanted:
        found = f"pairs {', '.join(ternary.stand_in) or 'none'}, and a stand-in needs {', '.join(sorted(wanted))}"
        yield Problem("crystal", "ternary.stand_in", found, "give each pair once")


CHECKS = (ternary_is_of_the_crystal, ternary_has_its_effort, compared_architectures_are_there)
