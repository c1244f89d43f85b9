"""Variational free energies of a crystal, level by level, beside thermodynamic integration in the same cell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qcrystal.analysis.sweeps import combine_replicas
from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.phase_names import LEVELS, note_refused
from qcrystal.figures.style import PHASES, Picture, legend_above, new_figure, styled
from qcrystal.manuscript.published import Cited


def over_seeds(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean F of each level over seeds, with the error of replicas: value and error by level."""
    return combine_replicas(rows.rename(columns={"free_energy_error": "error"}), ["level"], "free_energy").set_index(
        "level"
    )


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """F less the energy at rest by each level, one line for each pressure or volume and temperature, and by path integrals.

    Classical atoms lie far below and stand in a note. Rows that were refused are not drawn; a note gives the reasons.
    """
    figure, axes = new_figure(1, 3.0)
    panel = axes[0, 0]
    known = inputs["summary"][inputs["summary"]["free_energy"].notna()]
    summary = known[known["level"] != "classical"]
    present = [level for level in LEVELS if level in set(summary["level"])]
    groups = list(known.assign(size=_sizes(known)).groupby(["size", "temperature_target"]))
    for number, ((where, temperature), rows) in enumerate(groups):
        color, marker = PHASES[number % len(PHASES)]
        found, state = over_seeds(rows), f"{where}, {temperature:g} K"
        shift = 0.06 * (number - 0.5 * (len(groups) - 1))
        bounds = [level for level in present if level in found.index and level != "path_integrals"]
        exact = [level for level in ("path_integrals",) if level in found.index]
        for levels, line, label in ((bounds, "-", state), (exact, "none", None)):
            x = [present.index(level) + shift for level in levels]
            panel.errorbar(
                x, found.loc[levels, "value"], found.loc[levels, "error"], color=color, marker=marker, linestyle=line,
                linewidth=0.8, capsize=2, label=label,
            )  # fmt: skip
        if "classical" in found.index:
            value = found.loc["classical"]
            figure.note(f"classical atoms, {state}: {value['value']:.1f} ± {value['error']:.1f} meV/atom, not drawn")
    panel.set_xticks(
        range(len(present)), [LEVELS[level].replace(", ", ",\n").replace("path ", "path\n") for level in present]
    )
    panel.set_ylabel("$F - E_0$ (meV/atom)")
    legend_above(figure, [panel], columns=2)
    figure.note("each level but the harmonic one is an upper bound for this potential, and contains the one before it")
    if "path_integrals" in present:
        figure.note("path integrals: thermodynamic integration in the same cell, which no bound may pass")
    note_refused(figure, [inputs["summary"]], [""])
    figure.note(f"cells of {', '.join(str(n) for n in sorted(set(summary['atoms'])))} atoms")
    return figure


def _sizes(summary: pd.DataFrame) -> np.ndarray:
    """Pressure of each row in words, or its volume."""
    return np.where(
        summary["pressure_target"].notna(),
        summary["pressure_target"].map("{:g} GPa".format),
        summary["volume"].map("{:.3g} Å³/atom".format),
    )
