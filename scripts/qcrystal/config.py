"""Typed configuration, validated before any job starts.

`load` merges what Snakemake was given over ``config/config.yaml`` with the scale (sizes) and the system (physics) that it names.
Every problem is a `ConfigError` whose lines each name the file, the key, the value, and what to do.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import itertools
import math
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from qcrystal.engines.beads import beads_for
from qcrystal.engines.spec import PATH_INTEGRAL_METHODS, Bath, RunSpec
from qcrystal.published import read_published
from qcrystal.shortrange import pairs
from qcrystal.soap import SoapSettings
from qcrystal.structures import unit_cell


class ConfigError(ValueError):
    """A configuration that cannot be used; one line per problem."""


def _not_bool(value):
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


class Strict(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Count = Annotated[int, Field(gt=0), BeforeValidator(_not_bool)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(_not_bool)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(_not_bool)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$")]
Method = Literal["classical", "qtb", "adqtb", "pimd", "trpmd"]


class Site(Strict):
    """One Wyckoff site: element and fractional coordinates."""

    element: str
    position: tuple[float, float, float]


class Prototype(Strict):
    """A crystal by space group, sites and a starting lattice constant (Å)."""

    spacegroup: int = Field(ge=1, le=230)
    sites: list[Site]
    lattice_constant: Positive


class Isotope(Strict):
    """An isotope: the element of the potential that it is, and its mass in u."""

    element: str
    mass: Positive


class Cage(Strict):
    """The cage around each centre atom whose quadrilaterals are the order parameter of [Qin]."""

    centre: str
    member: str
    members: Count
    quadrilaterals: Count
    hexagons: Count


class Recipe(Strict):
    """Displaced frames to be labelled; see `qcrystal.dft.displaced_frames`."""

    name: Name
    cell: Literal["primitive", "conventional"]
    repeat: tuple[Count, Count, Count]
    lattice_constants: list[Positive]
    frames: Count
    temperature: NotNegative
    quantum: bool
    angle: tuple[float, float] | None = None
    strain: NotNegative | None = None
    symmetry: Literal["C2", "P-1"] | None = None
    distortion: Positive | None = None
    vacancies: int = Field(0, ge=0)
    vacancy_site: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _distorted(self) -> Recipe:
        if (self.symmetry is None) != (self.distortion is None):
            raise ValueError("symmetry and distortion (Å) go together; give both or neither")
        return self


class StructureRecipe(Strict):
    """Displaced frames of structures from a file (``structures``, relative to the repository) at volumes in Å³/atom; see
    `qcrystal.dft.displaced_structures`."""

    name: Name
    structures: str
    volumes: list[Positive] = Field(min_length=1)
    repeat: tuple[Count, Count, Count] = (1, 1, 1)
    frames: Count
    temperature: NotNegative
    quantum: bool
    strain: NotNegative | None = None


class Goals(Strict):
    """Errors of the DFT labels that are put up with: energy differences in meV/atom, forces in meV/Å."""

    energy: Positive
    force: Positive


class Convergence(Strict):
    """DFT settings that are tried one at a time on a few small frames, coarsest first, and on the lattice at rest at
    ``lattice_constant`` (Å); see `qcrystal.convergence`."""

    goals: Goals
    lattice_constant: Positive
    cutoffs: list[Positive] = Field(min_length=1)
    kpoint_lengths: list[Positive] = Field(min_length=1)
    widths: list[Positive] = Field(min_length=1)
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

    seed: int = Field(ge=0)
    functional: Literal["PBE", "LDA", "PBEsol", "RPBE"]
    cutoff: Positive
    kpoint_length: Positive
    width: Positive
    energy_convergence: Positive
    force_convergence: Positive
    paw: list[str]
    frequencies: dict[str, Positive]
    lattice_constants: list[Positive]
    convergence: Convergence
    recipes: list[Recipe]
    structure_recipes: list[StructureRecipe] = []


class Dynamics(Strict):
    """Numerical parameters of the dynamics that physics fixes: time steps (fs), bath, highest frequency (THz)."""

    timestep: dict[Method, Positive]
    barostat_time: Positive
    max_frequency: Positive
    bath: Bath


class Statics(Strict):
    """Ranges over which the potential's 0 K properties are tabulated (Å, GPa), and what a structure search may try.

    Pressures at which the potential was not trained are left out. ``shortest_distances`` (Å, per pair of species) are those
    below which the potential is not believed, ``window`` (eV/atom) is how far above the prototype a structure is of
    interest, ``space_groups`` are drawn from, ``phases`` are the space groups that are looked for on purpose.
    """

    lattice_constants: tuple[Positive, Positive]
    pressures: list[NotNegative] = Field(min_length=1)
    phonon_pressures: list[NotNegative] = Field(min_length=2)
    shortest_distances: dict[str, Positive]
    window: Positive
    space_groups: list[Annotated[int, Field(ge=1, le=230)]] = Field(min_length=1)
    phases: list[str]


class Training(Strict):
    """Deep-potential architecture, loss and optimiser, DeePMD-kit's ``se_e2_a``; see `qcrystal.training.TrainingSettings`."""

    trainer: Literal["deepmd", "moments"]
    optimizer: Literal["adam", "muon"]
    schedule: Literal["exp", "cosine"]
    descriptor: list[Count]
    axis_neuron: Count
    type_one_side: bool
    sel: list[Count]
    cutoff: Positive
    cutoff_smooth: Positive
    fitting: list[Count]
    precision: Literal["float32", "float64"]
    start_lr: Positive
    stop_lr: Positive
    energy: tuple[Positive, Positive]


