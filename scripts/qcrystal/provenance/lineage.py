"""Lineage of a result, as the records tell it: jobs and files, and which hangs on which. Nothing is judged here."""

from __future__ import annotations

from dataclasses import dataclass

from qcrystal.provenance.nodes import Node, lineage_of, maker_of
from qcrystal.provenance.record import Entry, JobRecord, RecordError


@dataclass(frozen=True)
class Break:
    """An input whose digest in the record of the job that read it is not that in the record of the job that made it."""

    path: str
    made: str
    read: str


class Lineage:
    """Records below the results of a scale, linked by the files that one job made and another read.

    Parameters
    ----------
    records
        By path, as `qcrystal.provenance.record.read_records` reads them. One that cannot be used is left out: what it
        vouched for has then no record.
    """

    def __init__(self, records: dict[str, JobRecord | RecordError]):
        self.jobs: dict[str, Node] = {}
        self._maker: dict[str, Node] = {}
        self._files: dict[str, Node] = {}
        for path, record in records.items():
            if isinstance(record, RecordError):
                continue
            outputs = tuple(entry.path for entry in record.outputs)
            inputs = tuple(entry.path for entry in record.deterministic.inputs)
            self.jobs[path] = Node(path, record.deterministic.rule, record, outputs, inputs)
            self._maker |= dict.fromkeys(outputs, self.jobs[path])

    def made_by(self, path: str) -> Node | None:
        """The job that made a file, or a folder that holds it."""
        return maker_of(path, self._maker)

    def parents(self, node: Node) -> list[Node]:
        """Jobs that made the inputs of a node, and files that no job made; each once."""
        found = [self.made_by(path) or self._files.setdefault(path, Node(path)) for path in node.inputs]
        return list({parent.path: parent for parent in found}.values())

    def behind(self, root: Node) -> list[Node]:
        """A node and all that it hangs on, each once, the node first."""
        return lineage_of([root], self.parents)

    def breaks(self, node: Node) -> list[Break]:
        """Inputs of a job that other jobs made as other files than those it read: records that do not belong together."""
        found = []
        for entry in _inputs(node):
            maker = self.made_by(entry.path)
            made = {output.path: output.sha256 for output in maker.record.outputs} if maker and maker.record else {}
            if entry.path in made and made[entry.path] != entry.sha256:
                found.append(Break(entry.path, made[entry.path], entry.sha256))
        return found


def _inputs(node: Node) -> list[Entry]:
    return node.record.deterministic.inputs if node.record else []
