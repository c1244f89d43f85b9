"""The fast trainer: its model is DeePMD-kit's, its gradient the loss's, and a stopped training goes on unchanged."""

import os
import pickle
import signal
from pathlib import Path

import jax
import numpy as np
import optax
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list
from full_disk import fill
from trainings import training

from qcrystal.dataset.deepmd_npy import read_dataset, write_deepmd
from qcrystal.errors import one_line
from qcrystal.potential.backends import convert
from qcrystal.potential.engines import Deepmd
from qcrystal.potential.evaluate import predict
from qcrystal.potential.moments.frames import closest_pair, mean_energies, measured_environment, prepared
from qcrystal.potential.moments.model import initial_model, weights_of
from qcrystal.potential.moments.neighbourhoods import moment_tangent, moments, neighbourhoods, pair_forces
from qcrystal.potential.moments.optimisers import all_orthogonalised, learning_rate, optimiser, orthogonalised
from qcrystal.potential.moments.trainer import MomentTrainingError, Trainer, train
from qcrystal.potential.training import export

pytestmark = pytest.mark.engine

SPECIES = ["La", "H"]


def settings(**changes):
    return training(trainer="moments", **changes)


@pytest.fixture(scope="module")
def systems(root):
    """Frames of three compositions or cells, thinned."""
    shipped = read_dataset(root / "data" / "lah10-gpaw", SPECIES)
    return [system.take([0, len(system) - 1]) for system in shipped if len(system) > 3]


KINDS = {
    "one side": {"type_one_side": True},
    "pairs of species": {"type_one_side": False},
    "invariants": {"type_one_side": False, "invariants": {"degree": 4, "probes": [3, 3, 2, 2]}},
    "invariants of degree 2": {"type_one_side": True, "invariants": {"degree": 2, "probes": 2}},
}


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS)
def trainer(systems, request):
    chosen = settings(**request.param)
    energies = mean_energies(systems, SPECIES)
    frames = prepared(systems, SPECIES, 4.0, energies)
    environment = measured_environment(frames, chosen.architecture, closest_pair(frames))
    return Trainer(chosen, initial_model(chosen, environment, energies, closest_pair(frames)), environment, frames)


def test_neighbours_of_a_small_skewed_cell_are_those_of_ase():
    rng = np.random.default_rng(1)
    cell = np.array([[2.9, 0, 0], [1.1, 2.7, 0], [-0.7, 0.4, 3.3]])  # shorter than the cutoff: several images of a pair
    atoms = Atoms("LaH3", cell=cell, positions=rng.uniform(-4, 8, (4, 3)), pbc=True)
    pairs = neighbourhoods(atoms.positions, cell, np.array([0, 1, 1, 1]), 4.0)
    first, second, vectors = neighbor_list("ijD", atoms, 4.0)
    owner = np.repeat(np.arange(4), np.diff(pairs.first))
    ours = np.column_stack([owner, pairs.neighbour, pairs.vectors])
    theirs = np.column_stack([first, second, vectors])

    def ordered(rows):
        return rows[np.lexsort(np.round(rows, 3).T)]

    np.testing.assert_allclose(ordered(ours), ordered(theirs), atol=2e-6)  # vectors are kept in single precision


@pytest.fixture(scope="module")
def exported(trainer, tmp_path_factory):
    """Result of a training as a file that DeePMD-kit reads: networks, and once tables instead of them."""
    from deepmd.entrypoints.convert_backend import convert_backend
    from deepmd.infer import DeepPot

    folder = tmp_path_factory.mktemp("model")
    trainer.average = trainer.weights
    trainer._save_model(folder)
    convert_backend(INPUT=str(folder / "model.dp"), OUTPUT=str(folder / "frozen.pb"))
    tabulated = "probes" in trainer.weights and len(trainer.weights["probes"][0]) == 4
    export(folder, SPECIES, {}, table_spacing=0.01 if tabulated else None)
    return DeepPot(str(folder / "model.pb"))


