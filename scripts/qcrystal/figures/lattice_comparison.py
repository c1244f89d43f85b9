"""Lattice of the high-symmetry phase at the published volume: DFT and deep potential, this work and published."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qcrystal.analysis.lattices import at_lattice_constant, at_pressure
from qcrystal.figures.kinds import Inputs, LatticeComparison
from qcrystal.manuscript.published import Cited


def draw(inputs: Inputs, published: Mapping[str, Cited], options: LatticeComparison) -> pd.DataFrame:
    """The lattice at the published volume, and at the pressure that gives it: DFT and DP of this work, and both published.

    The published table states no pressure, so the comparison is at its DFT lattice constant. The pressure that each of our
    methods has there is a row of its own. ``dp_at_dft_pressure`` is the DP lattice at DFT's pressure. The row "beyond training"
    says by how much a pressure is outside those of the frames that the potential was trained on: there DP extrapolates. Where
    DP's pressure does not rise on compression it means nothing and is left out. Where our equation of state ends before
    the published lattice constant, ours are compared at its end. The differences from the published columns are then
    left out, except that of x.
    """
    distances = options.distances
    columns = ["lattice_constant", "pressure", "x", *(distance.column for distance in distances)]
    potential = inputs["eos"]
    branch = potential[potential["beyond_training"].notna()]
    dft_published, dp_published = published["dft"].value, published["dp"].value
    covered = potential["lattice_constant"]
    constant = float(np.clip(dft_published["a"], covered.min(), covered.max()))
    dp = at_lattice_constant(potential, constant, columns)
    dp["pressure"] = at_lattice_constant(branch, constant, columns)["pressure"]
    dft = same_pressure = pd.Series(np.nan, index=columns)
    if len(inputs.get("dft", ())):
        dft = at_lattice_constant(inputs["dft"], constant, columns)
        same_pressure = at_pressure(branch, dft["pressure"], columns)

    def ours(row: pd.Series, beyond: float = np.nan) -> list[float]:
        angle = 90.0 if np.isfinite(row["lattice_constant"]) else np.nan
        lengths = [row[distance.column] for distance in distances]
        return [row["lattice_constant"], angle, *lengths, row["x"], row["pressure"], beyond]

    def theirs(values: Mapping[str, float]) -> list[float]:
        """x follows from H-H(1) = 2 x a; no pressure is stated there."""
        x = values["H_H1"] / (2.0 * values["a"]) if "H_H1" in values else np.nan
        lengths = [values.get(distance.published, np.nan) for distance in distances]
        return [values["a"], values["alpha"], *lengths, x, np.nan, np.nan]

    frame = pd.DataFrame(
        {
            "quantity": ["a", "alpha", *(distance.label for distance in distances), "x", "pressure", "beyond training"],
            "unit": ["Å", "deg", *["Å"] * len(distances), "", "GPa", "GPa"],
            "dft": ours(dft),
            "dp": ours(dp, beyond_training(branch, dp)),
            "dp_at_dft_pressure": ours(same_pressure, beyond_training(branch, same_pressure)),
            "published_dft": theirs(dft_published),
            "published_dp": theirs(dp_published),
        }
    )
    frame["dp_minus_dft"] = frame["dp"] - frame["dft"]
    frame["dft_minus_published_dft"] = frame["dft"] - frame["published_dft"]
    frame["dp_minus_published_dp"] = frame["dp"] - frame["published_dp"]
    if constant != dft_published["a"]:
        lengths = frame["quantity"] != "x"
        frame.loc[lengths, ["dft_minus_published_dft", "dp_minus_published_dp"]] = np.nan
    return frame


def beyond_training(branch: pd.DataFrame, row: pd.Series) -> float:
    """By how much (GPa) a row's pressure is outside those of the potential's training frames."""
    if not np.isfinite(row["pressure"]):
        return np.nan
    ordered = branch.sort_values("pressure")
    return float(np.interp(row["pressure"], ordered["pressure"], ordered["beyond_training"]))
