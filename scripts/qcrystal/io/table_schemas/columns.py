"""Columns that several kinds of tables have."""

from __future__ import annotations

from qcrystal.io.schemas import number, text, whole

METHOD = text("method", "how the atoms move", "classical", "qtb", "adqtb", "pimd", "trpmd", "nct")
RUN = text("run", "name of the run")
ERROR = number(
    "error",
    "",
    "half the width of the 68 % interval, Student's t included, in the unit of the value; empty: too few samples, or a drift",
    low=0,
    missing=True,
)
FREEDOM = number(
    "freedom",
    "",
    "degrees of freedom of the error, by which Student's t tells other intervals; empty: infinite",
    missing=True,
    optional=True,
)
LATTICE = (
    number("lattice_constant", "Å", "edge of the conventional cell", low=0),
    number("volume", "Å³/atom", "volume", low=0),
    number("energy", "eV/atom", "energy at rest"),
    number("pressure", "GPa", "static pressure: of the lattice at rest, without any motion"),
    number("x", "", "free coordinate of the crystal's sites", optional=True),
    *(
        number(name, "Å", f"edge {name} of the relaxed conventional cell, if it is not cubic", low=0, optional=True)
        for name in "abc"
    ),
    *(
        number(name, "degrees", f"angle {name} of that cell", low=0, high=180, optional=True)
        for name in ("alpha", "beta", "gamma")
    ),
    number(
        "<pair>", "Å", "distance between two kinds of atoms, (1) in and (2) out of the cage's quadrilaterals", low=0
    ),
)
BEYOND = number(
    "beyond_training",
    "GPa",
    "how far the pressure is outside those that the potential was trained on; empty: it does not rise on compression",
    low=0,
    missing=True,
)
SPLIT = text("split", "part of the data set", "train", "test")
NEAREST = number("nearest_<pair>", "Å", "shortest distance between two elements", low=0, missing=True)
RANGES = (
    number("volume_min", "Å³/atom", "smallest volume", low=0),
    number("volume_max", "Å³/atom", "largest volume", low=0),
    number("pressure_min", "GPa", "lowest pressure, without the kinetic part"),
    number("pressure_max", "GPa", "highest pressure, without the kinetic part"),
)
SYSTEM = text("system", "set of frames of one composition")
FORMULA = text("formula", "atoms of the cell")
DEVIATION_MAX = number(
    "deviation_max", "eV/Å", "committee deviation of the worst atom [Ly, eq. 1]", low=0, missing=True
)
DEVIATION_RMS = number("deviation_rms", "eV/Å", "committee deviation, rms over the atoms", low=0, missing=True)
PHASE = text("phase", "name of the phase", missing=True)
SPACE_GROUP = text("spacegroup", "space group that the crystal has after relaxation", missing=True)
QUANTITY = text("quantity", "what is compared", "energy", "force", "virial")
RMSE = number("rmse", "", "root mean square error, in the unit of the row", low=0)
GENERATION = whole("generation", "generation of concurrent learning, from 0")
