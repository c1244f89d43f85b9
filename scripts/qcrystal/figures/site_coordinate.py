"""A coordinate that symmetry leaves free, against the volume."""

from __future__ import annotations

from collections.abc import Mapping

from qcrystal.figures.kinds import Inputs
from qcrystal.figures.phase_names import LEVELS, STYLES, note_cells, note_refused
from qcrystal.figures.phase_options import SiteCoordinate
from qcrystal.figures.style import Picture, draw_published, legend_above, new_figure, styled
from qcrystal.manuscript.published import Cited

AT_REST = "harmonic"


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: SiteCoordinate) -> Picture:
    """The coordinate of the crystal at rest as a line, its mean at each level as symbols.

    Published values are numbers by volume (Å³/atom), open symbols.
    """
    figure, axes = new_figure(1, 2.9)
    panel = axes[0, 0]
    table, name = inputs["sites"], options.coordinate
    rows = table[(table["site"] == options.site) & (table["temperature_target"] == options.temperature)]
    rest = rows[rows["level"] == AT_REST].sort_values("volume")
    panel.plot(rest["volume"], rest[name], "--", color=STYLES[AT_REST][0], linewidth=0.8, label="at rest")
    for level in options.levels:
        part = rows[rows["level"] == level].sort_values("volume")
        if part.empty:
            figure.note(f"{LEVELS[level]}: no value")
            continue
        color, marker = STYLES[level]
        panel.errorbar(
            part["volume"], part[name], part[f"{name}_error"], color=color, marker=marker, linewidth=0.8,
            label=f"{LEVELS[level]}, {options.temperature:g} K",
        )  # fmt: skip
    for cited in published.values():
        volumes, values = zip(*((float(key), value) for key, value in cited.value.items()), strict=True)
        draw_published(panel, volumes, values, cited.label)
        figure.note(f"{cited.label}: {cited.where}")
    panel.set_xlabel("volume (Å³/atom)")
    panel.set_ylabel(options.name)
    legend_above(figure, [panel], columns=2)
    note_cells(figure, [inputs["summary"]], [""])
    note_refused(figure, [inputs["summary"]], [""])
    return figure
