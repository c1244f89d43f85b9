"""Figure of enthalpies and table of lattices: what is drawn relative to what, and what is left out."""

import numpy as np
import pandas as pd
import pytest
from figure_drawing import LITERATURE, draw

from qcrystal.figures import style
from qcrystal.figures.enthalpies import committee_spread

LATTICE = ["lattice_constant", "pressure", "x", "la_h1", "la_h2", "h_h1", "h_h2", "la_la"]


@pytest.fixture(scope="module")
def literature():
    return LITERATURE


def enthalpies(phases: dict[str, float], pressures=(100.0, 150.0), members: int = 0) -> pd.DataFrame:
    """Enthalpies (eV/atom) that differ by the given offsets; member m of a committee adds m times 1 meV to all but Fm-3m."""
    rows = []
    for phase, offset in phases.items():
        for pressure in pressures:
            row = {"phase": phase, "pressure": pressure, "enthalpy": -4 + 0.01 * pressure + offset, "volume": 3.0}
            row |= {"spacegroup": phase, "converged": True}
            if members:
                row["force_deviation"] = 0.12
            shift = 0.0 if phase == "Fm-3m" else 1e-3
            rows.append(row | {f"member_{m}": row["enthalpy"] + m * shift for m in range(1, members + 1)})
    return pd.DataFrame(rows)


def test_dft_knows_the_reference_by_another_name(literature):
    """C2 relaxed to R-3m's crystal at 150 GPa, so that R-3m's check is C2's too."""
    columns = {"potential": "one", "phase": ["Fm-3m", "R-3m"], "also": [np.nan, "P-1; C2"], "pressure": 150.0}
    checked = pd.DataFrame({**columns, "relative_enthalpy_dft": [0.0, -0.005]})
    tables = {"search:enthalpies": enthalpies({"Fm-3m": 0.0, "C2": -0.009}), "dft:structures": checked}
    figure = draw("qin_fig1a_enthalpy", tables, literature)
    np.testing.assert_allclose(points(figure.axes[0], "DFT"), [[150, 5]])


def test_pressures_beyond_the_training_are_shaded_from_its_limit(literature):
    rows = enthalpies({"Fm-3m": 0.0, "C2": -0.009}, (60.0, 100.0, 200.0, 250.0, 300.0))
    rows["beyond_training"] = np.maximum(82.1 - rows["pressure"], rows["pressure"] - 215.5).clip(0)
    figure = draw("qin_fig1a_enthalpy", {"search:enthalpies": rows}, literature)
    left, right = figure.axes[0].get_xlim()
    shaded = sorted((patch.get_x(), patch.get_x() + patch.get_width()) for patch in figure.axes[0].patches)
    np.testing.assert_allclose(shaded, [(left, 82.1), (215.5, right)])
    assert "beyond those that the potential was trained on" in notes(figure)
    inside = rows[rows["beyond_training"] == 0]
    figure = draw("qin_fig1a_enthalpy", {"search:enthalpies": inside}, literature)
    assert not figure.axes[0].patches and "trained on" not in notes(figure)


def test_a_phase_that_relaxed_to_another_is_drawn_once(literature):
    rows = enthalpies({"Fm-3m": 0.0, "R-3m": -0.008, "C2": -0.009, "C2 #2": -0.0085})
    rows.loc[(rows["phase"] == "C2") & (rows["pressure"] == 150.0), ["spacegroup", "enthalpy"]] = ["R-3m", -2.508]
    figure = draw("qin_fig1a_enthalpy", {"search:enthalpies": rows}, literature)
    np.testing.assert_allclose(points(figure.axes[0], "$C2$"), [[100, 0]])
    np.testing.assert_allclose(points(figure.axes[0], style.phase_name("R-3m")), [[100, 1], [150, 0]], atol=1e-9)
    assert len(points(figure.axes[0], style.phase_name("C2 #2"))) == 2
    assert "drawn as that one: $C2$ to $R\\bar{3}m$ at 150 GPa" in notes(figure)
    # without R-3m in the table the crystal is drawn under the name of its start
    alone = rows[rows["phase"] != "R-3m"]
    figure = draw("qin_fig1a_enthalpy", {"search:enthalpies": alone}, literature)
    assert len(points(figure.axes[0], "$C2$")) == 2


