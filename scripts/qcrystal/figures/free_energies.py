"""Variational free energies of a crystal, level by level, beside thermodynamic integration in the same cell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qcrystal.analysis.sweeps import combine_replicas
from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import PHASES, Picture, legend_above, new_figure, styled
from qcrystal.manuscript.published import Cited

LABELS = {
    "harmonic": "harmonic",
    "occupations": "occupations",
    "scha": "SCHA",
    "flow_bose": "flow,\nBose",
    "nct": "flow,\nfree $p$",
    "path_integrals": "path\nintegrals",
    "classical": "classical",
}
"""Levels from left to right; the last two are thermodynamic integrations."""
INTEGRATED = ("path_integrals", "classical")


def over_seeds(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean F of each level over seeds, with the error of replicas: value and error by level."""
    return combine_replicas(rows.rename(columns={"free_energy_error": "error"}), ["level"], "free_energy").set_index(
        "level"
    )


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """F less the energy at rest by each level and by integration, one line for each pressure or volume and temperature.

    Rows that were refused are not drawn; a note counts them with their reasons.
    """
    figure, axes = new_figure(1, 3.0)
    panel = axes[0, 0]
    every = inputs["summary"]
    summary = every[every["free_energy"].notna()]
    present = [level for level in LABELS if level in set(summary["level"])]
    size = np.where(
        summary["pressure_target"].notna(),
        summary["pressure_target"].map("{:g} GPa".format),
        summary["volume"].map("{:.3g} Å³/atom".format),
    )
    groups = list(summary.assign(size=size).groupby(["size", "temperature_target"]))
    for number, ((where, temperature), rows) in enumerate(groups):
        color, marker = PHASES[number % len(PHASES)]
        found = over_seeds(rows).reindex([level for level in present if level in set(rows["level"])])
        ansatz = [level for level in found.index if level not in INTEGRATED]
        shift = 0.06 * (number - 0.5 * (len(groups) - 1))
        for levels, line in ((ansatz, "-"), (list(found.index.difference(ansatz)), "none")):
            x = [present.index(level) + shift for level in levels]
            panel.errorbar(
                x, found.loc[levels, "value"], found.loc[levels, "error"], color=color, marker=marker, linestyle=line,
                linewidth=0.8, capsize=2, label=f"{where}, {temperature:g} K" if levels is ansatz else None,
            )  # fmt: skip
    panel.set_xticks(range(len(present)), [LABELS[level] for level in present])
    panel.set_ylabel("$F - E_0$ (meV/atom)")
    legend_above(figure, [panel], columns=2)
    figure.note("each level but the harmonic one is an upper bound for this potential, and contains the one before it")
    if set(INTEGRATED) & set(present):
        figure.note("thermodynamic integrations in the same cell: with path integrals the limit that no bound may pass")
    for reason, rows in every[every["free_energy"].isna()].groupby("refused"):
        names = ", ".join(LABELS[level].replace("\n", " ") for level in dict.fromkeys(rows["level"]))
        figure.note(f"refused, not drawn ({names}): {reason}")
    figure.note(f"cells of {', '.join(str(n) for n in sorted(set(summary['atoms'])))} atoms")
    return figure
