"""Audit of results against their records: one verdict per job, and per file that no job made.

Records (`qcrystal.provenance.record.JobRecord`) make a graph: a job's inputs are other jobs' outputs, or files of the
repository. Each node is compared with the files that are there now, the code, the lock file, and with what the workflow would
do today (`Expected`). Which outputs a job has is for its rule to say: a record can neither disown one nor claim another's.
Nothing of Snakemake's own memory is used, so that a results folder can be audited in a fresh clone.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import networkx as nx

from qcrystal.files import STAMP, is_stamp, walk
from qcrystal.potential.card import CardError, read_card
from qcrystal.provenance import judge, reduced
from qcrystal.provenance.environment import lock_file
from qcrystal.provenance.nodes import UNRECORDED, AuditError, Digests, Expected, Node, lineage_of, maker_of, short
from qcrystal.provenance.record import SUFFIX, Entry, JobRecord, RecordError, read_json, read_records
from qcrystal.provenance.same_results import FILE, Declared, SameResultsError, declared

NUMBERS = "manuscript/numbers.json"


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

    def __init__(self, root: Path, folders: list[str], expected: list[Expected] | None, digests: Digests):
        self.root, self.folders, self.digests = root, folders, digests
        self.configured = expected is not None
        self.expected = {job.record: job for job in expected or [] if job.record}
        self.rule_of = {path: job for job in self.expected.values() for path in job.results}
        locks = {cuda: f"envs/{lock_file(cuda)}" for cuda in (False, True)}
        found = {cuda: digests.at(lock) for cuda, lock in locks.items()}
        self.environments = {
            cuda: (Path(locks[cuda]).name, lock.sha256, {} if lock.problem else lock_versions(root / locks[cuda]))
            for cuda, lock in found.items()
            if lock is not None and lock.kind != "folder"
        }
        self.declared, misdeclared = self._declared()
        self.left_out, fault = reduced.left_out(root, folders[0])
        self.nodes: dict[str, Node] = {}
        self.maker: dict[str, Node] = {}
        self._known_children: dict[str, list[Node]] | None = None
        self._add_jobs(read_records(root, folders))
        self._add_jobs_without_record()
        self.shown = self._shown()
        self._add_inputs()
        self._add_untracked()
        if fault:
            name = f"{folders[0]}/{reduced.LEFT_OUT}"
            self.nodes[name] = Node(name)
            self.nodes[name].say("TAMPERED", fault)
        if misdeclared:
            self.nodes[FILE] = Node(FILE)
            self.nodes[FILE].say("INCOMPLETE", misdeclared)
        for node in list(self.nodes.values()):
            if node.record:
                judge.judge(self, node, node.record)
        self._find_circles()

    def _declared(self) -> tuple[Declared, str | None]:
        """Changes that are declared to change no result, and what is wrong with their file: then none counts."""
        try:
            return declared(self.root), None
        except SameResultsError as error:
            return Declared(self.root, []), str(error)

    def _add_jobs(self, records: dict[str, JobRecord | RecordError]) -> None:
        """A node for each record; outputs that a rule of today makes belong to that rule's record alone."""
        for path, record in records.items():
            job = self.expected.get(path)
            node = self.nodes[path] = Node(path, rule=job.rule if job else "?")
            if isinstance(record, RecordError):
                node.say("INCOMPLETE", str(record))
                node.outputs, node.inputs = (job.results, job.inputs) if job else ((), ())
            else:
                claimed = [entry.path for entry in record.outputs]
                node.record, node.rule = record, record.deterministic.rule
                node.outputs = tuple(dict.fromkeys([*claimed, *(job.results if job else ())]))
                node.inputs = tuple(entry.path for entry in record.deterministic.inputs)
            for output in node.outputs:
                self._claim(output, node, job)

    def _claim(self, output: str, node: Node, job: Expected | None) -> None:
        """Let an output belong to a job, unless it is another's."""
        owner = self.rule_of.get(output)
        if not output.startswith(tuple(f"{folder}/" for folder in self.folders)):
            node.say("TAMPERED", f"{node.path}: claims {output}, which is no result of {self.folders[0]}")
        elif owner is not None and owner is not job:
            node.say("TAMPERED", f"{node.path}: claims {output}, which rule {owner.rule} makes")
        elif output in self.maker:
            other = self.maker[output]
            for one in (node, other):
                one.say("TAMPERED", f"{output}: claimed by two records, {other.path} and {node.path}")
        else:
            self.maker[output] = node

    def _shown(self) -> set[str]:
        """What a reader looks at, and what it is made from: reduced results hold all of it."""
        shown = reduced.shown_files(list(self.expected.values()), self.folders[0])
        if not self.configured:
            figures = f"{self.folders[0]}/figures/"
            drawn = [node for node in self.nodes.values() if any(path.startswith(figures) for path in node.outputs)]
            shown = {path for node in drawn for path in (*node.inputs, *node.outputs)}
        return shown

    def may_be_left_out(self, output: Entry) -> bool:
        """Whether the list of reduced results excuses that an output of a record is not there."""
        return self.left_out.get(output.path) == output.sha256 and output.path not in self.shown

    def _add_jobs_without_record(self) -> None:
        """Jobs that the workflow has and that left no record."""
        for record, job in self.expected.items():
            if record in self.nodes:
                continue
            node = self.nodes[record] = Node(record, job.rule, None, job.results, job.inputs)
            node.say("MISSING", f"{record}: rule {job.rule} left no record")
            for output in job.results:
                self.maker.setdefault(output, node)
                if self.digests(output) is None:
                    node.say("MISSING", f"{output}: not there")

    def _add_inputs(self) -> None:
        """Inputs that no job made."""
        for node in list(self.nodes.values()):
            for path in node.inputs:
                if self.made_by(path) is None and path not in self.nodes:
                    file = self.nodes[path] = Node(path)
                    found = self.digests.at(path)
                    if found is None:
                        file.say("MISSING", f"{path}: not there")
                    elif found.problem:
                        file.say("TAMPERED", f"{path}: {found.problem}")
                    elif path.startswith("results/"):
                        file.say("UNTRACKED", f"{path}: no record says where it is from")
                    else:
                        self._compare_with_card(file)

    def _compare_with_card(self, file: Node) -> None:
        """A released potential: its card says where it is from, and which file it is."""
        name, path = Path(file.path).name, Path(file.path).parent / "card.yaml"
        if not re.fullmatch(r"model(-\d+)?\.pb", name) or not (self.root / path).is_file():
            return
        try:
            card = read_card(self.root / path)
        except CardError as error:
            file.say("INCOMPLETE", " ".join(str(error).replace(f"{self.root}/", "").split()))
            return
        known, now = card.digests().get(name), self.digests(file.path)
        if known != now:
            file.say("TAMPERED", f"{file.path}: is {short(now)}, {path} says {short(known)}")
        file.flags.append(f"by {path}: {card.history()}")

    def _add_untracked(self) -> None:
        """A node for each file of the scale that no record names, or that a folder's digest passes over as a stamp."""
        top = self.root / self.folders[0]
        for path in walk(top):
            inside = path.relative_to(top).parts
            if inside[0] in UNRECORDED or is_stamp(path) or path.name.endswith(SUFFIX) or inside == (reduced.LEFT_OUT,):
                continue  # the list of what is left out has been judged
            name = path.relative_to(self.root).as_posix()
            if path.name == STAMP or (self.made_by(name) is None and name not in self.nodes):
                self.nodes[name] = Node(name)
                self.nodes[name].say("UNTRACKED", f"{name}: no record says where it is from")

    def _find_circles(self) -> None:
        """No job can hang on what is made from it."""
        graph: nx.DiGraph = nx.DiGraph()
        for node in self.nodes.values():
            graph.add_edges_from((parent.path, node.path) for parent in self.parents(node))
        for members in nx.strongly_connected_components(graph):
            path = min(members)
            if len(members) > 1 or graph.has_edge(path, path):
                for member in members:
                    self.nodes[member].say("TAMPERED", f"{path}: hangs on itself, through {len(members)} records")

    def made_by(self, path: str) -> Node | None:
        """The job that made a file, or a folder that holds it."""
        return maker_of(path, self.maker)

    def parents(self, node: Node) -> list[Node]:
        """Nodes of the inputs, each once."""
        found = [self.made_by(path) or self.nodes[path] for path in node.inputs]
        return list({parent.path: parent for parent in found}.values())

    def dependents(self, node: Node) -> list[Node]:
        """Jobs that hang on a node, directly or not, in the order of their paths."""
        if self._known_children is None:
            self._known_children = {}
            for child in self.nodes.values():
                for parent in self.parents(child):
                    self._known_children.setdefault(parent.path, []).append(child)
        found: dict[str, Node] = {}
        waiting = [node]
        while waiting:
            for child in self._known_children.get(waiting.pop().path, []):
                if child.path not in found and child is not node:
                    found[child.path] = child
                    waiting.append(child)
        return [found[path] for path in sorted(found)]

    def lineage(self, roots: list[Node]) -> list[Node]:
        """The roots and everything that they hang on, each once, roots first."""
        return lineage_of(roots, self.parents)

    def find(self, target: str) -> list[Node]:
        """Nodes that a name means: a path, a figure, a table, a run, a number, a model, a data set.

        Raises
        ------
        AuditError
            Nothing has the name; the message offers similar ones.
        """
        number = self.number(target)
        if number:
            return [self._behind_number(target, number)]
        wanted = target.strip("/").removeprefix("./")
        names: dict[str, Node] = {}
        for node in self.nodes.values():
            for path in node.files:
                names.setdefault(path, self.maker.get(path, node))
        paths = names | {node.path: node for node in self.nodes.values()}  # of records: by their whole path alone
        if wanted in paths:
            return [paths[wanted]]
        for fits in _tiers(wanted):
            found = [node for path, node in names.items() if fits(path.split("/"))]
            if found:
                return list({node.path: node for node in found}.values())
        known = sorted({_stem(path.split("/")) for path in paths} | set(self._numbers()))
        near = difflib.get_close_matches(wanted, known, 3)
        hint = f"; similar: {', '.join(near)}" if near else ""
        raise AuditError(
            f"{target}: no figure, table, number, run, model, data set or file below {self.folders[0]} has this name{hint}"
        )

    def _behind_number(self, target: str, number: dict) -> Node:
        """The job that wrote a number, as if it had read nothing but what this number is from."""
        made = self.made_by(number["file"])
        if made is None:
            raise AuditError(f"{number['file']}: no record says where it is from")
        if number["source"] in made.inputs:
            return replace(made, inputs=(number["source"],))
        copy = replace(made, reasons=list(made.reasons))
        copy.say("TAMPERED", f"{number['file']}: {target} is said to be from {number['source']}, which was not read")
        return copy

    def _numbers(self) -> dict[str, dict]:
        """Numbers of the text that are what they should be."""
        file = self.root / self.folders[0] / NUMBERS
        try:
            document = read_json(file, NUMBERS) if file.exists() else {}
        except RecordError:
            return {}
        numbers = document.get("numbers") if isinstance(document, dict) else None
        entries = numbers.items() if isinstance(numbers, dict) else ()
        return {name: entry for name, entry in entries if _is_number(entry)}

    def number(self, name: str) -> dict | None:
        """``text``, ``unit``, ``source`` and ``file`` of a number of the text. A figure of its name counts first."""
        found = None if _is_of_a_file(name, self.nodes.values()) else self._numbers().get(name)
        return {**found, "file": f"{self.folders[0]}/{NUMBERS}"} if found else None


def _is_of_a_file(name: str, nodes: Iterable[Node]) -> bool:
    """Whether a figure or a file has a name: else whoever writes a number could hide it."""
    figure, *_ = _tiers(name)
    return any(path == name or figure(path.split("/")) for node in nodes for path in node.files)


def _is_number(entry) -> bool:
    names = ("text", "unit", "source")
    return isinstance(entry, dict) and "source" in entry and all(isinstance(entry.get(n, ""), str) for n in names)


def _stem(parts: list[str]) -> str:
    return parts[-1].split(".")[0] if "." in parts[-1] else parts[-1]


def _tiers(wanted: str) -> Iterable[Callable[[list[str]], bool]]:
    """Ways in which a path may be meant by a name, the surest first."""
    return (
        lambda parts: _stem(parts) == wanted and "figures" in parts[-2:-1],
        lambda parts: parts[-1] == wanted or _stem(parts) == wanted,
        lambda parts: wanted in parts,
    )


def lock_versions(lock: Path) -> dict[str, str]:
    """Package -> version of a lock file."""
    return dict(
        re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    )
