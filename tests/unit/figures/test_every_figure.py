"""Every figure draws, saves, fits its page, can be read, and says which runs are short."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
from figure_drawing import FIGURES, draw, drawn, notes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from synthetic_tables import (
    SIZES,
)

from qcrystal.figures import draw as figure_files
from qcrystal.figures import style
from qcrystal.manuscript.published import PublishedValue, citation_label

pytestmark = pytest.mark.engine

DRAWN = [name for name, figure in FIGURES.items() if figure.what.output == "figure"]
PUBLISHED_SYMBOLS = [
    "qin_fig2a_phase_classical",
    "qin_fig2b_angles_150GPa",
    "qin_figS_phase_qtb",
    "qin_fig3a_energy",
    "qin_fig3b_zero_point",
    "qin_fig5_msd",
]


def test_every_published_figure_has_an_entry(literature):
    wanted = {entry.id for entry in literature.figures if entry.id.startswith(("qin_", "ly_"))}
    assert wanted <= set(FIGURES)


def test_reading_the_registry_imports_no_matplotlib(root):
    code = "import sys; import qcrystal.figures; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(root / "scripts")}).returncode == 0


def test_every_figure_draws_without_warnings(figures):
    for name in FIGURES:
        assert all(figures[name, size] is not None for size in SIZES)


@pytest.mark.slow  # the smoke run saves all figures too
def test_every_figure_saves_without_warnings(figures, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in DRAWN:
            style.save_figure(figures[name, "rich"], tmp_path / name, resolution=50)
    assert {path.name for path in tmp_path.iterdir()} == {
        name + suffix for name in DRAWN for suffix in (".pdf", ".png")
    }


def test_two_draws_give_the_same_bytes(inputs, literature, tmp_path):
    for turn in ("first", "second"):
        figure = draw("qin_fig3b_zero_point", inputs["rich"], literature)
        figure_files.write("zero_point", figure, tmp_path / turn, "caption")
    for suffix in FIGURES["qin_fig3b_zero_point"].suffixes:
        first, second = ((tmp_path / turn).with_suffix(suffix).read_bytes() for turn in ("first", "second"))
        assert first == second


def optional_sources(entry) -> list[str]:
    """Sources that a figure can do without."""
    return [one for role, sources in entry.sources.items() if entry.what.inputs[role].optional for one in sources]


@pytest.mark.parametrize("name", [name for name, figure in FIGURES.items() if optional_sources(figure)])
def test_a_figure_stands_without_each_of_its_optional_tables(inputs, literature, name):
    present = [source for source in optional_sources(FIGURES[name]) if source in inputs["rich"]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for left_out in present:
            tables = {key: value for key, value in inputs["rich"].items() if key != left_out}
            result = draw(name, tables, literature)
            if FIGURES[name].what.output == "figure":
                style.styled(result.draw_without_rendering)()
            else:
                assert len(result)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", DRAWN)
def test_every_axis_says_what_it_shows_and_in_which_unit(figures, name, size):
    """Panels that share an axis are labelled once; pictures of crystals have none."""
    unitless = re.compile(
        "^(frames|components|labelled frames|generation|trajectory|system)$|^number of|principal component|[gG]\\(|^share of | / "
    )
    figure = figures[name, size]
    style.styled(figure.draw_without_rendering)()
    plain = [axes for axes in figure.axes if axes.axison and axes.get_visible() and axes.name != "3d"]
    for axes in plain:
        for which, label in (("x", axes.get_xlabel()), ("y", axes.get_ylabel())):
            axis = axes.xaxis if which == "x" else axes.yaxis
            texts = [tick.get_text() for tick in axis.get_ticklabels() if tick.get_visible()]
            numbers = [text for text in texts if re.fullmatch(r"[-+−.\d$\\mathdeful{}^ ×times]+", text)]
            if not numbers or not any(tick.label1.get_visible() for tick in axis.get_major_ticks()):
                continue  # hidden, shared, or names instead of numbers
            shared = (axes.get_shared_x_axes() if which == "x" else axes.get_shared_y_axes()).get_siblings(axes)
            label = next(
                (
                    text
                    for a in [axes, *shared]
                    if (text := a.xaxis.label.get_text() if which == "x" else a.yaxis.label.get_text())
                ),
                "",
            )
            assert re.search(r"\(.+\)", label) or unitless.search(label), (
                f"{which} axis of {axes.get_title()!r}: {label!r}"
            )


@style.styled
def page_and_legends(figure) -> tuple:
    """The box of all that is drawn (inches), and of each legend with the panel's or all panels' data (pixels)."""
    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()
    legends = [(legend.get_window_extent(renderer), figure.axes) for legend in figure.legends]
    legends += [(axes.get_legend().get_window_extent(renderer), [axes]) for axes in figure.axes if axes.get_legend()]
    return figure.get_tightbbox(renderer), legends


def data_points(axes) -> np.ndarray:
    """Pixels (n, 2) of all points of a panel's curves, between their ends too, where they are within the panel."""
    points = [np.empty((0, 2))]
    for line in axes.get_lines():
        ends = line.get_transform().transform(line.get_xydata().astype(float))
        points += [np.linspace(*pair, 20) for pair in zip(ends[:-1], ends[1:], strict=True)] or [ends]
    for bars in axes.patches:
        points.append(bars.get_window_extent().corners())
    for scattered in axes.collections:
        if len(scattered.get_offsets()) > 1:
            points.append(scattered.get_offset_transform().transform(scattered.get_offsets()))
    found = np.concatenate(points)
    inside = axes.get_window_extent()
    keep = (found > [inside.x0, inside.y0]) & (found < [inside.x1, inside.y1])
    return found[keep.all(axis=1)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", DRAWN)
def test_nothing_sticks_out_of_the_page_and_no_legend_covers_data(figures, name, size):
    page, legends = page_and_legends(figures[name, size])
    width, height = figures[name, size].get_size_inches()
    # 0.01 inch: boxes of texts reach a little beyond their ink
    assert page.x0 > -0.01 and page.y0 > -0.01 and page.x1 < width + 0.01 and page.y1 < height + 0.01
    for box, panels in legends:
        for panel in panels:
            points = data_points(panel)
            covered = (points > [box.x0, box.y0]) & (points < [box.x1, box.y1])
            assert not covered.all(axis=1).any()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", DRAWN)
def test_every_text_can_be_read_in_print(figures, name, size):
    """Figures have the width of print; the journal asks for letters of 2 mm, about 7 points."""
    figure = figures[name, size]
    style.styled(figure.draw_without_rendering)()
    sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    assert min(sizes, default=7.0) >= 7.0
    assert figure.get_size_inches()[0] in style.COLUMN_WIDTH.values()


@pytest.mark.parametrize("name", DRAWN)
def test_panels_have_letters(figures, name):
    figure = figures[name, "rich"]
    panels = [axes for axes in figure.axes if not axes.get_label() == "<colorbar>"]
    titles = [axes.get_title(loc) for axes in panels for loc in ("left", "center") if axes.get_title(loc)]
    if len(panels) > 1:
        assert [title[:3] for title in titles] == [f"({letter})" for letter in "abcdefghijkl"[: len(panels)]]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PUBLISHED_SYMBOLS)
