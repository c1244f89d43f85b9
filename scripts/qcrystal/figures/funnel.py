"""Survivors of every stage of the funnel, beside the published ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import METHODS, Picture, draw_published, legend_above, new_figure, note_stand_in, styled
from qcrystal.manuscript.published import Cited

SMALLEST = 0.5
"""Place of a stage without survivors on the logarithmic axis."""


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """Candidates that each stage keeps, on a logarithmic axis; a stage that keeps none is an open symbol at the bottom."""
    figure, axes = new_figure(1, 2.8)
    panel, table = axes[0, 0], inputs["funnel"]
    kept = table["kept"].to_numpy(float)
    places, style = np.arange(len(kept)), METHODS["classical"]
    some = kept > 0
    panel.plot(places[some], kept[some], color=style.color, marker=style.marker, label="this work")
    if not some.all():
        none = places[~some]
        panel.plot(
            none, np.full(len(none), SMALLEST), "v", color=style.color, markerfacecolor="none", label="none left"
        )
    if "survivors" in published:
        cited = published["survivors"]
        numbers = [cited.value[stage] for stage in table["stage"]]
        draw_published(panel, places, numbers, f"{cited.label}, {cited.where}", line="--")
        figure.note("the published search has 29 elements, this one fewer")
    if (table["untested"] > 0).any():
        figure.note("some candidates reached a stage without being tested there")
    panel.set_yscale("log")
    panel.set_xticks(places, [f"{row.stage}" for row in table.itertuples()])
    panel.tick_params(axis="x", which="minor", bottom=False, top=False)
    panel.set_xlabel("stage")
    panel.set_ylabel("candidates left")
    figure.note("; ".join(f"{row.stage}: {row.test}" for row in table.itertuples()))
    legend_above(figure, [panel], columns=1)
    note_stand_in(figure, inputs["funnel"])
    return figure
