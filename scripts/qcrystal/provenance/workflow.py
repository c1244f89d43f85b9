"""Jobs that the workflow would run today, by Snakemake's own account.

The repository may be read-only, and may be a copy of the one whose library asks. So a process of its own reads the workflow,
with the repository's own library, in a folder of links that is thrown away.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from qcrystal.provenance import reduced
from qcrystal.provenance.nodes import AuditError, Expected
from qcrystal.provenance.record import plain

ANSWER = "expected.json"
OWN = (".snakemake", "results", ".git", ".venv", ".venv-cuda")
"""Names that the folder of links has of its own, or does without."""


def expected_jobs(root: Path, config: dict, targets: list[str], everything: bool = False) -> list[Expected]:
    """Jobs that a repository's workflow would run to make its targets from scratch.

    ``everything``: as if nothing were listed as unfinished. The list itself stays where it is: a process that is killed, and
    another that plans meanwhile, find it there.

    Raises
    ------
    AuditError
        Snakemake cannot make sense of the workflow with this configuration.
    """
    with tempfile.TemporaryDirectory(prefix="qcrystal-audit-") as name:
        folder = Path(name)
        for entry in root.iterdir():
            if entry.name not in OWN:
                (folder / entry.name).symlink_to(entry.resolve())
        question = json.dumps(
            {
                "snakefile": str(root / "Snakefile"),
                "config": config,
                "targets": targets,
                "everything": everything,
            }
        )
        environment = {**os.environ, "PYTHONPATH": str(root / "scripts"), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-P", "-m", "qcrystal.provenance.workflow", question]
        asked = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, errors="replace")
        if asked.returncode or not (folder / ANSWER).is_file():
            said = [line for line in (asked.stdout + asked.stderr).splitlines() if line.strip()]
            raise AuditError(f"Snakefile: the workflow cannot be read: {_told(said)}")
        jobs = json.loads((folder / ANSWER).read_text(encoding="utf-8"))
    return [Expected(rule, parameters, tuple(given), tuple(made)) for rule, parameters, given, made in jobs]


def _told(lines: list[str]) -> str:
    """The first line with which the workflow says what is wrong."""
    useful = [line.strip() for line in lines if not line.startswith(("Traceback", "  ", "Assuming", "Building"))]
    return (useful or ["no word was said"])[0]


def _answer(question: dict) -> list[tuple[str, dict, list[str], list[str]]]:
    """Every job of the workflow: rule, parameters, inputs and outputs."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import (
        ConfigSettings,
        DAGSettings,
        DeploymentSettings,
        OutputSettings,
        Quietness,
        ResourceSettings,
        StorageSettings,
        WorkflowSettings,
    )

    if question["everything"]:
        reduced.count_everything()
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        opened = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(config=question["config"]),
            storage_settings=StorageSettings(),
            workflow_settings=WorkflowSettings(),
            deployment_settings=DeploymentSettings(),
            snakefile=Path(question["snakefile"]),
            workdir=Path.cwd(),
        )
        opened.dag(dag_settings=DAGSettings(targets=set(question["targets"]), forceall=True))
        workflow = opened._workflow
        workflow._prepare_dag(forceall=True, ignore_incomplete=True, lock_warn_only=True, nolock=True)
        workflow._build_dag()
        return [
            (
                job.rule.name,
                plain(dict(job.params.items())),
                [str(path) for path in job.input],
                [str(path) for path in job.output],
            )
            for job in workflow.dag.jobs
            if job.output
        ]


def _main(question: str) -> int:
    place = Path.cwd() / ANSWER
    try:
        place.write_text(json.dumps(_answer(json.loads(question))), encoding="utf-8")
    except Exception as error:  # whatever Snakemake makes of a broken workflow is one line
        print(" ".join(str(error).split()) or type(error).__name__, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
