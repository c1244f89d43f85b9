"""Typed configuration, validated before any job starts.

`load` merges what Snakemake was given over ``config/config.yaml`` with the scale (sizes) and the crystal (physics) that it names.
Every problem is a `ConfigError` whose lines each name the file, the key, the value, and what to do.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import itertools
import math
import os
import re
import shutil
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import spglib
from ase.data import chemical_symbols
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError, model_validator

from qcrystal.crystal.cells import unit_cell
from qcrystal.crystal.prototype import Cage, LatticeConstant, Length, Prototype, Strict
from qcrystal.crystal.soap import SoapSettings
from qcrystal.dataset.deepmd_npy import check_files
from qcrystal.dataset.labelled_frames import DatasetError
from qcrystal.dynamics.beads import BEAD_RATIO, beads_for
from qcrystal.dynamics.spec import (
    PATH_INTEGRAL_METHODS,
    QUANTUM_BATHS,
    Bath,
    RunSpec,
    highest_cutoff,
    longest_timestep,
)
from qcrystal.fields import Count, Name, NotNegative, Number, Positive, Text, Whole, either
from qcrystal.io.tables import TableError, check_table
from qcrystal.io.yaml_files import DocumentError, printable, read_mapping
from qcrystal.manuscript.published import PublishedError, check_published
from qcrystal.potential.card import TABLES as CARD_TABLES
from qcrystal.potential.card import CardError, check_potential
from qcrystal.potential.shortrange import pairs

MAIN_FILE = "config/config.yaml"
CRYSTAL_FILE = "crystal.yaml"
THREADS = {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1, "MKL_NUM_THREADS": 1}
THREADS |= {"DP_INTRA_OP_PARALLELISM_THREADS": 0, "DP_INTER_OP_PARALLELISM_THREADS": 0}
THREADS |= {"TF_NUM_INTRAOP_THREADS": 0, "TF_NUM_INTEROP_THREADS": 0}
"""Variables by which libraries are told how many threads to start, and the least of them; 0 lets the library choose."""


SHELL_LETTERS = r"[^A-Za-z0-9_@%+=,./\x80-\U0010ffff-]"
"""What a shell would not take as a part of one word, and the colon, which parts the folders of PATH."""
LATTICE = ("lattice_constant", "pressure", "x", "la_h1", "la_h2", "h_h1", "h_h2", "la_la")
TABLES = {
    "label_pressures": (
        *("system", "frames", "lattice_constant", "lattice_constant_std", "cubic", "pressure", "motion"),
    ),
    "dft_reference": LATTICE,
    "dft_convergence": (
        *("varied", "cutoff", "kpoint_length", "kpoints", "width", "energy_shift", "energy_difference", "force_rms"),
        *("force_max", "pressure", "static_pressure", "seconds", "verdict", "chosen"),
    ),
    "dft_check": ("potential", "phase", "pressure", "relative_enthalpy_dft"),
}
"""Keys that name tables, and the columns that figures read of them."""
LEARNING_TABLES = {
    "generations": ("generation", "explored", "accurate", "candidate", "failed"),
    "generation_errors": ("generation", "trained", "member", "quantity", "rmse", "n"),
    "structure_map": ("system", "generation", "part", "pressure", "component_1", "component_2", "share_1", "share_2"),
}
"""Tables of concurrent learning, and the columns that figures read of them."""


class ConfigError(ValueError):
    """A configuration that cannot be used; one line per problem."""


Pressure = Annotated[NotNegative, Field(le=1e4)]
"""GPa."""
Temperature = Annotated[NotNegative, Field(le=2e4)]
"""K; runs end above it."""
Duration = Annotated[Positive, Field(le=1e6)]
"""ps."""
Repeat = tuple[Count, Count, Count]
Jobs = Annotated[Count, Field(le=10_000)]
"""As many jobs, or things that are jobs."""
SmallCount = Annotated[Count, Field(le=50)]
Cutoff = Annotated[Positive, Field(ge=50, le=5000)]
"""eV, of plane waves."""
KpointLength = Annotated[Positive, Field(le=200)]
"""Å."""
Width = Annotated[Positive, Field(le=10)]
"""eV, of the occupations."""
FRICTIONS = (0.01, 1000)
"""Smallest and largest friction of a bath, 1/ps."""
SEGMENTS = (0.25, 5)
"""Shortest and longest segment of a bath's noise, ps: its filter reaches as far, and shorter ones cannot hold the spectrum
of slow vibrations (0 K, 2 THz, 10/ps: the energy is 3 % off with 0.25 ps, 13 % with 0.1 and 74 % with 0.05); longer ones need
a grid of frequencies that fills the memory, and tell nothing more apart."""
COLDEST = 1e-3
"""K; without zero-point motion nothing moves below it."""
MOST_RUNS = 10_000
"""Runs of a sweep: with more, Snakemake needs minutes to look at its jobs."""
MOST_ATOMS = 10_000_000
MOST_LABELLED = 10_000
"""Atoms of a frame that is labelled by DFT."""
MOST_BEADS = 10_000
MOST_STEPS = 10**9
NEAREST = 0.3
"""Å; two atoms of a prototype that are nearer are one by mistake."""
LONGEST_PART = 255
"""Bytes that a file system takes for a name."""


def _possible(path: str) -> str:
    for part in Path(path).parts:
        if len(os.fsencode(part)) > LONGEST_PART:
            raise ValueError(f"no file can have a name of {len(part)} letters; name another")
    return path


FilePath = Annotated[Text, AfterValidator(_possible)]
"""Of a file or folder, relative to the repository, or absolute."""
Method = Literal["classical", "qtb", "adqtb", "pimd", "trpmd"]


def _refuse_repetition(key: str, values: list, advice: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(
                f"{key}: {value if isinstance(value, str) else format(value, 'g')} stands there twice; {advice}"
            )


def _refuse_frozen(temperatures: list[float], method: str) -> None:
    if min(temperatures) < COLDEST:
        raise ValueError(
            f"temperatures: {method} dynamics needs a temperature above 0 K, {COLDEST:g} K or more, not {min(temperatures):g}"
        )


@functools.cache
def _space_group_symbols() -> frozenset[str]:
    with warnings.catch_warnings():  # of spglib, about how it reports errors
        warnings.simplefilter("ignore")
        return frozenset(spglib.get_spacegroup_type(number).international_short for number in range(1, 531))


class Isotope(Strict):
    """An isotope: the element of the potential that it is, and its mass in u."""

    element: str
    mass: Annotated[Positive, Field(le=400)]


class Recipe(Strict):
    """Displaced frames to be labelled; see `qcrystal.dft.frames.displaced_frames`."""

    name: Name
    cell: Literal["primitive", "conventional"]
    repeat: Repeat
    lattice_constants: list[LatticeConstant] = Field(min_length=1)
    frames: Jobs
    temperature: Temperature
    quantum: bool
    angle: tuple[Number, Number] | None = None
    strain: Annotated[NotNegative, Field(le=0.2)] | None = None
    symmetry: Literal["C2", "P-1"] | None = None
    distortion: Annotated[Positive, Field(le=1)] | None = None
    vacancies: Whole = 0
    vacancy_site: Whole | None = None

    @model_validator(mode="after")
    def _distorted(self) -> Recipe:
        if (self.symmetry is None) != (self.distortion is None):
            raise ValueError("symmetry and distortion (Å) go together; give both or neither")
        if self.angle is not None and not 60 < self.angle[0] <= self.angle[1] < 120:
            raise ValueError(f"angle: {list(self.angle)} must be [lowest, highest] in degrees, within 60 and 120")
        return self


class StructureRecipe(Strict):
    """Displaced frames of structures from a file (``structures``, relative to the repository) at volumes in Å³/atom; see
    `qcrystal.dft.frames.displaced_structures`."""

    name: Name
    structures: FilePath
    volumes: list[Annotated[Positive, Field(le=1000)]] = Field(min_length=1)
    repeat: tuple[SmallCount, SmallCount, SmallCount] = (1, 1, 1)
    frames: Jobs
    temperature: Temperature
    quantum: bool
    strain: Annotated[NotNegative, Field(le=0.2)] | None = None


class Goals(Strict):
    """Errors of the DFT labels that are put up with: energy differences in meV/atom, forces in meV/Å."""

    energy: Annotated[Positive, Field(le=1e4)]
    force: Annotated[Positive, Field(le=1e4)]


class Convergence(Strict):
    """DFT settings that are tried one at a time on a few small frames, coarsest first, and on the lattice at rest at
    ``lattice_constant`` (Å); see `qcrystal.dft.convergence`."""

    goals: Goals
    lattice_constant: LatticeConstant
    cutoffs: list[Cutoff] = Field(min_length=1)
    kpoint_lengths: list[KpointLength] = Field(min_length=1)
    widths: list[Width] = Field(min_length=1)
    frames: list[Recipe] = Field(min_length=1)

    @model_validator(mode="after")
    def _coarsest_first(self) -> Convergence:
        for key, sign in (("cutoffs", 1), ("kpoint_lengths", 1), ("widths", -1)):
            values = [sign * value for value in getattr(self, key)]
            if values != sorted(set(values)):
                order = "rise" if sign > 0 else "fall"
                raise ValueError(f"{key}: {getattr(self, key)} must {order}, as the last one is the reference")
        return self


class DftSettings(Strict):
    """What GPAW is told (units: eV, Å); ``paw`` lists elements whose PAW sets are generated, as the installed data lack them."""

    seed: Whole
    functional: Literal["PBE", "LDA", "PBEsol", "RPBE"]
    cutoff: Cutoff
    kpoint_length: KpointLength
    width: Width
    energy_convergence: Annotated[Positive, Field(le=1)]
    force_convergence: Annotated[Positive, Field(le=10)]
    paw: list[str]
    frequencies: dict[str, Annotated[Positive, Field(le=1000)]]
    lattice_constants: list[LatticeConstant] = Field(min_length=1)
    convergence: Convergence
    recipes: list[Recipe] = Field(min_length=1)
    structure_recipes: list[StructureRecipe] = []


class Dynamics(Strict):
    """Numerical parameters of the dynamics that physics fixes: time steps (fs), bath, highest frequency (THz)."""

    timestep: dict[Method, Annotated[Positive, Field(ge=1e-3)]]
    barostat_time: Annotated[Positive, Field(ge=10, le=1e5)]
    max_frequency: Annotated[Positive, Field(ge=1, le=1000)]
    bath: Bath

    @model_validator(mode="after")
    def _follows_the_vibrations(self) -> Dynamics:
        longest = longest_timestep(self.max_frequency)
        for method, timestep in self.timestep.items():
            if timestep > longest:
                raise ValueError(
                    f"timestep.{method}: {timestep:g} fs is too long for vibrations of max_frequency, "
                    f"{self.max_frequency:g} THz; take {longest:.2g} fs or less"
                )
        driven = [timestep for method, timestep in self.timestep.items() if method in QUANTUM_BATHS]
        highest = min([1e3, *map(highest_cutoff, driven)])
        if not 1.2 * self.max_frequency <= self.bath.cutoff <= highest:
            raise ValueError(
                f"bath.cutoff: {self.bath.cutoff:g} THz; take {1.2 * self.max_frequency:g} THz, which is 1.2 max_frequency, "
                f"to {int(highest)} THz, the most that the time steps of {' and '.join(QUANTUM_BATHS)} allow"
            )
        for name, low, high, unit in (("gamma", *FRICTIONS, "1/ps"), ("segment", *SEGMENTS, "ps")):
            value = getattr(self.bath, name)
            if not low <= value <= high:
                raise ValueError(f"bath.{name}: {value:g} {unit}; take {low:g} to {high:g} {unit}")
        return self


class Statics(Strict):
    """Ranges over which the potential's 0 K properties are tabulated (Å, GPa), and what a structure search may try.

    Pressures that are outside those of the potential's training by more than ``beyond_training`` (GPa) are left out, nearer
    ones marked in tables and figures; structures are looked for within only. ``shortest_distances`` (Å, per pair of
    species) are those below which the potential is not believed, ``window`` (eV/atom) is how far above the prototype a
    structure is of interest, ``space_groups`` are drawn from, ``phases`` are the space groups that are looked for on purpose.
    """

    lattice_constants: tuple[LatticeConstant, LatticeConstant]
    pressures: list[Pressure] = Field(min_length=1)
    phonon_pressures: list[Pressure] = Field(min_length=2)
    beyond_training: NotNegative = 0.0
    shortest_distances: dict[str, Length]
    window: Positive
    space_groups: list[Annotated[Count, Field(le=230)]] = Field(min_length=1)
    phases: list[str]

    @model_validator(mode="after")
    def _consistent(self) -> Statics:
        low, high = self.lattice_constants
        if low >= high:
            raise ValueError(f"lattice_constants: [{low:g}, {high:g}] must be [smallest, largest] in Å")
        for key in ("pressures", "phonon_pressures"):
            _refuse_repetition(key, getattr(self, key), "keep one")
        known = _space_group_symbols()
        for phase in self.phases:
            if phase not in known:
                raise ValueError(f"phases: {phase!r} is no space group in international notation, such as R-3m")
        return self


class Invariants(Strict):
    """Cubic invariants of a deep potential; see `qcrystal.potential.moments.invariants`."""

    degree: Annotated[Count, Field(ge=2, le=4)]
    probes: either(Annotated[Count, Field(le=16)], list[Annotated[Count, Field(le=16)]], list)

    @model_validator(mode="after")
    def _consistent(self) -> Invariants:
        if isinstance(self.probes, list) and len(self.probes) != self.degree:
            raise ValueError(
                f"probes: {len(self.probes)} numbers for {self.degree} degrees; give one number, or one per degree"
            )
        return self


class Training(Strict):
    """Deep-potential architecture, loss and optimiser, DeePMD-kit's ``se_e2_a``.

    See `qcrystal.potential.deepmd.TrainingSettings`."""

    trainer: Literal["deepmd", "moments"]
    optimizer: Literal["adam", "muon"]
    weight_decay: NotNegative = 0
    schedule: Literal["exp", "cosine"]
    descriptor: list[Count] = Field(min_length=1)
    axis_neuron: Count
    type_one_side: bool
    sel: list[Count]
    cutoff: Annotated[Positive, Field(le=20)]
    cutoff_smooth: Positive
    fitting: list[Count] = Field(min_length=1)
    invariants: Invariants | None = None
    precision: Literal["float32", "float64"]
    start_lr: Positive
    stop_lr: Positive
    energy: tuple[Positive, Positive]

    @model_validator(mode="after")
    def _consistent(self) -> Training:
        if self.cutoff_smooth >= self.cutoff:
            raise ValueError(f"cutoff_smooth: {self.cutoff_smooth:g} Å must be below cutoff, {self.cutoff:g} Å")
        if self.axis_neuron > self.descriptor[-1]:
            raise ValueError(
                f"axis_neuron: {self.axis_neuron} is more than the last width of descriptor, {self.descriptor[-1]}"
            )
        if self.invariants and (self.trainer, self.precision) != ("moments", "float32"):
            raise ValueError(
                f"invariants: trainer {self.trainer} with {self.precision} has none; set trainer: moments, precision: float32"
            )
        if self.weight_decay and self.trainer != "moments":
            raise ValueError(
                f"weight_decay: trainer {self.trainer} takes none here; set trainer: moments, or take it out"
            )
        if self.stop_lr > self.start_lr:
            raise ValueError(f"stop_lr: {self.stop_lr:g} is above start_lr, {self.start_lr:g}; a learning rate falls")
        return self


class Learning(Strict):
    """Concurrent learning; see `qcrystal.learning.generations`.

    ``training`` names the potentials' architecture, ``committee`` is their number, ``bounds`` the committee's force
    deviations (eV/Å) between which a frame is a candidate, ``nearest`` the distance (Å) at which a run has collapsed,
    ``frame_interval`` the time between frames (ps), ``test_fraction`` the share of the recipes' frames that is set apart.
    Runs start from each of ``starts`` (names of recipes) at each of the conditions (GPa, K).
    """

    training: Name
    committee: Annotated[Count, Field(ge=3, le=100)]
    bounds: tuple[Positive, Positive]
    nearest: Annotated[Positive, Field(le=2)]
    frame_interval: Annotated[Positive, Field(le=10)]
    test_fraction: Annotated[Positive, Field(lt=1)]
    starts: list[Name] = Field(min_length=1)
    pressures: list[Pressure] = Field(min_length=1)
    temperatures: list[Temperature] = Field(min_length=1)
    methods: list[Literal["classical", "qtb", "adqtb"]] = Field(min_length=1)
    soap: SoapSettings

    @model_validator(mode="after")
    def _consistent(self) -> Learning:
        if self.bounds[0] >= self.bounds[1]:
            raise ValueError(
                f"bounds: the lower one, {self.bounds[0]:g} eV/Å, must be below the upper, {self.bounds[1]:g}"
            )
        if "classical" in self.methods:
            _refuse_frozen(self.temperatures, "classical")
        return self


class Crystal(Strict):
    """One crystal: what physics fixes."""

    name: Text
    species: list[str] = Field(min_length=1)
    isotopes: dict[Name, Isotope]
    prototypes: dict[str, Prototype]
    prototype: str
    cage: Cage
    dft: DftSettings
    repulsion: dict[str, tuple[Length, Length]] = {}
    training: dict[Name, Training] = Field(min_length=1)
    dynamics: Dynamics
    statics: Statics
    learning: Learning

    @model_validator(mode="after")
    def _consistent(self) -> Crystal:
        for element in self.species:
            if element not in chemical_symbols[1:]:
                raise ValueError(f"species: {element!r} is not a chemical element; correct it")
        _refuse_repetition("species", self.species, "keep one")
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
            if site is not None and (site >= len(sites) or sites[site].element != self.species[-1]):
                raise ValueError(
                    f"dft.recipes: {recipe.name}: vacancy_site: site {site} of {self.prototype} is not one of "
                    f"{self.species[-1]}; sites are numbered from 0"
                )
            atoms = self.atoms(recipe.cell, recipe.repeat)
            if atoms > MOST_LABELLED:
                raise ValueError(
                    f"dft.recipes: {recipe.name}: repeat: {list(recipe.repeat)} make {atoms} atoms, more than "
                    f"{MOST_LABELLED}; take fewer"
                )
            members = self.atoms(recipe.cell, recipe.repeat, self.species[-1])
            if recipe.vacancies >= members:
                raise ValueError(
                    f"dft.recipes: {recipe.name}: {recipe.vacancies} vacancies in a cell of {members} "
                    f"{self.species[-1]} atoms; take fewer"
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


class Sweep(Strict):
    """A table of conditions: every pressure (GPa) with every temperature (K) and, for a bath, every one of ``frictions``
    (1/ps; null: that of ``dynamics.bath``), for path integrals every one of ``beads`` (null: the number that
    ``bead_ratio`` asks for, see `qcrystal.dynamics.beads.beads_for`), ``length`` ps each.

    A fixed cell has the mean volume of a run at constant pressure: the one of the sweep ``cell_of`` at the same pressure and
    the nearest temperature. Without it the quasi-harmonic approximation gives the volume."""

    method: Method
    ensemble: Literal["npt", "nvt"] = "npt"
    cell_of: Name | None = None
    isotope: str = "H"
    start: Literal["cubic", "rhombohedral"] = "cubic"
    basis: Literal["primitive", "conventional"] = "conventional"
    repeat: Repeat
    vacancies: Whole = 0
    pressures: list[Pressure] = Field(min_length=1)
    temperatures: list[Temperature] = Field(min_length=1)
    length: Duration
    replicas: Count = 1
    bead_ratio: Annotated[Positive, Field(le=100)] = BEAD_RATIO
    beads: list[Count] | None = Field(None, min_length=1)
    frictions: list[Annotated[Positive, Field(ge=FRICTIONS[0], le=FRICTIONS[1])]] | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Sweep:
        if self.method in PATH_INTEGRAL_METHODS or self.method == "classical":
            _refuse_frozen(self.temperatures, "path integrals" if self.method != "classical" else "classical")
        if self.method == "trpmd" and self.ensemble == "npt":
            raise ValueError("ensemble: trpmd is dynamics at a fixed cell; set nvt, not 'npt'")
        if self.cell_of and self.ensemble == "npt":
            raise ValueError(f"cell_of: {self.cell_of!r} is for a fixed cell; set ensemble: nvt, or take the line out")
        if self.frictions and self.method in PATH_INTEGRAL_METHODS:
            raise ValueError(f"frictions: {self.method} has no bath of this kind; take the line out")
        if self.beads and self.method not in PATH_INTEGRAL_METHODS:
            raise ValueError(f"beads: {self.method} has none; take the line out")
        if self.beads and "bead_ratio" in self.model_fields_set:
            raise ValueError(
                f"beads: {self.beads} and bead_ratio: {self.bead_ratio:g} exclude each other; take one out"
            )
        for key in ("pressures", "temperatures", "frictions", "beads"):
            _refuse_repetition(key, getattr(self, key) or [], "replicas are set by `replicas`")
        axes = (self.pressures, self.temperatures, self.frictions, self.beads)
        runs = self.replicas * math.prod(len(values or [0]) for values in axes)
        if runs > MOST_RUNS:
            raise ValueError(
                f"replicas: {self.replicas} of each condition make {runs} runs, more than {MOST_RUNS}; take fewer"
            )
        return self


class ScaleDft(Strict):
    """Effort of the labelling: frames kept per recipe (null: all), jobs, fixed lattice constants relaxed, and how many
    values of each setting, the coarsest, are tried for convergence (null: all)."""

    frames_per_recipe: Count | None = None
    convergence: Count | None = None
    batches: Jobs
    lattice_points: Jobs


class ScaleTraining(Strict):
    """Effort of the training; ``committee`` is the number of potentials that differ in their seeds only, ``steps`` one number
    or one by the name of each architecture."""

    committee: Annotated[Count, Field(le=100)]
    steps: either(Count, dict[Name, Count], dict)
    checkpoint_every: Count


class ScaleLearning(Strict):
    """Effort of concurrent learning, per generation: runs and frames of each, how many of them are set apart for testing,
    frames that are labelled to train on and to test on, labelling jobs, training steps."""

    generations: Annotated[Count, Field(le=100)]
    runs: Annotated[Jobs, Field(ge=2)]
    test_runs: Count
    frames_per_run: Annotated[Count, Field(le=10**6)]
    frames: Count
    test_frames: Count
    batches: Jobs
    training_steps: Count

    @model_validator(mode="after")
    def _consistent(self) -> ScaleLearning:
        if self.test_runs >= self.runs:
            raise ValueError(f"test_runs: {self.test_runs} of {self.runs} runs leave none to train on; take fewer")
        return self


class Search(Strict):
    """Effort of the structure search: batches (jobs) of random starts, formula units per primitive cell, distorted starts per
    space group and cell, structures per pressure that are followed, structures that DFT checks."""

    batches: Jobs
    starts: Count
    formula_units: list[Count] = Field(min_length=1)
    distortions: Count
    keep: Count
    check: Count


class ScaleStatics(Strict):
    """Effort of the static calculations."""

    eos_points: Annotated[Count, Field(ge=5, le=10000)]
    pressures: Count
    search: Search
    max_relaxation_steps: Count
    phonon_pressures: Annotated[Count, Field(ge=2, le=1000)]
    phonon_repeat: tuple[SmallCount, SmallCount, SmallCount]
    phonon_mesh: Annotated[Count, Field(le=1000)]


class Sampling(Strict):
    """Times in ps between frames and between checkpoints, the run length from which a run is not called short, how many frames
    of each run the committee is asked about, and over how many jobs that is spread."""

    frame_interval: Duration
    checkpoint_interval: Annotated[Duration, Field(le=100)]
    converged_length: Duration
    deviation_frames: Count
    deviation_jobs: Count


class Scale(Strict):
    """Sizes and effort, no physics."""

    dft: ScaleDft
    training: ScaleTraining
    learning: ScaleLearning
    statics: ScaleStatics
    sampling: Sampling
    sweeps: dict[Name, Sweep]


class Dataset(Strict):
    """A set of DFT labels: shipped with the repository (``path``), or public (``repository`` at ``commit``)."""

    path: FilePath | None = None
    repository: Annotated[Text, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = None
    commit: Annotated[Text, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    checksums: FilePath | None = None
    test: Literal["last set", "fraction", "marked"] = "fraction"
    test_fraction: Annotated[Positive, Field(lt=1)] = 0.1

    @model_validator(mode="after")
    def _consistent(self) -> Dataset:
        if self.path is None and None in (self.repository, self.commit, self.checksums):
            raise ValueError("path: null needs repository, commit and checksums to download from")
        return self


class Main(Strict):
    """``config/config.yaml``."""

    scale: FilePath
    start: Literal["model", "labels", "dft"]
    crystal: FilePath
    seed: Whole
    device: Literal["cpu", "cuda"]
    longest_job: Count | None
    model: FilePath
    training: Name
    dataset: Name
    datasets: dict[Name, Dataset]
    dft_reference: FilePath
    label_pressures: FilePath
    dft_convergence: FilePath
    dft_check: FilePath
    learning_reference: FilePath
    learning_from: Literal["recipes", "dataset"] = "recipes"
    dft_python: FilePath | None
    published: FilePath


class Configuration:
    """The whole configuration: ``main``, ``scale``, ``crystal``, and the table of runs that follows from them.

    Attributes
    ----------
    runs : dict of str to RunSpec
        Every run of every sweep, by its name.
    sweeps : dict of str to list of str
        Names of the runs of each sweep.
    """

    def __init__(self, main: Main, scale_file: Path, scale: Scale, crystal_file: Path, crystal: Crystal):
        self.main, self.scale_name, self.scale, self.scale_file = main, scale_file.stem, scale, scale_file
        self.crystal_name, self.crystal, self.crystal_file = crystal_name(crystal_file), crystal, crystal_file
        self.runs: dict[str, RunSpec] = {}
        self.sweeps: dict[str, list[str]] = {}
        for name, sweep in sorted(scale.sweeps.items(), key=lambda item: item[1].cell_of is not None):
            self._add_sweep(name, sweep)
        self.sweeps = {name: self.sweeps[name] for name in scale.sweeps}

    def cell_source(self, name: str, pressure: float, temperature: float) -> str | None:
        """The run whose mean volume a run of a sweep keeps; None: that of the quasi-harmonic approximation.

        Raises
        ------
        ConfigError
            One line, if ``cell_of`` names no sweep that has such a run of the same crystal.
        """
        sweep = self.scale.sweeps[name]
        if sweep.cell_of is None:
            return None
        where, source = f"{self.scale_file}: sweeps.{name}.cell_of", self.scale.sweeps.get(sweep.cell_of)
        if source is None:
            raise ConfigError(f"{where}: there is no sweep {sweep.cell_of!r}; name one of {', '.join(self.sweeps)}")
        if source.ensemble != "npt":
            raise ConfigError(f"{where}: {sweep.cell_of!r} has fixed cells itself; name a sweep at constant pressure")
        for key in ("isotope", "start"):
            if getattr(source, key) != getattr(sweep, key):
                raise ConfigError(
                    f"{where}: {sweep.cell_of!r} has {key} {getattr(source, key)}, not {getattr(sweep, key)}; "
                    "name a sweep of the same crystal"
                )
        sites = [self.crystal.atoms(one.basis, one.repeat) for one in (source, sweep)]
        if source.vacancies * sites[1] != sweep.vacancies * sites[0]:
            raise ConfigError(
                f"{where}: {sweep.cell_of!r} has {source.vacancies} vacancies in {sites[0]} sites, not {sweep.vacancies} in "
                f"{sites[1]}; name a sweep with as many per site"
            )
        if pressure not in source.pressures:
            raise ConfigError(f"{where}: {sweep.cell_of!r} has no run at {pressure:g} GPa; give it one")
        nearest = min(source.temperatures, key=lambda one: abs(one - temperature))
        runs = [self.runs[run] for run in self.sweeps[sweep.cell_of]]
        return next(spec.run for spec in runs if (spec.pressure, spec.temperature) == (pressure, nearest))

    def _add_sweep(self, name: str, sweep: Sweep) -> None:
        where = f"{self.scale_file}: sweeps.{name}"
        self.sweeps[name] = []
        for pressure, temperature, friction, beads, replica in itertools.product(
            sweep.pressures,
            sweep.temperatures,
            sweep.frictions or [None],
            sweep.beads or [None],
            range(sweep.replicas),
        ):
            source = self.cell_source(name, pressure, temperature)
            spec = run_specification(self, sweep, pressure, temperature, friction, beads, replica, where, source)
            known = self.runs.setdefault(spec.run, spec)
            if known != spec:
                differing = [key for key in RunSpec.model_fields if getattr(known, key) != getattr(spec, key)]
                shown = ", ".join(f"{key} {getattr(known, key)} there, {getattr(spec, key)} here" for key in differing)
                raise ConfigError(
                    f"{where}: run {spec.run} is already part of another sweep, or of this one, with other settings "
                    f"({shown}); give both the same"
                )
            self.sweeps[name].append(spec.run)

    def seed(self, *names) -> int:
        """A named seed: the same for the same names and base seed, on any machine."""
        text = "/".join(str(n) for n in (self.main.seed, *names))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % (2**31 - 1)

    def effective(self) -> dict:
        """Everything that was configured, as plain data."""
        return {
            "main": self.main.model_dump(mode="json"),
            "scale": self.scale.model_dump(mode="json"),
            "crystal": self.crystal.model_dump(mode="json"),
        }


def run_specification(
    config: Configuration, sweep: Sweep, pressure, temperature, friction, beads, replica, where, cell_of=None
) -> RunSpec:
    """The run specification of one row of a sweep.

    ``friction`` None is that of ``dynamics.bath``, ``beads`` None the rule's, ``cell_of`` see `RunSpec`.
    """
    crystal, sampling = config.crystal, config.scale.sampling
    if sweep.isotope not in crystal.isotopes:
        raise ConfigError(f"{where}.isotope: nobody defined {sweep.isotope!r}; known: {', '.join(crystal.isotopes)}")
    if sweep.method not in crystal.dynamics.timestep:
        raise ConfigError(f"{config.crystal_file}: dynamics.timestep: no time step for method {sweep.method!r}")
    isotope = crystal.isotopes[sweep.isotope]
    masses = {element: crystal.isotopes[element].mass for element in crystal.species}
    masses[isotope.element] = isotope.mass
    timestep = crystal.dynamics.timestep[sweep.method]
    if sampling.frame_interval > sweep.length:
        raise ConfigError(
            f"{where}.length: {sweep.length:g} ps is shorter than sampling.frame_interval, {sampling.frame_interval:g} ps; "
            "a run needs a frame"
        )
    if sampling.frame_interval * 1e3 < timestep:
        raise ConfigError(
            f"{config.scale_file}: sampling.frame_interval: {sampling.frame_interval:g} ps is shorter than a time step of "
            f"{sweep.method}, {timestep:g} fs; take more"
        )
    steps = _multiple(sweep.length * 1e3 / timestep, 1)
    if steps > MOST_STEPS:
        raise ConfigError(
            f"{where}.length: {sweep.length:g} ps are {steps:.3g} steps of {timestep:g} fs, more than {MOST_STEPS:g}; take less"
        )
    sample_every = _multiple(sampling.frame_interval * 1e3 / timestep, 1)
    atoms = crystal.atoms(sweep.basis, sweep.repeat)
    if atoms > MOST_ATOMS:
        raise ConfigError(
            f"{where}.repeat: {list(sweep.repeat)} make {atoms} atoms, more than {MOST_ATOMS}; take fewer"
        )
    members = crystal.atoms(sweep.basis, sweep.repeat, crystal.species[-1])
    if sweep.vacancies >= members:
        raise ConfigError(
            f"{where}.vacancies: {sweep.vacancies} vacancies in a cell of {members} {crystal.species[-1]} atoms; take fewer"
        )
    name = f"{sweep.method}-{sweep.isotope}-{sweep.start}-{atoms}"
    if sweep.vacancies:
        name += f"-{sweep.vacancies}vacancies"
    bath = crystal.dynamics.bath
    if friction is not None:
        bath = bath.model_copy(update={"gamma": float(friction)})
    name += f"-{sweep.ensemble}-{pressure:g}GPa-{temperature:g}K"
    if bath != crystal.dynamics.bath:
        name += f"-{friction:g}perps"
    if beads is not None:
        name += f"-{beads}beads"
    elif sweep.method in PATH_INTEGRAL_METHODS:
        beads = beads_for(temperature, crystal.dynamics.max_frequency, sweep.bead_ratio)
        if beads > MOST_BEADS:
            raise ConfigError(
                f"{where}.temperatures: {temperature:g} K needs {beads} beads at bead_ratio {sweep.bead_ratio:g}, more than "
                f"{MOST_BEADS}; raise the one or lower the other"
            )
    name += f"-r{replica}"
    return RunSpec(
        run=name,
        system=config.crystal_name,
        method=sweep.method,
        ensemble=sweep.ensemble,
        cell_of=cell_of,
        isotope=sweep.isotope,
        start=sweep.start,
        basis=sweep.basis,
        repeat=sweep.repeat,
        atoms=atoms,
        vacancies=sweep.vacancies,
        species=tuple(crystal.species),
        masses=masses,
        temperature=temperature,
        pressure=pressure,
        timestep=timestep,
        steps=_multiple(steps, sample_every),
        sample_every=sample_every,
        checkpoint_every=_multiple(sampling.checkpoint_interval * 1e3 / timestep, sample_every),
        replica=replica,
        seed=config.seed("dynamics", name),
        beads=beads or 1,
        barostat_time=crystal.dynamics.barostat_time,
        bath=bath,
    )


def _multiple(value: float, of: int) -> int:
    return max(1, round(value / of)) * of


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


def read_yaml(path: Path, where: str, what: str) -> dict:
    """Read a YAML mapping; `ConfigError` if it is missing, not YAML, holds a key twice, or is no mapping."""
    if not path.is_file():
        known = sorted(p.stem for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        hint = f"; there are: {', '.join(known)}" if known else "; name an existing file"
        raise ConfigError(f"{where}: no such {what}{hint}")
    try:
        return read_mapping(path)
    except DocumentError as error:
        raise ConfigError(f"{where}: {error}; correct it") from error


def validate(model: type[Strict], document: dict, where: str):
    """Build ``model`` from ``document``; `ConfigError` with one line per problem."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise ConfigError("\n".join(_lines(error, model, where))) from None


