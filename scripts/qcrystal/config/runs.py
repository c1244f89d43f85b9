"""The runs that follow from sweeps and crystal: their names, their specifications, and what is checked about them."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from qcrystal.config.crystal import Crystal, Isotope, count_atoms
from qcrystal.config.dynamics import Dynamics, SamplingEffort
from qcrystal.config.main import Main
from qcrystal.config.messages import ConfigError
from qcrystal.config.scale import Scale
from qcrystal.config.sweep import Conditions, Sweep
from qcrystal.config.variational import calculations, judges_are_path_integrals, phases_are_prototypes
from qcrystal.config.vibrations import Vibrations
from qcrystal.crystal.cells import unit_cell
from qcrystal.crystal.holes import holes_of_supercell
from qcrystal.crystal.prototype import Prototype
from qcrystal.dynamics.bath.parameters import Bath
from qcrystal.dynamics.beads import BEAD_RATIO, beads_for
from qcrystal.dynamics.spec import PATH_INTEGRAL_METHODS, RunSpec
from qcrystal.errors import Problem
from qcrystal.potential.engines import Engine
from qcrystal.variational.spec import NctSpec

MOST_ATOMS = 10_000_000
MOST_BEADS = 10_000
MOST_STEPS = 10**9


# ---------------------------------------------------------------------------------------------------------------------
# checks across files: parameters are the fields of crystal.yaml, and those of the scale with `scale_` before them; `where` of a
# problem is the name of the document that it is in


def isotopes_are_known(scale_sweeps: dict[str, Sweep], isotopes: dict[str, Isotope]) -> Iterator[Problem]:
    """Sweeps name isotopes of the crystal."""
    for name, sweep in scale_sweeps.items():
        if sweep.isotope is not None and sweep.isotope not in isotopes:
            found = f"nobody defined {sweep.isotope!r}"
            yield Problem("scale", f"sweeps.{name}.isotope", found, f"known: {', '.join(isotopes)}")


def methods_have_time_steps(scale_sweeps: dict[str, Sweep], dynamics: Dynamics) -> Iterator[Problem]:
    """Every method of a sweep has a time step."""
    for method in dict.fromkeys(sweep.method for sweep in scale_sweeps.values()):
        if method not in dynamics.timestep:
            yield Problem("crystal", "dynamics.timestep", f"no time step for method {method!r}", "add one in fs")


def runs_hold_frames(scale_sweeps: dict[str, Sweep], scale_sampling: SamplingEffort) -> Iterator[Problem]:
    """A run is longer than the time between frames."""
    for name, sweep in scale_sweeps.items():
        if sweep.frame_interval and sweep.length < sweep.frame_interval:
            found = f"{sweep.frame_interval:g} ps is longer than the runs, {sweep.length:g} ps"
            yield Problem(
                "scale", f"sweeps.{name}.frame_interval", found, "a run must reach its first frame: take less"
            )
    interval = scale_sampling.frame_interval
    short = [name for name, sweep in scale_sweeps.items() if not sweep.frame_interval and sweep.length < interval]
    if len(short) == 1:
        found = f"{scale_sweeps[short[0]].length:g} ps is shorter than sampling.frame_interval, {interval:g} ps"
        yield Problem("scale", f"sweeps.{short[0]}.length", found, "a run must reach its first frame: lengthen it")
    elif short:
        found = f"{interval:g} ps is longer than the runs of {', '.join(short)}"
        yield Problem("scale", "sampling.frame_interval", found, "a run must reach its first frame: take less")


def frames_hold_steps(
    scale_sweeps: dict[str, Sweep], scale_sampling: SamplingEffort, dynamics: Dynamics
) -> Iterator[Problem]:
    """The time between frames is longer than a time step."""
    told: set[tuple[str, str]] = set()
    for name, sweep in scale_sweeps.items():
        key = f"sweeps.{name}.frame_interval" if sweep.frame_interval else "sampling.frame_interval"
        interval, step = sweep.frame_interval or scale_sampling.frame_interval, dynamics.timestep.get(sweep.method, 0.0)
        if interval * 1e3 < step and (key, sweep.method) not in told:
            told.add((key, sweep.method))
            found = f"{interval:g} ps is shorter than a time step of {sweep.method}, {step:g} fs"
            yield Problem("scale", key, found, "take more")


def vibrations_are_resolved(
    scale_sweeps: dict[str, Sweep], scale_sampling: SamplingEffort, vibrations: Vibrations | None, dynamics: Dynamics
) -> Iterator[Problem]:
    """Spectra are of sweeps in real time, whose frames follow the fastest vibration."""
    for name in vibrations.sweeps if vibrations else ():
        sweep, key = scale_sweeps.get(name), f"sweeps.{name}.frame_interval"
        if sweep is None:
            found = f"the scale has no sweep {name!r}"
            yield Problem("crystal", "vibrations.sweeps", found, f"name some of {', '.join(scale_sweeps)}")
            continue
        if sweep.method == "pimd":
            yield Problem("crystal", "vibrations.sweeps", f"{name!r} samples and has no time", "name one of trpmd")
        interval, longest = sweep.frame_interval or scale_sampling.frame_interval, 0.5 / dynamics.max_frequency
        if longest < interval <= sweep.length:  # one that a run does not reach is told of already
            found = f"{interval:g} ps do not resolve vibrations of {dynamics.max_frequency:g} THz"
            yield Problem("scale", key, found, f"set {longest:.2g} ps or less, or take the sweep out of vibrations")


def runs_end(scale_sweeps: dict[str, Sweep], dynamics: Dynamics) -> Iterator[Problem]:
    """Not more steps than a run can count."""
    for name, sweep in scale_sweeps.items():
        step = dynamics.timestep.get(sweep.method)
        if step and sweep.length * 1e3 / step > MOST_STEPS:
            found = f"{sweep.length:g} ps are {sweep.length * 1e3 / step:.3g} steps of {step:g} fs, more than {MOST_STEPS:g}"
            yield Problem("scale", f"sweeps.{name}.length", found, "take less")


def cells_hold_atoms(
    scale_sweeps: dict[str, Sweep], prototypes: dict[str, Prototype], prototype: str, mobile: str
) -> Iterator[Problem]:
    """Cells are of a possible size, hold the atoms that are taken out, and have room for those that are put in."""
    if prototype not in prototypes:
        return
    for name, sweep in scale_sweeps.items():
        atoms = count_atoms(prototypes[prototype], sweep.basis, sweep.repeat)
        if atoms > MOST_ATOMS:
            found = f"{list(sweep.repeat)} make {atoms} atoms, more than {MOST_ATOMS}"
            yield Problem("scale", f"sweeps.{name}.repeat", found, "take fewer")
        members = count_atoms(prototypes[prototype], sweep.basis, sweep.repeat, mobile)
        if sweep.vacancies >= max(members, 1):
            found = f"{sweep.vacancies} vacancies in a cell of {members} {mobile} atoms"
            yield Problem("scale", f"sweeps.{name}.vacancies", found, "take fewer")
        if sweep.interstitials:
            cell = unit_cell(prototypes[prototype], sweep.basis, prototypes[prototype].lattice_constant)
            room = len(holes_of_supercell(cell, sweep.repeat))
            if sweep.interstitials > room:
                found = f"{sweep.interstitials} interstitials in a cell of {room} holes"
                yield Problem("scale", f"sweeps.{name}.interstitials", found, "take fewer")


def beads_can_be_counted(scale_sweeps: dict[str, Sweep], dynamics: Dynamics) -> Iterator[Problem]:
    """Not more beads than path integrals can hold."""
    for name, sweep in scale_sweeps.items():
        temperature = min(sweep.temperatures)
        if sweep.method not in PATH_INTEGRAL_METHODS or sweep.beads or temperature <= 0:
            continue
        ratio = sweep.bead_ratio or BEAD_RATIO
        beads = beads_for(temperature, dynamics.max_frequency, ratio)
        if beads > MOST_BEADS:
            found = f"{temperature:g} K needs {beads} beads at bead_ratio {ratio:g}, more than {MOST_BEADS}"
            yield Problem("scale", f"sweeps.{name}.temperatures", found, "raise the temperature or lower bead_ratio")


def cells_have_a_source(
    scale_sweeps: dict[str, Sweep], prototypes: dict[str, Prototype], prototype: str, mobile: str
) -> Iterator[Problem]:
    """``cell_of`` names a sweep at constant pressure of the same crystal, which has the pressures of the fixed cells."""
    for name, sweep in scale_sweeps.items():
        if sweep.cell_of is None:
            continue
        key, source = f"sweeps.{name}.cell_of", scale_sweeps.get(sweep.cell_of)
        if source is None:
            found = f"there is no sweep {sweep.cell_of!r}"
            yield Problem("scale", key, found, f"name one of {', '.join(scale_sweeps)}")
            continue
        if source.ensemble != "npt":
            found = f"{sweep.cell_of!r} has fixed cells itself"
            yield Problem("scale", key, found, "name a sweep at constant pressure")
            continue
        for what, theirs, ours in (
            ("isotope", source.isotope or mobile, sweep.isotope or mobile),
            ("start", source.start, sweep.start),
        ):
            if theirs != ours:
                found = f"{sweep.cell_of!r} has {what} {theirs}, not {ours}"
                yield Problem("scale", key, found, "name a sweep of the same crystal")
        if prototype in prototypes:
            sites = [count_atoms(prototypes[prototype], one.basis, one.repeat) for one in (source, sweep)]
            for what in ("vacancies", "interstitials"):
                theirs, ours = getattr(source, what), getattr(sweep, what)
                if theirs * sites[1] != ours * sites[0]:
                    found = f"{sweep.cell_of!r} has {theirs} {what} in {sites[0]} sites, not {ours} in {sites[1]}"
                    yield Problem("scale", key, found, f"name a sweep with the same share of {what}")
        for pressure in sweep.pressures:
            if pressure not in source.pressures:
                yield Problem(
                    "scale", key, f"{sweep.cell_of!r} has no run at {pressure:g} GPa", "add that pressure to it"
                )


def starts_are_possible(
    scale_sweeps: dict[str, Sweep], prototypes: dict[str, Prototype], prototype: str
) -> Iterator[Problem]:
    """Only a cubic crystal is made rhombohedral by opening its angles."""
    cubic = prototype not in prototypes or prototypes[prototype].cubic
    for name, sweep in scale_sweeps.items():
        if sweep.start == "rhombohedral" and not cubic:
            found = f"{prototype} is not cubic, so it cannot start rhombohedral"
            yield Problem("scale", f"sweeps.{name}.start", found, "take 'prototype'")


CHECKS = (
    phases_are_prototypes,
    judges_are_path_integrals,
    isotopes_are_known,
    methods_have_time_steps,
    runs_hold_frames,
    frames_hold_steps,
    vibrations_are_resolved,
    runs_end,
    cells_hold_atoms,
    starts_are_possible,
    beads_can_be_counted,
    cells_have_a_source,
)


# ---------------------------------------------------------------------------------------------------------------------
# runs


def isotope_of(row: Conditions, crystal: Crystal) -> str:
    """Name of the isotope that moves."""
    return row.isotope or crystal.mobile


def start_of(row: Conditions, crystal: Crystal) -> str:
    """Name of the structure that a run starts from: that of the prototype's lattice, or of its distortion."""
    if row.start != "prototype":
        return row.start
    return crystal.prototypes[crystal.prototype].lattice_system.name


