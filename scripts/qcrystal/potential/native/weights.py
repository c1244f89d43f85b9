"""Contents of the file of a frozen ``se_e2_a`` potential: settings, networks, tables, repulsion.

Read are the potentials of `qcrystal.potential.tensorflow_graph.finish`, with and without cubic invariants, and those that
DeePMD-kit's TensorFlow backend freezes or compresses. The network with invariants has no names of its own in the graph. Its
constants are taken in the order in which `finish` writes them, and every shape must fit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qcrystal.errors import QcrystalError
from qcrystal.potential.moments import invariants
from qcrystal.potential.native.graph_file import MessageError, Node, read_nodes

Layers = list[dict[str, np.ndarray]]


class WeightsError(QcrystalError, ValueError):
    """A potential that the native evaluator does not cover; one line that names the file and what it lacks."""


@dataclass(frozen=True)
class Table:
    """Polynomials of fifth order in the normalised inverse distance, as DeePMD-kit's compression writes them.

    ``coefficients`` (intervals, functions, 6) have the lowest power first. ``lower``, ``upper``, ``largest`` are the ends of the
    fine and of the coarse intervals, whose lengths are ``fine`` and ``coarse``.
    """

    coefficients: np.ndarray
    lower: float
    upper: float
    largest: float
    fine: float
    coarse: float

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values (n, functions); constant beyond the ends, as in DeePMD-kit's ``locate_xx``."""
        first = round((self.upper - self.lower) / self.fine)
        last = first + round((self.largest - self.upper) / self.coarse) - 1
        near = np.clip(np.floor((x - self.lower) / self.fine), 0, first - 1).astype(int)
        far = first + np.floor((x - self.upper) / self.coarse).astype(int)
        interval = np.where(x < self.upper, near, np.clip(far, first, last))
        start = np.where(
            interval < first, self.lower + interval * self.fine, self.upper + (interval - first) * self.coarse
        )
        inside = np.where((x < self.lower) | (x >= self.largest), 0.0, x - start)
        powers = inside[:, None] ** np.arange(6)
        return np.einsum("np,nfp->nf", powers, self.coefficients[interval])


@dataclass(frozen=True)
class Network:
    """An embedding network of DeePMD-kit; ``matrix`` (if any) takes linear combinations of its outputs."""

    layers: Layers
    matrix: np.ndarray | None = None

    def __call__(self, x: np.ndarray) -> np.ndarray:
        values = invariants.apply_network(self.layers, np.asarray(x, float)[:, None], False, np)
        return values if self.matrix is None else values @ self.matrix


Functions = Table | Network
Pair = tuple[int, int]


@dataclass(frozen=True)
class Weights:
    """A potential of S species.

    Attributes
    ----------
    path : Path
    species : tuple of str
        Type map.
    cutoff, cutoff_smooth : float
        Å.
    places : (S,) array of int
        Neighbours by species that the descriptor was made for (``sel``).
    mean, deviation, vector_deviation : (S,) arrays
        By species of the central atom: normalisation of s (1/Å) and of s x/r.
    axis : int
        Channels on the shorter side of the products of two.
    embedding, higher : dict
        Functions of the normalised s, by species of the central atom and of the neighbour. They are the M channels, and what
        the probes of degrees 2 and up see of them. The latter is empty without invariants.
    first : dict
        Likewise: (M, K) probes of degree 1.
    probes : tuple of int
        Probes of degrees 1, 2, ...; empty without invariants.
    fitting : list
        Networks by species of the central atom.
    energies : (S,) array
        eV; energy of an atom beside the network's.
    repulsion : tuple or None
        ``info`` and ``data`` of `qcrystal.potential.shortrange.table`.
    """

    path: Path
    species: tuple[str, ...]
    cutoff: float
    cutoff_smooth: float
    places: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    vector_deviation: np.ndarray
    axis: int
    embedding: dict[Pair, Functions]
    first: dict[Pair, np.ndarray]
    higher: dict[Pair, Functions]
    probes: tuple[int, ...]
    fitting: list[Layers]
    energies: np.ndarray
    repulsion: tuple[np.ndarray, np.ndarray] | None

    @property
    def degree(self) -> int:
        """Highest degree of the harmonics."""
        return max(1, len(self.probes))

    @property
    def channels(self) -> int:
        return self.embedding[0, 0](np.zeros(1)).shape[1]


