"""A stand-in for Snakemake's object, with which a test runs a rule's script in its own process."""

import contextlib
import runpy
from pathlib import Path
from unittest.mock import patch

import pytest
from complaints import contents, says

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


class Named(dict):
    """Snakemake's lists with names."""

    def __getattr__(self, name):
        if name not in self:
            raise AttributeError(name)
        return self[name]

    def __iter__(self):
        return iter(self.values())


class Job:
    """A rule's script, run with a stand-in for Snakemake's object.

    Logging stays pytest's, unless ``logs`` is set: then the job writes its log, as in the workflow.
    """

    logs = False

    def __init__(self, folder: Path, script: str):
        self.folder, self.script = folder, SCRIPTS / f"{script}.py"
        self.rule, self.threads = Path(script).name, 1
        self.log = [str(folder / f"{self.rule}.log")]
        self.input, self.output, self.params, self.wildcards = Named(), Named(), Named(), Named()
        self.resources = {}

    def run(self) -> None:
        """Run the script."""
        with contextlib.nullcontext() if self.logs else patch("qcrystal.provenance.job._log_to"):
            runpy.run_path(str(self.script), {"snakemake": self})

    def fails(self, words: list[str], capsys) -> None:
        """The job exits with status 1 and one line; its folder holds what it held before, and nothing else."""
        before = contents(self.folder)
        with pytest.raises(SystemExit) as caught:
            self.run()
        assert caught.value.code == 1
        says(capsys.readouterr().err, [f"{self.rule}: ", *words])
        assert contents(self.folder) == before
