"""Tables of static crystals and of the search for structures."""

from __future__ import annotations

from qcrystal.io.schemas import Schema, number, text, truth, whole
from qcrystal.io.table_schemas.columns import BEYOND, LATTICE, PHASE, SPACE_GROUP

SELF_CONSISTENT = (
    number("pressure", "GPa", "total pressure at 0 K by which the table of phonons calls this lattice"),
    number("lattice_constant", "Å", "edge of the conventional cell", low=0),
    number("temperature", "K", "temperature", low=0),
)

TABLES: dict[str, Schema] = {
    "equation_of_state": Schema(
        "Static equation of state of the prototype by the potential.",
        ("statics/eos.csv",),
        (*LATTICE, BEYOND),
        ("statics:eos",),
    ),
    "phonons": Schema(
        "Harmonic phonons of the prototype at each pressure.",
        ("statics/phonons.csv",),
        (
            number("pressure", "GPa", "total pressure at 0 K: static pressure and that of the zero-point motion"),
            number("static_pressure", "GPa", "static pressure of the same lattice: at rest, without any motion"),
            number("lattice_constant", "Å", "edge of the conventional cell", low=0),
            number("zero_point_energy", "eV/atom", "zero-point energy of the real modes", low=0),
            number("zero_point_temperature", "K", "the same as E/(3 N k_B)", low=0),
            number("max_frequency", "THz", "highest frequency"),
            number("min_frequency", "THz", "lowest frequency; negative: imaginary"),
            number("imaginary_fraction", "", "share of imaginary modes", low=0, high=1),
            BEYOND,
        ),
        ("statics:phonons",),
    ),
    "phonon_dos": Schema(
        "Phonon density of states at each pressure.",
        ("statics/phonon_dos.csv",),
        (
            number("pressure", "GPa", "total pressure at 0 K, see the table of phonons"),
            number("frequency", "THz", "frequency; negative: imaginary"),
            number("dos", "1/THz", "density of states, its integral is 1", low=0),
            number("dos_<species>", "1/THz", "the part of a species", low=0),
        ),
        ("statics:phonon_dos",),
    ),
    "harmonic_energy": Schema(
        "Energy of the harmonic crystal.",
        ("statics/harmonic_energy.csv",),
        (
            number("pressure", "GPa", "total pressure at 0 K, see the table of phonons"),
            number("temperature", "K", "temperature", low=0),
            number("energy_over_3NkB_quantum", "K", "vibrational energy E/(3 N k_B)", low=0),
            number("energy_over_3NkB_classical", "K", "the classical one", low=0),
        ),
        ("statics:harmonic_energy",),
    ),
    "self_consistent_phonons": Schema(
        "Phonons in the self-consistent harmonic approximation at each pressure and temperature.",
        ("statics/self_consistent_phonons.csv",),
        (
            *SELF_CONSISTENT,
            number("min_frequency", "THz", "lowest frequency; negative: imaginary"),
            number("max_frequency", "THz", "highest frequency"),
            number("imaginary_fraction", "", "share of imaginary modes", low=0, high=1),
            number("harmonic_min_frequency", "THz", "lowest frequency of the harmonic crystal in the same supercell"),
            number("frequency_change", "THz", "root mean square by which another iteration changes frequencies", low=0),
            number("internal_shift", "Å", "farthest that a mean position is from its place at rest", low=0),
            number("self_consistent_pressure", "GPa", "total pressure of this lattice at this temperature"),
            number("self_consistent_pressure_error", "GPa", "its standard error", low=0),
            whole("atoms", "atoms of the supercell", low=1),
        ),
        ("statics:self_consistent_phonons",),
    ),
    "self_consistent_dos": Schema(
        "Density of states of self-consistent phonons at each pressure and temperature.",
        ("statics/self_consistent_dos.csv",),
        (
            number("pressure", "GPa", "total pressure at 0 K, see the table of phonons"),
            number("temperature", "K", "temperature", low=0),
            number("frequency", "THz", "frequency; negative: imaginary"),
            number("dos", "1/THz", "density of states, its integral is 1", low=0),
            number("dos_<species>", "1/THz", "the part of a species", low=0),
        ),
        ("statics:self_consistent_dos",),
    ),
    "self_consistent_free_energy": Schema(
        "Free energy in the self-consistent harmonic approximation, an upper bound for this potential and supercell.",
        ("statics/self_consistent_free_energy.csv",),
        (
            *SELF_CONSISTENT,
            whole("atoms", "atoms of the supercell", low=1),
            number("volume", "Å³/atom", "volume", low=0),
            number("static_energy", "eV/atom", "energy of the crystal at rest"),
            number(
                "free_energy",
                "meV/atom",
                "F less the energy at rest, without the motion of the whole crystal; empty: modes stayed imaginary",
                missing=True,
            ),
            number("free_energy_error", "meV/atom", "its standard error", low=0),
            number("anharmonic_free_energy", "meV/atom", "its part <V - V_harmonic> beyond the modes' free energy"),
        ),
        ("statics:self_consistent_free_energy",),
    ),
    "enthalpies": Schema(
        "Static enthalpy of each phase by the potential.",
        ("search/enthalpies.csv",),
        (
            PHASE,
            number("pressure", "GPa", "static pressure"),
            number("enthalpy", "eV/atom", "enthalpy at rest"),
            number("volume", "Å³/atom", "volume", low=0),
            SPACE_GROUP,
            truth("converged", "whether the relaxation reached its goal"),
            BEYOND,
            number(
                "force_deviation", "eV/Å", "committee deviation of the worst atom", low=0, missing=True, optional=True
            ),
            number("member_<n>", "eV/atom", "energy by a member of the committee"),
        ),
        ("search:enthalpies",),
    ),
    "found_crystals": Schema(
        "Every different crystal that the search found.",
        ("search/found.csv",),
        (
            number("pressure", "GPa", "static pressure at which it was found"),
            number("relative_enthalpy", "eV/atom", "enthalpy above the prototype"),
            number("volume", "Å³/atom", "volume", low=0),
            SPACE_GROUP,
            whole("atoms", "atoms in the primitive cell", low=1),
            whole("times", "how often it was found", low=1),
            text("origin", "start that led to it first"),
            PHASE,
        ),
        may_be_empty=True,
    ),
    "search_counts": Schema(
        "What became of the starts of the search.",
        ("search/counts.csv", "search/batches/*.csv"),
        (
            text("origin", "kind of start"),
            number("pressure", "GPa", "static pressure"),
            text("fate", "how it ended"),
            whole("number", "number of starts", low=1),
        ),
        ("search:counts",),
        may_be_empty=True,
    ),
    "imaginary_modes": Schema(
        "Imaginary modes of the prototype, and the crystals that follow from them.",
        ("search/imaginary_modes.csv",),
        (
            number("pressure", "GPa", "static pressure"),
            text("q", "wave vector in the reciprocal primitive cell"),
            whole("arms", "wave vectors of the star", low=1),
            whole("degeneracy", "modes of one frequency", low=1),
            number("frequency", "THz", "frequency; negative: imaginary"),
            number("lowest", "eV/atom", "lowest enthalpy that distortions along it reach", missing=True),
            SPACE_GROUP,
        ),
        may_be_empty=True,
    ),
}
