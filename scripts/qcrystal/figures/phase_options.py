"""Options of figures that compare phases by variational free energies; see `qcrystal.figures.kinds`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from qcrystal.fields import Number, Positive, Text
from qcrystal.figures.options import Options

Ansatz = Literal["occupations", "scha", "flow_bose", "nct"]
Level = Literal["occupations", "scha", "flow_bose", "nct", "path_integrals", "classical"]


class AtOneState(Options):
    """``names`` of the phases, as their tables follow; ``temperature`` (K); ``volume`` (Å³/atom), the nearest is taken."""

    names: list[Text] = Field(min_length=1)
    temperature: Positive
    volume: Positive


class NctTraining(AtOneState):
    """Nothing besides."""


class QuasiphononDos(AtOneState):
    """``width`` (meV) of the Gaussian that each phonon is drawn as."""

    width: Positive = 1.0


class LevelRdf(AtOneState):
    """``pair`` of elements, ``range`` of distances (Å), and the ``levels`` that are compared."""

    pair: Text
    range: tuple[Number, Number]
    levels: list[Ansatz] = Field(min_length=1)


class SiteCoordinate(Options):
    """``coordinate`` of the ``site`` of this number, at ``temperature`` (K), by ``levels``; ``name``: what the axis calls it."""

    site: int = Field(0, ge=0)
    coordinate: Literal["x", "y", "z"] = "x"
    name: Text
    temperature: Positive
    levels: list[Ansatz] = Field(min_length=1)


class OfTwoPhases(Options):
    """``names`` of the two phases; ``above``: that which the published study finds lower above the transition."""

    names: tuple[Text, Text]
    above: Text | None = None

    @model_validator(mode="after")
    def _above_is_one_of_them(self) -> Self:
        if self.above is not None and self.above not in self.names:
            raise ValueError(f"above: {self.above} is none of the phases {' and '.join(self.names)}")
        return self

    def lower(self, found: int) -> str:
        """Words for the phase that is lower above a transition. They say where the published study has the other."""
        name = self.names[found]
        return f"{name} is lower above it" + (
            f", where the published study has {self.above}" if self.above not in (None, name) else ""
        )


class GibbsDifference(OfTwoPhases):
    """``levels`` that are drawn ``along`` temperature, at the first of ``pressures`` (GPa), or along these pressures at
    ``temperature`` (K)."""

    levels: list[Level] = Field(min_length=1)
    along: Literal["temperature", "pressure"] = "temperature"
    pressures: list[Number] = Field(min_length=1)
    temperature: Positive | None = None


class Transitions(OfTwoPhases):
    """``levels`` and ``pressures`` (GPa) of the rows."""

    levels: list[Level] = Field(min_length=1)
    pressures: list[Number] = Field(min_length=1)


class PhaseEntropy(Options):
    """``names`` of the phases, the ``level`` that is held against the harmonic one, and ``volume`` (Å³/atom)."""

    names: list[Text] = Field(min_length=1)
    level: Level
    volume: Positive
