"""Every figure from synthetic tables: what is drawn is what the tables hold, at a rich and at a minimal size."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from ase import units
from figure_drawing import FIGURES, LITERATURE, draw
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.container import ErrorbarContainer
from matplotlib.text import Text
from scipy import constants
from synthetic_tables import (
    PRESSURES,
    PROTOTYPE,
    SIZES,
    TEMPERATURES,
    lattice_table,
    quadrilateral_rows,
    quantum_energy,
    synthetic,
)

from qcrystal.analysis import harmonic, sweeps
from qcrystal.crystal.cells import conventional_cell
from qcrystal.dataset.quality import system_table
from qcrystal.figures import crystal_cells, style
from qcrystal.figures import draw as figure_files
from qcrystal.figures.accuracy_map import Calibration
from qcrystal.io.tables import TableError
from qcrystal.manuscript import latex
from qcrystal.manuscript.published import Published, PublishedValue, citation_label
from qcrystal.units import THZ

DRAWN = [name for name, figure in FIGURES.items() if figure.what.output == "figure"]
# figures that show published numbers as symbols
PUBLISHED_SYMBOLS = [
    "qin_fig2a_phase_classical",
    "qin_fig2b_angles_150GPa",
    "qin_figS_phase_qtb",
    "qin_fig3a_energy",
    "qin_fig3b_zero_point",
    "qin_fig5_msd",
]


@pytest.fixture(scope="module")
def inputs() -> dict:
    return {size: synthetic(size) for size in SIZES}


@pytest.fixture(scope="module")
def literature() -> Published:
    return LITERATURE


@pytest.fixture(scope="module")
def figures(inputs, literature) -> dict:
    """Every figure at both sizes; a warning of matplotlib or numpy is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return {(name, size): draw(name, inputs[size], literature) for name in FIGURES for size in SIZES}


# --- tests ---


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


def test_every_published_figure_has_an_entry(literature):
    wanted = {entry.id for entry in literature.figures if entry.id.startswith(("qin_", "ly_"))}
    assert wanted <= set(FIGURES)


def test_reading_the_registry_imports_no_matplotlib(root):
    code = "import sys; import qcrystal.figures; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(root / "scripts")}).returncode == 0


