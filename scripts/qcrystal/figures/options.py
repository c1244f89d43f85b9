"""Options of kinds of figures that every crystal has: statics and order parameters; see `qcrystal.figures.kinds`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from qcrystal.fields import Count, Number, Positive, Text


class Options(BaseModel):
    """Options of a kind of figure, besides its tables."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EquationOfState(Options):
    """``system``: the system of the data set whose frames are the crystal at rest; ``dft_label``: how its points are called."""

    system: Text | None = None
    dft_label: Text = "DFT"


class PhononDos(Options):
    """``species`` and their colours; ``panels``: pressures that are shown, spread over those of the table."""

    species: dict[str, Text]
    panels: Count = 3


class PhononsTemperature(Options):
    """``panels``: pressures that are shown, spread over those of the table."""

    panels: Count = 3


class OrderParameter(Options):
    """``observable`` and ``label`` of the axis; ``along`` which it is drawn, ``at`` which value of the other condition.

    ``noise``: the observable that it must exceed to mean something. ``texts``: what each published value is, by its role.
    """

    observable: Text
    label: Text
    along: Literal["pressure", "temperature"] = "pressure"
    at: Number | None = None
    noise: Text | None = None
    texts: dict[str, Text] = {}


class PhaseMap(Options):
    """``observable``: the order parameter, in the sweep's summary; ``label``: of its colour bar; ``color_range``: its least.

    ``lowest``: where the colours begin. ``noise``: the observable that the order parameter must exceed to mean something.
    ``noise_note``: what the marks of conditions say where it does not. ``exchange_note``: the same where mobile atoms changed
    sites.

    ``boundary_text``: what holds on the side of the published boundary, ``cubic above``; ``transition_pressure`` (GPa): of
    the published transition temperature.
    """

    observable: Text
    label: Text
    color_range: Positive
    lowest: Number = 0.0
    boundary_text: Text = "boundary"
    transition_pressure: Positive | None = None
    noise: Text | None = None
    noise_note: Text = "noise alone reaches this value in one of twenty runs"
    exchange_note: Text = "mobile atoms changed sites"


class Overview(Options):
    """``observable``, ``label``, ``lowest`` and ``color_range`` of the maps; ``pair`` and ``range`` (Å) of g(r).

    ``steps`` of the workflow, and what each makes.
    """

    observable: Text
    label: Text
    lowest: Number = 0.0
    color_range: Positive
    pair: Text
    range: tuple[Number, Number]
    steps: dict[Text, Text]


class TernaryHull(Options):
    """``elements`` at the left and right corner, hydrogen being on top; ``height``: largest energy above the hull, eV/atom."""

    elements: tuple[Text, Text]
    height: Number = 0.2


class CompoundCouplings(Options):
    """``sigma``: broadening (Ry) whose values the table shows, or the nearest one that was computed."""

    sigma: Number = 0.03


class HydrogenCages(Options):
    """``height``: largest energy above the hull (eV/atom) of the candidates that are counted."""

    height: Number = 0.05


class FunnelErrors(Options):
    """``heights``: energies above the hull (meV/atom) whose loss is told; ``threshold`` (meV/atom) of F1."""

    heights: list[Number] = [0, 25]
    threshold: Number = 50
