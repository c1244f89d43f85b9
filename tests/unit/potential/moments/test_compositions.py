"""Trainings on many compositions: few sizes are compiled, and a species that a frame lacks changes nothing."""

import dataclasses
import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ase.build import bulk
from trainings import training

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.potential.moments import trainer as trainer_module
from qcrystal.potential.moments.frames import closest_pair, mean_energies, measured_environment, prepared
from qcrystal.potential.moments.model import initial_model
from qcrystal.potential.moments.sizes import few_sizes, size_for
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


FORMULAS = [
    ["Ca"] + 4 * ["H"],
    ["Ca"] + 6 * ["H"],
    ["Y"] + 7 * ["H"],
    ["Ca", "Y"] + 6 * ["H"],
    ["Ca", "Y", "Y"] + 5 * ["H"],
]


@pytest.fixture(scope="module")
def padded():
    """A training on five compositions, three of them without calcium or yttrium, in blocks of 1 and of 7 atoms."""
    systems = [system(formula, seed=number) for number, formula in enumerate(FORMULAS)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer_module, "few_sizes", partial(few_sizes, most=2))
        return trainer_of(systems, settings(SPECIES, [12, 12, 60], type_one_side=False))


def test_many_compositions_share_few_compiled_functions(padded):
    assert padded.predictor.sizes == [1, 7] and len(padded.groups) == 5
    for numbers in padded.batches(0):
        padded.advance([padded.frames[number] for number in numbers])
    # first weights are arrays of another kind than those that a step returns: an entry of the cache each, one compilation
    assert padded.directed._cache_size() <= 4 and padded.predictor._gradient._cache_size() <= 4
    assert padded.update._cache_size() <= 2


def test_padding_changes_neither_energies_nor_the_gradient_of_the_loss(padded):
    """Against all species at once, without padding, by reverse differentiation of the whole; single precision."""
    energies, prefactors = padded.predictor.energies, {"e": 0.7, "f": 3.0, "v": 0.4}
    for frame in padded.frames[::2]:
        blocks = padded.predictor.blocks([frame])
        values = padded.predictor.predict(padded.weights, [frame])[0]
        tangents, factors, _ = padded.directions([frame], prefactors, blocks)
        ours = energies.whole(padded.gradient(padded.weights, blocks, tangents, factors))
        cut = [
            [jnp.asarray(one[:number]) for one, number in zip(each, frame.counts, strict=True)]
            for each in (blocks, tangents, factors)
        ]

        def of(weights, species, block):
            return energies.of_species(energies.part(weights, species), energies.nodes[species], block)

        def directed(weights, cut=cut):
            found = 0.0
            for species, (block, tangent, factor) in enumerate(zip(*cut, strict=True)):
                if len(block):
                    own, along = jax.jvp(lambda moved, s=species: of(weights, s, moved), (block,), (tangent,))
                    found += (own * factor).sum() - along.sum()
            return found

        with jax.disable_jit():
            own = [of(padded.weights, species, block) for species, block in enumerate(cut[0]) if len(block)]
            whole, theirs = sum(float(part.sum()) for part in own), jax.grad(directed)(padded.weights)
        assert values[0] == pytest.approx(whole, rel=1e-5, abs=1e-5)
        for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4 * max(1, np.abs(other).max()))


def test_forces_of_a_padded_frame_are_minus_the_slope_of_its_energy(padded):
    """Along a random direction of all atoms, by central differences of the energies of two frames of their own."""
    formula, rng, step = FORMULAS[3], np.random.default_rng(7), 2e-3  # Å
    rest = system(formula, seed=3).take([0])
    direction = rng.normal(size=rest.positions[0].shape)
    found = {}
    for sign in (-1, 0, 1):
        moved = dataclasses.replace(rest, positions=rest.positions + sign * step * direction)
        (frame,) = prepared([moved], SPECIES, 4.0, np.zeros(3))
        ((found[sign], forces, _),) = padded.predictor.predict(padded.weights, [frame])
        if sign == 0:
            order = np.argsort([SPECIES.index(s) for s in rest.symbols], kind="stable")
            along = -float((forces * direction[order]).sum())
    # energies of single precision: 1e-6 eV in 4e-3 Å, and the splines' kinks
    assert along == pytest.approx((found[1] - found[-1]) / (2 * step), rel=0.01, abs=2e-3)


@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_few_sizes_add_the_fewest_atoms_that_any_choice_adds(most):
    """Against every choice of sizes among the numbers."""
    rng = np.random.default_rng(2)
    numbers = rng.integers(0, 31, 60).tolist()
    sizes = few_sizes(numbers, most)

    def added(chosen):
        return sum(size_for(number, chosen) - number for number in numbers)

    every = itertools.combinations(sorted(set(numbers) - {0, max(numbers)}), most - 1)
    assert len(sizes) == most and added(sizes) == min(added([*one, max(numbers)]) for one in every)


def test_blocks_without_an_atom_have_no_size():
    assert few_sizes([0, 1, 10, 0, 20]) == [1, 10, 20] and few_sizes([]) == []
    assert [size_for(number, [3, 9]) for number in (0, 2, 3, 5, 12)] == [0, 3, 3, 9, 12]
    assert size_for(4, []) == 4
