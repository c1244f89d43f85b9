"""The plan of the whole workflow: every shipped scale has one, and a large one is there in time."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from configurations import scale as scale_of

pytestmark = pytest.mark.timeout(300)
# A process inherits, as its peak, the memory of the one that starts it: so this starts Snakemake, not the tests' own process.
MEASURE = """
import json, resource, subprocess, sys
status = subprocess.run(sys.argv[2:]).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
measured = {"status": status, "seconds": usage.ru_utime + usage.ru_stime, "kibibytes": usage.ru_maxrss}
open(sys.argv[1], "w").write(json.dumps(measured))
"""


def test_shipped_configurations_are_valid(shared_workspace):
    for scale in ("smoke", "laptop", "workstation", "paper"):
        process = shared_workspace.snakemake("-n", "-q", "--config", f"scale={scale}", "start=dft")
        assert process.returncode == 0, process.stderr


def measured_plan(workspace, folder, scale):
    """Jobs of a plan, with the processor time (s) and the memory (KiB) of planning them."""
    snakemake = [Path(sys.executable).with_name("snakemake"), "-n", "--config", f"scale={scale}"]
    process = subprocess.run(
        [sys.executable, "-c", MEASURE, folder / "measured", *snakemake],
        cwd=workspace.folder,
        env=os.environ | {"PYTHONPATH": str(workspace.folder / "scripts")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    measured = json.loads((folder / "measured").read_text())
    assert measured["status"] == 0, process.stdout[-2000:]
    return int(re.search(r"^total +(\d+)$", process.stdout, re.M).group(1)), measured["seconds"], measured["kibibytes"]


def test_thousands_of_jobs_are_planned_in_proportion_and_within_a_gibibyte(shared_workspace, tmp_path):
    """The published sizes with denser grids, beside scale smoke in the same minute, as no time carries to another machine.

    A plan of 4121 jobs took 4.6 times as long as that of smoke, most of which is Snakemake's start. A time that grows with
    the square of the jobs would be several hundred times as long. At most 12 times is allowed.
    """
    scale = scale_of(shared_workspace.folder, "paper")
    for name in ("classical_grid", "qtb_grid"):
        grid = {"pressures": [*range(80, 220, 7), 200], "temperatures": list(range(25, 525, 25)), "replicas": 2}
        scale["sweeps"][name].update(grid)
    path = tmp_path / "dense.yaml"
    path.write_text(yaml.safe_dump(scale))
    _, seconds_of_few, _ = measured_plan(shared_workspace, tmp_path, "smoke")
    jobs, seconds, kibibytes = measured_plan(shared_workspace, tmp_path, path)
    assert jobs > 2000
    assert seconds < 12.0 * seconds_of_few
    assert kibibytes < 1024**2


def test_settings_of_the_machine_survive_a_file_of_ones_own(shared_workspace, tmp_path):
    """``--configfile`` replaces what a profile says of it; the machine has a GPU all the same, unless the file says otherwise."""
    own = tmp_path / "own.yaml"
    for text, gpus in (("seed: 7\n", {"1"}), ("device: cpu\n", {"0"})):
        own.write_text(text)
        plan = ("-n", "--profile", "profiles/slurm", "--configfile", own, "--config", "scale=smoke")
        process = shared_workspace.snakemake(*plan)
        assert process.returncode == 0, process.stderr
        jobs = (process.stdout + process.stderr).split("rule run:")[1:]
        assert {re.search(r"gpu=(\d)", job)[1] for job in jobs} == gpus and jobs


def test_another_working_folder_is_refused_in_one_line(shared_workspace, tmp_path):
    snakefile = shared_workspace.folder / "Snakefile"
    process = shared_workspace.snakemake("-n", "-s", snakefile, "--directory", tmp_path / "elsewhere")
    said = (process.stdout + process.stderr).splitlines()
    assert process.returncode != 0 and "Traceback" not in "".join(said)
    assert sum("without --directory" in line and str(tmp_path / "elsewhere") in line for line in said) == 1