def bath_of(row: Conditions, crystal: Crystal) -> Bath:
    """The crystal's bath, with the friction of the row if it has one."""
    bath = crystal.dynamics.bath
    return bath if row.friction is None else bath.model_copy(update={"gamma": float(row.friction)})


def run_name(row: Conditions, crystal: Crystal) -> str:
    """Name of a run, which follows from its conditions and differs where they do."""
    parts = [row.method, isotope_of(row, crystal), start_of(row, crystal), str(crystal.atoms(row.basis, row.repeat))]
    if row.vacancies:
        parts.append(f"{row.vacancies}vacancies")
    if row.interstitials:
        parts.append(f"{row.interstitials}interstitials")
    parts += [row.ensemble, f"{row.pressure:g}GPa", f"{row.temperature:g}K"]
    if bath_of(row, crystal) != crystal.dynamics.bath:
        parts.append(f"{row.friction:g}perps")
    if row.beads is not None:
        parts.append(f"{row.beads}beads")
    return "-".join([*parts, f"r{row.replica}"])


def cell_source(row: Conditions, source: Sweep, crystal: Crystal) -> str:
    """The run of a sweep whose mean volume a fixed cell has: that at its pressure and the nearest temperature."""
    nearest = min(source.temperatures, key=lambda one: abs(one - row.temperature))
    found = next(one for one in source.conditions() if (one.pressure, one.temperature) == (row.pressure, nearest))
    return run_name(found, crystal)


