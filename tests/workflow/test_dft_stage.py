"""Labelling by DFT through the workflow: a small real run of GPAW, and a clear line where GPAW is absent."""

import shutil

import numpy as np
import pytest
import yaml

pytestmark = pytest.mark.timeout(900)


def cheap(workspace):
    """Cut-off, k-points and frames that a test can pay for; the code is the same."""
    path = workspace.folder / "config" / "crystals" / "lah10" / "crystal.yaml"
    document = yaml.safe_load(path.read_text())
    document["dft"].update(cutoff=300, kpoint_length=4.0, energy_convergence=1e-4, lattice_constants=[5.1])
    recipe = document["dft"]["recipes"][0]
    document["dft"]["recipes"] = [{**recipe, "repeat": [1, 1, 1], "lattice_constants": [5.0, 5.2], "frames": 1}]
    document["learning"]["starts"] = [recipe["name"]]
    path.write_text(yaml.safe_dump(document))
    scale = workspace.folder / "config" / "scales" / "smoke.yaml"
    document = yaml.safe_load(scale.read_text())
    document["dft"] = {"frames_per_recipe": None, "batches": 1, "lattice_points": 1}
    scale.write_text(yaml.safe_dump(document))


def test_absent_gpaw_gives_the_line_that_installs_it(workspace, tmp_path):
    # `which` is what Snakemake's executor for SLURM looks for when it is loaded
    path = tmp_path / "bin"
    path.mkdir()
    (path / "which").symlink_to(shutil.which("which"))
    process = workspace.snakemake("labels", "--config", "scale=smoke", "start=dft", PATH=str(path))
    text = process.stdout + process.stderr
    assert process.returncode != 0
    assert "apt-get install gpaw gpaw-data" in text and "Traceback" not in text


def test_labels_are_consistent_with_physics(workspace):
    if shutil.which("gpaw") is None:
        pytest.skip("GPAW is not installed: apt-get install gpaw gpaw-data")
    from qcrystal.dataset.deepmd_npy import read_dataset

    cheap(workspace)
    process = workspace.snakemake("labels", "--config", "scale=smoke", "start=dft")
    assert process.returncode == 0, (process.stdout + process.stderr)[-4000:]
    (system,) = read_dataset(workspace.folder / "results" / "lah10" / "smoke" / "dft" / "lah10", ["La", "H"])
    assert len(system) == 2 and list(system.symbols) == ["La"] + ["H"] * 10
    # Newton's third law, to the convergence of the forces and the egg-box error of 300 eV
    assert np.abs(system.forces.sum(axis=1)).max() < 0.1
    # the smaller cell is under the higher pressure, both between 50 and 300 GPa (150 GPa at 5.10 Å)
    small, large = system.pressures[np.argsort(system.volumes)]
    assert 50 < large < small < 300
