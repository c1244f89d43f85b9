"""Static lattices: enthalpies of the phases [Qin et al. 2023, fig. 1(a)] and the cubic lattice [table I]."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.interpolate import make_interp_spline

from qcrystal.figures.data import published, table
from qcrystal.figures.style import PHASES, add_note, legend, new_figure, phase_name, styled
from qcrystal.tables import TableError

CUBIC = "Fm-3m"
MEV_PER_EV = 1000.0
SPLINE_POINTS = 4  # a cubic spline needs so many
# published name, column of the equation of state, name in the table; (1) in, (2) out of the quadrilaterals
DISTANCES = [
    ("La_H1", "la_h1", "La-H(1)"),
    ("La_H2", "la_h2", "La-H(2)"),
    ("H_H1", "h_h1", "H-H(1)"),
    ("H_H2", "h_h2", "H-H(2)"),
    ("La_La", "la_la", "La-La"),
]
LATTICE = ["lattice_constant", "pressure", "x", *(column for _, column, _ in DISTANCES)]


@styled
def enthalpy(tables: dict, published_values: dict) -> Figure:
    """Enthalpy of each phase against pressure relative to C2 or, where the search found none, to the cubic phase."""
    rows = table(tables, "statics:enthalpy", ["phase", "pressure", "enthalpy", "converged"])
    phases = list(dict.fromkeys(rows["phase"]))
    reference = next((phase for phase in ("C2", CUBIC) if phase in phases), None)
    if reference is None:
        raise TableError(
            f"table 'statics:enthalpy' has neither C2 nor {CUBIC} in its column phase: {', '.join(phases)}"
        )
    values = rows.assign(pressure=rows["pressure"].round(3)).set_index("pressure")
    zero = values.loc[values["phase"] == reference, "enthalpy"]
    figure, axes = new_figure(1, 2.7)
    panel = axes[0, 0]
    looks = PHASES * (len(phases) // len(PHASES) + 1)
    for number, (phase, (color, marker)) in enumerate(zip(phases, looks, strict=False)):
        chosen = values[values["phase"] == phase]
        chosen = chosen[chosen.index.isin(zero.index)].sort_index()
        relative = MEV_PER_EV * (chosen["enthalpy"] - zero.reindex(chosen.index))
        line = "-" if number < len(PHASES) else "--"
        panel.plot(relative.index, relative, line, color=color, marker=marker, label=phase_name(phase))
        unfinished = ~chosen["converged"].astype(bool)
        if unfinished.any():
            panel.plot(relative.index[unfinished], relative[unfinished], "x", color="k", markersize=6)
            add_note(figure, "crosses: relaxation not converged")
    low, high = panel.get_ylim()
    panel.set_ylim(min(low, -1.0), max(high, 1.0))
    panel.set_xlabel("pressure (GPa)")
    panel.set_ylabel(f"$H - H$({phase_name(reference)}) (meV/atom)")
    legend(panel, ncols=1 + (len(phases) > 6), loc="best")
    lowest = published(published_values, "qin_low_enthalpy_phases")
    names = ", ".join(phase_name(phase) for phase in lowest.value)
    add_note(figure, f"lowest phases in {lowest.label} ({lowest.where}): {names}")
    return figure


def at_lattice_constant(lattice: pd.DataFrame, value: float) -> pd.Series:
    """Row of a table of cubic lattices at a lattice constant (Å): the row itself or a cubic spline through all.

    NaN outside the table, and between the rows of one with fewer than four.
    """
    ordered = lattice.sort_values("lattice_constant").drop_duplicates("lattice_constant")
    known = ordered["lattice_constant"].to_numpy(dtype=float)
    exact = np.isclose(known, value, atol=1e-6)
    if exact.any():
        return ordered[LATTICE].iloc[int(np.argmax(exact))].astype(float)
    if len(known) < SPLINE_POINTS or not known[0] <= value <= known[-1]:
        return pd.Series(np.nan, index=LATTICE)
    return pd.Series(make_interp_spline(known, ordered[LATTICE].to_numpy(dtype=float))(value), index=LATTICE)


def at_pressure(lattice: pd.DataFrame, pressure: float) -> pd.Series:
    """Row of a table of cubic lattices at a pressure (GPa); NaN outside the table."""
    ordered = lattice.sort_values("pressure").drop_duplicates("pressure")
    known = ordered["pressure"].to_numpy(dtype=float)
    if len(known) < SPLINE_POINTS or not known[0] <= pressure <= known[-1]:
        return pd.Series(np.nan, index=LATTICE)
    constants = ordered["lattice_constant"].to_numpy(dtype=float)
    return at_lattice_constant(lattice, float(make_interp_spline(known, constants)(pressure)))


def lattice_column(row: pd.Series) -> list[float]:
    """Entries of one column of the lattice table that our calculations fill, in its order."""
    constant = row["lattice_constant"]
    angle = 90.0 if np.isfinite(constant) else np.nan
    return [constant, angle, *(row[column] for _, column, _ in DISTANCES), row["x"], row["pressure"]]


def published_column(values: dict) -> list[float]:
    """Entries of one column from the literature: x follows from H-H(1) = 2 x a; no pressure is stated there."""
    x = values["H_H1"] / (2.0 * values["a"])
    return [values["a"], values["alpha"], *(values[name] for name, _, _ in DISTANCES), x, np.nan]


def lattice(tables: dict, published_values: dict) -> pd.DataFrame:
    """Cubic lattice at the published volume: DFT and DP of this work, both published, and differences.

    The published table states no pressure, so the comparison is at its DFT lattice constant, and the pressure that each
    of our methods has there is a row of its own. Where our equation of state ends before that lattice constant, ours
    are compared at its end and the differences from the published columns are left out, except that of x.
    ``dp_at_dft_pressure`` is the DP lattice at the DFT column's pressure.
    """
    potential = table(tables, "statics:eos", LATTICE)
    dft_published = published(published_values, "qin_table1_dft").value
    dp_published = published(published_values, "qin_table1_dp").value
    covered = potential["lattice_constant"]
    constant = float(np.clip(dft_published["a"], covered.min(), covered.max()))
    dp = at_lattice_constant(potential, constant)
    dft = same_pressure = pd.Series(np.nan, index=LATTICE)
    if len(tables.get("dft:lattice", ())):
        dft = at_lattice_constant(table(tables, "dft:lattice", LATTICE), constant)
        same_pressure = at_pressure(potential, dft["pressure"])
    frame = pd.DataFrame(
        {
            "quantity": ["a", "alpha", *(text for _, _, text in DISTANCES), "x", "pressure"],
            "unit": ["Å", "deg", *["Å"] * len(DISTANCES), "", "GPa"],
            "dft": lattice_column(dft),
            "dp": lattice_column(dp),
            "dp_at_dft_pressure": lattice_column(same_pressure),
            "published_dft": published_column(dft_published),
            "published_dp": published_column(dp_published),
        }
    )
    frame["dp_minus_dft"] = frame["dp"] - frame["dft"]
    frame["dft_minus_published_dft"] = frame["dft"] - frame["published_dft"]
    frame["dp_minus_published_dp"] = frame["dp"] - frame["published_dp"]
    if constant != dft_published["a"]:
        lengths = frame["quantity"] != "x"
        frame.loc[lengths, ["dft_minus_published_dft", "dp_minus_published_dp"]] = np.nan
    return frame
