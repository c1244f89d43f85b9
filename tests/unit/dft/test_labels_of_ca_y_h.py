"""The shipped labels of Ca-Y-H: energies against pressures, and another code's pressure."""

import numpy as np
import pytest
import yaml
from ase import units

from qcrystal.dataset.checks import Limits, check_dataset
from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.potential.shortrange import refuse_overlap

SPECIES = ["Y", "Ca", "H"]


@pytest.fixture(scope="module")
def folder(root):
    return root / "data" / "ca-y-h-gpaw"


@pytest.fixture(scope="module")
def document(folder):
    return yaml.safe_load((folder / "recipes.yaml").read_text())


@pytest.fixture(scope="module")
def systems(folder):
    return {system.name: system for system in read_dataset(folder, SPECIES)}


def test_labels_pass_every_check_with_the_limits_of_their_recipes_and_of_the_crystal(root, document, systems):
    check_dataset(list(systems.values()), Limits(**document["limits"]))
    sources = yaml.safe_load((root / "config/crystals/ca-y-h/sources.yaml").read_text())
    assert sources["datasets"]["ca-y-h-gpaw"]["limits"] == document["limits"]


def test_no_labelled_atoms_are_within_the_repulsion_of_the_crystal(root, systems):
    """The network learns all of a label, so the repulsion must begin at less distance, or no training starts."""
    crystal = yaml.safe_load((root / "config/crystals/ca-y-h/crystal.yaml").read_text())
    refuse_overlap(crystal["repulsion"], list(systems.values()), crystal["species"])


@pytest.mark.parametrize("name", ["cah6_rest_H6Ca", "yh6_rest_H6Y", "cayh12_rest_H12CaY"])
def test_energies_differ_by_the_work_of_the_pressure(name, systems):
    """E(V1) - E(V2) = ∫ P dV over a parabola through ln P at three volumes; 2 % for the plane waves (2 GPa) and the parabola."""
    system = systems[name]
    order = np.argsort(system.volumes)
    volumes, energies, pressures = (each[order] for each in (system.volumes, system.energies, system.pressures))
    through = np.polynomial.Polynomial.fit(volumes, np.log(pressures * units.GPa), 2)
    grid = np.linspace(volumes[0], volumes[-1], 2001)
    work = np.trapezoid(np.exp(through(grid)), grid)
    assert energies[0] - energies[-1] == pytest.approx(work, rel=0.02)


def test_pressure_of_CaH6_is_that_of_another_code(systems):
    """pw.x with its own potentials: 148.7 GPa at a = 3.50 Å (110 Ry, rising with the cutoff by 4 GPa since 80 Ry)."""
    system = systems["cah6_rest_H6Ca"]
    order = np.argsort(system.volumes)
    lattice_constants = np.cbrt(2 * system.volumes[order])
    found = np.exp(np.interp(3.50, lattice_constants, np.log(system.pressures[order])))
    assert found == pytest.approx(148.7, abs=6)
