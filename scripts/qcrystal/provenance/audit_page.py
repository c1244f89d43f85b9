"""An audit's answer as one HTML page: the figure, its lineage as a graph, and each node's record one click away."""

from __future__ import annotations

import base64
import json
from html import escape

from qcrystal.provenance.audit import Audit, Node, condensed, report

BOX = (215.0, 26.0)  # px
GAP = (60.0, 10.0)
COLORS = {
    "VERIFIED": "#009E73",
    "TAMPERED": "#D55E00",
    "MISSING": "#D55E00",
    "INCOMPLETE": "#D55E00",
    "UNTRACKED": "#CC79A7",
}
OTHER = "#E69F00"

STYLE = """
body { font-family: sans-serif; max-width: 75em; margin: 1em auto; padding: 0 1em; color: #222 }
img { max-width: 100%; max-height: 34em; border: 1px solid #ddd }
pre { white-space: pre-wrap; background: #f6f6f6; padding: 0.6em; font-size: 85% }
.graph { overflow: auto; border: 1px solid #ddd; max-height: 45em }
.graph text { font-size: 11px }
section { border-left: 5px solid; padding: 0.1em 0.8em; margin: 0.8em 0 }
section:target { background: #fff6d5 }
h3 { margin: 0.3em 0; font-size: 100%; overflow-wrap: anywhere }
""".strip()


def color(node: Node) -> str:
    """Colour of a node's verdict."""
    return COLORS.get(node.verdict, OTHER)


def shown(audit: Audit, roots: list[Node]) -> tuple[list[Node], dict[str, list[Node]]]:
    """Nodes of the graph, roots first, and what each hangs on; many files of one folder are one node."""
    nodes, parents, waiting = {}, {}, list(roots)
    while waiting:
        node = waiting.pop(0)
        if node.path not in nodes:
            nodes[node.path] = node
            parents[node.path] = condensed(audit.parents(node))
            waiting.extend(parents[node.path])
    return list(nodes.values()), parents


def depths(parents: dict[str, list[Node]], roots: list[Node]) -> dict[str, int]:
    """Longest way from a root to each node, in steps."""
    found: dict[str, int] = {}

    def follow(path: str, depth: int) -> None:
        if found.get(path, -1) < depth:
            found[path] = depth
            for parent in parents[path]:
                follow(parent.path, depth + 1)

    for root in roots:
        follow(root.path, 0)
    return found


def layout(nodes: list[Node], parents: dict[str, list[Node]], roots: list[Node]) -> dict[str, tuple[float, float]]:
    """Upper left corners (px) of the boxes: what hangs on nothing stands left, the roots right.

    Within a column nodes stand in the order of what uses them.
    """
    depth = depths(parents, roots)
    columns: dict[int, list[Node]] = {}
    for node in nodes:
        columns.setdefault(depth[node.path], []).append(node)
    height, deepest = {}, max(columns)
    for column in range(deepest + 1):
        users: dict[str, list[float]] = {}
        for other in (node for nearer in range(column) for node in columns[nearer]):
            for parent in parents[other.path]:
                users.setdefault(parent.path, []).append(height[other.path])
        members = columns.get(column, [])
        mean = {node.path: sum(users.get(node.path, [0.0])) / len(users.get(node.path, [0.0])) for node in members}
        for row, node in enumerate(sorted(members, key=lambda node: (mean[node.path], node.path))):
            height[node.path] = 10.0 + row * (BOX[1] + GAP[1])
    return {node.path: (10.0 + (deepest - depth[node.path]) * (BOX[0] + GAP[0]), height[node.path]) for node in nodes}


def graph(nodes: list[Node], parents: dict[str, list[Node]], roots: list[Node]) -> str:
    """The lineage as SVG."""
    place = layout(nodes, parents, roots)
    width = max(x for x, _ in place.values()) + BOX[0] + 10
    height = max(y for _, y in place.values()) + BOX[1] + 10
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}">']
    for node in nodes:
        x, y = place[node.path]
        for parent in parents[node.path]:
            left, top = place[parent.path]
            a, b, middle = (left + BOX[0], top + BOX[1] / 2), (x, y + BOX[1] / 2), (left + BOX[0] + x) / 2
            parts.append(
                f'<path d="M{a[0]:.0f} {a[1]:.0f}C{middle:.0f} {a[1]:.0f} {middle:.0f} {b[1]:.0f} {b[0]:.0f} {b[1]:.0f}" '
                'fill="none" stroke="#999"/>'
            )
    for number, node in enumerate(nodes):
        x, y = place[node.path]
        name = (node.files or (node.path,))[0]
        short = "/".join(name.split("/")[-2:])
        short = short if len(short) < 31 else "…" + short[-29:]
        parts.append(
            f'<a href="#node{number}"><title>{escape(node.verdict)}: {escape(name)}</title>'
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{BOX[0]:.0f}" height="{BOX[1]:.0f}" rx="4" fill="white" '
            f'stroke="{color(node)}" stroke-width="2"/>'
            f'<text x="{x + 6:.0f}" y="{y + 17:.0f}">{escape(short)}</text></a>'
        )
    return "\n".join([*parts, "</svg>"])


def _section(audit: Audit, number: int, node: Node) -> str:
    files = ", ".join(escape(file) for file in node.files)
    lines = [f'<section id="node{number}" style="border-color:{color(node)}"><h3>{node.verdict}: {files}</h3>']
    lines += [f"<p><b>{verdict}</b> {escape(text)}</p>" for verdict, text in node.reasons]
    lines += [f"<p>{escape(text)}</p>" for text in node.flags]
    if node.verdict != "VERIFIED":
        affected = [file for child in audit.dependents(node) for file in child.files]
        lines += [f"<p>affects: {escape(', '.join(affected))}</p>"] if affected else []
    if node.record:
        text = escape(json.dumps(node.record, indent=1, sort_keys=True))
        lines.append(
            f"<details><summary>rule {escape(node.rule)}, {escape(node.path)}</summary><pre>{text}</pre></details>"
        )
    return "\n".join([*lines, "</section>"])


def page(audit: Audit, roots: list[Node], target: str | None) -> str:
    """The page as text; figures among the roots are part of it, so that it can be sent as one file."""
    nodes, parents = shown(audit, roots)
    title = escape(target or audit.folders[0])
    images = []
    for file in (file for root in roots for file in root.files if target and file.endswith(".png")):
        if (audit.root / file).is_file():
            data = base64.b64encode((audit.root / file).read_bytes()).decode()
            images.append(f'<img alt="{escape(file)}" src="data:image/png;base64,{data}">')
    sections = [_section(audit, number, node) for number, node in enumerate(nodes)]
    return "\n".join(
        [
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style></head>',
            f"<body><h1>{title}</h1>",
            *images,
            f"<h2>Verdict</h2><pre>{escape(report(audit, roots, target))}</pre>",
            f'<h2>Lineage</h2><div class="graph">{graph(nodes, parents, roots)}</div>',
            "<h2>Records</h2>",
            *sections,
            "</body></html>\n",
        ]
    )
