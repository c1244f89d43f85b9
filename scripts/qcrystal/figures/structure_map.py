"""Concurrent learning: the map of the labelled structures, and the errors and judgements by generation."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from qcrystal.analysis.sweeps import table
from qcrystal.figures.style import METHODS, PHASES, add_note, new_figure, styled
from qcrystal.io.tables import TableError

MAP = ["system", "generation", "part", "pressure", "component_1", "component_2", "share_1", "share_2"]
ERRORS = ["generation", "trained", "member", "quantity", "rmse", "n"]
COUNTS = ["generation", "explored", "accurate", "candidate", "failed"]
PER_UNIT = 1e3  # meV per eV
PANELS = (("energy", "energy RMSE (meV/atom)", "classical"), ("force", "force RMSE (meV/Å)", "qtb"))
KINDS = {"accurate": METHODS["pimd"].color, "candidate": METHODS["adqtb"].color, "failed": METHODS["qtb"].color}


@styled
def structure_map(tables: dict, published_values: dict) -> Figure:
    """First two principal components of the structure-averaged SOAP vectors, by generation and by pressure."""
    frames = table(tables, "learning:structure_map", MAP)
    figure, ((left, right),) = new_figure(2, 2.7, 1, 2, sharey=True)
    colors = colormaps["viridis"](np.linspace(0.0, 0.93, frames["generation"].nunique()))
    for number, (generation, rows) in enumerate(frames.groupby("generation")):
        color, marker = to_hex(colors[number]), PHASES[number % len(PHASES)][1]
        for part, face in (("train", color), ("test", "none")):
            chosen = rows[rows["part"] == part]
            left.plot(
                chosen["component_1"],
                chosen["component_2"],
                marker,
                markersize=3.0,
                color=color,
                markerfacecolor=face,
                markeredgewidth=0.6,
                label=f"generation {generation}" if part == "train" else None,
            )
    handles, labels = left.get_legend_handles_labels()
    handles.append(Line2D([], [], linestyle="none", marker="o", markersize=3.0, color="0.4", markerfacecolor="none"))
    low, high = left.get_ylim()
    left.set_ylim(low - 0.3 * (high - low), high)  # room for the legend
    left.legend(handles, [*labels, "set apart for testing"], loc="lower right", ncols=2)
    points = right.scatter(frames["component_1"], frames["component_2"], c=frames["pressure"], s=8, linewidths=0)
    figure.colorbar(points, ax=right, label="pressure (GPa)", pad=0.02)
    for panel in (left, right):
        panel.set_xlabel(f"principal component 1 ({100 * frames['share_1'].iloc[0]:.0f} % of the variance)")
    left.set_ylabel(f"principal component 2 ({100 * frames['share_2'].iloc[0]:.0f} %)")
    apart = int((frames["part"] == "test").sum())
    add_note(figure, f"{len(frames)} labelled frames, {apart} of them set apart; generation 0: drawn from recipes")
    return figure


@styled
def rmse_generations(tables: dict, published_values: dict) -> Figure:
    """Energy and force errors on one test set against the generation, and how the explored frames were judged."""
    errors = table(tables, "learning:generation_errors", ERRORS)
    counts = table(tables, "learning:generations", COUNTS)
    figure, axes = new_figure(1, 5.0, 3, 1, sharex=True)
    panels = axes[:, 0]
    for panel, (quantity, label, method) in zip(panels, PANELS, strict=False):
        rows = errors[errors["quantity"] == quantity]
        if rows.empty:
            raise TableError(f"table 'learning:generation_errors' has no rows of quantity {quantity}")
        members = rows.groupby("generation")["rmse"]
        style = METHODS[method]
        spread = members.std().fillna(0.0) * PER_UNIT
        panel.errorbar(
            members.mean().index, members.mean() * PER_UNIT, yerr=spread, color=style.color, marker=style.marker
        )
        panel.set_ylim(0, None)
        panel.set_ylabel(label)
    bottom = np.zeros(len(counts))
    for kind, color in KINDS.items():
        share = 100 * counts[kind] / counts["explored"]
        panels[2].bar(counts["generation"], share, 0.6, bottom, color=color, label=kind)
        bottom += share
    panels[2].set_ylim(0, 100)
    panels[2].set_ylabel("explored frames (%)")
    panels[2].legend(loc="upper right", frameon=True, framealpha=0.9)
    panels[2].set_xlabel("generation")
    panels[2].xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[2].tick_params(axis="x", which="minor", bottom=False, top=False)
    tested = int(errors.loc[errors["quantity"] == "energy", "n"].iloc[0])
    trained = ", ".join(str(number) for number in errors.groupby("generation")["trained"].first())
    add_note(
        figure,
        f"mean and standard deviation of the committee's members on {tested} frames never trained on; "
        f"frames trained on, generation by generation: {trained}",
    )
    return figure
