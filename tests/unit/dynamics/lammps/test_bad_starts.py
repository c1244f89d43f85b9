"""A run that cannot start, or cannot write, says why; what it has is kept."""

import json
from pathlib import Path

import pytest
from cases import by_name
from complaints import says
from crystals import lah10
from specifications import specification

from qcrystal.dynamics.lammps import launcher as lammps
from qcrystal.dynamics.spec import RunError

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parents[4]
NAN = float("nan")


def nowhere(atoms):
    atoms.positions[3] = NAN


def flat(atoms):
    atoms.cell[2] = 0


STARTS = {
    "no potential": ({}, None, "missing.pb", ["there is no potential", "missing.pb"]),
    "another element": ({"species": ("Ce", "H")}, None, "model.pb", ["the structure holds La", "Ce, H"]),
    "no mass": ({"masses": {"H": 1.008}}, None, "model.pb", ["no mass given for La"]),
    "an atom nowhere": ({}, nowhere, "model.pb", ["atom 3", "make it again"]),
    "a flat cell": ({}, flat, "model.pb", ["singular", "0 Å³"]),
}


@by_name(STARTS)
def test_run_that_cannot_start_is_refused_and_its_folder_stays(case, tmp_path):
    changes, edit, model, words = case
    atoms = lah10(5.0)
    if edit:
        edit(atoms)
    (tmp_path / "trajectory.h5").write_text("an older result")
    with pytest.raises(RunError) as caught:
        lammps.run(specification(**changes), atoms, ROOT / "models/lah10-fast" / model, tmp_path)
    says(str(caught.value), ["run test", *words])
    assert [path.name for path in tmp_path.iterdir()] == ["trajectory.h5"]


def test_full_disk_ends_a_run_and_what_it_has_is_kept(tmp_path, monkeypatch):
    """The report cannot be written; when there is room again, the run goes on from its last checkpoint."""
    model = ROOT / "models/lah10-fast/model.pb"
    spec = specification(steps=20, ensemble="nvt")
    (tmp_path / "report.json.partial").symlink_to("/dev/full")
    monkeypatch.setattr("qcrystal.dynamics.lammps.files.refuse_links", lambda *_: None)  # this link stands for the disk
    with pytest.raises(RunError) as caught:
        lammps.run(spec, lah10(5.0), model, tmp_path)
    says(str(caught.value), ["run test", str(tmp_path), "no space left", "make room"])
    (tmp_path / "report.json.partial").unlink()
    lammps.run(spec, lah10(5.0), model, tmp_path)
    assert json.loads((tmp_path / "timing.json").read_text())["resumed_at"] == 20