def run_specification(
    row: Conditions,
    crystal: Crystal,
    crystal_name: str,
    sampling: SamplingEffort,
    seed: Callable[..., int],
    cell_of: str | None = None,
    engine: Engine = "native",
) -> RunSpec:
    """The run specification of one row of a sweep.

    Parameters
    ----------
    seed
        A seed by names, such as `Configuration.seed`.
    cell_of, engine
        See `RunSpec`.
    """
    isotope = crystal.isotopes[isotope_of(row, crystal)]
    masses = {element: crystal.isotopes[element].mass for element in crystal.species}
    masses[isotope.element] = isotope.mass
    timestep = crystal.dynamics.timestep[row.method]
    sample_every = _multiple((row.frame_interval or sampling.frame_interval) * 1e3 / timestep, 1)
    beads = row.beads or 1
    if row.beads is None and row.method in PATH_INTEGRAL_METHODS:
        beads = beads_for(row.temperature, crystal.dynamics.max_frequency, row.bead_ratio or BEAD_RATIO)
    name = run_name(row, crystal)
    return RunSpec(
        run=name,
        system=crystal_name,
        method=row.method,
        ensemble=row.ensemble,
        cell_of=cell_of,
        isotope=isotope_of(row, crystal),
        start=start_of(row, crystal),
        basis=row.basis,
        repeat=row.repeat,
        atoms=crystal.atoms(row.basis, row.repeat),
        vacancies=row.vacancies,
        interstitials=row.interstitials,
        species=tuple(crystal.species),
        mobile=crystal.mobile,
        masses=masses,
        temperature=row.temperature,
        pressure=row.pressure,
        timestep=timestep,
        steps=_multiple(_multiple(row.length * 1e3 / timestep, 1), sample_every),
        sample_every=sample_every,
        checkpoint_every=_multiple(sampling.checkpoint_interval * 1e3 / timestep, sample_every),
        replica=row.replica,
        seed=seed("dynamics", name),
        beads=beads,
        barostat_time=crystal.dynamics.barostat_time,
        bath=bath_of(row, crystal),
        engine=engine,
    )