class Learning(Strict):
    """Concurrent learning; see `qcrystal.learning`.

    ``training`` names the potentials' architecture, ``committee`` is their number, ``bounds`` the committee's force
    deviations (eV/Å) between which a frame is a candidate, ``nearest`` the distance (Å) at which a run has collapsed,
    ``frame_interval`` the time between frames (ps), ``test_fraction`` the share of the recipes' frames that is set apart.
    Runs start from each of ``starts`` (names of recipes) at each of the conditions (GPa, K).
    """

    training: Name
    committee: int = Field(ge=3)
    bounds: tuple[Positive, Positive]
    nearest: Positive
    frame_interval: Positive
    test_fraction: float = Field(gt=0, lt=1)
    starts: list[Name] = Field(min_length=1)
    pressures: list[NotNegative] = Field(min_length=1)
    temperatures: list[NotNegative] = Field(min_length=1)
    methods: list[Literal["classical", "qtb", "adqtb"]] = Field(min_length=1)
    soap: SoapSettings

    @model_validator(mode="after")
    def _consistent(self) -> Learning:
        if self.bounds[0] >= self.bounds[1]:
            raise ValueError(
                f"bounds: the lower one, {self.bounds[0]:g} eV/Å, must be below the upper, {self.bounds[1]:g}"
            )
        return self


class System(Strict):
    """One crystal: what physics fixes."""

    name: str
    species: list[str]
    isotopes: dict[Name, Isotope]
    prototypes: dict[str, Prototype]
    prototype: str
    cage: Cage
    dft: DftSettings
    repulsion: dict[str, tuple[Positive, Positive]] = {}
    training: dict[Name, Training] = Field(min_length=1)
    dynamics: Dynamics
    statics: Statics
    learning: Learning

    @model_validator(mode="after")
    def _consistent(self) -> System:
        for name, isotope in self.isotopes.items():
            if isotope.element not in self.species:
                raise ValueError(f"isotopes.{name}.element: {isotope.element!r} is not among species {self.species}")
        for element in self.species:
            if element not in self.isotopes:
                raise ValueError(f"isotopes: no default mass for {element!r}; add an isotope of that name")
        if self.prototype not in self.prototypes:
            raise ValueError(f"prototype: {self.prototype!r} is not among prototypes {sorted(self.prototypes)}")
        for name, prototype in self.prototypes.items():
            for site in prototype.sites:
                if site.element not in self.species:
                    raise ValueError(f"prototypes.{name}: element {site.element!r} is not among species {self.species}")
        for key in ("centre", "member"):
            if getattr(self.cage, key) not in self.species:
                raise ValueError(f"cage.{key}: {getattr(self.cage, key)!r} is not among species {self.species}")
        for element in self.species:
            if element not in self.dft.frequencies:
                raise ValueError(f"dft.frequencies: no frequency for {element!r}; add one in THz")
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
                f"statics.shortest_distances: has {', '.join(self.statics.shortest_distances)}, and needs each pair of "
                f"species {self.species} once"
            )
        return self