def test_published_values_are_open_symbols_and_ours_are_not(figures, name, size):
    lines = [line for axes in figures[name, size].axes for line in axes.get_lines() if line.get_marker() != "None"]
    known = [line for line in lines if "Qin et al. 2023" in str(line.get_label())]
    assert known
    assert all(line.get_markerfacecolor() == "none" for line in known)
    assert all(line.get_markerfacecolor() != "none" for line in lines if line not in known)


@pytest.mark.parametrize("name", DRAWN)
def test_short_runs_are_named(figures, inputs, literature, name):
    has_runs = bool(FIGURES[name].sweeps)
    assert ("short runs: 0.15 ps, 44 atoms" in notes(figures[name, "minimal"])) == has_runs
    if has_runs:
        assert "short runs" not in notes(draw(name, inputs["rich"], literature, converged_length=5.0))


def test_extrapolating_runs_are_named(inputs, literature):
    """Two runs of the grid leave the pressures trained on, one of them the committee's agreement too."""
    name = "sweep:classical_grid/summary"
    summary = inputs["rich"][name].copy()
    runs = summary["run"].unique()
    summary.loc[summary["run"] == runs[0], "extrapolates"] = "pressure"
    summary.loc[summary["run"] == runs[1], "extrapolates"] = "pressure and deviation"
    changed = inputs["rich"] | {name: summary}
    for figure in ("qin_fig2a_phase_classical", "qin_fig2b_angles_150GPa"):
        text = " ".join(notes(draw(figure, changed, literature)).split())
        assert (
            f"extrapolating, of {len(runs)} runs: 2 outside the pressures trained on, 1 beyond the committee's" in text
        )
    assert "extrapolat" not in notes(draw("qin_figS_phase_qtb", changed, literature))
    summary.loc[summary["run"] == runs[2], "extrapolates"] = "unknown"
    text = " ".join(notes(draw("qin_fig2a_phase_classical", changed, literature)).split())
    assert f"of 1 of {len(runs)} runs it is not known whether they extrapolate" in text
    figure = draw("x_accuracy_map", changed, literature)
    assert "hatched: extrapolating runs" in notes(figure)
    hatched = [patch for patch in figure.axes[0].patches if patch.get_hatch()]
    conditions = summary[summary["run"].isin(runs[:2])][["pressure_target", "temperature_target"]].drop_duplicates()
    assert len(hatched) == len(conditions)


def test_published_values_follow_the_file(inputs, literature):
    changed = {"qin_zero_point_temperature": PublishedValue(value=777, where="ly2022 fig. 9")}
    other = literature.model_copy(update={"values": literature.values | changed})
    figure = draw("qin_fig3a_energy", inputs["rich"], other)
    np.testing.assert_allclose(drawn(figure.axes[0], "Ly and Ceperley 2022, fig. 9, near 0 K"), [[0.0, 777.0]])


def test_citation_labels(literature):
    labels = {key: citation_label(source) for key, source in literature.sources.items()}
    assert labels["qin2023"] == "Qin et al. 2023"
    assert labels["ly2022"] == "Ly and Ceperley 2022"
    assert labels["watanabe2022"] == "Watanabe et al. 2022"
