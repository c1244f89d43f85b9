"""Edits of frozen potentials (TensorFlow graphs): cubic invariants, the short-range repulsion, and cheaper forces.

A frozen potential is a graph from coordinates to ``o_energy``, ``o_force`` and so on. All edits keep its inputs, its outputs and
everything that a reader asks for by name. So LAMMPS, i-PI and `deepmd.infer.DeepPot` take the file as any other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qcrystal.errors import QcrystalError
from qcrystal.potential.moments import invariants
from qcrystal.potential.moments.invariants import INVARIANT_SCALE, apply_network
from qcrystal.potential.shortrange import table

OUTPUTS = ("o_energy", "o_force", "o_virial", "o_atom_energy", "o_atom_virial")
KEPT = ("t_", "o_", "train_attr/", "model_attr/", "descrpt_attr/", "fitting_attr/", "spin_attr/")
REPULSION = "repulsion/table"


class GraphError(QcrystalError, ValueError):
    """A file that is no frozen potential, or not of a kind that can be edited. The message names the file."""


def finish(
    source: Path,
    target: Path,
    species: Sequence[str],
    ranges: Mapping[str, Sequence[float]],
    weights: Mapping[str, Any] | None = None,
) -> None:
    """Write a frozen potential with the repulsion added and with cheaper forces.

    Parameters
    ----------
    source, target
        Frozen ``se_e2_a`` potential, compressed or not, and the file to write.
    species
        The potential's type map.
    ranges
        Distances (Å) by pair of species between which the repulsion is switched on, see
        `qcrystal.potential.shortrange.pairs`. Without any, no repulsion is added.
    weights
        Those of `qcrystal.potential.moments.model.weights_of` with ``probes``. The network between the environment and the
        energies then becomes theirs, which has cubic invariants (`qcrystal.potential.moments.invariants`).

    Raises
    ------
    GraphError
        If the file cannot be read, is of another kind, or is finished already.
    """
    import deepmd.tf.env  # noqa: F401  makes DeePMD's operations known
    import tensorflow.compat.v1 as tf

    graph = _read(tf, Path(source))
    names = {node.name for node in graph.node}
    if _kind(graph) not in ("frozen", "compressed"):
        raise GraphError(f"{source}: is {_kind(graph)}; finish what `dp freeze` or `dp compress` wrote for se_e2_a")
    _rename(graph, {name: f"net/{name}" for name in OUTPUTS})
    with tf.Graph().as_default() as edited:
        tf.import_graph_def(graph, name="")
        parts = _Parts(tf, edited)
        if weights:
            parts.replace_network(weights)
        energy, atom_energy, force, atom_virial = parts.network()
        if ranges:
            energy, atom_energy, force, atom_virial = parts.with_repulsion(
                (energy, atom_energy, force, atom_virial), *table(ranges, species)
            )
        tf.reshape(energy, [-1], name="o_energy")
        tf.reshape(atom_energy, [-1, parts.local], name="o_atom_energy")
        tf.reshape(force, [-1, 3 * parts.all], name="o_force")
        tf.reshape(tf.reduce_sum(atom_virial, axis=1), [-1, 9], name="o_virial")
        tf.reshape(atom_virial, [-1, 9 * parts.all], name="o_atom_virial")
        kept = [name for name in sorted(names) if name.startswith(KEPT) and name not in OUTPUTS]
        wanted = [*kept, *OUTPUTS, *([REPULSION] if ranges else [])]
        written = in_order(tf.graph_util.extract_sub_graph(edited.as_graph_def(), wanted))
    Path(target).write_bytes(written.SerializeToString(deterministic=True))


def in_order(graph: Any) -> Any:
    """The graph (``GraphDef``) with sums of two terms at a time, in the order in which they are written.

    TensorFlow's arithmetic optimiser merges sums into operations of many terms. With cubic invariants the last digits of the
    forces then changed from about the 70th evaluation on; with the optimiser switched off they did not. Presumably such an
    operation begins with a term that it may overwrite, and which term that is depends on timing.

    TensorFlow does not merge a sum that has a control dependency. We make every sum depend on the repulsion node, which is
    independent of them. A graph without repulsion is returned unchanged.
    """
    operations = {node.name: node for node in graph.node}
    repulsion = next((node.name for node in graph.node if node.op == "PairTab"), None)
    if repulsion is None:
        return graph
    before, waiting = set(), [repulsion]
    while waiting:
        name = waiting.pop()
        if name not in before:
            before.add(name)
            waiting += [reference.lstrip("^").split(":")[0] for reference in operations[name].input]
    ordered = type(graph)(versions=graph.versions, library=graph.library)
    for node in graph.node:
        terms = [reference for reference in node.input if not reference.startswith("^")]
        if node.op not in ("Add", "AddN", "AddV2") or node.name in before or len(terms) < 2:
            ordered.node.append(node)
            continue
        total = terms[0]
        for place, term in enumerate(terms[1:], 1):
            name = node.name if place == len(terms) - 1 else f"{node.name}/{place}"
            sum_of_two = ordered.node.add(op="AddV2", name=name, device=node.device)
            sum_of_two.input.extend([total, term, f"^{repulsion}"])
            sum_of_two.attr["T"].CopyFrom(node.attr["T"])
            total = name
    return ordered


def complete_input(path: Path) -> None:
    """Complete the training input within a potential that was converted from another backend.

    The converted input holds the model's part only. `dp compress` asks for the rest too, although it uses nothing of it.
    Another conversion asks for values that are defaults.
    """
    import tensorflow.compat.v1 as tf

    graph = _read(tf, Path(path))
    nodes = [node for node in graph.node if node.name == "train_attr/training_script"]
    if not nodes:
        raise GraphError(f"{path}: holds no training input; freeze it with `dp freeze`, or convert it anew")
    strings = nodes[0].attr["value"].tensor.string_val
    document = json.loads(strings[0])
    document.setdefault("learning_rate", {"type": "exp", "start_lr": 1e-3, "stop_lr": 1e-6})
    document["model"]["fitting_net"].setdefault("type", "ener")
    strings[0] = json.dumps(document).encode()
    Path(path).write_bytes(graph.SerializeToString(deterministic=True))


def kind(path: Path) -> str:
    """Kind of a file: ``frozen`` or ``compressed`` potential, one that is ``finished``, or ``no se_e2_a potential``."""
    import tensorflow.compat.v1 as tf

    return _kind(_read(tf, Path(path)))


def _kind(graph: Any) -> str:
    operations = {node.op for node in graph.node}
    if any(node.name.startswith("net/o_energy") for node in graph.node):
        return "finished"
    if not {"ProdForceSeA", "ProdVirialSeA"} <= operations:
        return "no se_e2_a potential"
    return "compressed" if "TabulateFusionSeA" in operations else "frozen"


def _read(tf: Any, path: Path) -> Any:
    graph = tf.GraphDef()
    try:
        graph.ParseFromString(path.read_bytes())
    except OSError as error:
        raise GraphError(f"{path}: cannot be read ({error.strerror}); give a file of `dp freeze`") from error
    except Exception as error:
        raise GraphError(
            f"{path}: not a frozen potential ({type(error).__name__}); give a file of `dp freeze`"
        ) from error
    return graph


def _rename(graph: Any, new: Mapping[str, str]) -> None:
    """Rename nodes of a graph and what refers to them."""
    for node in graph.node:
        node.name = new.get(node.name, node.name)
        for index, reference in enumerate(node.input):
            name, colon, output = reference.lstrip("^").partition(":")
            if name in new:
                node.input[index] = ("^" if reference.startswith("^") else "") + new[name] + colon + output


class _Parts:
    """The tensors of a potential's graph between the network and its outputs.

    F frames hold ``local`` atoms of the cell and ``all`` with their images, each with ``places`` for neighbours, -1 where
    there is none.
    """

    def __init__(self, tf: Any, graph: Any):
        self.tf, self.graph = tf, graph
        forces = next(operation for operation in graph.get_operations() if operation.type == "ProdForceSeA")
        virials = next(operation for operation in graph.get_operations() if operation.type == "ProdVirialSeA")
        self.slope, self.environment_slope, self.neighbours, self.count = forces.inputs
        self.places = forces.get_attr("n_a_sel")
        self.distances = virials.inputs[2]
        self.local, self.all = self.count[0], self.count[1]
        self.energy = tf.reshape(graph.get_tensor_by_name("net/o_energy:0"), [-1])
        self.atom_energy = tf.reshape(graph.get_tensor_by_name("net/o_atom_energy:0"), [-1, self.local])

    def replace_network(self, weights: Mapping[str, Any]) -> None:
        """Take energies, and their slopes along the environments, from a network with cubic invariants."""
        tf = self.tf
        environment = self.graph.get_tensor_by_name("o_rmat:0")
        rows = tf.reshape(environment, [-1, self.local, 4 * self.places])
        energies, kinds = [], len(weights["fitting"])
        counts = tf.unstack(self.count[2 : 2 + kinds], num=kinds)
        biases = tf.unstack(self._value("fitting_attr/t_bias_atom_e"), num=kinds)
        parts = zip(tf.split(rows, counts, axis=1), counts, biases, strict=True)
        for species, (part, atoms, bias) in enumerate(parts):
            own = tf.reshape(part, [-1, self.places, 4])
            network = _Network(tf, self.graph, weights, species, self._selection())
            energy = tf.cast(network.energies(tf.cast(own, tf.float32)), tf.float64) + tf.cast(bias, tf.float64)
            energies.append(tf.reshape(energy, [-1, atoms]))
        self.atom_energy = tf.concat(energies, axis=1)
        self.energy = tf.reduce_sum(self.atom_energy, axis=1, name="net/o_energy_of_invariants")
        (self.slope,) = tf.gradients(tf.reduce_sum(self.atom_energy), environment)

    def network(self) -> tuple[Any, ...]:
        """Energies (F,) and (F, local), forces (F, all, 3) and atomic virials (F, all, 9), the last two by sums over segments.

        DeePMD-kit's kernel for the virial adds 72 products per neighbour atomically, which costs more than a small network.
        """
        tf = self.tf
        frames = tf.shape(self.neighbours)[0]
        # force on a neighbour that the energy of the centre gives: dE/ds · ds/dr over the four parts of its environment
        pair = tf.reshape(self.slope, [-1, 4, 1]) * tf.reshape(self.environment_slope, [-1, 4, 3])
        pair = tf.reduce_sum(pair, axis=1)
        products = tf.reshape(pair[:, :, None] * tf.reshape(self.distances, [-1, 1, 3]), [-1, 9])
        offset = self.all * tf.range(frames)[:, None]
        receivers = tf.where(
            self.neighbours < 0, self.neighbours, self.neighbours + offset
        )  # negative ones are left out
        sums = tf.math.unsorted_segment_sum(
            tf.concat([pair, products], axis=1), tf.reshape(receivers, [-1]), frames * self.all
        )
        sums = tf.reshape(sums, [frames, self.all, 12])
        own = tf.reduce_sum(tf.reshape(pair, [frames, self.local, self.places, 3]), axis=2)
        force = sums[..., :3] - tf.pad(own, [[0, 0], [0, self.all - self.local], [0, 0]])
        return self.energy, self.atom_energy, force, sums[..., 3:]

    def _value(self, name: str) -> Any:
        return self.graph.get_tensor_by_name(f"{name}:0")

    def with_repulsion(self, results: tuple[Any, ...], info: np.ndarray, data: np.ndarray) -> tuple[Any, ...]:
        """The results with the tabulated pair energies added."""
        from deepmd.tf.env import op_module

        tf = self.tf
        energy, atom_energy, force, atom_virial = results
        types = tf.reshape(self.graph.get_tensor_by_name("t_type:0"), [-1, self.all])
        neighbours, distances, selection = self.neighbours, self.distances, self._selection()
        if len(selection) < info[3]:
            neighbours, distances, selection = self._by_species(types, int(info[3]))
        more_energy, more_force, more_virial = op_module.pair_tab(
            tf.constant(info, tf.float64),
            tf.constant(data.ravel(), tf.float64, name=REPULSION),
            types,
            distances,
            neighbours,
            self.count,
            tf.ones_like(atom_energy),
            sel_a=selection,
            sel_r=[0] * len(selection),
        )
        return (
            energy + tf.reduce_sum(more_energy, axis=1),
            atom_energy + more_energy,
            force + tf.reshape(more_force, tf.shape(force)),
            atom_virial + tf.reshape(more_virial, tf.shape(atom_virial)),
        )

    def _by_species(self, types: Any, species: int) -> tuple[Any, Any, list[int]]:
        """Neighbours, distances and places by species, of a descriptor whose places are for all species (``se_atten``).

        ``pair_tab`` takes a neighbour's species from its place. So each species gets all places, where the others are -1.
        """
        tf = self.tf
        neighbours = tf.reshape(self.neighbours, [-1, self.local * self.places])
        kinds = tf.gather(types, tf.maximum(neighbours, 0), batch_dims=1)
        kinds, neighbours = (tf.reshape(each, [-1, self.local, self.places]) for each in (kinds, neighbours))
        parts = [tf.where(tf.equal(kinds, kind), neighbours, -tf.ones_like(neighbours)) for kind in range(species)]
        distances = tf.reshape(self.distances, [-1, self.local, 3 * self.places])
        size = self.local * self.places * species
        return (
            tf.reshape(tf.concat(parts, axis=2), [-1, size]),
            tf.reshape(tf.concat([distances] * species, axis=2), [-1, 3 * size]),
            [self.places] * species,
        )

    def _selection(self) -> list[int]:
        """Places for neighbours by species."""
        matrix = next(
            operation for operation in self.graph.get_operations() if operation.type.startswith("ProdEnvMatA")
        )
        return list(matrix.get_attr("sel_a"))


class _Network:
    """Energies of the atoms of one species with cubic invariants, as `qcrystal.potential.moments.predictor.Energies` has them."""

    def __init__(self, tf: Any, graph: Any, weights: Mapping[str, Any], species: int, selection: Sequence[int]):
        self.tf, self.weights, self.species, self.selection = tf, weights, species, selection
        self.probes = weights["probes"][species]
        self.axis, self.slots = self._axis(), float(sum(selection))
        # mean of s, and standard deviations of s and of s x/r, by which environments are normalised
        mean, deviation = (graph.get_tensor_by_name(f"descrpt_attr/{name}:0") for name in ("t_avg", "t_std"))
        self.shift, self.scale, self.scale_vector = (
            tf.cast(value, tf.float32) for value in (mean[species, 0], deviation[species, 0], deviation[species, 1])
        )
        tables = [op for op in graph.get_operations() if op.type == "TabulateFusionSeA"]
        self.tables = [op.inputs[:2] for op in tables if op.name.startswith(f"filter_type_{species}/")]
        networks = weights["embedding"]
        self.networks = networks[species :: len(selection)] if len(networks) > len(selection) else networks

    def _axis(self) -> int:
        """Channels on the shorter side of the products: what the fitting network's inputs leave."""
        channels = self.probes[0][0].shape[0]
        inputs = self.weights["fitting"][self.species][0]["w"].shape[0]
        return (inputs - invariants.count(len(self.probes), self._numbers())) // channels

    def _numbers(self) -> list[int]:
        """Probes of each degree."""
        return [probes[0].shape[1] for probes in self.probes]

    def energies(self, environment: Any) -> Any:
        """Energies (n,) from normalised environments (n, places, 4)."""
        tf = self.tf
        parts = tf.split(environment, list(self.selection), axis=1)
        parts = [self._sums(own, neighbour) / self.slots for neighbour, own in enumerate(parts)]  # (n, 4, M) each
        sums = tf.add_n(parts)
        vectors = [part[:, 1:] @ probe for part, probe in zip(parts, self.probes[0], strict=True)]
        moments = [tf.transpose(one, [0, 2, 1]) for one in [tf.add_n(vectors), *self._higher(environment)]]
        pairs = tf.matmul(sums, sums[:, :, : self.axis], transpose_a=True)
        features = [tf.reshape(pairs, [tf.shape(sums)[0], -1])]
        features += [INVARIANT_SCALE * part for part in invariants.features(moments, self._numbers(), tf)]
        return apply_network(self.weights["fitting"][self.species], tf.concat(features, axis=1), True, tf)[:, 0]

    def _sums(self, environment: Any, neighbour: int) -> Any:
        """Σ_j c_j G(s_j) (n, 4, M) of the four components c of neighbours of one species, by their table or network."""
        tf = self.tf
        argument = tf.reshape(environment[:, :, :1], [-1, 1])
        if not self.tables:
            values = apply_network(self.networks[neighbour], argument, False, tf)
            values = tf.reshape(values, [-1, self.selection[neighbour], values.shape[1]])
            return tf.matmul(environment, values, transpose_a=True)
        from deepmd.tf.env import op_module

        table, info = self.tables[neighbour]
        return op_module.tabulate_fusion_se_a(table, info, argument, environment, last_layer_size=table.shape[1] // 6)

    def _higher(self, environment: Any) -> list[Any]:
        """Probes of the moments of degrees 2 and up, (n, 2l+1, K) each."""
        tf = self.tf
        degrees = range(2, len(self.probes) + 1)
        if not degrees:
            return []
        s, x, y, z = tf.unstack(environment, num=4, axis=-1)  # slices would each have a slope as large as the whole
        values = [
            self._values(own, neighbour) for neighbour, own in enumerate(tf.split(s, list(self.selection), axis=1))
        ]
        s = s * self.scale + self.shift
        empty = s < 1e-6  # 1/Å; no neighbour there, or one at the cutoff
        inverse = tf.where(empty, tf.zeros_like(s), self.scale_vector / tf.where(empty, tf.ones_like(s), s))
        factor = s / (self.slots * self.scale_vector)
        harmonics = invariants.harmonics_of(x * inverse, y * inverse, z * inverse, len(self.probes))
        norms = [((2 * degree + 1) / 3) ** 0.5 for degree in degrees for _ in range(2 * degree + 1)]
        components = tf.stack([norm * factor * one for norm, one in zip(norms, harmonics, strict=True)], axis=1)
        # every component with the probes of every degree: one product instead of many small ones
        products = tf.matmul(components, tf.concat(values, axis=1))
        rows = tf.split(products, [2 * degree + 1 for degree in degrees], axis=1)
        return [tf.split(row, self._numbers()[1:], axis=2)[place] for place, row in enumerate(rows)]

    def _values(self, s: Any, neighbour: int) -> Any:
        """Probes of degrees 2 and up at the neighbours of one species, (n, places, all their K)."""
        tf = self.tf
        probes = np.concatenate([probes[neighbour] for probes in self.probes[1:]], axis=1)
        if not self.tables:
            values = apply_network(self.networks[neighbour], tf.reshape(s, [-1, 1]), False, tf) @ probes
            return tf.reshape(values, [-1, self.selection[neighbour], probes.shape[1]])
        from deepmd.tf.env import op_module

        table, info = self.tables[neighbour]
        # of each interval and channel the coefficients of a polynomial of degree 5
        coefficients = tf.get_static_value(table).reshape(table.shape[0], -1, 6)
        table = np.einsum("ick,cp->ipk", coefficients, probes.astype(coefficients.dtype))
        table = table.reshape(len(table), -1)
        return op_module.tabulate_fusion_se_r(table, info, s, last_layer_size=probes.shape[1])
