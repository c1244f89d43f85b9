"""Tables of variational free energies."""

from __future__ import annotations

from qcrystal.io.schemas import Schema, number, text, whole

LEVEL = text("level", "ansatz; each contains the one before it", "harmonic", "occupations", "scha", "flow_bose", "nct")
METHOD = text(
    "level",
    "ansatz, or thermodynamic integration with classical atoms or with path integrals",
    *("harmonic", "occupations", "scha", "flow_bose", "nct", "classical", "path_integrals"),
)
REFUSED = text(
    "refused",
    "why the result must not be used, so that its values are left out; empty: it may be",
    missing=True,
)
TARGET = number("temperature_target", "K", "temperature", low=0)
RUN = text("run", "name of the calculation")


def _measured(name: str, unit: str, meaning: str):
    """A quantity and its error; the harmonic crystal has neither."""
    return (
        number(name, unit, meaning, missing=True),
        number(f"{name}_error", unit, "its standard error", low=0, missing=True),
    )


TABLES: dict[str, Schema] = {
    "nct_training": Schema(
        "Free energy of each step of an optimisation, from the step's own samples.",
        ("variational/*/training.csv", "variational/sweeps/*/training.csv"),
        (
            RUN,
            LEVEL,
            whole("step", "step of Adam", low=1),
            number("free_energy", "meV/atom", "F less the energy of the crystal at rest"),
            number("free_energy_error", "meV/atom", "its standard error", low=0),
        ),
        ("nct:*/training",),
    ),
    "nct_summary": Schema(
        "Variational free energy of a crystal at each level, and what belongs to it, from fresh samples.",
        ("variational/*/summary.csv", "variational/*/reference.csv", "variational/sweeps/*/summary.csv"),
        (
            RUN,
            METHOD,
            REFUSED,
            whole("atoms", "atoms of the cell", low=1),
            TARGET,
            number(
                "pressure_target",
                "GPa",
                "total pressure, which the quasi-harmonic crystal has at this volume; empty: a volume was given",
                missing=True,
            ),
            whole("seed", "seed of weights and samples", low=0),
            number("volume", "Å³/atom", "volume", low=0),
            number("static_energy", "eV/atom", "energy of the crystal at rest"),
            number("beads", "", "points of a path; 1: classical atoms; empty: an ansatz", low=1, missing=True),
            *_measured(
                "free_energy",
                "meV/atom",
                "F less the energy at rest; an upper bound at levels occupations, scha, flow_bose, nct",
            ),
            *_measured("potential_energy", "meV/atom", "mean potential energy less that at rest"),
            *_measured("kinetic_energy", "meV/atom", "mean kinetic energy"),
            number("entropy", "k_B/atom", "entropy, exact for an ansatz", missing=True),
            *_measured("pressure", "GPa", "total pressure: -dF/dV of the state, with the atoms' motion"),
            *_measured("stress_anisotropy", "GPa", "largest less smallest diagonal element of the stress"),
            number("kinetic_temperature_<species>", "K", "2⟨K⟩/(3 N k_B) of a species, or its error", missing=True),
        ),
        ("nct:*/summary",),
    ),
    "nct_phonons": Schema(
        "What one quantum of each phonon costs in the trained state.",
        ("variational/*/phonons.csv", "variational/sweeps/*/phonons.csv"),
        (
            RUN,
            whole("phonon", "number of the phonon", low=0),
            whole("star", "number of its star: partners of one energy share it", low=0),
            number("harmonic_energy", "meV", "ħω of the force constants", low=0),
            REFUSED,
            *_measured("energy", "meV", "E(1) - E(0) of the trained states"),
            number("occupation_energy", "meV", "-kT ln p(1)/p(0)", missing=True),
            *_measured("zero_point_shift", "meV/atom", "half the sum of E(1) - E(0) - ħω over all phonons"),
        ),
        ("nct:*/phonons",),
    ),
    "nct_rdf": Schema(
        "Pair distribution functions of a variational state at each level.",
        ("variational/*/rdf.csv", "variational/sweeps/*/rdf.csv"),
        (
            RUN,
            LEVEL,
            number("r", "Å", "distance", low=0),
            text("pair", "two elements"),
            number("g", "", "pair distribution function", low=0),
            number("error", "", "its standard error", low=0),
        ),
        ("nct:*/rdf",),
    ),
    "nct_sites": Schema(
        "Mean sites of a variational state at each level, in fractions of the conventional cell; harmonic: at rest.",
        ("variational/*/sites.csv", "variational/sweeps/*/sites.csv"),
        (
            RUN,
            LEVEL,
            TARGET,
            number("volume", "Å³/atom", "volume", low=0),
            whole("site", "number of the prototype's Wyckoff site", low=0),
            text("species", "element"),
            *(column for axis in "xyz" for column in _measured(axis, "", "fractional coordinate of the site")),
        ),
        ("nct:*/sites",),
    ),
    "nct_size": Schema(
        "What a small cell misses of the harmonic free energy: that of a dense mesh of phonons less that of the cell's own.",
        ("variational/*/size.csv", "variational/sweeps/*/size.csv"),
        (
            RUN,
            TARGET,
            number("volume", "Å³/atom", "volume", low=0),
            whole("atoms", "atoms of the cell", low=1),
            whole("supercell", "atoms of the supercell of the force constants", low=1),
            number("imaginary", "", "share of imaginary phonons of the mesh", low=0, high=1),
            number("quantum", "meV/atom", "difference for quantum oscillators"),
            number("classical", "meV/atom", "difference for classical oscillators"),
        ),
        ("nct:*/size",),
    ),
    "nct_gibbs": Schema(
        "Gibbs energy of a crystal by its volumes' free energies and pressures.",
        ("variational/sweeps/*/gibbs.csv",),
        (
            METHOD,
            TARGET,
            number("pressure", "GPa", "total pressure: -dF/dV, the P of F + PV"),
            number("gibbs_energy", "meV/atom", "F + PV with the energy at rest"),
            number("gibbs_energy_error", "meV/atom", "its standard error", low=0),
            whole("volumes", "different volumes behind it", low=1),
        ),
        may_be_empty=True,
    ),
    "transitions": Schema(
        "Temperatures at which two phases have one Gibbs energy.",
        ("figures/*.csv",),
        (
            number("pressure_GPa", "GPa", "total pressure: -dF/dV of both phases"),
            METHOD,
            number(
                "temperature_K", "K", "temperature of the transition; empty: none among the temperatures", missing=True
            ),
            number(
                "error_K", "K", "its standard error: that of the Gibbs energies over their slope", low=0, missing=True
            ),
            number("published_K", "K", "published", missing=True),
            text("remark", "which phase is lower above it, or why there is none", missing=True),
        ),
        may_be_empty=True,
    ),
    "frozen_phonon": Schema(
        "Effective frequency of a frozen phonon against its amplitude: the transverse one at N of bcc lithium.",
        ("lithium/wrinkle.csv",),
        (
            text("potential", "potential"),
            number("volume", "Å³/atom", "volume", low=0),
            number("nearest", "Å", "shortest distance of two atoms at rest", low=0),
            number("amplitude", "Å", "displacement of the atom that moves most", low=0),
            number("energy", "meV/atom", "energy above that at rest"),
            number("frequency", "meV", "effective ħω; negative: imaginary"),
        ),
    ),
}
