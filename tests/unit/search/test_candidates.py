"""Structure search and distortions, against crystals whose ground state, modes and isotropy subgroups are known."""

import numpy as np
import pandas as pd
import pytest
from ase import Atoms, units
from ase.build import bulk, make_supercell
from ase.calculators.emt import EMT
from ase.neighborlist import neighbor_list

from qcrystal.crystal import distortions
from qcrystal.crystal.cells import primitive_cell
from qcrystal.crystal.prototype import Prototype, Site
from qcrystal.crystal.symmetry import reduced_primitive_cell, space_group
from qcrystal.dft.labels import Label
from qcrystal.search.candidates import Candidate, distinct, read_candidates, write_candidates
from qcrystal.search.dft_check import dft_comparison, frames_to_check
from qcrystal.search.distorted import Distortions, distorted_candidates
from qcrystal.search.enthalpies import enthalpies, opinions
from qcrystal.search.random_crystals import random_candidates, random_crystal, spread_apart
from qcrystal.search.same_crystal import same_crystal
from qcrystal.search.settle import SearchTask, settle
from qcrystal.statics.phonons import PhononSettings, lattice_dynamics
from qcrystal.statics.relax import Effort, Relaxed, nearer_than, relax

FREE = 0.1205
LAH10 = Prototype(
    spacegroup=225,
    sites=[
        Site(element="La", position=(0.5, 0.5, 0.5)),
        Site(element="H", position=(0.25, 0.25, 0.25)),
        Site(element="H", position=(FREE, FREE, FREE)),
    ],
    lattice_constant=5.0,
)
SHORTEST = {("La", "La"): 2.6, ("La", "H"): 1.6, ("H", "H"): 0.7}


def copper(spacegroup: int, lattice_constant: float) -> Prototype:
    return Prototype(
        spacegroup=spacegroup, sites=[Site(element="Cu", position=(0, 0, 0))], lattice_constant=lattice_constant
    )


BCC, FCC = copper(229, 2.87), copper(225, 3.6)
COPPER = Effort(fmax=0.003, max_steps=300, symprec=0.05, shortest={("Cu", "Cu"): 1.8})


class Emt(EMT):
    """Effective-medium theory (Jacobsen, Stoltze and Norskov 1996) as `relax` wants it: reusable, stress included."""

    def __init__(self):
        super().__init__(asap_cutoff=False)


@pytest.fixture(scope="module")
def potential():
    return Emt()


# --- random crystals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("group", "multiple"), [(2, 1), (5, 2), (71, 2), (166, 1), (225, 1)])
@pytest.mark.engine
def test_random_crystals_have_composition_volume_distances_and_at_least_their_symmetry(group, multiple):
    import spglib

    counts = {"La": multiple, "H": 10 * multiple}
    rng = np.random.default_rng([group, 4])
    crystal = next(c for c in (random_crystal(counts, group, 3.2, SHORTEST, rng) for _ in range(20)) if c)
    assert crystal.get_chemical_symbols() == ["La"] * multiple + ["H"] * 10 * multiple
    assert crystal.get_volume() / len(crystal) == pytest.approx(3.2, rel=1e-6)
    assert not nearer_than(crystal, SHORTEST)
    cell = (crystal.cell.array, crystal.get_scaled_positions(), crystal.numbers)
    found = spglib.get_symmetry_dataset(cell, symprec=1e-3)
    order = len(spglib.get_symmetry(cell, symprec=1e-3)["rotations"])
    # Order of the point group: the crystal's group is the one asked for or contains it.
    assert found.number == group or order > {2: 2, 5: 2, 71: 8, 166: 12, 225: 48}[group]


def test_random_crystals_follow_from_their_seed():
    first, again, other = (
        random_crystal({"La": 1, "H": 10}, 8, 3.2, SHORTEST, np.random.default_rng(seed)) for seed in (1, 1, 3)
    )
    np.testing.assert_array_equal(first.positions, again.positions)
    np.testing.assert_array_equal(first.cell, again.cell)
    assert not np.allclose(first.cell, other.cell)


def test_composition_that_does_not_fit_the_space_group_gives_no_crystal():
    # Pnma has no position of multiplicity one.
    assert random_crystal({"La": 1, "H": 10}, 62, 3.2, SHORTEST, np.random.default_rng(0)) is None