class Sweep(Strict):
    """A table of conditions: every pressure (GPa) with every temperature (K) and, for a bath, every one of ``frictions``
    (1/ps; null: that of ``dynamics.bath``), ``length`` ps each."""

    method: Method
    ensemble: Literal["npt", "nvt"] = "npt"
    isotope: str = "H"
    start: Literal["cubic", "rhombohedral"] = "cubic"
    basis: Literal["primitive", "conventional"] = "conventional"
    repeat: tuple[Count, Count, Count]
    vacancies: int = Field(0, ge=0)
    pressures: list[NotNegative] = Field(min_length=1)
    temperatures: list[NotNegative] = Field(min_length=1)
    length: Positive
    replicas: Count = 1
    bead_ratio: Positive = 2.0
    frictions: list[Positive] | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Sweep:
        cold = [t for t in self.temperatures if t <= 0]
        if self.method in PATH_INTEGRAL_METHODS and cold:
            raise ValueError(f"temperatures: path integrals need a temperature above 0 K, not {cold[0]:g}")
        if self.method == "trpmd" and self.ensemble == "npt":
            raise ValueError("ensemble: trpmd is dynamics at a fixed cell; set nvt, not 'npt'")
        if self.frictions and self.method in PATH_INTEGRAL_METHODS:
            raise ValueError(f"frictions: {self.method} has no bath of this kind; take the line out")
        for key in ("pressures", "temperatures", "frictions"):
            values = getattr(self, key) or []
            twice = [value for value in values if values.count(value) > 1]
            if twice:
                raise ValueError(f"{key}: {twice[0]:g} stands there twice; replicas are set by `replicas`")
        return self


class ScaleDft(Strict):
    """Effort of the labelling: frames kept per recipe (null: all), jobs, fixed lattice constants relaxed, and how many
    values of each setting, the coarsest, are tried for convergence (null: all)."""

    frames_per_recipe: Count | None = None
    convergence: Count | None = None
    batches: Count
    lattice_points: Count


class ScaleTraining(Strict):
    """Effort of the training; ``committee`` is the number of potentials that differ in their seeds only."""

    committee: Count
    steps: Count
    checkpoint_every: Count


class ScaleLearning(Strict):
    """Effort of concurrent learning, per generation: runs and frames of each, how many of them are set apart for testing,
    frames that are labelled to train on and to test on, labelling jobs, training steps."""

    generations: Count
    runs: int = Field(ge=2)
    test_runs: Count
    frames_per_run: Count
    frames: Count
    test_frames: Count
    batches: Count
    training_steps: Count

    @model_validator(mode="after")
    def _consistent(self) -> ScaleLearning:
        if self.test_runs >= self.runs:
            raise ValueError(f"test_runs: {self.test_runs} of {self.runs} runs leave none to train on; take fewer")
        return self


class Search(Strict):
    """Effort of the structure search: batches (jobs) of random starts, formula units per primitive cell, distorted starts per
    space group and cell, structures per pressure that are followed, structures that DFT checks."""

    batches: Count
    starts: Count
    formula_units: list[Count] = Field(min_length=1)
    distortions: Count
    keep: Count
    check: Count


