"""Numbers of the text: rounding by the error, exactly one row, valid macro names."""

import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml

from qcrystal.io.tables import write_table
from qcrystal.manuscript.numbers import (
    Number,
    NumberEntry,
    NumberError,
    NumberSet,
    Text,
    derive,
    look_up,
    macros,
    observed,
    write_numbers,
)


@pytest.mark.parametrize(
    ("value", "error", "digits", "text"),
    [
        (905.4, 12.3, 0, "905(12)"),
        (905.44, 0.31, 2, "905.44(31)"),
        (905.444, 0.012, 2, "905.444(12)"),
        (0.35123, 0.0123, 4, "0.351(12)"),
        (199.7, None, 1, "199.7"),
        (199.7, float("nan"), 1, "199.7(?)"),
    ],
)
def test_value_is_never_printed_beyond_its_error(value, error, digits, text):
    assert Number("X", value, error, "", digits, "t.csv").text() == text


def test_a_number_that_cannot_be_derived_is_not_printed():
    with pytest.raises(NumberError, match="t.csv"):
        Number("X", float("nan"), None, "", 1, "t.csv").text()
    table = pd.DataFrame({"a": [1, 1], "b": [2, 3]})
    assert look_up(table, "t.csv", "b", a=1, b=3) == 3
    assert look_up(table, "t.csv", "a") == 1  # the same in every row
    for conditions in ({"a": 1}, {"a": 2}, {"c": 1}):
        with pytest.raises(NumberError, match="t.csv"):
            look_up(table, "t.csv", "b", **conditions)


def sweep(values: dict, pressures=(100.0, 200.0)) -> pd.DataFrame:
    """Summary of a sweep with one row per replica: {observable: values of the replicas}."""
    rows = [
        {"system": "lah10", "method": "qtb", "isotope": "H", "start": "cubic", "atoms": 44, "species": "H"}
        | {"pressure_target": pressure, "temperature_target": 5.0, "observable": name}
        | {"replica": replica, "run": f"{pressure}-{replica}", "length_ps": 20.0, "value": value, "error": 1.0}
        for pressure, (name, replicas) in itertools.product(pressures, values.items())
        for replica, value in enumerate(replicas)
    ]
    return pd.DataFrame(rows)


def test_replicas_are_averaged():
    """Three replicas that scatter by 10 K: error 10/sqrt(3) times t of two degrees of freedom, 1.3213; propagated 1/sqrt(3)."""
    table = sweep({"temperature": [890.0, 900.0, 910.0]})
    at = {"pressure_target": 200, "temperature_target": 5, "species": "H"}
    number = observed("T", table, "t.csv", "temperature", "K", 0, **at)
    assert (number.value, number.error) == pytest.approx((900.0, 1.3213 * 10.0 / np.sqrt(3)), rel=1e-4)
    both = sweep({"temperature": [890.0, 900.0, 910.0], "temperature_corrected": [850.0, 850.0, 850.0]})
    number = observed("T", both, "t.csv", "temperature", "K", 0, **at)
    assert (number.value, number.error) == pytest.approx((850.0, 1.0 / np.sqrt(3)))
    one = both[(both["observable"] == "temperature") | (both["replica"] == 1)]  # the others were too short to tell
    number = observed("T", one, "t.csv", "temperature", "K", 0, **at)
    assert number.value == pytest.approx((890.0 + 850.0 + 910.0) / 3)
    with pytest.raises(NumberError, match="2 rows"):
        observed("T", table, "t.csv", "temperature", "K", 0, temperature_target=5)
    with pytest.raises(NumberError, match="0 rows with observable = volume"):
        observed("V", table, "t.csv", "volume", "", 0, **at)


