"""Ask where a result came from, and whether it still holds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml

from qcrystal.commands._options import SIGNERS, Crystal, Scale, Signers, application, console, results_folder
from qcrystal.config.load import read_unfinished, unfinished_file
from qcrystal.config.messages import ConfigError
from qcrystal.files import write_whole
from qcrystal.provenance import reduced, seal
from qcrystal.provenance.audit import Audit
from qcrystal.provenance.audit_page import page
from qcrystal.provenance.audit_report import document, report
from qcrystal.provenance.nodes import AuditError, Digests, Expected, Node, cache_file, printable
from qcrystal.provenance.same_results import FILE
from qcrystal.provenance.verdicts import VERDICTS
from qcrystal.provenance.workflow import expected_jobs

MANUSCRIPT = "manuscript"
STATUS = "Exit status: 0 all verified, 1 something is not, 2 the question cannot be answered."
MEANINGS = "\n".join(f"- {verdict}: {text}" for verdict, text in VERDICTS.items())
app = application()


@app.command(epilog=f"{STATUS}\n\nVerdicts, gravest first:\n\n{MEANINGS}")
def main(
    target: Annotated[
        str, typer.Argument(help="A figure, table, number of the text, run, model, data set or path. All if left out.")
    ] = "",
    crystal: Crystal = "lah10",
    scale: Scale = "laptop",
    start: Annotated[
        str,
        typer.Option(help="Start of the workflow: model, labels or dft. By default, the one of these results."),
    ] = "",
    config: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="A setting that Snakemake was given with --config; repeatable."),
    ] = None,
    configuration: Annotated[
        bool, typer.Option(help="Compare with what the workflow would do today (takes some seconds).")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print every node as JSON instead of words.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with figure, lineage and records to this file.")
    ] = None,
    cache: Annotated[
        bool, typer.Option("--cache", help="Do not read files again whose size and times stayed the same.")
    ] = False,
    allowed_signers: Signers = SIGNERS,
) -> None:
    """Ask where a result came from, and whether it still holds.

    Run it in the repository's folder. It reads records, files, code and configuration, and writes nothing there.

    Example: `python -m qcrystal audit qin_fig5_msd --scale smoke --html page.html`
    """
    folder, root = results_folder(crystal, scale), Path.cwd()
    if not Path("Snakefile").is_file():
        raise AuditError(f"{root}: has no Snakefile; run this in the repository's folder")
    if not Path(folder).is_dir():
        raise AuditError(f"{folder}: there are no results; make them (make figures SCALE={scale}) or copy them here")
    given = _given(crystal, scale, start, config or [])
    progress = console(stderr=True)
    expected, problem = None, None
    if configuration:
        with progress.status("asking the workflow what it would do today"):
            expected, problem = _expected(root, folder, given)
    digests = Digests(root, cache_file(root) if cache else None)
    with progress.status("comparing files, code and records"):
        audit = Audit(root, [folder, "results/downloads"], expected, digests)
        sealed, of_seal = seal.check(audit, folder, allowed_signers)
    roots = _roots(audit, target, of_seal + _unfinished(audit, crystal, scale))
    if problem:
        roots.append(_unreadable_workflow(audit, problem))
    digests.save()
    answer = document(audit, roots, target or None)
    if html:
        write_whole(html, page(audit, roots, target or None))
        print(f"Page: {html}", file=sys.stderr)
    if as_json:
        print(json.dumps({**answer, "seal": sealed}, indent=1))
    else:
        print(report(audit, roots, target or None), printable(sealed), sep="\n")
    raise typer.Exit(0 if answer["verdict"] == "VERIFIED" else 1)


def _given(crystal: str, scale: str, start: str, config: list[str]) -> dict:
    """Settings that Snakemake was given on its command line."""
    given = {"crystal": crystal, "scale": scale}
    start = start or _start_of(Path(results_folder(crystal, scale), "provenance", "configuration.yaml"))
    if start:
        given["start"] = start
    for text in config:
        key, equals, value = text.partition("=")
        if not equals:
            raise AuditError(f"--config {text}: write KEY=VALUE")
        given[key] = yaml.safe_load(value)
    return given


def _start_of(used: Path) -> str:
    """Start of the workflow that made the results, such as ``model``; empty where their configuration does not say."""
    try:
        kept = yaml.safe_load(used.read_text(encoding="utf-8"))["main"]["start"] if used.is_file() else ""
    except (yaml.YAMLError, KeyError, TypeError, OSError, ValueError, RecursionError):
        return ""  # its own node says that it was changed
    return kept if isinstance(kept, str) else ""


def _expected(root: Path, folder: str, given: dict) -> tuple[list[Expected] | None, str | None]:
    """Jobs of the workflow, or why it cannot be asked. The manuscript counts where it was made: TeX is optional."""
    made = next(Path(folder, MANUSCRIPT).glob("*.pdf"), None) is not None
    try:
        return expected_jobs(root, given, ["figures", "paper"] if made else ["figures"]), None
    except AuditError as error:
        return None, str(error)


def _unfinished(audit: Audit, crystal: str, scale: str) -> list[Node]:
    """The list of runs and tables that figures do without: none may be there, and a reader is told how many they are."""
    name = str(unfinished_file(crystal, scale))
    try:
        listed = read_unfinished(audit.root, crystal, scale)
    except ConfigError as error:
        node = audit.nodes[name] = Node(name)
        node.say("CONFIG-CHANGED", " ".join(str(error).split()))
        return [node]
    if not listed.runs and not listed.tables:
        return []
    node = audit.nodes[name] = Node(name)
    node.flags.append(f"{name}: {len(listed.runs)} runs and {len(listed.tables)} tables had not ended")
    for path in reduced.hidden(audit.root, audit.folders[0], listed.runs, listed.tables):
        node.say("CONFIG-CHANGED", f"{path}: is there, and {name} leaves it out of the figures")
    return [node]


def _roots(audit: Audit, target: str, others: list[Node]) -> list[Node]:
    """Nodes that the question is about: of a target, and what is wrong with seal, unfinished runs and declared changes."""
    others = [*others, *filter(None, [audit.nodes.get(FILE)])]
    if not target:
        found = [node for node in audit.nodes.values() if node.path.startswith(f"{audit.folders[0]}/")] + others
        if not found:
            raise AuditError(f"{audit.folders[0]}: holds no result and no record; nothing is verified")
        return found
    return audit.find(target) + [node for node in others if node.reasons]


def _unreadable_workflow(audit: Audit, problem: str) -> Node:
    """The workflow cannot be asked: that is a fault of its own, and every other verdict stays."""
    node = audit.nodes["Snakefile"] = Node("Snakefile")
    node.say("CONFIG-CHANGED", problem)
    return node
