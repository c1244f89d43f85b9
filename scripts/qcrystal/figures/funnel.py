"""Survivors of every stage of the funnel, beside the published ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.search_notes import note_potential
from qcrystal.figures.style import METHODS, Picture, draw_published, legend_above, new_figure, styled
from qcrystal.manuscript.published import Cited

SMALLEST = 0.5
"""Place of a stage without survivors on the logarithmic axis."""
PREFERRED = ("DFT", "committee", "assumed")
"""Whose errors of the enthalpies the bars carry: the first that is there."""


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """Candidates that each stage keeps, on a logarithmic axis; a stage that keeps none is an open symbol at the bottom.

    A stage that tested none of the candidates that reached it has no symbol: nobody knows what it keeps. Bars are 95 % intervals
    of the counts over draws of the errors of the enthalpies, where their table is given.
    """
    figure, axes = new_figure(1, 2.8)
    panel, table = axes[0, 0], inputs["funnel"]
    kept = table["kept"].to_numpy(float)
    places, style = np.arange(len(kept)), METHODS["classical"]
    blind = ((table["tested"] == 0) & (table["untested"] > 0)).to_numpy()
    some = (kept > 0) & ~blind
    panel.plot(places[some], kept[some], color=style.color, marker=style.marker, label="this work")
    if not (some | blind).all():
        none = places[~some & ~blind]
        panel.plot(
            none, np.full(len(none), SMALLEST), "v", color=style.color, markerfacecolor="none", label="none left"
        )
    _draw_range(figure, panel, inputs)
    if "survivors" in published:
        cited = published["survivors"]
        numbers = [cited.value[stage] for stage in table["stage"]]
        draw_published(panel, places, numbers, f"{cited.label}, {cited.where}", line="--")
        figure.note("the published search has 29 elements, this one fewer")
    for row in table[table["untested"] > 0].itertuples():
        figure.note(
            f"{row.untested} of {row.untested + row.tested} candidates that reached {row.stage} were not tested there"
        )
    panel.set_yscale("log")
    panel.set_xticks(places, [f"{row.stage}" for row in table.itertuples()])
    panel.tick_params(axis="x", which="minor", bottom=False, top=False)
    panel.set_xlabel("stage")
    panel.set_ylabel("candidates left")
    figure.note("; ".join(f"{row.stage}: {row.test}" for row in table.itertuples()))
    legend_above(figure, [panel], columns=1)
    note_potential(figure, inputs["funnel"])
    return figure


def _draw_range(figure: Picture, panel: Axes, inputs: Inputs) -> None:
    ranges = inputs.get("range")
    if ranges is None:
        return
    source = next(name for name in PREFERRED if (ranges["source"] == name).any())
    own = ranges[ranges["source"] == source].set_index("stage").loc[list(inputs["funnel"]["stage"])]
    ends = [np.maximum(own[name].to_numpy(float), SMALLEST) for name in ("low", "high")]
    style = METHODS["classical"]
    panel.vlines(np.arange(len(own)), *ends, color=style.color, linewidth=4, alpha=0.3, label="95 % of draws")
    figure.note(f"bars: counts over draws of the errors of enthalpies ({source}); 0 stands at {SMALLEST:g}")
    if (own["untested"] > 0).any():
        figure.note("candidates that a draw brings to a stage without a test pass it as often as tested ones")
