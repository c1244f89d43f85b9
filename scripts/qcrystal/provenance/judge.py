"""Faults of a job: its record, outputs, inputs, parameters, code and environment against those of today."""

from __future__ import annotations

import functools
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qcrystal.provenance.code import modules_named, syntax_digest
from qcrystal.provenance.embedded import UnreadableError, carries, embedded_identifier
from qcrystal.provenance.environment import PACKAGES
from qcrystal.provenance.nodes import Expected, Node, short
from qcrystal.provenance.record import LARGEST, SCHEMA, Entry, JobRecord
from qcrystal.provenance.same_results import Change, told

if TYPE_CHECKING:
    from qcrystal.provenance.audit import Audit

SKEW = timedelta(days=1)
"""By how much clocks of machines, and their time zones, may differ."""
PARAMETERS_SHOWN = 8
HARMLESS = (
    "LD_LIBRARY_PATH",
    "BASH_ENV",
    "PYTHONPYCACHEPREFIX",
    "NUMBA_CACHE_DIR",
    "TEXINPUTS",
    "TEXMFHOME",
    "TEXMFCNF",
    "GPAW_SETUP_PATH",
)
"""Variables that clusters, or users for good reasons, set: a reader is told."""


def judge(audit: Audit, node: Node, record: JobRecord) -> None:
    """Compare a job with what is there today; what differs becomes reasons and flags of its node."""
    expected = audit.expected.get(node.path)
    _record(node, record, expected)
    _outputs(audit, node, record)
    _inputs(audit, node, record, expected)
    if expected:
        _configuration(node, record, expected)
    elif audit.configured:
        node.flags.append("the workflow as it is configured now does not make this")
    _code(audit, node, record, expected)
    _environment(audit, node, record)


def _record(node: Node, record: JobRecord, expected: Expected | None) -> None:
    given = record.deterministic
    if given.schema_number != SCHEMA:
        text = f"{node.path}: a record of schema {given.schema_number}, not {SCHEMA}; run the job again"
        node.say("INCOMPLETE", text)
    if not record.holds():
        node.say("TAMPERED", f"{node.path}: the record does not have the identifier {short(record.prov_id)}")
    if given.record != node.path:
        node.say("TAMPERED", f"{node.path}: the record says that it is {given.record}")
    if record.volatile.status != 0:
        node.say("INCOMPLETE", f"{node.path}: says that its job ended with status {record.volatile.status}")
    if record.volatile.begin > datetime.now(UTC) + SKEW:
        node.say("TAMPERED", f"{node.path}: says that its job ran at {record.volatile.started}, which is yet to come")
    lacking = [package for package in ("python", *PACKAGES) if package not in given.versions]
    if lacking:
        node.say("INCOMPLETE", f"{node.path}: the record has no version of {', no version of '.join(lacking)}")
    held = {entry.path for entry in record.outputs}
    for path in sorted(set(given.outputs) ^ held):
        node.say("INCOMPLETE", f"{path}: {node.path} names it and holds no digest, or holds one and does not name it")
    if expected:
        for path in sorted(set(expected.results) - held):
            node.say("INCOMPLETE", f"{path}: made by rule {expected.rule}, and {node.path} does not vouch for it")
        for path in sorted(held - set(expected.results)):
            node.say("TAMPERED", f"{node.path}: claims {path}, which rule {expected.rule} does not make")
        if given.rule != expected.rule:
            node.say("CODE-CHANGED", f"{node.path}: of rule {given.rule}, and rule {expected.rule} makes this now")
    for text in record.undeclared:
        node.say("UNDECLARED", f"{text}: read or run by rule {node.rule}, which does not name it")
    for name, value in given.surroundings.items():
        text = f"{name}={value}: set when {node.rule} ran"
        if name in HARMLESS:
            node.flags.append(text)
        else:
            node.say("UNDECLARED", f"{text}, so that other code, or the same code otherwise, may have run")
    if given.commit is None:
        node.flags.append("made where git knew no commit: digests of its modules alone tell its code")
    if given.uncommitted:
        node.flags.append(f"made from uncommitted changes ({short(given.uncommitted)}) of {short(given.commit)}")


