"""Static pressure of the high-symmetry phase against lattice constant: DFT here, potential, other labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qcrystal.analysis.lattices import at_lattice_constant
from qcrystal.figures.kinds import Inputs, Options
from qcrystal.manuscript.published import Cited

SAME_VOLUME = 0.01
"""Scatter of the lattice constant (Å) up to which the mean pressure is that of the mean volume to 0.1 GPa."""


def static_pressure(lattice: pd.DataFrame, lattice_constant: float) -> float:
    """Pressure (GPa) in a table of cubic lattices; NaN outside it."""
    return np.nan if lattice.empty else float(at_lattice_constant(lattice, lattice_constant, ["pressure"])["pressure"])


def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> pd.DataFrame:
    """Pressure (GPa) of the cubic phase against lattice constant, by each source.

    The first rows are the lattices that were relaxed by DFT here. The rest are the systems of the other labels, cubic
    cells of one volume each. Columns:

    gpaw
        Static pressure by DFT here; between the relaxed lattices a cubic spline.
    dp
        Static pressure by the deep potential, the proxy of the labels that it was trained on.
    published_dp
        Static pressure by the published potential.
    labels
        Mean potential pressure of the other labels: frames of moving atoms.
    motion
        What motion adds to the potential pressure of these frames, by the deep potential.
    labels_minus_motion
        The labels' estimate of the static pressure.
    """
    gpaw = inputs.get("dft", pd.DataFrame({"lattice_constant": [], "pressure": []}))
    dp, labels = inputs["eos"], inputs["labels"]
    labels = labels[labels["cubic"].astype(bool) & (labels["lattice_constant_std"] < SAME_VOLUME)]
    literature = (
        published["static_pressure"].value if "static_pressure" in published else {"a": np.nan, "pressure": np.nan}
    )
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