def test_energy_force_and_virial_are_those_of_the_file(trainer, exported, systems):
    """Two codes, one with neighbours and one with moments: 1e-4 eV/Å is single precision on forces of tens of eV/Å."""
    reference = exported
    means = trainer.model["model"]["fitting"]["@variables"]["bias_atom_e"].ravel()
    for number, system in enumerate(systems):
        frame, index = trainer.frames[2 * number + 1], 1
        ((energy, forces, virial),) = trainer.predictor.predict(trainer.weights, [frame])
        order = np.argsort([SPECIES.index(s) for s in system.symbols], kind="stable")
        types = [SPECIES.index(system.symbols[i]) for i in order]
        expected = reference.eval(
            system.positions[index][order].reshape(1, -1), system.cells[index].reshape(1, 9), types
        )
        assert energy + means[types].sum() == pytest.approx(expected[0].item(), abs=1e-5 * len(types))
        np.testing.assert_allclose(forces, expected[1][0], atol=1e-4)
        np.testing.assert_allclose(virial, expected[2].reshape(3, 3), atol=1e-3)


def test_forces_are_minus_the_slope_of_the_energy(systems):
    """Double precision by central differences of the moments contracted with a fixed gradient."""
    system = systems[0]
    frames = prepared([system.take([0])], SPECIES, 4.0, np.zeros(2))
    environment = measured_environment(frames, settings().architecture, closest_pair(frames))
    pairs = frames[0].pairs
    rng = np.random.default_rng(2)
    gradient = rng.normal(size=moments(pairs, environment).shape)
    displacement, strain = rng.normal(size=(len(pairs.species), 3)), rng.normal(size=(3, 3))
    strain += strain.T
    forces, virial = pair_forces(pairs, environment, gradient)
    tangent = moment_tangent(pairs, environment, displacement, strain)
    along = float((gradient * tangent).sum())
    assert along == pytest.approx(-(forces * displacement).sum() - (virial * strain).sum(), rel=1e-4)

    def value(step):
        vectors = pairs.vectors.astype(float)
        owner = np.repeat(np.arange(len(pairs.species)), np.diff(pairs.first))
        change = displacement[pairs.neighbour] - displacement[owner] + vectors @ strain.T
        moved = pairs._replace(vectors=vectors + step * change)
        return float((gradient * moments(moved, environment).astype(float)).sum())

    step = 1e-4  # Å: splines are 0.01 Å wide, and the moments are in single precision
    assert along == pytest.approx((value(step) - value(-step)) / (2 * step), rel=2e-3)


def test_the_step_follows_the_gradient_of_the_loss(trainer):
    """The directional trick against a finite difference of DeePMD-kit's loss in two weights."""
    frame = trainer.frames[0]
    prefactors = {"e": 0.7, "f": 3.0, "v": 0.4}
    energies = trainer.predictor.energies

    def loss(weights):
        ((energy, forces, virial),) = trainer.predictor.predict(weights, [frame])
        atoms = len(forces)
        return (
            prefactors["e"] * (energy - frame.energy) ** 2 / atoms
            + prefactors["f"] * np.mean((forces - frame.forces) ** 2)
            + prefactors["v"] * np.mean((virial - frame.virial) ** 2) / atoms
        )

    tangents, factors, _ = trainer.directions([frame], prefactors, trainer.predictor.blocks([frame]))

    def directed(weights):
        parts, along = jax.jvp(lambda m: energies(weights, m), (trainer.predictor.blocks([frame]),), (tangents,))
        return sum((p * f).sum() - t.sum() for p, t, f in zip(parts, along, factors, strict=True))

    gradient = jax.grad(directed)(trainer.weights)
    chosen = [(("embedding", 1, 0, "w"), (0, 1)), (("fitting", 1, 0, "w"), (3, 2))]
    if "probes" in trainer.weights:
        chosen += [(("probes", 1, 1, 1), (2, 1)), (("fitting", 1, 0, "w"), (-1, 2))]

    def part(weights, names):
        for name in names:
            weights = weights[name]
        return weights

    for names, place in chosen:
        analytic = float(part(gradient, names)[place])

        def shifted(step, names=names, place=place):
            weights = jax.tree.map(np.array, trainer.weights)
            part(weights, names)[place] += step
            return loss(weights)

        step = 2e-3
        numeric = (shifted(step) - shifted(-step)) / (2 * step)
        assert analytic == pytest.approx(numeric, rel=0.02, abs=2e-3 * abs(loss(trainer.weights)))


