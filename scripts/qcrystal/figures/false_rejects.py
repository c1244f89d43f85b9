"""Loss of each stage of the funnel: the wrong share of a sample of its rejects."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.search_notes import note_potential
from qcrystal.figures.style import METHODS, Picture, new_figure, say_empty, styled
from qcrystal.manuscript.published import Cited


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """Share of each stage's rejects that DFT puts within the hull's threshold, with Clopper-Pearson 95 % intervals."""
    figure, axes = new_figure(1, 2.6)
    panel = axes[0, 0]
    table = inputs["rejects"][inputs["rejects"]["drawn"] > 0]
    share = (table["wrong"] / table["drawn"]).to_numpy(float)
    spans = 100 * np.clip([share - table["low"], table["high"] - share], 0, None)
    style, places = METHODS["dft"], np.arange(len(table))
    panel.errorbar(places, 100 * share, yerr=spans, color=style.color, marker=style.marker, linestyle="none")
    panel.set_xticks(places, [f"{row.stage}\n{row.wrong} of {row.drawn}" for row in table.itertuples()])
    panel.tick_params(axis="x", which="minor", bottom=False, top=False)
    panel.set_xlim(-0.5, max(len(table), 1) - 0.5)
    panel.set_ylim(0, 105)
    panel.set_xlabel("stage, wrong of the tested rejects")
    panel.set_ylabel("wrong rejects (%)")
    figure.note("bars: Clopper-Pearson intervals, 95 %; the sample is stratified by distance to the threshold")
    if table.empty:
        say_empty(panel, "DFT tested no reject")
    if "dft_atoms" in table and not table.empty:
        figure.note(f"drawn of the rejects of at most {int(table['dft_atoms'].iloc[0])} atoms")
    untested = sorted(set(inputs["rejects"]["stage"]) - set(table["stage"]))
    if untested:
        figure.note(f"no reject of {', '.join(untested)} was tested")
    note_potential(figure, inputs["rejects"])
    return figure
