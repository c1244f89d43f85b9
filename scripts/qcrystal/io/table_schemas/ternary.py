"""Tables of the search over compositions, and of superconductivity."""

from __future__ import annotations

from qcrystal.io.schemas import Schema, number, text, truth, whole
from qcrystal.io.table_schemas.columns import SPACE_GROUP

NAME = text("name", "name of the candidate: its cell's formula and a number")
CELL = text("formula", "atoms of the cell")
STAGE = text("stage", "stage of the funnel", "F0", "F1", "F2", "F3", "F4", "F5")
POTENTIAL = (
    text("potential", "what the search was done with", "trained", "stand-in"),
    whole("frames", "labelled frames behind that potential, those held out as well", missing=True, optional=True),
)
LOWEST = number("lowest_frequency", "THz", "lowest phonon frequency; negative: imaginary", missing=True)
HULL_DFT = number("above_hull_dft", "eV/atom", "energy above the hull by DFT", low=0, missing=True)
CANDIDATE = (
    NAME,
    CELL,
    whole("atoms", "atoms of the primitive cell", low=1),
    text("origin", "how the start was made"),
    whole("times", "how often it was found", low=1),
    number("enthalpy", "eV/atom", "enthalpy at rest by the potential"),
    number("volume", "Å³/atom", "volume", low=0),
    number("above_hull", "eV/atom", "energy above the hull by the potential", low=0),
    number("above_hull_low", "eV/atom", "2.5 % quantile, from the potential's error", low=0),
    number("above_hull_high", "eV/atom", "97.5 % quantile", low=0),
    number("lost", "", "share of the errors' draws in which F1 rejects it", low=0, high=1),
    SPACE_GROUP,
    whole("spacegroup_number", "number of the space group", low=1),
    whole("spacegroup_number_<tolerance>", "the same at another tolerance", low=1),
    number("hh_fraction", "", "share of H without another one nearby", low=0, high=1),
    text("decomposition", "references that it falls apart into, with their shares of the atoms"),
    text("cages", "hydrogen cages about each metal"),
    *POTENTIAL,
)
LOOP = whole("loop", "1: on the way of relaxations; 2: relaxed crystals", low=1)
PROGRESS = (
    LOOP,
    whole("judged", "frames that it judged"),
    *(whole(kind, f"those of them that are {kind}") for kind in ("accurate", "candidate", "failed")),
    whole("chosen", "frames that it labels"),
    number("error", "eV/atom", "scatter of the energies' errors on them, before training", low=0, missing=True),
    truth("ended", "whether the loop has reached its end"),
    *POTENTIAL,
)
ERRORS = text("source", "whose errors", "assumed", "DFT", "committee", "scatter alone", "offset alone")
SHARES = tuple(
    number(f"{name}{end}", "", meaning.format(which), low=0, high=1, missing=True)
    for name, meaning in {
        "lost_stable": "share of the hydrides on the hull that F1 rejects{}",
        "lost_within": "share of the candidates within the threshold that it rejects{}",
        "kept_wrong": "share of the candidates that it keeps that are above the threshold{}",
    }.items()
    for end, which in {"": "", "_low": ", 2.5 % quantile over draws", "_high": ", 97.5 % quantile"}.items()
)
PHONONS = ("harmonic", "quantum", "quantum, potential alone")
TC = (
    number("mu_star", "", "Coulomb pseudopotential", low=0),
    number("lambda", "", "coupling λ", low=0, missing=True),
    number("omega_log", "K", "logarithmic mean frequency", low=0, missing=True),
    number("omega_2", "K", "root mean square frequency", low=0, missing=True),
    number("mcmillan", "K", "T_c by McMillan's formula", low=0, missing=True),
    number("allen_dynes", "K", "T_c by Allen and Dynes' formula", low=0, missing=True),
    number("eliashberg", "K", "T_c by the isotropic Eliashberg equations", low=0, missing=True),
)
MESHES = (
    whole("k", "k-points along each reciprocal vector; empty: not known", low=1, missing=True),
    whole("dense_k", "the same of the mesh on which couplings are summed", low=1, missing=True),
    whole("q", "the same of the wave vectors", low=1, missing=True),
)
SIGMA = number("sigma", "Ry", "broadening of the electrons' energies; empty: α²F was given", low=0, missing=True)
COMPOUND = text("compound", "name of the compound")

