"""The table of claims: every published value is tried, by runs that are long enough, with verdicts that follow the numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figure_drawing import FIGURES, LITERATURE, draw
from synthetic_tables import PROTOTYPE, synthetic

from qcrystal.crystal.cells import conventional_cell, rhombohedral_strain
from qcrystal.docs.claims import claims_page, readme
from qcrystal.errors import QcrystalError
from qcrystal.figures.claims import accuracy, lowest
from qcrystal.figures.options import Claim, Claims
from qcrystal.manuscript.published import Cited

NAME = "x_table_claims"
CLAIMS = Claims.model_validate(FIGURES[NAME].options).claims


@pytest.fixture(scope="module")
def tables() -> dict:
    return synthetic("rich")


def lengthened(tables: dict, length: float = 50.0) -> dict:
    """The same tables as if all runs were longer, with more samples."""
    return {
        name: table.assign(length_ps=length, **({"n_effective": 80.0} if "n_effective" in table else {}))
        if name.startswith("sweep:")
        else table
        for name, table in tables.items()
    }


def verdicts(tables: dict) -> dict:
    return dict(zip(CLAIMS, draw(NAME, tables)["verdict"], strict=True))


def test_every_published_value_has_a_claim():
    assert {claim.published for claim in CLAIMS.values()} == set(LITERATURE.values)


def test_runs_of_a_test_decide_nothing():
    found = draw(NAME, synthetic("minimal"))
    of_runs = found["length_ps"].notna()
    assert of_runs.sum() > 10
    assert set(found.loc[of_runs, "verdict"]) == {"not decidable here"}


def test_verdicts_follow_the_numbers(tables):
    """Synthetic runs: 900 K at 0 K; slope 0.05(6) Å²/ps, that is 5e-6 cm²/s; classical angles close between 150 and 200 GPa."""
    found = verdicts(lengthened(tables))
    assert found["qin_zero_point"] == "reproduced"
    assert found["qin_diffusion_coefficient"] == found["qin_diffusion_slope"] == "not reproduced"
    assert (
        found["ly_quantum_LaD10_300K"] == "not reproduced"
    )  # made distorted up to 150 GPa, printed: cubic from 120 GPa
    assert found["errea_stable_from"] == "reproduced"
    assert found["qin_rdf"] == "reproduced"
    assert found["qin_table1_dp"] == "reproduced"  # the synthetic lattice has the published geometry


def test_a_verdict_turns_with_the_number(tables):
    longer = lengthened(tables)
    name = "sweep:diffusion_qtb/summary"
    diffusing = longer[name].copy()
    diffusing.loc[diffusing["observable"] == "msd_slope", ["value", "error"]] = (0.35, 0.02)
    diffusing.loc[diffusing["observable"] == "diffusion", ["value", "error"]] = (0.35 / 6e4, 0.02 / 6e4)
    found = verdicts({**longer, name: diffusing})
    assert found["qin_diffusion_slope"] == "reproduced"  # the printed number read as the slope
    assert found["qin_diffusion_coefficient"] == "not reproduced"


def hopping(tables: dict, distortion: float) -> dict:
    """The tables as if every path integral had mean angles of 90 degrees, and hopped among variants of this size."""
    rng, found = np.random.default_rng(1), dict(tables)
    variants = distortion * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    for name, table in tables.items():
        if name.startswith("sweep:ly_quantum") and name.endswith("summary"):
            mean = {"value": 0.05, "error": 0.03, "n_effective": 60.0}
            off = (table["observable"] == "angle_deviation").to_numpy()
            table = table.assign(**{key: table[key].where(~off, value) for key, value in mean.items()})
            counted = table.drop_duplicates("run").assign(observable="production_length", species="all", value=50.0)
            found[name], runs = pd.concat([table, counted], ignore_index=True), counted[["run"]]
            trace = pd.concat([runs.assign(time=0.01 * step) for step in range(400)], ignore_index=True)
            angles = 90.0 + variants[rng.integers(4, size=len(trace))] + 0.4 * rng.normal(size=(len(trace), 3))
            trace[["alpha", "beta", "gamma"]] = angles
            found[name.replace("/summary", "/cell")] = trace
    return found


def test_runs_that_hop_among_variants_are_not_cubic(tables):
    """The same means, from a crystal that is distorted at each moment, and from one that fluctuates about the cube."""
    hops, cubic = (hopping(lengthened(tables), size) for size in (1.4, 0.0))
    assert verdicts(cubic)["errea_stable_from"] == "reproduced"
    assert verdicts(hops)["errea_stable_from"] == "not reproduced"
    reasons = dict(zip(CLAIMS, draw(NAME, hops)["reason"], strict=True))
    assert "distorted by 1.4° at each moment" in reasons["errea_stable_from"]


def test_a_small_cell_decides_no_phase_that_needs_a_large_one(tables):
    claim = "ly_quantum_100K_100GPa"
    small = hopping(lengthened(tables), 0.0)
    for name in [name for name in small if name.startswith("sweep:ly_quantum") and name.endswith("summary")]:
        small[name] = small[name].assign(atoms=44.0, temperature_target=100.0, pressure_target=100.0)
    reasons = dict(zip(CLAIMS, draw(NAME, small)["reason"], strict=True))
    assert verdicts(small)[claim] == "not decidable here"
    assert reasons[claim].startswith("The largest cell has 44 atoms, and the claim needs 352.")


def test_a_reason_is_one_sentence_with_numbers(tables):
    for reason in draw(NAME, lengthened(tables))["reason"]:
        assert reason.endswith(".") and "nan" not in reason and "inf" not in reason
    with_numbers = draw(NAME, lengthened(tables)).query("method == 'QTB'")["reason"]
    assert with_numbers.str.contains(r"\d").all()


def test_the_page_of_claims_is_up_to_date(root):
    page = (root / "docs" / "claims.md").read_text(encoding="utf-8")
    assert page == claims_page(root), "make docs/claims.md again: python -m qcrystal claims"


def test_the_table_of_the_readme_is_up_to_date(root):
    page = (root / "README.md").read_text(encoding="utf-8")
    assert page == readme(root), "make README's table of claims again: python -m qcrystal claims"


def test_a_readme_without_its_marks_is_told(tmp_path):
    (tmp_path / "README.md").write_text("no table here")
    with pytest.raises(QcrystalError, match=r"README\.md: the table of claims stands between"):
        readme(tmp_path)


def test_static_numbers_need_no_run(tables):
    found = draw(NAME, tables).set_index("claim")
    assert np.isnan(found.loc[CLAIMS["ly_static_pressure"].text, "length_ps"])


def test_angles_of_a_strained_cube_are_those_of_its_cell(tables):
    """A crystal that is only strained has its cell's angles between quadrilaterals; spglib's tolerance is not involved."""
    pure = [rhombohedral_strain(conventional_cell(PROTOTYPE, 5.1), angle) for angle in (90.0, 91.0)]
    for atoms, phase in zip(pure, ("Fm-3m", "R-3m"), strict=True):
        atoms.info.update(phase=phase, pressure=150.0)
    found = draw("x_table_angles", {**tables, "search:structures": pure}).set_index("phase")
    assert found.loc["Fm-3m", "quadrilateral_deviation_deg"] == pytest.approx(0.0, abs=1e-9)
    strained = found.loc["R-3m"]
    off = max(strained["cell_largest_deg"] - 90.0, 90.0 - strained["cell_smallest_deg"])
    assert off == pytest.approx(1.0, abs=1e-6)
    assert strained["between_quadrilaterals_deg"] == pytest.approx(1.0, abs=1e-6)
    # edges of the squares lie along face diagonals: an angle between two of them has twice the strain's effect at most
    assert 0.9 < strained["quadrilateral_deviation_deg"] < 2.1


def test_the_error_of_an_accuracy_is_that_of_systems():
    """For systems of one size the squared error is a mean over systems, with the standard error of a mean."""
    rmse = np.array([1.0, 2.0, 3.0, 2.5, 1.5])
    rows = [{"system": f"s{n}", "rmse": value, "n": 40} for n, value in enumerate(rmse)]
    every = float(np.sqrt((rmse**2).mean()))
    rows.append({"system": "all", "rmse": every, "n": 200})
    table = pd.DataFrame(rows).assign(quantity="force", split="test", species="all")
    claim = Claim(test="accuracy", text="a claim", published="p", observable="force", unit="eV/Å", factor=10.0)
    found, _, judged = accuracy(claim, {"errors": table}, Cited(30.0, "a study", "somewhere"))
    expected = np.std(rmse**2, ddof=1) / np.sqrt(5) / (2.0 * every)
    assert found.value == pytest.approx(10.0 * every)
    assert found.error == pytest.approx(10.0 * expected)
    assert judged.verdict == "not decidable here"  # five systems are fewer than ten samples


OFFSETS = [-2.0, 0.0, 2.0]  # meV/atom: a standard deviation of 2, so that a difference errs by 2.83


@pytest.mark.parametrize(
    ("above", "group", "verdict"),
    [
        (-1.0, "R-3m", "reproduced"),  # the cubic phase, a published one, is the lowest
        (5.0, "R-3m", "not decidable here"),  # 1.8 errors
        (9.0, "R-3m", "not reproduced"),  # 3.2 errors
        (9.0, "C2", "reproduced"),  # the start named R-3m has relaxed to a published phase
    ],
)
def test_the_lowest_phase_is_judged_by_the_errors_of_differences(above, group, verdict):
    """At 200 GPa; what is called P-1 has relaxed to R-3m, so that it is no P-1. At 100 GPa nothing is asked for."""
    rows = [("Fm-3m", 200.0, "Fm-3m", 1e-3 * above), ("R-3m", 200.0, group, 0.0), ("P-1", 200.0, group, -1e-6)]
    table = pd.DataFrame(
        [*rows, ("Immm", 100.0, "Immm", -9.0)], columns=["phase", "pressure", "spacegroup", "enthalpy"]
    )
    frames = pd.DataFrame(
        [{"system": f"s{n}", "energy_error": 1e-3 * offset} for n, offset in enumerate(OFFSETS) for _ in range(3)]
    )
    counts = pd.DataFrame({"origin": ["random 5"], "number": [120]})
    claim = Claim(test="lowest", text="a claim", published="p", pressures=(170.0, 300.0), limit=100.0)
    known = Cited(["C2", "P-1", "Fm-3m"], "a study", "somewhere")
    _, text, judged = lowest(claim, {"enthalpies": table, "counts": counts, "frames": frames}, known)
    assert judged.verdict == verdict, judged
    assert text == f"{'Fm-3m' if above < 0 else group} at 200 GPa"
    assert lowest(claim, {"enthalpies": table, "counts": counts}, known)[2].verdict == "not decidable here"
    assert "trained" not in judged.reason
    beyond = table.assign(beyond_training=[20.0, 20.0, 20.0, 0.0])
    _, _, judged = lowest(claim, {"enthalpies": beyond, "counts": counts, "frames": frames}, known)
    assert judged.verdict == verdict and judged.reason.endswith(" The potential was not trained at 200 GPa.")
