"""Statics of crystals that are not cubic, against scans over the shape, derivatives of the energy and a direct Hessian."""

import numpy as np
import pytest
from ase import units
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from qcrystal.crystal.cells import primitive_cell, start_structure
from qcrystal.crystal.prototype import Cage, Prototype, Site
from qcrystal.crystal.symmetry import space_group
from qcrystal.dynamics.spec import RunSpec
from qcrystal.statics.equation_of_state import equation_of_state, lattice_at_pressure, shape_at
from qcrystal.statics.phonons import PhononSettings, lattice_dynamics, phonons, phonons_with_zero_point_pressure
from qcrystal.statics.relax import Effort, relax, relaxed_at_volume, static_pressure

# Hexagonal close packing, started with a c/a far from the one at rest.
HCP = Prototype(spacegroup=194, sites=[Site(element="Cu", position=(1 / 3, 2 / 3, 0.25))], lattice_constant=2.5, c=4.4)
# A tetragonal crystal with a free coordinate: rutile's sites.
RUTILE = Prototype(
    spacegroup=136,
    sites=[Site(element="Cu", position=(0, 0, 0)), Site(element="Ni", position=(0.3, 0.3, 0))],
    lattice_constant=4.4,
    c=2.9,
)
NEON = Prototype(spacegroup=194, sites=[Site(element="Ne", position=(1 / 3, 2 / 3, 0.25))], lattice_constant=3.1, c=5.0)


@pytest.fixture(scope="module")
def potential():
    return EMT(asap_cutoff=False)


@pytest.fixture(scope="module")
def neon():
    return LennardJones(epsilon=0.0031, sigma=2.78, rc=8.0, smooth=True)


@pytest.mark.parametrize("crystal", [HCP, RUTILE], ids=["hcp", "rutile"])
def test_the_shape_at_a_volume_is_the_one_of_lowest_energy(potential, crystal):
    atoms = relaxed_at_volume(potential, crystal, crystal.lattice_constant)
    ideal = primitive_cell(crystal, crystal.lattice_constant)
    assert atoms.get_volume() == pytest.approx(ideal.get_volume(), rel=1e-10)
    assert space_group(atoms, 1e-3) == space_group(ideal, 1e-3)
    # What is left of the stress is hydrostatic: 1e-4 eV over a cell of 20 Å³ or more is below 1e-3 GPa.
    stress = atoms.get_stress(voigt=False) / units.GPa
    np.testing.assert_allclose(stress, np.eye(3) * np.trace(stress) / 3, atol=2e-3)
    energies = []
    for stretch in (-0.004, 0.0, 0.004):
        moved = atoms.copy()
        moved.set_cell(atoms.cell.array @ np.diag(np.exp([-stretch / 2, -stretch / 2, stretch])), scale_atoms=True)
        moved.calc = potential
        energies.append(moved.get_potential_energy())
    assert energies[1] < min(energies[0], energies[2])


def test_c_over_a_agrees_with_a_scan(potential):
    atoms = relaxed_at_volume(potential, HCP, 2.5)
    relaxed, volume, ratios, energies = atoms.cell.cellpar(), atoms.get_volume(), np.linspace(1.5, 1.8, 61), []
    for ratio in ratios:
        a = (volume / (np.sqrt(0.75) * ratio)) ** (1 / 3)
        scanned = primitive_cell(HCP.model_copy(update={"lattice_constant": a, "c": ratio * a}), a)
        scanned.calc = potential
        energies.append(scanned.get_potential_energy())
    lowest = int(np.argmin(energies))
    near = slice(lowest - 4, lowest + 5)
    fit = np.polyfit(ratios[near] - ratios[lowest], energies[near], 4)
    fine = np.linspace(-0.01, 0.01, 4001)
    # The minimum of a quartic through nine points 0.005 apart; forces of 1e-4 eV/Å leave about 1e-4 in c/a.
    expected = ratios[lowest] + fine[np.polyval(fit, fine).argmin()]
    assert relaxed[2] / relaxed[0] == pytest.approx(expected, abs=5e-4)


@pytest.fixture(scope="module")
def eos(potential):
    return equation_of_state(potential, HCP, np.linspace(2.3, 2.55, 11))


@pytest.mark.engine
def test_equation_of_state_of_a_relaxed_shape(potential, eos):
    slope = np.gradient(eos["energy"], eos["volume"], edge_order=2) / units.GPa
    # Central differences over 0.05 Å in a: their error, a sixth of the third derivative times dV², is below half a GPa.
    np.testing.assert_allclose(eos["pressure"][1:-1], -slope[1:-1], atol=0.5)
    np.testing.assert_allclose(eos["gamma"], 120, atol=1e-6)
    np.testing.assert_allclose(np.sqrt(0.75) * eos["a"] ** 2 * eos["c"] / 2, eos["volume"])
    # the same crystal by a relaxation at the pressure
    found = relax(potential, primitive_cell(HCP, 2.45), 20.0, Effort(fmax=1e-3), keep_symmetry=True)
    shaped = shape_at(HCP, eos, lattice_at_pressure(eos, 20.0))
    cell = found.atoms.cell.cellpar()
    assert (shaped.lattice_constant, shaped.c) == pytest.approx((cell[0], cell[2]), rel=2e-3)
    assert found.spacegroup == "P6_3/mmc"


