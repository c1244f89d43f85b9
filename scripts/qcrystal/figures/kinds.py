"""The kinds of figures and tables: which tables a kind reads by role, which published values, and its options.

No crystal is named here, and nothing is drawn: a workflow reads this without importing matplotlib. A kind ``parity`` is
drawn by ``qcrystal.figures.parity.draw(inputs, published, options)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from qcrystal.fields import Count, Number, Positive, Text
from qcrystal.figures import phase_options as phases
from qcrystal.figures.options import (
    Claims,
    CompoundCouplings,
    Displacement,
    EquationOfState,
    FunnelErrors,
    HydrogenCages,
    Options,
    OrderParameter,
    Overview,
    PhaseMap,
    PhononDos,
    PhononsTemperature,
    TcModelErrors,
    TernaryHull,
    Vibrations,
)

Inputs = Mapping[str, Any]
"""Tables by role: ``pandas.DataFrame``, a list of them, or for crystals a list of ``ase.Atoms``; optional ones may lack."""


class SpeciesLook(Options):
    """How atoms of a species are drawn: ``color`` (``#rrggbb`` or a name of matplotlib's), ``radius`` in Å."""

    color: Text
    radius: Positive


class Enthalpies(Options):
    """``reference``: phase to which enthalpies are relative; ``high_symmetry``: the one that stands in where it lacks."""

    reference: Text
    high_symmetry: Text


class CrystalCells(Options):
    """Drawings of the high-symmetry phase, of the best other phase, and of the cage about an atom of ``centre``.

    ``cell_centres``: atoms of ``centre`` in the drawn cell; ``cage_atoms`` and ``quadrilaterals`` of one cage.
    """

    high_symmetry: Text
    space_group: Count
    centre: Text
    cell_centres: Count
    cage_atoms: Count
    quadrilaterals: Count
    species: dict[str, SpeciesLook]


class Parity(Options):
    """``quantity``: what is compared, one panel for all atoms (energy) or a row for each species (force)."""

    quantity: Literal["energy", "force"]


class LatticeDistance(Options):
    """A distance of the lattice: column of the equation of state, name among published values, how it is printed."""

    column: Text
    published: Text
    label: Text


class LatticeComparison(Options):
    """``distances``: those that the table lists, in this order."""

    distances: list[LatticeDistance]


class CageAngles(Options):
    """``pressure`` (GPa) at which angles are shown, or the nearest that was run."""

    pressure: Positive


class Trajectories(Options):
    """``categories`` of exchanges, one panel each; ``lattice``: the species that stays on its sites."""

    categories: dict[str, Text]
    lattice: Text
    lattice_color: Text


class MeanSquaredDisplacement(Options):
    """``curves`` to draw; ``mobile``: the species whose slope and diffusion coefficient are told."""

    curves: list[Displacement]
    mobile: Text


class PairDistribution(Options):
    """``pair`` of species, ``La-H``; ``range`` of distances (Å)."""

    pair: Text
    range: tuple[Number, Number]


class Methods(Options):
    """``reference``: the method from which the others' differences are taken."""

    reference: Text = "pimd"


class Pattern(Options):
    """One powder pattern: the run nearest to a pressure (GPa) and temperature (K), wavelength (Å), range of 2θ (degrees)."""

    pressure: Positive
    temperature: Positive
    wavelength: Positive
    range: tuple[Number, Number]


class Diffraction(Options):
    """``species`` that scatters; ``patterns``, one panel each; full ``width`` (degrees) of a line at half its height."""

    species: Text
    patterns: list[Pattern]
    width: Positive


class AnglePanel(Options):
    """One panel of cell angles.

    ``show``: their means against pressure, or their ``trace`` in time of one run. ``temperature`` (K), ``pressure`` (GPa, of a
    trace), ``isotope``: the run or runs nearest to them. ``cells``: the largest or the smallest that were run there.
    ``boundary``: role of the published pressure above which the crystal is cubic. ``title``: what the panel shows.
    """

    show: Literal["means", "trace"]
    temperature: Positive
    pressure: Positive | None = None
    isotope: Text | None = None
    cells: Literal["largest", "smallest"] = "largest"
    boundary: Text | None = None
    title: Text = ""


class CellAngles(Options):
    """``panels``: what each shows."""

    panels: list[AnglePanel]


class PhasePanel(Options):
    """One phase diagram: ``method`` and ``isotope`` of its runs; ``boundary``: role of a published boundary, at ``at`` (K)."""

    method: list[Text]
    isotope: Text
    title: Text
    boundary: Text | None = None
    at: Positive | None = None


class PhasePoints(Options):
    """``panels``: what each shows. ``observable``: the order parameter; ``threshold``: below it a crystal counts as symmetric.

    ``symmetric`` and ``distorted``: names of the phases.
    """

    panels: list[PhasePanel]
    observable: Text
    threshold: Positive
    symmetric: Text
    distorted: Text


class DistortedCell(Options):
    """The high-symmetry cell beside one that is distorted.

    ``high_symmetry`` and ``distorted`` name phases among the found structures. ``exaggeration`` multiplies the distortion.
    ``angle`` (degrees) is that of the cell that stands in where no found structure is distorted so.
    """

    high_symmetry: Text
    distorted: Text
    exaggeration: Positive
    angle: Positive
    centre: Text
    cell_centres: Count
    species: dict[str, SpeciesLook]


class ObservablePanel(Options):
    """``observable`` and ``species`` of the sweeps' summaries, the axis' ``label``, and what multiplies the values.

    ``logarithmic``: values that two errors do not hold off zero are upper limits.
    """

    observable: Text
    species: Text
    label: Text
    factor: Number = 1.0
    logarithmic: bool = False


class ObservablePanels(Options):
    """``panels`` of observables ``along`` temperature (K), pressure (GPa), or the inverse number of atoms.

    ``published_at``: where along the axis the published value stands, in the first panel.
    """

    panels: list[ObservablePanel]
    along: Literal["temperature_target", "pressure_target", "inverse_atoms"]
    published_at: Number | None = None


class DistortionAngles(Options):
    """``centre`` of the cages; ``cell_centres`` in the conventional cell; ``cage_atoms`` and ``quadrilaterals`` of one cage."""

    centre: Text
    cell_centres: Count
    cage_atoms: Count
    quadrilaterals: Count


@dataclass(frozen=True)
class Role:
    """A role in a kind of figure: the schema of its tables, whether there may be many, and whether it may be left out."""

    schema: str
    many: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of figure.

    Attributes
    ----------
    output
        ``figure`` (PDF and PNG) or ``table`` (CSV and LaTeX).
    inputs
        Roles of tables.
    published
        Roles of published values, which may all be left out. A role's kind is ``number``, ``text``, ``list``, or the numbers
        that it holds. ``*`` stands for roles of any name, with values of any kind.
    options
        Model of its options.
    printed
        Columns that a table in LaTeX has; empty: all.
    """

    output: Literal["figure", "table"]
    inputs: Mapping[str, Role]
    published: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    options: type[Options] = Options
    printed: tuple[str, ...] = ()


SUMMARY, SUMMARIES, DOS = Role("sweep_summary"), Role("sweep_summary", many=True), Role("phonon_dos")
NCT, NCT_TRAINING, NCT_PHONONS = (Role(f"nct_{name}", many=True) for name in ("summary", "training", "phonons"))
HOPS = {name: Role(f"hop_{name}", optional=name == "instantons") for name in ("saddles", "rates", "instantons")}
NCT_SIZES = Role("nct_size", many=True, optional=True)
TRACES = Role("sweep_cell", many=True, optional=True)
DFT_LATTICE, HELD_OUT = Role("lattice", optional=True), Role("held_out_frames", optional=True)

ANY = "*"
"""Role of published values of any name and kind."""

KINDS: dict[str, Kind] = {
    "enthalpies": Kind(
        "figure",
        {
            "enthalpies": Role("enthalpies"),
            "counts": Role("search_counts", optional=True),
            "dft": Role("dft_check", optional=True),
            "limits": Role("accuracy_limits", optional=True),
            "frames": HELD_OUT,
        },
        {"lowest": "list"},
        Enthalpies,
    ),
    "crystal_cells": Kind(
        "figure", {"structures": Role("structures"), "enthalpies": Role("enthalpies")}, options=CrystalCells
    ),
    "parity": Kind(
        "figure",
        {"errors": Role("parity_errors"), "histograms": Role("parity_histograms"), "frames": HELD_OUT},
        {"rmse": "number"},
        Parity,
    ),
    "lattice_comparison": Kind(
        "table",
        {"eos": Role("equation_of_state"), "dft": DFT_LATTICE},
        {"dft": ("a", "alpha"), "dp": ("a", "alpha")},
        LatticeComparison,
    ),
    "label_convergence": Kind("table", {"convergence": Role("dft_convergence")}),
    "pressure_comparison": Kind(
        "table",
        {"eos": Role("equation_of_state"), "labels": Role("label_pressures"), "dft": DFT_LATTICE},
        {"static_pressure": ("a", "pressure")},
    ),
    "phase_map": Kind("figure", {"summary": SUMMARY}, {"boundary": "number", "transition": "number"}, PhaseMap),
    "order_parameter": Kind(
        "figure", {"summaries": SUMMARIES}, {"transition": "number", "second": "number"}, OrderParameter
    ),
    "equation_of_state": Kind(
        "figure",
        {
            "eos": Role("equation_of_state"),
            "dft": DFT_LATTICE,
            "frames": Role("quality_frames", optional=True),
        },
        options=EquationOfState,
    ),
    "phonon_dos": Kind("figure", {"dos": DOS}, options=PhononDos),
    "vibrations": Kind("figure", {"vibrations": Role("vibrations", optional=True), "dos": DOS}, options=Vibrations),
    "phonons_temperature": Kind(
        "figure",
        {
            "dos": DOS,
            "self_consistent": Role("self_consistent_phonons"),
            "self_consistent_dos": Role("self_consistent_dos"),
        },
        options=PhononsTemperature,
    ),
    "cage_angles": Kind("figure", {"summary": SUMMARY}, {"transition": "number"}, CageAngles),
    "vibrational_energy": Kind(
        "figure",
        {"summaries": SUMMARIES, "harmonic": Role("harmonic_energy"), "dos": DOS},
        {"zero_point": "number"},
    ),
    "zero_point": Kind(
        "figure", {"summaries": SUMMARIES, "phonons": Role("phonons"), "dos": DOS}, {"zero_point": "number"}
    ),
    "free_energies": Kind("figure", {"summary": Role("nct_summary")}),
    "nct_training": Kind("figure", {"training": NCT_TRAINING, "summaries": NCT}, {ANY: "number"}, phases.NctTraining),
    "quasiphonon_dos": Kind(
        "figure", {"phonons": NCT_PHONONS, "summaries": NCT}, {ANY: "number"}, phases.QuasiphononDos
    ),
    "level_rdf": Kind("figure", {"curves": Role("nct_rdf", many=True), "summaries": NCT}, options=phases.LevelRdf),
    "site_coordinate": Kind(
        "figure", {"sites": Role("nct_sites"), "summary": Role("nct_summary")}, {ANY: "any"}, phases.SiteCoordinate
    ),
    "gibbs_difference": Kind("figure", {"summaries": NCT, "sizes": NCT_SIZES}, {ANY: "number"}, phases.GibbsDifference),
    "transitions": Kind("table", {"summaries": NCT, "sizes": NCT_SIZES}, {ANY: "any"}, phases.Transitions),
    "phase_entropy": Kind("figure", {"summaries": NCT}, options=phases.PhaseEntropy),
    "trajectories": Kind("figure", {"paths": Role("sweep_paths")}, {"categories": "list"}, Trajectories),
    "mean_squared_displacement": Kind(
        "figure",
        {"msd": Role("sweep_msd"), "summary": SUMMARY},
        {"diffusion": "number"},
        MeanSquaredDisplacement,
    ),
    "pair_distribution": Kind(
        "figure", {"curves": Role("sweep_rdf", many=True)}, {"comparison": "text"}, PairDistribution
    ),
    "overview": Kind(
        "figure",
        {
            "maps": Role("sweep_summary", many=True, optional=True),
            "msd": Role("sweep_msd", optional=True),
            "curves": Role("sweep_rdf", many=True),
        },
        {"diffusion": "number"},
        Overview,
    ),
    "diffraction": Kind(
        "figure", {"reflections": Role("sweep_diffraction")}, {"wavelengths": "list"}, options=Diffraction
    ),
    "cell_angles": Kind(
        "figure",
        {"summaries": Role("sweep_summary", many=True, optional=True), "traces": TRACES},
        {"boundary": "number", "second_boundary": "number", "remark": "text"},
        CellAngles,
    ),
    "phase_points": Kind(
        "figure",
        {"summaries": SUMMARIES, "traces": TRACES},
        {"boundary": "number", "second_boundary": "number"},
        PhasePoints,
    ),
    "distorted_cell": Kind(
        "figure", {"structures": Role("structures"), "enthalpies": Role("enthalpies")}, options=DistortedCell
    ),
    "observable_panels": Kind("figure", {"summaries": SUMMARIES}, {"value": "number"}, ObservablePanels),
    "distortion_angles": Kind(
        "table",
        {
            "structures": Role("structures"),
            "enthalpies": Role("enthalpies"),
            "dft": Role("dft_check", optional=True),
        },
        options=DistortionAngles,
    ),
    "claims": Kind(
        "table",
        {
            "summaries": Role("sweep_summary", many=True, optional=True),
            "traces": TRACES,
            "curves": Role("sweep_rdf", many=True, optional=True),
            "enthalpies": Role("enthalpies", optional=True),
            "counts": Role("search_counts", optional=True),
            "eos": Role("equation_of_state"),
            "errors": Role("parity_errors"),
            "frames": Role("held_out_frames", optional=True),
        },
        {ANY: "any"},
        Claims,
        ("claim", "published", "ours", "verdict", "reason"),
    ),
    "double_well": Kind(
        "figure",
        {"well": Role("double_well"), **{name: Role(f"hop_{name}") for name in ("paths", "saddles", "rates")}},
    ),
    "potential_spread": Kind("figure", {"potentials": Role("potentials")}),
    "potential_spreads": Kind("table", {"potentials": Role("potentials")}),
    "hop_barriers": Kind(
        "table",
        HOPS,
        printed=(
            "mechanism",
            "isotope",
            "barrier_eV",
            "zero_point_barrier_eV",
            "barrier_frequency_THz",
            "crossover_K",
            "log_rate_300K_classical",
            "log_rate_300K_tunnelling",
            "log_rate_150K_path",
            "log_rate_150K_instanton",
        ),
    ),
    "leakage": Kind("figure", {"summaries": SUMMARIES, "dos": DOS}),
    "friction_table": Kind("table", {"summaries": SUMMARIES}),
    "methods": Kind("table", {"summaries": SUMMARIES, "dos": DOS}, options=Methods),
    "bead_convergence": Kind("figure", {"summary": SUMMARY, "dos": DOS}),
    "data_quality": Kind(
        "figure",
        {
            "frames": Role("quality_frames"),
            "systems": Role("quality_systems"),
            "histograms": Role("quality_histograms"),
        },
    ),
    "data_sets": Kind(
        "table", {"systems": Role("quality_systems"), "potential": Role("quality_systems", optional=True)}
    ),
    "accuracy_map": Kind(
        "figure",
        {
            "maps": SUMMARIES,
            "conditions": Role("accuracy_conditions"),
            "limits": Role("accuracy_limits"),
            "frames": Role("held_out_frames"),
        },
    ),
    "structure_map": Kind("figure", {"frames": Role("structure_map")}),
    "generation_errors": Kind("figure", {"errors": Role("generation_errors"), "generations": Role("generations")}),
    "funnel": Kind(
        "figure",
        {"funnel": Role("ternary_funnel"), "range": Role("ternary_funnel_range", optional=True)},
        {"survivors": ("F0", "F1", "F2", "F3", "F4", "F5")},
    ),
    "trainer_errors": Kind("table", {"trainers": Role("ternary_trainers")}, {"errors": ("energy", "force", "virial")}),
    "hull_errors": Kind("figure", {"losses": Role("ternary_hull_errors")}, {"error": "number"}, FunnelErrors),
    "ternary_hull": Kind(
        "figure",
        {"candidates": Role("ternary_candidates"), "references": Role("ternary_references")},
        options=TernaryHull,
    ),
    "false_rejects": Kind("figure", {"rejects": Role("ternary_rejects")}),
    "broadening": Kind("figure", {"tc": Role("critical_temperatures")}),
    "quantum_couplings": Kind("figure", {"tc": Role("quantum_temperatures")}, {"lambda": ("harmonic", "anharmonic")}),
    "compound_couplings": Kind("table", {"tc": Role("critical_temperatures")}, {ANY: "any"}, CompoundCouplings),
    "hydrogen_cages": Kind("figure", {"candidates": Role("ternary_all")}, {"cages": "list"}, HydrogenCages),
    "tc_hull": Kind(
        "figure", {"candidates": Role("ternary_all"), "tc": Role("critical_temperatures")}, {"tc": (), "hull": ()}
    ),
    "tc_formulas": Kind("figure", {"formulas": Role("tc_formulas")}),
    "tc_model_errors": Kind("table", {"model": Role("tc_model")}, {"mae": ("mae", "error")}, TcModelErrors),
    "published_hydrides": Kind("table", {"candidates": Role("ternary_all")}, {"values": ()}),
    "funnel_errors": Kind(
        "table",
        {"candidates": Role("ternary_candidates"), "losses": Role("ternary_hull_errors", optional=True)},
        {"error": "number"},
        FunnelErrors,
    ),
}
