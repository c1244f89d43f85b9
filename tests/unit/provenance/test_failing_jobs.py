"""A job that fails says why in one line, and leaves the results that were there."""

import os
import subprocess
import sys
from pathlib import Path

from complaints import contents, says
from full_disk import path_that_fills
from snakemake_stand_in import Job, Named

ROOT = Path(__file__).resolve().parents[3]


def test_full_disk_is_said_once_and_leaves_what_was_there(tmp_path, tmp_path_factory):
    """/dev/full refuses every byte of the log, as a full disk does."""
    (tmp_path / "configuration.yaml").write_text("older")
    (tmp_path / "configuration.log").symlink_to("/dev/full")
    code = (
        "from pathlib import Path; from snakemake_stand_in import Job, Named\n"
        "job = Job(Path(), 'provenance/configuration'); job.logs = True\n"
        "job.output, job.params = Named(file='configuration.yaml'), Named(effective={'scale': 'smoke'}, modules=[])\n"
        "job.run()"
    )
    full = path_that_fills(tmp_path_factory.mktemp("full") / "site", "configuration.yaml.partial")
    paths = os.pathsep.join(map(str, (full, ROOT / "scripts", ROOT / "tests" / "support")))
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 1
    says(process.stderr, ["configuration: ", "no space left", "make room", "what is finished is kept"])
    assert contents(tmp_path) == {Path("configuration.yaml"): b"older"}


def test_bug_is_one_line_and_its_traceback_is_in_the_log(tmp_path, capsys):
    job = Job(tmp_path, "provenance/configuration")  # without the parameter that the script reads
    job.output = Named(file=str(tmp_path / "configuration.yaml"))
    job.logs = True
    job.fails(["AttributeError", "effective", f"details: {job.log[0]}"], capsys)
    assert "Traceback" in Path(job.log[0]).read_text()
