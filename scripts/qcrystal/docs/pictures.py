"""Pictures of the documentation. Each is computed: from formulas of the library, from a table, or from the code itself."""

from __future__ import annotations

import itertools
from pathlib import Path

import networkx
import numpy as np
import pandas as pd
from ase import units
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from PIL import Image

from qcrystal.crystal.cells import conventional_cell
from qcrystal.crystal.prototype import Prototype
from qcrystal.docs.house import arrows_of, floors
from qcrystal.dynamics.bath.spectra import cutoff_filter, lorentzian_kernels
from qcrystal.figures.style import styled
from qcrystal.units import oscillator_energy

RESOLUTION = 200  # dots per inch
FRICTIONS = np.linspace(1.0, 20.0, 20)  # 1/ps
CUTOFF = 120.0  # THz, of the bath's spectrum
WIDTH, HEIGHT = 0.92, 0.42  # of a box, where boxes stand about 1.2 apart
COLORS = ("#0072B2", "#D55E00", "#009E73")  # Okabe and Ito


def save(figure: Figure, path: Path) -> None:
    """Write a picture as PNG; the bytes depend on what it shows alone. The label of the figure becomes its description."""
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=RESOLUTION, metadata={"Software": None, "Description": figure.get_label() or None})


def description(path: Path) -> str:
    """Description that a picture of `save` carries; empty if it has none."""
    with Image.open(path) as image:
        return str(image.info.get("Description", ""))


