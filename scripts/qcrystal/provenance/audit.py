"""Whether results still are what their records say: one verdict per job and per file that no job made.

Records (`qcrystal.provenance.record.Record`) make a graph: a job's inputs are other jobs' outputs, or files of the
repository. Each
node is compared with the files that are there now, the code, the lock file, and with what the workflow would do today
(`Expected`). Nothing of Snakemake's own memory is used, so that a results folder can be audited in a fresh clone.
"""

from __future__ import annotations

import calendar
import json
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from qcrystal.files import file_digest, write_whole
from qcrystal.potential.card import CardError, read_card
from qcrystal.provenance.embedded import embedded_identifier
from qcrystal.provenance.record import PACKAGES, SCHEMA, identifier_of, lock_file, syntax_digest

VERDICTS = {
    "MISSING": "a file or a record is not there",
    "INCOMPLETE": "the record lacks something",
    "TAMPERED": "a file is not the one that its record, or the sealed manifest, names",
    "UNDECLARED": "the job read a file that its rule does not name",
    "UNTRACKED": "no record says where the file is from",
    "STALE": "an input is not the one that the job was given",
    "CONFIG-CHANGED": "the configuration gives other parameters now",
    "CODE-CHANGED": "the code is another one now",
    "ENV-CHANGED": "the environment is another one now",
    "VERIFIED": "everything still holds",
}
"""Verdicts, gravest first; a node has the gravest of its reasons."""

TOP = ("prov_id", "deterministic", "outputs", "undeclared", "volatile")
DETERMINISTIC = ("schema", "rule", "wildcards", "parameters", "seeds", "inputs", "modules", "versions", "binaries")
DETERMINISTIC += ("lock", "commit", "uncommitted")
UNRECORDED = ("logs", "benchmarks", "seal", "crate.zip")
"""What stands beside the results of a scale and is none."""
RECORD = ".prov.json"


class AuditError(ValueError):
    """What was asked for cannot be audited; the message says why."""


@dataclass(frozen=True)
class Expected:
    """What the workflow would do today to make a job's outputs."""

    rule: str
    parameters: dict
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass
class Node:
    """A job, or a file that no job made.

    Attributes
    ----------
    path
        Of the record, or of the file, relative to the repository.
    reasons
        (verdict, what was found) for everything that does not hold.
    flags
        What a reader should know and what is no fault, such as uncommitted changes.
    inputs
        Paths of the nodes that it hangs on.
    """

    path: str
    rule: str | None = None
    record: dict | None = None
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    reasons: list[tuple[str, str]] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """The gravest verdict."""
        found = {verdict for verdict, _ in self.reasons}
        return next((verdict for verdict in VERDICTS if verdict in found), "VERIFIED")

    @property
    def prov_id(self) -> str | None:
        """Identifier of the record."""
        return (self.record or {}).get("prov_id")

    @property
    def files(self) -> tuple[str, ...]:
        """Outputs of a job; of any other node the file itself."""
        return self.outputs if self.rule else (self.path,)

    def say(self, verdict: str, text: str) -> None:
        self.reasons.append((verdict, text))


class Digests:
    """SHA-256 of files below a folder, each read once; with a cache also not again while size and time stay the same."""

    def __init__(self, root: Path, cache: Path | None = None):
        self.root, self.cache, self.found = root, cache, {}
        try:
            self.kept = json.loads(cache.read_text()) if cache and cache.is_file() else {}
        except ValueError:
            self.kept = {}

    def __call__(self, path: str) -> str | None:
        """Digest of a file or of a folder's content; None where there is nothing."""
        if path not in self.found:
            self.found[path] = self._read(path)
        return self.found[path]

    def _read(self, path: str) -> str | None:
        file = self.root / path
        if not file.exists():
            return None
        if self.cache is None or file.is_dir():
            return file_digest(file)
        status = file.stat()
        known = self.kept.get(path)
        if known is None or known[:2] != [status.st_size, status.st_mtime_ns]:
            self.kept[path] = [status.st_size, status.st_mtime_ns, file_digest(file)]
        return self.kept[path][2]

    def save(self) -> None:
        """Keep the digests for the next time."""
        if self.cache is not None:
            write_whole(self.cache, json.dumps(self.kept))


