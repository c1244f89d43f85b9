"""Notes of a caption about the runs behind a figure: that they are short, or that they extrapolate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from qcrystal.figures.style import span_text

CONVERGED_LENGTH = 20.0  # ps; captions say so when their runs are shorter


def run_notes(tables: Sequence[pd.DataFrame], converged_length: float = CONVERGED_LENGTH) -> Iterator[str]:
    """Notes about the runs of sweep tables with the columns run, length_ps (ps), atoms and extrapolates."""
    length = pd.concat([frame["length_ps"] for frame in tables])
    atoms = pd.concat([frame["atoms"] for frame in tables])
    if length.min() < converged_length:
        runs = span_text(length.min(), length.max(), "ps")
        yield f"short runs: {runs}, {span_text(atoms.min(), atoms.max(), 'atoms')}"
    yield from _extrapolation(tables)


def _extrapolation(tables: Sequence[pd.DataFrame]) -> Iterator[str]:
    """How many of the runs leave the conditions in which the potential is known, and how."""
    runs = pd.concat([frame[["run", "extrapolates"]] for frame in tables]).drop_duplicates("run")["extrapolates"]
    reasons = {
        "outside the pressures trained on": runs.str.contains("pressure"),
        "beyond the committee's deviation on held-out frames": runs.str.contains("deviation"),
    }
    found = [f"{int(chosen.sum())} {text}" for text, chosen in reasons.items() if chosen.any()]
    if found:
        yield f"extrapolating, of {len(runs)} runs: {', '.join(found)}"
    unknown = int((runs == "unknown").sum())
    if unknown:
        yield f"of {unknown} of {len(runs)} runs it is not known whether they extrapolate: no committee, or no beads kept"
