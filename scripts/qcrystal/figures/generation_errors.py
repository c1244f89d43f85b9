"""Concurrent learning: errors on one test set and judgements of explored frames, by generation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.ticker import MaxNLocator

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import METHODS, Picture, letter_panels, new_figure, styled
from qcrystal.io.tables import TableError, source_of
from qcrystal.manuscript.published import Cited

PER_UNIT = 1e3  # meV per eV
PANELS = (("energy", "energy RMSE (meV/atom)", "classical"), ("force", "force RMSE (meV/Å)", "qtb"))
KINDS = {"accurate": METHODS["pimd"].color, "candidate": METHODS["adqtb"].color, "failed": METHODS["qtb"].color}


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """Energy and force errors on one test set against the generation, and how the explored frames were judged."""
    errors, counts = inputs["errors"], inputs["generations"]
    figure, axes = new_figure(1, 5.0, 3, 1, sharex=True)
    panels = axes[:, 0]
    for panel, (quantity, label, method) in zip(panels, PANELS, strict=False):
        rows = errors[errors["quantity"] == quantity]
        if rows.empty:
            raise TableError(f"{source_of(errors)}: no rows of quantity {quantity}")
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
    panels[2].set_title(" ")
    panels[2].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(KINDS), borderaxespad=0.1)
    panels[2].set_xlabel("generation")
    panels[2].xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[2].tick_params(axis="x", which="minor", bottom=False, top=False)
    tested = int(errors.loc[errors["quantity"] == "energy", "n"].iloc[0])
    trained = ", ".join(str(number) for number in errors.groupby("generation")["trained"].first())
    letter_panels(panels)
    figure.note(
        f"mean and standard deviation of the committee's members on {tested} frames never trained on; "
        f"frames trained on, generation by generation: {trained}",
    )
    return figure
