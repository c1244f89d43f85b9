"""Tables of hops of mobile atoms, and of what potentials leave open."""

from __future__ import annotations

from qcrystal.io.schemas import Schema, number, text, whole
from qcrystal.io.table_schemas.columns import METHOD, RUN

HOP = (
    text("mechanism", "how an atom changes its site", "vacancy", "exchange"),
    text("isotope", "isotope of the mobile element"),
    whole("atoms", "atoms in the cell", low=1),
)

EMPTY = "; empty: the theory does not hold"

TABLES: dict[str, Schema] = {
    "hop_paths": Schema(
        "Paths of least energy of a hop, image by image.",
        ("statics/hop_paths.csv",),
        (
            *HOP,
            whole("image", "number of the image, from the start"),
            number("place", "√u Å", "mass-weighted length of the path up to it", low=0),
            number("energy", "eV", "energy of the cell above the start"),
            number("slope", "eV/(√u Å)", "derivative of the energy along the path"),
        ),
        ("statics:hop_paths",),
    ),
    "hop_saddles": Schema(
        "Saddle points of hops.",
        ("statics/hop_saddles.csv",),
        (
            *HOP,
            number("pressure", "GPa", "total pressure of the quantum crystal at 0 K, which chose the cell", low=0),
            number("lattice_constant", "Å", "edge of the conventional cell", low=0),
            number("barrier", "eV", "energy of the saddle point above the start", low=0),
            number("zero_point_barrier", "eV", "the same with the zero-point energies of both"),
            number("reaction", "eV", "energy of the end above the start"),
            number("barrier_quantum", "eV", "ħω_b of the motion down from the saddle point", low=0),
            number("crossover", "K", "ħω_b/(2πk_B), below which tunnelling carries the hops", low=0),
            whole("imaginary_start", "imaginary modes of the start: none, if it is stable"),
            whole("imaginary_saddle", "imaginary modes of the saddle point: one, if it is a simple one"),
            number("length", "√u Å", "mass-weighted length of the path", low=0),
        ),
        ("statics:hop_saddles",),
    ),
    "hop_rates": Schema(
        "Rates of hops by harmonic transition-state theory.",
        ("statics/hop_rates.csv",),
        (
            *HOP,
            text(
                "method",
                "classical; quantum oscillators; these with tunnelling along the path",
                "classical",
                "quantum",
                "tunnelling",
            ),
            number("temperature", "K", "temperature", low=0),
            number(
                "log_rate", "", "decimal logarithm of the rate in 1/ps; empty: the theory does not hold", missing=True
            ),
        ),
        ("statics:hop_rates",),
    ),
    "hop_instantons": Schema(
        "Rates of hops that tunnel in all dimensions, by ring-polymer instantons.",
        ("statics/hop_instantons.csv",),
        (
            *HOP,
            number("temperature", "K", "temperature", low=0),
            whole("beads", "beads of the ring", low=4),
            number("log_rate", "", f"decimal logarithm of the rate in 1/ps{EMPTY}", missing=True),
            number("log_rate_half", "", f"the same with half as many beads{EMPTY}", missing=True),
            number(
                "log_rate_path", "", f"the same with tunnelling along the path of least energy{EMPTY}", missing=True
            ),
            number("action", "", f"action of the orbit above the start, in units of ħ{EMPTY}", missing=True),
            number("orbit_energy", "eV", f"energy of the orbit above the start{EMPTY}", missing=True),
            number("crossover", "K", "temperature above which there is no instanton", low=0, missing=True),
            text("remark", "why there is no rate, or why it is not right"),
        ),
        ("statics:hop_instantons",),
    ),
    "vibrations": Schema(
        "Vibrational densities of states of runs in real time.",
        ("analysis/vibrations.csv",),
        (
            RUN,
            METHOD,
            text("isotope", "isotope that moves"),
            number("pressure", "GPa", "total pressure that the run is at, or that its fixed cell was chosen for"),
            number("temperature", "K", "temperature of the run", low=0),
            text("species", "whose part it is"),
            number("frequency", "THz", "frequency", low=0),
            number(
                "density", "1/THz", "density of states, its integral over all species is 1 in a harmonic crystal", low=0
            ),
            number("error", "1/THz", "error by the scatter of segments", low=0, missing=True),
            number("resolution", "THz", "width that a sharp line has", low=0),
        ),
        ("analysis:vibrations",),
        may_be_empty=True,
    ),
    "double_well": Schema(
        "Hop rates out of one side of a double well, by theory and by baths.",
        ("analysis/double_well.csv",),
        (
            number("barrier", "eV", "height of the barrier", low=0),
            number("quantum", "eV", "ħω0 of a well", low=0),
            number("barrier_quantum", "eV", "ħω_b at the top", low=0),
            number("mass", "u", "mass", low=0),
            number("crossover", "K", "ħω_b/(2πk_B)", low=0),
            number("splitting", "1/ps", "splitting of the lowest two levels, over h", low=0),
            text("method", "theory or bath", "classical_tst", "quantum", "classical", "qtb", "adqtb"),
            number("temperature", "K", "temperature", low=0),
            number("rate", "1/ps", "hops per time; empty: none was seen", low=0, missing=True),
            number("error", "1/ps", "its standard error; empty: it has none", low=0, missing=True),
            number("limit", "1/ps", "upper limit (95 %) where no hop was seen", low=0, missing=True),
        ),
        ("analysis:double_well",),
    ),
    "potentials": Schema(
        "Properties at rest by every member of several potentials' committees.",
        ("analysis/potentials.csv",),
        (
            text("potential", "name of the potential: its folder"),
            whole("member", "number of the committee's member, from 1", low=1),
            text(
                "quantity",
                "of the cubic crystal, and of the one that relaxes from a rhombohedral start",
                "lattice constant",
                "zero-point temperature",
                "imaginary modes",
                "cell angles",
                "cage angles",
                "energy gain",
            ),
            number("pressure", "GPa", "static pressure: of the crystals at rest", low=0),
            number("value", "", "in the unit of the row", missing=True),
            text("unit", "unit of the value"),
        ),
        ("analysis:potentials",),
    ),
    "potential_spreads": Schema(
        "Table of the paper: properties at rest by committees of several potentials.",
        ("figures/*.csv",),
        (
            text("quantity", "what is computed"),
            text("unit", "its unit"),
            number("pressure_GPa", "GPa", "static pressure: of the crystals at rest", low=0),
            text("potential", "name of the potential"),
            whole("members", "members of its committee with a value", low=1),
            number("mean", "", "mean over the members"),
            number("spread", "", "their standard deviation; empty: one member", low=0, missing=True),
            number("minus_first", "", "difference of the means from the first potential's", missing=True),
        ),
        may_be_empty=True,
    ),
    "hop_barriers": Schema(
        "Table of the paper: barriers and crossover temperatures of hops.",
        ("figures/*.csv",),
        (
            text("mechanism", "how an atom changes its site"),
            text("isotope", "isotope of the mobile element"),
            whole("atoms", "atoms in the cell", low=1),
            number("barrier_eV", "eV", "energy of the saddle point above the start", low=0),
            number("zero_point_barrier_eV", "eV", "the same with zero-point energies"),
            number("reaction_eV", "eV", "energy of the end above the start"),
            number("barrier_frequency_THz", "THz", "ω_b/2π of the motion down from the saddle point", low=0),
            number("crossover_K", "K", "ħω_b/(2πk_B)", low=0),
            whole("imaginary_modes", "of the saddle point; more than one: paths of lower energy pass by its side"),
            number("log_rate_300K_classical", "", "decimal logarithm of the rate at 300 K, 1/ps", missing=True),
            number("log_rate_300K_tunnelling", "", "the same with tunnelling along the path", missing=True),
            number("log_rate_150K_path", "", "the same at 150 K", missing=True),
            number("log_rate_150K_instanton", "", "the same with tunnelling in all dimensions", missing=True),
        ),
        may_be_empty=True,
    ),
}
