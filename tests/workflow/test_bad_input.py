"""Bad input as the user meets it: Snakemake says one line, and starts nothing.

The cases of each stage stand in `tests/unit`: configuration, labels, runs, potentials, commands.
"""

import os
import shutil
from pathlib import Path

import pytest
import yaml
from complaints import contents
from configurations import MAIN, scale

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).resolve().parents[2]


def answers(process, words):
    """Snakemake ends with a status that is not 0, and one line holds every word."""
    text = process.stdout + process.stderr
    assert process.returncode != 0, text
    assert "Traceback" not in text and ".py" not in text, text
    assert sum(all(word in line for word in words) for line in text.splitlines()) == 1, text


def test_snakemake_says_the_line_and_starts_nothing(shared_workspace):
    dry = ["-n", "--quiet", "--config", "scale=smoke"]
    run = shared_workspace.snakemake
    answers(run(*dry, "sacle=smoke"), ["--config: sacle", "did you mean 'scale'"])
    over = shared_workspace.folder / "over.yaml"
    over.write_text("start: middle\n")
    answers(run("-n", "--configfile", over), ["over.yaml: start", "'middle'"])
    over.write_text("seed: 1\nseed: 2\n")
    answers(run("-n", "--configfile", over), ["over.yaml: line 2", "'seed' stands there twice"])
    over.unlink()
    answers(run("-n", "--config", "scale=latop"), ["config/scales/latop.yaml", "laptop"])
    answers(run(*dry, OMP_NUM_THREADS="abc"), ["OMP_NUM_THREADS", "'abc'"])
    array = shared_workspace.folder / "data/lah10-gpaw/C2_H10La/set.000/force.npy"
    whole = array.read_bytes()
    array.write_bytes(whole[:-8])
    older = shared_workspace.folder / "results/lah10/smoke/dataset/lah10-gpaw/train/type.raw"
    older.parent.mkdir(parents=True)
    older.write_text("an older result")
    answers(run("--config", "scale=smoke", "start=labels"), ["C2_H10La/set.000/force.npy", "not a complete npy array"])
    array.write_bytes(whole)
    assert contents(shared_workspace.folder / "results") == {
        Path("lah10/smoke/dataset/lah10-gpaw/train/type.raw"): b"an older result"
    }
    main = shared_workspace.folder / MAIN
    good = main.read_text()
    main.write_text(good + "seed: 1\n")
    try:
        answers(run(*dry), [MAIN, "'seed' stands there twice"])
    finally:
        main.write_text(good)
    assert older.read_text() == "an older result"


# what nobody configured: (target, start); each is a plan of its own
TARGETS = [
    ("dynamics/qtb-H-cubic-44-npt-200GPa-301K-r0/report.json", "model"),
    ("potential/nosuch/model.pb", "labels"),
    ("learning/99/frames.csv", "dft"),
    ("../../downloads/lah10-gpaw", "model"),
]
MORE_TARGETS = [
    ("analysis/runs/nosuch/summary.csv", "model"),
    ("analysis/sweeps/nosuch/summary.csv", "model"),
    ("search/batches/99.csv", "model"),
    ("analysis/deviation/99/runs.csv", "model"),
    ("dataset/nosuch", "labels"),
    ("potential/lah10-gpaw/model-9.pb", "labels"),
    ("learning/0/explore/nosuch.extxyz", "dft"),
]


@pytest.mark.parametrize(
    ("target", "start"), [*TARGETS, *(pytest.param(*one, marks=pytest.mark.slow) for one in MORE_TARGETS)]
)
def test_target_that_nobody_configured_has_no_rule(shared_workspace, target, start):
    target = os.path.normpath(f"results/lah10/smoke/{target}")
    process = shared_workspace.snakemake(target, "-n", "--quiet", "--config", "scale=smoke", f"start={start}")
    answers(process, [target, "No rule to produce"])


def test_odd_surroundings_do_no_harm(shared_workspace, tmp_path):
    """Paths with spaces, a backend of matplotlib that does not exist, a locale of ASCII, a GPU that is not there."""
    folder = tmp_path / "my sizes"
    folder.mkdir()
    (folder / "tiny.yaml").write_text(yaml.safe_dump(scale(ROOT, "smoke")))
    model = tmp_path / "my models" / "fast"
    shutil.copytree(ROOT / "models/lah10-fast", model)
    process = shared_workspace.snakemake(
        *("-n", "--quiet", "--config", f"scale={folder / 'tiny.yaml'}", f"model={model}", "device=cuda"),
        **{"MPLBACKEND": "nonsense", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    )
    assert process.returncode == 0, process.stderr