def test_fitted_biases_leave_no_error_on_average(trainer, monkeypatch, caplog):
    """Whatever offset the energies of each species have: with three compositions of two species, none is left by either."""
    for frame in trainer.frames:
        monkeypatch.setattr(frame, "energy", frame.energy + 0.7 * frame.counts[0] - 0.2 * frame.counts[1])
    with caplog.at_level("INFO"):
        fitted = trainer.fit_bias(trainer.weights)
    shares = np.array([frame.counts for frame in trainer.frames]) / [[sum(f.counts)] for f in trainer.frames]
    before, after = (
        np.array([(trainer.predictor.predict(w, [f])[0][0] - f.energy) / sum(f.counts) for f in trainer.frames])
        for w in (trainer.weights, fitted)
    )
    assert np.abs(shares.T @ before).max() > 0.05
    assert np.abs(shares.T @ after).max() < 1e-4  # eV; single precision of weights and energies
    told = float(caplog.text.split(" -> ")[1].split()[0])
    assert told == pytest.approx(1000 * np.sqrt(np.mean(after**2)), abs=0.1)
    for frame in trainer.frames[:2]:
        (_, forces, virial), (_, new_forces, new_virial) = (
            trainer.predictor.predict(w, [frame])[0] for w in (trainer.weights, fitted)
        )
        np.testing.assert_array_equal(new_forces, forces)
        np.testing.assert_array_equal(new_virial, virial)


def broken_off():
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("stop", "error"),
    [
        (broken_off, pytest.raises(KeyboardInterrupt)),
        (
            lambda: os.kill(os.getpid(), signal.SIGTERM),
            pytest.raises(MomentTrainingError, match="asked to end, saved at"),
        ),
    ],
    ids=["broken off", "asked to end"],
)
def test_a_stopped_training_goes_on_bit_for_bit(stop, error, systems, tmp_path):
    for number, system in enumerate(systems[:2]):
        write_deepmd(system, tmp_path / "data" / f"s{number}")
    chosen, folders = settings(checkpoint_every=4), sorted((tmp_path / "data").iterdir())
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    train(chosen, folders, [], whole)
    original = Trainer.advance

    def stops(self, frames):
        if self.done == 6:
            stop()
        return original(self, frames)

    Trainer.advance = stops
    try:
        with error:
            train(chosen, folders, [], parts)
    finally:
        Trainer.advance = original
    train(chosen, folders, [], parts)
    assert (parts / "lcurve.out").read_text() == (whole / "lcurve.out").read_text()
    from deepmd.dpmodel.utils.serialization import load_dp_model

    first, second = (weights_of(load_dp_model(str(folder / "model.dp"))) for folder in (whole, parts))
    jax.tree.map(np.testing.assert_array_equal, first, second)


def edited_curve(folder):
    curve = folder / "lcurve.out"
    lines = curve.read_text().splitlines(keepends=True)
    curve.write_text(lines[0] + lines[1].replace("e-", "e+", 1) + "".join(lines[2:]))


def cut_off(folder):
    path = folder / "checkpoint.npz"
    path.write_bytes(path.read_bytes()[:-200])


class Planted:
    """Object whose pickle runs a command when it is read."""

    def __reduce__(self):
        return os.mkdir, ("ran",)


def pickled(folder):
    (folder / "checkpoint.npz").write_bytes(pickle.dumps(Planted()))


def pickled_inside(folder):
    np.savez(folder / "checkpoint.npz", done=np.array([Planted()], dtype=object))


