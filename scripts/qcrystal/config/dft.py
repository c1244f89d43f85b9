"""Density-functional labels: settings, recipes of frames, convergence, and the effort."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from qcrystal.crystal.prototype import LatticeConstant
from qcrystal.errors import Problem
from qcrystal.fields import (
    Count,
    Element,
    FilePath,
    Jobs,
    Name,
    NotNegative,
    Number,
    Positive,
    Repeat,
    SmallCount,
    Strict,
    Temperature,
    Text,
    Whole,
)

Cutoff = Annotated[Positive, Field(ge=50, le=5000)]
"""eV, of plane waves."""
KpointLength = Annotated[Positive, Field(le=200)]
"""Å."""
Width = Annotated[Positive, Field(le=10)]
"""eV, of the occupations."""


def symmetry_has_a_distortion(symmetry: str | None, distortion: float | None) -> Iterator[Problem]:
    """A symmetry is that of a distortion."""
    if (symmetry is None) != (distortion is None):
        yield Problem("", "symmetry", "symmetry and distortion (Å) go together", "give both or neither")


def angles_are_a_range(angle: tuple[float, float] | None) -> Iterator[Problem]:
    """Angles near 90 degrees, the smaller one first."""
    if angle is not None and not 60 < angle[0] <= angle[1] < 120:
        yield Problem("", "angle", f"{list(angle)} must be [lowest, highest] in degrees, within 60 and 120")


class Recipe(Strict):
    """Displaced frames that are labelled; see `qcrystal.dft.frames.displaced_frames`."""

    checks = (symmetry_has_a_distortion, angles_are_a_range)

    name: Name
    """Name of the frames' system in the data set; the seed of the frames follows from it."""
    cell: Literal["primitive", "conventional"]
    """Unit cell of the prototype that is repeated."""
    repeat: Repeat
    """Multiples of the unit cell along its vectors."""
    lattice_constants: list[LatticeConstant] = Field(min_length=1)
    """Lattice constants (Å) at which frames are made."""
    frames: Jobs
    """Frames per lattice constant."""
    temperature: Temperature
    """Temperature (K) of the displacements."""
    quantum: bool
    """Whether displacements hold the zero-point motion."""
    angle: tuple[Number, Number] | None = None
    """Range of the rhombohedral angle (degrees) from which each frame's is drawn; null: that of the prototype."""
    strain: Annotated[NotNegative, Field(le=0.2)] | None = None
    """Standard deviation of a random symmetric strain; null: none."""
    symmetry: Literal["C2", "P-1"] | None = None
    """Space group that a random distortion leaves; null: no distortion."""
    distortion: Annotated[Positive, Field(le=1)] | None = None
    """Largest displacement (Å) of that distortion."""
    vacancies: Whole = 0
    """Atoms of the mobile species that are taken out of each frame."""
    vacancy_site: Whole | None = None
    """Number of the prototype's site from which they are taken, from 0; null: any."""


class StructureRecipe(Strict):
    """Displaced frames of structures from a file; see `qcrystal.dft.frames.displaced_structures`."""

    name: Name
    """Name of the frames' system in the data set; the seed of the frames follows from it."""
    structures: FilePath
    """File of structures (extended xyz), relative to the repository."""
    select: list[Text] | None = Field(None, min_length=1)
    """Names of the structures that are taken (``name`` in the file); null: all."""
    volumes: list[Annotated[Positive, Field(le=1000)]] = Field(min_length=1)
    """Volumes per atom (Å³) to which each structure is scaled."""
    repeat: tuple[SmallCount, SmallCount, SmallCount] = (1, 1, 1)
    """Multiples of each structure's cell."""
    frames: Jobs
    """Frames per structure and volume."""
    temperature: Temperature
    """Temperature (K) of the displacements."""
    quantum: bool
    """Whether displacements hold the zero-point motion."""
    strain: Annotated[NotNegative, Field(le=0.2)] | None = None
    """Standard deviation of a random symmetric strain; null: none."""


class Goals(Strict):
    """Errors of the labels that are accepted."""

    energy: Annotated[Positive, Field(le=1e4)]
    """Largest error of an energy difference (meV/atom)."""
    force: Annotated[Positive, Field(le=1e4)]
    """Root mean square error of the forces (meV/Å)."""


def coarsest_first(cutoffs: list[float], kpoint_lengths: list[float], widths: list[float]) -> Iterator[Problem]:
    """The last value of each list is the reference of the others."""
    for key, given, sign in (
        ("cutoffs", cutoffs, 1),
        ("kpoint_lengths", kpoint_lengths, 1),
        ("widths", widths, -1),
    ):
        values = [sign * value for value in given]
        if values != sorted(set(values)):
            order = "rise" if sign > 0 else "fall"
            yield Problem("", key, f"{given} must {order}, as the last one is the reference", "sort it")


