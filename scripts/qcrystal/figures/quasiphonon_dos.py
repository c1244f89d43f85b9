"""Densities of states of harmonic phonons and of quasi-phonons of two phases."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qcrystal.figures.kinds import Inputs
from qcrystal.figures.nct_training import chosen, note_volume
from qcrystal.figures.phase_names import LEVELS, note_cells, note_refused, phase_style
from qcrystal.figures.phase_options import QuasiphononDos
from qcrystal.figures.style import Picture, legend_above, new_figure, styled
from qcrystal.manuscript.published import Cited

ANSATZ = ("occupations", "scha", "flow_bose", "nct")
"""Levels of the ansatz, in its order: quasi-phonons are those of the highest one."""


def density(energies: np.ndarray, grid: np.ndarray, width: float, atoms: int) -> np.ndarray:
    """States per meV and atom: Gaussians of a standard deviation ``width`` (meV), whose integral is the number of phonons."""
    shapes = np.exp(-0.5 * ((grid[:, None] - energies) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    return shapes.sum(axis=1) / atoms


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: QuasiphononDos) -> Picture:
    """States per atom: dashed by the force constants, solid by what one quantum costs in the trained state.

    Partners of one star are drawn at their mean: their energies differ by noise alone, which would broaden the curve.
    Published shifts of the zero-point energy stand in the notes beside ours.
    """
    figure, axes = new_figure(1, 3.0)
    panel = axes[0, 0]
    tables = list(zip(options.names, inputs["phonons"], inputs["summaries"], strict=True))
    top = max(float(table[["harmonic_energy", "energy"]].max(axis=None)) for _, table, _ in tables)
    low = min(float(table[["harmonic_energy", "energy"]].min(axis=None)) for _, table, _ in tables)
    grid = np.linspace(min(0.0, low - 4 * options.width), top + 4 * options.width, 400)
    for number, (name, table, summary) in enumerate(tables):
        color, _ = phase_style(number)
        rows = chosen(summary, options)
        phonons = table[table["run"].isin(rows["run"])]
        if phonons.empty:
            figure.note(f"{name}: nothing at {options.temperature:g} K")
            continue
        note_volume(figure, name, rows)
        atoms = int(rows["atoms"].iloc[0])
        harmonic, energies = (
            phonons.groupby("star")[column].transform("mean").to_numpy(float)
            for column in ("harmonic_energy", "energy")
        )
        panel.plot(
            grid,
            density(harmonic, grid, options.width, atoms),
            "--",
            color=color,
            linewidth=0.8,
            label=f"{name}, harmonic",
        )
        zero = 0.5 * harmonic.sum() / atoms
        text = f"zero-point energy of {name}: harmonic {zero:.2f} meV/atom"
        if np.isfinite(energies).all():
            panel.plot(grid, density(energies, grid, options.width, atoms), color=color, label=f"{name}, anharmonic")
            shift, error = phonons[["zero_point_shift", "zero_point_shift_error"]].iloc[0]
            level = LEVELS[rows["level"][rows["level"].isin(ANSATZ)].iloc[-1]]
            spread = phonons["energy_error"].median()
            figure.note(
                f"{name}: a phonon's own error is {spread:.1f} meV in the median; partners are drawn at their mean"
            )
            text += f", anharmonic ({level}) less harmonic {shift:+.2f} ± {error:.2f}"
        if name in published:
            text += f" (published shift {published[name].number:+.2f}, {published[name].where})"
        figure.note(text)
        figure.note(f"{name}: the integral is {len(phonons) / atoms:.2f}, 3 less what translations of the cell take")
    panel.set_xlim(grid[0], grid[-1])
    panel.set_xlabel("energy (meV)")
    panel.set_ylabel(r"states (meV$^{-1}$ atom$^{-1}$)")
    panel.set_ylim(bottom=0)
    legend_above(figure, [panel], columns=2)
    figure.note(f"{options.temperature:g} K; each phonon is a Gaussian of {options.width:g} meV")
    note_cells(figure, inputs["summaries"], options.names)
    note_refused(figure, [chosen(one, options) for one in inputs["summaries"]], options.names)
    return figure
