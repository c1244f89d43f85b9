"""Data sets that others wrote: mixed systems, links, other formats, and arrays that mean something else."""

import dataclasses

import h5py
import numpy as np
import pytest
from ase.build import bulk
from complaints import says

from qcrystal.crystal.cells import primitive_cell
from qcrystal.crystal.prototype import Prototype
from qcrystal.dataset.checks import Limits, check
from qcrystal.dataset.deepmd_npy import check_files, dataset_files, read_dataset, read_deepmd, write_deepmd
from qcrystal.dataset.labelled_frames import DatasetError, LabelledFrames

SPECIES = ["O", "H"]


def frames(symbols, count=3, seed=1, name="s"):
    """Frames with arbitrary labels; each number in them occurs once."""
    rng = np.random.default_rng(seed)
    n = len(symbols)
    return LabelledFrames(
        name,
        np.array(symbols),
        np.eye(3) * 6 + rng.normal(0, 0.1, (count, 3, 3)),
        rng.uniform(0, 6, (count, n, 3)),
        rng.normal(size=count),
        rng.normal(size=(count, n, 3)),
        rng.normal(size=(count, 3, 3)),
    )


def write_mixed(folder, rows, species, places):
    """A mixed system as dpdata writes it: one frame per row (symbols, positions, forces, cell, energy, virial), padded."""
    numbers = np.full((len(rows), places), -1)
    coordinates, forces = np.zeros((2, len(rows), places, 3))
    for number, (symbols, positions, force, *_) in enumerate(rows):
        numbers[number, : len(symbols)] = [species.index(symbol) for symbol in symbols]
        coordinates[number, : len(symbols)], forces[number, : len(symbols)] = positions, force
    part = folder / "set.000000"
    part.mkdir(parents=True)
    (folder / "type.raw").write_text("0\n" * places)
    (folder / "type_map.raw").write_text("".join(f"{symbol}\n" for symbol in species))
    arrays = {
        "real_atom_types": numbers,
        "coord": coordinates.reshape(len(rows), -1),
        "force": forces.reshape(len(rows), -1),
        "box": np.array([row[3] for row in rows]).reshape(-1, 9),
        "energy": np.array([row[4] for row in rows]),
        "virial": np.array([row[5] for row in rows]).reshape(-1, 9),
    }
    for name, array in arrays.items():
        np.save(part / f"{name}.npy", array)


def rows_of(system, order):
    """Frames of a system with their atoms in another order."""
    parts = zip(system.positions, system.forces, system.cells, system.energies, system.virials, strict=True)
    return [(system.symbols[order], p[order], f[order], c, e, v) for p, f, c, e, v in parts]


def same_atoms(system, frame, expected, other):
    """Whether two frames are equal but for the order of their atoms."""
    ours, theirs = (
        sorted(zip(s.symbols, map(tuple, s.positions[i]), map(tuple, s.forces[i]), strict=True))
        for s, i in ((system, frame), (expected, other))
    )
    return ours == theirs and np.array_equal(system.virials[frame], expected.virials[other])


def test_mixed_frames_have_their_own_atoms(tmp_path):
    water, ion = frames(["O", "H", "H"], 3), frames(["H", "O"], 2, seed=2)
    rows = [*rows_of(water, [1, 0, 2])[:2], *rows_of(ion, [0, 1]), rows_of(water, [2, 1, 0])[2]]
    write_mixed(tmp_path / "data", rows, ["H", "O"], places=3)
    check_files(tmp_path / "data", SPECIES)
    systems = {system.name: system for system in read_dataset(tmp_path / "data", SPECIES)}
    assert sorted(systems) == ["data_H2O", "data_HO"]
    read_water, read_ion = systems["data_H2O"], systems["data_HO"]
    assert sorted(read_water.symbols) == ["H", "H", "O"] and sorted(read_ion.symbols) == ["H", "O"]
    assert read_water.energies.tolist() == water.energies.tolist()
    assert read_ion.energies.tolist() == ion.energies.tolist()
    assert all(same_atoms(read_water, i, water, i) for i in range(3))
    assert all(same_atoms(read_ion, i, ion, i) for i in range(2))
    with pytest.raises(DatasetError, match="holds 2 compositions"):
        read_deepmd(tmp_path / "data", SPECIES)