def test_every_figure_draws_and_saves_without_warnings(figures, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in DRAWN:
            style.styled(figures[name, "minimal"].draw_without_rendering)()
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
    assert "frames that stand there twice: 1" in text
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


def test_zero_point_draws_the_tables(figures, inputs):
    axes = figures["qin_fig3b_zero_point", "rich"].axes[0]
    rows = inputs["rich"]["sweep:qtb_low_temperature/summary"]
    rows = rows[rows["species"] == "all"]
    np.testing.assert_allclose(drawn(axes, "QTB, 5 K"), rows[["pressure_target", "value"]])
    np.testing.assert_allclose(drawn_errors(axes, "QTB, 5 K"), rows["error"], rtol=1e-6)
    # of the two temperatures only the lower is drawn, and its label says which
    np.testing.assert_allclose(drawn(axes, "PIMD, 300 K, 18 beads"), [[200.0, quantum_energy(200.0, 300.0)]])
    phonons = inputs["rich"]["statics:phonons"]
    np.testing.assert_allclose(drawn(axes, "phonons"), phonons[["pressure", "zero_point_temperature"]])
    np.testing.assert_allclose(drawn(axes, "Qin et al. 2023, fig. 3a (≈900 K)")[:, 1], 900.0)


def test_phonons_beyond_the_training_are_marked(inputs, literature):
    phonons = inputs["rich"]["statics:phonons"]
    beyond = np.where(np.arange(len(phonons)) == len(phonons) - 1, 12.0, 0.0)
    tables = inputs["rich"] | {"statics:phonons": phonons.assign(beyond_training=beyond)}
    figure = draw("qin_fig3b_zero_point", tables, literature)
    (marked,) = [line for line in figure.axes[0].lines if line.get_marker() == "s" and line.get_color() == "none"]
    np.testing.assert_allclose(np.transpose(marked.get_data()), phonons[["pressure", "zero_point_temperature"]].tail(1))


def test_published_values_follow_the_file(inputs, literature):
    changed = {"qin_zero_point_temperature": PublishedValue(value=777, where="ly2022 fig. 9")}
    other = literature.model_copy(update={"values": literature.values | changed})
    figure = draw("qin_fig3a_energy", inputs["rich"], other)
    np.testing.assert_allclose(drawn(figure.axes[0], "Ly and Ceperley 2022, fig. 9, near 0 K"), [[0.0, 777.0]])


def test_energies_draw_the_tables(figures, inputs):
    axes = figures["qin_fig3a_energy", "rich"].axes[0]
    for sweep, label in (("classical", "classical"), ("qtb", "QTB"), ("pimd", "PIMD, 18 beads")):
        rows = inputs["rich"][f"sweep:energy_{sweep}/summary"]
        rows = rows[rows["species"] == "all"]
        np.testing.assert_allclose(drawn(axes, label), rows[["temperature_target", "value"]])
    line = drawn(axes, "$E = 3Nk_BT$")
    np.testing.assert_allclose(line[:, 0], line[:, 1])


def corrected_rows(rows: pd.DataFrame, offset: float) -> pd.DataFrame:
    """Energies of all atoms without what friction adds."""
    rows = rows[rows["species"] == "all"]
    return rows.assign(observable="energy_over_3NkB_corrected", value=rows["value"] - offset)


@pytest.mark.parametrize(
    ("name", "sweep", "label", "along"),
    [
        ("qin_fig3a_energy", "sweep:energy_qtb/summary", "QTB", "temperature_target"),
        ("qin_fig3b_zero_point", "sweep:qtb_low_temperature/summary", "QTB, 5 K", "pressure_target"),
    ],
)
def test_corrected_energies_are_drawn_where_there_are_some(inputs, literature, name, sweep, label, along):
    rows = inputs["rich"][sweep]
    part = corrected_rows(rows[rows[along] != rows[along].max()], offset=30.0)
    figure = draw(name, inputs["rich"] | {sweep: pd.concat([rows, part])}, literature)
    raw = rows[rows["species"] == "all"]
    expected = raw["value"] - np.where(raw[along] == raw[along].max(), 0.0, 30.0)
    np.testing.assert_allclose(drawn(figure.axes[0], label), np.column_stack([raw[along], expected]))
    assert "QTB: kinetic energy without the bath's broadening" in " ".join(notes(figure).split())
    assert "broadening" not in notes(draw(name, inputs["rich"], literature))


def test_bead_error_of_an_einstein_crystal():
    """40 THz at 300 K, a fifth of the modes imaginary: against the closed forms of one and of two beads."""
    dos = pd.DataFrame({"frequency": [-3.0, 40.0], "dos": [0.25, 1.0]})
    x = THZ * 40.0 / units.kB / 300.0
    exact = 300.0 * 0.5 * x / np.tanh(0.5 * x)
    assert harmonic.bead_error(dos, 300.0, 1) == pytest.approx(0.8 * (exact - 300.0))
    # modes of two beads: 0 and 4 kT/ħ
    assert harmonic.bead_error(dos, 300.0, 2) == pytest.approx(0.8 * (exact - 300.0 * (1 + x**2 / (x**2 + 16))))


def test_beads_and_what_they_leave_out_are_said(inputs, literature):
    sweep = "sweep:energy_pimd/summary"
    rows = inputs["rich"][sweep]
    rows = rows.assign(beads=np.where(rows["temperature_target"] > 250, 18, 28))
    tables = inputs["rich"] | {sweep: rows}
    figure = draw("qin_fig3a_energy", tables, literature)
    assert "PIMD, 18–28 beads" in figure.axes[0].get_legend_handles_labels()[1]
    dos = tables["statics:phonon_dos"]
    dos = dos[dos["pressure"] == 200.0]
    errors = sorted(round(harmonic.bead_error(dos, t, beads)) for t, beads in ((200.0, 28), (300.0, 18)))
    assert f"18–28 beads leave E low by {errors[0]}–{errors[1]} K" in " ".join(notes(figure).split())
    for name in ("qin_fig3a_energy", "qin_fig3b_zero_point"):
        assert "lattice at rest" in " ".join(notes(draw(name, tables, literature)).split())


def test_points_without_error_are_faded_and_said_to_be(figures):
    figure = figures["qin_fig3b_zero_point", "minimal"]
    handles, labels = figure.axes[0].get_legend_handles_labels()
    assert handles[labels.index("QTB, 5 K")].get_alpha() < 0.5
    assert "no error estimate" in notes(figure)


@pytest.mark.parametrize("size", SIZES)
def test_phase_map_cells_hold_the_mean_over_replicas(figures, inputs, size):
    figure = figures["qin_fig2a_phase_classical", size]
    rows = inputs[size]["sweep:classical_grid/summary"]
    rows = rows[rows["observable"] == "quadrilateral_deviation"]
    mean = rows.pivot_table(index="temperature_target", columns="pressure_target", values="value")
    np.testing.assert_allclose(figure.axes[0].collections[0].get_array(), mean)
    assert "protons changed sites" in notes(figure)
    assert ("no error estimate" in notes(figure)) == (size == "minimal")


def test_phase_map_has_one_panel_per_start_and_marks_noise_and_missing_values(inputs, literature):
    rows = quadrilateral_rows("classical", "minimal", 160, starts=("cubic", "rhombohedral"))
    noise = rows[rows["observable"] == "quadrilateral_deviation"].assign(observable="quadrilateral_noise", value=0.1)
    rows.loc[rows.index[0], "value"] = np.nan
    tables = {"sweep:classical_grid/summary": pd.concat([rows, noise])}
    figure = draw("qin_fig2a_phase_classical", tables, literature)
    titles = [axes.get_title() for axes in figure.axes[:2]]
    assert titles == ["(a) classical, from cubic", "(b) classical, from rhombohedral"]
    assert "hatched: no value" in notes(figure)
    assert "noise of the averaged positions" in notes(figure)


def test_angles_take_the_run_nearest_to_150_GPa(inputs, literature):
    table = inputs["rich"]["sweep:classical_grid/summary"]
    tables = {"sweep:classical_grid/summary": table[table["pressure_target"] != 150.0]}
    figure = draw("qin_fig2b_angles_150GPa", tables, literature)
    assert "nearest to 150 GPa" in figure.axes[0].get_title()


def test_diffusion_lines_are_both_readings_of_the_published_value(figures, inputs):
    axes = figures["qin_fig5_msd", "rich"].axes[0]
    # 1 cm²/s = 1e4 Å²/ps
    for label, slope in (("Qin et al. 2023: slope = $D$", 0.35), ("Qin et al. 2023: slope = 6$D$", 2.1)):
        x, y = drawn(axes, label)[-1]
        assert y / x == pytest.approx(slope)
    msd = inputs["rich"]["sweep:diffusion_qtb/msd"]
    reordered = msd[msd["kind"] == "reordered"]
    np.testing.assert_allclose(drawn(axes, "QTB, H reordered"), reordered[["time", "msd"]], atol=1e-9)
    assert r"slope 0.0500(60) Å²/ps, D = 8.3(1.0)×$10^{-7}$ cm²/s" in notes(figures["qin_fig5_msd", "rich"])


def test_a_kind_of_trajectory_that_no_proton_shows_is_said(figures):
    panels = figures["qin_fig4_trajectories", "minimal"].axes[:3]
    assert not panels[0].texts
    assert panels[1].texts[0].get_text() == "no proton with\none exchange\nin 0.1 ps"  # without equilibration
    assert panels[2].texts[0].get_text() == "no proton with\nseveral exchanges\nin 0.1 ps"


def test_parity_image_holds_every_count(figures, inputs):
    histograms = inputs["rich"]["potential:parity_histograms"]
    for name, quantity in (("qin_fig1c_energy_parity", "energy"), ("qin_fig1d_force_parity", "force")):
        images = [axes.images[0].get_array().sum() for axes in figures[name, "rich"].axes if axes.images]
        assert sum(images) == histograms.loc[histograms["quantity"] == quantity, "count"].sum()


def test_enthalpies_are_relative_to_C2_or_to_the_cubic_phase(figures):
    rich = figures["qin_fig1a_enthalpy", "rich"].axes[0]
    assert "C2" in rich.get_ylabel()
    np.testing.assert_allclose(drawn(rich, style.phase_name("Fm-3m"))[0], [100.0, 9.0])
    assert r"Fm\bar{3}m" in figures["qin_fig1a_enthalpy", "minimal"].axes[0].get_ylabel()


def test_lattice_table_reproduces_the_published_geometry(figures, inputs, tmp_path):
    """The synthetic lattice has the paper's x, so its distances are the published DP ones scaled to a = 4.749 Å."""
    frame = figures["qin_table1_lattice", "rich"].set_index("quantity")
    scale = 4.749 / 4.751
    for quantity in ("La-H(1)", "La-H(2)", "H-H(1)", "H-H(2)", "La-La"):
        # 5e-4 Å: x = 0.1205 is known to its four digits
        assert frame.loc[quantity, "dp"] == pytest.approx(frame.loc[quantity, "published_dp"] * scale, abs=5e-4)
    # 1e-3 GPa: the spline through 41 points of a smooth curve
    assert frame.loc["pressure", "dp"] == pytest.approx(300.0, abs=1e-3)
    assert frame.loc["pressure", "dft"] == pytest.approx(299.8)
    assert frame.loc["pressure", "dp_at_dft_pressure"] == pytest.approx(299.8, abs=1e-3)
    without = figures["qin_table1_lattice", "minimal"].set_index("quantity")
    assert without["dft"].isna().all()
    comma, tex, _ = figure_files.write(
        "lattice_comparison", figures["qin_table1_lattice", "minimal"], tmp_path / "lattice", "caption"
    )
    assert pd.read_csv(comma).shape == without.reset_index().shape
    assert r"\begin{tabular}{llrr" in tex.read_text()


def test_lattice_table_where_the_potential_ends_before_the_published_volume(literature):
    tables = {
        "statics:eos": lattice_table(np.linspace(4.85, 5.5, 15)),
        "dft:lattice": lattice_table([4.749, 4.85, 5.35]),
    }
    frame = draw("qin_table1_lattice", tables, literature).set_index("quantity")
    assert frame.loc["a", ["dft", "dp"]].tolist() == [4.85, 4.85]
    assert frame["dp_minus_published_dp"].dropna().index.tolist() == ["x"]
    # the published x follows from distances given to 1e-4 Å
    assert frame.loc["x", "published_dp"] == pytest.approx(0.1205, abs=5e-5)


@pytest.mark.parametrize("primitive", [True, False])
def test_cage_has_six_squares_and_the_cell_is_found_again(primitive):
    atoms = conventional_cell(PROTOTYPE, 5.0)
    if primitive:
        vectors = 2.5 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
        atoms = crystal_cells.fill(atoms, vectors, "La")
        assert len(atoms) == 11
    cell = crystal_cells.nearly_cubic_cell(atoms, "La", 4)
    assert len(cell) == 44
    np.testing.assert_allclose(cell.cell.array, 5.0 * np.eye(3), atol=1e-9)
    _, hydrogens = crystal_cells.cage(cell, "La", 32)
    rings = crystal_cells.quadrilaterals(hydrogens, crystal_cells.longest_bond(hydrogens))
    assert len(rings) == 6
    np.testing.assert_allclose(crystal_cells.interior_angles(hydrogens[rings]), 90.0, atol=1e-6)


def test_replicas_that_disagree_widen_the_error():
    rows = pd.DataFrame(
        {
            "t": [1, 1, 2, 2, 3, 4, 4],
            "value": [1.0, 3.0, 1.0, 1.0, 5.0, 1.0, 1.01],
            "error": [0.1, 0.1, 0.3, 0.4, np.nan, np.nan, np.nan],
        }
    )
    combined = sweeps.combine_replicas(rows, ["t"])
    np.testing.assert_allclose(combined["value"], [2.0, 1.0, 5.0, 1.005])
    # scatter sqrt(2)/sqrt(2); propagated sqrt(0.09 + 0.16)/2; unknown; 0.01/2: times Student's t of two, 1.8374
    np.testing.assert_allclose(combined["error"], [1.8374, 0.25, np.nan, 0.0091869], rtol=1e-4)


def test_replicas_without_an_event_count_as_zero_or_add_their_limits():
    """One of two hopped: the mean is half its value. None did: twice the time halves the limit."""
    rows = pd.DataFrame(
        {"t": [1, 1, 2, 2], "value": [4.0] + [np.nan] * 3, "error": np.nan, "limit": [np.nan, 3.0, 3.0, 3.0]}
    )
    combined = sweeps.combine_replicas(rows, ["t"])
    np.testing.assert_allclose(combined["value"], [2.0, np.nan])
    np.testing.assert_allclose(combined["limit"], [np.nan, 1.5])


def test_citation_labels(literature):
    labels = {key: citation_label(source) for key, source in literature.sources.items()}
    assert labels["qin2023"] == "Qin et al. 2023"
    assert labels["ly2022"] == "Ly and Ceperley 2022"
    assert labels["watanabe2022"] == "Watanabe et al. 2022"


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
    assert "frames that stand there twice: 0" in text and "6 of 6 test frames are independent" in text
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


def test_leakage_draws_corrected_temperatures_against_friction(figures, inputs):
    figure = figures["x_leakage", "rich"]
    la, h, power = figure.axes
    assert drawn(la, "QTB") == pytest.approx(np.array([[f, 0.96 * (300 + 5 * f)] for f in (5, 10, 20)]))
    assert drawn(h, "adaptive QTB") == pytest.approx(np.array([[f, 0.96 * (950 + 5 * f)] for f in (5, 10, 20)]))
    assert drawn(power, "QTB, La")[:, 1] == pytest.approx([-0.3] * 3)
    assert "whole segment" not in notes(figure)
    assert "whole segment" in notes(figures["x_leakage", "minimal"])


def test_a_bath_at_two_conditions_is_refused_by_the_leakage_figure(inputs, literature):
    """The error names the sweeps and what they hold, in one line."""
    name = "sweep:leakage_qtb/summary"
    colder = inputs["rich"][name].assign(temperature_target=100.0)
    both = pd.concat([inputs["rich"][name], colder])
    for table, held in ((both, "5 K, 200 GPa 100 K"), (colder, "100 K")):
        with pytest.raises(TableError) as error:
            draw("x_leakage", inputs["rich"] | {name: table}, literature)
        text = str(error.value)
        assert f"{name}: holds 200 GPa {held}" in text and "sweep:leakage_adqtb/summary: holds 200 GPa 5 K" in text
        assert "leave one" in text and "\n" not in text


def test_harmonic_temperature_of_an_einstein_crystal():
    """One mode at 30 THz shared by two species: each has θ/k_B, whatever its share."""
    dos = pd.DataFrame({"frequency": [-2.0, 30.0], "dos_La": [0.5, 0.1], "dos_H": [0.5, 0.9]})
    half = 0.5 * constants.h * 30e12 / constants.k
    for temperature, exact in ((0.0, half), (300.0, half / np.tanh(half / 300.0))):
        for species in ("La", "H"):
            assert harmonic.harmonic_temperature(dos, species, temperature) == pytest.approx(exact, rel=1e-6)


def test_beads_are_drawn_beside_the_harmonic_crystal(inputs, literature):
    """40 THz, a fifth of the modes imaginary, against the closed form of the discretised path [Schweizer et al. 1981]:
    E_P = (hν/2) coth(Pα/2) / cosh(α/2) with sinh(α/2) = hν/2PkT."""
    dos = pd.DataFrame({"pressure": 200.0, "frequency": [-3.0, 40.0], "dos": [0.25, 1.0], "dos_La": [0.2, 0.1]})
    dos["dos_H"] = dos["dos"] - dos["dos_La"]
    figure = draw("x_beads", inputs["rich"] | {"statics:phonon_dos": dos}, literature)
    quantum, rows = THZ * 40.0, inputs["rich"]["sweep:beads_pimd/summary"]
    half = np.arcsinh(quantum / (2 * drawn(figure.axes[0], "phonons, $P$ beads")[:, 0] * units.kB * 300.0))
    for axes, name, species, weight in zip(
        figure.axes, ["temperature"] * 2 + ["energy_over_3NkB"], ["La", "H", "all"], [1.0, 1.0, 0.8], strict=True
    ):
        known = rows[(rows["observable"] == name) & (rows["species"] == species)]
        np.testing.assert_allclose(drawn(axes, "PIMD"), known[["beads", "value"]])
        np.testing.assert_allclose(drawn_errors(axes, "PIMD"), known["error"], rtol=1e-6)
        beads, energy = drawn(axes, "phonons, $P$ beads").T
        assert beads.min() < 8 and beads.max() > 64
        exact = 0.5 * quantum / np.tanh(beads * half) / np.cosh(half) / units.kB
        np.testing.assert_allclose(energy, weight * exact + (1 - weight) * 300.0, rtol=1e-9)
        limit = 0.5 * quantum / np.tanh(0.5 * quantum / units.kB / 300.0) / units.kB
        np.testing.assert_allclose(
            drawn(axes, r"phonons, $P \to \infty$")[:, 1], weight * limit + (1 - weight) * 300.0, rtol=1e-9
        )
        # βħω of 70 THz at 300 K is 11.2; twice that, rounded up to an even number
        (rule,) = [label for label in axes.get_legend_handles_labels()[1] if label.startswith("rule, $P = 24 ")]
        np.testing.assert_allclose(drawn(axes, rule)[:, 0], 24)


def test_beads_without_phonons_of_their_pressure_stand_alone(inputs, literature):
    elsewhere = inputs["rich"]["statics:phonon_dos"].query("pressure < 200")
    figure = draw("x_beads", inputs["rich"] | {"statics:phonon_dos": elsewhere}, literature)
    for axes in figure.axes:
        labels = axes.get_legend_handles_labels()[1]
        assert len(labels) == 2 and labels[0].startswith("rule, $P = 24 ") and labels[1] == "PIMD"
    assert "phonons" not in notes(figure)


def test_methods_are_compared_with_path_integrals(figures):
    rows = figures["x_table_methods", "rich"].set_index(["quantity", "species", "method"])
    assert rows.loc[("kinetic temperature", "H", "QTB"), "minus_PIMD"] == pytest.approx(0.96 * 950 - 955)
    assert rows.loc[("kinetic temperature", "H", "QTB"), "error_of_difference"] == pytest.approx(4 * np.sqrt(2))
    assert rows.xs("PIMD, 18 beads", level="method")["minus_PIMD"].isna().all()
    assert rows.loc[("kinetic temperature", "H", "TRPMD, 18 beads"), "minus_PIMD"] == pytest.approx(953 - 955)
    assert rows.loc[("pressure", "all", "adaptive QTB"), "minus_PIMD"] == pytest.approx(0.0)
    phonons = rows.loc[("kinetic temperature", "La")].filter(like="phonons", axis=0)["value"]
    few, all_beads = (phonons[phonons.index.str.contains("18 beads") == finite].item() for finite in (True, False))
    assert few < all_beads


def test_each_run_is_corrected_that_tells_how(inputs, literature):
    """Of two temperatures the friction's part is known at one: there the corrected values stand, at the other the measured."""
    name = "sweep:compared_qtb/summary"
    warm = inputs["rich"][name]
    excess = warm[warm["observable"] == "pressure"].assign(observable="pressure_corrected", value=199.5)
    cold = warm[~warm["observable"].str.endswith("_corrected")]
    cold = cold.assign(temperature_target=100.0, run=cold["run"] + "-cold")
    table = draw(
        "x_table_methods", inputs["rich"] | {name: pd.concat([warm, excess, cold], ignore_index=True)}, literature
    )
    rows = table[table["method"] == "QTB"].set_index(["quantity", "species", "temperature_K"])["value"]
    # as `bath_rows` makes them: 900 K and 5 K per 1/ps of friction, 4 % lower after correction
    expected = {
        ("pressure", "all", 300.0): 199.5,
        ("pressure", "all", 100.0): 201.0,
        ("kinetic temperature", "H", 300.0): 0.96 * 950.0,
        ("kinetic temperature", "H", 100.0): 950.0,
    }
    assert len(rows) == 6
    for key, value in expected.items():
        assert rows[key] == pytest.approx(value)


def test_replicas_on_different_grids_are_averaged_where_all_are_known():
    """Straight lines of slopes 1 and 3 with lags of their own: their mean has slope 2, as far as the shorter one reaches."""
    lines = [
        pd.DataFrame(
            {"run": f"r{n}", "time": np.linspace(0, end, 11), "msd": slope * np.linspace(0, end, 11), "error": 0.1}
        )
        for n, (end, slope) in enumerate([(2.0, 1.0), (1.3, 3.0)])
    ]
    rows = sweeps.on_one_grid(pd.concat(lines), "time", "msd")
    assert rows.groupby("run").size().tolist() == [11, 11]
    mean = rows.groupby("time")["msd"].mean()
    assert mean.index.max() == pytest.approx(1.3)
    assert mean.to_numpy() == pytest.approx(2.0 * mean.index.to_numpy())
