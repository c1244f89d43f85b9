"""Figures of dynamics show what their tables hold: phases, energies, diffusion, methods and beads."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from ase import units
from figure_drawing import draw, drawn, drawn_errors, notes
from scipy import constants
from synthetic_tables import (
    SIZES,
    quadrilateral_rows,
    quantum_energy,
)

from qcrystal.analysis import harmonic, sweeps
from qcrystal.figures.phase_map import cell_edges
from qcrystal.io.tables import TableError
from qcrystal.units import THZ


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
    assert "QTB: what the bath's broadening adds to the kinetic energy is taken off" in " ".join(notes(figure).split())
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


@pytest.mark.parametrize(
    ("centres", "edges", "places"),
    [
        ([100, 120, 130], [90, 110, 125, 135], [0, 1, 2]),
        ([200], [175, 225], [0]),
        ([100, 130, 300], [85, 115, 155, 275, 325], [0, 1, 3]),
        ([5, 205], [0, 30, 180, 230], [0, 2]),
    ],
)
def test_a_cell_of_a_map_ends_near_its_run(centres, edges, places):
    """Halfway to a neighbour, but at most 25 from the run, and never below 0: what was not run stays white."""
    found = cell_edges(np.array(centres, float), 50.0)
    assert (found[0].tolist(), found[1].tolist()) == (edges, places)


@pytest.mark.parametrize("size", SIZES)
def test_phase_map_cells_hold_the_mean_over_replicas(figures, inputs, size):
    figure = figures["qin_fig2a_phase_classical", size]
    rows = inputs[size]["sweep:classical_grid/summary"]
    rows = rows[rows["observable"] == "quadrilateral_deviation"]
    mean = rows.pivot_table(index="temperature_target", columns="pressure_target", values="value")
    shown = np.ma.masked_invalid(
        figure.axes[0].collections[0].get_array()
    ).compressed()  # gaps between cells are masked
    np.testing.assert_allclose(shown, mean.to_numpy().ravel())
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
    assert panels[1].texts[0].get_text() == "no mobile atom with\none exchange\nin 0.1 ps"  # without equilibration
    assert panels[2].texts[0].get_text() == "no mobile atom with\nseveral exchanges\nin 0.1 ps"


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


def test_leakage_draws_corrected_temperatures_against_friction(figures, inputs):
    figure = figures["x_leakage", "rich"]
    la, h, power = figure.axes
    assert drawn(la, "QTB") == pytest.approx(np.array([[f, 0.96 * (300 + 5 * f)] for f in (5, 10, 20)]))
    assert drawn(h, "adaptive QTB") == pytest.approx(np.array([[f, 0.96 * (950 + 5 * f)] for f in (5, 10, 20)]))
    assert drawn(power, "QTB, La")[:, 1] == pytest.approx([-0.3] * 3)
    assert "one segment of the bath" not in notes(figure)
    assert "one segment of the bath" in notes(figures["x_leakage", "minimal"])


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
    """One mode at 30 THz shared by two species: each has θ/k_B, whatever its share. An imaginary mode of La has kT."""
    dos = pd.DataFrame({"frequency": [-2.0, 30.0], "dos_La": [0.0, 0.1], "dos_H": [0.0, 0.9]})
    half = 0.5 * constants.h * 30e12 / constants.k
    for temperature, exact in ((0.0, half), (300.0, half / np.tanh(half / 300.0))):
        for species in ("La", "H"):
            assert harmonic.harmonic_temperature(dos, species, temperature) == pytest.approx(exact, rel=1e-6)
        soft = dos.assign(dos_La=[0.3, 0.1])
        mixed = 0.75 * temperature + 0.25 * exact
        assert harmonic.harmonic_temperature(soft, "La", temperature) == pytest.approx(mixed, rel=1e-6)


def test_beads_are_drawn_beside_the_harmonic_crystal(inputs, literature):
    """40 THz, a fifth of the modes imaginary, against the closed form of the discretised path [Schweizer et al. 1981]:
    E_P = (hν/2) coth(Pα/2) / cosh(α/2) with sinh(α/2) = hν/2PkT."""
    dos = pd.DataFrame({"pressure": 200.0, "frequency": [-3.0, 40.0], "dos": [0.25, 1.0], "dos_La": [0.2, 0.1]})
    dos["dos_H"] = dos["dos"] - dos["dos_La"]
    figure = draw("x_beads", inputs["rich"] | {"statics:phonon_dos": dos}, literature)
    quantum, rows = THZ * 40.0, inputs["rich"]["sweep:beads_pimd/summary"]
    half = np.arcsinh(quantum / (2 * drawn(figure.axes[0], "phonons, $P$ beads")[:, 0] * units.kB * 300.0))
    for axes, name, species, weight in zip(
        figure.axes,
        ["temperature"] * 2 + ["energy_over_3NkB"],
        ["La", "H", "all"],
        [0.1 / 0.3, 0.9 / 0.95, 0.8],
        strict=True,
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
