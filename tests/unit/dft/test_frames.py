"""The frames that are labelled, and what GPAW is told."""

import importlib.util
import json

import numpy as np
import pytest
import yaml
from ase.build import bulk

from qcrystal.config.dft import Recipe, StructureRecipe
from qcrystal.crystal.cells import site_members, supercell, unit_cell
from qcrystal.crystal.displace import oscillator_displacement
from qcrystal.crystal.prototype import Prototype
from qcrystal.dataset.checks import check_dataset
from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.dataset.split import split, write_split
from qcrystal.dft.frames import Draw, displaced_frames, displaced_structures
from qcrystal.dft.gpaw_process import DftError, gpaw_python
from qcrystal.dft.labels import labels_to_systems

DRAW = Draw(["La", "H"], {"La": 6.0, "H": 28.0}, seed=1, mobile="H")


@pytest.fixture(scope="module")
def system(root):
    return yaml.safe_load((root / "config" / "crystals" / "lah10" / "crystal.yaml").read_text())


@pytest.fixture(scope="module")
def labeller(root):
    """scripts/dft/label.py, which runs under another interpreter."""
    spec = importlib.util.spec_from_file_location("label", root / "scripts" / "dft" / "label.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def frames(system, **changes):
    recipe = {
        "name": "r", "cell": "conventional", "repeat": [1, 1, 1], "lattice_constants": [5.0], "frames": 40,
        "temperature": 300, "quantum": True, **changes,
    }  # fmt: skip
    prototype = Prototype(**system["prototypes"]["Fm-3m"])
    return displaced_frames(prototype, Recipe(**recipe), DRAW)


def test_displacements_have_the_oscillators_size(system):
    ideal = frames(system, frames=1, temperature=0, quantum=False)[0]
    drawn = frames(system)
    shift = np.array([frame.positions - ideal.positions for frame in drawn])
    hydrogen = ideal.symbols == "H"
    expected = oscillator_displacement(1.008, 28.0, 300, True)
    # 40 frames x 40 atoms x 3 components: standard error 1/sqrt(2 * 4800) = 1 %, and the fixed centre of mass takes < 1 %
    assert shift[:, hydrogen].std() == pytest.approx(expected, rel=0.04)
    # the centre of mass stays where it is
    masses = ideal.get_masses()
    assert np.abs((masses[:, None] * shift).sum(1)).max() < 1e-9


def test_angles_and_strains_are_what_the_recipe_says(system):
    angles = [f.cell.angles() for f in frames(system, frames=5, angle=[90.5, 92.0])]
    assert np.ptp(angles, axis=1).max() < 1e-9 and np.min(angles) >= 90.5 and np.max(angles) <= 92.0
    volumes = [f.get_volume() for f in frames(system, frames=20, strain=0.02)]
    # trace of the strain: three normal components of 2 %
    assert 0.01 < np.std(np.log(volumes)) < 0.07


def test_the_same_seed_gives_the_same_frames_and_keep_takes_some(system):
    prototype = Prototype(**system["prototypes"]["Fm-3m"])
    recipe = Recipe(**system["dft"]["recipes"][0])
    once, twice = (displaced_frames(prototype, recipe, DRAW._replace(seed=5, keep=keep)) for keep in (None, 3))
    assert len(twice) == 3
    assert {f.info["origin"] for f in twice} <= {f.info["origin"] for f in once}
    assert np.array_equal(once[0].positions, twice[0].positions)


@pytest.mark.parametrize(("site", "multiplicity", "distance"), [(1, 8, np.sqrt(3) / 4), (2, 32, None)])
def test_vacancies_are_on_the_site_that_the_recipe_names(system, site, multiplicity, distance):
    prototype = Prototype(**system["prototypes"]["Fm-3m"])
    whole = supercell(unit_cell(prototype, "conventional", 5.0), [1, 1, 1], ["La", "H"])
    members = site_members(prototype, "conventional", [1, 1, 1], ["La", "H"], site)
    assert len(members) == multiplicity and set(whole.symbols[members]) == {"H"}
    nearest = whole.get_all_distances(mic=True)[members][:, whole.symbols == "La"].min(axis=1)
    # 8c sits in the middle of a La tetrahedron, a√3/4 from its corners; 32f is nearer to its La
    assert np.allclose(nearest, 5.0 * distance) if distance else (nearest < 5.0 * 0.42).all()
    drawn = frames(system, frames=20, temperature=0, quantum=False, vacancies=1, vacancy_site=site)
    missing = set()
    for frame in drawn:
        assert frame.symbols.count("H") == 39 and frame.symbols.count("La") == 4
        (gone,) = [
            i for i, position in enumerate(whole.positions) if not np.isclose(frame.positions, position).all(1).any()
        ]
        missing.add(gone)
    assert missing <= set(members) and len(missing) > 1


def test_given_structures_are_brought_to_each_volume(system):
    salt = bulk("LaH", "rocksalt", a=5.0)
    recipe = StructureRecipe(
        name="salt",
        structures="salt.extxyz",
        volumes=[8.0, 10.0],
        repeat=[2, 1, 1],
        frames=3,
        temperature=0,
        quantum=False,
    )
    drawn = displaced_structures(recipe, [salt, salt], DRAW)
    assert len(drawn) == 2 * 2 * 3
    assert [frame.get_volume() / len(frame) for frame in drawn[:6]] == pytest.approx([8.0] * 3 + [10.0] * 3)
    assert drawn[0].get_chemical_symbols() == ["La", "La", "H", "H"]
    # scaled, not sheared: the shape is the primitive cell's, doubled
    assert drawn[0].cell.angles() == pytest.approx([60, 60, 60])
    assert drawn[0].get_scaled_positions() == pytest.approx(
        supercell(salt, [2, 1, 1], ["La", "H"]).get_scaled_positions()
    )
    assert len({frame.info["origin"] for frame in drawn}) == len(drawn)
    warm = recipe.model_copy(update={"temperature": 300})
    rattled = displaced_structures(warm, [salt], DRAW._replace(keep=2))
    assert len(rattled) == 2 and not np.allclose(rattled[0].positions, drawn[0].positions)


def test_cells_with_a_vacancy_pass_through_the_data_set(system, tmp_path):
    """Labels of whole and of defective cells in one file become systems of their own, are checked and split."""
    rng = np.random.default_rng(3)
    labels = []
    for recipe, changes in (("whole", {}), ("vacancy", {"vacancies": 1, "vacancy_site": 1})):
        for frame in frames(system, name=recipe, cell="primitive", repeat=[2, 1, 1], frames=6, **changes):
            volume = frame.get_volume()
            labels.append(
                {
                    "energy": -3.0 * len(frame) + rng.normal(scale=0.1),
                    "forces": rng.normal(size=(len(frame), 3)).tolist(),
                    "virial": (0.9 * volume * np.eye(3)).tolist(),
                    "cell": frame.cell.array.tolist(),
                    "positions": frame.positions.tolist(),
                    "symbols": frame.get_chemical_symbols(),
                    "origin": frame.info["origin"],
                }
            )
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"software": {}, "settings": {}, "frames": labels}))
    systems = labels_to_systems([path])
    assert {s.name: (s.formula, len(s)) for s in systems} == {
        "vacancy_H19La2": ("H19La2", 6),
        "whole_H20La2": ("H20La2", 6),
    }
    check_dataset(systems)
    train, test = split(systems, "fraction", 0.2, 0)
    assert {s.formula for s in test} == {"H19La2", "H20La2"}
    write_split(train, test, tmp_path / "split", {})
    again = read_dataset(tmp_path / "split" / "train", ["La", "H"])
    assert {s.formula: len(s) for s in again} == {"H19La2": 5, "H20La2": 5}


