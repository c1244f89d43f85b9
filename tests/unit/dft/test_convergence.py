"""Pairs of DFT settings that are compared, and the errors between their labels."""

import numpy as np
import pytest
import yaml
from ase import units

from qcrystal.config.dft import Convergence, Goals
from qcrystal.dft.convergence import comparisons, convergence_table, errors, setting_name, settings_to_label
from qcrystal.dft.labels import Label

CHOSEN = {"cutoff": 500, "kpoint_length": 16.2, "width": 0.3}


@pytest.fixture(scope="module")
def dft(root):
    return yaml.safe_load((root / "config" / "crystals" / "lah10" / "crystal.yaml").read_text())["dft"]


@pytest.fixture
def convergence(dft):
    lists = {"cutoffs": [400, 500, 700], "kpoint_lengths": [10.8, 16.2, 27.9], "widths": [0.3, 0.1]}
    return Convergence(**{**dft["convergence"], **lists})


def label(rng, shift=0.0, force_error=0.0, virial_error=0.0, atoms=11):
    """A label of one frame; the errors are added to numbers that depend on the generator only."""
    return Label(
        symbols=["H"] * atoms,
        energy=rng.normal() + shift,
        forces=rng.normal(size=(atoms, 3)) + force_error,
        virial=np.diag(rng.normal(size=3)) + virial_error * np.eye(3),
        cell=3.0 * np.eye(3),
        positions=np.zeros((atoms, 3)),
        origin="recipe frame=0",
        kpoints=[6, 6, 6],
        processor_seconds=10.0,
    )


def test_errors_are_those_that_were_put_in():
    reference = [label(np.random.default_rng(i)) for i in range(3)]
    # 5 meV/atom for all and 2 more for the last, 0.03 eV/Å in every component, virial of 1 GPa in 27 Å3
    tried = [
        label(np.random.default_rng(i), 11 * (0.005 + 0.002 * (i == 2)), 0.03, 27.0 * units.GPa * (i == 1))
        for i in range(3)
    ]
    found = errors(tried, reference)
    assert found["energy_shift"] == pytest.approx(5 + 2 / 3)
    # a common shift of all frames is no error of a difference
    assert found["energy_difference"] == pytest.approx(2)
    assert found["force_rms"] == pytest.approx(30)
    assert found["force_max"] == pytest.approx(30 * np.sqrt(3))
    assert found["pressure"] == pytest.approx(1)


def test_each_setting_is_compared_with_the_densest_of_its_kind(convergence):
    rows = comparisons(CHOSEN, convergence, None)
    by_kind = {
        kind: [row for row in rows if row["varied"] == kind] for kind in dict.fromkeys(r["varied"] for r in rows)
    }
    assert [row["setting"]["cutoff"] for row in by_kind["cutoff"]] == [400, 500, 700]
    assert {row["reference"]["cutoff"] for row in by_kind["cutoff"]} == {700}
    # nothing but what is varied differs between a setting and its reference
    for row in rows:
        differing = {key for key in CHOSEN if row["setting"][key] != row["reference"][key]}
        assert differing <= set(row["varied"].split(" and "))
    (total,) = by_kind["cutoff and kpoint_length and width"]
    assert total["setting"] == CHOSEN and total["reference"] == {"cutoff": 700, "kpoint_length": 27.9, "width": 0.1}
    # the same setting is labelled once, whatever it is compared with: 3 cutoffs, 2 more k-point lengths, one more width,
    # and the best of all
    assert len(settings_to_label(rows)) == 7


def test_a_scale_keeps_the_coarsest(convergence):
    rows = comparisons(CHOSEN, convergence, 2)
    assert {row["setting"]["cutoff"] for row in rows} == {400, 500}
    assert max(row["reference"]["kpoint_length"] for row in rows) == 16.2


def test_verdict_compares_differences_and_forces_with_the_goals(convergence):
    rows = comparisons(CHOSEN, convergence, None)
    errors_of = {setting_name({**CHOSEN, "kpoint_length": 10.8}): 0.03, setting_name({**CHOSEN, "cutoff": 700}): 0.0}
    labels = {
        name: [label(np.random.default_rng(i), force_error=errors_of.get(name, 0.0)) for i in range(2)]
        for name in settings_to_label(rows)
    }
    at_rest = dict.fromkeys(labels, 150.0)
    table = convergence_table(rows, labels, at_rest, Goals(energy=5, force=20), CHOSEN)
    verdicts = table[table["varied"] == "kpoint_length"].set_index("kpoint_length")["verdict"]
    assert verdicts.to_dict() == {10.8: "misses", 16.2: "meets", 27.9: "reference"}
    chosen = table[table["chosen"]]
    assert len(chosen) == 4 and (chosen["cutoff"] == 500).all()
    assert (table["kpoints"] == "6x6x6").all()


def test_lists_that_do_not_end_with_the_densest_are_refused(dft):
    for key, values in {"cutoffs": [500, 400], "widths": [0.1, 0.3]}.items():
        with pytest.raises(ValueError, match=key):
            Convergence(**{**dft["convergence"], key: values})


def test_shipped_lists_contain_the_settings_in_use(dft):
    lists = dft["convergence"]
    assert dft["cutoff"] in lists["cutoffs"]
    assert dft["kpoint_length"] in lists["kpoint_lengths"]
    assert dft["width"] in lists["widths"]