def test_atoms_are_spread_apart_without_loss_of_symmetry():
    atoms = primitive_cell(LAH10, 4.4)
    atoms.positions[1:] *= 0.98  # the crowded cage, still around its origin; the inversion stays
    before = space_group(atoms, 1e-3)
    wide = {("La", "La"): 2.6, ("La", "H"): 1.7, ("H", "H"): 0.95}
    atoms.positions[1] = atoms.positions[2] + 0.3
    assert nearer_than(atoms, wide) and spread_apart(atoms, wide) and not nearer_than(atoms, wide)
    assert before != "P1"
    crowded = bulk("Cu", "fcc", 3.0)
    # No packing of equal spheres is denser than fcc: the nearest distance of this cell cannot grow.
    assert not spread_apart(crowded.repeat(2), 1.05 * 3.0 / np.sqrt(2), rounds=50)


def test_spreading_keeps_the_symmetry():
    atoms = primitive_cell(LAH10, 5.0)
    assert spread_apart(atoms, {("La", "La"): 2.6, ("La", "H"): 1.6, ("H", "H"): 1.09})
    assert min(neighbor_list("d", atoms, {("H", "H"): 2.0})) >= 1.09
    assert space_group(atoms, 1e-3) == "Fm-3m"


# --- equals ---------------------------------------------------------------------------------------------------------------


def as_relaxed(atoms: Atoms, enthalpy: float = -1.0, pressure: float = 100.0) -> Relaxed:
    return Relaxed(atoms, pressure, enthalpy, atoms.get_volume() / len(atoms), "?", True)


def test_one_crystal_in_other_cells_orders_origins_and_orientations_is_recognised():
    rng = np.random.default_rng(5)
    crystal = distortions._displaced(primitive_cell(LAH10, 5.0), rng.normal(size=33), 0.2).atoms
    other = make_supercell(crystal, [[1, 1, 0], [0, 1, 1], [0, 0, 2]])
    other = other[rng.permutation(len(other))]
    other.rotate(40, (1, 2, 3), rotate_cell=True)
    other.positions += (0.3, 0.1, -0.2)
    other.wrap()
    one, two = as_relaxed(crystal), as_relaxed(reduced_primitive_cell(other, 0.05))
    assert len(two.atoms) == 11
    assert same_crystal(one, two)
    mirrored = crystal.copy()
    mirrored.set_cell(-mirrored.cell.array, scale_atoms=True)
    assert same_crystal(one, as_relaxed(mirrored))


def test_different_crystals_are_told_apart_even_at_one_enthalpy_and_volume():
    ideal = primitive_cell(LAH10, 5.0)
    distorted = distortions._displaced(ideal, np.random.default_rng(5).normal(size=33), 0.3).atoms
    assert not same_crystal(as_relaxed(ideal), as_relaxed(distorted))
    assert same_crystal(as_relaxed(ideal), as_relaxed(ideal, -1.0 + 5e-4))
    assert not same_crystal(as_relaxed(ideal), as_relaxed(ideal, -1.0 + 2e-3))
    bcc, fcc = (as_relaxed(bulk("Cu", kind, a=(2 * n) ** (1 / 3) * 2.5)) for kind, n in (("bcc", 1), ("fcc", 2)))
    assert bcc.volume == pytest.approx(fcc.volume) and not same_crystal(bcc, fcc)


def test_distinct_counts_what_was_found_again_at_each_pressure():
    low, high = bulk("Cu", "fcc", 3.6), bulk("Cu", "bcc", 2.9)
    candidates = [
        Candidate(as_relaxed(high, -0.9), "b"),
        Candidate(as_relaxed(low, -1.0), "a"),
        Candidate(as_relaxed(low.repeat((1, 1, 1)), -1.0004), "c"),
        Candidate(as_relaxed(low, -1.0, 200.0), "d"),
    ]
    found = distinct(candidates)
    assert [(c.origin, times) for c, times in found] == [("c", 2), ("b", 1), ("d", 1)]