TABLES: dict[str, Schema] = {
    "ternary_compositions": Schema(
        "Compositions of the search.",
        ("search/ternary/compositions.csv",),
        (
            CELL,
            text("first", "first element"),
            text("second", "second element"),
            *(whole(name, f"atoms of the {what}", low=1) for name, what in zip("mn", ("first", "second"), strict=True)),
            whole("x", "hydrogen atoms", low=1),
            whole("atoms", "all atoms", low=3),
            text("reduced", "formula unit"),
        ),
        ("ternary:compositions",),
    ),
    "ternary_references": Schema(
        "Reference crystals of the hull, relaxed with the potential.",
        ("search/ternary/references.csv", "search/ternary/turns/*/references.csv"),
        (
            text("name", "name of the crystal"),
            CELL,
            number("enthalpy", "eV/atom", "enthalpy at rest"),
            number("volume", "Å³/atom", "volume", low=0),
            SPACE_GROUP,
            truth("converged", "whether the relaxation ended"),
            text(
                "left_out",
                "crystals that collapse with this potential, and are no references",
                missing=True,
                optional=True,
            ),
        ),
        ("ternary:references",),
    ),
    "ternary_candidates": Schema(
        "Different crystals that the search found.",
        ("search/ternary/candidates.csv", "search/ternary/turns/*/candidates.csv"),
        CANDIDATE,
        ("ternary:candidates",),
    ),
    "ternary_phonons": Schema(
        "Lowest phonon of each candidate that passes F1 to F3.",
        ("search/ternary/phonons.csv",),
        (NAME, LOWEST, text("supercell", "repeats of the primitive cell")),
        ("ternary:phonons",),
        may_be_empty=True,
    ),
    "ternary_dft": Schema(
        "Survivors and a sample of rejects by DFT, and the references of its hull.",
        ("search/ternary/dft.csv",),
        (
            NAME,
            text("part", "reference, survivor of F4, or the stage that rejected it"),
            CELL,
            number("enthalpy_dft", "eV/atom", "E + PV by DFT at the potential's geometry"),
            HULL_DFT,
        ),
        ("ternary:dft",),
        may_be_empty=True,
    ),
    "ternary_all": Schema(
        "Candidates with all that the funnel knows of them.",
        ("search/ternary/all.csv",),
        (*CANDIDATE, LOWEST, text("supercell", "repeats of the primitive cell", missing=True), HULL_DFT),
        ("ternary:all",),
    ),
    "ternary_funnel": Schema(
        "How many candidates each stage of the funnel tests and keeps.",
        ("search/ternary/funnel.csv",),
        (
            STAGE,
            text("test", "what the stage tests"),
            whole("tested", "candidates that it tested"),
            whole("untested", "candidates that reached it without being tested"),
            whole("kept", "candidates that it kept"),
            number("share", "", "kept of the tested", low=0, high=1, missing=True),
            *POTENTIAL,
        ),
        ("ternary:funnel",),
    ),
    "ternary_committee": Schema(
        "Enthalpies of candidates and references by every member of the committee, at the potential's geometry.",
        ("search/ternary/committee.csv",),
        (
            text("name", "name of the candidate or reference"),
            whole("member", "number of the member, from 1", low=1),
            number("enthalpy", "eV/atom", "enthalpy by this member"),
        ),
        ("ternary:committee",),
    ),
    "ternary_hull_errors": Schema(
        "What F1 loses at errors of the enthalpies, if those of the search are true.",
        ("search/ternary/hull_errors.csv",),
        (
            ERRORS,
            number("scatter", "eV/atom", "standard deviation of each crystal's own error", low=0),
            number("offset", "eV/atom", "standard deviation of the error that a chemical system shares", low=0),
            whole("crystals", "crystals on which the errors were measured; 0: none"),
            whole("stable", "hydrides on the hull, candidates and references"),
            whole("within", "candidates within the hull's threshold"),
            *SHARES,
            *POTENTIAL,
        ),
        ("ternary:hull_errors",),
    ),
    "ternary_loop_frames": Schema(
        "Frames that both learning loops judge, and those that they label next.",
        ("search/ternary/loops/frames.csv", "search/ternary/turns/*/loops/frames.csv"),
        (
            LOOP,
            text("name", "start and evaluation of its relaxation, or name of the candidate"),
            CELL,
            number("deviation", "eV/Å", "largest deviation of an atom's force within the committee", low=0),
            number("above_hull", "eV/atom", "energy above the hull, of relaxed crystals", low=0, missing=True),
            text("kind", "by the committee's bounds", "accurate", "candidate", "failed"),
            truth("chosen", "whether it is labelled next"),
        ),
        ("ternary:loop_frames",),
    ),
    "ternary_progress": Schema(
        "How far both learning loops are in one turn.",
        ("search/ternary/loops/progress.csv", "search/ternary/turns/*/loops/progress.csv"),
        PROGRESS,
    ),
    "ternary_loops": Schema(
        "How far both learning loops are, turn by turn.",
        ("search/ternary/loops.csv",),
        (whole("turn", "turn of the loops; 1: the search itself", low=1), *PROGRESS),
        ("ternary:loops",),
    ),
    "ternary_trainers": Schema(
        "Potentials of several trainers on the same frames held out.",
        ("search/ternary/trainers.csv", "search/ternary/trainers/*.csv"),
        (
            text("training", "name of the architecture"),
            text("kind", "descriptor", "se_e2_a", "se_atten"),
            text("trainer", "who trained it"),
            text("labels", "whose labels it was trained on: `stand-in`, or the data set's name"),
            whole("steps", "steps of the training", low=1),
            whole("frames", "frames that it was trained on", low=1),
            whole("at_rest", "those of them on which no atom feels more than 0.05 eV/Å"),
            whole("held_out", "frames that it is measured on", low=1),
            whole("systems", "systems of these", low=1),
            number("energy_rmse", "eV/atom", "rms error of energies", low=0),
            number("hull_scatter", "eV/atom", "scatter of the energies' error that a hull feels", low=0, missing=True),
            number("hull_offset", "eV/atom", "the same of the offset of a chemical system", low=0, missing=True),
            number("force_rmse", "eV/Å", "rms error of force components", low=0),
            number("force_rmse_lacking", "eV/Å", "of systems without one of the species", low=0, missing=True),
            number("virial_rmse", "eV/atom", "rms error of virial components", low=0),
            number("energy_blind", "eV/atom", "rms error without a potential: energies linear in composition", low=0),
            number("force_blind", "eV/Å", "rms error without a potential: forces of zero", low=0),
        ),
        ("ternary:trainers",),
    ),
    "trainer_errors": Schema(
        "Table of the paper: potentials of several trainers on the same frames held out.",
        ("figures/*.csv",),
        (
            text("potential", "descriptor, trainer and steps, none, or who published it"),
            text("labels", "whose labels were learnt", missing=True),
            whole("frames", "frames that it was trained on", low=1, missing=True),
            whole("held_out", "frames that it is measured on", low=1, missing=True),
            number("energy_rmse", "meV/atom", "rms error of energies", low=0),
            number("hull_scatter", "meV/atom", "scatter of the energies' error that a hull feels", low=0, missing=True),
            number("hull_offset", "meV/atom", "the same of the offset of a chemical system", low=0, missing=True),
            number("virial_rmse", "meV/atom", "rms error of virial components", low=0, missing=True),
            number("force_rmse", "meV/Å", "rms error of force components", low=0),
            number("force_rmse_lacking", "meV/Å", "of systems without one of the species", low=0, missing=True),
            text("note", "what the labels are, and what the errors do not say", missing=True),
        ),
        may_be_empty=True,
    ),
    "ternary_funnel_range": Schema(
        "Counts of every stage of the funnel under errors of the enthalpies.",
        ("search/ternary/funnel_range.csv",),
        (
            ERRORS,
            STAGE,
            whole("kept", "candidates that it kept"),
            number("low", "", "2.5 % quantile of the count over draws of the errors", low=0),
            number("median", "", "its median", low=0),
            number("high", "", "its 97.5 % quantile", low=0),
            number(
                "untested", "", "candidates of a draw, on average, whose test was drawn as it was never done", low=0
            ),
            *POTENTIAL,
        ),
        ("ternary:funnel_range",),
    ),
    "ternary_rejects": Schema(
        "What each stage loses: a sample of its rejects by DFT, with the Clopper-Pearson interval.",
        ("search/ternary/rejects.csv",),
        (
            STAGE,
            whole("rejected", "candidates that it rejected"),
            whole("drawn", "rejects that DFT tested"),
            whole("wrong", "those of them within the hull's threshold"),
            number("low", "", "lower end of the 95 % interval of the wrong share", low=0, high=1),
            number("high", "", "its upper end", low=0, high=1),
            number("lost", "", "candidates lost, by the sample's share", low=0, missing=True),
            number("lost_low", "", "by the lower end", low=0),
            number("lost_high", "", "by the upper end", low=0),
            whole("dft_atoms", "atoms of a reject that DFT tests, at most", optional=True),
            *POTENTIAL,
        ),
        ("ternary:rejects",),
    ),
    "couplings": Schema(
        "Coupling of every phonon at each set of meshes and broadening.",
        ("superconductivity/couplings.csv",),
        (
            COMPOUND,
            *MESHES,
            SIGMA,
            whole("wave_vector", "number of the irreducible wave vector, from 1", low=1),
            number("weight", "", "its share of all wave vectors", low=0, high=1),
            number("frequency", "THz", "frequency; negative: imaginary"),
            number("coupling", "", "λ of the mode at this wave vector; below 0: an error of the interpolation"),
        ),
        ("superconductivity:couplings",),
        may_be_empty=True,
    ),
    "spectral_functions": Schema(
        "Eliashberg's spectral function at each set of meshes and broadening.",
        ("superconductivity/spectra.csv",),
        (
            COMPOUND,
            *MESHES,
            SIGMA,
            number("frequency", "THz", "frequency", low=0),
            number("alpha2f", "", "α²F, every phonon a peak of the configured width", low=0),
        ),
        ("superconductivity:spectra",),
        may_be_empty=True,
    ),
    "critical_temperatures": Schema(
        "Critical temperatures at each set of meshes, broadening and Coulomb pseudopotential.",
        ("superconductivity/tc.csv",),
        (
            COMPOUND,
            text("prototype", "its structure"),
            CELL,
            *MESHES,
            SIGMA,
            number("degeneracy", "", "largest relative difference of λ of degenerate modes", low=0, missing=True),
            *TC,
            text("status", "converged, not converged and why, imaginary, or not known"),
        ),
        ("superconductivity:tc",),
    ),
    "quantum_temperatures": Schema(
        "Critical temperatures with harmonic phonons, and with those that motion renormalises.",
        ("superconductivity/quantum_tc.csv",),
        (
            COMPOUND,
            *MESHES,
            text("phonons", "of ph.x, these with the change by motion, or the potential's alone", *PHONONS),
            number("temperature", "K", "temperature of the motion", low=0),
            SIGMA,
            number("lowest_frequency", "THz", "lowest phonon without acoustic ones at Γ; negative: imaginary"),
            *TC,
            text("status", "stable, or imaginary"),
        ),
        ("superconductivity:quantum_tc",),
    ),
    "tc_formulas": Schema(
        "Critical temperature of one Einstein peak, relative to its frequency.",
        ("superconductivity/formulas.csv",),
        (
            number("lambda", "", "coupling λ", low=0),
            number("mu_star", "", "Coulomb pseudopotential", low=0),
            *(number(name, "", f"k_B T_c/ħΩ by {name}", low=0) for name in ("mcmillan", "allen_dynes", "eliashberg")),
        ),
        ("superconductivity:formulas",),
    ),
    "tc_model": Schema(
        "Critical temperatures by models of the crystal alone, each fitted without the compound or without its prototype.",
        ("superconductivity/tc_model.csv",),
        (
            COMPOUND,
            text("formula", "atoms of the primitive cell"),
            text("prototype", "its structure, without regard to the order of its metals"),
            number("tc", "K", "T_c that was published or computed here", low=0),
            text("source", "who published it, or this work"),
            text("model", "constant, composition, descriptor, or both of these"),
            text("split", "what is left out of the fit: the compound or its prototype"),
            whole("fitted", "compounds that the model is fitted to", low=1),
            number("predicted", "K", "T_c by the model", low=0),
        ),
        ("superconductivity:tc_model",),
    ),
    "tc_model_errors": Schema(
        "Table of the paper: errors of the models of T_c, published ones beside ours.",
        ("figures/*.csv",),
        (
            text("model", "what is fitted, or the published model"),
            text("split", "what is left out of the fit", missing=True),
            whole("compounds", "compounds whose T_c is predicted", low=1, missing=True),
            whole("prototypes", "their structures", low=1, missing=True),
            number("mae", "K", "mean absolute error", low=0),
            number("error", "K", "its standard error over the compounds, or as published", low=0, missing=True),
            number("factor", "", "exp of the rms error of ln T_c", low=1, missing=True),
            text("note", "whether it may be called a prediction"),
        ),
        may_be_empty=True,
    ),
    "published_hydrides": Schema(
        "Table of the paper: published hydrides and what this work has of them.",
        ("figures/*.csv",),
        (
            text("formula", "chemical formula"),
            number("published", "", "published value"),
            number("<quantity>", "", "of this work, the lowest candidate of the formula unit", missing=True),
            text("note", "what this work has", missing=True),
        ),
        may_be_empty=True,
    ),
    "funnel_errors": Schema(
        "Table of the paper: what a cut of the energy above the hull loses at an error of the potential.",
        ("figures/*.csv",),
        (
            text("error", "whose error"),
            number("error_meV", "meV/atom", "rms error of the energies", low=0),
            number(
                "lost_<height>",
                "",
                "share of phases of this height (meV/atom) that F1 rejects, by a normal error of the height",
                low=0,
                high=1,
            ),
            number(
                "stable",
                "",
                "share of the hydrides on the hull that F1 rejects, by draws",
                low=0,
                high=1,
                missing=True,
            ),
            number("stable_low", "", "its 2.5 % quantile over draws", low=0, high=1, missing=True),
            number("stable_high", "", "its 97.5 % quantile", low=0, high=1, missing=True),
        ),
        may_be_empty=True,
    ),
    "compound_couplings": Schema(
        "Table of the paper: couplings and critical temperatures of compounds, published ones beside ours.",
        ("figures/*.csv",),
        (
            COMPOUND,
            text("source", "this work, or who published the values"),
            *MESHES,
            SIGMA,
            number("mu_star", "", "Coulomb pseudopotential", low=0, missing=True),
            *(column for column in TC if column.name not in ("mu_star", "omega_2", "mcmillan")),
            number("tc_low", "K", "published T_c, or the lowest of them", low=0, missing=True),
            number("tc_high", "K", "the highest of them", low=0, missing=True),
            text("note", "whether ours is converged"),
        ),
        may_be_empty=True,
    ),
}
