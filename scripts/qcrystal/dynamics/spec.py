"""The one run specification that every engine takes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from ase import Atoms
from pydantic import BaseModel, ConfigDict, Field, model_validator

from qcrystal.dynamics.bath.parameters import Bath, highest_cutoff
from qcrystal.errors import QcrystalError
from qcrystal.potential.engines import Engine

CLASSICAL_METHODS = ("classical", "qtb", "adqtb")
QUANTUM_BATHS = ("qtb", "adqtb")
PATH_INTEGRAL_METHODS = ("pimd", "trpmd")


STEPS_PER_PERIOD = 12
"""Time steps that the fastest vibration's period must hold."""


def check_timestep(timestep: float, frequency: float) -> None:
    """Make sure that a time step (fs) follows the fastest vibration (THz).

    Raises
    ------
    RunError
        If a period holds fewer than `STEPS_PER_PERIOD` steps.
    """
    longest = longest_timestep(frequency)
    if timestep > longest:
        raise RunError(
            f"timestep {timestep:g} fs is too long for vibrations of {frequency:.0f} THz; take {longest:.2f} fs or less"
        )


def longest_timestep(frequency: float) -> float:
    """Longest time step (fs) for vibrations up to a frequency (THz)."""
    return 1e3 / (STEPS_PER_PERIOD * frequency)


class RunError(QcrystalError, RuntimeError):
    """A run that cannot start or go on; its message is one line that names the cause."""


class RunSpec(BaseModel):
    """One molecular-dynamics or path-integral run.

    Units: K, GPa, fs (``timestep``, ``barostat_time``), steps; ``masses`` in u per species of the type map.
    ``repeat`` holds the multiples of the unit cell named by ``basis``, from which the conventional cell is recovered.
    ``start`` is the shape of the start structure, unless ``recipe`` names the recipe that draws it.
    ``isotope`` is the one that moves; None: the species as they are by default.
    ``mobile`` is the species of which ``vacancies`` are missing and ``interstitials`` are in excess; ``atoms`` counts the sites
    of the perfect crystal. ``cell_of`` is the run at constant pressure whose mean volume a fixed cell has.
    ``engine`` evaluates the potential, see `qcrystal.potential.engines`. ``nct`` is no dynamics: its frames are independent
    samples of `qcrystal.variational`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str
    system: str
    method: Literal["classical", "qtb", "adqtb", "pimd", "trpmd", "nct"]
    ensemble: Literal["npt", "nvt"] = "npt"
    cell_of: str | None = None
    isotope: str | None = None
    start: str = "prototype"
    recipe: str | None = None
    basis: Literal["primitive", "conventional"] = "conventional"
    repeat: tuple[int, int, int]
    atoms: int | None = Field(None, gt=0)
    vacancies: int = Field(0, ge=0)
    interstitials: int = Field(0, ge=0)
    species: tuple[str, ...]
    mobile: str | None = None
    masses: dict[str, float]
    temperature: float = Field(ge=0)
    pressure: float | None
    timestep: float = Field(gt=0)
    steps: int = Field(gt=0)
    sample_every: int = Field(gt=0)
    checkpoint_every: int = Field(gt=0)
    replica: int = Field(0, ge=0)
    seed: int = Field(ge=0)
    beads: int = Field(1, ge=1)
    barostat_time: float = Field(200.0, gt=0)
    bath: Bath = Bath()
    engine: Engine = "native"

    @model_validator(mode="after")
    def _consistent(self) -> RunSpec:
        if self.method in PATH_INTEGRAL_METHODS and self.temperature <= 0:
            raise ValueError(f"run {self.run}: path integrals need a temperature above 0 K, not {self.temperature}")
        if self.method in CLASSICAL_METHODS and self.beads != 1:
            raise ValueError(f"run {self.run}: method {self.method} has one bead, not {self.beads}")
        if self.method == "trpmd" and self.ensemble == "npt":
            raise ValueError(f"run {self.run}: trpmd is dynamics at a fixed cell; set ensemble: nvt")
        if self.ensemble == "npt" and self.pressure is None:
            raise ValueError(f"run {self.run}: constant pressure needs a value for pressure")
        return self

    @property
    def quantum(self) -> bool:
        """Whether the method gives nuclei quantum motion."""
        return self.method != "classical"

    @property
    def length_ps(self) -> float:
        """Length of the run in ps."""
        return self.steps * self.timestep * 1e-3


def check_start(spec: RunSpec, structure: Atoms, model: Path) -> None:
    """Make sure that a run can start, whatever its engine.

    Raises
    ------
    RunError
        - A missing potential, foreign elements, or a species without mass.
        - A single atom in a bath, or a cut-off of the bath that is too high for the time step.
        - A cell without volume, or positions that are not numbers.
    """
    if not Path(model).is_file():
        raise RunError(f"run {spec.run}: there is no potential {model}; train one or name a released one")
    unknown = sorted(set(structure.get_chemical_symbols()) - set(spec.species))
    if unknown:
        raise RunError(
            f"run {spec.run}: the structure holds {', '.join(unknown)}, species are {', '.join(spec.species)}"
        )
    massless = sorted(set(spec.species) - set(spec.masses))
    if massless:
        raise RunError(f"run {spec.run}: no mass given for {', '.join(massless)}; give one in u")
    for symbol in spec.species:
        if not 0 < spec.masses[symbol] < np.inf:
            raise RunError(f"run {spec.run}: mass of {symbol} is {spec.masses[symbol]:g} u; give a positive one")
    if spec.method in CLASSICAL_METHODS and len(structure) < 2:
        raise RunError(
            f"run {spec.run}: {len(structure)} atom, which a bath without net force cannot move; take a larger cell"
        )
    wrong = ~np.isfinite(structure.positions).all(axis=1)
    if wrong.any():
        raise RunError(f"run {spec.run}: atom {int(np.argmax(wrong))} of the start structure is nowhere; make it again")
    if spec.method in QUANTUM_BATHS and spec.bath.cutoff > highest_cutoff(spec.timestep):
        raise RunError(
            f"run {spec.run}: bath cutoff {spec.bath.cutoff:g} THz is too high for a timestep of {spec.timestep:g} fs; "
            f"take {int(highest_cutoff(spec.timestep))} THz or less"
        )
    if not structure.cell.volume > 1e-3 * structure.cell.lengths().prod() > 0:
        raise RunError(f"run {spec.run}: the start cell is singular, {structure.cell.volume:.3g} Å³; make it again")