@pytest.mark.parametrize("change", [edited_curve, cut_off, pickled, pickled_inside], ids=lambda change: change.__name__)
def test_a_checkpoint_that_was_changed_is_forgotten_and_runs_nothing(change, systems, tmp_path, monkeypatch, caplog):
    """The training starts again from its beginning, says so in one line, and ends as one that was never stopped."""
    write_deepmd(systems[0], tmp_path / "data" / "s")
    chosen, folders = settings(checkpoint_every=4), [tmp_path / "data" / "s"]
    monkeypatch.chdir(tmp_path)
    train(chosen, folders, [], tmp_path)
    whole = (tmp_path / "lcurve.out").read_text()
    change(tmp_path)
    with caplog.at_level("WARNING"):
        train(chosen, folders, [], tmp_path)
    (line,) = [record.getMessage() for record in caplog.records if "checkpoint.npz" in record.getMessage()]
    assert "starts again from its beginning" in line and "\n" not in line
    assert (tmp_path / "lcurve.out").read_text() == whole and not Path("ran").exists()


def test_a_full_disk_ends_a_training_in_one_line_and_its_last_checkpoint_serves(systems, tmp_path, monkeypatch):
    write_deepmd(systems[0], tmp_path / "data" / "s")
    chosen, folders = settings(checkpoint_every=4), [tmp_path / "data" / "s"]
    original = Trainer._save

    def fills_the_disk(self, directory):
        if self.done == 8:
            fill(monkeypatch, "checkpoint.npz.partial")
        original(self, directory)

    monkeypatch.setattr(Trainer, "_save", fills_the_disk)
    with pytest.raises(OSError) as caught:
        train(chosen, folders, [], tmp_path)
    said = one_line(caught.value)
    assert str(tmp_path) in said and "no space left" in said and "make room" in said
    monkeypatch.undo()
    steps = []
    monkeypatch.setattr(
        Trainer, "_resume", lambda self, folder, resume=Trainer._resume: (resume(self, folder), steps.append(self.done))
    )
    train(chosen, folders, [], tmp_path)
    assert steps == [4]
    assert np.loadtxt(tmp_path / "lcurve.out")[-1, 0] == 12


@pytest.mark.parametrize(("optimiser", "rate"), [("adam", 6e-3), ("muon", 3e-2)])
def test_it_learns_the_forces_that_it_is_shown(optimiser, rate, systems, tmp_path):
    """After 1000 steps on ten frames the force error is well below that of no forces at all."""
    for number, system in enumerate(systems[1:]):
        write_deepmd(system, tmp_path / "data" / f"s{number}")
    chosen = settings(
        descriptor=[8, 16, 32],
        axis_neuron=8,
        fitting=[32, 32],
        steps=1000,
        checkpoint_every=1000,
        optimizer=optimiser,
        start_lr=rate,
        stop_lr=1e-5,
        virial=(0, 0),
        energy=(0, 0),
    )
    train(chosen, sorted((tmp_path / "data").iterdir()), [], tmp_path)
    curve = np.loadtxt(tmp_path / "lcurve.out")
    nothing = np.sqrt(np.mean([np.mean(system.forces**2) for system in systems[1:]]))
    assert np.sqrt(np.mean(curve[-10:, 6] ** 2)) < 0.85 * nothing


def test_learning_rates_start_and_end_where_they_are_told():
    for kind in ("exp", "cosine"):
        schedule = learning_rate(settings(schedule=kind, start_lr=1e-3, stop_lr=1e-6).architecture, 10_000)
        assert float(schedule(300)) == pytest.approx(1e-3, rel=0.25)  # exp has decayed by a factor 0.81 by then
        assert float(schedule(10_000)) == pytest.approx(1e-6, rel=1e-3)


@pytest.mark.parametrize("shape", [(1364, 128), (100, 4), (25, 50), (1, 25)])
def test_muon_makes_the_matrices_that_optax_makes(shape):
    """To 1e-3 for singular values over two decades: rounding of the Gram matrix is 1e-7 of the largest one squared."""
    random = np.random.default_rng(6)
    small = min(shape)
    left, right = (np.linalg.qr(random.normal(size=(n, small)))[0] for n in shape)
    gradient = ((left * np.logspace(0, -2, small)) @ right.T).astype(np.float32)
    muon = optax.contrib.muon(1.0)
    expected, _ = muon.update(gradient, muon.init(gradient), gradient)
    found = orthogonalised(gradient)
    assert np.abs(found + expected).max() < 1e-3 * np.abs(expected).max()


