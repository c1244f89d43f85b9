"""Variational free energies: the ansatz of a crystal, the effort of a scale, and the calculations that follow."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from qcrystal.config.messages import repeated
from qcrystal.config.sweep import Sweep
from qcrystal.crystal.prototype import Prototype
from qcrystal.dynamics.spec import PATH_INTEGRAL_METHODS
from qcrystal.errors import Problem
from qcrystal.fields import Count, Name, Positive, Pressure, Repeat, Strict, Whole
from qcrystal.potential.engines import Engine
from qcrystal.variational.spec import Gradient, Integration, Laplacian, NctSpec, Structure


class Nct(Strict):
    """Ansatz of the variational density matrix, and the phonons that it starts from."""

    levels: Annotated[Count, Field(ge=2, le=200)] = 20
    """Free occupation probabilities of each phonon; those above follow a Bose distribution."""
    couplings: Annotated[Whole, Field(le=64)] = 6
    """Affine coupling layers of the flow."""
    width: Annotated[Count, Field(le=2048)] = 128
    """Nodes of each of the two hidden layers of a coupling's network."""
    masks: Literal["stars"] = "stars"
    """Sets of phonons that a coupling takes apart: stars, the phonons of one energy."""
    frequency_floor: Positive = 1.0
    """Least ħω of a coordinate (meV); soft and imaginary phonons are raised to it."""
    displacement: Annotated[Positive, Field(le=0.5)] = 0.02
    """Displacement (Å) from which the harmonic force constants are taken."""
    gradient: Gradient = "pathwise"
    """Gradient of the free energy: through the samples (needs forces), or by the score (needs energies)."""
    structure: Structure | None = None
    """Order parameter by which path integrals show another structure; null: none is looked at."""


def one_of_volumes_and_pressures(volumes: list[float] | None, pressures: list[float] | None) -> Iterator[Problem]:
    """The size of the cell is told in one way."""
    if (volumes is None) == (pressures is None):
        yield Problem("", "volumes", "give either volumes or pressures", "name one of the two")


def every_calculation_once(
    volumes: list[float] | None, pressures: list[float] | None, temperatures: list[float], seeds: list[int]
) -> Iterator[Problem]:
    """No calculation is done twice."""
    axes: dict[str, list[float]] = {
        "volumes": volumes or [],
        "pressures": pressures or [],
        "temperatures": temperatures,
        "seeds": [*map(float, seeds)],
    }
    for key, values in axes.items():
        yield from repeated(key, values, "keep one")


class NctSweep(Strict):
    """A table of variational calculations: every volume or pressure with every temperature and seed."""

    checks = (one_of_volumes_and_pressures, every_calculation_once)

    method: Literal["nct"] = "nct"
    """The only one; it may be left out."""
    level: Literal["occupations", "scha", "flow_bose", "nct"] = "nct"
    """Highest level; those below it are optimised and measured too."""
    prototype: str | None = None
    """Prototype of the crystal, for a phase of its own; null: the one that runs start from."""
    potential: Literal["dp0", "dp4"] | None = None
    """A published potential of lithium, downloaded and verified; null: the potential of the workflow."""
    basis: Literal["primitive", "conventional"] = "primitive"
    """Unit cell of the prototype that is repeated."""
    repeat: Repeat = (1, 1, 1)
    """Multiples of the unit cell along its vectors."""
    displacement: Annotated[Positive, Field(le=0.5)] | None = None
    """Displacement (Å) from which the harmonic force constants are taken; null: that of the crystal."""
    volumes: list[Positive] | None = Field(None, min_length=1)
    """Volumes (Å³/atom)."""
    pressures: list[Pressure] | None = Field(None, min_length=1)
    """Pressures (GPa); the volumes are those of the quasi-harmonic approximation."""
    temperatures: list[Annotated[Positive, Field(le=2e4)]] = Field(min_length=1)
    """Temperatures (K)."""
    seeds: list[Whole] = Field([0], min_length=1)
    """Seeds of weights and samples; their spread is part of the error."""
    steps: Count | None = None
    """Steps of Adam at each level; null: those of ``nct.steps``."""
    batch: Annotated[Count, Field(ge=4, multiple_of=2)] | None = None
    """Samples of a step; null: those of ``nct.batch``."""
    rate: Annotated[Positive, Field(le=1)] | None = None
    """First learning rate; null: that of ``nct.rate``."""
    references: bool = True
    """Whether F is found by thermodynamic integration too, with classical atoms and with path integrals, in the same cell."""
    paths: Name | None = None
    """Sweep of path integrals by which results are refused where the method cannot hold, at the pressures and temperatures that
    both have; null: none."""


