"""Trainings on many compositions: few shapes are compiled, and a species that a frame lacks changes nothing."""

from functools import partial

import jax
import numpy as np
import pytest
from ase.build import bulk
from trainings import training

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.potential.moments import trainer as trainer_module
from qcrystal.potential.moments.frames import closest_pair, mean_energies, measured_environment, prepared
from qcrystal.potential.moments.model import initial_model
from qcrystal.potential.moments.shapes import few_shapes, shape_for
from qcrystal.potential.moments.trainer import Trainer

pytestmark = pytest.mark.engine

SPECIES = ["Ca", "Y", "H"]


def system(symbols, frames=2, seed=1):
    """Frames of made-up labels: atoms about the places of a simple cubic lattice."""
    rng = np.random.default_rng(seed)
    atoms = bulk("H", "sc", a=1.9) * (2, 2, 2)
    atoms = atoms[: len(symbols)]
    count = len(symbols)
    virial = rng.normal(size=(frames, 3, 3))
    return LabelledFrames(
        name="".join(symbols),
        symbols=np.array(symbols),
        positions=atoms.positions + rng.normal(scale=0.1, size=(frames, count, 3)),
        cells=np.repeat(3.8 * np.eye(3)[None], frames, axis=0),
        energies=rng.normal(scale=0.1, size=frames) - 3.0 * count,
        forces=rng.normal(size=(frames, count, 3)),
        virials=virial + virial.transpose(0, 2, 1),
    )


def settings(species, sel, **changes):
    return training(species=species, trainer="moments", sel=sel, fitting=[8, 8], descriptor=[2, 4, 8], **changes)


def trainer_of(systems, chosen, slots=None):
    energies = mean_energies(systems, chosen.species)
    frames = prepared(systems, chosen.species, 4.0, energies)
    closest = closest_pair(frames)
    environment = measured_environment(frames, chosen.architecture, closest)
    model = initial_model(chosen, environment, energies, closest)
    if slots is not None:
        environment = environment._replace(slots=np.array(slots, float))
    return Trainer(chosen, model, environment, frames)


@pytest.mark.parametrize(
    "one_side", [pytest.param(True, marks=pytest.mark.slow), False]
)  # a minute of compilation each
def test_a_crystal_without_a_species_trains_as_a_potential_that_does_not_know_it(one_side):
    """CaH7 in a potential of Ca, Y and H against one of Ca and H with the same weights: energies, forces and three steps."""
    frames = [system(["Ca"] + 7 * ["H"])]
    options = {"type_one_side": one_side, "optimizer": "muon", "invariants": {"degree": 2, "probes": 2}}
    wide = trainer_of(frames, settings(SPECIES, [12, 12, 60], **options), slots=[12, 0, 60])
    narrow = trainer_of(frames, settings(["Ca", "H"], [12, 60], **options))
    index = {"embedding": [0, 2] if one_side else [0, 2, 6, 8], "fitting": [0, 2]}

    def known(weights):
        part = {name: [weights[name][place] for place in places] for name, places in index.items()}
        part["probes"] = [[[weights["probes"][a][d][b] for b in (0, 2)] for d in (0, 1)] for a in (0, 2)]
        return part

    environment = narrow.predictor.environment
    parts = {name: np.insert(getattr(environment, name), 1, 0.3) for name in ("shift", "scale", "scale_vector")}
    wide = Trainer(wide.settings, wide.model, wide.predictor.environment._replace(**parts), wide.frames)
    narrow.weights = narrow.average = jax.tree.map(np.asarray, known(wide.weights))
    narrow.state = narrow.optimiser.init(narrow.weights)
    for step in range(3):
        for ours, theirs in zip(
            wide.predictor.predict(wide.weights, wide.frames[:1]),
            narrow.predictor.predict(narrow.weights, narrow.frames[:1]),
            strict=True,
        ):
            for one, other in zip(
                ours, theirs, strict=True
            ):  # single precision: 1e-7 of terms of about 10, three steps
                np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4, err_msg=f"step {step}")
        errors = wide.advance(wide.frames[:1]), narrow.advance(narrow.frames[:1])
        np.testing.assert_allclose(*errors, rtol=1e-3)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(wide.weights))


def test_many_compositions_share_few_compiled_functions(monkeypatch):
    """Five compositions, three of them without calcium or yttrium, in two shapes; padding changes no value."""
    monkeypatch.setattr(trainer_module, "few_shapes", partial(few_shapes, most=2))
    formulas = [
        ["Ca"] + 4 * ["H"],
        ["Ca"] + 6 * ["H"],
        ["Y"] + 7 * ["H"],
        ["Ca", "Y"] + 6 * ["H"],
        ["Ca", "Y", "Y"] + 5 * ["H"],
    ]
    systems = [system(formula, seed=number) for number, formula in enumerate(formulas)]
    trainer = trainer_of(systems, settings(SPECIES, [12, 12, 60]))
    for numbers in trainer.batches(0):
        trainer.advance([trainer.frames[number] for number in numbers])
    assert len(trainer.groups) == 5
    # the first weights are arrays of another kind than those that a step returns
    assert trainer.step._cache_size() <= 3 and trainer.predictor._gradient._cache_size() <= 3
    before = [trainer.predictor.predict(trainer.weights, [frame])[0] for frame in trainer.frames[:3]]
    trainer.predictor.shapes = []
    for frame, padded in zip(trainer.frames, before, strict=False):
        (exact,) = trainer.predictor.predict(trainer.weights, [frame])
        for one, other in zip(padded, exact, strict=True):  # single precision
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_shapes_hold_every_composition_and_add_few_atoms():
    rng = np.random.default_rng(2)
    compositions = [tuple(map(int, (*rng.integers(0, 5, 2), rng.integers(3, 31)))) for _ in range(169)]
    shapes = few_shapes(compositions, 4)
    assert len(shapes) == 4
    chosen = [shape_for(one, shapes) for one in compositions]
    assert all(a >= b for shape, one in zip(chosen, compositions, strict=True) for a, b in zip(shape, one, strict=True))
    largest = np.max(compositions, axis=0).sum()
    assert sum(map(sum, chosen)) < 0.85 * largest * len(compositions)  # one shape for all would add the most
    assert few_shapes([(1, 10), (2, 20), (2, 19)]) == [(1, 10), (2, 19), (2, 20)]
    assert shape_for((9, 40), shapes[:0]) == (9, 40) and shape_for((0, 40), []) == (1, 40)