@styled
def bath() -> Figure:
    """Energies of quantum oscillators, and what friction does to one of them."""
    figure = Figure(figsize=(7.0, 2.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    temperatures = np.linspace(0.0, 1500.0, 200)
    for color, frequency in zip(COLORS, (10.0, 30.0, 60.0), strict=True):
        energy = [1e3 * float(oscillator_energy(frequency, temperature)) for temperature in temperatures]
        left.plot(temperatures, energy, color=color, label=f"{frequency:g} THz")
    left.plot(temperatures, 1e3 * units.kB * temperatures, "k--", label="classical")
    left.set(xlabel="temperature (K)", ylabel="energy per oscillator (meV)", xlim=(0, 1500), ylim=(0, 200))
    left.legend(loc="lower right")
    grid = np.linspace(-400.0, 400.0, 160_001)
    spectrum = oscillator_energy(grid, 300.0) * cutoff_filter(np.abs(grid), CUTOFF)
    exact = float(oscillator_energy(30.0, 300.0))
    errors = []
    for friction in FRICTIONS:
        kernels = lorentzian_kernels(grid, [30.0], friction)
        # the kernels integrate to 1 over angular frequency
        energies = [2 * np.pi * np.trapezoid(kernel[0] * spectrum, grid) for kernel in kernels]
        errors.append([100 * (energy / exact - 1) for energy in energies])
    potential, kinetic = np.transpose(errors)
    right.plot(FRICTIONS, kinetic, color=COLORS[1], label="kinetic energy")
    right.plot(FRICTIONS, potential, color=COLORS[0], label="potential energy")
    right.axhline(0, color="0.5", linewidth=0.6)
    right.set(xlabel="friction γ (1/ps)", ylabel="error at 30 THz, 300 K (%)", xlim=(0, 20))
    right.legend(loc="upper left")
    for axes, letter in ((left, "(a)"), (right, "(b)")):
        axes.set_title(letter, loc="left")
    return figure


@styled
def beads() -> Figure:
    """Energy of a cold oscillator with a finite number of beads over its exact energy."""
    figure = Figure(figsize=(3.6, 2.6), layout="constrained")
    axes = figure.subplots()
    frequency, temperature = 60.0, 5.0
    exact = float(oscillator_energy(frequency, temperature))
    ratio = 2.0 * exact / (units.kB * temperature)  # βħω, as the oscillator is cold
    numbers = np.unique(np.round(ratio * np.geomspace(0.2, 8.0, 60)).astype(int))
    energy = np.array([oscillator_energy(frequency, temperature, int(number)) for number in numbers]) / exact
    axes.plot(numbers / ratio, energy, color=COLORS[0])
    marked = np.array([1.0, 2.0, 3.5])
    axes.plot(marked, np.interp(marked, numbers / ratio, energy), "o", markerfacecolor="none", color="k")
    axes.axhline(1, color="0.5", linewidth=0.6)
    axes.set(xlabel="beads over βħω", ylabel="energy over exact energy", xlim=(0, 8), ylim=(0.2, 1.05))
    return figure


@styled
def invariants(tried: Path) -> Figure:
    """Force errors of the networks of ``models/tried.csv`` that were tested on all held-out frames, against their cost."""
    table = pd.read_csv(tried).dropna(subset=["step_ratio", "force_rmse"])
    table = table[table["test_frames"] >= 200]
    cubic = table["remark"].fillna("").str.contains("cubic|invariants|degree|probes")
    figure = Figure(figsize=(3.6, 2.6), layout="constrained")
    axes = figure.subplots()
    for rows, label, marker, color in (
        (table[~cubic], "products of two", "s", COLORS[1]),
        (table[cubic], "products of three", "o", COLORS[0]),
    ):
        axes.plot(rows["step_ratio"], rows["force_rmse"], marker, color=color, markerfacecolor="none", label=label)
    axes.set(
        xlabel="step over that of the published network", ylabel="force error (meV/Å)", xlim=(0, 1.1), ylim=(0, 240)
    )
    axes.legend(loc="lower left")
    return figure


@styled
def speed(table: Path) -> Figure:
    """Steps of the engines over that of the published architecture, from the table that `make bench` writes."""
    rows = pd.read_csv(table)
    figure = Figure(figsize=(4.6, 2.6), layout="constrained")
    axes = figure.subplots()
    kinds = rows[["atoms", "beads"]].drop_duplicates().to_numpy()
    bars = rows.loc[rows["times_published"] != 1, ["model", "engine"]].drop_duplicates().to_numpy()
    width = 0.8 / len(bars)
    for number, (model, engine) in enumerate(bars):
        own = rows[(rows["model"] == model) & (rows["engine"] == engine)]
        color = COLORS[number // 2 % len(COLORS)]
        axes.bar(
            np.arange(len(own)) + (number - (len(bars) - 1) / 2) * width,
            own["times_published"],
            width,
            color=color if engine == "native" else "none",
            edgecolor=color,
            label=f"{model}, {'native' if engine == 'native' else 'DeePMD-kit'}",
        )
    labels = [f"{atoms} atoms" + (f"\n{beads} beads" if beads > 1 else "") for atoms, beads in kinds]
    axes.set_xticks(range(len(labels)), labels)
    axes.axhline(1.0, color="0.4", linewidth=0.8)
    axes.set(ylabel="times faster than the published\narchitecture with DeePMD-kit")
    axes.set_ylim(0, 1.35 * rows["times_published"].max())
    axes.legend(fontsize=7, ncols=2, loc="upper right")
    return figure


@styled
def cage(prototype: Prototype) -> Figure:
    """The cage of 32 hydrogen atoms around lanthanum in the cubic crystal, one of its squares filled."""
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    cell = conventional_cell(prototype, prototype.lattice_constant).repeat((3, 3, 3))
    length = prototype.lattice_constant
    symbols = np.array(cell.get_chemical_symbols())
    positions = cell.positions
    heavy = positions[symbols == "La"]
    centre = heavy[np.argmin(np.linalg.norm(heavy - positions.mean(0), axis=1))]
    hydrogen = positions[symbols == "H"] - centre
    hydrogen = hydrogen[np.argsort(np.linalg.norm(hydrogen, axis=1))[:32]]
    figure = Figure(figsize=(3.4, 3.2), layout="constrained")
    axes = figure.add_subplot(projection="3d")
    distances = np.linalg.norm(hydrogen[:, None] - hydrogen[None], axis=-1)
    bonded = np.argwhere(np.triu((distances > 0.1) & (distances < 0.26 * length)))
    for first, second in bonded:
        axes.plot(*hydrogen[[first, second]].T, color="0.6", linewidth=0.8)
    top = hydrogen[hydrogen[:, 2] > hydrogen[:, 2].max() - 0.05]
    top = top[np.argsort(np.arctan2(top[:, 1], top[:, 0]))]
    axes.add_collection3d(Poly3DCollection([top], facecolor=COLORS[0], alpha=0.35))
    axes.scatter(*hydrogen.T, s=18, color=COLORS[0], depthshade=False)
    axes.scatter(0, 0, 0, s=90, color="#E69F00", depthshade=False)
    axes.set_box_aspect((1, 1, 1))
    axes.view_init(elev=22, azim=-62)
    axes.set_axis_off()
    return figure


def flow(graph: networkx.DiGraph) -> Figure:
    """The stages of the workflow, what feeds what from left to right."""
    return _drawn(graph, (8.0, 2.0), sideways=True)


def house(graph: networkx.DiGraph) -> Figure:
    """The rooms of the library, each above what it imports."""
    return _drawn(graph, (7.0, 5.0), sideways=False)


Node = str | tuple[str, str, int]
"""A box by its name, or the bend of an arrow on a floor between two boxes."""


def _places(level: dict[str, int], chains: list[list[Node]]) -> dict[Node, tuple[float, int]]:
    """Place along its floor, and floor, of each box and of each bend of an arrow, near the neighbours on the floors above."""
    floor: dict[Node, int] = dict(level.items())
    floor |= {node: node[2] for chain in chains for node in chain if isinstance(node, tuple)}
    joined = networkx.Graph([pair for chain in chains for pair in itertools.pairwise(chain)])
    joined.add_nodes_from(level)
    place: dict[Node, tuple[float, int]] = {}
    for number in sorted(set(floor.values()), reverse=True):
        wanted = {}
        for node in (node for node, one in floor.items() if one == number):
            above = [place[other][0] for other in joined[node] if other in place]
            wanted[node] = float(np.mean(above)) if above else 0.0
        row = sorted(wanted, key=lambda node: (wanted[node], str(node)))
        widths = [1.25 if isinstance(node, str) else 0.3 for node in row]
        starts = np.cumsum(widths) - np.array(widths) / 2 - sum(widths) / 2
        place |= {node: (float(start), number) for node, start in zip(row, starts, strict=True)}
    return place


@styled
def _drawn(arrows: networkx.DiGraph, size: tuple[float, float], sideways: bool) -> Figure:
    level = floors(arrows)
    figure = Figure(figsize=size, layout="constrained", label=arrows_of(arrows))
    axes = figure.subplots()
    chains: list[list[Node]] = []
    for first, second in networkx.transitive_reduction(arrows).edges:
        between = range(level[first] - 1, level[second], -1)
        chains.append([first, *((first, second, number) for number in between), second])
    places = _places(level, chains)
    place = {node: (-1.15 * y, -0.8 * x) if sideways else (x, y) for node, (x, y) in places.items()}
    boxes: dict[Node, FancyBboxPatch] = {}
    for name in level:
        x, y = place[name]
        boxes[name] = FancyBboxPatch(
            (x - WIDTH / 2, y - HEIGHT / 2),
            WIDTH,
            HEIGHT,
            boxstyle="round,pad=0.02",
            facecolor="#E8EEF7",
            edgecolor="#33518A",
        )
        axes.add_patch(boxes[name])
        axes.text(x, y, name, ha="center", va="center", fontsize=7 * min(1.0, 13 / len(name)))
    for chain in chains:
        *way, last, target = (place[node] for node in chain)
        axes.plot(*np.transpose([*way, last]), color="0.45", linewidth=0.8, zorder=0)
        ends = {
            "patchA": boxes.get(chain[-2]),
            "patchB": boxes[chain[-1]],
            "shrinkA": 1 if not way else 0,
            "shrinkB": 1,
        }
        axes.annotate("", target, last, arrowprops=ends | {"arrowstyle": "-|>", "color": "0.45", "linewidth": 0.8})
    xs, ys = np.transpose(list(place.values()))
    axes.set(xlim=(xs.min() - 0.7, xs.max() + 0.7), ylim=(ys.min() - 0.6, ys.max() + 0.6))
    axes.set_axis_off()
    return figure
