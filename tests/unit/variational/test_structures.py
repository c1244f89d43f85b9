"""Pair distributions, mean sites and the correction of size, against symmetry, counts of neighbours and larger cells."""

import numpy as np
import pandas as pd
import pytest
from ase import Atoms, units
from ase.calculators.lj import LennardJones
from model_crystals import specification

from qcrystal.crystal.cells import supercell, unit_cell
from qcrystal.crystal.prototype import Prototype
from qcrystal.units import MEV
from qcrystal.variational.basis import Basis, harmonic_free_energy, phonon_basis, thermal_energy
from qcrystal.variational.energies import Energies, force_constants
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.estimators import antithetic
from qcrystal.variational.gibbs import gibbs_energy, with_size
from qcrystal.variational.sizes import size_row
from qcrystal.variational.structures import SiteMotions, rdf_table, without_refused_levels

pytestmark = pytest.mark.engine
CI16 = {"spacegroup": 220, "lattice_constant": 4.9}


def ci16(x, repeat=(1, 1, 1)):
    """cI16 lithium with a free coordinate x, primitive cell repeated, and its prototype."""
    prototype = Prototype(sites=[{"element": "Li", "position": (x, x, x)}], **CI16)
    return supercell(unit_cell(prototype, "primitive", 4.9), repeat, ["Li"]), prototype


def isotropic_basis(atoms: Atoms) -> Basis:
    """Basis of atoms that are all held alike, but for the motion of the centre of mass."""
    size = 3 * len(atoms)
    constants = np.eye(size) - np.tile(np.eye(3), (len(atoms), len(atoms))) / len(atoms)
    return phonon_basis(atoms.positions, atoms.cell.array, atoms.get_masses(), constants, 1e-3)


def lithium(**changes):
    return specification(species=("Li",), masses={"Li": 6.94}, **changes)


def test_mean_sites_have_the_symmetry_of_the_crystal():
    """Moving every atom to where its site is at another x moves x; a push of one atom is shared by all sixteen."""
    atoms, prototype = ci16(0.07)
    basis, spec = isotropic_basis(atoms), lithium()
    motions = SiteMotions(spec, basis, atoms.get_chemical_symbols(), prototype)
    assert motions.rest[0] == pytest.approx([0.07] * 3)
    away = (ci16(0.08)[0].positions - atoms.positions).ravel()
    x = np.linalg.lstsq(basis.displacements, away, rcond=None)[0]
    assert x @ motions.moves[:, motions.members[0]] == pytest.approx([0.01] * 3, abs=1e-8)
    one = np.zeros_like(away)
    one[:3] = 0.1 * away[:3] / np.linalg.norm(away[:3])  # Å, outwards along the atom's own diagonal
    x = np.linalg.lstsq(basis.displacements, one, rcond=None)[0]
    share = 0.1 / np.sqrt(3) / 4.9 / len(atoms)
    assert x @ motions.moves[:, motions.members[0]] == pytest.approx([share] * 3, abs=1e-8)


def test_a_site_without_an_atom_is_one_line():
    atoms, _ = ci16(0.07)
    other = Prototype(sites=[{"element": "Li", "position": (0.0, 0.25, 0.125)}], **CI16)
    with pytest.raises(VariationalError, match=r"no Li is at the site \(0.0, 0.25, 0.125\) of prototype x"):
        SiteMotions(lithium(), isotropic_basis(atoms), atoms.get_chemical_symbols(), other)


def test_pair_distributions_count_neighbours():
    """Small displacements leave 8 and 6 neighbours in the shells of bcc, images of the small cell among them."""
    prototype = Prototype(spacegroup=229, sites=[{"element": "Li", "position": (0.0, 0.0, 0.0)}], lattice_constant=3.4)
    atoms = supercell(unit_cell(prototype, "primitive", 3.4), (2, 2, 2), ["Li"])
    basis = isotropic_basis(atoms)
    draws = antithetic(64, len(basis.energies), 1)
    x = 0.3 * draws.normal
    table = rdf_table(basis, atoms.get_chemical_symbols(), ["Li"], x, draws)
    density = len(atoms) / atoms.get_volume()
    near = table[table["r"].between(2.0, 4.1)]
    counted = 4 * np.pi * density * np.sum(near["g"] * near["r"] ** 2) * 0.05
    assert counted == pytest.approx(14.0, rel=0.01)  # r at bin centres
    assert (table.loc[table["r"] < 2.0, "g"] == 0).all() and (table["error"] >= 0).all()


