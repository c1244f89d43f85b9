"""Enthalpy of each phase against pressure, relative to one of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from qcrystal.figures.kinds import Enthalpies, Inputs
from qcrystal.figures.offsets import note_offsets
from qcrystal.figures.style import METHODS, PHASES, Picture, legend_above, new_figure, phase_name, styled
from qcrystal.io.tables import TableError, records, source_of
from qcrystal.manuscript.published import Cited
from qcrystal.units import MEV_PER_EV

LOOKS = [*PHASES, ("#8C564B", "h"), ("#7F7F7F", "<")]
"""Colors and markers of phases; more of them than those of other figures."""


def crystals(rows: pd.DataFrame) -> pd.Series:
    """Name of the crystal of each row: its phase's, or its space group's where it has relaxed to another symmetry."""
    own = rows["phase"].str.split(" #").str[0] == rows["spacegroup"]
    return rows["phase"].where(own, rows["spacegroup"])


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Enthalpies) -> Picture:
    """Enthalpy of each phase against pressure, relative to the reference or, where that lacks, the high-symmetry phase.

    Bars are the spread of a committee's enthalpy differences; symbols without a line are DFT's. Where a phase has relaxed to the
    symmetry of another one it is that crystal, and not drawn twice.
    """
    rows = inputs["enthalpies"]
    phases = list(dict.fromkeys(rows["phase"]))
    reference = next((phase for phase in (options.reference, options.high_symmetry) if phase in phases), None)
    if reference is None:
        raise TableError(
            f"{source_of(rows)}: neither {options.reference} nor {options.high_symmetry} is in the column phase: "
            f"{', '.join(phases)}"
        )
    figure, axes = new_figure(1, 3.3)
    panel = axes[0, 0]
    looks = LOOKS * (len(phases) // len(LOOKS) + 1)
    colors = {phase: color for phase, (color, _) in zip(phases, looks, strict=False)}
    draw_phases(figure, panel, rows, reference, dict(zip(phases, looks, strict=False)))
    draw_dft(figure, panel, inputs.get("dft"), reference, colors)
    low, high = panel.get_ylim()
    panel.set_ylim(min(low, -1.0), max(high, 1.0))
    shade_beyond(figure, panel, rows)
    panel.set_xlabel("pressure (GPa)")
    panel.set_ylabel(f"$H - H$({phase_name(reference)}) (meV/atom)")
    legend_above(figure, [panel], columns=4)
    if "lowest" in published:
        lowest = published["lowest"]
        names = ", ".join(phase_name(phase) for phase in lowest.value)
        figure.note(
            f"lowest phases in {lowest.label} ({lowest.where}), relative to {phase_name(options.reference)}: {names}"
        )
    if reference != options.reference:
        figure.note(
            f"no {phase_name(options.reference)} was found with this potential: relative to {phase_name(reference)}"
        )
    note_committee(figure, rows, inputs.get("limits"))
    note_offsets(figure, inputs.get("frames"), "; a difference of enthalpies may err by as much")
    note_search(figure, inputs.get("counts"))
    return figure


def draw_phases(
    figure: Picture, panel: Axes, rows: pd.DataFrame, reference: str, looks: dict[str, tuple[str, str]]
) -> None:
    """One curve per phase, with crosses where a relaxation did not converge."""
    values = rows.assign(pressure=rows["pressure"].round(3)).set_index("pressure")
    zero = values[values["phase"] == reference]
    values = values[~note_relaxed(figure, values)]
    for number, (phase, (color, marker)) in enumerate(looks.items()):
        chosen = values[(values["phase"] == phase) & values.index.isin(zero.index)].sort_index()
        if chosen.empty:
            continue
        at_reference = zero.loc[chosen.index]
        relative = MEV_PER_EV * (chosen["enthalpy"] - at_reference["enthalpy"])
        line = "-" if number < len(LOOKS) else "--"
        panel.plot(relative.index, relative, line, color=color, marker=marker, label=phase_name(phase))
        spread = MEV_PER_EV * committee_spread(chosen, at_reference)
        if np.isfinite(spread).any() and phase != reference:
            panel.errorbar(relative.index, relative, yerr=spread, fmt="none", ecolor=color, elinewidth=0.8)
        unfinished = ~chosen["converged"].astype(bool)
        if unfinished.any():
            panel.plot(relative.index[unfinished], relative[unfinished], "x", color="k", markersize=6)
            figure.note("crosses: relaxation not converged")


def note_relaxed(figure: Picture, values: pd.DataFrame) -> np.ndarray:
    """Which rows (indexed by pressure) are the crystal of another phase of the table; the figure's notes tell them."""
    name = crystals(values)
    also = pd.MultiIndex.from_arrays([values.index, values["phase"]])
    same = (name != values["phase"]).to_numpy() & pd.MultiIndex.from_arrays([values.index, name]).isin(also)
    texts = []
    for (phase, other), here in values[same].groupby(["phase", name[same]], sort=False):
        pressures = ", ".join(f"{pressure:g}" for pressure in sorted(here.index))
        texts.append(f"{phase_name(str(phase))} to {phase_name(str(other))} at {pressures} GPa")
    if texts:
        figure.note(f"relaxed to another phase, and drawn as that one: {'; '.join(texts)}")
    return np.asarray(same)


