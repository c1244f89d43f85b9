"""Training of DeePMD-kit's ``se_e2_a`` potentials on a CPU, several times faster than ``dp train``.

Model, loss and input file are DeePMD-kit's; what differs is the order of operations. The sums over neighbours are taken once
(`qcrystal.potential.moments.neighbourhoods`). The embedding networks are evaluated at the nodes of a spline instead of
at every pair. The gradient of the force error needs no second backward pass through the pairs. For a loss L(E, F, V) it is

    dL/dθ = Σ ∂L/∂E dE/dθ - d/dθ [dE/dA · dA(λ, μ)],    λ_i = ∂L/∂F_i,  μ = ∂L/∂V,

where dA(λ, μ) is the change of the moments under displacements λ and strain μ. The weights that come out are those of an
ordinary DeePMD-kit model. The splines' error is part of the training alone; the frozen model has its networks. With
``invariants`` (degree and probes) in the input, the products of three moments of `qcrystal.potential.moments.invariants` join
the features. No backend of DeePMD-kit has them. `qcrystal.potential.tensorflow_graph.finish` puts them into the frozen
TensorFlow graph.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qcrystal.dataset.deepmd_npy import read_deepmd
from qcrystal.errors import QcrystalError
from qcrystal.files import write_whole
from qcrystal.potential.deepmd import CURVE
from qcrystal.potential.moments import invariants
from qcrystal.potential.moments.frames import Frame, closest_pair, mean_energies, measured_environment, prepared
from qcrystal.potential.moments.model import initial_model, put_weights, weights_of
from qcrystal.potential.moments.neighbourhoods import Environment, moment_tangent, moments
from qcrystal.potential.moments.optimisers import WARMUP, learning_rate, optimiser
from qcrystal.potential.moments.predictor import Predictor
from qcrystal.potential.moments.sizes import few_sizes
from qcrystal.potential.settings import Training
from qcrystal.processes import Request, requests_noted

# One core per training, so that a committee's members run side by side; read by JAX when it is imported.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
os.environ.setdefault("PJRT_NPROC", "1")

logger = logging.getLogger(__name__)

HEADER = "# step rmse_val rmse_trn rmse_e_val rmse_e_trn rmse_f_val rmse_f_trn rmse_v_val rmse_v_trn lr\n"
CHECKPOINT = "checkpoint.npz"
"""Arrays alone: whoever puts another file there can spoil a training, and cannot run code."""
REPORT = 20.0
"""Seconds between two lines of the log."""


class MomentTrainingError(QcrystalError, ValueError):
    """A training that failed or was ended; the message is one line that says what to do."""


def train(training: Training, train_systems: Sequence[Path], test_systems: Sequence[Path], directory: Path) -> None:
    """Train as the settings say; continue with the checkpoint in ``directory`` if there is one.

    Leaves ``lcurve.out`` in DeePMD-kit's format and ``model.dp``: the averaged weights, with biases fitted to all frames,
    as an ordinary model of DeePMD-kit's NumPy backend. Invariants' weights go to ``invariants.npz``.

    Parameters
    ----------
    train_systems, test_systems
        Folders of DeePMD systems. The test systems are only evaluated, for the learning curve.

    Raises
    ------
    MomentTrainingError
        The loss is not a number, or the training was asked to end.
    """
    started = time.monotonic()
    species, architecture = training.species, training.architecture
    systems = {
        part: [read_deepmd(path, species) for path in paths]
        for part, paths in (("train", train_systems), ("test", test_systems))
    }
    energies = mean_energies(systems["train"], species)
    frames = {part: prepared(members, species, architecture.cutoff, energies) for part, members in systems.items()}
    closest = closest_pair([*frames["train"], *frames["test"]])  # the splines serve the test frames too
    environment = measured_environment(frames["train"], architecture, closest)
    if environment.degree == 1:  # of higher degree they would fill the memory
        for frame in frames["train"]:
            frame.moments = moments(frame.pairs, environment)
    logger.info(
        "%d frames to train on, %d to test on, prepared in %.0f s",
        len(frames["train"]),
        len(frames["test"]),
        time.monotonic() - started,
    )
    model = initial_model(training, environment, energies, closest_pair(frames["train"]))
    Trainer(training, model, environment, frames["train"], frames["test"]).run(Path(directory))


class Trainer:
    """One training: weights, optimiser, order of the frames, checkpoints.

    Parameters
    ----------
    training
        Settings.
    model
        See `qcrystal.potential.moments.model.initial_model`.
    environment
        How neighbours enter the descriptor.
    frames, testing
        Frames to train on, and frames whose errors the learning curve shows.
    """

    def __init__(
        self,
        training: Training,
        model: dict[str, Any],
        environment: Environment,
        frames: Sequence[Frame],
        testing: Sequence[Frame] = (),
    ):
        import jax
        import optax

        self.settings, self.model = training, model
        self.frames, self.testing = frames, testing
        self.steps, self.batch = training.effort.steps, training.architecture.batch_size
        self.schedule = learning_rate(training.architecture, self.steps)
        self.optimiser = optimiser(training.architecture.optimizer, self.schedule, training.architecture.weight_decay)
        self.groups = self._groups()
        one_side = training.architecture.type_one_side
        sizes = _block_sizes(frames, testing, self.groups, self.batch)
        self.predictor = Predictor(environment, training.architecture.axis_neuron, one_side, sizes)
        energies = self.predictor.energies

        def directed(part: dict[str, Any], nodes: Any, moments: Any, tangent: Any, factors: Any) -> Any:
            own, along = jax.jvp(lambda moved: energies.of_species(part, nodes, moved), (moments,), (tangent,))
            return (own * factors).sum() - along.sum()

        def update(
            parts: list[dict[str, Any]], state: Any, weights: dict[str, Any], average: dict[str, Any], decay: float
        ) -> tuple[Any, ...]:
            change, state = self.optimiser.update(energies.whole(parts), state, weights)
            weights = optax.apply_updates(weights, change)
            average = jax.tree.map(lambda a, w: decay * a + (1 - decay) * w, average, weights)
            return weights, state, average

        # the first is compiled once for each size of a block, the second once
        self.directed, self.update = jax.jit(jax.grad(directed)), jax.jit(update)
        self.weights = weights_of(model, training.architecture.invariants, training.seeds.fitting)
        self.average = self.weights
        self.state = self.optimiser.init(self.weights)
        parts = [energies.part(self.weights, species) for species in range(len(training.species))]
        self.nothing = jax.tree.map(jax.numpy.zeros_like, parts)
        self.done = 0

    def _groups(self) -> list[list[int]]:
        """Frames by composition: a batch holds frames of one composition."""
        groups: dict[tuple[int, ...], list[int]] = {}
        for number, frame in enumerate(self.frames):
            groups.setdefault(frame.counts, []).append(number)
        return list(groups.values())

    def batches(self, epoch: int) -> list[list[int]]:
        """Frames of each step of one pass over the data; each frame comes once, in an order of its own."""
        random = np.random.default_rng([self.settings.seeds.batches, epoch])
        batches = []
        for group in self.groups:
            order = random.permutation(group)
            batches += [order[i : i + self.batch].tolist() for i in range(0, len(order), self.batch)]
        return [batches[i] for i in random.permutation(len(batches))]

    def prefactors(self) -> dict[str, float]:
        """Weights of energy, force and virial in the loss: from start to limit as the learning rate falls."""
        architecture = self.settings.architecture
        progress = min(1.0, float(self.schedule(self.done)) / architecture.start_lr) if self.done >= WARMUP else 1.0
        ranges = {"e": architecture.energy, "f": architecture.force, "v": architecture.virial}
        return {name: limit * (1 - progress) + start * progress for name, (start, limit) in ranges.items()}

    def directions(
        self, frames: Sequence[Frame], prefactors: dict[str, float], blocks: list[np.ndarray]
    ) -> tuple[list[Any], list[Any], np.ndarray]:
        """Tangents dA(λ, μ) and factors ∂L/∂E of every atom, one array per species, and the squared errors.

        The loss is DeePMD-kit's, p_e ΔE²/N + p_f <ΔF²> + p_v <ΔV²>/N, averaged over the batch.
        """
        tangents, factors, squares = [], [], []
        for frame, (energy, forces, virial) in zip(
            frames, self.predictor.predict(self.weights, frames, blocks), strict=True
        ):
            atoms = len(forces)
            errors = energy - frame.energy, forces - frame.forces, virial - frame.virial
            squares.append([(errors[0] / atoms) ** 2, np.mean(errors[1] ** 2), np.mean((errors[2] / atoms) ** 2)])
            share = 2 / len(frames)
            displacement = share * prefactors["f"] * errors[1] / (3 * atoms)
            strain = share * prefactors["v"] * errors[2] / (9 * atoms)
            tangents.append(moment_tangent(frame.pairs, self.predictor.environment, displacement, strain))
            factors.append(np.full(atoms, share * prefactors["e"] * errors[0] / atoms, np.float32))
        stacked = self.predictor.stacked
        return stacked(frames, tangents), stacked(frames, factors), np.mean(squares, axis=0)

    def advance(self, frames: Sequence[Frame]) -> np.ndarray:
        """One step of the optimiser; squared errors of energy, force and virial before it."""
        blocks = self.predictor.blocks(frames)
        tangents, factors, squares = self.directions(frames, self.prefactors(), blocks)
        decay = np.float32(min(self.settings.architecture.average, (1 + self.done) / (10 + self.done)))
        parts = self.gradient(self.weights, blocks, tangents, factors)
        self.weights, self.state, self.average = self.update(parts, self.state, self.weights, self.average, decay)
        self.done += 1
        return squares

    def gradient(
        self, weights: dict[str, Any], blocks: list[Any], tangents: list[Any], factors: list[Any]
    ) -> list[dict[str, Any]]:
        """Gradient of the loss with respect to the weights of each species; zeros of one without an atom."""
        energies = self.predictor.energies
        return [
            self.directed(energies.part(weights, species), energies.nodes[species], block, tangent, factor)
            if len(block)
            else self.nothing[species]
            for species, (block, tangent, factor) in enumerate(zip(blocks, tangents, factors, strict=True))
        ]

    def run(self, directory: Path) -> None:
        """Train to the last step, with checkpoints and a learning curve; then freeze.

        Asked to end, it saves at the next line of the learning curve and stops there.
        """
        self._resume(directory)
        with requests_noted() as request:
            self._advance_to_end(directory, request)
        self.average = self.fit_bias(self.average)
        self._save_model(directory)

    def _advance_to_end(self, directory: Path, request: Request) -> None:
        effort, curve = self.settings.effort, directory / CURVE
        lines = _lines_until(curve, self.done)
        squares, reported = [], time.monotonic()
        started, first = time.monotonic(), self.done + 1
        logger.info("compiling before the first step: up to some minutes")
        while self.done < self.steps:
            # the position in the data follows from the step alone, so that a continued training sees the same order
            epoch, place = self._place(self.done)
            for numbers in self.batches(epoch)[place:]:
                squares.append(self.advance([self.frames[number] for number in numbers]))
                if self.done == first:
                    started = time.monotonic()  # this step was compiled
                elif time.monotonic() - reported > REPORT:
                    rate, rest = (self.done - first) / (time.monotonic() - started), self.steps - self.done
                    logger.info("step %d/%d, %.1f steps/s, %.0f s left", self.done, self.steps, rate, rest / rate)
                    reported = time.monotonic()
                line = self.done % effort.report_every == 0 or self.done == self.steps
                if line:
                    lines.append(self._curve_line(np.sqrt(np.mean(squares, axis=0))))
                    squares = []
                    write_whole(curve, "".join([HEADER, *lines]))
                stopping = request.made and line
                if self.done % effort.checkpoint_every == 0 or self.done == self.steps or stopping:
                    self._save(directory)
                if stopping or request.overdue:  # at the last step too: what ends after its time limit counts as failed
                    where = f"saved at step {self.done}" if stopping else "its last checkpoint is kept"
                    raise MomentTrainingError(f"training: asked to end, {where} of {self.steps}; start again to go on")
                if self.done == self.steps:
                    break

    def _place(self, step: int) -> tuple[int, int]:
        length = sum(-(-len(group) // self.batch) for group in self.groups)
        return step // length, step % length

    def _curve_line(self, training: np.ndarray) -> str:
        if not np.all(np.isfinite(training)):
            raise MomentTrainingError(f"training: the loss is not a number at step {self.done}; lower start_lr")
        testing = self._test_errors(self._test_sample())
        numbers = [testing[1], training[1], testing[0], training[0], testing[1], training[1], testing[2], training[2]]
        return (
            f"{self.done:7d} " + " ".join(f"{x:12.4e}" for x in [*numbers, float(self.schedule(self.done - 1))]) + "\n"
        )

    def _test_sample(self, size: int = 40) -> Sequence[Frame]:
        return self.testing[:: max(1, len(self.testing) // size)]

    def _test_errors(self, frames: Sequence[Frame]) -> np.ndarray:
        """Root-mean-square errors of energy (eV/atom), force (eV/Å) and virial (eV/atom) with the averaged weights."""
        if not frames:
            return np.full(3, np.nan)
        squares = []
        for frame in frames:
            if frame.moments is None and self.predictor.environment.degree == 1:
                frame.moments = moments(frame.pairs, self.predictor.environment)
            ((energy, forces, virial),) = self.predictor.predict(self.average, [frame])
            atoms = len(forces)
            squares.append(
                [
                    ((energy - frame.energy) / atoms) ** 2,
                    np.mean((forces - frame.forces) ** 2),
                    np.mean(((virial - frame.virial) / atoms) ** 2),
                ]
            )
        return np.sqrt(np.mean(squares, axis=0))

    def fit_bias(self, weights: dict[str, Any]) -> dict[str, Any]:
        """Weights whose biases, one per species, leave the energies of all training frames without error on average.

        The mean energies with which a training starts come from few, nearly proportional compositions. Averaged weights have
        not the energies of the last ones. Least squares over the errors per atom repairs both, as `dp change-bias` does.
        Forces and virials do not depend on it.
        """
        shares = np.array([frame.counts for frame in self.frames], float)
        shares /= shares.sum(axis=1, keepdims=True)
        errors = np.array(
            [
                (frame.energy - self.predictor.predict(weights, [frame])[0][0]) / sum(frame.counts)  # eV/atom
                for frame in self.frames
            ]
        )
        change = np.linalg.lstsq(shares, errors, rcond=None)[0]
        fitting = [
            [*network[:-1], {**network[-1], "b": np.asarray(network[-1]["b"] + bias, np.float32)}]
            for network, bias in zip(weights["fitting"], change, strict=True)
        ]
        before, after = (1000 * np.sqrt(np.mean(e**2)) for e in (errors, errors - shares @ change))
        logger.info("biases fitted: training error %.2f -> %.2f meV/atom", before, after)
        return {**weights, "fitting": fitting}

    def _save(self, directory: Path) -> None:
        import jax

        leaves = jax.tree.leaves((self.weights, self.state, self.average))
        arrays: dict[str, Any] = {f"{number:06d}": np.asarray(leaf) for number, leaf in enumerate(leaves)}
        archive = io.BytesIO()
        np.savez(archive, done=self.done, curve=_curve_digest(directory, self.done), **arrays)
        write_whole(directory / CHECKPOINT, archive.getvalue())

    def _resume(self, directory: Path) -> None:
        kept = _taken_up(directory / CHECKPOINT, (self.weights, self.state, self.average))
        if kept:
            self.done, (self.weights, self.state, self.average) = kept
            logger.info("training: continuing after step %d of %d", self.done, self.steps)

    def _save_model(self, directory: Path) -> None:
        """Write the averaged weights as ``model.dp`` and convert it to ``frozen.pb``."""
        import jax
        from deepmd.dpmodel.utils.serialization import save_dp_model

        put_weights(self.model, self.average)
        save_dp_model(str(directory / "model.dp"), self.model)
        if "probes" in self.average:
            invariants.save(directory / invariants.FILE, jax.tree.map(np.asarray, self.average))


def _block_sizes(
    frames: Sequence[Frame], testing: Sequence[Frame], groups: Sequence[Sequence[int]], batch: int
) -> list[int]:
    """Sizes of blocks in whole batches, and in the single frames that the learning curve evaluates."""
    numbers = [number for frame in (*frames, *testing) for number in frame.counts]
    for group in groups:
        size = min(batch, len(group))
        numbers += [size * number for number in frames[group[0]].counts] * len(group)
    return few_sizes(numbers)


def _taken_up(path: Path, state: Any) -> tuple[int, Any] | None:
    """Step and state of a checkpoint. One that is damaged, or whose learning curve was changed since, is forgotten."""
    import jax

    if not path.is_file():
        return None
    leaves, form = jax.tree.flatten(state)
    try:
        done, kept = _kept(path, leaves)
    except Exception as error:  # numpy lets through whatever the bytes lead to
        why = " ".join(str(error).split())
        logger.warning("%s: cannot be continued from (%s); the training starts again from its beginning", path, why)
        return None
    return done, jax.tree.unflatten(form, kept)


def _kept(path: Path, leaves: Sequence[Any]) -> tuple[int, list[np.ndarray]]:
    """Step and arrays of a checkpoint, which take the places of some arrays; `ValueError` and others if they cannot."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = dict(archive)
    done, curve = int(arrays.pop("done")), str(arrays.pop("curve"))
    kept = [arrays.pop(f"{number:06d}") for number in range(len(leaves))]
    if arrays or any(_form(a) != _form(b) for a, b in zip(kept, leaves, strict=True)):
        raise ValueError("its arrays are not those of this training")
    if curve != _curve_digest(path.parent, done):
        raise ValueError(f"{CURVE} was changed since it was written")
    return done, kept


def _form(array: Any) -> tuple[tuple[int, ...], np.dtype]:
    return np.shape(array), np.asarray(array).dtype


def _curve_digest(directory: Path, step: int) -> str:
    """SHA-256 of the learning curve up to a step."""
    return hashlib.sha256("".join(_lines_until(directory / CURVE, step)).encode()).hexdigest()


def _lines_until(curve: Path, step: int) -> list[str]:
    if not curve.is_file():
        return []
    lines = [line for line in curve.read_text().splitlines(keepends=True) if not line.startswith("#")]
    return [line for line in lines if int(line.split()[0]) <= step]
