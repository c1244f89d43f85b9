"""Steps of the engines side by side: native, DeePMD-kit, and the published architecture; and what the core allows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from qcrystal.commands.bench_potential import MASSES, bare_lammps, lanthanum_decahydride
from qcrystal.potential.engines import Engine, open_potential
from qcrystal.potential.moments import invariants
from qcrystal.potential.native.arrays import row_length
from qcrystal.potential.native.evaluator import Evaluator

REPEATS = ((1, 1, 1), (2, 2, 2), (4, 4, 4))
BEADS = 16
PUBLISHED = "published architecture"


def measure(published: str, models: list[str], rounds: int, steps: int) -> str:
    """A table, as JSON: model, engine, atoms, beads, us_per_atom_step, times_published, mflop, us_limit.

    Each row is the smallest processor time of the rounds, in which all take turns. ``times_published`` says how many times faster
    a step is than that of the published architecture with DeePMD-kit, whose potential is ``published``. ``us_limit`` is what
    `flops` would take at the core's peak, measured by a product of matrices in single precision.
    """
    turns: list[tuple[Path, Engine]] = [(Path(published), "deepmd")]
    turns += [(Path(model), engine) for model in models for engine in ("native", "deepmd")]
    peak = gigaflops()
    table = []
    for repeat in REPEATS:
        atoms = lanthanum_decahydride(repeat)
        commands = ["fix motion all nve", "thermo 100000", "run 2 post no"]
        engines = [bare_lammps(model, atoms, commands, engine) for model, engine in turns]
        count = max(2, steps * 352 // len(atoms))

        def step(number: int, engines=engines, count=count) -> None:
            engines[number].command(f"run {count} pre no post no")

        table += _rows(turns, step, rounds, len(atoms), 1, len(atoms) * count, peak)
    atoms = lanthanum_decahydride(REPEATS[0])
    positions = atoms.positions + np.random.default_rng(4).normal(0, 0.1, (BEADS, len(atoms), 3))
    cells = np.tile(atoms.cell.array, (BEADS, 1, 1))
    types = [list(MASSES).index(symbol) for symbol in atoms.get_chemical_symbols()]
    potentials = [open_potential(model, engine) for model, engine in turns]

    def batch(number: int) -> None:
        potentials[number].evaluate(positions, cells, types)

    return json.dumps(table + _rows(turns, batch, rounds, len(atoms), BEADS, len(atoms) * BEADS, peak))


def _rows(
    turns: list[tuple[Path, Engine]],
    work: Callable[[int], None],
    rounds: int,
    atoms: int,
    beads: int,
    atom_steps: int,
    peak: float,
) -> list[dict]:
    best = [np.inf] * len(turns)
    for _ in range(rounds):
        for number in range(len(turns)):
            started = time.process_time()
            work(number)
            best[number] = min(best[number], time.process_time() - started)
    rows = []
    for number, (model, engine) in enumerate(turns):
        million = 1e-6 * flops(Evaluator(model)) if number else None
        rows.append(
            {
                "model": model.parent.name if number else PUBLISHED,
                "engine": engine,
                "atoms": atoms,
                "beads": beads,
                "us_per_atom_step": round(1e6 * best[number] / atom_steps, 2),
                "times_published": round(best[0] / best[number], 2),
                "mflop": million and round(million, 2),
                "us_limit": million and round(1e3 * million / peak, 2),
            }
        )
    return rows


def gigaflops(size: int = 512) -> float:
    """Operations of this core in single precision, 1e9/s: the fastest of some products of two matrices."""
    one = np.ones((size, size), np.float32)
    best = np.inf
    for _ in range(50):
        started = time.perf_counter()
        one @ one
        best = min(best, time.perf_counter() - started)
    return 2e-9 * size**3 / best


def flops(evaluator: Evaluator) -> float:
    """Additions and multiplications of one atom's energy and forces in LaH10 at 150 GPa, mean over its atoms.

    Counted are sums over neighbours, projections, products of two and three, and networks, once forward and about once more for
    the slopes. Vectors, lists and what fills up lanes are not.
    """
    model, weights = evaluator.model, evaluator.weights
    atoms = lanthanum_decahydride((1, 1, 1))
    distances = atoms.get_all_distances(mic=False)  # of one cell: only the shortest one is taken
    density = len(atoms) / atoms.get_volume()
    pairs = density * 4 / 3 * np.pi * weights.cutoff**3
    shortest = distances[distances > 0].min()
    rows = len(weights.species) * (weights.cutoff - shortest) * model.ranges[1]
    degree = weights.degree
    width = sum((2 * own + 1) * count for own, count in enumerate(model.channels))
    neighbours = pairs * (4 * 2 + 8 * 2) * row_length(degree)
    projections = 2 * 2 * rows * width
    two = 3 * 2 * 4 * weights.channels * weights.axis
    three = 0.0
    for degrees in invariants.triples(degree) if weights.probes else []:
        kept = len(invariants.selection(degrees, weights.probes))
        three += 3 * 2 * kept * (2 * degrees[2] + 1)
    networks = np.mean([sum(2 * 2 * layer["w"].size for layer in layers) for layers in weights.fitting])
    return float(neighbours + projections + two + three + networks)
