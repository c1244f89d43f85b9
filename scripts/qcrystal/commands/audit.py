"""Ask where a result came from, and whether it still holds.

    python -m qcrystal.commands.audit qin_fig5_msd --scale smoke
    python -m qcrystal.commands.audit --scale laptop --json

The target is a figure, a table, a number of the text, a run, a model, a data set or a path; without one, all results of the
scale. Exit status: 0 all verified, 1 something is not, 2 the question cannot be answered.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

import yaml

from qcrystal.files import write_whole
from qcrystal.provenance import seal
from qcrystal.provenance.audit import VERDICTS, Audit, AuditError, Digests, Expected, document, report
from qcrystal.provenance.audit_page import page
from qcrystal.provenance.record import plain


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="verdicts:\n" + "\n".join(f"  {verdict:15s} {text}" for verdict, text in VERDICTS.items()),
    )
    parser.add_argument("target", nargs="?", help="what to ask about; everything if left out")
    parser.add_argument("--crystal", default="lah10")
    parser.add_argument("--scale", default="laptop")
    parser.add_argument(
        "--start", help="as in config/config.yaml; by default what the results' configuration.yaml says"
    )
    parser.add_argument("--config", nargs="*", default=[], metavar="KEY=VALUE", help="more of what Snakemake was given")
    parser.add_argument(
        "--no-configuration", action="store_true", help="do not ask the workflow what it would do today"
    )
    parser.add_argument("--json", action="store_true", help="every node as JSON instead of words")
    parser.add_argument("--html", type=Path, help="write a page with figure, lineage and records")
    parser.add_argument("--cache", action="store_true", help="trust size and time of files hashed before")
    parser.add_argument(
        "--allowed-signers", type=Path, default=Path("config/allowed_signers"), help="whose seals count"
    )
    return parser.parse_args()


def expected_jobs(config: dict) -> list[Expected]:
    """What the workflow in the current folder would do from scratch, by Snakemake's own account.

    Raises
    ------
    AuditError
        Snakemake cannot make sense of the workflow with this configuration.
    """
    from snakemake.api import SnakemakeApi
    from snakemake.exceptions import WorkflowError
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

    try:
        with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
            logging.disable()
            opened = api.workflow(
                resource_settings=ResourceSettings(cores=1),
                config_settings=ConfigSettings(config=config),
                storage_settings=StorageSettings(),
                workflow_settings=WorkflowSettings(),
                deployment_settings=DeploymentSettings(),
                snakefile=Path("Snakefile"),
            )
            # the manuscript is part of the results where it was made: TeX is optional
            made = Path("results", config["crystal"], config["scale"], "manuscript", "lah10.prov.json").is_file()
            targets = {"figures", "paper"} if made else {"figures"}
            opened.dag(dag_settings=DAGSettings(targets=targets, forceall=True))
            workflow = opened._workflow
            workflow._prepare_dag(forceall=True, ignore_incomplete=True, lock_warn_only=True, nolock=True)
            workflow._build_dag()
            jobs = [job for job in workflow.dag.jobs if job.output]
            return [
                Expected(
                    job.rule.name,
                    plain(dict(job.params.items())),
                    tuple(map(str, job.input)),
                    tuple(map(str, job.output)),
                )
                for job in jobs
            ]
    except (WorkflowError, OSError) as error:
        raise AuditError(f"Snakefile: {' '.join(str(error).split())}") from None
    finally:
        logging.disable(logging.NOTSET)


def main() -> int:
    settings = arguments()
    scale, root = f"results/{settings.crystal}/{settings.scale}", Path.cwd()
    if not Path("Snakefile").is_file():
        raise AuditError(f"{root}: has no Snakefile; run this in the repository's folder")
    if not Path(scale).is_dir():
        raise AuditError(
            f"{scale}: there are no results; make them (make figures SCALE={settings.scale}) or copy them here"
        )
    expected = None
    if not settings.no_configuration:
        expected = expected_jobs(configuration(settings, Path(scale)))
    digests = Digests(root, Path(scale, ".audit-cache") if settings.cache else None)
    audit = Audit(root, [scale, "results/downloads"], expected, digests)
    sealed, manifest = seal.check(audit, scale, settings.allowed_signers)
    if settings.target:
        roots = audit.find(settings.target)
        if manifest and manifest.reasons:
            roots.append(manifest)
    else:
        audit.find_untracked()
        roots = [node for node in audit.nodes.values() if node.path.startswith(scale)]
    digests.save()
    answer = document(audit, roots, settings.target)
    if settings.html:
        write_whole(settings.html, page(audit, roots, settings.target))
        print(f"Page: {settings.html}", file=sys.stderr)
    print(
        json.dumps({**answer, "seal": sealed}, indent=1)
        if settings.json
        else f"{report(audit, roots, settings.target)}\n{sealed}"
    )
    return 0 if answer["verdict"] == "VERIFIED" else 1


def configuration(settings: argparse.Namespace, scale: Path) -> dict:
    """What Snakemake was given on its command line."""
    used = scale / "provenance" / "configuration.yaml"
    try:
        kept = yaml.safe_load(used.read_text(encoding="utf-8"))["main"]["start"] if used.is_file() else None
    except (yaml.YAMLError, KeyError, TypeError):
        kept = None  # its own node says that it was changed
    config = {"crystal": settings.crystal, "scale": settings.scale}
    start = settings.start or kept
    if start:
        config["start"] = start
    for text in settings.config:
        key, equals, value = text.partition("=")
        if not equals:
            raise AuditError(f"--config {text}: write KEY=VALUE")
        config[key] = yaml.safe_load(value)
    return config


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AuditError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
