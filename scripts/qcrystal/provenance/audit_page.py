"""An audit's answer as one HTML page: the figure, its lineage as a graph, and each node's record one click away."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Protocol

import networkx as nx
from jinja2 import Environment, PackageLoader

from qcrystal.provenance.audit import Audit
from qcrystal.provenance.audit_report import affected, condensed, report
from qcrystal.provenance.embedded import PNG
from qcrystal.provenance.nodes import Node, lineage_of, printable

TEMPLATE = "audit_page.html.j2"
BOX = (215.0, 26.0)  # px
GAP = (60.0, 10.0)
MARGIN = 10.0
LARGEST_PICTURE = 20_000_000  # bytes; figures have some hundred thousand


class Graph(Protocol):
    """A graph that knows the parents of each node: an audit, or a lineage."""

    def parents(self, node: Node) -> list[Node]:
        """Nodes that made its inputs, and files that no job made."""


def shown(graph: Graph, roots: list[Node]) -> tuple[list[Node], dict[str, list[Node]]]:
    """Nodes of the graph, roots first, and what each hangs on; many files of one folder are one node."""
    parents: dict[str, list[Node]] = {}

    def above(node: Node) -> list[Node]:
        parents[node.path] = condensed(graph.parents(node))
        return parents[node.path]

    return lineage_of(roots, above), parents


def layout(nodes: list[Node], parents: dict[str, list[Node]]) -> dict[str, tuple[float, float]]:
    """Upper left corners (px) of the boxes: what hangs on nothing stands left, and each node right of all that it hangs on.

    Records that hang on themselves, which only a forger writes, share one column.
    """
    graph: nx.DiGraph = nx.DiGraph()
    graph.add_nodes_from(node.path for node in nodes)
    graph.add_edges_from((parent.path, path) for path, above in parents.items() for parent in above)
    groups = nx.condensation(graph)
    for column, generation in enumerate(nx.topological_generations(groups)):
        for group in generation:
            for path in groups.nodes[group]["members"]:
                graph.nodes[path]["column"] = column
    places = nx.multipartite_layout(graph, subset_key="column")
    columns: dict[int, list[str]] = {}
    for path in sorted(graph, key=lambda path: (-places[path][1], path)):
        columns.setdefault(graph.nodes[path]["column"], []).append(path)
    return {
        path: (MARGIN + column * (BOX[0] + GAP[0]), MARGIN + row * (BOX[1] + GAP[1]))
        for column, members in columns.items()
        for row, path in enumerate(members)
    }


def _edges(nodes: list[Node], parents: dict[str, list[Node]], place: dict[str, tuple[float, float]]) -> list[str]:
    """SVG paths of the arrows, from the right of a parent's box to the left of its child's."""
    curves = []
    for node in nodes:
        x, y = place[node.path]
        for parent in parents[node.path]:
            left, top = place[parent.path]
            a, b = (left + BOX[0], top + BOX[1] / 2), (x, y + BOX[1] / 2)
            middle = (a[0] + b[0]) / 2
            curves.append(
                f"M{a[0]:.0f} {a[1]:.0f}C{middle:.0f} {a[1]:.0f} {middle:.0f} {b[1]:.0f} {b[0]:.0f} {b[1]:.0f}"
            )
    return curves


def _can_be_shown(picture: Path) -> bool:
    """Whether a file is a picture: a link of its name may lead to a file that its owner does not want to hand on."""
    if not picture.is_file() or picture.stat().st_size >= LARGEST_PICTURE:
        return False
    with open(picture, "rb") as file:
        return file.read(len(PNG)) == PNG


def drawing(
    nodes: list[Node], parents: dict[str, list[Node]]
) -> tuple[dict[str, tuple[float, float]], list[str], tuple[float, float]]:
    """Places of the boxes, SVG paths of the arrows, and width and height of the whole, in px."""
    place = layout(nodes, parents)
    width, height = (max((at[axis] for at in place.values()), default=0.0) + BOX[axis] + MARGIN for axis in (0, 1))
    return place, _edges(nodes, parents, place), (width, height)


def box_name(node: Node) -> str:
    """Text in the box of a node: the end of its file's path."""
    name = "/".join(printable((node.files or (node.path,))[0]).split("/")[-2:])
    return name if len(name) < 31 else "…" + name[-29:]


def page(audit: Audit, roots: list[Node], target: str | None) -> str:
    """The page as text; figures among the roots are part of it, so that it can be sent as one file."""
    nodes, parents = shown(audit, roots)
    place, curves, (width, height) = drawing(nodes, parents)
    pictures = {
        printable(file): base64.b64encode((audit.root / file).read_bytes()).decode()
        for root in roots
        for file in root.files
        if target and file.endswith(".png") and _can_be_shown(audit.root / file)
    }
    boxes = [
        {
            "node": node,
            "x": place[node.path][0],
            "y": place[node.path][1],
            "name": box_name(node),
            "files": printable(", ".join(node.files)),
            "path": printable(node.path),
            "reasons": [(verdict, printable(text)) for verdict, text in node.reasons],
            "flags": [printable(text) for text in node.flags],
            "affects": printable(", ".join(affected(audit, node))) if node.verdict != "VERIFIED" else "",
            "record": json.dumps(node.record.model_dump(by_alias=True), indent=1, sort_keys=True)
            if node.record
            else "",
        }
        for node in nodes
    ]
    template = Environment(loader=PackageLoader("qcrystal", "provenance"), autoescape=True).get_template(TEMPLATE)
    return template.render(
        title=printable(target or audit.folders[0]),
        pictures=pictures,
        report=report(audit, roots, target),
        boxes=boxes,
        curves=curves,
        box=BOX,
        width=width,
        height=height,
    )
