"""Options of kinds of figures that every crystal has: statics, order parameters, claims; see `qcrystal.figures.kinds`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

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


class Vibrations(Options):
    """``temperature`` (K) and ``pressure`` (GPa) of the runs that are shown; one panel for each of ``species``."""

    temperature: Positive
    pressure: Number
    species: list[Text]


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


class Displacement(Options):
    """One curve: a species and the kind of displacement, ``standard`` or ``reordered``."""

    species: Text
    kind: Literal["standard", "reordered"]


class Overview(Options):
    """``observable``, ``label``, ``lowest`` and ``color_range`` of the maps; ``pair`` and ``range`` (Å) of g(r).

    ``displacements``: curves of mean squared displacements, if their table is given. ``steps`` of the workflow, and what each
    makes.
    """

    observable: Text
    label: Text
    lowest: Number = 0.0
    color_range: Positive
    pair: Text
    range: tuple[Number, Number]
    displacements: list[Displacement] = []
    steps: dict[Text, Text] = {}


class TernaryHull(Options):
    """``elements`` at the left and right corner, hydrogen being on top; ``height``: largest energy above the hull, eV/atom.

    Without ``elements`` they are those of the first candidate. Candidates of others are left out and counted.
    """

    elements: tuple[Text, Text] | None = None
    height: Number = 0.2


class CompoundCouplings(Options):
    """``sigma``: broadening (Ry) whose values the table shows, or the nearest one that was computed."""

    sigma: Number = 0.03


class HydrogenCages(Options):
    """``height``: largest energy above the hull (eV/atom) of the candidates that are counted."""

    height: Number = 0.05


class TcModelErrors(Options):
    """``enough``: compounds below which the errors are called plumbing, no prediction."""

    enough: int = 50


class FunnelErrors(Options):
    """``heights``: energies above the hull (meV/atom) whose loss is told; ``threshold`` (meV/atom) of F1."""

    heights: list[Number] = [0, 25]
    threshold: Number = 50


class Claim(Options):
    """How one published value is tried. Which keys it needs follows from ``test``; see `qcrystal.figures.claims`.

    Attributes
    ----------
    test
        What is compared:

        - ``number``: a value, ``limit``: that ours is at most the published one, ``events``: that they happen
        - ``boundary`` of a phase along pressure or temperature, ``phase`` of all runs of a range
        - ``peaks`` of pair distributions, ``lowest`` phases by enthalpy
        - ``lattice``, ``static`` pressure of a lattice, ``accuracy`` of the potential
        - ``setting`` of the published calculation
    text
        The claim in words.
    sweeps
        Names of the sweeps among the table's inputs.
    observable, species, unit
        Of the sweeps' summaries.
    factor
        By which our value is multiplied to have the published unit.
    where
        Ranges of pressure (GPa) and temperature (K) of the runs.
    along
        Column along which a boundary is sought; ``threshold`` of the order parameter; ``rises``: beyond the boundary it is large.
    phase
        ``symmetric`` or ``distorted``.
    uncertainty
        Of the published value.
    least_length
        ps of production that the claim needs.
    least_atoms
        Atoms of the largest cell that a phase needs: a small cell lacks the waves that decide it.
    reason
        Of a setting: why nothing is decided.
    """

    test: Literal[
        "number", "limit", "events", "boundary", "phase", "peaks", "lowest", "lattice", "accuracy", "static", "setting"
    ]
    text: Text
    published: Text
    sweeps: list[Text] = []
    observable: Text = ""
    species: Text | None = None
    unit: str = ""
    factor: Number = 1.0
    pressures: tuple[Number, Number] | None = None
    temperatures: tuple[Number, Number] | None = None
    along: Literal["pressure_target", "temperature_target"] = "pressure_target"
    threshold: Positive | None = None
    rises: bool = False
    phase: Literal["symmetric", "distorted"] = "symmetric"
    limit: Positive | None = None
    uncertainty: Number = 0.0
    least_length: Positive = 20.0
    least_atoms: int = Field(0, ge=0)
    reason: str = ""


class Claims(Options):
    """``claims`` by name, in the order of the table."""

    claims: dict[Text, Claim]