def shade_beyond(figure: Picture, panel: Axes, rows: pd.DataFrame) -> None:
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
    figure.note("shaded: pressures beyond those that the potential was trained on, an extrapolation")


def committee_spread(rows: pd.DataFrame, reference: pd.DataFrame) -> np.ndarray:
    """Standard deviation over a committee of the energy differences (eV/atom) of two sets of rows; NaN without a committee."""
    members = [column for column in rows if str(column).startswith("member_")]
    if len(members) < 2:
        return np.full(len(rows), np.nan)
    differences = rows[members].to_numpy(dtype=float) - reference[members].to_numpy(dtype=float)
    return differences.std(axis=1, ddof=1)


def draw_dft(
    figure: Picture, panel: Axes, checked: pd.DataFrame | None, reference: str, colors: dict[str, str]
) -> None:
    """DFT's enthalpies of structures that a potential relaxed, relative to DFT's of the reference at the same pressure."""
    if checked is None or checked.empty:
        return
    label: str | None = "DFT"
    for _, here in checked.groupby("pressure"):
        also = here.get("also", pd.Series("", index=here.index))
        same = also.fillna("").astype(str).str.split("; ").map(lambda names: reference in names)
        zero = here.loc[(here["phase"] == reference) | same, "relative_enthalpy_dft"]
        if zero.empty:
            continue
        for row in records(here.loc[zero.index.symmetric_difference(here.index)]):
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
        figure.note(f"DFT checked structures of {names}, without {phase_name(reference)}: not drawn")
    else:
        figure.note(
            f"DFT (GPAW): at the geometry of {names}, corrected to its pressure; grey: phases not drawn here",
        )


def note_committee(figure: Picture, rows: pd.DataFrame, limits: pd.DataFrame | None) -> None:
    """Say what the bars are, and in which structures a committee's forces differ more than they do on held-out frames."""
    members = sum(str(column).startswith("member_") for column in rows)
    if members < 2:
        return
    text = f"bars: standard deviation over a committee of {members}, less than the error: what all members err by is not in it"
    known = {} if limits is None else dict(zip(limits["limit"], limits["value"], strict=True))
    if "deviation" in known:
        far = rows[rows["force_deviation"] > known["deviation"]]
        names = ", ".join(f"{phase_name(row.phase)} {row.pressure:g} GPa" for row in records(far))
        text += f"; its forces differ more than on held-out frames in {names or 'none of these structures'}"
    figure.note(text)


def note_search(figure: Picture, counts: pd.DataFrame | None) -> None:
    """Say how many starts the search had and what became of them."""
    if counts is None or counts.empty:
        return
    texts = []
    for origin, here in counts.groupby("origin", sort=False):
        fates = here.groupby("fate")["number"].sum().sort_values(ascending=False)
        texts.append(f"{origin} {fates.sum()} ({', '.join(f'{number} {fate}' for fate, number in fates.items())})")
    figure.note(f"starts of the search: {'; '.join(texts)}")
