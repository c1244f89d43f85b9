"""Twenty kills at random moments: whatever is hit, the workflow finishes with the numbers of an undisturbed one."""

import json
import os
import random
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml
from any_table import ANY
from configurations import scale_files
from labeller import stand_in

from qcrystal.io.tables import read_table

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
KILLS = 20
RUNS = ("qtb-H-cubic-44-npt-200GPa-300K-r0", "pimd-H-cubic-44-npt-200GPa-300K-r0")
S = "results/lah10/smoke"


def shorten(workspace):
    """Runs of some ten seconds, with many checkpoints. A shorter training gives no equation of state up to 200 GPa."""
    general, own = (workspace.folder / file for file in scale_files("smoke"))
    document = yaml.safe_load(general.read_text())
    document["training"].update(checkpoint_every=50)
    document["sampling"]["checkpoint_interval"] = 0.01
    general.write_text(yaml.safe_dump(document))
    document = yaml.safe_load(own.read_text())
    document["sweeps"]["qtb_grid"].update(pressures=[200], temperatures=[300])
    document["sweeps"]["energy_qtb"].update(temperatures=[300])
    for sweep in document["sweeps"].values():  # several sweeps share a run
        sweep["length"] = {"qtb": 0.2, "pimd": 0.03}.get(sweep["method"], sweep["length"])
    own.write_text(yaml.safe_dump(document))


def descendants(process: int) -> list[int]:
    """Processes below a process, in the order of /proc."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    found, waiting = [], [process]
    while waiting:
        children = [child for child, parent in parents.items() if parent == waiting[0]]
        found += children
        waiting = waiting[1:] + children
    return found


def gone(processes: list[int], seconds: float = 60.0) -> bool:
    """Whether all processes end within the time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        left = [
            p
            for p in processes
            if Path(f"/proc/{p}").exists() and "Z" not in Path(f"/proc/{p}/stat").read_text().split()[2]
        ]
        if not left:
            return True
        time.sleep(0.2)
    return False


def same(one, other, targets):
    """Whether models agree to the bit and tables to 1e-9, which covers the text form of what was read back from a checkpoint."""
    for target in targets:
        if target.endswith((".pb", ".json")):
            assert (one / target).read_bytes() == (other / target).read_bytes(), target
        else:
            pd.testing.assert_frame_equal(
                read_table(one / target, ANY), read_table(other / target, ANY), rtol=1e-9, atol=1e-9
            )


def test_twenty_kills(workspace, released_model):
    """Labelling (by a stand-in for GPAW), training, LAMMPS, i-PI, statics, analysis and Snakemake are hit by SIGTERM and
    SIGKILL in turn."""
    shorten(workspace)
    program, environment = stand_in(workspace.folder, released_model)
    environment["STAND_IN_SECONDS"] = "1"
    arguments = ("--config", "scale=smoke", "start=labels", program)
    targets = [f"{S}/potential/lah10-gpaw/model.pb", f"{S}/statics/phonons.csv"]
    targets += [f"{S}/dft/labels/{batch}.json" for batch in range(2)]
    targets += [f"{S}/dynamics/{run}/thermo.csv" for run in RUNS]
    targets += [f"{S}/analysis/runs/{run}/summary.csv" for run in RUNS]
    process = workspace.snakemake(*targets, *arguments, **environment)
    assert process.returncode == 0, (process.stdout + process.stderr)[-3000:]
    undisturbed = workspace.folder / "undisturbed"
    undisturbed.mkdir()
    (workspace.folder / "results").rename(undisturbed / "results")

    chance, hits = random.Random(7), []
    while len(hits) < KILLS:
        running = workspace.start(*targets, *arguments, **environment)
        until = time.monotonic() + chance.uniform(4.0, 25.0)
        while time.monotonic() < until and running.poll() is None:
            time.sleep(0.1)
        below = descendants(running.pid)
        if running.poll() is None:
            victim = chance.choice([running.pid, *below, *below])
            signum = (signal.SIGTERM, signal.SIGKILL)[len(hits) % 2]
            try:
                name = Path(f"/proc/{victim}/cmdline").read_text().replace("\0", " ")
                os.kill(victim, signum)
                hits.append((signum.name, name.split("/")[-1].strip()[:60]))
            except (ProcessLookupError, FileNotFoundError):
                pass
            if victim != running.pid:
                # a job that failed ends the others' turn too: Snakemake finishes what runs; do not wait for that
                time.sleep(1.0)
                running.send_signal(signal.SIGTERM)
        running.wait(300)
        assert gone(below), f"after {hits[-1]} processes of the workflow live on"
        for path in (workspace.folder / "results").rglob("*.prov.json"):
            json.loads(path.read_text())  # nothing half-written
        workspace.snakemake("--unlock", *arguments)
        if running.returncode == 0:
            (workspace.folder / "results").rename(workspace.folder / f"finished-{len(hits)}")

    process = workspace.snakemake(*targets, *arguments, **environment)
    assert process.returncode == 0, (process.stdout + process.stderr)[-3000:]
    same(workspace.folder, undisturbed, targets)
    assert len({name.split()[0] for _, name in hits}) > 2, hits  # not always the same kind of process