@pytest.mark.parametrize("lattice_constant", [4.7, 4.749, 5.1, 5.4])
def test_kpoint_grid_of_the_primitive_cell_is_the_same_from_80_to_300_gpa(system, labeller, lattice_constant):
    cell, grid = 0.5 * lattice_constant * (1 - np.eye(3)), 6
    length = system["dft"]["kpoint_length"]
    assert labeller.kpoint_grid(cell, length) == [grid] * 3
    # doubling a vector halves its number, rounded up
    assert labeller.kpoint_grid(cell * [[2], [1], [1]], length) == [grid // 2, grid, grid]


def test_kept_label_is_of_one_frame_and_one_calculation(system, labeller):
    atoms = frames(system, frames=1)[0]
    settings, key = {"cutoff": 500}, "code paw gpaw 1"
    kept = {
        "positions": atoms.positions.tolist(),
        "cell": atoms.cell.array.tolist(),
        "symbols": atoms.get_chemical_symbols(),
        "settings": settings,
        "key": key,
    }
    assert labeller.is_label_of(kept, atoms, settings, key)
    assert not labeller.is_label_of(kept, atoms, {"cutoff": 600}, key)
    assert not labeller.is_label_of(kept, atoms, settings, "code paw gpaw 2")
    assert not labeller.is_label_of({k: v for k, v in kept.items() if k != "key"}, atoms, settings, key)
    changed = {name: atoms.copy() for name in ("positions", "cell", "symbols", "length")}
    changed["positions"].positions[3, 0] += 1e-4
    changed["cell"].cell[2, 2] += 1e-4
    changed["symbols"].symbols[0] = "Y"
    del changed["length"][0]
    assert not any(labeller.is_label_of(kept, other, settings, key) for other in changed.values())


def test_absent_gpaw_names_the_line_that_installs_it(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(DftError, match="apt-get install gpaw gpaw-data"):
        gpaw_python(None)
    with pytest.raises(DftError, match="dft_python.*nowhere"):
        gpaw_python("nowhere")
