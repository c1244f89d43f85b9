"""The frames that are labelled, and what GPAW is told."""

import importlib.util

import numpy as np
import pytest
import yaml

from qcrystal import dft
from qcrystal.config import Prototype, Recipe
from qcrystal.structures import oscillator_displacement


@pytest.fixture(scope="module")
def system(root):
    return yaml.safe_load((root / "config" / "systems" / "lah10.yaml").read_text())


@pytest.fixture(scope="module")
def labeller(root):
    """scripts/dft_label.py, which runs under another interpreter."""
    spec = importlib.util.spec_from_file_location("dft_label", root / "scripts" / "dft_label.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def frames(system, **changes):
    recipe = {
        "name": "r", "cell": "conventional", "repeat": [1, 1, 1], "lattice_constants": [5.0], "frames": 40,
        "temperature": 300, "quantum": True, **changes,
    }  # fmt: skip
    prototype = Prototype(**system["prototypes"]["Fm-3m"])
    return dft.displaced_frames(prototype, Recipe(**recipe), ["La", "H"], {"La": 6.0, "H": 28.0}, 1, None)


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
    once, twice = (
        dft.displaced_frames(prototype, recipe, ["La", "H"], {"La": 6.0, "H": 28.0}, 5, keep) for keep in (None, 3)
    )
    assert len(twice) == 3
    assert {f.info["origin"] for f in twice} <= {f.info["origin"] for f in once}
    assert np.array_equal(once[0].positions, twice[0].positions)


@pytest.mark.parametrize(("lattice_constant", "grid"), [(4.85, 4), (5.1, 4), (5.35, 4)])
def test_kpoint_density_gives_4x4x4_for_the_primitive_cell(system, labeller, lattice_constant, grid):
    cell = 0.5 * lattice_constant * (1 - np.eye(3))
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
    with pytest.raises(dft.DftError, match="apt-get install gpaw gpaw-data"):
        dft.gpaw_python(None)
    with pytest.raises(dft.DftError, match="dft_python.*nowhere"):
        dft.gpaw_python("nowhere")
