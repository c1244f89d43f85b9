"""Training of DeePMD-kit's ``se_e2_a`` potentials on a CPU, several times faster than ``dp train``.

Model, loss and input file are DeePMD-kit's; what differs is the order of operations. The sums over neighbours are taken once
(`qcrystal.potential.moments.neighbourhoods`), the embedding networks are evaluated at the nodes of a spline instead of
at every pair, and the gradient of
the force error needs no second backward pass through the pairs: for a loss L(E, F, V),

    dL/dθ = Σ ∂L/∂E dE/dθ - d/dθ [dE/dA · dA(λ, μ)],    λ_i = ∂L/∂F_i,  μ = ∂L/∂V,

where dA(λ, μ) is the change of the moments under displacements λ and strain μ. The weights that come out are those of an
ordinary DeePMD-kit model; what the splines approximate is below 1e-5 eV/Å and absent from the frozen model. With
``invariants`` (degree and probes) in the input, the products of three moments of
`qcrystal.potential.moments.invariants` join the features: no
backend of DeePMD-kit has them, and `qcrystal.potential.tensorflow_graph.finish` puts them into the frozen TensorFlow graph.
"""

from __future__ import annotations

import json
import logging
import math
import os
import pickle
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from qcrystal.dataset.deepmd_npy import read_deepmd
from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.files import write_whole
from qcrystal.potential.moments import invariants
from qcrystal.potential.moments.invariants import INVARIANT_SCALE, apply_network
from qcrystal.potential.moments.neighbourhoods import (
    Environment,
    Neighbourhoods,
    moment_tangent,
    moments,
    neighbourhoods,
    pair_forces,
    smooth_inverses,
    sorted_by_species,
    splines,
)
from qcrystal.processes import Request, requests_noted

# One core per training, so that a committee's members run side by side; read by JAX when it is imported.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
os.environ.setdefault("PJRT_NPROC", "1")

logger = logging.getLogger(__name__)

SPLINES = 48  # per species; force error of the spline below 1e-5 eV/Å
HALF = 0.5  # 1/Å
MARGIN = 1.05  # the splines reach beyond the closest pair of the data
WARMUP = 300  # steps
HEADER = "# step rmse_val rmse_trn rmse_e_val rmse_e_trn rmse_f_val rmse_f_trn rmse_v_val rmse_v_trn lr\n"


class MomentTrainingError(ValueError):
    """An input that this trainer does not cover, or a training that failed; one line that says what to do."""


@dataclass
class Frame:
    """A labelled frame, atoms sorted by species; ``energy`` (eV) without the species' mean energies."""

    pairs: Neighbourhoods
    energy: float
    forces: np.ndarray
    virial: np.ndarray
    counts: tuple[int, ...]
    moments: np.ndarray | None = None


def train(document: dict, directory: Path) -> None:
    """Train as ``document``, an input of ``dp train``, says; continue with the checkpoint in ``directory`` if there is one.

    Leaves ``lcurve.out`` in DeePMD-kit's format and ``model.dp``, the averaged weights with biases fitted to all
    frames, as an ordinary model of DeePMD-kit's NumPy backend.

    Parameters
    ----------
    document
        ``descriptor`` must be ``se_e2_a`` with tanh. ``batch_size`` is a number of frames;
        ``training.ema_decay`` (0.999 if absent) averages the weights over the last steps.
    directory
        Relative paths of systems start here.

    Raises
    ------
    MomentTrainingError
        The input asks for what this trainer does not cover, or the loss is not a number.
    """
    directory = Path(directory)
    _check(document)
    species = document["model"]["type_map"]
    systems = {part: _systems(document, part, directory, species) for part in ("training_data", "validation_data")}
    cutoff = document["model"]["descriptor"]["rcut"]
    started = time.monotonic()
    energies = mean_energies(systems["training_data"], species)
    frames = {part: _frames(members, species, cutoff, energies) for part, members in systems.items()}
    closest = closest_pair(
        [frame for part in frames.values() for frame in part]
    )  # the splines serve the test frames too
    environment = measured_environment(
        frames["training_data"],
        document["model"]["descriptor"],
        closest,
        degree=document.get("invariants", {}).get("degree", 1),
    )
    if environment.degree == 1:  # of higher degree they would fill the memory
        for frame in frames["training_data"]:
            frame.moments = moments(frame.pairs, environment)
    logger.info(
        "%d frames to train on, %d to test on, prepared in %.0f s",
        len(frames["training_data"]),
        len(frames["validation_data"]),
        time.monotonic() - started,
    )
    model = initial_model(document, environment, energies, closest_pair(frames["training_data"]))
    trainer = Trainer(document, model, environment, frames)
    trainer.run(directory)


