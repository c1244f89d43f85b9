"""Modules that lie about where Snakemake is started, or that the user has, run in no job."""

import json

import pytest

pytestmark = pytest.mark.timeout(600)
PLANTED = "from pathlib import Path\nPath({mark!r}).touch()\nraise ImportError('planted')\n"
CONFIGURATION = "results/lah10/smoke/provenance/configuration"


def test_planted_modules_do_not_run(workspace, tmp_path):
    mark = tmp_path / "ran"
    planted = PLANTED.format(mark=str(mark))
    for name in ("ase", "numpy", "yaml", "json", "snakemake", "sitecustomize", "usercustomize", "h5py"):
        (workspace.folder / f"{name}.py").write_text(planted)
    (workspace.folder / ".snakemake/scripts").mkdir(parents=True)
    (workspace.folder / ".snakemake/scripts/pydantic.py").write_text(planted)
    process = workspace.snakemake(f"{CONFIGURATION}.yaml", "--config", "scale=smoke")
    assert process.returncode == 0, process.stderr[-2000:]
    assert not mark.exists()
    assert json.loads((workspace.folder / f"{CONFIGURATION}.prov.json").read_text())["undeclared"] == []


def test_a_module_that_a_variable_leads_to_is_in_the_record(workspace, tmp_path):
    """``sitecustomize`` runs in every Python; the variable is named, and so is the file."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/sitecustomize.py").write_text("X = 1\n")
    path = f"{workspace.folder / 'scripts'}:{tmp_path / 'elsewhere'}"
    process = workspace.snakemake(f"{CONFIGURATION}.yaml", "--config", "scale=smoke", PYTHONPATH=path)
    assert process.returncode == 0, process.stderr[-2000:]
    record = json.loads((workspace.folder / f"{CONFIGURATION}.prov.json").read_text())
    assert record["deterministic"]["surroundings"] == {"PYTHONPATH": str(tmp_path / "elsewhere")}
    assert record["undeclared"] == [f"{tmp_path}/elsewhere/sitecustomize.py: code from outside of the environment"]