class NctEffort(Strict):
    """Effort of variational calculations."""

    steps: Count = 300
    """Steps of Adam at each level."""
    batch: Annotated[Count, Field(ge=4, multiple_of=2)] = 64
    """Samples of a step, half of them mirror images of the other half."""
    samples: Annotated[Count, Field(ge=64)] = 4096
    """Fresh samples for the final values."""
    rate: Annotated[Positive, Field(le=1)] = 0.02
    """First learning rate; it falls to a hundredth."""
    laplacian: Laplacian = "exact"
    """Kinetic energy in training: exact, or by one random probe per sample (cheaper above about 150 phonons)."""
    integration: Integration = Integration()
    """Thermodynamic integrations beside."""
    sweeps: dict[Name, NctSweep] = {}
    """Tables of calculations, by name."""


def calculation_name(system: str, sweep: NctSweep, size: str, temperature: float, seed: int) -> str:
    """Name of a calculation and of its folder."""
    cell = "x".join(map(str, sweep.repeat))
    phase = "".join(f"-{one}" for one in (sweep.prototype, sweep.potential) if one)
    return f"{system}{phase}-{sweep.level}-{sweep.basis}{cell}-{size}-{temperature:g}K-s{seed}"


def phases_are_prototypes(scale_nct: NctEffort, prototypes: dict[str, Prototype], prototype: str) -> Iterator[Problem]:
    """Sweeps name prototypes; the equation of state, which knows the volumes of pressures, is of one of them."""
    for name, sweep in scale_nct.sweeps.items():
        if sweep.prototype is not None and sweep.prototype not in prototypes:
            found = f"{sweep.prototype!r} is not among prototypes {sorted(prototypes)}"
            yield Problem("scale", f"nct.sweeps.{name}.prototype", found, "name one of them")
        elif sweep.pressures and sweep.potential:
            found = f"the equation of state is of the workflow's potential, not {sweep.potential}"
            yield Problem("scale", f"nct.sweeps.{name}.pressures", found, "give volumes")
        elif sweep.pressures and sweep.prototype not in (None, prototype):
            found = f"the equation of state is of {prototype}, not {sweep.prototype}"
            yield Problem("scale", f"nct.sweeps.{name}.pressures", found, "give volumes")


def judges_are_path_integrals(scale_nct: NctEffort, scale_sweeps: dict[str, Sweep]) -> Iterator[Problem]:
    """The sweep that results are judged by is one of path integrals, of the same atoms, at fixed pressures."""
    for name, sweep in scale_nct.sweeps.items():
        if sweep.paths is None:
            continue
        judge, where = scale_sweeps.get(sweep.paths), f"nct.sweeps.{name}.paths"
        known = [key for key, one in scale_sweeps.items() if one.method in PATH_INTEGRAL_METHODS]
        if judge is None or judge.method not in PATH_INTEGRAL_METHODS:
            yield Problem(
                "scale", where, f"{sweep.paths!r} is no sweep of path integrals", f"known: {', '.join(known)}"
            )
        elif judge.isotope or judge.vacancies or judge.interstitials or judge.start != "prototype" or sweep.prototype:
            found = f"{sweep.paths!r} has another crystal: isotope, defects, start or prototype differ"
            yield Problem("scale", where, found, "take a sweep of the same atoms")
        elif not sweep.pressures:
            yield Problem("scale", where, "volumes cannot be found among a sweep's pressures", "give pressures")


def calculations(
    sweep: NctSweep,
    ansatz: Nct,
    effort: NctEffort,
    system: str,
    prototype: str,
    masses: Mapping[str, float],
    seed: Callable[..., int],
    engine: Engine,
) -> Iterator[NctSpec]:
    """The specifications of a sweep.

    Parameters
    ----------
    prototype
        The crystal's own.
    masses
        u, per species, in the order of the potential's type map.
    seed
        A seed by names, such as `qcrystal.config.runs.Configuration.seed`.
    """  # fmt: skip
    sizes = [{"volume": volume} for volume in sweep.volumes or []]
    sizes += [{"pressure": pressure} for pressure in sweep.pressures or []]
    for size, temperature, number in itertools.product(sizes, sweep.temperatures, sweep.seeds):
        (kind, value), *_ = size.items()
        text = f"{value:g}{'A3' if kind == 'volume' else 'GPa'}"
        name = calculation_name(system, sweep, text, temperature, number)
        yield NctSpec(
            run=name, system=system, level=sweep.level,
            prototype=sweep.prototype or prototype, basis=sweep.basis, repeat=sweep.repeat, species=tuple(masses),
            masses=dict(masses), temperature=temperature, seed=seed("variational", name), levels=ansatz.levels,
            couplings=ansatz.couplings, width=ansatz.width, frequency_floor=ansatz.frequency_floor,
            displacement=sweep.displacement or ansatz.displacement,
            gradient=ansatz.gradient, steps=sweep.steps or effort.steps, batch=sweep.batch or effort.batch,
            samples=effort.samples, rate=sweep.rate or effort.rate, laplacian=effort.laplacian, engine=engine,
            volume=size.get("volume"), pressure=size.get("pressure"), references=sweep.references,
            integration=effort.integration, structure=ansatz.structure, potential=sweep.potential,
        )  # fmt: skip
