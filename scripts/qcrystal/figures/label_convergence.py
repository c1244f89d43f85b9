"""Convergence of the DFT labels with their settings, as a table."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.manuscript.published import Cited

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


def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> pd.DataFrame:
    """Errors of the labels by setting, one group per setting that is varied, each against the last row of its group.

    ``energy_difference_error`` is the largest error of a difference between two of the frames, after the shift that all
    share. ``static_pressure`` is that of the lattice at rest, where it was calculated. ``goals`` says whether energy
    differences and forces (rms) are as good as was asked for. The last row holds the errors of the chosen settings against
    the best of each kind together.
    """
    rows = inputs["convergence"]
    marks = rows["chosen"].astype(bool).map({True: "chosen", False: ""})
    known = [column for column in CONVERGENCE if column in rows]
    return rows.assign(chosen=marks)[known].rename(columns=CONVERGENCE)