def test_no_atom_is_its_own_neighbour():
    """In a cell of 8 atoms each meets its image at 5.89 Å, always at the same distance; in one of 64 atoms it does not."""
    prototype = Prototype(spacegroup=229, sites=[{"element": "Li", "position": (0.0, 0.0, 0.0)}], lattice_constant=3.4)
    tables = []
    for repeat in (2, 4):
        atoms = supercell(unit_cell(prototype, "primitive", 3.4), (repeat,) * 3, ["Li"])
        basis = isotropic_basis(atoms)
        draws = antithetic(64, len(basis.energies), 1)
        found = rdf_table(basis, atoms.get_chemical_symbols(), ["Li"], 0.1 * draws.normal, draws)
        assert found["r"].max() < 2 * 3.4 * np.sqrt(3) / 2 * repeat / 2
        tables.append(found)
    small, large = tables
    assert 5.8 < small["r"].max() + 0.025 < 3.4 * np.sqrt(3) and large["r"].max() == pytest.approx(5.975)
    peak = large.loc[large["r"].between(*small["r"].iloc[[0, -1]]), "g"].max()
    assert small["g"].max() == pytest.approx(peak, rel=0.1)  # scatter of the highest bin: several hundred pairs


def test_levels_that_are_refused_have_no_structure():
    table = pd.DataFrame({"level": ["harmonic", "occupations", "scha"], "g": 1.0})
    summary = pd.DataFrame({"level": ["harmonic", "occupations", "scha"], "refused": ["no", np.nan, "no"]})
    assert without_refused_levels(table, summary)["level"].tolist() == ["harmonic", "occupations"]


class Pairs:
    """Lennard-Jones argon as a potential of batches."""

    def __init__(self, atoms):
        self.atoms = atoms

    def __call__(self, positions, cell):
        forces = []
        for frame in positions:
            atoms = Atoms(self.atoms.symbols, frame, cell=cell, pbc=True, calculator=calculator())
            forces.append(atoms.get_forces())
        return Energies(np.zeros(len(forces)), np.array(forces), np.zeros((len(forces), 3, 3)))


def calculator():
    return LennardJones(sigma=3.4, epsilon=0.0104, rc=4.6, smooth=False)


def test_small_cells_with_their_correction_are_one_crystal():
    """F of cells of 8 and 27 atoms differ by meV; with what each misses of the mesh both are the same crystal."""
    found = {}
    for repeat in (2, 3):
        prototype = Prototype(
            spacegroup=225, sites=[{"element": "Ar", "position": (0.0, 0.0, 0.0)}], lattice_constant=5.3
        )
        atoms = supercell(unit_cell(prototype, "primitive", 5.3), [repeat] * 3, ["Ar"])
        constants = force_constants(Pairs(atoms), atoms.positions, atoms.cell.array, 0.01)
        basis = phonon_basis(atoms.positions, atoms.cell.array, atoms.get_masses(), constants, 1e-4)
        spec = specification(
            species=("Ar",), masses={"Ar": 39.95}, displacement=0.01, frequency_floor=0.01, temperature=40.0
        )
        row, heat = size_row(spec, basis, atoms.get_chemical_symbols(), calculator()), thermal_energy(40.0)
        small = harmonic_free_energy(basis.energies, heat) / len(atoms) / MEV
        classical = heat * np.log(basis.energies / heat).sum() / len(atoms) / MEV
        found[repeat] = (small, small + row["quantum"], classical + row["classical"])
        assert row["imaginary"] == 0 and row["supercell"] == 8 * len(atoms)
    assert abs(found[2][0] - found[3][0]) > 0.1  # meV/atom, without the correction
    assert found[2][1:] == pytest.approx(found[3][1:], abs=1e-6)  # forces reach two shells, which both supercells hold


def test_a_correction_of_size_shifts_gibbs_energies():
    """With Δ = a + bΩ the crystal has F + Δ and P - b, so G(P) is a + G of the uncorrected crystal at P + b."""
    volume = np.array([18.0, 20.0])
    stiffness = 0.2  # meV/Å⁶
    table = pd.DataFrame(
        {
            "run": ["small", "large"], "level": "scha", "temperature_target": 100.0, "volume": volume, "static_energy": 0.0,
            "free_energy": stiffness * (volume - 21) ** 2, "free_energy_error": 0.1,
            "pressure": -2 * stiffness * (volume - 21) * MEV / units.GPa, "pressure_error": 0.01,
        }
    )  # fmt: skip
    sizes = pd.DataFrame({"run": ["small", "large"], "temperature_target": 100.0, "volume": volume})
    a, b = 1.5, 0.05  # meV, meV/Å³
    sizes = sizes.assign(quantum=a + b * volume, classical=0.0)
    pressure = 0.1
    expected = a + gibbs_energy(table, pressure + b * MEV / units.GPa).value
    assert gibbs_energy(with_size(table, sizes), pressure).value == pytest.approx(expected, abs=1e-9)
    classical = table.assign(level="classical")
    pd.testing.assert_frame_equal(with_size(classical, sizes), classical)
    with pytest.raises(VariationalError, match="no size correction of small"):
        with_size(table, sizes[1:])