def test_mixed_frames_of_one_composition_keep_their_name_and_origins(tmp_path):
    water = frames(["O", "H", "H"], 2)
    write_mixed(tmp_path / "data", rows_of(water, [0, 1, 2]), ["H", "O"], places=3)
    (tmp_path / "data/provenance.json").write_text('{"origins": [{"origin": "a"}, {"origin": "b"}]}')
    (system,) = read_dataset(tmp_path / "data", SPECIES)
    assert system.name == "data" and [entry["origin"] for entry in system.provenance["origins"]] == ["a", "b"]
    assert system.symbols.tolist() == ["O", "H", "H"] and np.array_equal(system.positions, water.positions)


def test_wrong_types_of_mixed_frames_are_named(tmp_path):
    write_mixed(tmp_path / "data", rows_of(frames(["O", "H"]), [0, 1]), ["H", "O"], places=2)
    path = tmp_path / "data/set.000000/real_atom_types.npy"
    np.save(path, np.full((3, 2), 7))
    for read in (read_dataset, check_files):
        with pytest.raises(DatasetError, match=r"real_atom_types\.npy: types must lie in 0\.\.1"):
            read(tmp_path / "data", SPECIES)
    np.save(path, np.ones((2, 2)))
    with pytest.raises(DatasetError, match=r"real_atom_types\.npy: 2 frames, but energy\.npy has 3"):
        read_dataset(tmp_path / "data", SPECIES)


def test_links_to_systems_and_sets_are_followed(tmp_path):
    systems = [frames(["O", "H", "H"], 2, seed) for seed in range(4)]
    elsewhere, data = tmp_path / "elsewhere", tmp_path / "data"
    write_deepmd(systems[0], data / "here")
    write_deepmd(systems[1], elsewhere / "linked")
    write_deepmd(systems[2], elsewhere / "part")
    (data / "linked").symlink_to(elsewhere / "linked", target_is_directory=True)
    (data / "here/set.001").symlink_to(elsewhere / "part/set.000", target_is_directory=True)
    write_deepmd(systems[3], elsewhere / "deeper/below/system")
    (data / "group").symlink_to(elsewhere / "deeper", target_is_directory=True)
    read = {system.name: system for system in read_dataset(data, SPECIES)}
    assert {name: len(system) for name, system in read.items()} == {"here": 4, "linked": 2, "group_below_system": 2}
    assert np.array_equal(read["here"].energies[2:], systems[2].energies)
    files = dataset_files(data)
    arrays = [path for path in files if path.name == "energy.npy"]
    assert len(arrays) == 4 and all(path.is_relative_to(data) for path in files)


def test_links_that_lead_nowhere_or_in_a_circle_are_named(tmp_path):
    write_deepmd(frames(["O", "H"]), tmp_path / "data/system")
    link = tmp_path / "data/gone"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="data/gone: this link leads nowhere"):
        read_dataset(tmp_path / "data", SPECIES)
    link.unlink()
    link.symlink_to(tmp_path / "data", target_is_directory=True)
    with pytest.raises(DatasetError, match="data/gone: this link leads to a folder above itself"):
        dataset_files(tmp_path / "data")


def hdf5(folder):
    with h5py.File(folder.parent / "all.hdf5", "w") as file:
        file.create_group("H2O1")["type.raw"] = [0, 1, 1]


def raw_text(folder):
    part = folder / "set.000"
    for path in part.iterdir():
        path.unlink()
    part.rmdir()
    (folder / "coord.raw").write_text("0 0 0\n")


