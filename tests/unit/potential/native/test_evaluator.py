"""The native evaluator against DeePMD-kit's, and against what must hold of any potential."""

from pathlib import Path

import numpy as np
import pytest
from complaints import says

from qcrystal.potential.engines import covered, load_potential
from qcrystal.potential.native.evaluation import Evaluation
from qcrystal.potential.native.evaluator import Evaluator
from qcrystal.potential.native.weights import WeightsError, read_weights

pytestmark = pytest.mark.engine
ROOT = Path(__file__).resolve().parents[4]

# Of the evaluator's single precision and splines: far below the potentials' own errors, 100 meV/Å and 2 meV/atom.
FORCE = 1e-4  # eV/Å, root mean square
ENERGY = VIRIAL = 1e-5  # eV/atom


def compare(evaluator, path, positions, cells, symbols):
    potential = load_potential(path)
    types = [evaluator.species.index(symbol) for symbol in symbols]
    count = len(types)
    frames = len(positions)
    energy, force, virial, atomic, _ = potential.eval(
        positions.reshape(frames, -1), cells.reshape(frames, 9), types, atomic=True
    )
    energies, forces, virials = evaluator.evaluate_atoms(positions, cells, types)
    assert np.sqrt(np.mean((forces - force) ** 2)) < FORCE
    np.testing.assert_allclose(energies, atomic[..., 0], atol=1e-4)  # eV; a single atom's
    np.testing.assert_allclose(energies.sum(1), energy[:, 0], atol=ENERGY * count)
    np.testing.assert_allclose(virials, virial.reshape(-1, 3, 3), atol=5 * VIRIAL * count)
    return forces


@pytest.mark.parametrize("member", ["model.pb", "model-3.pb"])
def test_released_potentials(evaluator_of, hydride, each_released_model, member):
    path = each_released_model.with_name(member)
    for frames in (hydride(), hydride(3, (1, 1, 1), seed=2)):  # the second cell is shorter than the cutoff
        compare(evaluator_of(path), path, *frames)


def test_other_species_and_cells(evaluator_of, ternary):
    """One-sided networks and tables of three species, in cells of any shape, with atoms outside of them."""
    rng = np.random.default_rng(5)
    for path in ternary:
        for cell, count in (
            ([[7, 0, 0], [-3, 6.5, 0], [2, 1, 6]], 24),
            ([[2.6, 0, 0], [0.9, 2.7, 0], [0.4, -0.3, 3]], 3),
        ):
            fractional = np.stack(np.meshgrid(*[np.arange(round(count ** (1 / 3)) + 1)] * 3), -1).reshape(-1, 3)
            fractional = fractional[:count] / (round(count ** (1 / 3)) + 1)
            positions = (fractional + rng.integers(-2, 3, fractional.shape)) @ np.array(cell)
            positions = positions + rng.normal(0, 0.1, (2, count, 3))
            symbols = np.array(["Ca", "Y", "H", "H", "H", "H"])[np.arange(count) % 6]
            compare(evaluator_of(path), path, positions, np.repeat(np.array(cell)[None], 2, 0), symbols)


def test_colliding_atoms(evaluator_of, hydride, each_released_model):
    """Down to where the repulsion is whole; the forces there are large, and agree to their own precision."""
    evaluator, potential = evaluator_of(each_released_model), load_potential(each_released_model)
    positions, cells, symbols = hydride(1, (1, 1, 1))
    types = [evaluator.species.index(symbol) for symbol in symbols]
    hydrogens = [i for i, symbol in enumerate(symbols) if symbol == "H"][:2]
    for distance in (0.8, 0.5, 0.35, 0.2):
        moved = positions.copy()
        vector = moved[0, hydrogens[1]] - moved[0, hydrogens[0]]
        moved[0, hydrogens[1]] = moved[0, hydrogens[0]] + distance * vector / np.linalg.norm(vector)
        _, expected, _ = potential.eval(moved.reshape(1, -1), cells.reshape(1, 9), types)
        _, forces, _ = evaluator.evaluate(moved, cells, types)
        assert np.abs(forces - expected).max() < 3e-4 * np.abs(expected).max()
    moved[0, hydrogens[1]] = moved[0, hydrogens[0]]
    assert all(np.isfinite(part).all() for part in evaluator.evaluate(moved, cells, types))


