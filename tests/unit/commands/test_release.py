"""A released potential is what was trained, with its card, and without paths of the machine that trained it."""

import hashlib
import json
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from qcrystal.commands.release import release

BENCH = {
    "atoms": 352,
    "what": "processor time",
    "machine": {"processor": "some"},
    "potentials": [
        {"name": "published architecture", "ms_per_step": 70.0, "us_per_step_per_atom": 199.0, "ratio": 1.0},
        {"name": "TRAINED/model.pb", "ms_per_step": 42.0, "us_per_step_per_atom": 119.0, "ratio": 0.6},
    ],
}


@pytest.fixture
def trained(tmp_path):
    folder = tmp_path / "results" / "potential" / "ly2022"
    folder.mkdir(parents=True)
    sums = {}
    for name in ("model.pb", "model-2.pb"):
        (folder / name).write_bytes(name.encode())
        sums[name] = hashlib.sha256(name.encode()).hexdigest()
    for name in ("training.json", "learning_curve.csv", "parity_errors.csv", "model.prov.json"):
        (folder / name).write_text("{}")
    data = {"name": "ly2022", "path": "/somewhere/local", "start": "labels", "repository": "a/b", "checksums": None}
    data["pressure_GPa"] = [82.1, 215.5]
    card = {
        "name": "ly2022",
        "species": ["La", "H"],
        "data": data,
        "sha256": sums["model.pb"],
        "committee": {"sha256": sums},
    }
    (folder / "card.yaml").write_text(yaml.safe_dump(card))
    return folder


def test_what_was_trained_is_released(trained, tmp_path):
    released = tmp_path / "models" / "lah10-x"
    released.mkdir(parents=True)
    (released / "model-3.pb").write_text("of an older committee")
    bench = json.loads(json.dumps(BENCH).replace("TRAINED", str(trained)))
    release(trained, released, bench)
    names = {path.name for path in released.iterdir()}
    assert names == {"model.pb", "model-2.pb", "training.json", "learning_curve.csv", "parity_errors.csv", "card.yaml"}
    card = yaml.safe_load((released / "card.yaml").read_text())
    assert card["name"] == "lah10-x" and card["data"] == {
        "name": "ly2022",
        "repository": "a/b",
        "pressure_GPa": [82.1, 215.5],
    }
    assert card["tables"]["sha256"] == {"parity_errors.csv": hashlib.sha256(b"{}").hexdigest()}
    assert card["speed"]["ratio_to_published_architecture"] == 0.6 and card["speed"]["atoms"] == 352
    assert (released / "model-2.pb").read_bytes() == b"model-2.pb"


def test_the_report_on_its_data_goes_with_a_potential(trained, tmp_path, root):
    table = trained.parents[1] / "dataset" / "quality" / "ly2022" / "systems.csv"
    table.parent.mkdir(parents=True)
    shipped = pd.read_csv(root / "models" / "lah10-accurate" / "data_quality.csv")
    total = shipped[shipped["level"] == "all"].assign(train=5, test=2)
    rows = total.to_csv(index=False).replace(",5,2,", ",{},2,")
    table.write_text("# prov_id of-a-record-that-stays\n" + rows.format(5))
    card = yaml.safe_load((trained / "card.yaml").read_text())
    split = {"train": {"systems": 1, "frames": 5}, "test": {"systems": 1, "frames": 2}}
    (trained / "card.yaml").write_text(yaml.safe_dump(card | {"split": split}))
    release(trained, tmp_path / "models" / "lah10-x", None)
    kept = tmp_path / "models" / "lah10-x" / "data_quality.csv"
    assert kept.read_text() == rows.format(5)
    sums = yaml.safe_load((kept.parent / "card.yaml").read_text())["tables"]["sha256"]
    assert sums[kept.name] == hashlib.sha256(kept.read_bytes()).hexdigest()
    table.write_text(rows.format(6))
    with pytest.raises(
        ValueError, match=r"systems.csv: has 6 training frames, and the card says 5; run the workflow again"
    ):
        release(trained, tmp_path / "models" / "lah10-x", None)


@pytest.mark.engine
def test_another_file_than_the_cards_is_refused_and_nothing_changes(trained, tmp_path):
    (trained / "model-2.pb").write_bytes(b"another")
    command = [
        sys.executable,
        *("-m", "qcrystal", "release"),
        trained,
        tmp_path / "models" / "x",
    ]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1 and run.stderr.count("\n") == 1 and "model-2.pb: not the file" in run.stderr
    assert not (tmp_path / "models").exists()
    run = subprocess.run([*command[:4], tmp_path / "none", tmp_path / "x"], capture_output=True, text=True)
    assert run.returncode == 1 and run.stderr.count("\n") == 1 and "card.yaml: no such file" in run.stderr