def _lines(error: ValidationError, model: type[Strict], where: str) -> list[str]:
    problems = error.errors()
    missing: dict[tuple, list[str]] = {}  # by the place where they are missing
    for problem in problems:
        if problem["type"] == "missing":
            missing.setdefault(problem["loc"][:-1], []).append(str(problem["loc"][-1]))
    lines, told = [], set()
    for problem in problems:
        location = problem["loc"]
        # one mistake often spoils every number of a list
        kind = (location[:-1], problem["type"]) if location and isinstance(location[-1], int) else (location, "")
        if problem["type"] == "missing" or kind in told:
            continue
        told.add(kind)
        text = _message(problem)
        if problem["type"] == "extra_forbidden":
            close = difflib.get_close_matches(str(location[-1]), _fields_at(model, location[:-1]), n=1, cutoff=0.7)
            text = f"unknown key; did you mean {close[0]!r}?" if close else f"unknown key; remove it {_got(problem)}"
            if close and close[0] in missing.get(location[:-1], ()):
                missing[location[:-1]].remove(close[0])
        lines.append(f"{where}: {_key(location)}{text}")
    for place, keys in missing.items():
        if keys:
            what = "is missing; add it" if len(keys) == 1 else "are missing; add them"
            prefix = ".".join(map(str, place)) + "." if place else ""
            lines.append(f"{where}: {', '.join(prefix + key for key in keys)} {what}")
    return [printable(line) for line in lines]