def _outputs(audit: Audit, node: Node, record: JobRecord) -> None:
    left_out = 0
    for output in record.outputs:
        found = audit.digests.at(output.path)
        if found is None and audit.may_be_left_out(output):
            left_out += 1
            continue
        if found is None:
            node.say("MISSING", f"{output.path}: not there")
            continue
        if found.problem:
            node.say("TAMPERED", f"{output.path}: {found.problem}")
            continue
        if found.kind != output.kind:
            node.say("TAMPERED", f"{output.path}: is a {found.kind}, was made as a {output.kind}")
        elif found.sha256 != output.sha256:
            node.say("TAMPERED", f"{output.path}: is {short(found.sha256)}, was made as {short(output.sha256)}")
        if found.kind == "file":
            _mark(audit.root, node, record, output.path)
            if (audit.root / output.path).stat().st_size != output.size:
                node.say("TAMPERED", f"{output.path}: does not have the {output.size} bytes that its record says")
    if left_out:
        node.flags.append(
            f"{left_out} outputs are left out of the committed results; their digests are those of the record"
        )


def _mark(root: Path, node: Node, record: JobRecord, path: str) -> None:
    """The identifier that a figure or a table carries in itself."""
    try:
        mark = embedded_identifier(root / path)
    except UnreadableError as error:
        node.say("TAMPERED", str(error).replace(f"{root}/", "", 1))
        return
    if mark is None and carries(path):
        node.say("TAMPERED", f"{path}: carries no identifier, its record {short(record.prov_id)}")
    elif mark is not None and mark != record.prov_id:
        node.say("TAMPERED", f"{path}: carries the identifier {short(mark)}, its record {short(record.prov_id)}")


def _inputs(audit: Audit, node: Node, record: JobRecord, expected: Expected | None) -> None:
    for file in record.deterministic.inputs:
        found = audit.digests.at(file.path)
        if found and (found.kind, found.sha256) == (file.kind, file.sha256):
            continue
        maker = audit.made_by(file.path)
        made = {output.path: output.sha256 for output in maker.record.outputs} if maker and maker.record else {}
        if made.get(file.path) == file.sha256:
            continue  # lost, or changed after it was made: its own node's fault
        if found is None:  # its maker's record is all that tells of it; where there is none, that is the maker's fault
            if maker and maker.record:
                told = short(made.get(file.path))
                text = f"{file.path}: was {short(file.sha256)} when {node.rule} read it, {maker.path} made {told}"
                node.say("STALE", text)
            continue
        text = f"{file.path}: is {short(found.sha256)}, was {short(file.sha256)} when {node.rule} read it"
        if maker is None and _older(audit.root, file, record):
            audit.nodes[file.path].say("TAMPERED", f"{text}, and its time claims that it did not change")
        else:
            node.say("STALE", text)
    if expected:
        for path in sorted(set(expected.inputs) - set(node.inputs)):
            node.say("STALE", f"{path}: an input of rule {expected.rule} today, not when it ran")
        for path in sorted(set(node.inputs) - set(expected.inputs)):
            node.say("STALE", f"{path}: an input of rule {node.rule} when it ran, not today")


def _older(root: Path, file: Entry, record: JobRecord) -> bool:
    """Whether a file, by its modification time, was there as it is before a job started."""
    path = root / file.path
    return path.is_file() and path.stat().st_mtime < record.volatile.begin.timestamp()