def test_candidates_survive_their_file(tmp_path):
    relaxed = Relaxed(primitive_cell(LAH10, 5.0), 150.0, -1.25, 2.84, "C2/m", True)
    write_candidates([Candidate(relaxed, "mode 0.5 0 0 to C2/m")], tmp_path / "some.extxyz")
    ((read, origin),) = read_candidates(tmp_path / "some.extxyz")
    assert origin == "mode 0.5 0 0 to C2/m" and read[1:] == relaxed[1:]
    np.testing.assert_allclose(read.atoms.positions, relaxed.atoms.positions, atol=1e-7)
    write_candidates([], tmp_path / "none.extxyz")
    assert read_candidates(tmp_path / "none.extxyz") == []


# --- the search as a whole ------------------------------------------------------------------------------------------------


def test_enthalpy_is_energy_plus_pressure_times_volume_and_pressure_is_minus_the_slope_of_the_energy(potential):
    pressures = [9.0, 10.0, 11.0]
    task = SearchTask(potential, FCC, pressures, COPPER._replace(fmax=1e-4))
    cubic = [task.known_crystal(p) for p in pressures]
    energies = [c.enthalpy - c.pressure * units.GPa * c.volume for c in cubic]
    slope = (energies[2] - energies[0]) / (cubic[2].volume - cubic[0].volume)
    # Central differences over 2 GPa, where V changes by 1 %: curvature leaves (B' + 1) ΔP²/8B of 0.02 GPa.
    assert -slope / units.GPa == pytest.approx(10.0, rel=0.005)
    steepness = (cubic[2].enthalpy - cubic[0].enthalpy) / (2.0 * units.GPa)
    assert steepness == pytest.approx(cubic[1].volume, rel=1e-4)


@pytest.mark.engine
def test_random_search_finds_close_packed_copper(potential):
    """Effective-medium copper is close packed; the search starts from bcc and is told nothing."""
    task = SearchTask(potential, BCC, [0.0], COPPER, window=0.05, seed=7)
    candidates, counts = random_candidates(task, range(6), [1, 2], [1, 2, 12, 71, 139, 166, 194, 225])
    result = enthalpies(SearchTask(potential, BCC, [0.0, 10.0], COPPER), candidates, ["Fm-3m"], 2)
    table = result.table
    assert counts["number"].sum() == 6 and set(counts["origin"]) == {"random"}
    assert table["phase"].iloc[0] == "Im-3m" and "Fm-3m" in set(table["phase"])
    for pressure, here in table.groupby("pressure"):
        lowest = here.loc[here["enthalpy"].idxmin()]
        # hcp, 1 meV/atom below fcc in this potential, needs two atoms and may be missed by so few starts.
        assert lowest["spacegroup"] in ("Fm-3m", "P6_3/mmc")
        lowest = here[here["spacegroup"] == "Fm-3m"].iloc[0]
        exact = SearchTask(potential, FCC, [pressure], COPPER).known_crystal(pressure)
        assert lowest["enthalpy"] == pytest.approx(exact.enthalpy, abs=1e-4)
        assert lowest["volume"] == pytest.approx(exact.volume, rel=2e-3)
    assert [a.info["phase"] for a in result.structures] == table["phase"].tolist()
    assert result.found["times"].max() > 1  # found more than once, listed once


@pytest.mark.engine
def test_batches_are_parts_of_one_search(potential):
    task = SearchTask(potential, FCC, [0.0], COPPER, window=0.05, seed=3)

    def run(numbers):
        return random_candidates(task, numbers, [1], [2, 12, 166])

    whole, parts = run(range(3))[0], [*run(range(2))[0], *run(range(2, 3))[0]]
    assert [c.origin for c in whole] == [c.origin for c in parts]
    np.testing.assert_allclose([c.relaxed.enthalpy for c in whole], [c.relaxed.enthalpy for c in parts])


def test_collapse_is_thrown_away_and_counted():
    class Attraction(Emt):
        """Atoms that draw each other in without end."""

        def calculate(self, *args, **kwargs):
            super().calculate(*args, **kwargs)
            for name in ("forces", "stress"):
                self.results[name] = -self.results[name]

    cubic = as_relaxed(bulk("Cu", "fcc", 3.6), 0.0, 0.0)
    start = bulk("Cu", "fcc", 3.4)
    start.rattle(0.1, seed=1)
    task = SearchTask(Attraction(), FCC, [0.0], COPPER, window=1.0)
    assert settle(task, start, cubic, np.random.default_rng(0)) == ([], "collapsed")


