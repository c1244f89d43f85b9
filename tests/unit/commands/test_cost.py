"""The cost of a scale: the size of a trajectory against a real one, hours against a sum by hand."""

import importlib.util

import numpy as np
import pytest
import yaml

from qcrystal.config.load import load
from qcrystal.dynamics.trajectory import TrajectoryWriter


@pytest.fixture(scope="module")
def cost(root):
    spec = importlib.util.spec_from_file_location("cost", root / "scripts" / "qcrystal" / "commands" / "cost.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def paper(root):
    values = yaml.safe_load((root / "config" / "config.yaml").read_text(encoding="utf-8"))
    return load(values | {"scale": "paper"}, root)


def test_hours_of_a_sweep_by_hand(cost, paper):
    """99 conditions of 44 000 atoms for 50 ps in steps of 0.5 fs: 4.356e11 atom-steps."""
    table = cost.costs(paper, 100.0).set_index("sweep")
    assert table.loc["classical_grid", "runs"] == 99
    assert table.loc["classical_grid", "10^9 atom-steps"] == pytest.approx(435.6)
    assert table.loc["classical_grid", "hours"] == pytest.approx(4.356e11 * 100e-6 / 3600)
    assert table.loc["all", "runs"] == len(paper.runs)


def test_size_of_a_trajectory(cost, paper, tmp_path):
    """Within a fifth of a file that is really written, whose index grows in blocks."""
    spec = next(iter(paper.runs.values())).model_copy(update={"atoms": 352, "steps": 400, "sample_every": 1})
    path = tmp_path / "trajectory.h5"
    species = ["La"] * 32 + ["H"] * 320
    writer = TrajectoryWriter(path, spec, species, np.ones(352))
    for step in range(401):
        writer.append(step, step * 5e-4, np.zeros((352, 3)), np.eye(3))
    writer.close()
    assert cost.bytes_of(spec) == pytest.approx(path.stat().st_size, rel=0.2)


def test_page_says_what_the_script_says(root, capsys, monkeypatch, cost):
    """docs/cost.md is of this scale and this potential, GPU hours of the literature's step time included."""
    monkeypatch.chdir(root)
    page = (root / "docs" / "cost.md").read_text(encoding="utf-8")
    for options in ([], ["--us-per-atom-step", "22.2"]):
        monkeypatch.setattr("sys.argv", ["cost.py", *options])
        cost.main()
    ours, theirs = capsys.readouterr().out.split("Scale paper")[1:]
    assert page.split("Scale paper")[1].split("```")[0].strip() == ours.strip()
    hours, disk = (float(part) for part in theirs.split()[-2:])
    assert f"**{round(hours, -2):.0f} GPU hours" in page and f"and {disk:.0f} GB**" in page
