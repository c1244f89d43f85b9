"""Static lattices: enthalpies of the phases [Qin et al. 2023, fig. 1(a)] and the cubic lattice [table I]."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.interpolate import make_interp_spline

from qcrystal.analysis.sweeps import published, table
from qcrystal.figures.style import METHODS, PHASES, add_note, legend, new_figure, phase_name, styled
from qcrystal.io.tables import TableError

CUBIC = "Fm-3m"
REFERENCE = "C2"  # of the published figure
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
    """Enthalpy of each phase against pressure relative to C2 or, where the search found none, to the cubic phase.

    Bars are the spread of a committee's enthalpy differences; symbols without a line are DFT's.
    """
    rows = table(tables, "search:enthalpies", ["phase", "pressure", "enthalpy", "converged"])
    phases = list(dict.fromkeys(rows["phase"]))
    reference = next((phase for phase in (REFERENCE, CUBIC) if phase in phases), None)
    if reference is None:
        raise TableError(
            f"table 'search:enthalpies' has neither {REFERENCE} nor {CUBIC} in its column phase: {', '.join(phases)}"
        )
    values = rows.assign(pressure=rows["pressure"].round(3)).set_index("pressure")
    zero = values[values["phase"] == reference]
    figure, axes = new_figure(1, 2.9)
    panel = axes[0, 0]
    colors = {}
    looks = PHASES * (len(phases) // len(PHASES) + 1)
    for number, (phase, (color, marker)) in enumerate(zip(phases, looks, strict=False)):
        colors[phase] = color
        chosen = values[(values["phase"] == phase) & values.index.isin(zero.index)].sort_index()
        if chosen.empty:
            continue
        at_reference = zero.loc[chosen.index]
        relative = MEV_PER_EV * (chosen["enthalpy"] - at_reference["enthalpy"])
        line = "-" if number < len(PHASES) else "--"
        panel.plot(relative.index, relative, line, color=color, marker=marker, label=phase_name(phase))
        spread = MEV_PER_EV * committee_spread(chosen, at_reference)
        if np.isfinite(spread).any() and phase != reference:
            panel.errorbar(relative.index, relative, yerr=spread, fmt="none", ecolor=color, elinewidth=0.8)
        unfinished = ~chosen["converged"].astype(bool)
        if unfinished.any():
            panel.plot(relative.index[unfinished], relative[unfinished], "x", color="k", markersize=6)
            add_note(figure, "crosses: relaxation not converged")
    draw_dft(panel, tables.get("dft:structures"), reference, colors)
    low, high = panel.get_ylim()
    panel.set_ylim(min(low, -1.0), max(high, 1.0))
    shade_beyond(panel, rows)
    panel.set_xlabel("pressure (GPa)")
    panel.set_ylabel(f"$H - H$({phase_name(reference)}) (meV/atom)")
    legend(panel, ncols=1 + (len(phases) > 6), loc="best")
    lowest = published(published_values, "qin_low_enthalpy_phases")
    names = ", ".join(phase_name(phase) for phase in lowest.value)
    add_note(figure, f"lowest phases in {lowest.label} ({lowest.where}), relative to {phase_name(REFERENCE)}: {names}")
    if reference != REFERENCE:
        add_note(figure, f"no {phase_name(REFERENCE)} was found with this potential: relative to {phase_name(CUBIC)}")
    note_committee(figure, rows, tables.get("accuracy:limits"))
    note_search(figure, tables.get("search:counts"))
    return figure


def shade_beyond(panel: Axes, rows: pd.DataFrame) -> None:
    """Shade the pressures beyond those that the potential was trained on, if the table has any, and say so."""
    if "beyond_training" not in rows or not (rows["beyond_training"] > 0).any():
        return
    left, right = panel.get_xlim()
    within, outside = (rows[chosen] for chosen in (rows["beyond_training"] == 0, rows["beyond_training"] > 0))
    above = outside[outside["pressure"] > within["pressure"].max()]
    below = outside[outside["pressure"] < within["pressure"].min()]
    for start, end in (
        ((above["pressure"] - above["beyond_training"]).min(), right),
        (left, (below["pressure"] + below["beyond_training"]).max()),
    ):
        if start < end:  # not where there is none, which is NaN
            panel.axvspan(start, end, color="0.93", zorder=-1, linewidth=0)
    panel.set_xlim(left, right)
    add_note(panel.figure, "shaded: pressures beyond those that the potential was trained on, an extrapolation")


def committee_spread(rows: pd.DataFrame, reference: pd.DataFrame) -> np.ndarray:
    """Standard deviation over a committee of the energy differences (eV/atom) of two sets of rows; NaN without a committee."""
    members = [column for column in rows if column.startswith("member_")]
    if len(members) < 2:
        return np.full(len(rows), np.nan)
    differences = rows[members].to_numpy(dtype=float) - reference[members].to_numpy(dtype=float)
    return differences.std(axis=1, ddof=1)


def draw_dft(panel: Axes, checked: pd.DataFrame | None, reference: str, colors: dict[str, str]) -> None:
    """DFT's enthalpies of structures that a potential relaxed, relative to DFT's of the reference at the same pressure."""
    if checked is None or checked.empty:
        return
    label = "DFT"
    for _, here in checked.groupby("pressure"):
        also = here.get("also", pd.Series("", index=here.index))
        same = also.fillna("").astype(str).str.split("; ").map(lambda names: reference in names)
        zero = here.loc[(here["phase"] == reference) | same, "relative_enthalpy_dft"]
        if zero.empty:
            continue
        for row in here.loc[zero.index.symmetric_difference(here.index)].itertuples():
            panel.plot(
                row.pressure,
                MEV_PER_EV * (row.relative_enthalpy_dft - zero.iloc[0]),
                METHODS["dft"].marker,
                color=colors.get(row.phase, "0.5"),
                markeredgecolor="k",
                markersize=6,
                label=label,
            )
            label = None
    names = ", ".join(checked["potential"].unique())
    if label:
        add_note(panel.figure, f"DFT checked structures of {names}, without {phase_name(reference)}: not drawn")
    else:
        add_note(
            panel.figure,
            f"DFT (GPAW): at the geometry of {names}, taken to its pressure; grey: phases not drawn here",
        )


def note_committee(figure: Figure, rows: pd.DataFrame, limits: pd.DataFrame | None) -> None:
    """Say what the bars are, and in which structures a committee's forces differ more than they do on held-out frames."""
    members = sum(column.startswith("member_") for column in rows)
    if members < 2:
        return
    text = f"bars: standard deviation over a committee of {members}, less than the error: what all members err by is not in it"
    known = {} if limits is None else dict(zip(limits["limit"], limits["value"], strict=True))
    if "deviation" in known:
        far = rows[rows["force_deviation"] > known["deviation"]]
        names = ", ".join(f"{phase_name(row.phase)} {row.pressure:g} GPa" for row in far.itertuples())
        text += f"; its forces differ more than on held-out frames in {names or 'none of these structures'}"
    add_note(figure, text)


