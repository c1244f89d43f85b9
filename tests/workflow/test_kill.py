"""A run that is killed continues from its checkpoint, through the workflow, to the numbers of an undisturbed run."""

import json
import os
import shutil
import signal
import time

import pandas as pd
import pytest
import yaml
from waiting import wait_for

pytestmark = pytest.mark.timeout(600)
RUN = "qtb-H-cubic-44-npt-150GPa-300K-r0"
ARGUMENTS = ("--config", "scale=smoke")


def lengthen(workspace, picoseconds):
    path = workspace.folder / "config" / "crystals" / "lah10" / "scales" / "smoke.yaml"
    document = yaml.safe_load(path.read_text())
    document["sweeps"]["qtb_grid"].update(length=picoseconds, pressures=[150], temperatures=[300])
    document["sweeps"]["size_qtb"]["length"] = picoseconds  # the same run
    for name in ("energy_qtb", "energy_classical"):
        document["sweeps"].pop(name)
        document["sweeps"][name] = {**document["sweeps"]["classical_grid"], "pressures": [200]}
    path.write_text(yaml.safe_dump(document))


def test_killed_run_continues_to_the_same_numbers(workspace):
    lengthen(workspace, 0.8)
    folder = workspace.folder / "results" / "lah10" / "smoke" / "dynamics" / RUN
    report = f"results/lah10/smoke/dynamics/{RUN}/report.json"
    process = workspace.start(report, *ARGUMENTS)
    wait_for((folder / "checkpoint.restart").is_file, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(2)  # the worker notices that its parent is gone
    assert not (folder / "report.json").exists()

    assert workspace.snakemake("--unlock", *ARGUMENTS).returncode == 0
    second = workspace.snakemake(report, *ARGUMENTS)
    assert second.returncode == 0, (second.stdout + second.stderr)[-3000:]
    assert json.loads((folder / "timing.json").read_text())["resumed_at"] > 0
    continued = pd.read_csv(folder / "thermo.csv", comment="#")

    shutil.rmtree(folder)
    assert workspace.snakemake(report, *ARGUMENTS).returncode == 0
    assert json.loads((folder / "timing.json").read_text())["resumed_at"] == 0
    undisturbed = pd.read_csv(folder / "thermo.csv", comment="#")
    # One thread and noise indexed by the step: the same trajectory. 1e-9 relative covers the text form of the table.
    pd.testing.assert_frame_equal(continued, undisturbed, rtol=1e-9, atol=1e-9)
