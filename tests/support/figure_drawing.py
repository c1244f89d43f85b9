"""Figures of the shipped crystal, drawn from tables that a test makes, by the sources that figures.yaml names."""

from pathlib import Path

import numpy as np
import pandas as pd

from qcrystal.figures.draw import draw as draw_kind
from qcrystal.figures.notes import CONVERGED_LENGTH
from qcrystal.figures.registry import FigureSet
from qcrystal.io.tables import SOURCE
from qcrystal.io.yaml_files import read_mapping
from qcrystal.manuscript.published import read_published

CRYSTAL = Path(__file__).resolve().parents[2] / "config" / "crystals" / "lah10"
FIGURES = FigureSet.model_validate(read_mapping(CRYSTAL / "figures.yaml")).figures
LITERATURE = read_published(CRYSTAL / "published.yaml")


def inputs_of(name, tables):
    """Tables of a figure by role, of tables by source; those that are not given are left out."""
    inputs = {}
    for role, sources in FIGURES[name].sources.items():
        known = [named(tables[source], source) for source in sources if source in tables]
        if known:
            inputs[role] = known if FIGURES[name].what.inputs[role].many else known[0]
    return inputs


def named(table, source):
    """A table that says where it is from, as one that was read does."""
    if isinstance(table, pd.DataFrame):
        table = table.copy()
        table.attrs[SOURCE] = source
    return table


def draw(name, tables, literature=LITERATURE, converged_length=CONVERGED_LENGTH, **options):
    """Draw a figure by its name from tables by source; ``options`` replace those of figures.yaml."""
    entry = FIGURES[name]
    published = {role: literature.cited(value) for role, value in entry.published.items()}
    return draw_kind(entry.kind, inputs_of(name, tables), published, {**entry.options, **options}, converged_length)


def notes(figure) -> str:
    """Everything that its caption says besides the caption itself."""
    return "\n".join(figure.notes)


def drawn(axes, label: str) -> np.ndarray:
    """Points (n, 2) of the curve or error-bar symbols with a label."""
    handles, labels = axes.get_legend_handles_labels()
    handle = handles[labels.index(label)]
    line = handle[0] if hasattr(handle, "has_yerr") else handle
    return np.column_stack([line.get_xdata(), line.get_ydata()])


def drawn_errors(axes, label: str) -> np.ndarray:
    """Half lengths of the error bars with a label."""
    handles, labels = axes.get_legend_handles_labels()
    segments = handles[labels.index(label)][2][0].get_segments()
    return np.array([np.ptp(segment[:, 1]) / 2 for segment in segments])