def notes(figure) -> str:
    return " ".join(figure.notes)


def points(axes, label):
    return next(np.transpose(line.get_data()) for line in axes.lines if line.get_label() == label)


def test_without_C2_the_cubic_phase_is_the_reference_and_the_figure_says_so(literature):
    tables = {"search:enthalpies": enthalpies({"Fm-3m": 0.0, "Immm": -0.012, "C2/m #2": -0.01})}
    figure = draw("qin_fig1a_enthalpy", tables, literature)
    axes = figure.axes[0]
    assert style.phase_name("Fm-3m") in axes.get_ylabel()
    assert f"no {style.phase_name('C2')} was found" in notes(figure)
    np.testing.assert_allclose(points(axes, style.phase_name("Immm")), [[100, -12], [150, -12]])
    assert style.phase_name("C2/m #2") == "$C2/m$ #2"
    tables = {"search:enthalpies": enthalpies({"Fm-3m": 0.0, "C2": -0.009})}
    figure = draw("qin_fig1a_enthalpy", tables, literature)
    assert style.phase_name("C2") in figure.axes[0].get_ylabel() and "was found" not in notes(figure)


def test_dft_is_relative_to_its_own_reference(literature):
    checked = pd.DataFrame(
        {
            "potential": "one",
            "phase": ["Fm-3m", "C2", "Immm", "Immm"],
            "pressure": [100.0, 100.0, 100.0, 150.0],
            "relative_enthalpy_dft": [0.0, -0.004, -0.006, -0.003],
        }
    )
    tables = {"search:enthalpies": enthalpies({"Fm-3m": 0.0, "C2": -0.009, "Immm": -0.012}), "dft:structures": checked}
    figure = draw("qin_fig1a_enthalpy", tables, literature)
    drawn = [np.transpose(line.get_data()) for line in figure.axes[0].lines if line.get_marker() == "P"]
    # Relative to C2 by DFT: Fm-3m is 4 meV above it, Immm 2 below; at 150 GPa DFT knows no C2.
    np.testing.assert_allclose(np.concatenate(drawn), [[100, 4], [100, -2]])
    assert "at the geometry of one" in notes(figure)
    tables["dft:structures"] = checked[checked["phase"] != "C2"]
    figure = draw("qin_fig1a_enthalpy", tables, literature)
    assert "DFT checked structures of one, without $C2$: not drawn" in " ".join(notes(figure).split())


def test_bars_are_the_spread_of_a_committees_differences(literature):
    rows = enthalpies({"Fm-3m": 0.0, "Immm": -0.012}, members=3)
    one, reference = rows[rows["phase"] == "Immm"], rows[rows["phase"] == "Fm-3m"]
    # Differences are offset by 1, 2 and 3 meV: standard deviation 1 meV, whatever the energies themselves do.
    np.testing.assert_allclose(committee_spread(one, reference), 1e-3)
    assert np.isnan(committee_spread(one.drop(columns=["member_2", "member_3"]), reference)).all()
    rows.loc[rows.index[-1], "force_deviation"] = 0.9
    limits = pd.DataFrame({"limit": ["pressure_high", "deviation"], "value": [215.0, 0.5]})
    figure = draw("qin_fig1a_enthalpy", {"search:enthalpies": rows, "accuracy:limits": limits}, literature)
    assert "bars: standard deviation over a committee of 3, less than the error" in notes(figure)
    assert "; its forces differ more than on held-out frames in $Immm$ 150 GPa" in notes(figure)


