"""Figures of a plan of which only a part has ended: they draw what is there, and say what is not."""

from __future__ import annotations

import pandas as pd
import pytest
from figure_drawing import FIGURES, LITERATURE, draw, inputs_of
from synthetic_tables import synthetic

from qcrystal.figures.draw import NOT_YET, _nothing_yet, write
from qcrystal.figures.draw import draw as draw_kind
from qcrystal.figures.kinds import KINDS
from qcrystal.figures.style import Picture
from qcrystal.io.tables import read_table
from qcrystal.manuscript.typesetting import captions

pytestmark = pytest.mark.engine
TABLES = synthetic("rich")
WITH_SWEEPS = [name for name, figure in FIGURES.items() if figure.sweeps]


def first_run(table: pd.DataFrame) -> pd.DataFrame:
    """A sweep's table when one run has ended."""
    return table[table["run"] == table["run"].iloc[0]].reset_index(drop=True)


@pytest.mark.parametrize("name", WITH_SWEEPS)
def test_one_run_of_each_sweep_is_enough(name):
    tables = {source: first_run(t) if source.startswith("sweep:") else t for source, t in TABLES.items()}
    assert draw(name, tables) is not None


@pytest.mark.parametrize("name", WITH_SWEEPS)
def test_any_one_sweep_is_enough(name):
    """A figure of many sweeps draws with one of them, if every role has a table that it needs."""
    entry = FIGURES[name]
    many = [source for role, given in entry.sources.items() if entry.what.inputs[role].many for source in given]
    for kept in [source for source in many if source in TABLES]:
        tables = {source: table for source, table in TABLES.items() if source not in many or source == kept}
        assert draw(name, tables) is not None


def test_traces_are_drawn_before_any_run_of_the_means_has_ended():
    """The trace at 100 K is of a sweep of its own; the sweeps of the means take days longer."""
    traces = {source: table for source, table in TABLES.items() if source.endswith("/cell")}
    alone = draw("ly_fig4_angles_quantum", {source: first_run(table) for source, table in [*traces.items()][:1]})
    assert len(alone.axes) == 1  # one run is not drawn again as that of other conditions
    figure = draw("ly_fig4_angles_quantum", traces)
    assert traces and not figure.blank and all(axes.get_xlabel() == "time (ps)" for axes in figure.axes)


def test_one_size_of_cell_tells_no_dependence_on_it():
    """A paper leaves the figure out; with both sizes it does not."""
    both = {source: table for source, table in TABLES.items() if source.startswith("sweep:size_")}
    smallest = min(table["atoms"].min() for table in both.values())
    one = {source: table[table["atoms"] == smallest] for source, table in both.items()}
    assert len(both) > 1 and draw("x_finite_size", one).blank and not draw("x_finite_size", both).blank


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.output == "table"])
def test_a_table_of_any_crystal_whose_parts_have_not_ended_has_no_rows(kind, tmp_path):
    """Figures of all crystals are made of these kinds, and each crystal has a part that has not ended at some time."""
    write(kind, _nothing_yet(kind, "not ended"), tmp_path / "table", "caption", "not ended")
    assert read_table(tmp_path / "table.csv", kind).empty


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_without_its_tables_says_so(name, tmp_path):
    entry = FIGURES[name]
    published = {role: LITERATURE.cited(value) for role, value in entry.published.items()}
    result = draw_kind(entry.kind, {}, published, entry.options)
    if isinstance(result, Picture):
        assert NOT_YET in [text.get_text() for text in result.axes[0].texts]
    elif entry.kind != "claims" and (
        entry.sweeps or "search:structures" in entry.inputs.values()
    ):  # these may not have ended
        assert result.empty
        assert [path.is_file() for path in write(entry.kind, result, tmp_path / name, entry.caption)] == [True] * 3


def test_claims_whose_runs_have_not_ended_are_not_decided():
    table = draw("x_table_claims", {name: TABLES[name] for name in ("statics:eos", "potential:parity_errors")})
    waiting = table[table["reason"] == "The calculation has not ended."]
    assert len(waiting) > 10 and set(waiting["verdict"]) == {"not decidable here"}
    assert "reproduced" in set(table["verdict"])  # those that the lattice and the potential decide


def test_the_caption_says_how_many_runs_have_ended():
    name = "x_methods"
    entry = FIGURES[name]
    figure = draw_kind(
        entry.kind,
        inputs_of(name, TABLES),
        {},
        entry.options,
        not_ended="3 of the 7 planned runs behind these values have ended",
    )
    assert figure.notes[-1] == "3 of the 7 planned runs behind these values have ended"


@pytest.mark.parametrize("name", ["ly_fig3_angles_classical", "ly_fig6_phase_diagrams", "x_accuracy_map", "overview"])
def test_no_panel_is_empty(name):
    """One run of each sweep: a panel without runs is left out, and a map of one cell is none."""
    tables = {source: first_run(t) if source.startswith("sweep:") else t for source, t in TABLES.items()}
    figure = draw(name, tables)
    for panel in figure.axes:
        assert panel.has_data(), f"{name}: panel {panel.get_title(loc='left')} is empty"
        assert not any("no run" in text.get_text() for text in panel.texts)


def test_a_paper_leaves_out_what_is_blank(tmp_path):
    """The caption's file says it, and the macro of the paper follows."""
    entry = FIGURES["x_vibrations"]
    blank = draw_kind(
        entry.kind, {}, {}, entry.options, not_ended="0 of the 3 planned runs behind these values have ended"
    )
    write(entry.kind, blank, tmp_path / "blank", entry.caption)
    write("overview", draw("overview", TABLES), tmp_path / "full", "Maps.")
    text = captions([tmp_path / "blank.caption.json", tmp_path / "full.caption.json"])
    assert "result-full" in text and "result-blank" not in text
    assert "0 of the 3 planned runs behind these values have ended." in text
