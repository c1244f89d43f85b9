"""An audit's answer, in words and as plain data."""

from __future__ import annotations

from pathlib import Path

from qcrystal.provenance.audit import Audit
from qcrystal.provenance.nodes import Node, printable, short
from qcrystal.provenance.verdicts import VERDICTS

ORIGINS = ("card.yaml", "provenance.json", "README.md")
FOLDED = 3  # verified files of one folder that are still shown one by one


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
                "declared_changes": [change.model_dump() for change in node.declared],
                "affects": [] if node.verdict == "VERIFIED" else affected(audit, node),
            }
            for node in nodes
        ],
    }


def affected(audit: Audit, node: Node) -> list[str]:
    """Files of the jobs that hang on a node."""
    return [file for child in audit.dependents(node) for file in child.files]


def condensed(nodes: list[Node]) -> list[Node]:
    """Nodes to be shown: many verified files of one folder of the repository are shown as one."""
    folders: dict[str, list[Node]] = {}
    for node in nodes:
        if node.rule is None and not node.reasons and node.path.count("/") >= 2:
            folders.setdefault("/".join(node.path.split("/")[:2]), []).append(node)
    many = {node.path: folder for folder, members in folders.items() if len(members) > FOLDED for node in members}
    shown: dict[str, Node] = {}
    for node in nodes:
        folder = many.get(node.path)
        if folder is None:
            shown[node.path] = node
        else:
            shown.setdefault(folder, Node(f"{folder} ({len(folders[folder])} files)"))
    return list(shown.values())


def tree(audit: Audit, roots: list[Node]) -> list[str]:
    """The lineage as lines of text; a node that stands above already is not taken apart again."""
    lines: list[str] = []
    seen: set[str] = set()
    waiting = [(node, "", True, 0) for node in reversed(condensed(roots))]
    while waiting:  # no recursion: a lineage may be longer than Python's stack
        node, prefix, last, level = waiting.pop()
        branch = "" if not level else prefix + ("└─ " if last else "├─ ")
        name = node.files[0] if node.files else node.path
        more = f" (+{len(node.files) - 1})" if len(node.files) > 1 else ""
        what = f"  rule {node.rule}  id {short(node.prov_id)}" if node.rule else ""
        parents = condensed(audit.parents(node))
        again = "  (above)" if node.path in seen and parents else ""
        lines.append(f"{branch}{node.verdict}  {name}{more}{what}{again}")
        if node.path in seen:
            continue
        seen.add(node.path)
        deeper = prefix + ("" if not level else "   " if last else "│  ")
        children = [(parent, deeper, n == len(parents) - 1, level + 1) for n, parent in enumerate(parents)]
        waiting += reversed(children)
    return lines


def origin(audit: Audit, node: Node) -> str | None:
    """The file that says where a file of the repository is from: a model's card, a data set's account of its labels."""
    if node.rule is not None or node.path.startswith("results/"):
        return None
    folders = list(Path(node.path).parents)[:-1]  # without the repository itself
    found = (folder / name for folder in folders for name in ORIGINS if (audit.root / folder / name).is_file())
    return next((path.as_posix() for path in found if path.as_posix() != node.path), None)


def report(audit: Audit, roots: list[Node], target: str | None) -> str:
    """The answer in words: the tree (of a target), what is wrong, what hangs on it, and the conclusion.

    Nothing in it can steer a terminal, whatever records and names of files hold.
    """
    nodes = audit.lineage(roots)
    lines = [*_about_target(audit, roots, target), *_faults(audit, nodes), *_notes(nodes)]
    counts = {verdict: sum(node.verdict == verdict for node in nodes) for verdict in VERDICTS}
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count) or "nothing to audit"
    lines.append(summary + _over_declared(nodes))
    return "\n".join(map(printable, lines))


def _about_target(audit: Audit, roots: list[Node], target: str | None) -> list[str]:
    if not target:
        return []
    lines = []
    number = audit.number(target)
    if number:
        value = f"{number.get('text', '')} {number.get('unit', '')}".rstrip()
        lines += [f"{target} = {value}, from {number['source']}", ""]
    origins = dict.fromkeys(filter(None, (origin(audit, node) for node in roots)))
    return [*lines, *tree(audit, roots), *(f"where it is from: {path}" for path in origins), ""]


def _faults(audit: Audit, nodes: list[Node]) -> list[str]:
    lines = []
    reasons: dict[tuple[str, str], list[Node]] = {}
    for node in nodes:
        for reason in node.reasons:
            reasons.setdefault(reason, []).append(node)
    known: dict[tuple[str, ...], dict[str, None]] = {}  # a job may be at fault for tens of thousands of reasons
    for (verdict, text), bad in reasons.items():
        lines.append(f"{verdict}: {text}" + (f" ({len(bad)} jobs)" if len(bad) > 1 else ""))
        jobs = tuple(node.path for node in bad)
        if jobs not in known:
            own = {file for node in bad for file in node.files}
            known[jobs] = dict.fromkeys(file for node in bad for file in affected(audit, node) if file not in own)
        if known[jobs]:
            lines += ["  affects:", *(f"    {file}" for file in known[jobs])]
    return lines


def _over_declared(nodes: list[Node]) -> str:
    """How many verified jobs ran code from which only declared changes lead to that of today."""
    over = [node for node in nodes if node.declared and node.verdict == "VERIFIED"]
    changes = {(change.file, change.after) for node in over for change in node.declared}
    if not over:
        return ""
    return f" ({len(over)} of them over {len(changes)} declared {'change' if len(changes) == 1 else 'changes'} of code)"


def _notes(nodes: list[Node]) -> list[str]:
    flags: dict[str, int] = {}
    for node in nodes:
        for text in node.flags:
            flags[text] = flags.get(text, 0) + 1
    return [f"note: {text} ({count} of {len(nodes)})" for text, count in flags.items()]