def _key(location: tuple) -> str:
    """Where a problem is, as a prefix; of a key that is wrong itself, the mapping that it stands in."""
    parts = [str(part) for part in location if not str(part).startswith(("constrained", "function-"))]
    if parts[-1:] == ["[key]"]:
        parts = [*parts[:-3], f"{parts[-3]}: key {parts[-2]!r:.60}"]
    return ".".join(parts) + ": " if parts else ""


def _message(problem: dict) -> str:
    if problem["type"] == "value_error":
        message = problem["msg"].removeprefix("Value error, ")
        return message if isinstance(problem["input"], dict) else f"{message} {_got(problem)}"
    return f"{problem['msg'][0].lower()}{problem['msg'][1:]} {_got(problem)}"


def _got(problem: dict) -> str:
    shown = "a mapping" if isinstance(problem["input"], dict) else repr(problem["input"])
    return f"(got {shown[:80]})"


def _fields_at(model: type[BaseModel], location: tuple) -> list[str]:
    """Keys that the configuration may have at a place."""
    models = [model]
    for part in location:
        inner = [m for one in models if part in one.model_fields for m in _models(one.model_fields[part].annotation)]
        models = inner or models  # a name of a mapping or a number of a list leaves them as they are
    return [name for one in models for name in one.model_fields]


