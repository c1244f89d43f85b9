"""The runs that follow from the sweeps, and the configuration as a whole."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

from qcrystal.config.crystal import Crystal, crystal_name
from qcrystal.config.main import Main
from qcrystal.config.messages import ConfigError
from qcrystal.config.scale import Scale
from qcrystal.config.sweep import Sweep
from qcrystal.dynamics.beads import beads_for
from qcrystal.dynamics.spec import (
    PATH_INTEGRAL_METHODS,
    RunSpec,
)

MOST_ATOMS = 10_000_000
MOST_BEADS = 10_000
MOST_STEPS = 10**9


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
            theirs, ours = (getattr(one, key) or self.crystal.mobile for one in (source, sweep))
            if theirs != ours:
                raise ConfigError(
                    f"{where}: {sweep.cell_of!r} has {key} {theirs}, not {ours}; name a sweep of the same crystal"
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
    isotope_name = sweep.isotope or crystal.mobile
    if isotope_name not in crystal.isotopes:
        raise ConfigError(f"{where}.isotope: nobody defined {isotope_name!r}; known: {', '.join(crystal.isotopes)}")
    if sweep.method not in crystal.dynamics.timestep:
        raise ConfigError(f"{config.crystal_file}: dynamics.timestep: no time step for method {sweep.method!r}")
    isotope = crystal.isotopes[isotope_name]
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
    members = crystal.atoms(sweep.basis, sweep.repeat, crystal.mobile)
    if sweep.vacancies >= members:
        raise ConfigError(
            f"{where}.vacancies: {sweep.vacancies} vacancies in a cell of {members} {crystal.mobile} atoms; take fewer"
        )
    name = f"{sweep.method}-{isotope_name}-{sweep.start}-{atoms}"
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
        isotope=isotope_name,
        start=sweep.start,
        basis=sweep.basis,
        repeat=sweep.repeat,
        atoms=atoms,
        vacancies=sweep.vacancies,
        species=tuple(crystal.species),
        mobile=crystal.mobile,
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
