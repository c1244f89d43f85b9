"""Tables of runs and sweeps."""

from __future__ import annotations

from qcrystal.io.schemas import Column, Schema, number, text, whole
from qcrystal.io.table_schemas.columns import DEVIATION_MAX, DEVIATION_RMS, ERROR, FREEDOM, METHOD, RUN

OBSERVABLES = ("summary", "msd", "rdf", "paths", "cell", "diffraction")
"""Tables of observables of each run and each sweep."""

CONDITION: tuple[Column, ...] = (
    RUN,
    text("system", "crystal"),
    METHOD,
    text("isotope", "isotope of the light element"),
    text("start", "structure that the run starts from"),
    whole("atoms", "atoms in the cell", low=1),
    whole("beads", "beads of a path integral; 1 of other methods", low=1),
    number("friction", "1/ps", "friction of the bath", low=0, missing=True),
    number("pressure_target", "GPa", "total pressure that the run is at, or that its fixed cell was chosen for"),
    number("temperature_target", "K", "temperature that the run is at", low=0),
    whole("replica", "number of the repetition, from 0"),
    number("length_ps", "ps", "length of the run", low=0),
    text(
        "extrapolates",
        "whether the run leaves the conditions in which the potential is known, and which",
        *("no", "unknown", "pressure", "deviation", "pressure and deviation"),
    ),
)
SUMMARY = (
    text("observable", "what is measured"),
    text("species", "element, or all"),
    number("value", "", "its mean", missing=True),
    ERROR,
    number("n_effective", "", "independent samples behind the mean", low=0, missing=True),
    FREEDOM,
    text("unit", "unit of value, error and limit"),
    number(
        "limit", "", "upper limit, 95 %, where no event was seen, and so no value", low=0, missing=True, optional=True
    ),
)
MSD = (
    number("time", "ps", "time lag", low=0),
    text("species", "element"),
    text(
        "kind",
        "standard, or reordered: atoms that change places with their like count as the same",
        "standard",
        "reordered",
    ),
    number("msd", "Å²", "mean squared displacement", missing=True),
    ERROR,
)
RDF = (
    number("r", "Å", "distance", low=0),
    text("pair", "two elements"),
    number("g", "", "pair distribution function", low=0),
    ERROR,
)
PATHS = (
    whole("proton", "number of the atom in the cell"),
    number("time", "ps", "time; empty for mean sites of the heavy atoms", low=0, missing=True),
    number("x", "Å", "position in the mean cell, unwrapped"),
    number("y", "Å", "the same"),
    number("z", "Å", "the same"),
    text("category", "how often the atom changed its site, or the element of a mean site"),
)
CELL = (
    number("time", "ps", "time", low=0),
    number("alpha", "deg", "angle of the conventional cell", low=0, high=180),
    number("beta", "deg", "the same", low=0, high=180),
    number("gamma", "deg", "the same", low=0, high=180),
)
DIFFRACTION = (
    text("species", "element that scatters"),
    whole("h", "index of the reflection, in the unit cell that the run repeats", low=None),
    whole("k", "the same", low=None),
    whole("l", "the same", low=None),
    number("q", "1/Å", "length of the reciprocal lattice vector in the mean cell", low=0),
    number(
        "structure_factor", "", "mean squared density wave per atom; the number of atoms for a crystal at rest", low=0
    ),
    ERROR,
)


def _sweep(name: str, title: str, columns: tuple[Column, ...], may_be_empty: bool = False) -> Schema:
    files, sources = (f"analysis/sweeps/*/{name}.csv",), (f"sweep:*/{name}",)
    return Schema(f"{title}, of all runs of a sweep.", files, CONDITION + columns, sources, may_be_empty)


def _run(name: str, title: str, columns: tuple[Column, ...], may_be_empty: bool = False) -> Schema:
    return Schema(f"{title}, of one run.", (f"analysis/runs/*/{name}.csv",), columns, (), may_be_empty)


OBSERVED = {
    "summary": ("Mean values over the production part", SUMMARY),
    "msd": ("Mean squared displacements", MSD),
    "rdf": ("Pair distribution functions", RDF),
    "paths": ("Paths of a few light atoms, and mean sites of the heavy ones about them", PATHS),
    "cell": ("Angles of the conventional cell", CELL),
    "diffraction": ("Bragg reflections of the heavy atoms; a row stands for q and -q", DIFFRACTION),
}

TABLES: dict[str, Schema] = {
    "thermo": Schema(
        "Thermodynamics of a run: a row per stored frame. Energies of path integrals are virial estimates.",
        ("dynamics/*/thermo.csv",),
        (
            whole("step", "time step"),
            number("time", "ps", "time", low=0),
            number("potential_energy", "eV", "potential energy of the cell"),
            number("kinetic_energy", "eV", "kinetic energy of the cell", low=0),
            number("temperature", "K", "kinetic temperature", low=0),
            number(
                "pressure",
                "GPa",
                "total pressure: by the forces and by the atoms' motion, with kT/V of the crystal's motion as a whole",
            ),
            number("volume", "Å³", "volume of the cell", low=0),
            number("p<axes>", "GPa", "component of the total pressure's tensor"),
            number("c<axes>", "Å", "component of the cell's vectors: the first letter is the vector"),
            number("kinetic_<species>", "eV/atom", "kinetic energy of a species", low=0),
            number("virial_kinetic_<species>", "eV/atom", "the same by the virial theorem"),
        ),
    ),
    **{f"run_{name}": _run(name, title, columns, name == "paths") for name, (title, columns) in OBSERVED.items()},
    **{f"sweep_{name}": _sweep(name, title, columns, name == "paths") for name, (title, columns) in OBSERVED.items()},
    "deviation_frames": Schema(
        "Committee deviation of evenly spaced frames of runs.",
        ("analysis/deviation/*/frames.csv",),
        (
            number("time", "ps", "time", low=0),
            text("configuration", "what was evaluated", "positions", "centroid", "bead"),
            DEVIATION_MAX,
            DEVIATION_RMS,
            number("force_rms", "eV/Å", "rms force per component, mean of the committee", low=0, missing=True),
            number("deviation_relative", "", "deviation_rms over the rms force of an atom", low=0, missing=True),
            RUN,
        ),
        may_be_empty=True,
    ),
    "deviation_runs": Schema(
        "What the committee's deviation and the pressure say of each run; rows join the sweep's summary.",
        ("analysis/deviation/*/runs.csv",),
        (*SUMMARY, RUN, next(column for column in CONDITION if column.name == "extrapolates")),
        may_be_empty=True,
    ),
}