def _models(annotation):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models(argument)


def _named_file(root: Path, folder: str, name: str) -> Path:
    path = root / name if "/" in name else root / "config" / folder / f"{name}.yaml"
    return _with_usable_name(path, path.stem, folder[:-1])


def _crystal_file(root: Path, name: str) -> Path:
    """File of the crystal that the main configuration names: its folder in ``config/crystals``, or a path."""
    path = root / name if "/" in name else root / "config" / "crystals" / name
    path = path if path.suffix == ".yaml" else path / CRYSTAL_FILE
    if not path.is_file() and "/" not in name:
        known = ", ".join(sorted(file.parent.name for file in root.glob(f"config/crystals/*/{CRYSTAL_FILE}")))
        raise ConfigError(f"{MAIN_FILE}: crystal: no such crystal {name!r}; there are: {known}")
    return _with_usable_name(path, crystal_name(path), "crystal")


def crystal_name(path: Path) -> str:
    """Name of the crystal that a file describes: that of its folder, or its own if it is not ``crystal.yaml``."""
    return path.parent.name if path.name == CRYSTAL_FILE else path.stem


def _with_usable_name(path: Path, name: str, key: str) -> Path:
    try:  # it names folders of results, and rules
        TypeAdapter(Name).validate_python(name)
    except ValidationError as error:
        raise ConfigError(f"{MAIN_FILE}: {key}: {_message(error.errors()[0])}") from None
    return path