def _check(document: dict) -> None:
    descriptor, fitting = document["model"]["descriptor"], document["model"]["fitting_net"]
    demands = {
        "model.descriptor.type": (descriptor.get("type"), "se_e2_a"),
        "model.descriptor.resnet_dt": (descriptor.get("resnet_dt", False), False),
        "model.descriptor.activation_function": (descriptor.get("activation_function", "tanh"), "tanh"),
        "model.fitting_net.activation_function": (fitting.get("activation_function", "tanh"), "tanh"),
        "loss.type": (document["loss"].get("type"), "ener"),
    }
    for key, (value, needed) in demands.items():
        if value != needed:
            raise MomentTrainingError(
                f"input.json: {key} is {value!r}; this trainer needs {needed!r}: set trainer: deepmd"
            )
    batch = document["training"]["training_data"].get("batch_size", 1)
    if not isinstance(batch, int) or batch < 1:
        raise MomentTrainingError(f"input.json: batch_size is {batch!r}; this trainer needs a number of frames")


def _systems(document: dict, part: str, directory: Path, species: list[str]) -> list[LabelledFrames]:
    paths = document["training"].get(part, {}).get("systems", [])
    return [read_deepmd(directory / path, species) for path in paths]


def mean_energies(systems: Sequence[LabelledFrames], species: list[str]) -> np.ndarray:
    """Mean energy (S,) of an atom of each species in eV: the solution of least norm, as DeePMD-kit takes it."""
    counts = np.array(
        [[np.sum(system.symbols == one) for one in species] for system in systems for _ in system.energies]
    )
    energies = np.concatenate([system.energies for system in systems])
    return np.linalg.lstsq(counts.astype(float), energies, rcond=None)[0]


def _frames(systems: Sequence[LabelledFrames], species: list[str], cutoff: float, energies: np.ndarray) -> list[Frame]:
    frames = []
    for system in systems:
        order, numbers = sorted_by_species(system, species)
        counts = tuple(int(np.sum(numbers == one)) for one in range(len(species)))
        for k in range(len(system)):
            pairs = neighbourhoods(system.positions[k][order], system.cells[k], numbers, cutoff)
            energy = system.energies[k] - energies[numbers].sum()
            frames.append(Frame(pairs, energy, system.forces[k][order], system.virials[k], counts))
    return frames


def closest_pair(frames: Sequence[Frame]) -> float:
    """Smallest distance (Å) in the frames."""
    return min(float(np.sqrt((frame.pairs.vectors**2).sum(axis=1).min())) for frame in frames)


