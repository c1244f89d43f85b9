"""The cost of a scale: the size of a trajectory against a real one, hours against a sum by hand."""

import numpy as np
import pytest
import yaml

from qcrystal.__main__ import main as qcrystal_main
from qcrystal.commands import cost
from qcrystal.config.load import load
from qcrystal.config.messages import ConfigError
from qcrystal.dynamics.trajectory import TrajectoryWriter


@pytest.fixture(scope="module")
def paper(root):
    values = yaml.safe_load((root / "config" / "config.yaml").read_text(encoding="utf-8"))
    return load(values | {"scale": "paper"}, root)


def test_hours_of_a_sweep_by_hand(paper):
    """99 conditions of 44 000 atoms for 50 ps in steps of 0.5 fs: 4.356e11 atom-steps."""
    table = cost.costs(paper, 100.0).set_index("sweep")
    assert table.loc["classical_grid", "runs"] == 99
    assert table.loc["classical_grid", "10^9 atom-steps"] == pytest.approx(435.6)
    assert table.loc["classical_grid", "hours"] == pytest.approx(4.356e11 * 100e-6 / 3600)
    assert table.loc["all", "runs"] == len(paper.runs)


def test_size_of_a_trajectory(paper, tmp_path):
    """Within a fifth of a file that is really written, whose index grows in blocks."""
    spec = next(iter(paper.runs.values())).model_copy(update={"atoms": 352, "steps": 400, "sample_every": 1})
    path = tmp_path / "trajectory.h5"
    species = ["La"] * 32 + ["H"] * 320
    writer = TrajectoryWriter(path, spec, species, np.ones(352))
    for step in range(401):
        writer.append(step, step * 5e-4, np.zeros((352, 3)), np.eye(3))
    writer.close()
    assert cost.bytes_of(spec) == pytest.approx(path.stat().st_size, rel=0.2)


def test_page_says_what_the_script_says(root, capsys, monkeypatch):
    """docs/cost.md is of this scale and this potential, GPU hours of the literature's step time included."""
    monkeypatch.chdir(root)
    page = (root / "docs" / "cost.md").read_text(encoding="utf-8")
    for options in ([], ["--us-per-atom-step", "22.2"]):
        monkeypatch.setattr("sys.argv", ["qcrystal", "cost", *options])
        qcrystal_main()
    ours, theirs = capsys.readouterr().out.split("Scale paper")[1:]
    assert page.split("Scale paper")[1].split("\n\nTrajectories")[0].split() == ours.split()
    *_, hours, _, disk = (cell.strip() for cell in theirs.strip().splitlines()[-1].strip("| ").split("|"))
    assert f"**{round(float(hours), -2):.0f} GPU hours" in page and f"and {float(disk):.0f} GB**" in page


def test_a_potential_without_a_measured_speed_asks_for_it(root, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / cost.SPEEDS).write_text((root / cost.SPEEDS).read_text())
    (tmp_path / "mine").mkdir()
    card = yaml.safe_load((root / "models/lah10-fast/card.yaml").read_text())
    (tmp_path / "mine/card.yaml").write_text(yaml.safe_dump({key: card[key] for key in card if key != "speed"}))
    with pytest.raises(ConfigError, match=r"mine/card.yaml: has no speed.*--us-per-atom-step"):
        cost.step_time(tmp_path, "mine", "native")