def read_files(paths: Iterable[Path]) -> dict[str, dict]:
    """Files that are put over ``config/config.yaml``, by the names that messages give them."""
    shown = {str(_shown(Path(path), Path.cwd())): Path(path) for path in paths}
    return {name: read_yaml(path, name, "file") for name, path in shown.items()}


def load(settings: dict, root: Path, put_over: Mapping[str, Mapping] | None = None) -> Configuration:
    """Validate the configuration.

    Parameters
    ----------
    settings
        Content of ``config/config.yaml`` with what the command line put over it.
    root
        Top folder of the repository; relative paths start there.
    put_over
        What was put over it, by its origin (``--config``, or a file), the last one that which counts: messages name it.

    Raises
    ------
    ConfigError
        One line per problem.
    """
    origins = {str(key): name for name, values in (put_over or {}).items() for key in values}
    try:
        return _load(settings, root)
    except ConfigError as error:
        raise ConfigError("\n".join(_from_origin(line, origins) for line in str(error).split("\n"))) from error
    except OSError as error:  # of a path that is too long, or leads where nobody may look
        raise ConfigError(
            printable(f"{MAIN_FILE}: {str(error.filename):.80}: cannot be read ({error.strerror}); name another")
        ) from error


def _from_origin(line: str, origins: Mapping[str, str]) -> str:
    """A message about a key of the main configuration, with the place where its value comes from."""
    key = line.removeprefix(f"{MAIN_FILE}: ")
    origin = origins.get(re.split("[:.]", key)[0], MAIN_FILE) if key != line else MAIN_FILE
    return line.replace(MAIN_FILE, origin, 1) if origin != MAIN_FILE else line


