"""Tables about the DFT labels: convergence of their settings, and the cubic phase's equation of state beside other labels'."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qcrystal.analysis.sweeps import published, table
from qcrystal.figures.enthalpies import LATTICE, at_lattice_constant

CONVERGENCE = {
    "varied": "varied",
    "cutoff": "cutoff_eV",
    "kpoint_length": "kpoint_length_A",
    "kpoints": "kpoints",
    "width": "width_eV",
    "energy_shift": "energy_shift_meV_per_atom",
    "energy_difference": "energy_difference_error_meV_per_atom",
    "force_rms": "force_error_rms_meV_per_A",
    "force_max": "force_error_max_meV_per_A",
    "pressure": "pressure_error_GPa",
    "static_pressure": "static_pressure_GPa",
    "seconds": "seconds_per_frame",
    "verdict": "goals",
    "chosen": "chosen",
}
PRESSURES = ["system", "frames", "lattice_constant", "lattice_constant_std", "cubic", "pressure", "motion"]
SAME_VOLUME = (
    0.01  # Å: scatter of the lattice constant up to which the mean pressure is that of the mean volume to 0.1 GPa
)


def convergence(tables: dict, published_values: dict) -> pd.DataFrame:
    """Errors of the labels by setting, one group per setting that is varied, each against the last row of its group.

    ``energy_difference_error`` is the largest error of a difference between two of the frames, after the shift that all
    share; ``static_pressure`` is that of the lattice at rest; ``goals`` says whether energy differences and forces (rms) are
    as good as was asked for. The last row holds the errors of the chosen settings against the best of each kind together.
    """
    rows = table(tables, "dft:convergence", list(CONVERGENCE))
    marks = rows["chosen"].astype(bool).map({True: "chosen", False: ""})
    return rows.assign(chosen=marks)[list(CONVERGENCE)].rename(columns=CONVERGENCE)


def static_pressure(lattice: pd.DataFrame, lattice_constant: float) -> float:
    """Pressure (GPa) in a table of cubic lattices; NaN outside it."""
    return np.nan if lattice.empty else float(at_lattice_constant(lattice, lattice_constant)["pressure"])


def equation_of_state(tables: dict, published_values: dict) -> pd.DataFrame:
    """Pressure (GPa) of the cubic phase against lattice constant, by each source.

    The first rows are the lattices that were relaxed by DFT here, the rest the systems of [Ly]'s labels, cubic cells of one
    volume each. Columns:

    gpaw
        Static pressure by DFT here; between the relaxed lattices a cubic spline.
    dp
        Static pressure by the deep potential, the proxy of the labels that it was trained on.
    published_dp
        Static pressure by [Ly]'s published potential.
    labels
        Mean potential pressure of [Ly]'s labels: frames of moving atoms.
    motion
        What motion adds to the potential pressure of these frames, by the deep potential.
    labels_minus_motion
        The labels' estimate of the static pressure.
    """
    gpaw = (
        table(tables, "dft:lattice", LATTICE) if len(tables.get("dft:lattice", ())) else pd.DataFrame(columns=LATTICE)
    )
    dp = table(tables, "statics:eos", LATTICE)
    labels = table(tables, "dft:label_pressures", PRESSURES)
    labels = labels[labels["cubic"].astype(bool) & (labels["lattice_constant_std"] < SAME_VOLUME)]
    literature = published(published_values, "ly_static_pressure").value
    at_rest = pd.DataFrame({"system": "lattice at rest", "lattice_constant": gpaw["lattice_constant"]})
    moving = labels[["system", "frames", "lattice_constant", "pressure", "motion"]].rename(
        columns={"pressure": "labels"}
    )
    rows = pd.concat([part.sort_values("lattice_constant") for part in (at_rest, moving)], ignore_index=True)
    constants = rows["lattice_constant"]
    same = np.isclose(constants, literature["a"], atol=1e-3)
    return pd.DataFrame(
        {
            "system": rows["system"],
            "frames": ["" if pd.isna(count) else f"{count:.0f}" for count in rows["frames"]],
            "lattice_constant": constants,
            "gpaw": [static_pressure(gpaw, a) for a in constants],
            "dp": [static_pressure(dp, a) for a in constants],
            "published_dp": np.where(same & rows["labels"].isna(), literature["pressure"], np.nan),
            "labels": rows["labels"],
            "motion": rows["motion"],
            "labels_minus_motion": rows["labels"] - rows["motion"],
        }
    ).assign(
        dp_minus_gpaw=lambda frame: frame["dp"] - frame["gpaw"],
        labels_minus_motion_minus_gpaw=lambda frame: frame["labels_minus_motion"] - frame["gpaw"],
    )