def _multiple(value: float, of: int) -> int:
    return max(1, round(value / of)) * of


class Configuration:
    """The whole configuration: ``main``, ``scale``, ``crystal``, and the table of runs that follows from them.

    Attributes
    ----------
    crystal_name, scale_name : str
        Folders of the results.
    crystal_file, scale_file, sources_file : str
        Files that messages name.
    planned : dict of str to RunSpec
        Every run of every sweep, by its name.
    runs : dict of str to RunSpec
        Those that the scale does not leave out as unfinished.
    planned_sweeps, sweeps : dict of str to list of str
        Names of the runs of each sweep: all of them, and those of ``runs``.
    variational : dict of str to NctSpec
        Every variational calculation, by its name.
    variational_sweeps : dict of str to list of str
        Names of the calculations of each sweep.
    variational_judges : dict of str to str
        Names of the runs of path integrals that judge a calculation, by its name.
    """

    def __init__(self, main: Main, scale: Scale, crystal: Crystal, files: Mapping[str, Path]):
        self.main, self.scale, self.crystal = main, scale, crystal
        self.scale_name, self.crystal_name = files["scale"].stem, files["crystal"].parent.name
        self.scale_file, self.crystal_file = str(files["scale"]), str(files["crystal"])
        self.sources_file = str(files["sources"])
        self.planned: dict[str, RunSpec] = {}
        self.planned_sweeps: dict[str, list[str]] = {name: [] for name in scale.sweeps}
        # one problem per sweep: the others are of the same kind
        problems = [problem for name in scale.sweeps for problem in itertools.islice(self._add_sweep(name), 1)]
        if problems:
            raise ConfigError(*problems)
        self._leave_out_unfinished()
        self.variational: dict[str, NctSpec] = {}
        self.variational_sweeps: dict[str, list[str]] = {}
        self.variational_judges: dict[str, list[str]] = {}
        self._add_variational()

    def _leave_out_unfinished(self) -> None:
        """Take the runs that have not ended out of the sweeps."""
        left_out = set(self.scale.unfinished.runs)
        unknown = sorted(left_out - set(self.planned))
        if unknown:
            found = f"no sweep has a run {unknown[0]!r}"
            advice = f"write the list anew: python -m qcrystal reduced unfinished --scale {self.scale_name}"
            raise ConfigError(Problem(self.scale_file, "unfinished.runs", found, advice))
        self.runs = {name: spec for name, spec in self.planned.items() if name not in left_out}
        self.sweeps = {name: [run for run in runs if run in self.runs] for name, runs in self.planned_sweeps.items()}

    def _add_variational(self) -> None:
        """Add the variational calculations."""
        masses = {element: self.crystal.isotopes[element].mass for element in self.crystal.species}
        settings = (self.crystal.nct, self.scale.nct, self.crystal_name, self.crystal.prototype, masses)
        for name, sweep in self.scale.nct.sweeps.items():
            specs = {spec.run: spec for spec in calculations(sweep, *settings, self.seed, self.main.evaluated_by)}
            for spec in specs.values():
                known = self.variational.setdefault(spec.run, spec)
                if known != spec:
                    key = next(key for key in NctSpec.model_fields if getattr(known, key) != getattr(spec, key))
                    found = f"{spec.run} is part of another sweep with {key} {getattr(known, key)}, here {getattr(spec, key)}"
                    advice = "give both sweeps the same settings, or one of them another seed"
                    raise ConfigError(Problem(self.scale_file, f"nct.sweeps.{name}", found, advice))
            self.variational_sweeps[name] = list(specs)
            self.variational_judges |= {
                run: self._judges(spec, sweep.paths) for run, spec in specs.items() if sweep.paths
            }

    def _judges(self, spec: NctSpec, sweep: str) -> list[str]:
        """Runs of a sweep at a calculation's pressure and temperature."""
        at = (spec.pressure, spec.temperature)
        return [run for run in self.sweeps[sweep] if (self.runs[run].pressure, self.runs[run].temperature) == at]

    def _add_sweep(self, name: str) -> Iterator[Problem]:
        """Add the runs of a sweep, and tell of those that another sweep has with other settings."""
        sweep = self.scale.sweeps[name]
        for row in sweep.conditions():
            source = sweep.cell_of and cell_source(row, self.scale.sweeps[sweep.cell_of], self.crystal)
            spec = run_specification(
                row, self.crystal, self.crystal_name, self.scale.sampling, self.seed, source, self.main.evaluated_by
            )
            known = self.planned.setdefault(spec.run, spec)
            if known != spec:
                differing = [key for key in RunSpec.model_fields if getattr(known, key) != getattr(spec, key)]
                shown = ", ".join(f"{key} {getattr(known, key)} there, {getattr(spec, key)} here" for key in differing)
                found = (
                    f"run {spec.run} is already part of another sweep, or of this one, with other settings ({shown})"
                )
                yield Problem(self.scale_file, f"sweeps.{name}", found, "give both the same settings")
            self.planned_sweeps[name].append(spec.run)

    def seed(self, *names: object) -> int:
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