def note_search(figure: Figure, counts: pd.DataFrame | None) -> None:
    """Say how many starts the search had and what became of them."""
    if counts is None or counts.empty:
        return
    texts = []
    for origin, here in counts.groupby("origin", sort=False):
        fates = here.groupby("fate")["number"].sum().sort_values(ascending=False)
        texts.append(f"{origin} {fates.sum()} ({', '.join(f'{number} {fate}' for fate, number in fates.items())})")
    add_note(figure, f"starts of the search: {'; '.join(texts)}")


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


def lattice_column(row: pd.Series, beyond: float = np.nan) -> list[float]:
    """Entries of one column of the lattice table that our calculations fill, in its order."""
    constant = row["lattice_constant"]
    angle = 90.0 if np.isfinite(constant) else np.nan
    return [constant, angle, *(row[column] for _, column, _ in DISTANCES), row["x"], row["pressure"], beyond]


def published_column(values: dict) -> list[float]:
    """Entries of one column from the literature: x follows from H-H(1) = 2 x a; no pressure is stated there."""
    x = values["H_H1"] / (2.0 * values["a"])
    return [values["a"], values["alpha"], *(values[name] for name, _, _ in DISTANCES), x, np.nan, np.nan]


def beyond_training(branch: pd.DataFrame, row: pd.Series) -> float:
    """By how much (GPa) a row's pressure is outside those of the potential's training frames."""
    if not np.isfinite(row["pressure"]):
        return np.nan
    ordered = branch.sort_values("pressure")
    return float(np.interp(row["pressure"], ordered["pressure"], ordered["beyond_training"]))


def lattice(tables: dict, published_values: dict) -> pd.DataFrame:
    """Cubic lattice at the published volume, and at the pressure that gives it: DFT and DP of this work, and both published.

    The published table states no pressure, so the comparison is at its DFT lattice constant; the pressure that each of our
    methods has there is a row of its own, and ``dp_at_dft_pressure`` is the DP lattice at DFT's. The row "beyond training"
    says by how much a pressure is outside those of the frames that the potential was trained on: there DP extrapolates. Where
    DP's pressure does not rise on compression it means nothing and is left out. Where our equation of state ends before
    the published lattice constant, ours are compared at its end and the differences from the published columns are left
    out, except that of x.
    """
    potential = table(tables, "statics:eos", [*LATTICE, "beyond_training"])
    branch = potential[potential["beyond_training"].notna()]
    dft_published = published(published_values, "qin_table1_dft").value
    dp_published = published(published_values, "qin_table1_dp").value
    covered = potential["lattice_constant"]
    constant = float(np.clip(dft_published["a"], covered.min(), covered.max()))
    dp = at_lattice_constant(potential, constant)
    dp["pressure"] = at_lattice_constant(branch, constant)["pressure"]
    dft = same_pressure = pd.Series(np.nan, index=LATTICE)
    if len(tables.get("dft:lattice", ())):
        dft = at_lattice_constant(table(tables, "dft:lattice", LATTICE), constant)
        same_pressure = at_pressure(branch, dft["pressure"])
    frame = pd.DataFrame(
        {
            "quantity": ["a", "alpha", *(text for _, _, text in DISTANCES), "x", "pressure", "beyond training"],
            "unit": ["Å", "deg", *["Å"] * len(DISTANCES), "", "GPa", "GPa"],
            "dft": lattice_column(dft),
            "dp": lattice_column(dp, beyond_training(branch, dp)),
            "dp_at_dft_pressure": lattice_column(same_pressure, beyond_training(branch, same_pressure)),
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
