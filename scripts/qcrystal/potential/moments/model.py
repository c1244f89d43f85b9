"""A DeePMD-kit model whose networks are trained: its first weights, and its weights as arrays."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from qcrystal.potential.deepmd import model_definition
from qcrystal.potential.moments import invariants
from qcrystal.potential.moments.neighbourhoods import Environment
from qcrystal.potential.settings import Invariants, Training


def initial_model(training: Training, environment: Environment, energies: np.ndarray, closest: float) -> dict[str, Any]:
    """A DeePMD-kit model as plain data with first weights drawn as its TensorFlow backend draws them.

    Parameters
    ----------
    energies : (S,) array
        Mean energy (eV) of an atom of each species.
    closest
        Smallest distance (Å) of the training frames, which says how far tables of a compressed potential reach.
    """
    from deepmd.dpmodel.model.model import get_model

    wanted = model_definition(training)
    model = get_model(json.loads(json.dumps(wanted))).serialize()
    descriptor, fitting = model["descriptor"], model["fitting"]
    for networks, seed in (
        (descriptor["embeddings"]["networks"], training.seeds.descriptor),
        (fitting["nets"]["networks"], training.seeds.fitting),
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


def _draw(variables: dict[str, Any], random: np.random.Generator, precision: str) -> None:
    """Weights of one layer: normal, of variance 1/(inputs + outputs); biases of variance 1; time steps about 0.1."""
    shape = variables["w"].shape
    variables["w"] = random.normal(0, 1 / math.sqrt(sum(shape)), shape).astype(precision)
    if variables.get("b") is not None:
        variables["b"] = random.normal(0, 1, variables["b"].shape).astype(precision)
    if variables.get("idt") is not None:
        variables["idt"] = random.normal(0.1, 0.001, variables["idt"].shape).astype(precision)


def weights_of(model: dict[str, Any], cubic: Invariants | None = None, seed: int = 1) -> dict[str, Any]:
    """The networks' weights: ``embedding`` in DeePMD-kit's order, ``fitting`` by species of the atom.

    With ``cubic`` there are ``probes`` too: arrays (M, K) from M channels to K probes. Their keys are the species of the atom,
    the degree and the species of the neighbour. The fitting networks then have inputs for the invariants after those of the
    model.
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
    return _with_invariants(weights, np.random.default_rng(seed), cubic.degree, cubic.probes) if cubic else weights


def _with_invariants(
    weights: dict[str, Any], random: np.random.Generator, degree: int, probes: int | list[int]
) -> dict[str, Any]:
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


def put_weights(model: dict[str, Any], weights: dict[str, Any]) -> None:
    """Write weights as `weights_of` gives them into a model."""
    descriptor, fitting = model["model"]["descriptor"]["embeddings"], model["model"]["fitting"]["nets"]
    for networks, values in ((descriptor["networks"], weights["embedding"]), (fitting["networks"], weights["fitting"])):
        for network, layers in zip(networks, values, strict=True):
            for layer, variables in zip(network["layers"], layers, strict=True):
                for key, value in variables.items():
                    kept = value[: layer["@variables"][key].shape[0]]  # no inputs for invariants
                    layer["@variables"][key] = np.asarray(kept, network["precision"])


def untrained(training: Training, path: Path, closest: float = 0.5) -> None:
    """Write a potential (``.dp``) with random weights, for what does not depend on them: formats, and the cost of a step.

    Parameters
    ----------
    closest
        Smallest distance (Å) that the tables of its compressed form cover.
    """
    from deepmd.dpmodel.utils.serialization import save_dp_model

    species = len(training.species)
    environment = Environment(
        training.architecture.cutoff,
        training.architecture.cutoff_smooth,
        slots=np.array(training.architecture.sel, float),
        shift=np.full(species, 0.05),  # 1/Å, of the size that labels have
        scale=np.full(species, 0.1),
        scale_vector=np.full(species, 0.1),
        half=0.5,
        spacing=0.02,
        splines=48,
    )
    save_dp_model(str(path), initial_model(training, environment, np.zeros(species), closest))
