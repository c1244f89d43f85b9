"""Refused results: why they are refused, and that none of their values reaches a table, a Gibbs energy or a figure."""

import numpy as np
import pandas as pd
import pytest
from model_crystals import specification, two_atoms

from qcrystal.figures.draw import draw as draw_figure
from qcrystal.io.tables import read_table, write_table
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.gibbs import gibbs_table
from qcrystal.variational.judges import judge
from qcrystal.variational.measuring import measure
from qcrystal.variational.quasiphonons import without_values
from qcrystal.variational.references import reference_table
from qcrystal.variational.spec import Integration, Structure
from qcrystal.variational.training import Training

pytestmark = pytest.mark.engine
PRESSURE = 150.0
FRAMES = 2000


def tables(reordered=1.0, angle=0.05, distortion=0.0, atoms=2):
    """Summary and displacements of a run of path integrals, as `judge` takes them."""
    rows = [
        ("temperature", "La", 400.0, 400.0),
        ("temperature", "H", 900.0, 400.0),
        ("angle_deviation", "all", angle, 0.01),
        ("production_length", "all", 0.01 * FRAMES, 0.0),
    ]
    summary = [
        {
            "observable": name,
            "species": species,
            "value": value,
            "error": error,
            "n_effective": 50.0,
            "unit": "deg",
        }
        for name, species, value, error in rows
    ]
    curves = (
        (0.0, "standard", 0.0),
        (0.0, "reordered", 0.0),
        (1.0, "standard", 2.0),
        (1.0, "reordered", 2.0 * reordered),
    )
    msd = [{"time": time, "species": "H", "kind": kind, "msd": value} for time, kind, value in curves]
    return [pd.DataFrame(summary)], [pd.DataFrame(msd)], [cell_angles(distortion)], atoms


def cell_angles(distortion):
    """Angles of a cell about the cube, or of one that hops among the four rhombohedral variants: their mean is 90 degrees."""
    rng = np.random.default_rng(3)
    variants = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], float)
    places = np.repeat(np.tile(np.arange(4), FRAMES // 20), 5)
    angles = 90.0 + distortion * variants[places] + 0.3 * rng.standard_normal((len(places), 3))
    table = pd.DataFrame(angles, columns=["alpha", "beta", "gamma"])
    return table.assign(time=0.01 * np.arange(len(table)))


def spec_at_pressure(**changes):
    return specification(volume=None, pressure=PRESSURE, **changes)


def test_path_integrals_judge_by_exchange_and_structure():
    spec = spec_at_pressure(structure=Structure(observable="angle_deviation", most=0.3))
    found = judge(spec, *tables())
    assert found is not None and found.distorted is None
    assert found.reordered_share == pytest.approx(1.0)
    assert judge(spec, *tables(reordered=0.5)).reordered_share == pytest.approx(0.5)
    assert "angle_deviation is 1 deg, above 0.3" in judge(spec, *tables(angle=1.0)).distorted
    hops = judge(spec, *tables(distortion=1.4))
    assert "distorted by 1.4 deg at each moment and hops among variants" in hops.distorted
    assert judge(spec, [], [], [], 0) is None
    unknown = spec_at_pressure(structure=Structure(observable="nothing", most=0.3))
    with pytest.raises(VariationalError, match="no observable 'nothing', which nct.structure names; known: angle"):
        judge(unknown, *tables())


@pytest.fixture(scope="module")
def trained_crystal(tmp_path_factory):
    basis, potential = two_atoms()
    spec = spec_at_pressure(integration=Integration(points=3, chains=4, moves=4))
    _, weights = Training(spec, basis, potential, tmp_path_factory.mktemp("training"), "x").run()
    return spec, basis, potential, weights


def measured(trained_crystal, references=None, by=None):
    spec, basis, potential, weights = trained_crystal
    return measure(spec, basis, ["La", "H"], -1.5, potential, weights, references, by)


def test_where_atoms_exchange_no_row_has_a_value(trained_crystal, tmp_path):
    spec = trained_crystal[0]
    references = reference_table(spec, trained_crystal[1], ["La", "H"], -1.5, trained_crystal[2], trained_crystal[3])
    summary, _, report = measured(trained_crystal, references, judge(spec, *tables(reordered=0.5)))
    write_table(summary, tmp_path / "summary.csv", "nct_summary")
    read = read_table(tmp_path / "summary.csv", "nct_summary")
    assert read["level"].tolist() == ["harmonic", "occupations", "scha", "classical", "path_integrals"]
    assert read["refused"].str.contains("atoms exchange in path integrals: reordering leaves 50 %").all()
    values = read.columns[read.columns.str.contains("energy|pressure|kinetic|entropy")].difference(
        ["static_energy", "pressure_target"]
    )
    assert read[values].isna().all(axis=None)
    assert len(report["refused"]) == 5
    assert gibbs_table(read).empty


def test_one_refused_level_is_left_out_and_the_figure_says_why(trained_crystal):
    """An exact F above the bounds refuses the bounds: a mistake, of which nothing is drawn."""
    spec, basis, potential, weights = trained_crystal
    references = reference_table(spec, basis, ["La", "H"], -1.5, potential, weights)
    good, _, _ = measured(trained_crystal, references)
    assert (good["refused"] == "").all() and good["free_energy"].notna().all()
    bounds = good.set_index("level")["free_energy"]
    assert (
        bounds["scha"]
        > bounds["path_integrals"] - 3 * good.set_index("level").loc["path_integrals", "free_energy_error"]
    )
    high = references.assign(free_energy=references["free_energy"] + 1e3)
    summary, _, _ = measured(trained_crystal, high)
    rows = summary.set_index("level")
    assert rows.loc["scha", "refused"].startswith("F is") and np.isnan(rows.loc["scha", "free_energy"])
    assert set(gibbs_table(summary)["level"]) == {"classical", "path_integrals"}
    picture = draw_figure("free_energies", {"summary": summary}, {}, {})
    assert any(note.startswith("refused, not drawn (") and "below the exact" in note for note in picture.notes)


def test_phonons_of_a_refused_state_have_harmonic_energies_alone():
    table = pd.DataFrame(
        {"phonon": [0], "harmonic_energy": [3.0], "energy": [2.0], "energy_error": [0.1], "occupation_energy": [2.5]}
    )
    assert without_values(table, "")["energy"].tolist() == [2.0]
    refused = without_values(table, "atoms exchange")
    assert refused["energy"].isna().all() and refused["occupation_energy"].isna().all()
    assert refused["harmonic_energy"].tolist() == [3.0] and refused["refused"].tolist() == ["atoms exchange"]
