"""One plotting style for every figure: Physical Review column widths, one colour and marker per method."""

from __future__ import annotations

import functools
import re
import textwrap
from pathlib import Path
from typing import NamedTuple

import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from qcrystal.figures.registry import CONVERGED_LENGTH
from qcrystal.files import identifier

COLUMN_WIDTH = {1: 3.375, 2: 7.0}  # inches
NOTE_SIZE = 6.0  # points
POINTS_PER_INCH = 72.0
PNG_RESOLUTION = 300

RC = {
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.labelsize": 8.0,
    "legend.fontsize": 6.5,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.0,
    "lines.markersize": 4.0,
    "errorbar.capsize": 1.5,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "axes.formatter.useoffset": False,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "hatch.linewidth": 0.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "qcrystal",
    "figure.dpi": 100,
    "savefig.dpi": PNG_RESOLUTION,
}


class MethodStyle(NamedTuple):
    """How one method looks in every figure (colours of Okabe and Ito)."""

    label: str
    color: str
    marker: str


METHODS = {
    "classical": MethodStyle("classical", "#0072B2", "o"),
    "qtb": MethodStyle("QTB", "#D55E00", "s"),
    "adqtb": MethodStyle("adaptive QTB", "#E69F00", "D"),
    "pimd": MethodStyle("PIMD", "#009E73", "^"),
    "trpmd": MethodStyle("TRPMD", "#CC79A7", "v"),
    "harmonic": MethodStyle("phonons", "#000000", "x"),
    "dft": MethodStyle("DFT", "#56B4E9", "P"),
    "published": MethodStyle("published", "#333333", "o"),
}
# Phases are told apart by these; no method appears in a figure of phases.
PHASES = [(METHODS[m].color, METHODS[m].marker) for m in ("classical", "qtb", "pimd", "trpmd", "adqtb", "dft")]
LINES = ["-", "--", ":", "-."]


def styled(draw):
    """Decorate a function that draws: it runs under this style whatever the caller's settings are."""

    @functools.wraps(draw)
    def wrapper(*args, **kwargs):
        with matplotlib.style.context(RC, after_reset=True):
            return draw(*args, **kwargs)

    return wrapper


def new_figure(columns: int, height: float, rows: int = 1, panels: int = 1, **kwargs):
    """Figure of one or two text columns' width and ``height`` inches, with ``rows`` x ``panels`` axes (2-d array)."""
    figure = Figure(figsize=(COLUMN_WIDTH[columns], height), layout="constrained")
    axes = figure.subplots(rows, panels, squeeze=False, **kwargs)
    return figure, axes


@styled
def save_figure(figure: Figure, stem: Path, resolution: float = PNG_RESOLUTION) -> list[Path]:
    """Write ``stem.pdf`` and ``stem.png`` without dates or versions; each appears whole.

    Within a job both carry the identifier of its record: the PDF as a keyword, the PNG in a text chunk.
    """
    mark = identifier()
    metadata = {
        ".pdf": {
            "Creator": "qcrystal",
            "Producer": None,
            "CreationDate": None,
            **({"Keywords": f"prov_id {mark}"} if mark else {}),
        },
        ".png": {"Software": None, **({"prov_id": mark} if mark else {})},
    }
    paths = []
    for suffix, fixed in metadata.items():
        path = stem.with_name(stem.name + suffix)
        partial = path.with_name(path.name + ".partial")
        figure.savefig(partial, format=suffix[1:], dpi=resolution, metadata=fixed)
        partial.replace(path)
        paths.append(path)
    return paths


def phase_name(phase: str) -> str:
    """Phase label, its space-group symbol in mathematical italics: ``R-3m`` -> R3̄m, ``C2/m #2`` -> C2/m #2."""
    symbol, _, number = phase.partition(" #")
    if not re.fullmatch(r"[PCFIRA](-?\d|_\d|[mncabde/])+", symbol):
        return phase.replace("-", " ")
    return "$" + re.sub(r"-(\d)", r"\\bar{\1}", symbol) + "$" + (f" #{number}" if number else "")


@styled
def add_note(figure: Figure, text: str) -> None:
    """Write a small line below the figure; notes stack, and the same note is written once."""
    notes = [artist for artist in figure.texts if artist.get_gid() == "note"]
    width, height = figure.get_size_inches()
    if any(" ".join(artist.get_text().split()) == " ".join(text.split()) for artist in notes):
        return
    note = figure.text(0.0, 0.0, text, fontsize=NOTE_SIZE, color="0.3", va="bottom", gid="note")
    notes.append(note)
    renderer = FigureCanvasAgg(figure).get_renderer()
    for characters in range(int(30 * width), int(20 * width), -1):
        note.set_text(textwrap.fill(text, characters, break_on_hyphens=False))
        if note.get_window_extent(renderer).width < (width - 0.1) * figure.dpi:
            break
    gap = 0.25 * NOTE_SIZE / POINTS_PER_INCH / height
    bottom = gap
    for artist in reversed(notes):
        artist.set_position((0.06 / width, bottom))
        bottom += artist.get_window_extent(renderer).height / figure.dpi / height + gap
    figure.get_layout_engine().set(rect=(0.0, bottom, 1.0, 1.0 - bottom))


