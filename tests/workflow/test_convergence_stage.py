"""The convergence of the DFT settings through the workflow: a small real run of GPAW."""

import shutil

import pytest
import yaml

from qcrystal.io.tables import read_table

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # dense k-points


def cheap(workspace):
    """Settings that a test can pay for; two frames, two values of each setting."""
    path = workspace.folder / "config" / "crystals" / "lah10" / "crystal.yaml"
    document = yaml.safe_load(path.read_text())
    document["dft"].update(cutoff=250, kpoint_length=2.0, width=0.3, energy_convergence=1e-4)
    convergence = document["dft"]["convergence"]
    convergence.update(cutoffs=[250, 350], kpoint_lengths=[2.0, 5.0], widths=[0.5, 0.3])
    convergence["frames"] = [{**convergence["frames"][0], "lattice_constants": [4.9, 5.3]}]
    path.write_text(yaml.safe_dump(document))


def test_convergence_table_tells_coarse_settings_from_dense_ones(workspace):
    if shutil.which("gpaw") is None:
        pytest.skip("GPAW is not installed: apt-get install gpaw gpaw-data")
    cheap(workspace)
    process = workspace.snakemake("convergence", "--config", "scale=smoke", "start=dft")
    assert process.returncode == 0, (process.stdout + process.stderr)[-4000:]
    table = read_table(workspace.folder / "results" / "lah10" / "smoke" / "dft" / "convergence.csv", "dft_convergence")
    # the last of each list is its own reference
    references = table[table["verdict"] == "reference"]
    assert list(references["varied"]) == ["cutoff", "kpoint_length", "width"]
    assert (references[["energy_difference", "force_rms", "pressure"]] == 0).all(axis=None)
    # one k-point cannot do for this metal, and says so; its errors come with both ways of comparing
    coarse = table[(table["varied"] == "kpoint_length") & (table["kpoint_length"] == 2.0)].iloc[0]
    assert coarse["kpoints"] == "1x1x1" and coarse["verdict"] == "misses" and coarse["force_rms"] > 50
    total = table[table["varied"] == "cutoff and kpoint_length and width"].iloc[0]
    assert total["reference"] == "350eV-5A-0.3eV" and total["force_rms"] == pytest.approx(coarse["force_rms"], rel=0.3)
    # variational: more plane waves lower every frame's energy, so the shift of the fewer is upwards
    assert table.loc[table["cutoff"].idxmin(), "energy_shift"] > 0
    assert table["static_pressure"].between(20, 300).all()