def test_the_search_says_what_became_of_its_starts(literature):
    counts = pd.DataFrame(
        {
            "origin": ["random", "random", "modes"],
            "pressure": [100.0, 150.0, 100.0],
            "fate": ["higher", "higher", "kept"],
            "number": [3, 4, 5],
        }
    )
    tables = {"search:enthalpies": enthalpies({"Fm-3m": 0.0}), "search:counts": counts}
    assert "random 7 (7 higher); modes 5 (5 kept)" in notes(draw("qin_fig1a_enthalpy", tables, literature))


def lattices(constants, trained=(82.0, 215.0), turns=0.0) -> pd.DataFrame:
    """Fm-3m at x = 0.12; pressure falls with the lattice constant, and below ``turns`` (Å) with compression as well."""
    a = np.asarray(constants, float)
    pressure = 300 * np.exp(-2.5 * (a - 4.749))
    pressure = np.where(a < turns, 300 * np.exp(-2.5 * (2 * turns - a - 4.749)), pressure)
    beyond = np.clip(np.maximum(trained[0] - pressure, pressure - trained[1]), 0, None)
    frame = pd.DataFrame({name: a for name in LATTICE if name not in ("pressure", "x")})
    return frame.assign(pressure=pressure, x=0.12, beyond_training=np.where(a < turns, np.nan, beyond))


def test_lattice_table_says_by_how_much_it_extrapolates(literature):
    tables = {"statics:eos": lattices([*np.linspace(4.7, 5.5, 41), 4.749]), "dft:lattice": lattices([4.749, 5.1, 5.3])}
    tables["dft:lattice"]["pressure"] *= 1.02
    frame = draw("qin_table1_lattice", tables, literature).set_index("quantity")
    assert frame.loc["pressure", "dft"] == pytest.approx(306.0)
    assert frame.loc["pressure", "dp"] == pytest.approx(300.0)
    assert frame.loc["beyond training", "dp"] == pytest.approx(85.0)
    # At DFT's pressure the lattice is smaller by ln(1.02)/2.5 Å, and 6 GPa further out (interpolated between 0.02 Å).
    assert frame.loc["a", "dp_at_dft_pressure"] == pytest.approx(4.749 - np.log(1.02) / 2.5, abs=1e-4)
    assert frame.loc["beyond training", "dp_at_dft_pressure"] == pytest.approx(91.0, abs=0.1)
    assert np.isnan(frame.loc["beyond training", "dft"])


def test_a_pressure_that_means_nothing_is_not_printed(literature):
    tables = {
        "statics:eos": lattices([*np.linspace(4.7, 5.5, 41), 4.749], turns=4.83),
        "dft:lattice": lattices([4.749, 5.1, 5.3]),
    }
    frame = draw("qin_table1_lattice", tables, literature).set_index("quantity")
    assert frame.loc["a", "dp"] == 4.749 and np.isnan(frame.loc["pressure", "dp"])
    assert frame["dp_at_dft_pressure"].isna().all()  # 300 GPa is above what the rising branch reaches
    assert np.isnan(frame.loc["beyond training", "dp"])


def test_renormalised_phonons_that_did_not_converge_are_dotted_and_named(literature):
    """Noise changes frequencies by 0.3 THz; where they still move by 15, the phonons mean nothing."""
    frequencies = np.linspace(0.0, 60.0, 61)
    dos = pd.DataFrame({"pressure": 100.0, "frequency": frequencies, "dos": np.exp(-(((frequencies - 30) / 10) ** 2))})
    table = pd.DataFrame({"pressure": 100.0, "temperature": [0.0, 300.0, 600.0], "frequency_change": [0.3, 0.3, 15.1]})
    tables = {
        "statics:phonon_dos": dos,
        "statics:self_consistent_phonons": table.assign(imaginary_fraction=0.0, atoms=88),
        "statics:self_consistent_dos": pd.concat(dos.assign(temperature=t) for t in (0.0, 300.0, 600.0)),
    }
    figure = draw("x_phonons_temperature", tables, literature)
    shown = [line.get_linestyle() for line in figure.axes[0].lines if len(line.get_xdata())]
    assert shown == ["--", "-", "-", ":"]
    assert any("100 GPa and 600 K (15 THz)" in note for note in figure.notes)