def test_an_upper_limit_is_printed_as_one(tmp_path):
    """No atom of three replicas hopped: a third of one replica's limit, behind a sign. Too short to tell anything: words."""
    table = sweep({"diffusion": [np.nan] * 3}).assign(
        beads=1, friction=10.0, extrapolates="no", n_effective=0.0, unit="cm2/s", limit=3e-7, error=np.nan
    )
    at = {"pressure_target": 200, "temperature_target": 5, "species": "H"}
    found = entry(source="sweep:any/summary", observable="diffusion", where=at, factor=1e4, decimals=4, may_lack=True)
    path = tmp_path / "summary.csv"
    write_table(table, path, "sweep_summary")
    assert derive("D", found, str(path)).text() == "<0.0010"
    write_table(table.assign(limit=np.nan), path, "sweep_summary")
    assert derive("D", found, str(path)).text() == "not determined"


def test_a_text_is_printed_as_it_stands():
    assert macros([Text("Potential", "lah10_50%", "card.yaml")]).endswith(
        r"\newcommand{\Potential}{lah10\_50\%}" + "\n"
    )


def test_macros_have_letters_only_and_stand_once():
    number = Number("Force", 195.0, None, "K", 0, "t.csv")
    assert r"\newcommand{\Force}{\ensuremath{195\,\mathrm{K}}}" in macros([number])
    with pytest.raises(NumberError):
        macros([number, number])
    with pytest.raises(NumberError):
        macros([Number("A1", 1.0, None, "", 0, "t.csv")])


CARD = """name: a_potential
species: [La, H]
descriptor: sums
sha256: ab
data: {name: labels, pressure_GPa: [80.0, 200.0]}
"""


def entry(**keys) -> NumberEntry:
    return NumberEntry.model_validate({"meaning": "a number", **keys})


def test_numbers_are_derived_as_their_entries_say(tmp_path):
    """Card, table, equation of state (straight between equal rows), and a sweep's mean."""
    (tmp_path / "card.yaml").write_text(CARD)
    card = str(tmp_path / "card.yaml")
    assert derive("A", entry(source="potential:card", key="name"), card).text() == r"a\_potential"
    high = derive("B", entry(source="potential:card", key="data.pressure_GPa.1", unit="GPa"), card)
    assert (high.value, high.error, high.text()) == (200.0, None, "200")
    with pytest.raises(NumberError, match=r"card.yaml: holds no data.volume"):
        derive("C", entry(source="potential:card", key="data.volume"), card)
    errors = pd.DataFrame({"quantity": ["energy", "force"], "split": "test", "system": "all", "species": "all"})
    path = tmp_path / "errors.csv"
    write_table(errors.assign(rmse=[0.0021, 0.12], n=[10, 300]), path, "parity_errors")
    found = entry(
        source="potential:parity_errors", column="rmse", where={"quantity": "energy"}, factor=1000, decimals=2
    )
    assert derive("D", found, str(path)).text() == "2.10"


def test_a_sweeps_number_is_scaled_with_its_error_and_a_chosen_one_has_none(tmp_path):
    table = sweep({"temperature": [890.0, 900.0, 910.0]}).assign(
        beads=1, friction=10.0, extrapolates="no", n_effective=5.0, unit="K"
    )
    path = tmp_path / "summary.csv"
    write_table(table, path, "sweep_summary")
    at = {"pressure_target": 200, "temperature_target": 5, "species": "H"}
    keys = {"source": "sweep:any/summary", "observable": "temperature", "where": at}
    number = derive("T", entry(**keys, factor=0.001), str(path))
    assert (number.value, number.error) == pytest.approx((0.9, 1.3213 * 0.01 / np.sqrt(3)), rel=1e-4)
    assert derive("T", entry(**keys, exact=True, decimals=1), str(path)).text() == "900.0"
    assert derive("N", entry(source="sweep:any/summary", column="atoms"), str(path)).text() == "44"


@pytest.mark.parametrize(
    "keys",
    [
        {"source": "statics:eos"},
        {"source": "statics:eos", "column": "pressure", "at_pressure": 200},
        {"source": "statics:nothing", "column": "pressure"},
        {"source": "statics:eos", "column": "pressure", "unknown": 1},
    ],
)
def test_entries_that_say_too_little_or_too_much_are_refused(keys):
    with pytest.raises(ValueError):
        entry(**keys)
    with pytest.raises(ValueError, match="letters"):
        NumberSet.model_validate(
            {"numbers": {"A1": {"meaning": "a number", "source": "statics:eos", "column": "pressure"}}}
        )


