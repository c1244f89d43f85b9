"""Names of the levels of a free energy, and how two phases are told apart, in the figures that compare phases."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from qcrystal.figures.kinds import Inputs
from qcrystal.figures.style import METHODS, PHASES, Picture
from qcrystal.variational.gibbs import with_size

LEVELS = {
    "harmonic": "harmonic",
    "occupations": "occupations",
    "scha": "SCHA",
    "flow_bose": "flow, Bose",
    "nct": "flow, free p",
    "path_integrals": "path integrals",
    "classical": "classical",
}
"""Levels in words, in the order of the ansatz; the last two are thermodynamic integrations."""
STYLES = {
    level: (METHODS[name].color, METHODS[name].marker)
    for level, name in zip(LEVELS, ("harmonic", "trpmd", "adqtb", "dft", "qtb", "pimd", "classical"), strict=True)
}
"""Color and marker of each level."""


def phase_style(number: int) -> tuple[str, str]:
    """Color and marker of a phase."""
    return PHASES[number % len(PHASES)]


def note_refused(figure: Picture, summaries: Sequence[pd.DataFrame], names: Sequence[str]) -> None:
    """Say which results of phases of these names are left out because they were refused."""
    for name, summary in zip(names, summaries, strict=True):
        left_out = summary[summary["free_energy"].isna()]
        for reason, rows in left_out.groupby("refused"):
            levels = ", ".join(LEVELS[level] for level in dict.fromkeys(rows["level"]))
            figure.note(f"{name}{', ' if name else ''}refused, not drawn ({levels}): {reason}")


def note_cells(figure: Picture, summaries: Sequence[pd.DataFrame], names: Sequence[str]) -> None:
    """Say how large the cells are."""
    sizes = "; ".join(
        f"{name} {', '.join(map(str, sorted(set(table['atoms']))))}"
        for name, table in zip(names, summaries, strict=True)
    )
    figure.note(f"atoms of the cells: {sizes}")


def sized(inputs: Inputs) -> list[pd.DataFrame]:
    """Summaries of phases, with the correction of their cells' size where tables of it are given."""
    summaries = list(inputs["summaries"])
    return list(map(with_size, summaries, inputs["sizes"])) if inputs.get("sizes") else summaries


def note_sizes(figure: Picture, inputs: Inputs, names: Sequence[str]) -> None:
    """Say how large the corrections of size are, or that there are none."""
    if not inputs.get("sizes"):
        figure.note("free energies of these small cells, without a correction of their size")
        return
    spans = "; ".join(
        f"{name} {table['quantum'].min():+.2f} to {table['quantum'].max():+.2f}"
        for name, table in zip(names, inputs["sizes"], strict=True)
    )
    figure.note(f"a dense mesh of harmonic phonons less the cell's own is added (meV/atom): {spans}")