def test_high_crystals_are_let_go(potential):
    task = SearchTask(potential, FCC, [0.0], COPPER, window=0.01)
    simple = bulk("Cu", "sc", 2.4)
    found, fate = settle(task, simple, task.known_crystal(0.0), np.random.default_rng(0))
    assert (found, fate) == ([], "higher")


# --- distortions ----------------------------------------------------------------------------------------------------------


def symmetric_modes(cell: Atoms, seed: int) -> list[np.ndarray]:
    """Bases of the irreducible displacements, as eigenvectors of a random matrix with the crystal's symmetry."""
    representation = distortions.displacement_representation(cell)
    matrix = np.random.default_rng(seed).normal(size=representation.shape[1:])
    matrix = np.mean(representation.transpose(0, 2, 1) @ (matrix + matrix.T) @ representation, axis=0)
    values, vectors = np.linalg.eigh(matrix)
    return np.split(vectors, np.flatnonzero(np.diff(values) > 1e-6) + 1, axis=1)


def test_operations_form_an_orthogonal_representation():
    representation = distortions.displacement_representation(primitive_cell(LAH10, 5.0))
    assert representation.shape == (48, 33, 33)
    np.testing.assert_allclose(
        representation @ representation.transpose(0, 2, 1), np.eye(33)[None].repeat(48, 0), atol=1e-12
    )
    # Closed: the product of two of them is one of them.
    gaps = np.abs(representation - representation[5] @ representation[17]).max(axis=(1, 2))
    assert gaps.min() < 1e-9


def test_isotropy_subgroups_are_the_tabulated_ones():
    """Stokes and Hatch (1988), Fm-3m at the zone centre: the subgroups of T1u (polar) and of T2g, in any direction."""
    cell = primitive_cell(LAH10, 5.0)
    rng = np.random.default_rng(1)
    subgroups = []
    for basis in symmetric_modes(cell, 3):
        mode = distortions.Mode((0, 0, 0), 1, -1.0, basis)
        subgroups.append({d.spacegroup for d in distortions.along_mode(cell, mode, 0.1, rng)})
    assert {"I4mm", "Imm2", "R3m", "Cm", "P1"} in subgroups  # T1u; its second Cm has the same symbol
    assert {"Immm", "R-3m", "C2/m", "P-1"} in subgroups  # T2g
    # Nothing is left over: 33 = 3 T1u (one acoustic), 2 T2g, T1g, T2u, Eg, Eu or A2u, A1g by counting sites.
    assert sum(basis.shape[1] for basis in symmetric_modes(cell, 3)) == 33


def test_given_space_groups_are_reached():
    cell = make_supercell(primitive_cell(LAH10, 5.0), distortions.doubled_cell((0.5, 0.0, 0.0)))
    starts = list(distortions.towards_groups(cell, ["C2", "P-1", "R-3m"], 2, 0.15, np.random.default_rng(0)))
    reached = [start.spacegroup for start in starts]
    assert sorted(reached) == ["C2", "C2", "P-1", "P-1", "R-3m", "R-3m"]
    for start in starts:
        assert space_group(start.atoms, 1e-3) == start.spacegroup
        shifts = start.atoms.positions - cell.positions
        assert np.linalg.norm(shifts, axis=1).max() == pytest.approx(0.15)


@pytest.mark.parametrize("wavevector", [(0, 0, 0), (0.5, 0, 0), (0.5, 0.5, 0), (0.5, 0.5, 0.5), (0, 0.5, 0.5)])
def test_doubled_cells_hold_whole_waves(wavevector):
    matrix = distortions.doubled_cell(wavevector)
    np.testing.assert_allclose(matrix @ wavevector, np.rint(matrix @ wavevector))
    assert np.linalg.det(matrix) == pytest.approx(2 if any(wavevector) else 1)


@pytest.fixture(scope="module")
def bcc(potential):
    """bcc copper at rest: a saddle point of effective-medium theory, as of nature."""
    cubic = SearchTask(potential, BCC, [0.0], COPPER._replace(fmax=1e-4)).known_crystal(0.0)
    return cubic, lattice_dynamics(potential, cubic.atoms, PhononSettings((4, 4, 4), displacement=0.01))