class ScaleStatics(Strict):
    """Effort of the static calculations."""

    eos_points: int = Field(ge=5)
    pressures: Count
    search: Search
    max_relaxation_steps: Count
    phonon_pressures: int = Field(ge=2)
    phonon_repeat: tuple[Count, Count, Count]
    phonon_mesh: Count


class Sampling(Strict):
    """Times in ps between frames and between checkpoints, the run length from which a run is not called short, and how many
    frames of each run the committee is asked about."""

    frame_interval: Positive
    checkpoint_interval: Positive
    converged_length: Positive
    deviation_frames: Count


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

    path: str | None = None
    repository: str | None = None
    commit: str | None = None
    checksums: str | None = None
    test: Literal["last set", "fraction", "marked"] = "fraction"
    test_fraction: float = Field(0.1, gt=0, lt=1)

    @model_validator(mode="after")
    def _consistent(self) -> Dataset:
        if self.path is None and None in (self.repository, self.commit, self.checksums):
            raise ValueError("path: null needs repository, commit and checksums to download from")
        return self


class Main(Strict):
    """``config/config.yaml``."""

    scale: str
    start: Literal["model", "labels", "dft"]
    system: str
    seed: int = Field(ge=0)
    device: Literal["cpu", "cuda"]
    longest_job: int | None = Field(gt=0)
    model: str
    training: Name
    dataset: Name
    datasets: dict[Name, Dataset]
    dft_reference: str
    label_pressures: str
    dft_convergence: str
    dft_check: str
    learning_reference: str
    learning_from: Literal["recipes", "dataset"] = "recipes"
    dft_python: str | None
    published: str


class Configuration:
    """The whole configuration: ``main``, ``scale``, ``system``, and the table of runs that follows from them.

    Attributes
    ----------
    runs : dict of str to RunSpec
        Every run of every sweep, by its name.
    sweeps : dict of str to list of str
        Names of the runs of each sweep.
    """

    def __init__(self, main: Main, scale_file: Path, scale: Scale, system_file: Path, system: System):
        self.main, self.scale_name, self.scale, self.scale_file = main, scale_file.stem, scale, scale_file
        self.system_name, self.system, self.system_file = system_file.stem, system, system_file
        self.runs: dict[str, RunSpec] = {}
        self.sweeps: dict[str, list[str]] = {}
        for name, sweep in scale.sweeps.items():
            self._add_sweep(name, sweep)

    def _add_sweep(self, name: str, sweep: Sweep) -> None:
        where = f"{self.scale_file}: sweeps.{name}"
        self.sweeps[name] = []
        for pressure, temperature, friction, replica in itertools.product(
            sweep.pressures, sweep.temperatures, sweep.frictions or [None], range(sweep.replicas)
        ):
            spec = run_specification(self, sweep, pressure, temperature, friction, replica, where)
            known = self.runs.setdefault(spec.run, spec)
            if known != spec:
                differing = [key for key in RunSpec.model_fields if getattr(known, key) != getattr(spec, key)]
                shown = ", ".join(f"{key} {getattr(known, key)} there, {getattr(spec, key)} here" for key in differing)
                raise ConfigError(
                    f"{where}: run {spec.run} is already part of another sweep with other settings ({shown}); "
                    "give both the same"
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
            "system": self.system.model_dump(mode="json"),
        }


