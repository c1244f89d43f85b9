"""The evaluator in JAX against the compiled one, on the processor."""

import numpy as np
import pytest

from qcrystal.potential.native.jax_form import JaxEvaluator

pytestmark = pytest.mark.engine


def agree(evaluator, path, crystals):
    energies, forces, virials = JaxEvaluator(path).evaluate_crystals(crystals)
    for number, (positions, cell, types) in enumerate(crystals):
        energy, force, virial = evaluator.evaluate(positions[None], cell[None], types)
        assert abs(energies[number] - energy[0]) < 1e-5 * len(types)
        assert np.sqrt(np.mean((forces[number] - force[0]) ** 2)) < 1e-5  # eV/Å: single precision of both
        np.testing.assert_allclose(virials[number], virial[0], atol=5e-5 * len(types))


def test_released_potentials(evaluator_of, hydride, each_released_model):
    """Two cells of different sizes in one call, one of them shorter than the cutoff."""
    evaluator = evaluator_of(each_released_model)
    crystals = []
    for repeat in ((1, 1, 1), (2, 1, 1)):
        positions, cells, symbols = hydride(1, repeat, seed=7)
        crystals.append((positions[0], cells[0], [evaluator.species.index(symbol) for symbol in symbols]))
    agree(evaluator, each_released_model, crystals)


def test_other_species_and_a_repulsion(evaluator_of, ternary):
    rng = np.random.default_rng(3)
    cell = np.array([[4.0, 0, 0], [0.9, 3.7, 0], [0.4, -0.3, 3.8]])
    positions = np.stack(np.meshgrid(*[np.arange(2)] * 3), -1).reshape(-1, 3) / 2 @ cell + rng.normal(0, 0.1, (8, 3))
    positions[1] = positions[0] + [0.3, 0.1, 0.2]  # within the repulsion
    for path in ternary:
        agree(evaluator_of(path), path, [(positions, cell, [2, 2, 2, 2, 0, 1, 2, 2])])
