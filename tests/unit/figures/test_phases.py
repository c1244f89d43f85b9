"""Figures that compare two phases by free energies: values by hand, what is refused or missing, and published values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from ase import units

from qcrystal.figures.draw import draw
from qcrystal.figures.nct_training import averaged
from qcrystal.figures.quasiphonon_dos import density
from qcrystal.io.table_schemas.registry import TABLES
from qcrystal.manuscript.published import Cited
from qcrystal.variational.gibbs import gibbs_difference, transition

pytestmark = pytest.mark.engine
NAMES = {"names": ["bcc", "fcc"]}


def summary(name: str, shift: float, slope: float, refused: str = "") -> pd.DataFrame:
    """F of a crystal of a bulk modulus of 12 GPa about 20 Å³/atom, shifted by ``shift`` + ``slope`` T (meV/atom)."""
    stiffness = 12 * units.GPa / 20  # eV/Å⁶
    rows = []
    for temperature in (100.0, 200.0, 300.0):
        for volume in (18.5, 19.5, 20.5):
            for level in ("harmonic", "occupations", "scha", "classical"):
                out = bool(refused) and level == "scha"
                free = 500 * stiffness * (volume - 20) ** 2 + shift + slope * temperature
                rows.append(
                    {
                        "run": f"{name}-{volume}-{temperature}", "level": level, "refused": refused if out else "", "atoms": 16,
                        "temperature_target": temperature, "pressure_target": np.nan, "seed": 0, "volume": volume,
                        "static_energy": 0.0, "beads": np.nan, "free_energy": np.nan if out else free,
                        "free_energy_error": np.nan if out else 0.1,
                        "pressure": np.nan if out else -stiffness * (volume - 20) / units.GPa,
                        "pressure_error": np.nan if out else 0.01,
                        "entropy": np.nan if out else 1.0 - slope / (1e3 * units.kB),
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def phases():
    """The first falls by 0.02 meV/atom K below the second, which it crosses at 150 K at every pressure."""
    return [summary("bcc", 3.0, -0.02), summary("fcc", 0.0, 0.0)]


def test_a_transition_is_where_the_difference_is_zero(phases):
    for pressure in (0.0, 0.5):
        found = gibbs_difference(*phases, "scha", pressure)
        assert found.values == pytest.approx([1.0, -1.0, -3.0], abs=1e-6)
        at = transition(found)
        assert at.value == pytest.approx(150.0, abs=1e-3)
        assert at.error == pytest.approx(np.hypot(*(0.5 * found.errors[:2])) / 0.02)
    far = gibbs_difference(*phases, "scha", 50.0)
    assert transition(far) is None and "50 GPa is outside of what volumes" in far.unknown[0]


def test_the_table_says_why_there_is_no_transition(phases):
    options = {**NAMES, "pressures": [0, 50], "levels": ["scha", "classical"]}
    published = {"quantum": Cited({"0": 84}, "Zhang", "table I"), "classical": Cited({"0": 144}, "Zhang", "table I")}
    table = draw("transitions", {"summaries": phases}, published, options)
    TABLES["transitions"].check(table)
    assert table["temperature_K"].tolist() == pytest.approx([150.0, 150.0, np.nan, np.nan], abs=1e-2, nan_ok=True)
    assert table["published_K"].tolist() == pytest.approx([84, 144, np.nan, np.nan], nan_ok=True)
    assert table["remark"].tolist()[:2] == ["bcc is lower above it"] * 2
    swapped = draw("transitions", {"summaries": phases[::-1]}, {}, options | {"names": ["fcc", "bcc"]})
    assert swapped["remark"][0] == "bcc is lower above it"
    same, opposite = (
        draw("transitions", {"summaries": phases}, {}, options | {"above": one}) for one in ("bcc", "fcc")
    )
    assert same["remark"][0] == "bcc is lower above it"
    assert opposite["remark"][0] == "bcc is lower above it, where the published study has fcc"
    with pytest.raises(ValueError, match="above: hcp is none of the phases bcc and fcc"):
        draw("transitions", {"summaries": phases}, {}, options | {"above": "hcp"})
    assert table["remark"].tolist()[2].startswith("the volumes do not reach")
    low = draw("transitions", {"summaries": [summary("bcc", -9.0, 0.0), phases[1]]}, {}, options)
    assert low["remark"][0] == "bcc is lower from 100 to 300 K"


def test_figures_of_phases_draw_what_is_known_and_name_what_is_refused(phases):
    refused = [summary("bcc", 3.0, -0.02, "atoms exchange"), phases[1]]
    options = {**NAMES, "pressures": [0.5], "levels": ["scha", "classical"]}
    picture = draw("gibbs_difference", {"summaries": refused}, {"quantum": Cited(142, "Zhang", "fig. 2a")}, options)
    picture.draw_without_rendering()
    assert "bcc, refused, not drawn (SCHA): atoms exchange" in picture.notes
    assert "SCHA: no value" in picture.notes
    assert any(note.startswith("classical: equal at 150") for note in picture.notes)
    opposite = draw("gibbs_difference", {"summaries": phases}, {}, {**options, "above": "fcc"})
    assert any("K, bcc is lower above it, where the published study has fcc" in note for note in opposite.notes)
    panel = picture.axes[0]
    symbols = [line for line in panel.lines if line.get_gid() == "published"]
    assert [line.get_xdata()[0] for line in symbols] == [142] and symbols[0].get_markerfacecolor() == "none"
    pressures = {**options, "along": "pressure", "pressures": [0.2, 0.6], "temperature": 200}
    draw("gibbs_difference", {"summaries": phases}, {}, pressures).draw_without_rendering()
    entropy = draw("phase_entropy", {"summaries": phases}, {}, {**NAMES, "level": "scha", "volume": 19.4})
    entropy.draw_without_rendering()


def test_the_correction_of_size_moves_the_transition(phases):
    """3 meV/atom less for the first phase: it is lower at every temperature. The table says so, and so does the caption."""
    sizes = [
        pd.DataFrame({"run": one["run"].unique()}).assign(quantum=shift, classical=0.0, imaginary=0.0)
        for one, shift in zip(phases, (-3.0, 0.0), strict=True)
    ]
    for one, size in zip(phases, sizes, strict=True):
        size["temperature_target"], size["volume"] = (
            one.drop_duplicates("run")[key].to_numpy() for key in ("temperature_target", "volume")
        )
    options = {**NAMES, "pressures": [0], "levels": ["scha", "classical"]}
    table = draw("transitions", {"summaries": phases, "sizes": sizes}, {}, options)
    assert table["remark"][0] == "bcc is lower from 100 to 300 K"
    assert table["temperature_K"][1] == pytest.approx(150.0, abs=1e-3)
    picture = draw("gibbs_difference", {"summaries": phases, "sizes": sizes}, {}, options)
    assert any("bcc -3.00 to -3.00" in note for note in picture.notes)
    assert any(
        "without a correction" in note for note in draw("gibbs_difference", {"summaries": phases}, {}, options).notes
    )


def test_structures_of_phases(phases):
    """What is drawn is what the tables say: one line for each level, published values as open symbols."""
    r = np.arange(2.0, 6.0, 0.05)
    curves = [
        pd.concat(
            pd.DataFrame({"run": f"{name}-19.5-300.0", "level": level, "r": r, "pair": "Li-Li", "g": r, "error": 0.1})
            for level in ("occupations", "scha")
        )
        for name in NAMES["names"]
    ]
    options = {
        **NAMES, "temperature": 300, "volume": 19.4, "pair": "Li-Li", "range": [2, 6], "levels": ["occupations", "scha", "nct"],
    }  # fmt: skip
    picture = draw("level_rdf", {"curves": curves, "summaries": phases}, {}, options)
    picture.draw_without_rendering()
    assert [len(panel.lines) for panel in picture.axes] == [2, 2]
    assert "bcc: no Li-Li at level flow, free p" in picture.notes
    sites = pd.DataFrame(
        [
            {
                "level": level,
                "temperature_target": 300.0,
                "volume": volume,
                "site": 0,
                "x": 0.07 + shift,
                "x_error": 1e-4,
            }
            for volume in (6.3, 7.2)
            for level, shift in (("harmonic", 0.0), ("scha", 0.001))
        ]
    )
    options = {"name": "x", "temperature": 300, "levels": ["scha"]}
    published = {"coordinate": Cited({"7.27": 0.0736}, "Zhang", "fig. 3a")}
    picture = draw("site_coordinate", {"sites": sites, "summary": phases[0]}, published, options)
    picture.draw_without_rendering()
    symbols = [line for line in picture.axes[0].lines if line.get_gid() == "published"]
    assert [float(symbols[0].get_xdata()[0]), float(symbols[0].get_ydata()[0])] == [7.27, 0.0736]


def test_training_and_densities_of_states_of_phases(phases):
    at = {**NAMES, "temperature": 300, "volume": 19.4}
    training, phonons = [], []
    for name in NAMES["names"]:
        run = f"{name}-19.5-300.0"
        steps = [
            {"run": run, "level": level, "step": step, "free_energy": 10.0 + 5.0 / step, "free_energy_error": 0.1}
            for level in ("occupations", "scha")
            for step in range(1, 31)
        ]
        training.append(pd.DataFrame(steps))
        modes = [
            {"run": run, "phonon": k, "star": k, "harmonic_energy": 10.0 + k, "energy": 9.5 + k} for k in range(45)
        ]
        phonons.append(
            pd.DataFrame(modes).assign(
                energy_error=0.1, occupation_energy=10.0, zero_point_shift=-0.70, zero_point_shift_error=0.3, refused=""
            )
        )
    gain = {name: Cited(2.67, "Zhang", "fig. 1a") for name in NAMES["names"]}
    picture = draw("nct_training", {"training": training, "summaries": phases}, gain, at)
    picture.draw_without_rendering()
    symbols = [line for line in picture.axes[0].lines if line.get_gid() == "published"]
    assert [line.get_label() for line in symbols] == ["bcc, gain of Zhang", "fcc, gain of Zhang"]
    assert len({line.get_marker() for line in symbols}) == 2  # the gains of two phases are told apart
    published = {"bcc": Cited(-4.92, "Zhang", "fig. 3b")}
    states = draw("quasiphonon_dos", {"phonons": phonons, "summaries": phases}, published, at)
    states.draw_without_rendering()
    assert states.axes[0].get_xlim()[0] == 0.0 and any("integral is 2.81" in note for note in states.notes)
    assert any("-0.70 ± 0.30" in note and "published shift -4.92" in note for note in states.notes)
    grid = np.linspace(-20, 80, 2001)
    assert np.trapezoid(density(phonons[0]["energy"].to_numpy(), grid, 1.0, 16), grid) == pytest.approx(45 / 16)


def test_one_volume_gives_no_gibbs_energy_at_another_pressure(phases):
    """F + PΩ of one volume is an upper bound, and no value: neither the figure nor the table has a number."""
    single = [one[one["volume"] == 19.5] for one in phases]
    options = {**NAMES, "pressures": [5], "levels": ["scha"]}
    assert np.isfinite(gibbs_difference(*single, "scha", 5).values).all()  # what must not be shown
    picture = draw("gibbs_difference", {"summaries": single}, {}, options)
    assert "SCHA: no value" in picture.notes
    assert "scha, 100 K: one volume gives no Gibbs energy at 5 GPa; add volumes" in picture.notes
    table = draw("transitions", {"summaries": single}, {}, options)
    assert table["temperature_K"].isna().all()


def test_of_two_volumes_as_near_one_is_taken_and_named(phases):
    """Entropies of two volumes were averaged, as if they were seeds."""
    moved = [one.assign(entropy=one["entropy"] + one["volume"]) for one in phases]
    picture = draw("phase_entropy", {"summaries": moved}, {}, {**NAMES, "level": "scha", "volume": 19.0})
    fcc = next(line for line in picture.axes[0].lines if line.get_label() == "fcc, SCHA")
    assert fcc.get_ydata() == pytest.approx([19.5] * 3)
    assert "fcc at 18.50 Å³/atom" in picture.notes


def test_a_quasi_phonon_below_zero_is_drawn(phases):
    """Soft phonons of few samples may cost less than nothing: the curve's integral still counts them all."""
    run = "bcc-19.5-300.0"
    phonons = pd.DataFrame(
        [
            {"run": run, "harmonic_energy": 10.0 + k, "star": k, "energy": 20.0 * k - 5.0, "energy_error": 9.0}
            for k in range(3)
        ]
    ).assign(zero_point_shift=0.0, zero_point_shift_error=0.1, refused="")
    at = {"names": ["bcc"], "temperature": 300, "volume": 19.4}
    picture = draw("quasiphonon_dos", {"phonons": [phonons], "summaries": phases[:1]}, {}, at)
    lines = picture.axes[0].lines
    assert [np.trapezoid(line.get_ydata(), line.get_xdata()) for line in lines] == pytest.approx([3 / 16] * 2, rel=1e-3)
    assert any("anharmonic (SCHA) less harmonic" in note for note in picture.notes)
    partners = phonons.assign(star=0, harmonic_energy=10.0, energy=[8.0, 10.0, 15.0])  # noise of one energy, 11 meV
    curve = draw("quasiphonon_dos", {"phonons": [partners], "summaries": phases[:1]}, {}, at).axes[0].lines[1]
    assert curve.get_xdata()[np.argmax(curve.get_ydata())] == pytest.approx(
        11.0, abs=0.2
    )  # one peak, a point of the grid off