def read_weights(path: Path) -> Weights:
    """Read a frozen potential.

    Raises
    ------
    WeightsError
        If the file cannot be read, or holds what the native evaluator does not know.
    """
    path = Path(path)
    try:
        nodes = read_nodes(path)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror}); give a file of `dp freeze`") from error
    except MessageError as error:
        raise WeightsError(f"{error}; give a file of `dp freeze`") from error
    return _Reader(path, nodes).weights()


class _Reader:
    """The parts of a graph by their names."""

    def __init__(self, path: Path, nodes: Sequence[Node]):
        self.path = path
        self.nodes = nodes
        self.named = {node.name: node for node in nodes}
        script = self._value("train_attr/training_script")
        try:
            self.model = json.loads(str(script))["model"]
        except (ValueError, KeyError) as error:
            raise WeightsError(f"{path}: says nothing of its training; freeze it again with `dp freeze`") from error

    def weights(self) -> Weights:
        self._check_settings()
        species = tuple(str(self._value("model_attr/tmap")).split())
        count = len(species)
        mean, deviation = (
            np.asarray(self._value(f"descrpt_attr/{name}"), float).reshape(count, -1, 4) for name in ("t_avg", "t_std")
        )
        equal = np.ptp(mean, axis=1).max() == 0 and np.ptp(deviation, axis=1).max() == 0
        if not equal or np.any(mean[:, 0, 1:]) or np.ptp(deviation[:, 0, 1:], axis=1).any():
            raise self._error("its normalisation differs from neighbour to neighbour")
        named = "layer_0_type_0/matrix" in self.named
        parts = self._with_names(count) if named else self._in_order(count)
        energies = np.asarray(self._value("fitting_attr/t_bias_atom_e"), float)
        return Weights(
            path=self.path,
            species=species,
            cutoff=float(self._value("descrpt_attr/rcut")),
            cutoff_smooth=float(self.model["descriptor"]["rcut_smth"]),
            places=np.asarray(self._value("descrpt_attr/sel"), int),
            mean=mean[:, 0, 0],
            deviation=deviation[:, 0, 0],
            vector_deviation=deviation[:, 0, 1],
            energies=energies,
            axis=int(self.model["descriptor"]["axis_neuron"]),
            repulsion=self._repulsion(),
            **parts,
        )

    def _error(self, what: str) -> WeightsError:
        return WeightsError(f"{self.path}: {what}, which the native evaluator does not know; set engine: deepmd")

    def _value(self, name: str) -> Any:
        """A constant: an array or a text."""
        if name not in self.named or self.named[name].value is None:
            raise self._error(f"it holds no {name}")
        return self.named[name].value

    def _check_settings(self) -> None:
        """Refuse what would change the energy in a way that is not computed here."""
        descriptor, fitting = self.model["descriptor"], self.model["fitting_net"]
        expected = [
            ("descriptor.type", descriptor.get("type"), "se_e2_a"),
            ("descriptor.activation_function", descriptor.get("activation_function", "tanh"), "tanh"),
            ("descriptor.resnet_dt", descriptor.get("resnet_dt", False), False),
            ("descriptor.exclude_types", descriptor.get("exclude_types", []), []),
            ("descriptor.env_protection", descriptor.get("env_protection", 0.0), 0.0),
            ("fitting_net.type", fitting.get("type", "ener"), "ener"),
            ("fitting_net.activation_function", fitting.get("activation_function", "tanh"), "tanh"),
            ("fitting_net.numb_fparam", fitting.get("numb_fparam", 0), 0),
            ("fitting_net.numb_aparam", fitting.get("numb_aparam", 0), 0),
            ("pair_exclude_types", self.model.get("pair_exclude_types", []), []),
            ("atom_exclude_types", self.model.get("atom_exclude_types", []), []),
            ("spin", self.model.get("spin"), None),
        ]
        for name, found, known in expected:
            if found != known:
                raise self._error(f"its {name} is {found!r}")
        if any(node.operation.startswith(("ProdEnvMatR", "ProdEnvMatAMix")) for node in self.nodes):
            raise self._error("its descriptor is not se_e2_a alone")
        if "use_srtab" in self.model:
            raise self._error("its model has tabulated pairs of another kind")

    # --- networks that DeePMD-kit named ----------------------------------------------------------------------------------

    def _with_names(self, count: int) -> dict[str, Any]:
        pairs = [(own, other) for own in range(count) for other in range(count)]
        fitting = []
        for own in range(count):
            numbers = _numbered(self.named, rf"layer_(\d+)_type_{own}/matrix")
            layers = [self._layer(f"layer_{number}_type_{own}") for number in numbers]
            fitting.append([*layers, self._layer(f"final_layer_type_{own}")])
        return {
            "embedding": {(own, other): self._embedding(own, other) for own, other in pairs},
            "first": {},
            "higher": {},
            "probes": (),
            "fitting": fitting,
        }

    def _layer(self, name: str) -> dict[str, np.ndarray]:
        layer = {"w": self._value(f"{name}/matrix"), "b": self._value(f"{name}/bias")}
        if f"{name}/idt" in self.named:
            layer["idt"] = self._value(f"{name}/idt")
        return layer

    def _embedding(self, own: int, other: int) -> Functions:
        """The embedding network of a pair of species, or its table."""
        for scope in (f"filter_type_{own}", "filter_type_all"):
            numbers = _numbered(self.named, rf"{scope}/matrix_(\d+)_{other}")
            if numbers:
                layers = [
                    {"w": self._value(f"{scope}/matrix_{n}_{other}"), "b": self._value(f"{scope}/bias_{n}_{other}")}
                    for n in numbers
                ]
                return Network(layers)
            tables = [
                node
                for node in self.nodes
                if node.operation == "TabulateFusionSeA" and node.name.startswith(f"{scope}/")
            ]
            if tables:
                return self._table(*tables[other].inputs[:2])
        raise self._error(f"it names no embedding of species {own} and {other}")

    def _table(self, data: str, info: str) -> Table:
        values = np.asarray(self._value(data), float)
        lower, upper, largest, fine, coarse = (float(x) for x in np.asarray(self._value(info), np.float64)[:5])
        return Table(values.reshape(len(values), -1, 6), lower, upper, largest, _clean(fine), _clean(coarse))

    # --- the network of `tensorflow_graph.finish` ------------------------------------------------------------------------

    def _in_order(self, count: int) -> dict[str, Any]:
        """The networks with invariants: constants of products, sums and tables in the order of the graph."""
        start = next(place for place, node in enumerate(self.nodes) if node.name == "fitting_attr/t_bias_atom_e")
        wanted = re.compile(r"(matmul(_\d+)?/b|add(_\d+)?/y|mul(_\d+)?/y|TabulateFusionSeR(_\d+)?/table)$")
        queue = [
            node
            for node in self.nodes[start + 1 :]
            if wanted.match(node.name) and isinstance(node.value, np.ndarray) and node.value.ndim > 0
        ]
        parts: dict[str, Any] = {"embedding": {}, "first": {}, "higher": {}, "fitting": []}
        higher = self._higher_probes()
        for own in range(count):
            networks = [self._embedding(own, other) for other in range(count)]
            if higher is None:
                first, seen, numbers = self._probes_by_degree(networks, queue)
            else:
                first, seen, numbers = *self._probes_together(networks, queue, sum(higher)), higher
            for other in range(count):
                parts["embedding"][own, other] = networks[other]
                parts["first"][own, other], parts["higher"][own, other] = first[other], seen[other]
            parts["fitting"].append(self._fitting(queue))
        if queue:
            raise self._error(f"its graph goes on with {queue[0].name}")
        parts["probes"] = (parts["first"][0, 0].shape[1], *numbers)
        self._check_inputs(parts)
        return parts

    def _higher_probes(self) -> tuple[int, ...] | None:
        """Numbers of probes of degrees 2 and up, from the sizes of splits along the third axis; None if there is none."""
        for node in self.nodes:
            if node.operation == "SplitV":
                sizes, axis = (self.named[name].value for name in node.inputs[1:3])
                if axis is not None and sizes is not None and int(axis) == 2:
                    return tuple(int(size) for size in sizes)
        return None

    def _probes_together(
        self, networks: list[Functions], queue: list[Node], higher: int
    ) -> tuple[list[np.ndarray], list[Functions]]:
        """Probes of degree 1, and what those of all higher degrees see, each by species of the neighbour."""
        for network in networks:
            if isinstance(network, Network):
                self._repeated(network, queue)
        channels = networks[0](np.zeros(1)).shape[1]
        first = [self._next(queue, (channels, None)) for _ in networks]
        seen: list[Functions] = []
        for network in networks:
            if isinstance(network, Table):
                values = np.asarray(self._next(queue, (len(network.coefficients), 6 * higher)), float)
                seen.append(replace(network, coefficients=values.reshape(len(values), higher, 6)))
            else:
                self._repeated(network, queue)
                seen.append(Network(network.layers, np.asarray(self._next(queue, (channels, higher)), float)))
        return first, seen

    def _probes_by_degree(
        self, networks: list[Functions], queue: list[Node]
    ) -> tuple[list[np.ndarray], list[Functions], tuple[int, ...]]:
        """The same where the harmonics of each degree enter four at a time, so that its probes stand there repeatedly."""
        first: list[np.ndarray] = []
        seen: list[Functions] = []
        numbers: tuple[int, ...] = ()
        for network in networks:
            if isinstance(network, Table):
                raise self._error("its graph has another order")
            self._repeated(network, queue)
            channels, matrices = network.layers[-1]["w"].shape[1], []
            while queue and self._array(queue[0]).shape[0] == 1:
                self._repeated(network, queue)
                matrices.append(self._next(queue, (channels, None)))
            degrees = [
                matrices[place] for place, degree in zip((0, 2, 4), (2, 4, 7), strict=True) if degree <= len(matrices)
            ]
            numbers = tuple(matrix.shape[1] for matrix in degrees)
            if len(matrices) not in (2, 4, 7):
                raise self._error("its graph has another order")
            seen.append(Network(network.layers, np.concatenate(degrees, axis=1).astype(float)))
            first.append(self._next(queue, (channels, None)))
        return first, seen, numbers

    def _repeated(self, network: Network, queue: list[Node]) -> None:
        """Take a network from the queue that is known already."""
        for layer in network.layers:
            for key in ("w", "b"):
                if not np.array_equal(self._next(queue, layer[key].shape), layer[key]):
                    raise self._error("an embedding stands there twice, and differently")

    def _next(self, queue: list[Node], shape: tuple[int | None, ...]) -> np.ndarray:
        if not queue:
            raise self._error("its graph breaks off")
        node = queue.pop(0)
        value = self._array(node)
        fits = value.ndim == len(shape) and all(b in (None, a) for a, b in zip(value.shape, shape, strict=True))
        if not fits:
            raise self._error(f"{node.name} has the shape {value.shape}")
        return value

    def _array(self, node: Node) -> np.ndarray:
        if not isinstance(node.value, np.ndarray):
            raise self._error(f"{node.name} holds no numbers")
        return node.value

    def _fitting(self, queue: list[Node]) -> Layers:
        """Layers up to the one with a single output."""
        layers: Layers = []
        while not layers or layers[-1]["w"].shape[1] != 1:
            matrix = self._next(queue, (None, None))
            layers.append({"w": matrix, "b": self._next(queue, (matrix.shape[1],))})
            if queue and queue[0].name.startswith("mul"):
                layers[-1]["idt"] = self._next(queue, (matrix.shape[1],))
        return layers

    def _check_inputs(self, parts: dict[str, Any]) -> None:
        channels = parts["first"][0, 0].shape[0]
        probes = parts["probes"]
        inputs = channels * int(self.model["descriptor"]["axis_neuron"]) + invariants.count(len(probes), probes)
        if any(layers[0]["w"].shape[0] != inputs for layers in parts["fitting"]):
            raise self._error(f"its fitting networks do not take {inputs} inputs")

    def _repulsion(self) -> tuple[np.ndarray, np.ndarray] | None:
        node = next((node for node in self.nodes if node.operation == "PairTab"), None)
        if node is None:
            return None
        info, data = (np.asarray(self._value(name), float) for name in node.inputs[:2])
        species, intervals = round(info[3]), round(info[2])
        return info, data.reshape(species, species, intervals, 4)


def _numbered(names, pattern: str) -> list[int]:
    found = map(re.compile(pattern).fullmatch, names)
    return sorted(int(match.group(1)) for match in found if match)


def _clean(length: float) -> float:
    """A table's spacing without the digits that single precision added."""
    return float(f"{length:.6g}")