def test_imaginary_modes_have_the_curvature_of_their_frequency_and_lower_the_energy(potential, bcc):
    cubic, model = bcc
    found = distortions.imaginary_modes(model, cubic.atoms, 0.05)
    assert found, "bcc copper is unstable at the zone boundary"
    for cell, modes in found:
        for mode in modes:
            for column in mode.displacements.T:
                shifts = column.reshape(-1, 3)
                energies = []
                for step in (-0.02, 0.0, 0.02):
                    moved = cell.copy()
                    moved.positions += step * shifts
                    moved.calc = potential
                    energies.append(moved.get_potential_energy())
                curvature = (energies[0] - 2 * energies[1] + energies[2]) / 0.02**2
                inertia = np.sum(cell.get_masses()[:, None] * shifts**2)
                frequency = -np.sqrt(-curvature / inertia) * units.s * 1e-12 / (2 * np.pi)
                assert frequency == pytest.approx(mode.frequency, rel=0.02)  # quartic terms at 0.02 Å


@pytest.mark.engine
def test_following_an_imaginary_mode_ends_lower(potential, bcc):
    cubic, _ = bcc
    task = SearchTask(potential, BCC, [0.0], COPPER, window=0.05, seed=1)
    candidates, counts, modes = distorted_candidates(task, Distortions(["P-1"], 1, 2, {"Cu": 63.546}))
    assert (modes["frequency"] < 0).all() and (modes["lowest"] < -0.01).all()
    assert set(counts["origin"]) == {"modes", "subgroups"}
    fcc = SearchTask(potential, FCC, [0.0], COPPER).known_crystal(0.0)
    lowest = min(candidates, key=lambda c: c.relaxed.enthalpy).relaxed
    # Down the mode lies close packing; in this potential, cut off after the third shell, hcp is 1 meV/atom below fcc.
    assert lowest.spacegroup in ("Fm-3m", "P6_3/mmc")
    assert lowest.enthalpy < fcc.enthalpy + 1e-4 < cubic.enthalpy - 0.02


# --- the check by DFT -------------------------------------------------------------------------------------------------------


def label(atoms: Atoms, energy: float, virial: float, forces=((0.0, 0.0, 0.0),)) -> Label:
    """DFT's label of a crystal under hydrostatic pressure; ``virial`` (eV) is a diagonal element."""
    return Label(
        energy=energy,
        forces=forces,
        virial=virial * np.eye(3),
        cell=atoms.cell.array,
        positions=atoms.positions,
        symbols=atoms.get_chemical_symbols(),
        origin="check",
    )


def test_frames_to_check_and_their_table():
    atoms = [bulk("Cu", "fcc", a) for a in (3.6, 3.61, 3.62, 3.5, 3.51, 3.5, 3.61, 3.61)]
    table = pd.DataFrame(
        {
            "phase": ["Fm-3m", "C2", "R-3m", "Fm-3m", "C2", "Fm-3m", "P-1", "C2"],
            "pressure": [10.0, 10.0, 10.0, 20.0, 20.0, 30.0, 10.0, 10.0],
            "enthalpy": [-1.0, -1.02, -1.01, -0.5, -0.5, 0.0, -1.01999, -1.015],
            "spacegroup": ["Fm-3m", "C2", "R-3m", "Fm-3m", "Fm-3m", "Fm-3m", "C2", "C2"],
            "volume": [a.get_volume() for a in atoms],
        }
    )
    # "P-1" relaxed to the crystal of C2; the last C2 is another one
    every = frames_to_check(table, atoms, 2)
    assert [f.info["relative_enthalpy"] for f in every[:3]] == pytest.approx([0, -0.02, -0.015])
    assert [f.info.get("also") for f in every[:3]] == [None, "P-1", None]
    assert [f.info["origin"] for f in every[3:]] == ["Fm-3m at 20 GPa", "Fm-3m at 30 GPa"]
    # within the training 10 GPa alone; beyond it at 20 GPa the highest with another crystal
    beyond = table.assign(beyond_training=(table["pressure"] - 10.0))
    assert [f.info["pressure"] for f in frames_to_check(beyond, atoms, 2)] == [10.0] * 3 + [20.0]
    frames = frames_to_check(table[table["pressure"] < 30], atoms, 1)
    assert [f.info["origin"] for f in frames] == ["Fm-3m at 10 GPa", "C2 at 10 GPa", "Fm-3m at 20 GPa"]
    assert frames[1].info["relative_enthalpy"] == pytest.approx(-0.02)
    volume = frames[0].get_volume()
    labels = [
        label(f, e, 12 * units.GPa * f.get_volume(), [[0.0, 0.03, 0.04]])
        for e, f in zip((-3.0, -3.05, -2.0), frames, strict=True)
    ]
    checked = dft_comparison(frames, labels, "some potential")
    assert checked["pressure_dft"].tolist() == pytest.approx([12.0] * 3)
    assert checked["max_force"].tolist() == pytest.approx([0.05] * 3)
    difference = -0.05 + 10 * units.GPa * (frames[1].get_volume() - volume)
    assert checked["relative_enthalpy_dft"].tolist() == pytest.approx([0.0, difference, 0.0])


