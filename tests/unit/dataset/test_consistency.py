"""Forces and virials against energies: labels of ASE's calculators are right, and each mistake in them is found."""

from dataclasses import replace

import numpy as np
import pytest
from ase import units
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.md.verlet import VelocityVerlet

from qcrystal.dataset.consistency import check_consistency, compare, fit
from qcrystal.dataset.labelled_frames import DatasetError, LabelledFrames


def labelled(frames, calculator, name="frames"):
    """Frames with the labels of an ASE calculator."""
    rows = []
    for atoms in frames:
        atoms.calc = calculator
        virial = -atoms.get_volume() * atoms.get_stress(voigt=False)
        rows.append((atoms.cell.array, atoms.positions, atoms.get_potential_energy(), atoms.get_forces(), virial))
    symbols = frames[0].get_chemical_symbols()
    return LabelledFrames(
        name, symbols, *(np.array([np.array(value) for value in values]) for values in zip(*rows, strict=True))
    )


def rattled(atoms, displacement, strain, count, seed=1):
    """Cells that are strained and displaced at random (Å)."""
    rng, frames = np.random.default_rng(seed), []
    for _ in range(count):
        frame = atoms.copy()
        frame.set_cell(frame.cell.array @ (np.eye(3) + rng.normal(0, strain, (3, 3))), scale_atoms=True)
        frame.positions += rng.normal(0, displacement, frame.positions.shape)
        frames.append(frame)
    return frames


def dynamics(atoms, calculator, temperature, count, every, timestep):
    """Snapshots of dynamics at constant energy (K, fs)."""
    atoms = atoms.copy()
    atoms.calc = calculator
    rng = np.random.default_rng(2)
    atoms.set_velocities(
        rng.normal(0, np.sqrt(2 * temperature * units.kB / atoms.get_masses())[:, None], (len(atoms), 3))
    )
    run, frames = VelocityVerlet(atoms, timestep * units.fs), []
    for _ in range(count):
        run.run(every)
        frames.append(atoms.copy())
    return frames


ALUMINIUM = bulk("Al", cubic=True) * (2, 2, 2)
ARGON = bulk("Ar", "fcc", a=5.3, cubic=True) * (2, 2, 2)
ARGON_LIKE = {"sigma": 3.4, "epsilon": 0.0104, "rc": 8.0, "smooth": True}


def equation_of_state():
    frames = []
    for scale in np.linspace(0.97, 1.03, 7):
        frames.append(ALUMINIUM.copy())
        frames[-1].set_cell(ALUMINIUM.cell.array * scale, scale_atoms=True)
    return frames


@pytest.fixture(scope="module")
def sets():
    """Labels near ambient pressure."""
    return {
        "metal": labelled(dynamics(ALUMINIUM, EMT(), 300, 20, 5, 3), EMT()),
        "hot metal": labelled(dynamics(ALUMINIUM, EMT(), 2500, 20, 5, 3), EMT()),
        "rare gas": labelled(dynamics(ARGON, LennardJones(**ARGON_LIKE), 80, 15, 10, 5), LennardJones(**ARGON_LIKE)),
        "strained": labelled(rattled(ALUMINIUM, 0.03, 0.02, 10), EMT()),
        "few strained": labelled(rattled(ALUMINIUM, 0.02, 0.02, 4), EMT()),
        "few anharmonic": labelled(rattled(ALUMINIUM, 0.08, 0.01, 6), EMT()),
        "equation of state": labelled(equation_of_state(), EMT()),
        "far apart": labelled(rattled(ALUMINIUM, 0.6, 0.0, 6), EMT()),
    }


MOVING = ["metal", "hot metal", "rare gas"]
STRAINED = ["strained", "few strained", "equation of state"]


@pytest.mark.engine
def test_right_labels_pass(sets):
    assert np.abs(sets["metal"].pressures).max() < 10  # GPa
    for name, system in sets.items():
        check_consistency([replace(system, source=name)])
    check_consistency(list(sets.values()))


def test_few_frames_of_right_labels_pass(sets):
    rng = np.random.default_rng(3)
    for system in sets.values():
        for _ in range(20):
            chosen = rng.permutation(len(system))[: rng.integers(2, 7)]
            check_consistency([system.take(chosen)])


def test_factors_of_harmonic_labels_are_one():
    """Atoms on springs in a fixed cell: the formula is exact, so rounding is all that is left."""
    rng = np.random.default_rng(4)
    displacements = rng.normal(0, 0.05, (12, 8, 3))
    cells = np.broadcast_to(8.0 * np.eye(3), (12, 3, 3))
    sites = np.array(np.meshgrid(*[[0.0, 4.0]] * 3)).reshape(3, -1).T
    energies = 2.5 * (displacements**2).sum(axis=(1, 2))
    virials = np.zeros((12, 3, 3))
    system = LabelledFrames("springs", ["Al"] * 8, cells, sites + displacements, energies, -5 * displacements, virials)
    pairs = compare(system)
    factors, _ = fit(pairs.energy, pairs.work, pairs.independent)
    assert factors[0] == pytest.approx(1, abs=1e-9)


MISTAKES = {
    "forces' sign": (lambda s: replace(s, forces=-s.forces), MOVING, "the sign of the forces is wrong"),
    "forces in Ha/Bohr": (
        lambda s: replace(s, forces=s.forces * units.Bohr / units.Hartree),
        MOVING,
        "forces look like Ha/Bohr",
    ),
    "forces in Ry/Bohr": (
        lambda s: replace(s, forces=s.forces * units.Bohr / units.Rydberg),
        MOVING,
        "forces look like Ry/Bohr|forces look like Ha/Å|energies look like kcal/mol",
    ),
    "no forces": (lambda s: replace(s, forces=0 * s.forces), MOVING, "all forces are zero, but its atoms move"),
    "energies in Ha": (lambda s: replace(s, energies=s.energies / units.Hartree), MOVING, "energies look like Ha"),
    "virials' sign": (lambda s: replace(s, virials=-s.virials), STRAINED, "the sign of the virials is wrong"),
    "virials in GPa Å³": (lambda s: replace(s, virials=s.virials / units.GPa), STRAINED, "virials look like GPa Å³"),
    "stresses": (
        lambda s: replace(s, virials=s.virials / s.volumes[:, None, None]),
        ["equation of state"],
        "virials look like stresses in eV/Å³",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_found_and_named(sets, mistake):
    spoil, names, message = MISTAKES[mistake]
    for name in names:
        with pytest.raises(DatasetError, match=message) as caught:
            check_consistency([spoil(replace(sets[name], source=name))])
        assert str(caught.value).startswith(f"{name}: ") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("system", "mistake"),
    [
        ("metal", "forces' sign"),
        ("metal", "forces in Ha/Bohr"),
        ("few strained", "virials' sign"),
        ("few anharmonic", "forces' sign"),
        ("few anharmonic", "energies in Ha"),
    ],
)
def test_four_frames_are_enough(sets, system, mistake):
    spoil, _, message = MISTAKES[mistake]
    with pytest.raises(DatasetError, match=message):
        check_consistency([spoil(sets[system].take(range(4)))])


def test_systems_of_few_frames_are_judged_together(sets):
    """Two neighbouring frames tell nothing, eight times two do."""
    pieces = [sets["metal"].take([i, i + 1]) for i in range(0, 16, 2)]
    check_consistency(pieces)
    wrong = [replace(piece, forces=-piece.forces, source="wrong") for piece in pieces]
    check_consistency(wrong[:1])
    with pytest.raises(DatasetError, match="wrong and 7 more: .*sign of the forces"):
        check_consistency(wrong)
