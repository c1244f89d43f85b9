"""Concurrent learning through the workflow: killed while it labels, it goes on where it was, to consistent tables."""

import json
import os
import shutil
import signal
import time

import pytest
import yaml
from labeller import stand_in
from waiting import wait_for

from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.io.tables import read_table

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # it trains three committees and labels
EFFORT = {
    "generations": 1, "runs": 3, "test_runs": 1, "frames_per_run": 6, "frames": 4, "test_frames": 2, "batches": 1,
    "training_steps": 500,
}  # fmt: skip


def small(workspace):
    """One generation of the smallest size, and few recipes; runs so short that even an untrained potential holds together."""
    path = workspace.folder / "config" / "crystals" / "lah10" / "crystal.yaml"
    document = yaml.safe_load(path.read_text())
    document["learning"].update(bounds=[0.001, 1e6], methods=["classical"], frame_interval=0.002)
    path.write_text(yaml.safe_dump(document))
    path = workspace.folder / "config" / "scales" / "smoke.yaml"
    document = yaml.safe_load(path.read_text())
    document["learning"] = EFFORT
    document["dft"].update(frames_per_recipe=2, batches=1)
    path.write_text(yaml.safe_dump(document))


def test_loop_that_is_killed_goes_on_where_it_was(workspace, released_model):
    small(workspace)
    program, environment = stand_in(workspace.folder, released_model)
    arguments = ["--config", "scale=smoke", program]
    loop = workspace.folder / "results" / "lah10" / "smoke" / "learning"
    process = workspace.start("learning", *arguments, **{**environment, "STAND_IN_SECONDS": "2"})
    first = loop / "0" / "labels" / "0.frames" / "0000.json"
    wait_for(first.is_file, process, seconds=1200)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(1)
    assert not (loop / "0" / "labels" / "0.json").exists()
    kept = [first, *sorted((loop / "0" / "committee").glob("*.pb")), *sorted((loop / "0" / "explore").glob("*.extxyz"))]
    assert len(kept) == 1 + 3 + EFFORT["runs"]
    times = [path.stat().st_mtime_ns for path in kept]

    workspace.snakemake("--unlock", *arguments, **environment)
    finished = workspace.snakemake("learning", *arguments, **environment)
    assert finished.returncode == 0, (finished.stdout + finished.stderr)[-4000:]
    assert [path.stat().st_mtime_ns for path in kept] == times
    again = workspace.snakemake("-n", "learning", *arguments, **environment)
    assert "Nothing to be done" in again.stdout + again.stderr

    check_tables(loop)
    check_dataset(workspace.folder / "results" / "lah10" / "smoke", loop)


def test_loop_at_the_shipped_settings_of_scale_smoke(workspace, released_model):
    """Bounds, methods, frame interval and effort as configured; only the labels come from a potential."""
    path = workspace.folder / "config" / "scales" / "smoke.yaml"
    effort = yaml.safe_load(path.read_text())["learning"]
    program, environment = stand_in(workspace.folder, released_model)
    finished = workspace.snakemake("learning", "--config", "scale=smoke", program, **environment)
    assert finished.returncode == 0, (finished.stdout + finished.stderr)[-4000:]
    check_tables(workspace.folder / "results" / "lah10" / "smoke" / "learning", effort)


def check_tables(loop, effort=EFFORT):
    counts = read_table(loop / "generations.csv", "generations")
    assert counts["generation"].tolist() == [0]
    row = counts.iloc[0].astype(int)
    assert row["accurate"] + row["candidate"] + row["failed"] == row["explored"] > 0
    assert 0 < row["chosen_train"] <= effort["frames"] and row["chosen_test"] <= effort["test_frames"]
    log = (loop.parent / "logs" / "learning" / "0" / "select.log").read_text()
    (line,) = [line for line in log.splitlines() if "candidates" in line]
    assert f"{row['candidate']} candidates, {row['accurate']} accurate, {row['failed']} failed" in line

    errors = read_table(loop / "generation_errors.csv", "generation_errors")
    assert errors.groupby(["generation", "quantity"]).size().eq(3).all()
    assert sorted(set(errors["generation"])) == [0, 1]
    assert errors["n"].nunique() == 3 and (errors["rmse"] > 0).all()  # one test set: one count per quantity


def frames_of(folder):
    """Frames of a data set by their positions: cubic cells and such with a vacancy share their cell."""
    return {frame.tobytes() for system in read_dataset(folder, ["La", "H"]) for frame in system.positions}


def check_dataset(results, loop):
    systems = read_dataset(loop / "lah10", ["La", "H"])
    entries = [entry for system in systems for entry in system.provenance["origins"]]
    assert sum(map(len, systems)) == len(entries) == len(read_table(loop / "structure_map.csv", "structure_map"))
    labelled = json.loads((loop / "0" / "labels" / "0.json").read_text())["frames"]
    recipes = json.loads((results / "dft" / "labels" / "0.json").read_text())["frames"]
    log = (results / "logs" / "learning" / "1" / "data.log").read_text()
    assert len(entries) == len(labelled) + len(recipes) - log.count("dropped")
    # what was set apart is in no training data of any generation
    apart = frames_of(loop / "1" / "data" / "test")
    for generation in (0, 1):
        assert not apart & frames_of(loop / str(generation) / "data" / "train")
    for table in ("generations.csv", "generation_errors.csv", "structure_map.csv"):  # what a further growth asks for
        assert (loop / "lah10" / table).read_bytes() == (loop / table).read_bytes()
    marked = sum(entry["part"] == "test" for entry in entries)
    assert marked == sum(map(len, read_dataset(loop / "1" / "data" / "test", ["La", "H"])))


@pytest.mark.slow
def test_loop_with_gpaw(workspace):
    """The same with DFT, at settings that a test can pay for."""
    if shutil.which("gpaw") is None:
        pytest.skip("GPAW is not installed: apt-get install gpaw gpaw-data")
    small(workspace)
    path = workspace.folder / "config" / "crystals" / "lah10" / "crystal.yaml"
    document = yaml.safe_load(path.read_text())
    document["dft"].update(cutoff=300, kpoint_length=4.0, energy_convergence=1e-4)
    document["dft"]["recipes"] = [
        {**recipe, "cell": "primitive", "repeat": [1, 1, 1]}
        for recipe in document["dft"]["recipes"]
        if recipe["name"] in ("cubic", "cubic_zero_point")
    ]
    document["learning"]["starts"] = ["cubic", "cubic_zero_point"]
    path.write_text(yaml.safe_dump(document))
    finished = workspace.snakemake("learning", "--config", "scale=smoke")
    assert finished.returncode == 0, (finished.stdout + finished.stderr)[-4000:]
    loop = workspace.folder / "results" / "lah10" / "smoke" / "learning"
    check_tables(loop)
    check_dataset(workspace.folder / "results" / "lah10" / "smoke", loop)