def read_records(root: Path, folders: Iterable[str]) -> dict[str, dict | str]:
    """Records below folders of the repository, by path; a text instead of one that cannot be read says why."""
    records = {}
    for folder in folders:
        for path in sorted((root / folder).rglob(f"*{RECORD}")):
            name = path.relative_to(root).as_posix()
            try:
                document = json.loads(path.read_text(encoding="utf-8"))
                records[name] = document if isinstance(document, dict) else "is not a record"
            except (ValueError, OSError) as error:
                records[name] = f"cannot be read ({error})"
    return records


def lock_versions(lock: Path) -> dict[str, str]:
    """Package -> version of a lock file."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text(), re.MULTILINE))


def _lacks(record: dict) -> list[str]:
    """What a complete record would have and this one has not."""
    missing = [name for name in TOP if name not in record]
    given = record.get("deterministic")
    if not isinstance(given, dict):
        return [*missing, "deterministic"] if "deterministic" not in missing else missing
    missing += [f"deterministic.{name}" for name in DETERMINISTIC if name not in given]
    known = given.get("versions", {})
    missing += [f"version of {package}" for package in ("python", *PACKAGES) if package not in known]
    for name, files in (("inputs", given.get("inputs", [])), ("outputs", record.get("outputs", []))):
        missing += [
            f"{key} of an entry of {name}" for file in files for key in ("path", "sha256", "size") if key not in file
        ]
    return missing


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "nothing"


def _differences(before, now, name: str = "") -> list[str]:
    """Where two pieces of plain data differ, by dotted names."""
    if isinstance(before, dict) and isinstance(now, dict):
        keys = dict.fromkeys([*before, *now])
        return [
            text
            for key in keys
            if before.get(key) != now.get(key)
            for text in _differences(before.get(key), now.get(key), f"{name}.{key}" if name else str(key))
        ]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = enumerate(zip(before, now, strict=True))
        return [text for i, (a, b) in pairs if a != b for text in _differences(a, b, f"{name}[{i}]")]
    shown = [text if len(text) < 60 else text[:57] + "..." for text in map(str, (before, now))]
    return [f"{name}: {shown[0]} -> {shown[1]}"]


class Audit:
    """All nodes behind the results of a scale, judged.

    Parameters
    ----------
    root
        Folder of the repository.
    folders
        Folders with records, relative to it, such as ``results/lah10/smoke``; the first is the scale's.
    expected
        What the workflow would do today; None leaves the configuration unchecked.
    digests
        Of files below ``root``.
    """

    def __init__(
        self,
        root: Path,
        folders: list[str],
        expected: list[Expected] | None,
        digests: Digests,
        lock: Path | None = None,
    ):
        self.root, self.folders, self.digests = root, folders, digests
        self.expected = {path: job for job in expected or [] for path in job.outputs}
        self.configured = expected is not None
        self.locks = {cuda: root / "envs" / lock_file(cuda) for cuda in (False, True)}
        self.nodes: dict[str, Node] = {}
        self.maker: dict[str, Node] = {}
        self._known_children: dict[str, list[Node]] | None = None
        self._jobs(read_records(root, folders))
        self._expected_jobs(expected or [])
        self._files()
        self._environments = {
            cuda: (file_digest(lock), lock_versions(lock)) for cuda, lock in self.locks.items() if lock.is_file()
        }
        for node in list(self.nodes.values()):
            if node.record:
                self._judge(node)

    def _jobs(self, records: dict[str, dict | str]) -> None:
        for path, record in records.items():
            node = self.nodes[path] = Node(path, rule="?")
            if isinstance(record, str):
                node.say("INCOMPLETE", f"{path}: {record}")
                continue
            lacking = _lacks(record)
            if lacking:
                node.say("INCOMPLETE", f"{path}: the record has no {', no '.join(lacking)}")
            given = record.get("deterministic")
            if not isinstance(given, dict) or any(" entry of " in text for text in lacking):
                continue
            node.record, node.rule = record, given.get("rule", "?")
            node.outputs = tuple(output["path"] for output in record.get("outputs", []))
            node.inputs = tuple(file["path"] for file in given.get("inputs", []))
            for output in node.outputs:
                self.maker[output] = node

    def _expected_jobs(self, expected: list[Expected]) -> None:
        """Jobs that the workflow has and that left no record."""
        for job in expected:
            record = next((path for path in job.outputs if path.endswith(RECORD)), None)
            results = tuple(path for path in job.outputs if not path.endswith(RECORD))
            if record is None or record in self.nodes:
                continue
            node = self.nodes[record] = Node(record, job.rule, None, results, job.inputs)
            node.say("MISSING", f"{record}: rule {job.rule} left no record")
            for output in results:
                self.maker.setdefault(output, node)
                if self.digests(output) is None:
                    node.say("MISSING", f"{output}: not there")

    def _files(self) -> None:
        """Inputs that no job made."""
        for node in list(self.nodes.values()):
            for path in node.inputs:
                if self.made_by(path) is None and path not in self.nodes:
                    file = self.nodes[path] = Node(path)
                    if self.digests(path) is None:
                        file.say("MISSING", f"{path}: not there")
                    elif path.startswith("results/"):
                        file.say("UNTRACKED", f"{path}: no record says where it is from")
                    else:
                        self._described_by_card(file)

    def _described_by_card(self, file: Node) -> None:
        """A released potential: its card says where it is from, and which file it is."""
        name, path = Path(file.path).name, Path(file.path).with_name("card.yaml")
        if not re.fullmatch(r"model(-\d+)?\.pb", name) or not (self.root / path).is_file():
            return
        try:
            card = read_card(self.root / path)
        except CardError as error:
            file.say("INCOMPLETE", str(error))
            return
        known = card.digests()
        if known.get(name) != self.digests(file.path):
            file.say(
                "TAMPERED", f"{file.path}: is {_short(self.digests(file.path))}, {path} says {_short(known.get(name))}"
            )
        file.flags.append(f"by {path}: {card.history()}")

    def made_by(self, path: str) -> Node | None:
        """The job that made a file, or a folder that holds it."""
        parts = path.split("/")
        for depth in range(len(parts), 0, -1):
            node = self.maker.get("/".join(parts[:depth]))
            if node is not None:
                return node
        return None

    def parents(self, node: Node) -> list[Node]:
        """Nodes of the inputs, each once."""
        found = [self.made_by(path) or self.nodes[path] for path in node.inputs]
        return list({parent.path: parent for parent in found}.values())

    def _judge(self, node: Node) -> None:
        record, given = node.record, node.record["deterministic"]
        if given.get("schema") != SCHEMA:
            node.say(
                "INCOMPLETE", f"{node.path}: a record of schema {given.get('schema')}, not {SCHEMA}; run the job again"
            )
        if identifier_of(given) != record.get("prov_id"):
            node.say(
                "TAMPERED", f"{node.path}: the record does not have the identifier {_short(record.get('prov_id'))}"
            )
        self._judge_outputs(node)
        for path in record.get("undeclared", []):
            node.say("UNDECLARED", f"{path}: read by rule {node.rule}, which does not name it")
        self._judge_inputs(node)
        self._judge_configuration(node)
        self._judge_code(node)
        self._judge_environment(node)
        if given.get("uncommitted"):
            node.flags.append(
                f"made from uncommitted changes ({_short(given['uncommitted'])}) of {_short(given.get('commit'))}"
            )

    def _judge_outputs(self, node: Node) -> None:
        for output in node.record.get("outputs", []):
            path, now = output["path"], self.digests(output["path"])
            if now is None:
                node.say("MISSING", f"{path}: not there")
                continue
            if now != output["sha256"]:
                node.say("TAMPERED", f"{path}: is {_short(now)}, was made as {_short(output['sha256'])}")
            try:
                mark = embedded_identifier(self.root / path) if (self.root / path).is_file() else None
            except (OSError, ValueError) as error:
                node.say("TAMPERED", f"{path}: cannot be read ({' '.join(str(error).split())})")
                continue
            if mark is not None and mark != node.prov_id:
                node.say(
                    "TAMPERED", f"{path}: carries the identifier {_short(mark)}, its record {_short(node.prov_id)}"
                )

    def _judge_inputs(self, node: Node) -> None:
        for file in node.record["deterministic"].get("inputs", []):
            path, before, now = file["path"], file["sha256"], self.digests(file["path"])
            maker = self.made_by(path)
            if now is None or now == before:
                continue  # a missing file is its own node's fault
            made = (
                {output["path"]: output["sha256"] for output in (maker.record or {}).get("outputs", [])}
                if maker
                else {}
            )
            if path in made and made[path] == before:
                continue  # changed after it was made: its own node's fault
            text = f"{path}: is {_short(now)}, was {_short(before)} when {node.rule} read it"
            if maker is None and self._older(path, node.record):
                self.nodes[path].say("TAMPERED", f"{text}, and its time claims that it did not change")
            else:
                node.say("STALE", text)
        expected = self._expectation(node)
        if expected:
            for path in sorted(set(expected.inputs) - set(node.inputs)):
                node.say("STALE", f"{path}: an input of rule {expected.rule} today, not when it ran")
            for path in sorted(set(node.inputs) - set(expected.inputs)):
                node.say("STALE", f"{path}: an input of rule {node.rule} when it ran, not today")

    def _older(self, path: str, record: dict) -> bool:
        """Whether a file, by its modification time, was there as it is before a job started."""
        started = calendar.timegm(time.strptime(record["volatile"]["started"], "%Y-%m-%dT%H:%M:%SZ"))
        file = self.root / path
        return file.is_file() and file.stat().st_mtime < started

    def _expectation(self, node: Node) -> Expected | None:
        return next((self.expected[path] for path in node.outputs if path in self.expected), None)

    def _judge_configuration(self, node: Node) -> None:
        expected = self._expectation(node)
        if expected is None:
            if self.configured:
                node.flags.append("the workflow as it is configured now does not make this")
            return
        code = ("code", "modules")
        before, now = (
            {name: value for name, value in parameters.items() if name not in code}
            for parameters in (node.record["deterministic"].get("parameters", {}), expected.parameters)
        )
        found = _differences(before, now) if before != now else []
        for text in found[:8]:
            node.say("CONFIG-CHANGED", f"{node.path}: parameter {text}")
        if len(found) > 8:
            node.say("CONFIG-CHANGED", f"{node.path}: and {len(found) - 8} more parameters")

    def _judge_code(self, node: Node) -> None:
        given = node.record["deterministic"]
        for name, digests in given.get("modules", {}).items():
            file = self.root / "scripts" / name
            if not file.is_file():
                node.say("CODE-CHANGED", f"scripts/{name}: not there any more")
            elif _syntax(file) != digests["syntax"]:
                node.say("CODE-CHANGED", f"scripts/{name}: does something else now")
        expected = self._expectation(node)
        if expected and expected.parameters.get("code") != given.get("parameters", {}).get("code"):
            if not any(verdict == "CODE-CHANGED" for verdict, _ in node.reasons):
                node.say("CODE-CHANGED", f"{node.path}: rule {node.rule} uses other modules now")

    def _judge_environment(self, node: Node) -> None:
        given = node.record["deterministic"]
        cuda = given.get("versions", {}).get("tensorflow-cpu") is None
        name = self.locks[cuda].name
        digest, pinned = self._environments.get(cuda, (None, {}))
        if given.get("lock") != digest:
            node.say(
                "ENV-CHANGED", f"{name}: is {_short(digest)}, was {_short(given.get('lock'))} when {node.rule} ran"
            )
        for package, version in given.get("versions", {}).items():
            if version and package in pinned and pinned[package] != version:
                node.say("ENV-CHANGED", f"{package}: was {version}, {name} has {pinned[package]}")

    def find_untracked(self) -> None:
        """Add a node for each file of the scale that no record names."""
        top = self.root / self.folders[0]
        for path in sorted(top.rglob("*")):
            inside = path.relative_to(top).parts
            if not path.is_file() or inside[0] in UNRECORDED or path.name.startswith(".") or path.name.endswith(RECORD):
                continue
            name = path.relative_to(self.root).as_posix()
            if self.made_by(name) is None and name not in self.nodes:
                self.nodes[name] = Node(name)
                self.nodes[name].say("UNTRACKED", f"{name}: no record says where it is from")

    def _children(self) -> dict[str, list[Node]]:
        if self._known_children is None:
            self._known_children = {}
            for node in self.nodes.values():
                for parent in self.parents(node):
                    self._known_children.setdefault(parent.path, []).append(node)
        return self._known_children

    def dependents(self, node: Node) -> list[Node]:
        """Jobs that hang on a node, directly or not, in the order of their paths."""
        children = self._children()
        found, waiting = {}, [node]
        while waiting:
            for child in children.get(waiting.pop().path, []):
                if child.path not in found and child is not node:
                    found[child.path] = child
                    waiting.append(child)
        return [found[path] for path in sorted(found)]

    def lineage(self, roots: list[Node]) -> list[Node]:
        """The roots and everything that they hang on, each once, roots first."""
        found, waiting = {}, list(roots)
        while waiting:
            node = waiting.pop(0)
            if node.path not in found:
                found[node.path] = node
                waiting.extend(self.parents(node))
        return list(found.values())

    def find(self, target: str) -> list[Node]:
        """Nodes that a name means: a path, a figure, a table, a run, a number, a model, a data set.

        Raises
        ------
        AuditError
            Nothing has the name; the message offers similar ones.
        """
        import difflib

        number = self.number(target)
        if number:
            made = self.made_by(number["file"])
            if made is None:
                raise AuditError(f"{number['file']}: no record says where it is from")
            return [replace(made, inputs=(number["source"],))]  # of all that the job reads, what this number is from
        wanted = target.strip("/").removeprefix("./")
        names: dict[str, Node] = {}
        for node in self.nodes.values():
            for path in (*node.files, node.path):
                names.setdefault(path, node)
        inside = {path: path.split("/") for path in names}

        def stem(parts):
            return parts[-1].split(".")[0] if "." in parts[-1] else parts[-1]

        tiers = (
            lambda path: path == wanted,
            lambda path: stem(inside[path]) == wanted and inside[path][-2] == "figures",
            lambda path: inside[path][-1] == wanted or stem(inside[path]) == wanted,
            lambda path: wanted in inside[path],
        )
        for fits in tiers:
            found = [names[path] for path in names if fits(path)]
            if found:
                return list({node.path: node for node in found}.values())
        known = sorted({stem(parts) for parts in inside.values()} | set(self._numbers()))
        near = difflib.get_close_matches(wanted, known, 3)
        hint = f"; similar: {', '.join(near)}" if near else ""
        raise AuditError(
            f"{target}: no figure, table, number, run, model, data set or file below {self.folders[0]} is so called{hint}"
        )

    def _numbers(self) -> dict:
        file = self.root / self.folders[0] / "manuscript" / "numbers.json"
        try:
            return json.loads(file.read_text(encoding="utf-8"))["numbers"] if file.is_file() else {}
        except (ValueError, KeyError):
            return {}

    def number(self, name: str) -> dict | None:
        """A number of the text: ``text``, ``unit``, ``source`` and the ``file`` that holds it."""
        found = self._numbers().get(name)
        return {**found, "file": f"{self.folders[0]}/manuscript/numbers.json"} if found else None


_SYNTAX: dict[tuple, str] = {}


def _syntax(file: Path) -> str:
    status = os.stat(file)
    key = (str(file), status.st_mtime_ns, status.st_size)
    if key not in _SYNTAX:
        _SYNTAX[key] = syntax_digest(file)
    return _SYNTAX[key]


def document(audit: Audit, roots: list[Node], target: str | None) -> dict:
    """The answer as plain data: every node behind the target, with verdict, reasons and what hangs on the bad ones."""
    nodes = audit.lineage(roots)
    bad = [node for node in nodes if node.verdict != "VERIFIED"]
    return {
        "target": target,
        "verdict": "VERIFIED" if not bad else "NOT VERIFIED",
        "number": audit.number(target) if target else None,
        "roots": [node.path for node in roots],
        "nodes": [
            {
                "path": node.path,
                "rule": node.rule,
                "files": list(node.files),
                "inputs": [parent.path for parent in audit.parents(node)],
                "prov_id": node.prov_id,
                "verdict": node.verdict,
                "reasons": [{"verdict": verdict, "text": text} for verdict, text in node.reasons],
                "flags": node.flags,
                "affects": [file for child in audit.dependents(node) for file in child.files]
                if node.verdict != "VERIFIED"
                else [],
            }
            for node in nodes
        ],
    }


def condensed(nodes: list[Node]) -> list[Node]:
    """Nodes to be shown: many verified files of one folder of the repository are shown as one."""
    folders: dict[str, list[Node]] = {}
    for node in nodes:
        if node.rule is None and not node.reasons and node.path.count("/") >= 2:
            folders.setdefault("/".join(node.path.split("/")[:2]), []).append(node)
    many = {node.path: folder for folder, members in folders.items() if len(members) > 3 for node in members}
    shown = {}
    for node in nodes:
        folder = many.get(node.path)
        if folder is None:
            shown[node.path] = node
        else:
            shown.setdefault(folder, Node(f"{folder} ({len(folders[folder])} files)"))
    return list(shown.values())


def tree(audit: Audit, roots: list[Node]) -> list[str]:
    """The lineage as lines of text; a node that stands above already is not taken apart again."""
    lines, seen = [], set()

    def draw(node: Node, prefix: str, last: bool, level: int) -> None:
        branch = "" if not level else prefix + ("└─ " if last else "├─ ")
        name = node.files[0] if node.files else node.path
        more = f" (+{len(node.files) - 1})" if len(node.files) > 1 else ""
        what = f"  rule {node.rule}  id {_short(node.prov_id)}" if node.rule else ""
        parents = condensed(audit.parents(node))
        again = "  (above)" if node.path in seen and parents else ""
        lines.append(f"{branch}{node.verdict}  {name}{more}{what}{again}")
        if node.path in seen:
            return
        seen.add(node.path)
        deeper = prefix + ("" if not level else "   " if last else "│  ")
        for number, parent in enumerate(parents):
            draw(parent, deeper, number == len(parents) - 1, level + 1)

    for root in condensed(roots):
        draw(root, "", True, 0)
    return lines


ORIGINS = ("card.yaml", "provenance.json", "README.md")


def origin(audit: Audit, node: Node) -> str | None:
    """The file that says where a file of the repository is from: a model's card, a data set's account of its labels."""
    if node.rule is not None or node.path.startswith("results/"):
        return None
    folders = list(Path(node.path).parents)[:-1]  # without the repository itself
    found = (folder / name for folder in folders for name in ORIGINS if (audit.root / folder / name).is_file())
    return next((path.as_posix() for path in found if path.as_posix() != node.path), None)


def report(audit: Audit, roots: list[Node], target: str | None) -> str:
    """The answer in words: the tree (of a target), what is wrong, what hangs on it, and the conclusion."""
    lines = []
    number = audit.number(target) if target else None
    if number:
        lines += [f"{target} = {number['text']} {number.get('unit', '')}".rstrip() + f", from {number['source']}", ""]
    if target:
        origins = dict.fromkeys(filter(None, (origin(audit, node) for node in roots)))
        lines += [*tree(audit, roots), *(f"where it is from: {path}" for path in origins), ""]
    nodes = audit.lineage(roots)
    reasons: dict[tuple[str, str], list[Node]] = {}
    for node in nodes:
        for reason in node.reasons:
            reasons.setdefault(reason, []).append(node)
    for (verdict, text), bad in reasons.items():
        lines.append(f"{verdict}: {text}" + (f" ({len(bad)} jobs)" if len(bad) > 1 else ""))
        affected = dict.fromkeys(file for node in bad for child in audit.dependents(node) for file in child.files)
        own = {file for node in bad for file in node.files}
        affected = [file for file in affected if file not in own]
        if affected:
            lines += ["  affects:", *(f"    {file}" for file in affected)]
    flags: dict[str, int] = {}
    for node in nodes:
        for text in node.flags:
            flags[text] = flags.get(text, 0) + 1
    lines += [f"note: {text} ({count} of {len(nodes)})" for text, count in flags.items()]
    counts = {verdict: sum(node.verdict == verdict for node in nodes) for verdict in VERDICTS}
    lines.append(", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count) or "nothing to audit")
    return "\n".join(lines)