def legend(axes: Axes, **kwargs) -> None:
    """Legend with our values first (symbols with error bars, then the other lines) and published ones last."""
    handles, labels = axes.get_legend_handles_labels()

    def place(entry) -> int:
        if isinstance(entry[0], ErrorbarContainer):
            return 0
        return 2 if entry[0].get_gid() == "published" else 1

    entries = sorted(zip(handles, labels, strict=True), key=place)
    axes.legend(*zip(*entries, strict=True), **kwargs)


def span_text(low: float, high: float, unit: str) -> str:
    """``0.5 ps`` or ``0.5–4 ps``."""
    return f"{low:g} {unit}" if low == high else f"{low:g}–{high:g} {unit}"


def label_short_runs(figure: Figure, tables: list[pd.DataFrame], converged_length: float = CONVERGED_LENGTH) -> None:
    """Say below the figure that its runs are short, if any is shorter than ``converged_length`` (ps).

    Parameters
    ----------
    tables
        Sweep tables with the columns ``length_ps`` and ``atoms``.
    """
    length = pd.concat([frame["length_ps"] for frame in tables])
    atoms = pd.concat([frame["atoms"] for frame in tables])
    if length.min() < converged_length:
        runs = span_text(length.min(), length.max(), "ps")
        add_note(figure, f"short runs: {runs}, {span_text(atoms.min(), atoms.max(), 'atoms')}")


def label_extrapolating_runs(figure: Figure, tables: list[pd.DataFrame]) -> None:
    """Say below the figure how many of its runs leave the conditions in which the potential is known, and how.

    Parameters
    ----------
    tables
        Sweep tables with the columns ``run`` and ``extrapolates`` (see `qcrystal.potential.extrapolation.run_summary`).
    """
    runs = pd.concat([frame[["run", "extrapolates"]] for frame in tables]).drop_duplicates("run")["extrapolates"]
    reasons = {
        "outside the pressures trained on": runs.str.contains("pressure"),
        "beyond the committee's deviation on held-out frames": runs.str.contains("deviation"),
    }
    found = [f"{int(chosen.sum())} {text}" for text, chosen in reasons.items() if chosen.any()]
    if found:
        add_note(figure, f"extrapolating, of {len(runs)} runs: {', '.join(found)}")
    unknown = int((runs == "unknown").sum())
    if unknown:
        add_note(
            figure,
            f"of {unknown} of {len(runs)} runs it is not known whether they extrapolate: no committee, or no beads kept",
        )


def draw_points(axes: Axes, x, y, error, style: MethodStyle, label: str, line: str = "-") -> None:
    """Draw our points with error bars; a point whose error is NaN is faded and has none, and a note says so."""
    x, y, error = (np.asarray(values, dtype=float) for values in (x, y, error))
    sure = np.isfinite(y) & np.isfinite(error)
    unsure = np.isfinite(y) & ~np.isfinite(error)
    mixed = sure.any() and unsure.any()
    if mixed:
        axes.plot(x, y, line, color=style.color, linewidth=0.6)
    marker = {"color": style.color, "marker": style.marker, "linestyle": "none" if mixed else line, "linewidth": 0.6}
    if sure.any():
        axes.errorbar(x[sure], y[sure], yerr=error[sure], elinewidth=0.8, label=label, **marker)
    if unsure.any():
        axes.plot(x[unsure], y[unsure], alpha=0.35, label=None if sure.any() else label, **marker)
        add_note(axes.figure, "faded symbols: no error estimate")


def draw_curve(axes: Axes, x, y, error, color: str, label: str, line: str = "-") -> None:
    """Draw one of our curves with a band of one standard error; without errors it is faded, and a note says so."""
    x, y, error = (np.asarray(values, dtype=float) for values in (x, y, error))
    sure = np.isfinite(error)
    axes.plot(x, y, line, color=color, label=label, alpha=1.0 if sure.any() else 0.5)
    if sure.any():
        axes.fill_between(x, y - error, y + error, where=sure, color=color, alpha=0.2, linewidth=0)
    else:
        add_note(axes.figure, "faded lines: no error estimate")


def draw_published(axes: Axes, x, y, label: str, line: str = "none", marker: str | None = None, **kwargs) -> None:
    """Draw published values: open symbols, outlined in white so that they show on any ground."""
    style = METHODS["published"]
    axes.plot(
        x,
        y,
        linestyle=line,
        color=style.color,
        marker=marker or style.marker,
        markerfacecolor="none",
        markeredgecolor=style.color,
        markersize=6.5,
        linewidth=0.9,
        label=label,
        gid="published",
        path_effects=[patheffects.withStroke(linewidth=1.8, foreground="white")],
        zorder=4,
        **kwargs,
    )
