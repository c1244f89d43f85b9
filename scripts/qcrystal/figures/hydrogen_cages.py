"""Hydrogen cages of the candidates: how many metal atoms have a cage of each size, beside published cages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import numpy as np
from matplotlib.ticker import MaxNLocator, NullLocator

from qcrystal.figures.kinds import Inputs
from qcrystal.figures.options import HydrogenCages
from qcrystal.figures.search_notes import note_potential
from qcrystal.figures.style import PHASES, Picture, draw_published, legend_above, new_figure, say_empty, styled
from qcrystal.manuscript.published import Cited

THICK = 6.0
"""Points that the bars of one size take together."""


def sizes_of(text: str) -> list[tuple[str, int]]:
    """Elements and sizes of a text of cages: ``Ca: H24; Y: H24, H28`` has three."""
    found = []
    for part in text.split(";"):
        element, _, sizes = part.partition(":")
        found += [(element.strip(), int(size)) for size in re.findall(r"H(\d+)", sizes)]
    return found


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: HydrogenCages) -> Picture:
    """Candidates within ``height`` of the hull by the sizes of their cages, bars side by side for the elements within."""
    table = inputs["candidates"]
    near = table[table["above_hull"] <= options.height]
    counts: dict[str, Counter[int]] = {}
    for text in near["cages"].dropna().astype(str):
        for element, size in sizes_of(text):
            counts.setdefault(element, Counter())[size] += 1
    figure, axes = new_figure(1, 2.8)
    panel, width = axes[0, 0], 0.8 / max(len(counts), 1)
    for number, ((element, own), (color, _)) in enumerate(zip(sorted(counts.items()), PHASES, strict=False)):
        places = np.array(sorted(own)) + width * (number + 0.5) - 0.4
        heights = [own[size] for size in sorted(own)]
        panel.vlines(places, 0, heights, color=color, linewidth=THICK / max(len(counts), 1), label=f"about {element}")
    if "cages" in published:
        cited = published["cages"]
        draw_published(panel, list(cited.value), np.zeros(len(cited.value)), f"{cited.label}, {cited.where}")
        figure.note("published cages stand on the axis at their sizes; they are of another system")
    if not counts:
        say_empty(panel, f"no candidate within {options.height:g} eV/atom of the hull")
        panel.set_ylim(top=1)
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
        axis.set_minor_locator(NullLocator())
    panel.set_xlabel("hydrogen atoms of a cage")
    panel.set_ylabel("candidates")
    panel.set_ylim(bottom=-0.03 * max(panel.get_ylim()[1], 1))
    figure.note(f"{len(near)} candidates within {options.height:g} eV/atom of the hull")
    legend_above(figure, [panel], columns=2)
    note_potential(figure, table)
    return figure