def test_a_run_starts_with_the_relaxed_shape_and_the_volume_of_its_lattice_constant(eos):
    shaped = shape_at(HCP, eos, 2.41)
    assert shaped.cell_parameters(shaped.lattice_constant).volume == pytest.approx(HCP.cell_parameters(2.41).volume)
    spec = RunSpec(
        run="r", system="cu", method="classical", repeat=(2, 2, 2), species=("Cu",), masses={"Cu": 63.5}, temperature=100,
        pressure=0, timestep=0.5, steps=10, sample_every=1, checkpoint_every=5, seed=1,
    )  # fmt: skip
    atoms = start_structure(shaped, spec, shaped.lattice_constant)
    assert atoms.get_volume() == pytest.approx(8 * HCP.cell_parameters(2.41).volume)
    near = eos.iloc[(eos["lattice_constant"] - 2.41).abs().argmin()]
    assert atoms.cell.cellpar()[2] / atoms.cell.cellpar()[0] == pytest.approx(near["c"] / near["a"], rel=2e-3)
    cubic = Prototype(spacegroup=225, sites=[Site(element="Cu", position=(0, 0, 0))], lattice_constant=3.6)
    assert shape_at(cubic, eos, 3.5).lattice_constant == 3.5


@pytest.mark.engine
def test_cage_distances_are_left_out_or_named_by_the_elements(potential):
    without = equation_of_state(potential, RUTILE, [4.4])
    assert not [column for column in without if column.startswith("cu_")]
    cage = Cage(centre="Cu", member="Ni", members=8, quadrilaterals=1, hexagons=1)
    row = equation_of_state(potential, RUTILE, [4.4], cage).iloc[0]
    atoms = relaxed_at_volume(potential, RUTILE, 4.4)
    distances = atoms.get_all_distances(mic=True)[np.ix_(atoms.symbols == "Cu", atoms.symbols == "Ni")]
    assert row["cu_ni1"] == pytest.approx(distances.min(), abs=1e-6)


def test_phonons_of_a_hexagonal_crystal_against_a_hessian_of_its_cell(neon):
    atoms = relaxed_at_volume(neon, NEON, 3.0)
    step, count = 0.01, len(atoms)
    hessian = np.empty((3 * count, 3 * count))
    for row in range(3 * count):
        forces = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[row // 3, row % 3] += sign * step
            moved.calc = neon
            forces.append(moved.get_forces().ravel())
        hessian[row] = -(forces[0] - forces[1]) / (2 * step)
    values = np.linalg.eigvalsh(0.5 * (hessian + hessian.T) / 20.18)
    direct = np.sign(values) * np.sqrt(np.abs(values)) * units.s * 1e-12 / (2 * np.pi)
    settings = PhononSettings((3, 3, 2), {"Ne": 20.18}, mesh=6, temperatures=[0, 300], displacement=step)
    found = lattice_dynamics(neon, atoms, settings).run_qpoints([[0, 0, 0]]).frequencies[0]
    # Quartic terms of the step differ by direction; the acoustic modes are zero.
    np.testing.assert_allclose(np.sort(found)[3:], np.sort(direct)[3:], rtol=5e-3)
    tables = phonons(neon, NEON, 3.0, settings)
    assert tables.summary["imaginary_fraction"].iloc[0] == 0
    assert tables.summary["static_pressure"].iloc[0] == pytest.approx(static_pressure(atoms), abs=1e-4)


@pytest.mark.engine
def test_zero_point_pressure_of_a_hexagonal_crystal(neon):
    """-dE_zp/dV between two lattices is what their total pressures have above the static ones, as for a cubic crystal."""
    eos = equation_of_state(neon, NEON, np.linspace(2.75, 3.2, 19))
    settings = PhononSettings((3, 3, 2), {"Ne": 20.18}, mesh=6, temperatures=[0, 300])
    tables = phonons_with_zero_point_pressure(neon, NEON, eos, [0.6, 0.8], settings)
    low, high = (row for _, row in tables.summary.iterrows())
    volumes = [NEON.cell_parameters(row["lattice_constant"]).volume / 2 for row in (low, high)]
    slope = (high["zero_point_energy"] - low["zero_point_energy"]) / (volumes[1] - volumes[0])
    added = [row["pressure"] - row["static_pressure"] for row in (low, high)]
    # 5 %: the Grüneisen parameter used is that of two lattices denser by the zero-point pressure
    assert np.mean(added) == pytest.approx(-slope / units.GPa, rel=0.05)
    assert min(added) > 0.1  # GPa: the effect is not the tolerance's size