def _load(settings: dict, root: Path) -> Configuration:
    main = validate(Main, settings, MAIN_FILE)
    scale_path = _named_file(root, "scales", main.scale)
    crystal_path = _crystal_file(root, main.crystal)
    scale = _validate_file(Scale, scale_path, root, "scale")
    crystal = _validate_file(Crystal, crystal_path, root, "crystal")
    _check_paths(main, crystal.species, root)
    if main.training not in crystal.training:
        known = ", ".join(crystal.training)
        raise ConfigError(f"{MAIN_FILE}: training: {main.training!r} is not in {crystal_path.name}, which has {known}")
    steps = scale.training.steps
    if main.start != "model" and isinstance(steps, dict) and main.training not in steps:
        raise ConfigError(
            f"{_shown(scale_path, root)}: training.steps: no entry for {main.training!r}; add one, or give one number"
        )
    for recipe in crystal.dft.structure_recipes:
        if main.start == "dft" and not (root / recipe.structures).is_file():
            raise ConfigError(
                f"{_shown(crystal_path, root)}: dft.structure_recipes: {recipe.name}: no file {recipe.structures!r}"
            )
    if main.start == "model":
        _check_model(main.model, crystal, root)
    if main.start == "dft" and main.dft_python is not None and shutil.which(main.dft_python) is None:
        raise ConfigError(f"{MAIN_FILE}: dft_python: no interpreter {main.dft_python!r}; name one that imports GPAW")
    return Configuration(main, _shown(scale_path, root), scale, _shown(crystal_path, root), crystal)