def test_forces_and_virial_are_slopes_of_the_energy(evaluator_of, hydride, released_model):
    """Central differences; steps of 0.01 Å keep the noise of single precision below the tolerance."""
    evaluator = evaluator_of(released_model)
    positions, cells, symbols = hydride(1, (1, 1, 1), a=5.2, seed=3)
    types = [evaluator.species.index(symbol) for symbol in symbols]
    _, forces, virials = evaluator.evaluate(positions, cells, types)
    step = 0.005
    for atom, axis in ((0, 0), (3, 1), (7, 2)):
        shift = np.zeros_like(positions)
        shift[0, atom, axis] = step
        ends = [evaluator.evaluate(positions + sign * shift, cells, types)[0].sum() for sign in (1, -1)]
        assert abs((ends[1] - ends[0]) / (2 * step) - forces[0, atom, axis]) < 0.01
    for i, j in ((0, 0), (1, 2)):
        strain = np.zeros((3, 3))
        strain[i, j] = 0.001
        ends = [
            evaluator.evaluate(positions @ (np.eye(3) + s * strain), cells @ (np.eye(3) + s * strain), types)[0].sum()
            for s in (1, -1)
        ]
        assert abs((ends[1] - ends[0]) / 0.002 - virials[0, i, j]) < 0.05


def test_batches_and_order_change_nothing(evaluator_of, hydride, released_model):
    """Frames together or apart, atoms in another order or another cell: the same but for rounding."""
    evaluator = evaluator_of(released_model)
    positions, cells, symbols = hydride(3, (1, 1, 2))
    types = np.array([evaluator.species.index(symbol) for symbol in symbols])
    together = evaluator.evaluate(positions, cells, types)
    order = np.random.default_rng(2).permutation(len(types))
    other = evaluator.evaluate(positions[:, order] + cells[:, None, 1], cells, types[order])
    np.testing.assert_allclose(other[1], together[1][:, order], atol=2e-5)
    np.testing.assert_allclose(other[2], together[2], atol=1e-4)
    for frame in range(3):
        apart = evaluator.evaluate(positions[frame : frame + 1], cells[frame : frame + 1], types)
        np.testing.assert_allclose(apart[1][0], together[1][frame], atol=2e-5)


def test_crystals_of_many_sizes_in_one_call(evaluator_of, hydride, released_model):
    """They share blocks of lanes; each gets what it gets alone, but for rounding."""
    evaluator = evaluator_of(released_model)
    crystals = []
    for repeat in ((1, 1, 1), (2, 1, 1), (1, 2, 2)):
        positions, cells, symbols = hydride(1, repeat, seed=sum(repeat))
        crystals.append((positions[0], cells[0], [evaluator.species.index(symbol) for symbol in symbols]))
    energies, forces, virials = evaluator.evaluate_crystals(crystals)
    for number, (positions, cell, types) in enumerate(crystals):
        energy, force, virial = evaluator.evaluate(positions[None], cell[None], types)
        assert abs(energies[number] - energy[0]) < ENERGY * len(types)
        np.testing.assert_allclose(forces[number], force[0], atol=2e-5)
        np.testing.assert_allclose(virials[number], virial[0], atol=1e-4)


def test_threads_change_no_digit(evaluator_of, hydride, released_model):
    positions, cells, symbols = hydride(3, (2, 2, 1))
    one, three = evaluator_of(released_model), Evaluator(released_model, threads=3)
    types = [one.species.index(symbol) for symbol in symbols]
    for own, other in zip(one.evaluate(positions, cells, types), three.evaluate(positions, cells, types), strict=True):
        np.testing.assert_array_equal(own, other)


def test_old_lists_give_the_same_to_the_last_bit(evaluator_of, hydride, released_model):
    """So that a continued run is the unbroken one. Lists of several sets of atoms are kept; a new evaluation has none."""
    evaluator = evaluator_of(released_model)
    positions, cells, symbols = hydride(4, (1, 1, 1))  # several images of the same atoms
    types = np.array([evaluator.species.index(symbol) for symbol in symbols])
    rng = np.random.default_rng(8)
    for _ in range(6):
        positions = positions + rng.normal(0, 0.02, positions.shape)
        cells = cells @ (np.eye(3) + rng.normal(0, 0.001, (3, 3)))
        for frames in (4, 2, 1, 4, 3):  # more sets than are kept
            old = evaluator.evaluate(positions[:frames], cells[:frames], types)
            new = evaluator.evaluation(np.arange(frames + 1) * len(types), np.tile(types, frames))
            new.positions[:], new.cells[:] = positions[:frames].reshape(-1, 3), cells[:frames]
            new.run()
            np.testing.assert_array_equal(old[1].reshape(-1, 3), new.forces)
            np.testing.assert_array_equal(old[2], new.virials)