def test_a_check_at_a_wrong_volume_has_the_enthalpy_at_the_right_one():
    """Two solids of P = B0 ln(V0/V): H(P) at P exactly, from energies at volumes where their pressures are 12 GPa too high."""
    bulk_modulus, sizes, offsets = 500 * units.GPa, {"Fm-3m": 12.0, "C2": 12.1}, {"Fm-3m": 0.0, "C2": -0.02}

    def energy(phase, volume):  # minus the integral of P
        size = sizes[phase]
        return offsets[phase] - bulk_modulus * (volume * np.log(size / volume) + volume - size)

    frames, labels, exact = [], [], []
    for pressure in (100.0, 150.0, 200.0, 250.0):
        enthalpies = {}
        for phase, excess in (("Fm-3m", 4.0), ("C2", 12.0)):
            volume = sizes[phase] * np.exp(-(pressure + excess) * units.GPa / bulk_modulus)
            right = sizes[phase] * np.exp(-pressure * units.GPa / bulk_modulus)
            enthalpies[phase] = energy(phase, right) + pressure * units.GPa * right
            atoms = bulk("Cu", "fcc", (4 * volume) ** (1 / 3))
            atoms.info = {"phase": phase, "pressure": pressure, "spacegroup": phase, "relative_enthalpy": 0.0}
            frames.append(atoms)
            labels.append(label(atoms, energy(phase, volume), (pressure + excess) * units.GPa * volume))
            exact.append(enthalpies[phase] - enthalpies["Fm-3m"])
    found = dft_comparison(frames, labels, "some potential")
    # (12 GPa)² V/2B is 6 to 8 meV; left are its third order, a part 12/500, and B by differences
    assert found["second_order"].max() > 6e-3
    assert found["relative_enthalpy_dft"].to_numpy() == pytest.approx(np.array(exact), abs=4e-4)
    # at one pressure B is not known: nothing is taken off
    alone = dft_comparison(frames[:2], labels[:2], "some potential")
    assert alone["second_order"].isna().all()
    assert alone["relative_enthalpy_dft"].iloc[1] == pytest.approx(exact[1] + 7.5e-3, abs=1.5e-3)


def test_committee_columns_are_energies_per_atom_and_the_deviation_of_the_forces():
    class TwoMembers:
        def evaluate_crystals(self, crystals):
            return np.array([[2.0], [4.0]]), [np.stack([np.zeros((2, 3)), np.full((2, 3), 2.0)])]

    table = opinions(TwoMembers(), [bulk("NaCl", "rocksalt", 5.6)])
    assert table.loc[0, ["member_1", "member_2"]].tolist() == [1.0, 2.0]
    # Each component is 0 and 2: deviation 1 in each of three directions.
    assert table.loc[0, "force_deviation"] == pytest.approx(np.sqrt(3))


def test_relaxation_at_a_pressure_carries_that_pressure(potential):
    result = relax(potential, bulk("Cu", "fcc", 3.6), 12.0, Effort(1e-3, 100, 0.05, {("Cu", "Cu"): 1.8}))
    result.atoms.calc = potential
    assert -result.atoms.get_stress()[:3].mean() / units.GPa == pytest.approx(12.0, abs=0.05)