def measured_environment(
    frames: Sequence[Frame], descriptor: dict, closest: float, sample: int = 200, degree: int = 1
) -> Environment:
    """The environment with the mean and the standard deviations of s over all slots, empty ones included, as DeePMD-kit.

    The splines reach to pairs a little closer than ``closest`` (Å).
    """
    slots = np.array(descriptor["sel"], float)
    cutoff, smooth = descriptor["rcut"], descriptor["rcut_smth"]
    count = len(slots)
    atoms, sums, squares, vector_squares = np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count)
    for frame in frames[:: max(1, len(frames) // sample)]:
        pairs = frame.pairs
        owner = np.repeat(pairs.species, np.diff(pairs.first))
        distance = np.sqrt((pairs.vectors.astype(float) ** 2).sum(axis=1))
        s = smooth_inverses(distance, smooth, cutoff)
        atoms += np.bincount(pairs.species, minlength=count)
        sums += np.bincount(owner, s, minlength=count)
        squares += np.bincount(owner, s**2, minlength=count)
        vector_squares += np.bincount(owner, s**2 / 3, minlength=count)
    entries = np.maximum(atoms, 1) * slots.sum()
    shift = sums / entries
    scale = np.maximum(np.sqrt(np.maximum(squares / entries - shift**2, 0)), 0.01)
    scale_vector = np.maximum(np.sqrt(vector_squares / entries), 0.01)
    largest = MARGIN / closest
    spacing = largest / (largest + HALF) / (SPLINES - 3)
    return Environment(cutoff, smooth, slots, shift, scale, scale_vector, HALF, spacing, SPLINES, degree)


def initial_model(document: dict, environment: Environment, energies: np.ndarray, closest: float) -> dict:
    """A DeePMD-kit model as plain data with first weights drawn as its TensorFlow backend draws them."""
    from deepmd.dpmodel.model.model import get_model

    given = document["model"]
    wanted = {
        "type_map": given["type_map"],
        "descriptor": dict(given["descriptor"]),
        "fitting_net": dict(given["fitting_net"]),
    }
    model = get_model(json.loads(json.dumps(wanted))).serialize()
    descriptor, fitting = model["descriptor"], model["fitting"]
    for networks, seed in (
        (descriptor["embeddings"]["networks"], given["descriptor"].get("seed", 1)),
        (fitting["nets"]["networks"], given["fitting_net"].get("seed", 1)),
    ):
        random = np.random.default_rng(seed)
        for network in networks:
            for layer in network["layers"]:
                _draw(layer["@variables"], random, network["precision"])
    slots = int(environment.slots.sum())
    mean, deviation = descriptor["@variables"]["davg"], descriptor["@variables"]["dstd"]
    mean[:] = 0
    mean[:, :, 0] = environment.shift[:, None]
    deviation[:] = environment.scale_vector[:, None, None]
    deviation[:, :, 0] = environment.scale[:, None]
    assert mean.shape[1] == slots
    fitting["@variables"]["bias_atom_e"] = energies.reshape(-1, 1)
    return {"model": model, "model_def_script": wanted, "@variables": {"min_nbor_dist": closest}}


def _draw(variables: dict, random: np.random.Generator, precision: str) -> None:
    """Weights of one layer: normal, of variance 1/(inputs + outputs); biases of variance 1; time steps about 0.1."""
    shape = variables["w"].shape
    variables["w"] = random.normal(0, 1 / math.sqrt(sum(shape)), shape).astype(precision)
    if variables.get("b") is not None:
        variables["b"] = random.normal(0, 1, variables["b"].shape).astype(precision)
    if variables.get("idt") is not None:
        variables["idt"] = random.normal(0.1, 0.001, variables["idt"].shape).astype(precision)


def weights_of(model: dict, cubic: dict | None = None, seed: int = 1) -> dict:
    """The networks' weights: ``embedding`` in DeePMD-kit's order, ``fitting`` by species of the atom.

    With ``cubic`` (``degree`` and ``probes``), also first ``probes``: by species of the atom, degree and species of the
    neighbour, (M, K) from M channels to K probes; and the fitting networks have inputs for the invariants after those of
    the model.
    """
    parts = {
        "embedding": model["model"]["descriptor"]["embeddings"]["networks"],
        "fitting": model["model"]["fitting"]["nets"]["networks"],
    }
    weights = {
        name: [
            [
                {key: np.asarray(value, np.float32) for key, value in layer["@variables"].items() if value is not None}
                for layer in network["layers"]
            ]
            for network in networks
        ]
        for name, networks in parts.items()
    }
    return _with_invariants(weights, np.random.default_rng(seed), **cubic) if cubic else weights


def _with_invariants(weights: dict, random: np.random.Generator, degree: int, probes: int | list[int]) -> dict:
    species, channels = len(weights["fitting"]), weights["embedding"][0][-1]["w"].shape[1]

    def drawn(number: int) -> np.ndarray:
        return random.normal(0, 1 / math.sqrt(channels), (channels, number)).astype(np.float32)

    numbers = invariants.by_degree(degree, probes)
    weights["probes"] = [[[drawn(number) for _ in range(species)] for number in numbers] for _ in range(species)]
    for network in weights["fitting"]:
        inputs, outputs = network[0]["w"].shape
        inputs += invariants.count(degree, probes)
        network[0]["w"] = random.normal(0, 1 / math.sqrt(inputs + outputs), (inputs, outputs)).astype(np.float32)
    return weights


def put_weights(model: dict, weights: dict) -> None:
    """Write weights as `weights_of` gives them into a model."""
    descriptor, fitting = model["model"]["descriptor"]["embeddings"], model["model"]["fitting"]["nets"]
    for networks, values in ((descriptor["networks"], weights["embedding"]), (fitting["networks"], weights["fitting"])):
        for network, layers in zip(networks, values, strict=True):
            for layer, variables in zip(network["layers"], layers, strict=True):
                for key, value in variables.items():
                    kept = value[: layer["@variables"][key].shape[0]]  # no inputs for invariants
                    layer["@variables"][key] = np.asarray(kept, network["precision"])


class Energies:
    """Energies of atoms as a function of weights and moments."""

    def __init__(self, environment: Environment, axis: int):
        grid = 5 * environment.splines
        u = np.linspace(0, (environment.splines - 3) * environment.spacing * (1 - 1e-9), grid)
        s = environment.half * u / (1 - u)
        values = np.zeros((grid, environment.splines))
        value, slope = np.empty(4), np.empty(4)
        for row, one in zip(values, s, strict=True):
            k = splines(one, environment.half, environment.spacing, value, slope)
            row[k : k + 4] = value
        self.projection = np.linalg.pinv(values).astype(np.float32)
        self.nodes = [
            ((s - shift) / scale).astype(np.float32)[:, None]
            for shift, scale in zip(environment.shift, environment.scale, strict=True)
        ]
        self.slots = float(environment.slots.sum())
        self.axis = axis

    def __call__(self, weights: dict, moments: list) -> list:
        """Energies, one array per species of the atom, from moments (n, C, S K) per species."""
        import jax.numpy as jnp

        result = []
        for species, block in enumerate(moments):
            networks = weights["embedding"]
            if len(networks) > len(self.nodes):  # one per pair of species, that of the central atom first
                networks = networks[species :: len(self.nodes)]
            embedded = [
                self.projection @ apply_network(network, self.nodes[species], False, jnp) / self.slots
                for network in networks
            ]
            count, _, size = block.shape
            g = (block[:, :4].reshape(count * 4, size) @ jnp.concatenate(embedded)).reshape(count, 4, -1)
            features = [jnp.einsum("ncm,nca->nma", g, g[:, :, : self.axis]).reshape(count, -1)]
            if "probes" in weights:
                moments = []
                for degree, probes in enumerate(weights["probes"][species], 1):
                    own = block[:, degree**2 : (degree + 1) ** 2].reshape(count * (2 * degree + 1), size)
                    seen = jnp.concatenate([g @ probe for g, probe in zip(embedded, probes, strict=True)])
                    moments.append((own @ seen).reshape(count, 2 * degree + 1, -1).transpose(0, 2, 1))
                numbers = [part.shape[1] for part in moments]
                features += [INVARIANT_SCALE * part for part in invariants.features(moments, numbers, jnp)]
            result.append(
                apply_network(weights["fitting"][species], jnp.concatenate(features, axis=1), True, jnp)[:, 0]
            )
        return result


class Trainer:
    """One training: weights, optimiser, order of the frames, checkpoints."""

    def __init__(self, document: dict, model: dict, environment: Environment, frames: dict[str, list[Frame]]):
        import jax
        import optax

        self.document, self.model, self.environment = document, model, environment
        self.training, self.testing = frames["training_data"], frames["validation_data"]
        options = document["training"]
        self.steps, self.seed = options["numb_steps"], options.get("seed", 1)
        self.batch = options["training_data"].get("batch_size", 1)
        self.decay = options.get("ema_decay", 0.999)
        self.schedule = learning_rate(document["learning_rate"], self.steps)
        self.optimiser = optimiser(options.get("optimizer", "adam"), self.schedule, options.get("weight_decay", 0))
        self.groups = self._groups()
        self.axis = document["model"]["descriptor"]["axis_neuron"]
        energies = Energies(environment, self.axis)

        def total(weights, moments):
            parts = energies(weights, moments)
            return sum(part.sum() for part in parts), parts

        def directed(weights, moments, tangents, factors):
            parts, along = jax.jvp(partial(energies, weights), (moments,), (tangents,))
            return sum((p * f).sum() - t.sum() for p, t, f in zip(parts, along, factors, strict=True))

        def step(weights, state, average, moments, tangents, factors, decay):
            gradient = jax.grad(directed)(weights, moments, tangents, factors)
            change, state = self.optimiser.update(gradient, state, weights)
            weights = optax.apply_updates(weights, change)
            average = jax.tree.map(lambda a, w: decay * a + (1 - decay) * w, average, weights)
            return weights, state, average

        self.gradient = jax.jit(jax.grad(total, argnums=1, has_aux=True))
        self.step = jax.jit(step)
        self.weights = weights_of(model, document.get("invariants"), document["model"]["fitting_net"].get("seed", 1))
        self.average = self.weights
        self.state = self.optimiser.init(self.weights)
        self.done = 0

    def _groups(self) -> list[list[int]]:
        """Frames by composition: a batch holds frames of one composition."""
        groups: dict[tuple[int, ...], list[int]] = {}
        for number, frame in enumerate(self.training):
            groups.setdefault(frame.counts, []).append(number)
        return list(groups.values())

    def batches(self, epoch: int) -> list[list[int]]:
        """Frames of each step of one pass over the data; each frame comes once, in an order of its own."""
        random = np.random.default_rng([self.seed, epoch])
        batches = []
        for group in self.groups:
            order = random.permutation(group)
            batches += [order[i : i + self.batch].tolist() for i in range(0, len(order), self.batch)]
        return [batches[i] for i in random.permutation(len(batches))]

    def predict(
        self, weights: dict, frames: Sequence[Frame], blocks: list[np.ndarray] | None = None
    ) -> list[tuple[float, np.ndarray, np.ndarray]]:
        """Energy (without the species' means), forces and virial of frames of one composition."""
        gradient, energies = self.gradient(weights, self.blocks(frames) if blocks is None else blocks)
        result = []
        for number, frame in enumerate(frames):
            own = [slice(number * n, (number + 1) * n) for n in frame.counts]
            energy = sum(np.asarray(e[part], float).sum() for e, part in zip(energies, own, strict=True))
            g = np.concatenate([np.asarray(part)[chosen] for part, chosen in zip(gradient, own, strict=True)])
            forces, virial = pair_forces(frame.pairs, self.environment, g)
            result.append((energy, forces, virial))
        return result

    def _stack(self, frames: Sequence[Frame], arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Arrays of atoms (N, ...) of frames of one composition as one array per species."""
        ends = np.cumsum([0, *frames[0].counts])
        return [np.concatenate([a[first:last] for a in arrays]) for first, last in zip(ends, ends[1:], strict=False)]

    def blocks(self, frames: Sequence[Frame]) -> list[np.ndarray]:
        """Moments of frames of one composition, one array per species."""
        kept = [moments(frame.pairs, self.environment) if frame.moments is None else frame.moments for frame in frames]
        return self._stack(frames, kept)

    def prefactors(self) -> dict[str, float]:
        """Weights of energy, force and virial in the loss: from start to limit as the learning rate falls."""
        loss, options = self.document["loss"], self.document["learning_rate"]
        progress = min(1.0, float(self.schedule(self.done)) / options["start_lr"]) if self.done >= WARMUP else 1.0
        return {
            name: loss[f"limit_pref_{name}"] * (1 - progress) + loss[f"start_pref_{name}"] * progress for name in "efv"
        }

    def directions(
        self, frames: Sequence[Frame], prefactors: dict[str, float], blocks: list[np.ndarray]
    ) -> tuple[list, list, np.ndarray]:
        """Tangents dA(λ, μ) and factors ∂L/∂E of every atom, one array per species, and the squared errors.

        The loss is DeePMD-kit's, p_e ΔE²/N + p_f <ΔF²> + p_v <ΔV²>/N, averaged over the batch.
        """
        tangents, factors, squares = [], [], []
        for frame, (energy, forces, virial) in zip(frames, self.predict(self.weights, frames, blocks), strict=True):
            atoms = len(forces)
            errors = energy - frame.energy, forces - frame.forces, virial - frame.virial
            squares.append([(errors[0] / atoms) ** 2, np.mean(errors[1] ** 2), np.mean((errors[2] / atoms) ** 2)])
            share = 2 / len(frames)
            displacement = share * prefactors["f"] * errors[1] / (3 * atoms)
            strain = share * prefactors["v"] * errors[2] / (9 * atoms)
            tangents.append(moment_tangent(frame.pairs, self.environment, displacement, strain))
            factors.append(np.full(atoms, share * prefactors["e"] * errors[0] / atoms, np.float32))
        return self._stack(frames, tangents), self._stack(frames, factors), np.mean(squares, axis=0)

    def advance(self, frames: Sequence[Frame]) -> np.ndarray:
        """One step of the optimiser; squared errors of energy, force and virial before it."""
        blocks = self.blocks(frames)
        tangents, factors, squares = self.directions(frames, self.prefactors(), blocks)
        decay = np.float32(min(self.decay, (1 + self.done) / (10 + self.done)))
        self.weights, self.state, self.average = self.step(
            self.weights, self.state, self.average, blocks, tangents, factors, decay
        )
        self.done += 1
        return squares

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
        options = self.document["training"]
        curve = directory / "lcurve.out"
        lines = _lines_until(curve, self.done)
        squares, reported = [], time.monotonic()
        started, first = time.monotonic(), self.done
        while self.done < self.steps:
            # the position in the data follows from the step alone, so that a continued training sees the same order
            epoch, place = self._place(self.done)
            for numbers in self.batches(epoch)[place:]:
                squares.append(self.advance([self.training[number] for number in numbers]))
                if time.monotonic() - reported > 20:
                    rate = (self.done - first) / (time.monotonic() - started)
                    left = (self.steps - self.done) / rate
                    logger.info("step %d/%d, %.1f steps/s, %.0f s left", self.done, self.steps, rate, left)
                    reported = time.monotonic()
                line = self.done % options["disp_freq"] == 0 or self.done == self.steps
                if line:
                    lines.append(self._curve_line(np.sqrt(np.mean(squares, axis=0))))
                    squares = []
                    write_whole(curve, "".join([HEADER, *lines]))
                stopping = request.made and line
                if self.done % options["save_freq"] == 0 or self.done == self.steps or stopping:
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

    def _test_sample(self, size: int = 40) -> list[Frame]:
        return self.testing[:: max(1, len(self.testing) // size)]

    def _test_errors(self, frames: Sequence[Frame]) -> np.ndarray:
        """Root-mean-square errors of energy (eV/atom), force (eV/Å) and virial (eV/atom) with the averaged weights."""
        if not frames:
            return np.full(3, np.nan)
        squares = []
        for frame in frames:
            if frame.moments is None and self.environment.degree == 1:
                frame.moments = moments(frame.pairs, self.environment)
            ((energy, forces, virial),) = self.predict(self.average, [frame])
            atoms = len(forces)
            squares.append(
                [
                    ((energy - frame.energy) / atoms) ** 2,
                    np.mean((forces - frame.forces) ** 2),
                    np.mean(((virial - frame.virial) / atoms) ** 2),
                ]
            )
        return np.sqrt(np.mean(squares, axis=0))

    def fit_bias(self, weights: dict) -> dict:
        """Weights whose biases, one per species, leave the energies of all training frames without error on average.

        The mean energies with which a training starts come from few, nearly proportional compositions, and averaged weights
        have not the energies of the last ones: least squares over the errors per atom repairs both, as `dp change-bias` does.
        Forces and virials do not depend on it.
        """
        shares = np.array([frame.counts for frame in self.training], float)
        shares /= shares.sum(axis=1, keepdims=True)
        errors = np.array(
            [
                (frame.energy - self.predict(weights, [frame])[0][0]) / sum(frame.counts)  # eV/atom
                for frame in self.training
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

        state = jax.tree.map(np.asarray, (self.weights, self.state, self.average))
        write_whole(directory / "checkpoint.pickle", pickle.dumps((self.done, *state)))

    def _resume(self, directory: Path) -> None:
        path = directory / "checkpoint.pickle"
        if path.is_file():
            self.done, self.weights, self.state, self.average = pickle.loads(path.read_bytes())
            logger.info("training: continuing after step %d of %d", self.done, self.steps)

    def _save_model(self, directory: Path) -> None:
        """Write the averaged weights as ``model.dp`` and convert it to ``frozen.pb``."""
        import jax
        from deepmd.dpmodel.utils.serialization import save_dp_model

        put_weights(self.model, self.average)
        save_dp_model(str(directory / "model.dp"), self.model)
        if "probes" in self.average:
            invariants.save(directory / invariants.FILE, jax.tree.map(np.asarray, self.average))


def learning_rate(options: dict, steps: int):
    """DeePMD-kit's schedules ``exp`` (continuous) and ``cosine``, after a linear rise over the first `WARMUP` steps.

    Returns a function of the step that JAX can trace.
    """
    import optax

    start, stop = options["start_lr"], options["stop_lr"]
    if options["type"] == "cosine":
        decay = optax.cosine_decay_schedule(start, steps, stop / start)
    elif options["type"] == "exp":
        decay = optax.exponential_decay(start, steps, stop / start)
    else:
        raise MomentTrainingError(f"input.json: learning_rate.type is {options['type']!r}; use exp or cosine")
    return lambda step: decay(step) * optax.linear_schedule(0.02, 1.0, WARMUP)(step)


def optimiser(name: str, schedule, weight_decay: float = 0):
    """``adam``, or ``muon`` (K. Jordan et al., 2024): orthogonalised momentum for the matrices and Adam for the rest.

    With Muon the learning rate is the size of a step in units of an orthogonal matrix: about three times Adam's. Matrices
    shrink in each step by ``weight_decay`` times the learning rate (I. Loshchilov and F. Hutter, ICLR 2019, arXiv:1711.05101).
    """
    import jax
    import optax

    if name == "adam":
        return optax.adamw(schedule, weight_decay=weight_decay, mask=_are_matrices)
    if name == "muon":
        matrices = optax.chain(
            optax.trace(0.95, nesterov=True),
            optax.stateless_with_tree_map(lambda gradient, _: orthogonalised(gradient)),
            optax.add_decayed_weights(weight_decay),
            optax.scale_by_learning_rate(schedule),
        )
        rest = optax.nadam(lambda step: schedule(step) / 3)
        return optax.partition(
            {"matrix": matrices, "rest": rest},
            lambda weights: jax.tree.map(lambda matrix: "matrix" if matrix else "rest", _are_matrices(weights)),
        )
    raise MomentTrainingError(f"input.json: training.optimizer is {name!r}; use adam or muon")


def _are_matrices(weights):
    import jax

    return jax.tree.map(lambda array: array.ndim == 2, weights)


def orthogonalised(matrix):
    """Muon's approximately orthogonal matrix, five Newton-Schulz steps from ``matrix`` (n, m), times √max(1, m/n).

    The steps are taken for the Gram matrix of the shorter side: the same polynomial as in `optax.contrib.muon`, several times
    faster for the first layer of a fitting network.
    """
    import jax.numpy as jnp

    rows, columns = matrix.shape
    if rows < columns:
        return math.sqrt(columns / rows) * orthogonalised(matrix.T).T
    gram, unit = matrix.T @ matrix, jnp.eye(columns, dtype=matrix.dtype)
    size = jnp.sqrt(jnp.trace(gram)) + 1e-8
    gram, product = gram / size**2, unit / size
    for _ in range(5):
        step = 3.4445 * unit - 4.775 * gram + 2.0315 * gram @ gram
        product, gram = product @ step, gram @ step @ step
    return matrix @ product


def _lines_until(curve: Path, step: int) -> list[str]:
    if not curve.is_file():
        return []
    lines = [line for line in curve.read_text().splitlines(keepends=True) if not line.startswith("#")]
    return [line for line in lines if int(line.split()[0]) <= step]