def check_places(interpreter: str, root: str) -> None:
    """Make sure that Snakemake can run scripts where the interpreter and the repository are.

    It puts the interpreter's path into a command as it is, and takes braces in a script's path for a wildcard's.

    Raises
    ------
    ConfigError
        One line.
    """
    for path, unsafe in ((interpreter, SHELL_LETTERS), (root, "[{}]")):
        found = re.search(unsafe, path)
        if found:
            raise ConfigError(
                printable(f"{path}: Snakemake cannot run scripts by a path with {found[0]!r}; move the repository")
            )


def check_surroundings(environment: Mapping[str, str], folders: Sequence[Path]) -> None:
    """Make sure that jobs can use the environment's variables, and that folders of results can be written to.

    Parameters
    ----------
    environment
        Such as ``os.environ``.
    folders
        They need not be there yet.

    Raises
    ------
    ConfigError
        One line.
    """
    for name, least in THREADS.items():
        value = environment.get(name, "1")
        if not value.isdecimal() or int(value) < least:
            raise ConfigError(f"environment: {name}={value!r} is not a number of threads; set it to 1, or unset it")
    for folder in folders:
        if (folder.exists() or folder.is_symlink()) and not folder.is_dir():
            raise ConfigError(f"{folder}: is not a folder, nor a link to one, and results go there; move it away")
        if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
            raise ConfigError(f"{folder}: cannot be written to; change its permissions, or link it to another place")