def run_specification(config: Configuration, sweep: Sweep, pressure, temperature, friction, replica, where) -> RunSpec:
    """The run specification of one row of a sweep; ``friction`` None is that of ``dynamics.bath``."""
    system, sampling = config.system, config.scale.sampling
    if sweep.isotope not in system.isotopes:
        raise ConfigError(f"{where}.isotope: nobody defined {sweep.isotope!r}; known: {', '.join(system.isotopes)}")
    if sweep.method not in system.dynamics.timestep:
        raise ConfigError(f"{config.system_file}: dynamics.timestep: no time step for method {sweep.method!r}")
    isotope = system.isotopes[sweep.isotope]
    masses = {element: system.isotopes[element].mass for element in system.species}
    masses[isotope.element] = isotope.mass
    timestep = system.dynamics.timestep[sweep.method]
    steps = _multiple(sweep.length * 1e3 / timestep, 1)
    sample_every = _multiple(sampling.frame_interval * 1e3 / timestep, 1)
    atoms = _atoms(system, sweep)
    members = _atoms(system, sweep, system.species[-1])
    if sweep.vacancies >= members:
        raise ConfigError(
            f"{where}.vacancies: {sweep.vacancies} vacancies in a cell of {members} {system.species[-1]} atoms; take fewer"
        )
    name = f"{sweep.method}-{sweep.isotope}-{sweep.start}-{atoms}"
    if sweep.vacancies:
        name += f"-{sweep.vacancies}vacancies"
    bath = system.dynamics.bath
    if friction is not None:
        bath = bath.model_copy(update={"gamma": float(friction)})
    name += f"-{sweep.ensemble}-{pressure:g}GPa-{temperature:g}K"
    if bath != system.dynamics.bath:
        name += f"-{friction:g}ps"
    name += f"-r{replica}"
    beads = 1
    if sweep.method in PATH_INTEGRAL_METHODS:
        beads = beads_for(temperature, system.dynamics.max_frequency, sweep.bead_ratio)
    return RunSpec(
        run=name,
        system=config.system_name,
        method=sweep.method,
        ensemble=sweep.ensemble,
        isotope=sweep.isotope,
        start=sweep.start,
        basis=sweep.basis,
        repeat=sweep.repeat,
        atoms=atoms,
        vacancies=sweep.vacancies,
        species=tuple(system.species),
        masses=masses,
        temperature=temperature,
        pressure=pressure,
        timestep=timestep,
        steps=_multiple(steps, sample_every),
        sample_every=sample_every,
        checkpoint_every=_multiple(sampling.checkpoint_interval * 1e3 / timestep, sample_every),
        replica=replica,
        seed=config.seed("dynamics", name),
        beads=beads,
        barostat_time=system.dynamics.barostat_time,
        bath=bath,
    )


def _multiple(value: float, of: int) -> int:
    return max(1, round(value / of)) * of


def _atoms(system: System, sweep: Sweep, element: str | None = None) -> int:
    """Atoms (of an element) in a sweep's supercell, vacancies not counted out."""
    symbols = _symbols_per_cell(system.prototypes[system.prototype].model_dump_json(), sweep.basis)
    count = len(symbols) if element is None else symbols.count(element)
    return count * math.prod(sweep.repeat)


@functools.cache
def _symbols_per_cell(prototype: str, basis: str) -> list[str]:
    return unit_cell(Prototype.model_validate_json(prototype), basis, 1.0).get_chemical_symbols()


