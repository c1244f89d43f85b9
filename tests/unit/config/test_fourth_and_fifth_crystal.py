"""A hexagonal metal and an oxide of three species by configuration alone: from a folder to runs, frames and statics."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase.calculators.lj import LennardJones

from qcrystal.config.load import MAIN_FILE, load
from qcrystal.crystal.cells import start_structure
from qcrystal.dft.frames import Draw, displaced_frames
from qcrystal.io.tables import read_table, write_table
from qcrystal.io.yaml_files import read_mapping
from qcrystal.statics.equation_of_state import equation_of_state, lattice_at_pressure, shape_at

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parents[3]
SIGMA, EPSILON = 2.93, 0.05
"""Å, eV: neighbours of the crystal at rest 1.09 SIGMA apart, as in magnesium."""


def folder(tmp_path, name, changes, sweep):
    """A crystal's folder: that of lithium with other physics and one small sweep."""
    made = tmp_path / name
    shutil.copytree(ROOT / "config/crystals/lithium", made)
    crystal = read_mapping(made / "crystal.yaml")
    crystal.pop("nct", None)  # of lithium's two phases
    crystal["dft"].pop("structure_recipes", None)  # of its fcc cells
    for section, values in changes.items():
        crystal[section] = (
            {**crystal[section], **values} if section in ("dft", "learning", "search", "statics") else values
        )
    (made / "crystal.yaml").write_text(yaml.safe_dump(crystal))
    scale = {"sweeps": {"grid": sweep}}
    (made / "scales/smoke.yaml").write_text(yaml.safe_dump(scale))
    return made


def isotopes(**masses):
    return {element: {"element": element, "mass": mass} for element, mass in masses.items()}


def architecture(species):
    crystal = read_mapping(ROOT / "config/crystals/lithium/crystal.yaml")
    return {"fast": {**crystal["training"]["fast"], "sel": [60] * species}}


def recipe(**values):
    common = {"name": "thermal", "cell": "conventional", "frames": 1, "temperature": 300, "quantum": True}
    return {**common, **values}


HEXAGONAL = {
    "name": "Mg", "species": ["Mg"], "mobile": "Mg", "isotopes": isotopes(Mg=24.305), "training": architecture(1),
    "prototypes": {
        "hcp": {
            "spacegroup": 194, "lattice_constant": 3.2, "c": 5.05,
            "sites": [{"element": "Mg", "position": [0.333333333, 0.666666667, 0.25]}],
        }
    },
    "prototype": "hcp", "repulsion": {}, "order_parameters": {"cell_angles": {}},
    "dft": {
        "frequencies": {"Mg": 5.0}, "paw": {}, "lattice_constants": [3.2],
        "recipes": [recipe(repeat=[2, 2, 1], lattice_constants=[3.15, 3.25])],
    },
    "statics": {"lattice_constants": [3.0, 3.3]},
    "learning": {"starts": ["thermal"]},
    "search": {"shortest_distances": {"Mg-Mg": 2.4}},
}  # fmt: skip
PEROVSKITE = {
    "name": "CaTiO3", "species": ["Ca", "Ti", "O"], "mobile": "O", "isotopes": isotopes(Ca=40.078, Ti=47.867, O=15.999),
    "training": architecture(3),
    "prototypes": {
        "Pm-3m": {
            "spacegroup": 221, "lattice_constant": 3.84,
            "sites": [
                {"element": "Ca", "position": [0, 0, 0]},
                {"element": "Ti", "position": [0.5, 0.5, 0.5]},
                {"element": "O", "position": [0.5, 0.5, 0]},
            ],
        }
    },
    "prototype": "Pm-3m", "repulsion": {}, "order_parameters": {"bond_centring": {"bridge": "O", "ends": "Ti"}},
    "dft": {
        "frequencies": {"Ca": 6.0, "Ti": 9.0, "O": 15.0}, "paw": {}, "lattice_constants": [3.84],
        "recipes": [recipe(repeat=[2, 1, 1], lattice_constants=[3.84], vacancies=1)],
    },
    "learning": {"starts": ["thermal"]},
    "search": {
        "shortest_distances": {"Ca-Ca": 2.5, "Ca-Ti": 2.5, "Ca-O": 1.8, "Ti-Ti": 2.5, "Ti-O": 1.5, "O-O": 2.0},
    },
}  # fmt: skip
SWEEP = {"method": "qtb", "repeat": [2, 2, 1], "pressures": [1], "temperatures": [300], "length": 0.1, "vacancies": 1}


@pytest.mark.parametrize(
    ("changes", "shape", "atoms", "vacant"),
    [(HEXAGONAL, "hexagonal", 8, "Mg"), (PEROVSKITE, "cubic", 20, "O")],
    ids=["hexagonal", "three species"],
)
def test_a_crystal_is_its_folder(tmp_path, changes, shape, atoms, vacant):
    """The run starts from the prototype's lattice with its own mobile species missing, and recipes draw frames of it."""
    made = folder(tmp_path, "mine", changes, SWEEP)
    main = read_mapping(ROOT / MAIN_FILE) | read_mapping(made / "sources.yaml")
    main |= {"crystal": str(made), "scale": "smoke", "start": "dft"}
    main["published"] = str(made / "published.yaml")
    configuration = load(main, ROOT, {})
    (spec,) = configuration.runs.values()
    assert (spec.start, spec.isotope, spec.mobile, spec.atoms) == (shape, vacant, vacant, atoms)
    crystal = configuration.crystal
    prototype = crystal.prototypes[crystal.prototype]
    structure = start_structure(prototype, spec, prototype.lattice_constant)
    assert len(structure) == atoms - 1
    draw = Draw(crystal.species, crystal.dft.frequencies, crystal.dft.seed, None, crystal.mobile)
    frames = displaced_frames(prototype, crystal.dft.recipes[0], draw)
    assert len(frames) == len(crystal.dft.recipes[0].lattice_constants)
    assert frames[0].symbols.count(vacant) == (8 if vacant == "Mg" else 5)


def test_a_lennard_jones_crystal_relaxes_to_close_packing(tmp_path):
    """c/a of close-packed spheres is √(8/3) by geometry, which Lennard-Jones forces change by less than 0.1 %."""
    made = folder(tmp_path, "mine", HEXAGONAL, SWEEP)
    main = read_mapping(ROOT / MAIN_FILE) | read_mapping(made / "sources.yaml")
    main |= {"crystal": str(made), "scale": "smoke", "start": "dft", "published": str(made / "published.yaml")}
    crystal = load(main, ROOT, {}).crystal
    prototype = crystal.prototypes["hcp"]
    calculator = LennardJones(sigma=SIGMA, epsilon=EPSILON, rc=4 * SIGMA, smooth=True)
    grid = np.linspace(*crystal.statics.lattice_constants, 5)
    eos = equation_of_state(calculator, prototype, [*grid, grid[0] + 1e-14, grid[-1] - 1e-14])
    assert len(eos) == 5 and eos["beyond_training"].notna().all()  # the ends, named twice, are one row each
    assert (eos["c"] / eos["a"]).to_numpy() == pytest.approx(np.sqrt(8 / 3), rel=2e-3)
    write_table(eos, tmp_path / "eos.csv", "equation_of_state")
    eos = read_table(tmp_path / "eos.csv", "equation_of_state")  # as the jobs that come after it do
    shaped = shape_at(prototype, eos, lattice_at_pressure(eos, 2.0))
    assert shaped.c / shaped.lattice_constant == pytest.approx(np.sqrt(8 / 3), rel=2e-3)
