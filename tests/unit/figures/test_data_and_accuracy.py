"""Figures of data sets and of the potential's accuracy show what their tables hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figure_drawing import draw, drawn, notes
from matplotlib.colors import to_hex
from matplotlib.container import ErrorbarContainer
from synthetic_tables import (
    PRESSURES,
    TEMPERATURES,
)

from qcrystal.dataset.quality import system_table
from qcrystal.figures.accuracy_map import Calibration
from qcrystal.manuscript import latex


def test_accuracy_map_draws_the_tables(figures, inputs):
    figure = figures["x_accuracy_map", "rich"]
    cells = sorted(int(text.get_text().splitlines()[0]) for text in figure.axes[0].texts)
    assert cells == sorted([int(t) for t in TEMPERATURES["rich"]] * len(PRESSURES["rich"]))  # 1 meV/Å per kelvin
    calibration = Calibration.fitted(inputs["rich"]["potential:parity_frames"])
    assert calibration
    for text in figure.axes[0].texts:
        deviation, error = text.get_text().splitlines()
        assert error.lstrip(">") == f"{calibration.error(float(deviation)):.0f}"
        assert error.startswith(">") == (float(deviation) > calibration.largest)
    forces = next(axes for axes in figure.axes if axes.get_xlabel().startswith("rms force"))
    rows = inputs["rich"]["accuracy:conditions"].query("by == 'force'")
    curves = [line.get_xydata() for line in forces.get_lines() if len(line.get_xdata()) == len(rows)]
    for column in ("force_rmse", "deviation_rms"):
        expected = np.column_stack([rows["mean"], 1000 * rows[column]])
        assert any(np.allclose(curve, expected) for curve in curves)
    minimal = figures["x_accuracy_map", "minimal"]
    assert "no committee" in notes(minimal)
    assert [text.get_text() for text in minimal.axes[0].texts] == ["no committee"]


def test_force_errors_follow_from_deviations_as_held_out_frames_say():
    """A planted law, 12 d^0.7 with 5 % of scatter: 40 frames give the error at one deviation to 3 % (3.5 standard errors)."""
    random = np.random.default_rng(5)
    deviation = np.geomspace(10, 80, 40)
    error = 12 * deviation**0.7 * np.exp(0.05 * random.normal(size=40))
    frames = pd.DataFrame({"deviation_rms": deviation / 1000, "force_rmse": error / 1000})
    found = Calibration.fitted(frames)
    assert found.error(30) == pytest.approx(12 * 30**0.7, rel=0.03)
    assert found.scatter == pytest.approx(0.05, rel=0.4)  # of 40 values: 11 %
    assert found.largest == pytest.approx(80)
    assert (
        Calibration.fitted(frames.head(5)) is None and Calibration.fitted(frames.assign(deviation_rms=np.nan)) is None
    )


def test_data_quality_names_what_is_wrong(figures, inputs):
    text = " ".join(notes(figures["x_data_quality", "rich"]).split())
    assert "duplicate frames: 1" in text
    assert "6 of 12 test frames are independent" in text and "too near to test anything: vacancy (0 of 6)" in text
    assert "too near" not in notes(figures["x_data_quality", "minimal"])
    axes = figures["x_data_quality", "rich"].axes[1]
    odd = inputs["rich"]["quality:frames"].query("outlier != ''")
    np.testing.assert_allclose(drawn(axes, "outliers: 1"), odd[["volume", "pressure"]])


def test_table_of_systems_is_whole_and_valid_latex(figures, inputs):
    frame = figures["x_table_data_quality", "rich"]
    assert frame["system"].tolist() == inputs["rich"]["quality:systems"]["system"].tolist()
    lines = latex.tabular(frame, "caption").splitlines()
    assert any(line.startswith(r"labels & cubic\_H20La2 & H20La2 & 40 & 6 & ") for line in lines)


def test_table_of_systems_also_has_those_that_the_potential_was_trained_on(inputs):
    own = inputs["rich"]["quality:systems"]
    frame = draw("x_table_data_quality", {"quality:systems": own, "quality:potential": own.head(2)}, {})
    assert frame["set"].value_counts().to_dict() == {"labels": len(own), "the potential's": 2}
    assert frame["system"].tolist() == [*own["system"], *own["system"].head(2)]


def test_parity_image_holds_every_count(figures, inputs):
    histograms = inputs["rich"]["potential:parity_histograms"]
    for name, quantity in (("qin_fig1c_energy_parity", "energy"), ("qin_fig1d_force_parity", "force")):
        images = [axes.images[0].get_array().sum() for axes in figures[name, "rich"].axes if axes.images]
        assert sum(images) == histograms.loc[histograms["quantity"] == quantity, "count"].sum()


def test_errors_by_generation_are_the_members_mean_in_meV(figures, inputs):
    energies = figures["ly_fig1b_rmse_generations", "rich"].axes[0]
    (line,) = [line for line in energies.lines if len(line.get_xdata()) == 4 and line.get_marker() != "None"][:1]
    # members err by 1.1, 1.2 and 1.3 times 20 meV/atom, 0.7 times less with each generation
    assert np.allclose(line.get_ydata(), 1.2 * 20 * 0.7 ** np.arange(4))


def test_every_labelled_frame_is_on_the_map(figures, inputs):
    left, right = figures["ly_fig1a_structure_map", "rich"].axes[:2]
    frames = inputs["rich"]["learning:structure_map"]
    assert sum(len(line.get_xdata()) for line in left.lines) == len(frames)
    assert len(right.collections[0].get_offsets()) == len(frames)
    hollow = [line for line in left.lines if line.get_markerfacecolor() == "none"]
    assert sum(len(line.get_xdata()) for line in hollow) == (frames["part"] == "test").sum()


def test_bars_by_generation_are_the_members_scatter(figures, inputs):
    forces = figures["ly_fig1b_rmse_generations", "rich"].axes[1]
    (bars,) = [container for container in forces.containers if isinstance(container, ErrorbarContainer)]
    lengths = [np.ptp(segment[:, 1]) / 2 for segment in bars[2][0].get_segments()]
    # members err by 1.1, 1.2 and 1.3 times 600 meV/Å: standard deviation 60 meV/Å, 0.7 times less with each generation
    assert np.allclose(lengths, 60 * 0.7 ** np.arange(4))


def test_a_committee_of_one_has_no_bars_by_generation(inputs, literature):
    errors = inputs["rich"]["learning:generation_errors"].query("member == 1")
    figure = draw("ly_fig1b_rmse_generations", inputs["rich"] | {"learning:generation_errors": errors}, literature)
    (bars,) = [c for c in figure.axes[0].containers if isinstance(c, ErrorbarContainer)]
    assert all(np.ptp(segment[:, 1]) == 0 for segment in bars[2][0].get_segments())


def test_judgements_of_a_generation_add_up_to_all_frames(figures, inputs):
    shares = figures["ly_fig1b_rmse_generations", "rich"].axes[2]
    counts = inputs["rich"]["learning:generations"]
    drawn_shares = np.array([[bar.get_height() for bar in container] for container in shares.containers])
    assert np.allclose(drawn_shares.sum(axis=0), 100)
    labels = [container.get_label() for container in shares.containers]
    for label, heights in zip(labels, drawn_shares, strict=True):
        assert np.allclose(heights, 100 * counts[label] / counts["explored"])


def test_each_generation_has_a_colour_of_its_own(inputs, literature):
    frames = inputs["rich"]["learning:structure_map"]
    many = pd.concat([frames.assign(generation=frames["generation"] + shift) for shift in (0, 4, 8)])
    figure = draw("ly_fig1a_structure_map", inputs["rich"] | {"learning:structure_map": many}, literature)
    named = [line for line in figure.axes[0].lines if str(line.get_label()).startswith("generation")]
    assert len(named) == many["generation"].nunique() == len({to_hex(line.get_color()) for line in named})


def test_convergence_table_marks_the_chosen_setting(figures, inputs):
    table = figures["dft_convergence", "rich"]
    rows = inputs["rich"]["dft:convergence"]
    assert table.loc[table["chosen"] == "chosen", "cutoff_eV"].tolist() == [500]
    np.testing.assert_allclose(table["force_error_rms_meV_per_A"], rows["force_rms"])
    assert len(latex.tabular(table, "caption").splitlines()) > len(rows)


def test_a_clean_data_set_is_not_accused(inputs, literature):
    frames = inputs["rich"]["quality:frames"]
    frames = frames[frames["system"] == "cubic_H20La2"].assign(outlier="", duplicate=False)
    tables = inputs["rich"] | {"quality:frames": frames, "quality:systems": system_table(frames)}
    text = " ".join(notes(draw("x_data_quality", tables, literature)).split())
    assert "duplicate frames: 0" in text and "6 of 6 test frames are independent" in text
    assert "too near" not in text


def test_one_run_without_deviation_leaves_the_others_on_the_map(inputs, literature):
    name = "sweep:qtb_grid/summary"
    summary = inputs["rich"][name].copy()
    lost = summary["run"].iloc[0]
    known = (summary["observable"] == "committee_deviation_rms") & (summary["run"] == lost)
    summary.loc[known, "value"] = np.nan
    condition_of = summary.loc[known, ["pressure_target", "temperature_target"]].iloc[0]
    same = summary[(summary["observable"] == "committee_deviation_rms")].merge(condition_of.to_frame().T)
    figure = draw("x_accuracy_map", inputs["rich"] | {name: summary}, literature)
    cells = [text for text in figure.axes[1].texts if text.get_text().splitlines()[0].isdigit()]
    conditions = summary[["pressure_target", "temperature_target"]].drop_duplicates()
    assert len(cells) == len(conditions) - (0 if same["value"].notna().any() else 1)
    assert "no committee" not in notes(figure)