def read_yaml(path: Path, where: str, what: str) -> dict:
    """Read a YAML mapping; `ConfigError` if it is missing, not YAML, or not a mapping."""
    if not path.is_file():
        known = sorted(p.stem for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        hint = f"; there are: {', '.join(known)}" if known else ""
        raise ConfigError(f"{where}: no such {what}{hint}")
    try:
        document = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{where}:{place} is not valid YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{where}: must hold keys with values, not {type(document).__name__}")
    return document


def validate(model: type[Strict], document: dict, where: str):
    """Build ``model`` from ``document``; `ConfigError` with one line per problem."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise ConfigError("\n".join(_lines(error, model, where))) from None


def _lines(error: ValidationError, model: type[Strict], where: str) -> list[str]:
    lines = []
    for problem in error.errors():
        location = [str(part) for part in problem["loc"] if not str(part).startswith(("constrained", "function-"))]
        key = ".".join(location) or "(whole file)"
        value = problem["input"]
        shown = repr(value) if not isinstance(value, dict) else "a mapping"
        if problem["type"] == "extra_forbidden":
            close = difflib.get_close_matches(location[-1], _fields(model), n=1)
            message = "unknown key" + (f"; did you mean {close[0]!r}?" if close else "; remove it")
        elif problem["type"] == "missing":
            message, shown = "is missing; add it", "nothing"
        elif problem["type"] == "value_error":
            message, key = problem["msg"].removeprefix("Value error, "), ".".join(location)
            got = "" if isinstance(value, dict) else f" (got {shown[:80]})"
            lines.append(f"{where}: {key + ': ' if key else ''}{message}{got}")
            continue
        else:
            message = problem["msg"][0].lower() + problem["msg"][1:]
        lines.append(f"{where}: {key}: {message} (got {shown[:80]})")
    return lines


def _fields(model) -> set[str]:
    names = set()
    for name, field in model.model_fields.items():
        names.add(name)
        for inner in _models(field.annotation):
            names |= _fields(inner)
    return names


def _models(annotation):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models(argument)


def _named_file(root: Path, folder: str, name) -> Path:
    return root / name if "/" in str(name) else root / "config" / folder / f"{name}.yaml"


def load(settings: dict, root: Path) -> Configuration:
    """Validate the configuration.

    Parameters
    ----------
    settings
        Content of ``config/config.yaml`` with what the command line put over it.
    root
        Top folder of the repository; relative paths start there.

    Raises
    ------
    ConfigError
        One line per problem.
    """
    main = validate(Main, settings, "config/config.yaml")
    scale_path = _named_file(root, "scales", main.scale)
    system_path = _named_file(root, "systems", main.system)
    scale = _validate_file(Scale, scale_path, root, "scale")
    system = _validate_file(System, system_path, root, "system")
    _check_paths(main, root)
    if main.training not in system.training:
        known = ", ".join(system.training)
        raise ConfigError(
            f"config/config.yaml: training: {main.training!r} is not in {system_path.name}, which has {known}"
        )
    return Configuration(main, _shown(scale_path, root), scale, _shown(system_path, root), system)


def _shown(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path


def _validate_file(model: type[Strict], path: Path, root: Path, what: str):
    where = str(_shown(path, root))
    return validate(model, read_yaml(path, where, what), where)


def _check_paths(main: Main, root: Path) -> None:
    where = "config/config.yaml"
    for key in ("published", "label_pressures", "dft_reference", "dft_convergence", "dft_check"):
        if not (root / getattr(main, key)).is_file() and not (key.startswith("dft_") and main.start == "dft"):
            raise ConfigError(f"{where}: {key}: no file {getattr(main, key)!r}")
    try:
        read_published(root / main.published)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if main.start == "model" and not (root / main.model / "model.pb").is_file():
        raise ConfigError(f"{where}: model: no released potential {main.model!r} (a folder that holds model.pb)")
    if main.dataset not in main.datasets:
        raise ConfigError(f"{where}: dataset: {main.dataset!r} is not among datasets: {', '.join(main.datasets)}")
    dataset = main.datasets[main.dataset]
    if dataset.checksums is not None and not (root / dataset.checksums).is_file():
        raise ConfigError(f"{where}: datasets.{main.dataset}.checksums: no file {dataset.checksums!r}")
    if main.start != "dft" and not (root / main.learning_reference / "generations.csv").is_file():
        raise ConfigError(f"{where}: learning_reference: no generations.csv in {main.learning_reference!r}")
    if main.learning_from == "dataset" and (dataset.path is None or not (root / dataset.path).is_dir()):
        raise ConfigError(
            f"{where}: learning_from: dataset needs a folder datasets.{main.dataset}.path, not {dataset.path!r}"
        )
    if main.start == "labels" and dataset.path is not None and not (root / dataset.path).is_dir():
        raise ConfigError(f"{where}: datasets.{main.dataset}.path: no folder {dataset.path!r}")
