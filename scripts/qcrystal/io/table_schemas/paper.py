"""Tables of the paper, one per kind of table in `figures.yaml`."""

from __future__ import annotations

from qcrystal.io.schemas import Schema, number, text, whole
from qcrystal.io.table_schemas.columns import FORMULA, SYSTEM

TABLES: dict[str, Schema] = {
    "lattice_comparison": Schema(
        "Table of the paper: the lattice at the published volume, this work and published.",
        ("figures/*.csv",),
        (
            text("quantity", "what is compared"),
            text("unit", "its unit", missing=True),
            number("dft", "", "DFT, this work", missing=True),
            number("dp", "", "deep potential, this work", missing=True),
            number("dp_at_dft_pressure", "", "deep potential at the pressure that DFT has there", missing=True),
            number("published_<method>", "", "published", missing=True),
            number("<method>_minus_<other>", "", "difference of two columns", missing=True),
        ),
    ),
    "label_convergence": Schema(
        "Table of the paper: dft_convergence with units in its names.",
        ("figures/*.csv",),
        (
            text("varied", "setting that is varied"),
            number("cutoff_eV", "eV", "cutoff of the plane waves"),
            number("kpoint_length_A", "Å", "2π over the spacing of the k-points"),
            text("kpoints", "meshes"),
            number("width_eV", "eV", "width of the occupations"),
            number("energy_shift_meV_per_atom", "meV/atom", "mean error of the energies"),
            number("energy_difference_error_meV_per_atom", "meV/atom", "largest error of a difference of energies"),
            number("force_error_rms_meV_per_A", "meV/Å", "rms error of force components"),
            number("force_error_max_meV_per_A", "meV/Å", "largest error of a force"),
            number("pressure_error_GPa", "GPa", "largest error of a pressure"),
            number("static_pressure_GPa", "GPa", "pressure of one lattice at rest"),
            number("seconds_per_frame", "s", "processor time"),
            text("goals", "whether they are met"),
            text("chosen", "marks the settings of the labels", missing=True),
        ),
    ),
    "pressure_comparison": Schema(
        "Table of the paper: static pressure against lattice constant by each source.",
        ("figures/*.csv",),
        (
            text("system", "lattice at rest, or a system of other labels"),
            text("frames", "frames of that system", missing=True),
            number("lattice_constant", "Å", "edge of the conventional cell"),
            number("gpaw", "GPa", "DFT, this work", missing=True),
            number("dp", "GPa", "deep potential", missing=True),
            number("published_dp", "GPa", "published potential", missing=True),
            number("labels", "GPa", "mean pressure of the labels of moving atoms", missing=True),
            number("motion", "GPa", "what motion adds to it", missing=True),
            number("labels_minus_motion", "GPa", "the labels' estimate of the static pressure", missing=True),
            number("<one>_minus_gpaw", "GPa", "difference", missing=True),
        ),
    ),
    "methods": Schema(
        "Table of the paper: thermal averages at one fixed cell by each method.",
        ("figures/*.csv",),
        (
            text("quantity", "what is averaged"),
            text("species", "element, or all"),
            text("unit", "unit of the values"),
            text("method", "method, with its beads"),
            whole("atoms", "atoms in the cell", missing=True),
            number("friction_per_ps", "1/ps", "friction of the bath", missing=True),
            number("pressure_GPa", "GPa", "pressure that the cell was chosen for"),
            number("temperature_K", "K", "temperature"),
            number("value", "", "the average", missing=True),
            number("error", "", "its standard error", low=0, missing=True),
            number("minus_<method>", "", "difference from a method", missing=True),
            number("error_of_difference", "", "its standard error", low=0, missing=True),
        ),
    ),
    "data_sets": Schema(
        "Table of the paper: systems of the data sets.",
        ("figures/*.csv",),
        (
            text("set", "data set"),
            SYSTEM,
            FORMULA,
            whole("train", "training frames"),
            whole("test", "test frames"),
            text("volume_(Å³/atom)", "range of the volume"),
            text("pressure_(GPa)", "range of the pressure"),
            text("rms_force_(eV/Å)", "rms force per component"),
            text("nearest_<elements>_(Å)", "shortest distance between two elements"),
            whole("outliers", "outliers"),
            whole("duplicates", "frames that stand there twice"),
            whole("independent_test_frames", "test frames independent of every training frame", missing=True),
            text("verdict", "whether the test frames test anything", missing=True),
        ),
    ),
}