class Convergence(Strict):
    """DFT settings that are tried one at a time on a few small frames; see `qcrystal.dft.convergence`."""

    checks = (coarsest_first,)

    goals: Goals
    """Errors that are accepted."""
    lattice_constant: LatticeConstant
    """Lattice constant (Å) of the crystal at rest whose static pressure is compared."""
    cutoffs: list[Cutoff] = Field(min_length=1)
    """Plane-wave cutoffs (eV) that are tried, coarsest first; the last one is the reference."""
    kpoint_lengths: list[KpointLength] = Field(min_length=1)
    """K-point densities (Å, as ``kpoint_length``) that are tried, coarsest first."""
    widths: list[Width] = Field(min_length=1)
    """Widths of the occupations (eV) that are tried, widest first."""
    frames: list[Recipe] = Field(min_length=1)
    """Recipes of the frames that every setting labels."""


def recipes_have_names_of_their_own(
    recipes: list[Recipe], structure_recipes: list[StructureRecipe]
) -> Iterator[Problem]:
    """A recipe's frames are drawn by a seed that is the sum of its name's letters."""
    yield from recipe_names([*(recipe.name for recipe in recipes), *(recipe.name for recipe in structure_recipes)])


def recipe_names(names: Sequence[str]) -> Iterator[Problem]:
    """Names that two recipes share, or by which two recipes would draw the same random numbers."""
    if len(set(names)) != len(names):
        yield Problem("", "recipes", f"two recipes share a name among {names}", "give each its own")
    elif len({sum(name.encode()) for name in names}) != len(names):
        yield Problem(
            "",
            "recipes",
            f"two of the names {names} give the same random seed, which is the sum of their letters",
            "change a letter of one",
        )


class PawSet(Strict):
    """How a PAW set is generated by ``gpaw dataset``."""

    electrons: Count | None = None
    """Valence electrons, such as 3 of Li with its 1s; null: those of GPAW's own choice."""
    scalar_relativistic: bool = False
    """Whether the atom is scalar-relativistic, as heavy ones should be."""
    radius: Annotated[Positive, Field(le=5)] | None = None
    """Radius of the augmentation sphere (bohr); null: GPAW's own choice."""


class DftSettings(Strict):
    """Labels by GPAW: which frames get them, and with which settings."""

    checks = (recipes_have_names_of_their_own,)

    seed: Whole
    """Seed of the displaced frames."""
    functional: Literal["PBE", "LDA", "PBEsol", "RPBE"]
    """Exchange and correlation."""
    cutoff: Cutoff
    """Plane-wave cutoff (eV)."""
    kpoint_length: KpointLength
    """Density of k-points: their spacing is at most 2π divided by this length (Å)."""
    width: Width
    """Width of the occupations (eV)."""
    energy_convergence: Annotated[Positive, Field(le=1)]
    """Change of the energy (eV per valence electron) at which a calculation is converged."""
    force_convergence: Annotated[Positive, Field(le=10)]
    """Change of the forces (eV/Å) at which a calculation is converged."""
    smearing: Literal["fermi-dirac", "methfessel-paxton"] = "fermi-dirac"
    """Occupations; Methfessel-Paxton's are of first order, and need k-points that are dense for the width."""
    symmetry: bool = False
    """Whether a frame's symmetry is used, where it has some: fewer k-points, the same labels."""
    paw: dict[Element, PawSet]
    """Elements whose PAW sets are generated, with their options; GPAW's own sets are taken of the others."""
    frequencies: dict[Element, Annotated[Positive, Field(le=1000)]]
    """Frequency (THz) by element of the independent oscillators from which displacements are drawn."""
    lattice_constants: list[LatticeConstant] = Field(min_length=1)
    """Lattice constants (Å) at which the prototype is relaxed by DFT."""
    convergence: Convergence
    """Settings that are tried to see how far the labels are converged."""
    recipes: list[Recipe] = Field(min_length=1)
    """Frames of the prototype that are labelled."""
    structure_recipes: list[StructureRecipe] = []
    """Frames of other structures that are labelled."""


class DftEffort(Strict):
    """Effort of the labelling."""

    frames_per_recipe: Count | None = None
    """Frames that are labelled of each recipe; null: all."""
    convergence: Count | None = None
    """Values of each setting, the coarsest, that are tried for convergence; null: all."""
    batches: Jobs
    """Jobs among which the frames are dealt."""
    lattice_points: Jobs
    """Lattice constants at which the prototype is relaxed by DFT."""
