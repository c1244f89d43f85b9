"""Shipped labels: the equations of state of H3S and lithium, and the recipes that make the frames of each set again."""

import numpy as np
import pytest
import yaml
from ase import units

from qcrystal.commands.label_recipes import drawn
from qcrystal.dataset.checks import check_dataset
from qcrystal.dataset.deepmd_npy import read_dataset


def labels_of(root, crystal, species):
    return {system.name: system for system in read_dataset(root / f"data/{crystal}-gpaw", species)}


@pytest.fixture(scope="module")
def systems(root):
    return labels_of(root, "h3s", ["S", "H"])


@pytest.fixture(scope="module")
def lithium(root):
    return labels_of(root, "lithium", ["Li"])


def test_labels_pass_every_check_of_a_data_set(systems, lithium):
    check_dataset(list(systems.values()))
    check_dataset(list(lithium.values()))


def test_pressure_is_the_slope_of_the_free_energy(systems):
    # 1 GPa: the virial is that of the cell's own plane waves; 1000 eV raise it by 0.6 GPa (convergence.csv)
    static = systems["static_H3S"]
    order = np.argsort(static.volumes)
    volumes, energies, pressures = (values[order] for values in (static.volumes, static.energies, static.pressures))
    fit = np.polynomial.Polynomial.fit(volumes, energies, 5)
    slope = -fit.deriv()(volumes) / units.GPa
    np.testing.assert_allclose(pressures[1:-1], slope[1:-1], atol=1.0)


def test_lattice_at_200_gpa_is_the_published_one(systems):
    # Im-3m, a = 2.984 Å at 200 GPa by PBE (D. Duan et al., Sci. Rep. 4, 6968 (2014)); 5 GPa are 0.4 % of a
    static = systems["static_H3S"]
    lattice_constants = np.cbrt(2 * static.volumes)
    order = np.argsort(static.pressures)
    found = np.interp(200, static.pressures[order], lattice_constants[order])
    assert found == pytest.approx(2.984, abs=0.012)


def test_hydrogen_leaves_the_middle_of_its_bond_only_where_the_crystal_is_wide(systems):
    # static R3m below Im-3m only at low pressure: published transition 175-180 GPa with relaxed cells, these are not relaxed
    static, moved = systems["static_H3S"], systems["R3m_H3S"]
    fit = np.polynomial.Polynomial.fit(static.volumes, static.energies, 5)
    gain = {
        entry["origin"]: energy - fit(volume)
        for entry, energy, volume in zip(moved.provenance["origins"], moved.energies, moved.volumes, strict=True)
    }
    smallest = "R3m structure=1 volume={} frame=0"
    assert gain[smallest.format("4.1")] < 0 < gain[smallest.format("3.25")]


def test_lattice_of_bcc_lithium_without_pressure_is_the_published_one(lithium):
    # 3.435 Å, all electrons, PBE (P. Haas, F. Tran, P. Blaha, Phys. Rev. B 79, 085104 (2009)). 0.02 Å are 0.25 GPa: a frozen 1s,
    # the width and the k-points of the labels may change as much
    static = lithium["bcc_static_Li"]
    order = np.argsort(static.pressures)
    found = np.interp(0, static.pressures[order], np.cbrt(2 * static.volumes)[order])
    assert found == pytest.approx(3.435, abs=0.02)


@pytest.mark.parametrize("phase", ["bcc", "fcc"])
def test_pressure_of_lithium_is_the_slope_of_the_free_energy(lithium, phase):
    # 0.15 GPa: five volumes have meshes of k-points of their own; 1 meV/atom from one volume to the next (1.3 Å³) are 0.12 GPa
    static = lithium[f"{phase}_static_Li"]
    order = np.argsort(static.volumes)
    volumes, energies, pressures = (values[order] for values in (static.volumes, static.energies, static.pressures))
    slope = -np.polynomial.Polynomial.fit(volumes, energies, 3).deriv()(volumes) / units.GPa
    np.testing.assert_allclose(pressures[1:-1], slope[1:-1], atol=0.15)


def test_fcc_lithium_lies_a_little_below_bcc(lithium):
    # by PBE with dense k-points 2 meV/atom at 19.2 Å³/atom (data/lithium-gpaw/static.csv, improved tetrahedra); the width of the
    # labels makes it 3.4 (settings.csv)
    fits = {}
    for phase in ("bcc", "fcc"):
        static = lithium[f"{phase}_static_Li"]
        fits[phase] = np.polynomial.Polynomial.fit(static.volumes, static.energies, 3)
    assert 0.5 < 1000 * (fits["bcc"](19.2) - fits["fcc"](19.2)) < 4.5


@pytest.mark.parametrize(
    ("crystal", "species"), [("h3s", ["S", "H"]), ("lithium", ["Li"]), ("ca-y-h", ["Y", "Ca", "H"])]
)
def test_recipes_make_the_shipped_frames_again(root, crystal, species):
    folder, systems = root / f"data/{crystal}-gpaw", labels_of(root, crystal, species)
    document = yaml.safe_load((folder / "recipes.yaml").read_text())
    labelled = {entry["origin"].split()[0] for system in systems.values() for entry in system.provenance["origins"]}
    frames = {}
    for recipe in (recipe for recipe in document["dft"]["recipes"] if recipe["name"] in labelled):
        frames |= {frame.info["origin"]: frame for frame in drawn(recipe, document, folder)}
    for system in systems.values():
        for number, entry in enumerate(system.provenance["origins"]):
            frame = frames[entry["origin"]]
            np.testing.assert_allclose(system.positions[number], frame.positions, atol=1e-7)  # of the XYZ file between
            np.testing.assert_allclose(system.cells[number], frame.cell.array, atol=1e-7)