def _shown(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path


def _validate_file(model: type[Strict], path: Path, root: Path, what: str):
    where = str(_shown(path, root))
    return validate(model, read_yaml(path, where, what), where)


def _check_paths(main: Main, species: list[str], root: Path) -> None:
    for key in ("published", *TABLES):
        if key.startswith("dft_") and main.start == "dft":
            continue
        path = getattr(main, key)
        if not (root / path).is_file():
            raise ConfigError(f"{MAIN_FILE}: {key}: no file {path!r}")
        if key in TABLES:
            _check_table(root, path, key, TABLES[key], may_be_empty=key in ("dft_reference", "dft_check"))
    try:
        check_published(read_yaml(root / main.published, main.published, "file"), main.published)
    except PublishedError as error:
        raise ConfigError(printable(str(error))) from error
    if main.dataset not in main.datasets:
        known = ", ".join(main.datasets) or "there is none"
        raise ConfigError(f"{MAIN_FILE}: dataset: {main.dataset!r} is not among datasets: {known}")
    dataset, key = main.datasets[main.dataset], f"datasets.{main.dataset}"
    if dataset.checksums is not None and not (root / dataset.checksums).is_file():
        raise ConfigError(f"{MAIN_FILE}: {key}.checksums: no file {dataset.checksums!r}")
    for name, columns in LEARNING_TABLES.items() if main.start != "dft" else ():
        if not (root / main.learning_reference / f"{name}.csv").is_file():
            raise ConfigError(f"{MAIN_FILE}: learning_reference: no {name}.csv in {main.learning_reference!r}")
        _check_table(root, f"{main.learning_reference}/{name}.csv", "learning_reference", columns)
    if main.learning_from == "dataset" and dataset.path is None:
        raise ConfigError(f"{MAIN_FILE}: learning_from: dataset needs a folder {key}.path; name one")
    if dataset.path is not None and (main.start == "labels" or main.learning_from == "dataset"):
        if not (root / dataset.path).is_dir():
            raise ConfigError(f"{MAIN_FILE}: {key}.path: no folder {dataset.path!r}")
        try:
            check_files(root / dataset.path, species)
        except DatasetError as error:
            raise ConfigError(printable(f"{MAIN_FILE}: {key}.path: {error}".replace(f"{root}/", ""))) from error


def _check_table(root: Path, path: str, key: str, columns: Sequence[str], may_be_empty: bool = False) -> None:
    try:
        check_table(root / path, path, columns, may_be_empty=may_be_empty)
    except TableError as error:
        raise ConfigError(printable(f"{MAIN_FILE}: {key}: {error}")) from error


def _check_model(model: str, crystal: Crystal, root: Path) -> None:
    for name in ("model.pb", "card.yaml", *CARD_TABLES):
        if not (root / model / name).is_file():
            raise ConfigError(
                f"{MAIN_FILE}: model: no {name} in {model!r}; name the folder of a released potential, such as one of models/"
            )
    try:
        check_potential(root / model, crystal.species, model)
    except CardError as error:
        raise ConfigError(printable(str(error))) from error


def one_of(values: Iterable) -> str:
    """Regular expression of a wildcard that is one of some values.

    Common beginnings stand in it once: Snakemake compares every file of a plan with every rule's pattern, and an alternation
    of thousands of runs takes longer than all the rest.
    """
    words = sorted({str(value) for value in values})
    return f"(?:{_alternation(words)})" if words else "(?!)"


def _alternation(words: list[str]) -> str:
    prefix = os.path.commonprefix(words)
    rest = [word[len(prefix) :] for word in words]
    branches = [] if rest[0] else [""]
    branches += [_alternation(list(group)) for _, group in itertools.groupby(filter(None, rest), lambda word: word[0])]
    return re.escape(prefix) + (f"(?:{'|'.join(branches)})" if len(branches) > 1 else branches[0])