def test_methods_that_take_sets_by_turns_keep_their_lists(hydride, released_model, monkeypatch):
    """Sets of atoms, and images of a path that are far from each other, have lists made once. Only so many are kept."""
    evaluator, made = Evaluator(released_model), []
    renew = Evaluation.renew
    monkeypatch.setattr(Evaluation, "renew", lambda self: made.append(self) or renew(self))
    positions, cells, symbols = hydride(5, (1, 1, 1))
    types = [evaluator.species.index(symbol) for symbol in symbols]
    rng = np.random.default_rng(3)
    images = positions[:1] + rng.normal(0.0, 0.4, (5, *positions.shape[1:]))
    for _ in range(3):
        for frames in (2, 3, 4):
            evaluator.evaluate(positions[:frames], cells[:frames], types)
        for image in images:
            forces = evaluator.evaluate(image[None], cells[:1], types)[1]
            moved = evaluator.evaluate(image[None] + rng.normal(0.0, 0.01, image.shape), cells[:1], types)[1]
            assert not np.array_equal(forces, moved)
    assert len(made) == 3 + len(images) and len(set(map(id, made))) == len(made)
    monkeypatch.setattr("qcrystal.potential.native.evaluator.KEPT_ATOMS", 6 * len(types))
    for image in images:  # six lists of one frame fit, not those of more frames
        evaluator.evaluate(image[None] + rng.normal(0.0, 1.0, image.shape), cells[:1], types)
    assert len(evaluator._kept) == 6


def test_crowded_atoms_are_counted(evaluator_of, hydride, released_model):
    evaluator = evaluator_of(released_model)
    positions, cells, symbols = hydride(1, (1, 1, 1), a=3.6, displacement=0.02)
    types = [evaluator.species.index(symbol) for symbol in symbols]
    evaluator.evaluate(positions, cells, types)
    assert evaluator.crowded == len(types)
    evaluator.evaluate(*hydride(1, (1, 1, 1))[:2], types)
    assert evaluator.crowded == 0


def test_what_is_not_a_number_stays_so(evaluator_of, hydride, released_model):
    evaluator = evaluator_of(released_model)
    positions, cells, symbols = hydride(1, (1, 1, 1))
    types = [evaluator.species.index(symbol) for symbol in symbols]
    evaluator.evaluate(positions, cells, types)
    positions[0, 2, 1] = np.nan
    with pytest.raises(ValueError, match="atom 2 of frame 0"):
        evaluator.evaluate(positions, cells, types)


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"\x0a\xff\xff\xff\x7fabc"])
def test_files_of_another_kind_are_refused(tmp_path, content):
    path = tmp_path / "model.pb"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="model.pb"):
        read_weights(path)


def test_a_graph_that_breaks_off_is_refused(tmp_path, released_model):
    path = tmp_path / "model.pb"
    content = released_model.read_bytes()
    for length in (1000, len(content) // 2, len(content) - 100_000):
        path.write_bytes(content[:length])
        with pytest.raises(WeightsError, match="model.pb"):
            read_weights(path)


def test_one_network_for_all_species_is_refused_in_one_line(tmp_path, caplog):
    """A released file that is said to be DPA-1; `test_trainers` has one that is. What is not covered goes to DeePMD-kit."""
    content = (ROOT / "models/lah10-fast/model.pb").read_bytes()
    usual, other = b'"type":"se_e2_a","sel":[18,', b'"type":"se_atten","sel":[8,'  # as long, as the file holds lengths
    assert content.count(usual) == 1
    (tmp_path / "model.pb").write_bytes(content.replace(usual, other))
    with pytest.raises(WeightsError) as caught:
        Evaluator(tmp_path / "model.pb")
    says(str(caught.value), [str(tmp_path / "model.pb"), "descriptor.type is 'se_atten'", "set engine: deepmd"])
    with caplog.at_level("INFO"):
        assert not covered(tmp_path / "model.pb")
    assert "se_atten" in caplog.text and "DeePMD-kit is taken" in caplog.text
