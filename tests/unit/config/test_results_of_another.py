"""Results of another potential or crystal are not overwritten unasked."""

import json

import pytest

from qcrystal.config.messages import ConfigError
from qcrystal.config.preflight import check_results

MODEL, CRYSTAL = "models/h3s-fast/model.pb", "config/crystals/h3s/crystal.yaml"


@pytest.fixture
def results(tmp_path):
    statics = tmp_path / "h3s" / "smoke" / "statics"
    statics.mkdir(parents=True)
    records = {
        "eos": {"inputs": [{"path": MODEL}, {"path": "models/h3s-fast/card.yaml"}]},
        "phonons": {"parameters": {"crystal_file": CRYSTAL}},
    }
    for name, given in records.items():
        (statics / f"{name}.prov.json").write_text(json.dumps({"deterministic": given}))
    return statics.parent


def test_results_of_the_same_are_continued(results, tmp_path):
    check_results(results, MODEL, CRYSTAL)
    check_results(tmp_path / "nothing yet", MODEL, CRYSTAL)


def test_results_of_another_are_refused_in_one_line(results):
    with pytest.raises(ConfigError) as caught:
        check_results(results, "models/other/model.pb", CRYSTAL)
    line = str(caught.value)
    assert "\n" not in line and all(
        word in line for word in (MODEL, "models/other/model.pb", "replace=true", "h3s/smoke")
    )
    with pytest.raises(
        ConfigError, match="holds results of the crystal config/crystals/h3s/crystal.yaml, not mine/h3s"
    ):
        check_results(results, MODEL, "mine/h3s/crystal.yaml")


def test_a_record_that_cannot_be_read_refuses_nothing(results):
    (results / "statics" / "eos.prov.json").write_text("{")
    check_results(results, "models/other/model.pb", CRYSTAL)