def test_the_shipped_numbers_are_those_that_the_manuscript_prints(root):
    numbers = NumberSet.model_validate(
        yaml.safe_load((root / "config" / "crystals" / "lah10" / "numbers.yaml").read_text(encoding="utf-8"))
    ).numbers
    text = (root / "manuscript" / "lah10.tex").read_text(encoding="utf-8")
    printed = set(re.findall(r"\\([A-Z][a-z]+[A-Z][A-Za-z]+)", text))
    assert len(printed) > 10 and printed - {"ScaleName"} <= set(numbers)  # the name of the scale is no number


def test_numbers_and_macros_are_written(tmp_path):
    (tmp_path / "card.yaml").write_text(CARD)
    entries = {"Low": entry(source="potential:card", key="data.pressure_GPa.0", unit="GPa")}
    files = {"potential:card": str(tmp_path / "card.yaml")}
    write_numbers(entries, files, "smoke", tmp_path / "numbers.json", tmp_path / "numbers.tex")
    document = json.loads((tmp_path / "numbers.json").read_text())
    assert document["numbers"]["Low"]["text"] == "80" and document["scale"] == "smoke"
    assert r"\newcommand{\Low}{\ensuremath{80\,\mathrm{GPa}}}" in (tmp_path / "numbers.tex").read_text()


def test_a_verdict_is_a_text_and_verdicts_are_counted(tmp_path):
    rows = [
        ("first", "reproduced", "1.46(25)×$10^{-6}$"),
        ("second", "not reproduced", "2"),
        ("third", "reproduced", "3"),
    ]
    table = pd.DataFrame(rows, columns=["claim", "verdict", "ours"])
    table = table.assign(source="a", published="1", method=None, reason="So it is.", atoms=pd.NA)
    table = table.assign(length_ps=float("nan"), independent_samples=float("nan"), atoms=table["atoms"].astype("Int64"))
    path = tmp_path / "claims.csv"
    columns = ["claim", "source", "published", "ours", "method", "atoms", "length_ps", "independent_samples"]
    write_table(table[[*columns, "verdict", "reason"]], path, "claims")
    given = {"meaning": "m", "source": "figure:x_table_claims"}
    ours = NumberEntry(**given, column="ours", where={"claim": "first"})
    assert derive("A", ours, str(path)).text() == r"1.46(25)$\times$$10^{-6}$"
    many = NumberEntry(**given, column="claim", count=True, where={"verdict": "reproduced"})
    assert derive("B", many, str(path)).text() == "2"


def test_zero_point_motion_of_a_species_is_that_of_its_modes(tmp_path):
    """Two bands, one of each element: h nu/2 over k_B is 24.0 K for each THz, by hand; imaginary modes add nothing."""
    modes = pd.DataFrame({"pressure": 200.0, "frequency": [-3.0, 4.0, 5.0, 6.0, 39.0, 40.0, 41.0]})
    modes["dos_La"] = [0, 0.25, 0.5, 0.25, 0, 0, 0]
    modes["dos_H"] = [1.0, 0, 0, 0, 0.25, 0.5, 0.25]
    modes["dos"] = modes["dos_La"] + modes["dos_H"]
    path = tmp_path / "dos.csv"
    write_table(modes, path, "phonon_dos")
    kelvin = 6.62607015e-34 * 1e12 / (2 * 1.380649e-23)
    for element, wanted in (("La", 5.0 * kelvin), ("H", 20.0 * kelvin)):
        entry = {"meaning": "T", "source": "statics:phonon_dos", "zero_point_of": element, "where": {"pressure": 200}}
        found = derive("T", NumberEntry(**entry), str(path))
        assert found.value == pytest.approx(wanted, rel=1e-6) and found.error is None  # constants of other years
    with pytest.raises(NumberError, match="dos_Xe"):
        derive("T", NumberEntry(**{**entry, "zero_point_of": "Xe"}), str(path))