def test_stacked_matrices_are_those_that_stand_alone():
    rng = np.random.default_rng(4)
    shapes = [(6, 12), (12, 6), (6, 12), (1, 6), (6, 12)]
    tree = {"a": [rng.normal(size=shape).astype(np.float32) for shape in shapes], "b": np.ones((3, 3), np.float32)}
    stacked = all_orthogonalised(tree)
    for ours, matrix in zip([*stacked["a"], stacked["b"]], [*tree["a"], tree["b"]], strict=True):
        np.testing.assert_allclose(ours, orthogonalised(jax.numpy.asarray(matrix)), rtol=1e-3, atol=1e-4)


def test_muon_follows_the_momentum_that_optax_follows():
    """Ninety steps from the start, where optax corrects a bias that this leaves (0.95^90 = 0.01), both go the same way."""
    random = np.random.default_rng(7)
    ours, theirs = optimiser("muon", lambda step: 0.01), optax.contrib.muon(0.01, adam_learning_rate=0.01 / 3)
    weights = {"w": random.normal(size=(30, 10)).astype(np.float32), "b": np.ones(10, np.float32)}
    states = [ours.init(weights), theirs.init(weights)]
    updates = [jax.jit(ours.update), jax.jit(theirs.update)]
    for _ in range(90):
        gradient = jax.tree.map(lambda w: random.normal(0.3, 1, w.shape).astype(np.float32), weights)
        (change, states[0]), (expected, states[1]) = (
            u(gradient, s, weights) for u, s in zip(updates, states, strict=True)
        )
    for name in weights:
        assert np.abs(change[name] - expected[name]).max() < 0.01 * np.abs(expected[name]).max()


@pytest.mark.parametrize("name", ["muon", "adam"])
def test_weights_that_no_error_holds_decay_by_rate_times_decay(name):
    """Ten steps without a gradient leave (1 - 0.01 * 2)^10 of a matrix, and a bias as it was."""
    method = optimiser(name, lambda step: 0.01, weight_decay=2)
    weights = first = {"w": np.arange(1, 13, dtype=np.float32).reshape(4, 3), "b": np.ones(3, np.float32)}
    state = method.init(weights)
    for _ in range(10):
        change, state = method.update(jax.tree.map(np.zeros_like, weights), state, weights)
        weights = optax.apply_updates(weights, change)
    assert np.asarray(weights["w"]) == pytest.approx(first["w"] * 0.98**10, rel=1e-5)
    assert np.asarray(weights["b"]) == pytest.approx(first["b"], rel=1e-6)


def test_test_frames_may_have_closer_pairs_than_training_frames(root, tmp_path):
    """Errors on a frame whose closest pair no training frame has are those of the model, not of a spline that ends."""
    (system,) = read_dataset(root / "data" / "lah10-gpaw" / "cubic_H20La2", SPECIES)[:1]
    squeezed = system.take([0])
    nearest = np.argsort(np.linalg.norm(squeezed.positions[0] - squeezed.positions[0, -1], axis=1))[1]
    apart = squeezed.positions[0, -1] - squeezed.positions[0, nearest]
    squeezed.positions[0, -1] = squeezed.positions[0, nearest] + 0.4 * apart
    for name, one in (("train", system), ("test", squeezed)):
        write_deepmd(one, tmp_path / name)
    train(settings(steps=2), [tmp_path / "train"], [tmp_path / "test"], tmp_path)
    curve = np.loadtxt(tmp_path / "lcurve.out", ndmin=2)

    convert(tmp_path / "model.dp", tmp_path / "model.pb")
    _, forces, _ = predict(Deepmd(tmp_path / "model.pb"), squeezed)
    # three digits are written to the learning curve
    assert curve[-1, 5] == pytest.approx(np.sqrt(np.mean((forces - squeezed.forces) ** 2)), rel=1e-3)