WRONG = {
    "not periodic": (lambda f: (f / "nopbc").touch(), r"system/nopbc: says that these frames are not periodic"),
    "spins": (lambda f: np.save(f / "set.000/spin.npy", np.ones(3)), r"spin\.npy: holds spins, which no potential"),
    "frame parameters": (lambda f: np.save(f / "set.000/fparam.npy", np.ones(3)), r"fparam\.npy: .*labels depend"),
    "no virials": (
        lambda f: (f / "set.000/virial.npy").unlink(),
        r"virial\.npy: missing; .*label these frames with str",
    ),
    "no cell": (lambda f: (f / "set.000/box.npy").unlink(), r"box\.npy: missing; crystals need a cell"),
    "HDF5": (hdf5, r"all\.hdf5: HDF5 sets are not read; convert them: dpdata all\.hdf5 -i deepmd/hdf5"),
    "text files": (raw_text, r"system: no set\.\* folders.*convert the text files: dpdata system -i deepmd/raw"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_read_is_refused_in_one_line(case, tmp_path):
    spoil, message = WRONG[case]
    write_deepmd(frames(["O", "H", "H"]), tmp_path / "data/system")
    spoil(tmp_path / "data/system")
    for read in (read_dataset, check_files):
        with pytest.raises(DatasetError, match=message) as caught:
            read(tmp_path / "data", SPECIES)
        assert "\n" not in str(caught.value)
        assert str(caught.value.within(tmp_path)).startswith("data/")


def test_arrays_that_are_not_read_are_told(tmp_path, caplog):
    write_deepmd(frames(["O", "H", "H"]), tmp_path / "data")
    np.save(tmp_path / "data/set.000/dipole.npy", np.ones((3, 3)))
    with caplog.at_level("WARNING"):
        read_dataset(tmp_path / "data", SPECIES)
    assert "data: not read: dipole" in caplog.text


def test_cell_vectors_in_columns_are_named():
    """A hexagonal cell: with its vectors as columns, atoms at the borders of neighbouring cells collide."""
    atoms = bulk("Mg") * (3, 3, 2)
    count, cells = len(atoms), atoms.cell.array[None]
    system = LabelledFrames(
        "rows", ["Mg"] * count, cells, atoms.positions[None], np.zeros(1), np.zeros((1, count, 3)), np.eye(3)[None]
    )
    check(system)
    system.cells = cells.transpose(0, 2, 1)
    words = r"rows: .* are 0\.\d\d\d? Å apart.*columns of box\.npy; write them as rows"
    with pytest.raises(DatasetError, match=words):
        check(system)


def molecules(length: float) -> LabelledFrames:
    """Cmca H2 at rest, its first lattice constant in Å; its primitive cell is not its own transpose."""
    sites = [{"element": "H", "position": [0, 0.12, 0.08]}]
    lengths = {"lattice_constant": length, "b": 3.05 / 1.75 * length, "c": 2.75 / 1.75 * length}
    atoms = primitive_cell(Prototype(spacegroup=64, sites=sites, **lengths), length)
    cell, positions = atoms.cell.array[None], atoms.positions[None]
    return LabelledFrames("h2", ["H"] * 4, cell, positions, np.zeros(1), np.zeros((1, 4, 3)), np.eye(3)[None])


def test_wide_molecules_are_told_as_what_they_are():
    """A bond of 0.854 Å is 1.38 times twice the covalent radius of H (0.31 Å): neither lengths nor cells need be wrong."""
    system = molecules(1.75)
    check(dataclasses.replace(system, cells=system.cells.transpose(0, 2, 1)))  # sheared, which brings molecules nearer
    with pytest.raises(DatasetError) as caught:
        check(system)
    message = str(caught.value)
    says(
        message,
        ["h2: ", "H and H, are 0.85 Å apart", "1.38 times", "limits.loosest (1.3)", "set limits.loosest to 1.5"],
    )
    assert "columns" not in message
    check(system, Limits(loosest=1.5))
    check(molecules(1.5))  # bonds of 0.73 Å: the free molecule has 0.74
