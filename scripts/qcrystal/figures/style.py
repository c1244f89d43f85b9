"""One plotting style for every figure: Physical Review column widths, one colour and marker per method."""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

import matplotlib.style
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from qcrystal.files import identifier, write_whole

COLUMN_WIDTH = {1: 3.375, 2: 7.0}  # inches
SMALLEST_TEXT = 7.0  # points at the width of print
ABOVE_TITLE = 19.0  # points above a panel, where its title has ended
PNG_RESOLUTION = 300

RC = {
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.labelsize": 8.0,
    "legend.fontsize": SMALLEST_TEXT,
    "xtick.labelsize": SMALLEST_TEXT,
    "ytick.labelsize": SMALLEST_TEXT,
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


P = ParamSpec("P")
R = TypeVar("R")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function that draws: it runs under this style whatever the caller's settings are."""

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.style.context(RC, after_reset=True):
            return draw(*args, **kwargs)

    return wrapper


class Picture(Figure):
    """A figure with the notes that belong in its caption: what symbols mean, and what qualifies the values.

    ``blank``: no run gives it a value, so that a paper leaves it out.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.notes: list[str] = []
        self.blank = False

    def note(self, text: str) -> None:
        """Add a note; the same note is kept once."""
        text = " ".join(text.split())
        if text not in self.notes:
            self.notes.append(text)


def new_figure(columns: int, height: float, rows: int = 1, panels: int = 1, **kwargs: Any) -> tuple[Picture, Any]:
    """Figure of one or two text columns' width and ``height`` inches, with ``rows`` x ``panels`` axes (2-d array)."""
    figure = Picture(figsize=(COLUMN_WIDTH[columns], height), layout="constrained")
    axes = figure.subplots(rows, panels, squeeze=False, **kwargs)
    return figure, axes


def say_empty(axes: Axes, text: str = "no run gives a value") -> None:
    """Say in a panel that it has no values."""
    axes.text(0.5, 0.2, text, transform=axes.transAxes, ha="center", va="center")


def note_left_out(figure: Picture, titles: Sequence[str]) -> None:
    """Note which panels are left out, as no run of theirs has ended."""
    if titles:
        figure.note(f"left out, as no run has ended: {'; '.join(titles)}")


def letter_panels(panels: Iterable[Axes], titles: Sequence[str] = ()) -> None:
    """Write (a), (b), ... at the upper left of panels, each followed by its title if there are titles."""
    for number, panel in enumerate(panels):
        title = titles[number] if titles else panel.get_title()
        panel.set_title("")
        panel.set_title(f"({'abcdefghijkl'[number]}) {title}".rstrip(), loc="left")


@styled
def save_figure(figure: Figure, stem: Path, resolution: float = PNG_RESOLUTION) -> list[Path]:
    """Write ``stem.png`` and ``stem.pdf`` without dates or versions; each appears whole.

    The layout is found once, in two passes, so that both show the same: titles move when panels of equal axes shrink. Within a
    job both carry the identifier of its record: the PDF as a keyword, the PNG in a text chunk.
    """
    mark = identifier()
    metadata = {
        ".png": {"Software": None, **({"prov_id": mark} if mark else {})},
        ".pdf": {
            "Creator": "qcrystal",
            "Producer": None,
            "CreationDate": None,
            **({"Keywords": f"prov_id {mark}"} if mark else {}),
        },
    }
    paths = []
    layout = figure.get_layout_engine()
    if layout is not None:
        layout.execute(figure)
    for suffix, fixed in metadata.items():
        path = stem.with_name(stem.name + suffix)
        drawn = io.BytesIO()
        figure.savefig(drawn, format=suffix[1:], dpi=resolution, metadata=fixed)
        write_whole(path, drawn.getvalue())
        paths.append(path)
        figure.set_layout_engine(None)
    figure.set_layout_engine(layout)
    return paths


def phase_name(phase: str) -> str:
    """Phase label, its space-group symbol in mathematical italics: ``R-3m`` -> R3̄m, ``C2/m #2`` -> C2/m #2."""
    symbol, _, number = phase.partition(" #")
    if not re.fullmatch(r"[PCFIRA](-?\d|_\d|[mncabde/])+", symbol):
        return phase.replace("-", " ")
    return "$" + re.sub(r"-(\d)", r"\\bar{\1}", symbol) + "$" + (f" #{number}" if number else "")


def ordered_legend(handles: Sequence[Any], labels: Sequence[str]) -> tuple[list[Any], list[str]]:
    """Entries with our values first (symbols with error bars, then the other lines) and published ones last, each once."""

    def place(entry: tuple[Any, str]) -> int:
        if isinstance(entry[0], ErrorbarContainer):
            return 0
        return 2 if entry[0].get_gid() == "published" else 1

    entries: dict[str, tuple[Any, str]] = {}
    for handle, label in zip(handles, labels, strict=True):
        entries.setdefault(label, (handle, label))
    ordered = sorted(entries.values(), key=place)
    return [handle for handle, _ in ordered], [label for _, label in ordered]


def legend(axes: Axes, **kwargs: Any) -> None:
    """A legend within a panel, at ``loc``; the caller leaves room for it."""
    handles, labels = ordered_legend(*axes.get_legend_handles_labels())
    if handles:
        axes.legend(handles, labels, **kwargs)


STAND_IN = "a Lennard-Jones stand-in took the place of the potential and of DFT: the numbers mean nothing"


def searched_with_stand_in(table: Any) -> bool:
    """Whether a search was done with a stand-in for a potential, by its table of candidates."""
    return bool((table["potential"] == "stand-in").any())


def note_stand_in(figure: Picture, table: Any) -> None:
    """Say that a search was done with a stand-in for a potential, if its table says so."""
    if searched_with_stand_in(table):
        figure.note(STAND_IN)


def legend_above(figure: Picture, panels: Iterable[Axes], columns: int) -> None:
    """One legend of all panels above them, where it covers nothing."""
    handles, labels = [], []
    for panel in panels:
        found = panel.get_legend_handles_labels()
        handles += found[0]
        labels += found[1]
    handles, labels = ordered_legend(handles, labels)
    if handles:
        figure.legend(handles, labels, loc="outside upper center", ncols=columns, columnspacing=1.2)


def panel_legend_above(panel: Axes, columns: int = 1) -> None:
    """A legend of one of several panels, above that panel and its title, where it covers nothing."""
    handles, labels = ordered_legend(*panel.get_legend_handles_labels())
    if handles:
        above = panel.transAxes + ScaledTranslation(0, ABOVE_TITLE / 72, panel.figure.dpi_scale_trans)
        options = {"bbox_to_anchor": (-0.02, 1.0), "bbox_transform": above, "borderaxespad": 0.0}
        panel.legend(handles, labels, loc="lower left", ncols=columns, **options)


def span_text(low: float, high: float, unit: str) -> str:
    """``0.5 ps`` or ``0.5–4 ps``."""
    return f"{low:g} {unit}" if low == high else f"{low:g}–{high:g} {unit}"


def note(axes: Axes, text: str) -> None:
    """Add a note to the figure of a panel; see `Picture.note`."""
    figure = axes.get_figure(root=True)
    if isinstance(figure, Picture):
        figure.note(text)


def draw_points(
    axes: Axes, x: Any, y: Any, error: Any, style: MethodStyle, label: str, line: str = "-", full: bool = True
) -> None:
    """Draw our points with error bars, as full or open symbols.

    A point whose error is NaN is faded and has no bar, and a note says so.
    """
    x, y, error = (np.asarray(values, dtype=float) for values in (x, y, error))
    sure = np.isfinite(y) & np.isfinite(error)
    unsure = np.isfinite(y) & ~np.isfinite(error)
    mixed = sure.any() and unsure.any()
    if mixed:
        axes.plot(x, y, line, color=style.color, linewidth=0.6)
    marker: dict[str, Any] = {
        "color": style.color,
        "marker": style.marker,
        "linestyle": "none" if mixed else line,
        "linewidth": 0.6,
    }
    if not full:
        marker["markerfacecolor"] = "none"
    if sure.any():
        axes.errorbar(x[sure], y[sure], yerr=error[sure], elinewidth=0.8, label=label, **marker)
    if unsure.any():
        axes.plot(x[unsure], y[unsure], alpha=0.35, label=None if sure.any() else label, **marker)
        note(axes, "faded symbols: no error estimate")


def widen(axes: Axes, span: float) -> None:
    """Let the horizontal axis show a span at least, so that a lone point does not fill it."""
    low, high = axes.get_xlim()
    missing = max(0.0, span - (high - low)) / 2.0
    axes.set_xlim(low - missing, high + missing)


def draw_curve(axes: Axes, x: Any, y: Any, error: Any, color: str, label: str, line: str = "-") -> None:
    """Draw one of our curves with a band of one standard error; without errors it is faded, and a note says so."""
    x, y, error = (np.asarray(values, dtype=float) for values in (x, y, error))
    sure = np.isfinite(error)
    axes.plot(x, y, line, color=color, label=label, alpha=1.0 if sure.any() else 0.5)
    if sure.any():
        axes.fill_between(x, y - error, y + error, where=sure, color=color, alpha=0.2, linewidth=0)
    else:
        note(axes, "faded lines: no error estimate")


def draw_published(
    axes: Axes,
    x: Any,
    y: Any,
    label: str,
    line: str = "none",
    marker: str | None = None,
    size: float = 6.5,
    **kwargs: Any,
) -> None:
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
        markersize=size,
        linewidth=0.9,
        label=label,
        gid="published",
        path_effects=[patheffects.withStroke(linewidth=1.8, foreground="white")],
        zorder=4,
        **kwargs,
    )