def _configuration(node: Node, record: JobRecord, expected: Expected) -> None:
    code = ("code", "modules")
    before, now = (
        {name: value for name, value in parameters.items() if name not in code}
        for parameters in (record.deterministic.parameters, expected.parameters)
    )
    found = differences(before, now) if before != now else []
    for text in found[:PARAMETERS_SHOWN]:
        node.say("CONFIG-CHANGED", f"{node.path}: parameter {text}")
    if len(found) > PARAMETERS_SHOWN:
        node.say("CONFIG-CHANGED", f"{node.path}: and {len(found) - PARAMETERS_SHOWN} more parameters")


def differences(before: Any, now: Any, name: str = "") -> list[str]:
    """Dotted names of the places where two pieces of plain data differ."""
    if isinstance(before, dict) and isinstance(now, dict):
        keys = dict.fromkeys([*before, *now])
        return [
            text
            for key in keys
            if before.get(key) != now.get(key)
            for text in differences(before.get(key), now.get(key), f"{name}.{key}" if name else str(key))
        ]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = enumerate(zip(before, now, strict=True))
        return [text for i, (a, b) in pairs if a != b for text in differences(a, b, f"{name}[{i}]")]
    shown = [text if len(text) < 60 else text[:57] + "..." for text in map(str, (before, now))]
    return [f"{name}: {shown[0]} -> {shown[1]}"]


def _code(audit: Audit, node: Node, record: JobRecord, expected: Expected | None) -> None:
    changed = False
    for name, digests in record.deterministic.modules.items():
        file = audit.root / "scripts" / name
        if not os.path.isfile(file):  # Path.is_file raises where a name is too long
            node.say("CODE-CHANGED", f"scripts/{name}: not there any more")
            changed = True
            continue
        between = audit.declared.between(name, digests.syntax, _syntax_now(file))
        if between is None:
            node.say("CODE-CHANGED", f"scripts/{name}: does something else now")
            changed = True
        else:
            node.declared += between
    before = record.deterministic.parameters.get("code")
    if expected and not changed and expected.parameters.get("code") != before:
        node.say("CODE-CHANGED", f"{node.path}: rule {node.rule} uses other modules now")
    if node.declared:
        node.declared += _brought_in(audit, node.declared, record)
        node.flags.append(told(node.declared))


def _brought_in(audit: Audit, changes: list[Change], record: JobRecord) -> list[Change]:
    """Declared new files that changed files import, and those that these import; files of the record are not new."""
    scripts = audit.root / "scripts"
    new: dict[str, list[Change]] = {}
    for change in audit.declared.changes:
        if change.before is None and change.file not in record.deterministic.modules:
            file = scripts / change.file
            new[change.file.removesuffix(".py").replace("/", ".")] = audit.declared.behind(
                change.file, _syntax_now(file)
            )
    found: list[Change] = []
    waiting = [change.file for change in changes]
    while waiting:
        for module in modules_named(scripts / waiting.pop(), scripts):
            behind = new.pop(module, [])
            found += behind
            waiting += [change.file for change in behind[:1]]
    return found


def _syntax_now(file: Path) -> str:
    return _syntax(file, file.stat().st_mtime_ns, file.stat().st_size)


@functools.cache
def _syntax(file: Path, time: int, size: int) -> str:
    """Digest of what a module does; ``time`` and ``size`` tell an edited one from what was read before."""
    if size > LARGEST:
        return "not readable as code"
    try:
        return syntax_digest(file)
    except (SyntaxError, ValueError, RecursionError):
        return "not readable as code"


def _environment(audit: Audit, node: Node, record: JobRecord) -> None:
    given = record.deterministic
    cuda = given.versions.get("tensorflow-cpu") is None
    name, digest, pinned = audit.environments.get(cuda, ("no lock file", None, {}))
    if given.lock != digest:
        node.say("ENV-CHANGED", f"{name}: is {short(digest)}, was {short(given.lock)} when {node.rule} ran")
    for package, version in given.versions.items():
        if version and package in pinned and pinned[package] != version:
            node.say("ENV-CHANGED", f"{package}: was {version}, {name} has {pinned[package]}")