def test_a_training_has_the_error_of_its_means():
    """Independent steps with an error of 0.4 each: means of four of them have 0.2."""
    part = pd.DataFrame({"free_energy": np.arange(16.0), "free_energy_error": 0.4})
    means, errors = averaged(part)
    assert means.tolist()[3:5] == [1.5, 2.5]
    assert errors.to_numpy() == pytest.approx([0.4, 0.4 / 2**0.5, 0.4 / 3**0.5] + [0.2] * 13)


def test_a_phase_is_called_lower_only_where_that_is_sure(phases):
    """A difference within its error decides nothing; the table used to name a phase all the same."""
    options = {**NAMES, "pressures": [0], "levels": ["scha"]}
    for shift, error, remark in (
        (-9.0, 0.1, "bcc is lower from 100 to 300 K"),
        (-0.5, 1.0, "not decided at 100, 200, 300 K: the difference is within 2 standard errors"),
    ):
        pair = [one.assign(free_energy_error=error) for one in (summary("bcc", shift, 0.0), phases[1])]
        assert draw("transitions", {"summaries": pair}, {}, options)["remark"][0] == remark
    one = [part[part["temperature_target"] == 300.0] for part in (summary("bcc", -9.0, 0.0), phases[1])]
    assert draw("transitions", {"summaries": one}, {}, options)["remark"][0] == "bcc is lower at 300 K"


def test_symbols_of_one_temperature_do_not_hide_each_other(phases):
    options = {**NAMES, "pressures": [0.5], "levels": ["occupations", "scha", "classical"]}
    picture = draw("gibbs_difference", {"summaries": phases}, {}, options)
    first = [bars.lines[0].get_xdata()[0] for bars in picture.axes[0].containers]
    assert first == pytest.approx([98.0, 100.0, 102.0])
