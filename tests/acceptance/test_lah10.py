"""The quantum baths on LaH10 itself: in the limit in which they must be exact, and against path integrals.

With all masses multiplied by 10⁴, frequencies, temperatures and ħω are smaller by 100 and quantum displacements by 10: the
crystal is harmonic, and its energy the phonon sum; time step, friction and cut-off scale along, so the engine does the same.
"""

import json

import numpy as np
import pytest
import yaml
from ase import units
from ase.build import make_supercell
from specifications import at_fixed_cell

from qcrystal.config.load import load
from qcrystal.dynamics.bath.parameters import Bath
from qcrystal.dynamics.ipi import launcher as ipi
from qcrystal.dynamics.lammps import launcher as lammps
from qcrystal.io.tables import read_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.statics.phonons import PhononSettings, lattice_dynamics
from qcrystal.statics.relax import relaxed_at_volume
from qcrystal.units import oscillator_energy

pytestmark = pytest.mark.slow
SCALE = 100.0
LATTICE_CONSTANT = 4.86  # Å, about 200 GPa: no imaginary modes
MASSES = {"La": 138.905 * SCALE**2, "H": 1.008 * SCALE**2}
TEMPERATURE = 100.0 / SCALE
REAL = {"La": 138.905, "H": 1.008}
ROOM = 300.0
CELL = 4.97  # Å, about 200 GPa with quantum motion


@pytest.fixture(scope="module")
def harmonic(root):
    """Rest energy (eV) of 2 x 2 x 2 primitive cells, potential energy and kinetic energy per atom of each species by phonons."""
    prototype = load(yaml.safe_load((root / "config" / "config.yaml").read_text()), root).crystal.prototypes["Fm-3m"]
    potential = DeepPotential(root / "models" / "lah10-fast" / "model.pb")
    atoms = relaxed_at_volume(potential, prototype, LATTICE_CONSTANT)
    rest = 8 * atoms.get_potential_energy()
    model = lattice_dynamics(potential, atoms, PhononSettings((2, 2, 2), MASSES))
    model.run_mesh([2, 2, 2], with_eigenvectors=True, is_gamma_center=True, is_mesh_symmetry=False)
    frequencies, vectors = model.mesh.frequencies, model.mesh.eigenvectors
    moves = frequencies > 1e-3  # all but the three of the crystal as a whole
    assert moves.sum() == frequencies.size - 3
    energies = np.where(moves, 0.5 * oscillator_energy(np.where(moves, frequencies, 1.0), TEMPERATURE), 0.0)
    share = np.abs(vectors.reshape(8, len(atoms), 3, -1)) ** 2
    symbols = np.array(atoms.get_chemical_symbols())
    kinetic = {
        s: np.einsum("qam,qm->", share[:, symbols == s].sum(2), energies) / (8 * (symbols == s).sum()) for s in MASSES
    }
    whole = 8 * sum(MASSES[s] for s in symbols)
    # the engine counts the classical 3kT/2 of the crystal as a whole, which is at rest
    kinetic = {s: k + 1.5 * units.kB * TEMPERATURE * MASSES[s] / whole for s, k in kinetic.items()}
    return {"rest": rest, "potential": energies.sum(), "kinetic": kinetic, "start": atoms.repeat((2, 2, 2))}


@pytest.mark.parametrize("method", ["qtb", "adqtb"])
def test_harmonic_limit(method, harmonic, root, tmp_path, measured):
    """Potential energy within 3 %, kinetic energies within 4 % of the phonon sum (264 modes, 90 relaxation times: 0.7 %)."""
    spec = at_fixed_cell(
        method,
        MASSES,
        20000,
        basis="primitive",
        repeat=(2, 2, 2),
        temperature=TEMPERATURE,
        timestep=0.5 * SCALE,
        sample_every=10,
        seed=4,
        bath=Bath(gamma=10.0 / SCALE, cutoff=120.0 / SCALE, segment=0.5 * SCALE),
    )
    structure = harmonic["start"]
    structure.calc = None
    lammps.run(spec, structure, root / "models" / "lah10-fast" / "model.pb", tmp_path)
    thermo = read_table(tmp_path / "thermo.csv", "thermo")
    thermo = thermo[thermo["step"] > 2000]
    potential = thermo["potential_energy"].mean() - harmonic["rest"]
    measured(3, f"LaH10, harmonic limit, potential energy, {method}", potential, harmonic["potential"], 0.03, "eV")
    report = json.loads((tmp_path / "report.json").read_text())
    corrected = report["kinetic_energy_corrected"]
    # the virial theorem, term by term: of harmonic forces -<u·F>/2 is the potential energy
    atoms = {s: structure.get_chemical_symbols().count(s) for s in MASSES}
    virial = sum(atoms[s] * thermo[f"virial_kinetic_{s}"].mean() for s in MASSES) - 1.5 * units.kB * TEMPERATURE
    assert virial == pytest.approx(potential, rel=0.01)  # what is left of the anharmonicity
    for species, exact in harmonic["kinetic"].items():
        found = 2 * corrected[species] / 3 / units.kB * SCALE
        exact = 2 * exact / 3 / units.kB * SCALE
        measured(3, f"LaH10, harmonic limit, 2<K_{species}>/3k_B times {SCALE:g}, {method}", found, exact, 0.04, "K")


@pytest.fixture(scope="module")
def crystal(root):
    """The relaxed cubic cell of 44 atoms, and the potential."""
    prototype = load(yaml.safe_load((root / "config" / "config.yaml").read_text()), root).crystal.prototypes["Fm-3m"]
    model = root / "models" / "lah10-fast" / "model.pb"
    primitive = relaxed_at_volume(DeepPotential(model), prototype, CELL)
    atoms = make_supercell(primitive, [[-1, 1, 1], [1, -1, 1], [1, 1, -1]])
    assert len(atoms) == 44 and atoms.cell.lengths() == pytest.approx(CELL)
    return atoms, model, prototype


