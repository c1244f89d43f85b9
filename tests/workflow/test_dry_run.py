"""The plan of the whole workflow: every shipped scale has one, and a large one is there in time."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.timeout(300)


def test_shipped_configurations_are_valid(shared_workspace):
    for scale in ("smoke", "laptop", "workstation", "paper"):
        process = shared_workspace.snakemake("-n", "-q", "--config", f"scale={scale}", "start=dft")
        assert process.returncode == 0, process.stderr


def test_thousands_of_jobs_are_planned_within_half_a_minute_and_a_gibibyte(shared_workspace, tmp_path):
    """The published sizes with denser grids. Processor time, as other work on the machine does not count: 12 s were measured
    for 3456 jobs, and 300 MiB."""
    scale = yaml.safe_load((shared_workspace.folder / "config/scales/paper.yaml").read_text())
    for name in ("classical_grid", "qtb_grid"):
        grid = {"pressures": list(range(80, 220, 7)), "temperatures": list(range(25, 525, 25)), "replicas": 2}
        scale["sweeps"][name].update(grid)
    path = tmp_path / "dense.yaml"
    path.write_text(yaml.safe_dump(scale))
    command = [Path(sys.executable).with_name("snakemake"), "-n", "--config", f"scale={path}"]
    with (tmp_path / "plan").open("w") as plan:
        process = subprocess.Popen(command, cwd=shared_workspace.folder, stdout=plan, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    text = (tmp_path / "plan").read_text()
    assert process.returncode == 0, text[-2000:]
    assert int(re.search(r"^total +(\d+)$", text, re.M).group(1)) > 2000
    assert usage.ru_utime + usage.ru_stime < 30.0
    assert usage.ru_maxrss < 1024**2  # KiB
