"""Pages of origin, of a figure, a table, or the numbers: the jobs and files behind it, as their records say.

A page repeats records. It gives no verdict, as only an audit compares the records with the files that are there now.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from qcrystal.errors import QcrystalError
from qcrystal.files import write_whole
from qcrystal.manuscript.prose import number_to_html, to_html
from qcrystal.provenance.audit_page import BOX, box_name, drawing, shown
from qcrystal.provenance.lineage import Lineage
from qcrystal.provenance.nodes import Node, short
from qcrystal.provenance.record import SUFFIX, Entry, read_records

TEMPLATE = "origin_pages.html.j2"
POTENTIAL = "model.pb"
SHOWN_PARAMETER = 4000
"""Characters of a job's parameters that a page shows; the record has them all."""


@dataclass(frozen=True)
class Subject:
    """Subject of a page.

    Attributes
    ----------
    name
        As `make audit` takes it.
    record
        Record of the job that made it.
    picture
        A PNG to show, if there is one.
    caption
        File of its caption, if there is one.
    """

    name: str
    record: Path
    picture: Path | None = None
    caption: Path | None = None


def write_pages(subjects: Iterable[Subject], numbers: Path, command: str, folder: Path) -> None:
    """Write a page for each subject and one for the numbers into a folder; each appears whole.

    Paths are relative to the repository, which is the working folder.

    Parameters
    ----------
    numbers
        ``numbers.json``, whose record stands beside it.
    command
        The audit's command, which the name of a subject completes.
    folder
        Where the pages will stand: a folder of the results, whose records are read.

    Raises
    ------
    QcrystalError
        A subject has no record.
    """
    lineage = Lineage(read_records(Path(), [folder.parent.as_posix(), "results/downloads"]))
    folder.mkdir(parents=True, exist_ok=True)
    for subject in subjects:
        write_whole(folder / f"{subject.name}.html", origin_page(subject, lineage, command, folder))
    document = json.loads(numbers.read_text(encoding="utf-8"))["numbers"]
    subject = Subject("numbers", numbers.with_suffix(SUFFIX))
    write_whole(folder / "numbers.html", origin_page(subject, lineage, command, folder, document))


def origin_page(subject: Subject, lineage: Lineage, command: str, folder: Path, numbers: dict | None = None) -> str:
    """The page as HTML; it needs no other file. Only its links to records lead out of it."""
    root = lineage.jobs.get(subject.record.as_posix())
    if root is None or root.record is None:
        raise QcrystalError(f"{subject.record}: there is no record; make {subject.name} again")
    behind = lineage.behind(root)
    nodes, parents = shown(lineage, [root])
    place, curves, size = drawing(nodes, parents)
    anchors = {node.path: f"job{number}" if node.record else "files" for number, node in enumerate(nodes)}
    caption = json.loads(subject.caption.read_text(encoding="utf-8"))["caption"] if subject.caption else ""
    environment = Environment(
        loader=PackageLoader("qcrystal.manuscript", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(TEMPLATE).render(
        name=subject.name,
        caption=to_html(caption),
        picture=base64.b64encode(subject.picture.read_bytes()).decode() if subject.picture else None,
        facts=_facts(root, behind),
        breaks=[broken for node in behind for broken in lineage.breaks(node)],
        numbers=[_number(name, entry, lineage, anchors) for name, entry in (numbers or {}).items()],
        command=command if numbers is not None else f"{command} T={subject.name}",
        jobs=[_job(node, lineage, anchors, folder) for node in nodes if node.record],
        files=_files(behind),
        boxes=[{"name": box_name(node), "at": place[node.path], "anchor": anchors[node.path]} for node in nodes],
        box=BOX,
        curves=curves,
        size=size,
    )


def _facts(root: Node, behind: list[Node]) -> list[tuple[str, str]]:
    """Summary by the records: code, potential, data set, machine."""
    assert root.record is not None
    given = root.record.deterministic
    jobs = [node for node in behind if node.record]
    inputs = _inputs(behind)
    potentials = [entry for path, entry in sorted(inputs.items()) if Path(path).name == POTENTIAL]
    labels = {"/".join(path.split("/")[:2]) for path in inputs if path.startswith("data/")}
    facts = [
        ("Made by", f"rule {given.rule}, started {root.record.volatile.started}"),
        ("Behind it", f"{_count(len(jobs), 'job')}, {_count(len(behind) - len(jobs), 'file')} of the repository"),
        ("Identifier", root.record.prov_id),
        ("Digest of its code", str(given.parameters.get("code", "none"))),
        ("Commit", _commit(given.commit, given.uncommitted)),
        ("Environment", f"lock file {short(given.lock)}, Python {given.versions.get('python')}"),
    ]
    facts += [("Potential", f"{entry.path}, SHA-256 {short(entry.sha256)}") for entry in potentials]
    return facts + [("Data", ", ".join(sorted(labels)))] * bool(labels)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _commit(commit: str | None, uncommitted: str | None) -> str:
    if commit is None:
        return "not known: the repository had no Git history"
    return f"{short(commit)}, with uncommitted changes {short(uncommitted)}" if uncommitted else short(commit)


def _inputs(nodes: Iterable[Node]) -> dict[str, Entry]:
    return {entry.path: entry for node in nodes if node.record for entry in node.record.deterministic.inputs}


def _files(behind: list[Node]) -> list[Entry]:
    """Files that no job made, with what their readers say of them."""
    inputs = _inputs(behind)
    return [inputs[node.path] for node in sorted(behind, key=lambda node: node.path) if not node.record]


def _job(node: Node, lineage: Lineage, anchors: dict[str, str], folder: Path) -> dict[str, Any]:
    """Fields of a job for the template."""
    assert node.record is not None
    given = node.record.deterministic
    parameters = {name: value for name, value in given.parameters.items() if name not in ("code", "modules")}
    text = json.dumps(parameters, indent=1, sort_keys=True, ensure_ascii=False)
    inputs = []
    for entry in given.inputs:
        maker = lineage.made_by(entry.path)
        inputs.append((entry, anchors.get(maker.path) if maker else None))
    return {
        "anchor": anchors[node.path],
        "rule": given.rule,
        "outputs": node.record.outputs,
        "inputs": inputs,
        "code": given.parameters.get("code", "none"),
        "modules": len(given.modules),
        "seeds": given.seeds,
        "programs": given.binaries,
        "parameters": text
        if len(text) <= SHOWN_PARAMETER
        else text[:SHOWN_PARAMETER] + "\n… (the record has the rest)",
        "seconds": node.record.volatile.seconds,
        "processor": node.record.volatile.gpu or node.record.volatile.processor,
        "undeclared": node.record.undeclared,
        "record": Path(os.path.relpath(node.path, folder)).as_posix(),
    }


def _number(name: str, entry: dict[str, Any], lineage: Lineage, anchors: dict[str, str]) -> dict[str, Any]:
    """Fields of a number for the template: where its source was made."""
    maker = lineage.made_by(entry["source"])
    return {
        "name": name,
        "meaning": to_html(entry["meaning"]),
        "text": number_to_html(entry),
        "source": entry["source"],
        "anchor": anchors.get(maker.path) if maker else None,
    }