def mean_and_error(series, blocks=8):
    means = [block.mean() for block in np.array_split(series.to_numpy(), blocks)]
    return np.mean(means), np.std(means, ddof=1) / np.sqrt(blocks)


@pytest.fixture(scope="module")
def path_integrals(crystal, tmp_path_factory):
    """Kinetic temperature (K) of H, pressure (GPa) and their errors with 32 beads, which lack 1 % of the stiffest mode."""
    atoms, model, _ = crystal
    folder = tmp_path_factory.mktemp("pimd")
    sampling = {"timestep": 0.25, "sample_every": 4, "beads": 32, "seed": 1}
    ipi.run(at_fixed_cell("pimd", REAL, 4000, temperature=ROOM, **sampling), atoms, model, folder)
    thermo = read_table(folder / "thermo.csv", "thermo")
    thermo = thermo[thermo["time"] > 0.15]
    kinetic, error = mean_and_error(thermo["kinetic_H"])
    return 2 * kinetic / 3 / units.kB, 2 * error / 3 / units.kB, *mean_and_error(thermo["pressure"])


@pytest.fixture(scope="module")
def harmonic_protons(crystal):
    """Kinetic temperature (K) of H in the harmonic crystal by number of beads; phonons at `LATTICE_CONSTANT`."""
    prototype = crystal[2]
    potential = DeepPotential(crystal[1])
    atoms = relaxed_at_volume(potential, prototype, LATTICE_CONSTANT)
    model = lattice_dynamics(potential, atoms, PhononSettings((2, 2, 2), REAL))
    model.run_mesh([2, 2, 2], with_eigenvectors=True, is_gamma_center=True, is_mesh_symmetry=False)
    frequencies = model.mesh.frequencies
    share = np.abs(model.mesh.eigenvectors.reshape(len(frequencies), len(atoms), 3, -1)) ** 2
    weights = share[:, np.array(atoms.get_chemical_symbols()) == "H"].sum(axis=(1, 2))
    moves = frequencies > 1e-3

    def kinetic(beads):
        energies = oscillator_energy(frequencies[moves], ROOM, beads)
        return energies @ weights[moves] / weights[moves].sum() / units.kB

    return kinetic


@pytest.mark.parametrize("beads", [8, 16, 64])
def test_convergence_with_beads(beads, crystal, path_integrals, harmonic_protons, tmp_path, measured):
    """<K_H> at 300 K over that with 32 beads, as in the harmonic crystal: within 2 % (anharmonicity, errors to 0.7 %)."""
    sampling = {"timestep": 0.25, "sample_every": 4, "beads": beads, "seed": 3}
    ipi.run(at_fixed_cell("pimd", REAL, 2000, temperature=ROOM, **sampling), *crystal[:2], tmp_path)
    thermo = read_table(tmp_path / "thermo.csv", "thermo")
    mean, error = mean_and_error(thermo[thermo["time"] > 0.15]["kinetic_H"])
    kinetic, kinetic_error = path_integrals[:2]
    found = 2 * mean / 3 / units.kB / kinetic
    error = found * np.hypot(error / mean, kinetic_error / kinetic)
    assert error < 0.008
    expected = harmonic_protons(beads) / harmonic_protons(32)
    measured(13, f"LaH10, <K_H> with {beads} beads over that with 32", found, expected, 0.02, "", error)


@pytest.mark.parametrize(("method", "gamma", "length"), [("qtb", 20.0, 20.0), ("adqtb", 20.0, 40.0)])
def test_baths_against_path_integrals(method, gamma, length, crystal, path_integrals, tmp_path, measured):
    """At 300 K and one fixed cell, without what friction adds: <K_H> within 3 % and two errors of the difference (1 % each),
    <P> within 1 GPa and three errors (0.13 GPa).
    """
    atoms, model, _ = crystal
    kinetic, kinetic_error, pressure, pressure_error = path_integrals
    sampling = {"timestep": 0.5, "sample_every": 20, "seed": 2, "bath": Bath(gamma=gamma)}
    steps = round(length / 0.5e-3)
    lammps.run(at_fixed_cell(method, REAL, steps, temperature=ROOM, **sampling), atoms, model, tmp_path)
    thermo, report = read_table(tmp_path / "thermo.csv", "thermo"), json.loads((tmp_path / "report.json").read_text())
    thermo = thermo[thermo["step"] >= steps // 2]  # as the report has it
    found = 2 * report["kinetic_energy_corrected"]["H"] / 3 / units.kB
    error = 2 * mean_and_error(thermo["virial_kinetic_H"])[1] / 3 / units.kB
    assert np.hypot(error, kinetic_error) < 0.012 * kinetic
    measured(
        13,
        f"LaH10, {method}, 2<K_H>/3k_B, against path integrals",
        found,
        kinetic,
        0.05,
        "K",
        np.hypot(error, kinetic_error),
    )
    mean, error = mean_and_error(thermo["pressure"])
    measured(
        13, f"LaH10, {method}, <P>, against path integrals", mean - report["pressure_excess"], pressure, 1.4, "GPa",
        np.hypot(error, pressure_error), relative=False,
    )  # fmt: skip
    if method == "adqtb":
        net = report["bath_state"]["fluctuation_dissipation"]["H"]["net"]
        measured(13, "LaH10, adqtb, net power of H from the bath", net, 0.0, 0.03, "of 2γ<K>", relative=False)
