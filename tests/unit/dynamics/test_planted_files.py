"""Links and stray files that somebody put into a run's folder before the run works there."""

import pytest
import specifications
from complaints import says

from qcrystal.dynamics.ipi.job import Job
from qcrystal.dynamics.lammps.files import Files
from qcrystal.dynamics.spec import RunError
from qcrystal.errors import one_line

GROWING = ("trajectory.h5.partial", "thermo.csv.partial", "report.json.partial", "bath-100.npz", "timing.json")


def prepared_lammps(folder, work):
    Files(folder).prepare({"steps": 10})


def prepared_path_integral(folder, work):
    (work / "model.pb").write_bytes(b"a potential")
    job = Job(specifications.specification(method="pimd", beads=4), ["H", "H"], folder)
    return job.prepare({"input.xml": "<simulation/>"}, work / "model.pb")


@pytest.mark.parametrize(
    ("prepare", "name"),
    [(prepared_lammps, name) for name in GROWING]
    + [(prepared_path_integral, name) for name in ("ipi/driver.json", "ipi/run.bead_0.bin", "trajectory.h5.partial")],
)
@pytest.mark.parametrize("leads_somewhere", [True, False])
def test_a_planted_link_is_refused_and_its_end_is_left_alone(tmp_path, prepare, name, leads_somewhere):
    """Whoever shares a folder of results may plant a link, so that the run overwrites a file elsewhere."""
    victim, link = tmp_path / "victim", tmp_path / "run" / name
    if leads_somewhere:
        victim.write_text("of somebody else")
    link.parent.mkdir(parents=True)
    link.symlink_to(victim)
    with pytest.raises(RunError) as error:
        prepare(tmp_path / "run", tmp_path)
    says(one_line(error.value), [str(link), "a link", "remove it"])
    assert victim.exists() == leads_somewhere and (not leads_somewhere or victim.read_text() == "of somebody else")


def test_the_link_to_the_potential_is_the_run_s_own(tmp_path):
    """The run made it itself, before it was killed."""
    files = Files(tmp_path / "run")
    files.prepare({"steps": 10})
    (tmp_path / "model.pb").write_bytes(b"a potential")
    files.link(tmp_path / "model.pb")
    files.prepare({"steps": 10})


def test_a_stray_file_is_no_checkpoint(tmp_path):
    """i-PI numbers its checkpoints; an editor's copy beside them is none, and it stays."""
    prepared_path_integral(tmp_path / "run", tmp_path)
    stray = tmp_path / "run" / "ipi" / "run.checkpoint_3~"
    stray.write_text("<simulation><step>3</step></simulation>")
    assert prepared_path_integral(tmp_path / "run", tmp_path) == (0, "input.xml")
    Job(specifications.specification(method="pimd", beads=4), ["H", "H"], tmp_path / "run").drop_old_checkpoints()
