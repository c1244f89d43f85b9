"""Variational free energies of a crystal, level by level."""

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
}


def over_seeds(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean F of each level over seeds, with the error of replicas: value and error by level."""
    return combine_replicas(rows.rename(columns={"free_energy_error": "error"}), ["level"], "free_energy").set_index(
        "level"
    )


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """F less the energy at rest by each level, one line for each pressure or volume and temperature."""
    figure, axes = new_figure(1, 3.0)
    panel = axes[0, 0]
    summary = inputs["summary"]
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
        x = [present.index(level) for level in found.index]
        panel.errorbar(
            x, found["value"], found["error"], color=color, marker=marker, linewidth=0.8, capsize=2,
            label=f"{where}, {temperature:g} K",
        )  # fmt: skip
    panel.set_xticks(range(len(present)), [LABELS[level] for level in present])
    panel.set_ylabel("$F - E_0$ (meV/atom)")
    legend_above(figure, [panel], columns=2)
    figure.note("each level contains the one before it; all but the harmonic one are upper bounds for this potential")
    figure.note(f"cells of {', '.join(str(n) for n in sorted(set(summary['atoms'])))} atoms")
    return figure
