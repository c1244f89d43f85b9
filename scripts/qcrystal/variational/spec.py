"""The specification of one variational calculation: a crystal at a volume or pressure and a temperature, and the effort."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qcrystal.fields import Count, Positive, Strict
from qcrystal.potential.engines import Engine

Level = Literal["harmonic", "occupations", "scha", "flow_bose", "nct"]
LEVELS: tuple[Level, ...] = ("harmonic", "occupations", "scha", "flow_bose", "nct")
"""Each contains the one before it, so its free energy cannot be higher; ``harmonic`` is no bound."""
Laplacian = Literal["exact", "probe"]
Gradient = Literal["pathwise", "score"]


class Integration(Strict):
    """Thermodynamic integration from oscillators, beside the variational free energies."""

    points: Annotated[Count, Field(ge=3, le=32)] = 5
    """Points of the coupling λ, both ends among them."""
    chains: Annotated[Count, Field(ge=4)] = 16
    """Independent chains of paths: their spread is the error."""
    moves: Annotated[Count, Field(ge=2)] = 40
    """Measured moves of each chain at each point; half as many go before."""
    bead_ratio: Annotated[Positive, Field(le=100)] = 1.5
    """Points of a path in units of βħω of the highest phonon."""


class Structure(Strict):
    """The order parameter by which a run of path integrals shows that the crystal has another structure."""

    observable: str
    """Observable of the sweeps' summaries, such as ``angle_deviation``."""
    most: Positive
    """Value, in its unit, that the structure of the prototype does not exceed."""


class NctSpec(BaseModel):
    """One calculation; all levels up to ``level`` are optimised and measured.

    Units: K, GPa, Å³/atom (``volume``), meV (``frequency_floor``), Å (``displacement``), u (``masses``).
    ``repeat`` counts cells of the kind ``basis`` of the ``prototype``. One of ``volume`` and ``pressure`` is given.
    The volume of a pressure is the quasi-harmonic one. ``steps`` are those of each level. ``references``: whether thermodynamic
    integrations are done beside. ``potential``: a published one; None: that of the workflow.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str
    system: str
    level: Literal["occupations", "scha", "flow_bose", "nct"]
    prototype: str
    basis: Literal["primitive", "conventional"]
    repeat: tuple[int, int, int]
    species: tuple[str, ...]
    masses: dict[str, float]
    volume: float | None = Field(None, gt=0)
    pressure: float | None = None
    temperature: float = Field(gt=0)
    seed: int = Field(ge=0)
    levels: int = Field(20, ge=2)
    couplings: int = Field(6, ge=0)
    width: int = Field(128, ge=1)
    frequency_floor: float = Field(gt=0)
    displacement: float = Field(gt=0)
    steps: int = Field(gt=0)
    batch: int = Field(ge=4)
    samples: int = Field(ge=64)
    rate: float = Field(0.02, gt=0)
    laplacian: Laplacian = "exact"
    gradient: Gradient = "pathwise"
    engine: Engine = "native"
    potential: str | None = None
    references: bool = True
    integration: Integration = Integration()
    structure: Structure | None = None

    @model_validator(mode="after")
    def _consistent(self) -> NctSpec:
        if (self.volume is None) == (self.pressure is None):
            raise ValueError(f"run {self.run}: give either a volume or a pressure")
        massless = sorted(set(self.species) - set(self.masses))
        if massless:
            raise ValueError(f"run {self.run}: no mass given for {', '.join(massless)}; give one in u")
        return self
