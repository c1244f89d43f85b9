"""The house as a graph: which rooms of the library import which, and which stages of the workflow feed which."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import networkx

TOOLS = ("units", "errors", "fields", "files", "processes", "forks")
"""Modules of the library's root. They import no room."""


def room(name: str) -> str:
    """Room of a module such as ``qcrystal.dynamics.bath.noise``: ``dynamics``. Modules of the root are ``tools``."""
    parts = name.split(".")
    return "tools" if len(parts) < 2 or parts[1] in TOOLS or parts[1] == "__main__" else parts[1]


def rooms(package: Path) -> networkx.DiGraph:
    """Rooms of a package and the imports between them.

    Parameters
    ----------
    package
        Folder ``qcrystal``.

    Returns
    -------
    networkx.DiGraph
        An edge a -> b says that a module of room a imports one of room b. The edge's ``modules`` names the pairs.
    """
    graph: networkx.DiGraph = networkx.DiGraph()
    for path in sorted(package.rglob("*.py")):
        if path.name == "__init__.py":  # empty
            continue
        module = ".".join([package.name, *path.relative_to(package).with_suffix("").parts])
        here = room(module)
        graph.add_node(here)
        for name in imported_modules(path):
            there = room(name)
            if there == here or not name.startswith(f"{package.name}."):
                continue
            graph.add_edge(here, there)
            graph.edges[here, there].setdefault("modules", set()).add((module, name))
    graph.remove_nodes_from([node for node in ("commands", "docs") if node in graph])  # they may import every room
    return graph


def imported_modules(path: Path) -> set[str]:
    """Absolute names that a source file imports, at its top or within a function."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def stages(rulegraphs: Iterable[str], rules: Path) -> networkx.DiGraph:
    """Stages of the workflow and what flows between them.

    Parameters
    ----------
    rulegraphs
        Answers of ``snakemake --rulegraph``, in Graphviz's language, one for each plan.
    rules
        Folder of the rules. The name of a file there is the stage of its rules.
    """
    stage_of = {}
    for path in sorted(rules.glob("*.smk")):
        for name in re.findall(r"^ *(?:use )?rule (?:\w+ as )?(\w+)", path.read_text(encoding="utf-8"), re.M):
            stage_of[name] = path.stem
    targets = {"all", "figures", "paper"}  # they make nothing themselves
    graph: networkx.DiGraph = networkx.DiGraph()
    for rulegraph in rulegraphs:
        labels = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', rulegraph, re.M))
        for first, second in re.findall(r"^\s*(\d+) -> (\d+)", rulegraph, re.M):
            if labels[second] in targets:
                continue
            # figures are rules of a loop, named by their pictures
            one, two = (stage_of.get(labels[number], "figures") for number in (first, second))
            graph.add_nodes_from((one, two))
            if one != two:
                graph.add_edge(one, two)
    return graph


def arrows_of(graph: networkx.DiGraph) -> str:
    """Arrows of a graph as text, sorted: ``a -> b, a -> c``."""
    return ", ".join(f"{first} -> {second}" for first, second in sorted(graph.edges))


def floors(graph: networkx.DiGraph) -> dict[str, int]:
    """Floor of each room: 0 if it imports none, else one above the highest that it imports.

    Raises
    ------
    ValueError
        If rooms import each other in a circle.
    """
    try:
        order = list(networkx.topological_sort(graph))
    except networkx.NetworkXUnfeasible:
        circle = " -> ".join(edge[0] for edge in networkx.find_cycle(graph))
        raise ValueError(f"rooms import each other in a circle: {circle}") from None
    floor: dict[str, int] = {}
    for node in reversed(order):
        floor[node] = 1 + max((floor[other] for other in graph.successors(node)), default=-1)
    return floor
