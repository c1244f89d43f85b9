"""Phonons renormalised by motion: the self-consistent harmonic approximation (SCHA). THz, K, eV, GPa, Å.

Of all harmonic density matrices about all mean positions, the SCHA takes that of the lowest free energy,

    F = F_Φ + <V - V_Φ>_Φ,

an upper bound of the crystal's [Hooton, Phil. Mag. 46, 422 (1955); Errea, Calandra and Mauri, Phys. Rev. B 89, 064302
(2014), eq. 7]. At the minimum the force constants are the mean curvature, Φ = <∂²V>_Φ, and the mean force is zero. phonopy's
`MLPSSCHA` iterates to it: it draws displacements from Φ and fits Φ to their forces. A mode that is imaginary in the harmonic
crystal becomes real where zero-point and thermal motion hold the crystal up.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from ase import Atoms, units
from ase.calculators.calculator import Calculator
from ase.constraints import FixSymmetry
from phonopy import Phonopy
from phonopy.interface.mlp import PhonopyMLP
from phonopy.phonon.mesh import Mesh
from phonopy.sscha.core import MLPSSCHA
from phonopy.structure.atoms import PhonopyAtoms

from qcrystal.crystal.prototype import Prototype
from qcrystal.statics.phonons import PhononSettings, density_of_states, lattice_dynamics
from qcrystal.statics.relax import relaxed_at_volume
from qcrystal.units import IMAGINARY, MEV_PER_EV, THZ, mode_energy

log = logging.getLogger(__name__)

FARTHEST = 0.05
"""Å: no mean position moves by more in one iteration."""

MIXING = 0.5
"""Part of the way to the fitted force constants that an iteration goes."""


class SelfConsistentTables(NamedTuple):
    """``phonons`` and ``free_energy`` (one row for each temperature) and ``dos``: the tables of `self_consistent_phonons`."""

    phonons: pd.DataFrame
    dos: pd.DataFrame
    free_energy: pd.DataFrame


class SelfConsistentSettings(NamedTuple):
    """Effort of the self-consistent harmonic approximation.

    Attributes
    ----------
    temperatures : sequence of float
        K; 0 is allowed.
    snapshots : int
        Displaced supercells of each iteration; four times as many for the final values.
    iterations : int
        The later half is averaged.
    seed : int
        Of the displacements.
    """

    temperatures: Sequence[float]
    snapshots: int = 100
    iterations: int = 12
    seed: int = 0


class Evaluated(PhonopyMLP):
    """Any ASE calculator in the place of phonopy's own potentials; it keeps the virials of what it evaluated last."""

    def __init__(self, potential: Calculator, stress: bool = False):
        super().__init__(mlp=potential)
        self.pressures = np.empty(0)
        self._stress = stress

    def evaluate(self, supercells_with_displacements: Sequence[PhonopyAtoms | None]) -> tuple[Any, Any, Any]:
        """Energies (eV), forces (eV/Å) and stresses (none) of supercells; pressures (GPa) without kinetic part are kept."""
        energies, forces, pressures = [], [], []
        for cell in supercells_with_displacements:
            if cell is None:
                raise ValueError("a displaced supercell lacks; give all of them")
            atoms = Atoms(cell.symbols, cell=cell.cell, scaled_positions=cell.scaled_positions, pbc=True)
            atoms.calc = self.mlp
            energies.append(atoms.get_potential_energy())
            forces.append(atoms.get_forces())
            if self._stress:
                pressures.append(-atoms.get_stress(voigt=True)[:3].mean() / units.GPa)
        self.pressures = np.array(pressures)
        return np.array(energies), np.array(forces), np.empty(0)


class Ensemble(NamedTuple):
    """The crystal at the end of the iterations, and fresh samples of it.

    Attributes
    ----------
    model : Phonopy
        With the self-consistent force constants about the mean positions.
    free_energy, free_energy_error : float
        eV per primitive cell, less the energy of the crystal at rest. NaN: modes stayed imaginary.
    anharmonic : float
        Its part <V - V_Φ>.
    pressure, pressure_error : float
        GPa, of the potential energy: without the kinetic part.
    shift : float
        Å, the farthest that a mean position is from its place at rest.
    change : float
        THz, root mean square by which one more iteration would change the supercell's frequencies.
    """

    model: Phonopy
    free_energy: float
    free_energy_error: float
    anharmonic: float
    pressure: float
    pressure_error: float
    shift: float
    change: float


def converge(
    potential: Calculator, atoms: Atoms, harmonic: Phonopy, temperature: float, settings: SelfConsistentSettings
) -> Ensemble:
    """Iterate force constants and mean positions, and sample what they come to.

    A whole step from Φ to <∂²V>_Φ overshoots where most of the curvature is quartic. It then jumps between two values for ever.
    Steps of `MIXING` come to rest there too.

    Parameters
    ----------
    atoms
        Primitive cell at rest.
    harmonic
        Its harmonic force constants, from which the iteration starts; imaginary modes start with |ν|.
    temperature
        K.
    """
    evaluated, energy_at_rest = Evaluated(potential), None
    centre, model, kept = atoms.copy(), harmonic, []
    for iteration in range(settings.iterations):
        scha = _scha(model, evaluated, temperature, settings, iteration)
        energy_at_rest = scha.supercell_energy if energy_at_rest is None else energy_at_rest
        before = scha.force_constants
        scha.run()
        centre.positions += _shift(centre, scha, before)
        # The first step leaves the harmonic crystal, whose curvature may be negative. Later ones go half of the way.
        kept.append(scha.force_constants if iteration == 0 else before + MIXING * (scha.force_constants - before))
        model = _about(centre, harmonic, kept[-1])
    model = _about(centre, harmonic, np.mean(kept[len(kept) // 2 :], axis=0))
    final = Evaluated(potential, stress=True)
    scha = _scha(model, final, temperature, settings, settings.iterations, samples=4)
    scha.sample_supercells()
    scha.calculate_free_energy()
    lifted = (scha.supercell_energy - cast(float, energy_at_rest)) / scha.n_cell
    scha.phonopy.produce_force_constants(fc_calculator="symfc", calculate_full_force_constants=True, show_drift=False)
    anharmonic = scha.anharmonic_free_energy + lifted
    moved = np.linalg.norm(centre.positions - atoms.positions, axis=1).max()
    change = _commensurate(scha.phonopy) - _commensurate(model)
    return Ensemble(
        model=model,
        free_energy=free_energy(_commensurate(model), temperature) + anharmonic,
        free_energy_error=scha.free_energy_error,
        anharmonic=anharmonic,
        pressure=float(final.pressures.mean()),
        pressure_error=float(final.pressures.std(ddof=1) / np.sqrt(len(final.pressures))),
        shift=float(moved),
        change=float(np.sqrt(np.mean(change**2))),
    )


def free_energy(frequencies: np.ndarray, temperature: float) -> float:
    """Free energy (eV per primitive cell) of a supercell's modes, without the three that move it as a whole.

    NaN if another mode is not real: such force constants are no density matrix.

    Parameters
    ----------
    frequencies
        (q, modes) THz at the supercell's own wave vectors.
    temperature
        K.
    """
    order = np.argsort(np.abs(frequencies), axis=None)[3:]
    quanta = THZ * frequencies.ravel()[order]
    if np.any(quanta <= 0):
        return float("nan")
    thermal = units.kB * temperature
    excited = thermal * np.log1p(-np.exp(-quanta / thermal)) if thermal > 0 else 0.0
    return float(np.sum(0.5 * quanta + excited) / len(frequencies))


def _repeats(model: Phonopy) -> list[int]:
    return [int(n) for n in np.diag(model.supercell_matrix)]


def _commensurate(model: Phonopy) -> np.ndarray:
    """Frequencies (THz) at the supercell's own wave vectors, which alone its samples know."""
    model.run_mesh(_repeats(model), is_gamma_center=True, is_mesh_symmetry=False)
    return cast(Mesh, model.mesh).frequencies


def _scha(
    model: Phonopy,
    evaluated: Evaluated,
    temperature: float,
    settings: SelfConsistentSettings,
    iteration: int,
    samples: int = 1,
) -> MLPSSCHA:
    """One iteration of phonopy's, with a seed of its own. F_Φ is not taken from it: its meshes do not always hold Γ."""
    seed = np.random.SeedSequence([settings.seed, round(1000 * temperature), iteration]).generate_state(1)[0]
    return MLPSSCHA(
        model, evaluated, temperature=temperature, number_of_snapshots=samples * settings.snapshots, max_iterations=1,
        fc_calculator="symfc", mesh=[1, 1, 1], random_seed=int(seed),
    )  # fmt: skip


def _about(centre: Atoms, like: Phonopy, force_constants: np.ndarray) -> Phonopy:
    """The crystal of other mean positions and force constants."""
    cell = PhonopyAtoms(
        symbols=centre.get_chemical_symbols(),
        cell=centre.cell.array,
        scaled_positions=centre.get_scaled_positions(),
        masses=like.unitcell.masses,
    )
    model = Phonopy(cell, supercell_matrix=like.supercell_matrix, primitive_matrix=np.eye(3), symprec=1e-4)
    model.force_constants = force_constants
    return model


def _shift(centre: Atoms, scha: MLPSSCHA, force_constants: np.ndarray) -> np.ndarray:
    """How far (Å) the mean force moves the primitive cell's atoms, within the crystal's symmetry: Φ⁻¹ <f>.

    The forces of the drawn Φ, whose mean is zero, are taken off each sample: so little but the anharmonic part is left to
    chance.
    """
    model = scha.phonopy
    displacements = cast(np.ndarray, model.displacements)
    excess = model.forces + np.einsum("ijab,sjb->sia", force_constants, displacements, optimize=True)
    mean, primitive = excess.mean(axis=0), model.primitive
    images = [np.flatnonzero(primitive.s2p_map == first) for first in primitive.p2s_map]
    force = np.array([mean[atoms].mean(axis=0) for atoms in images])
    FixSymmetry(centre, symprec=1e-4).adjust_forces(centre, force)
    rows = scha.force_constants[primitive.p2s_map]
    at_gamma = np.stack([rows[:, atoms].sum(axis=1) for atoms in images], axis=1)
    size = 3 * len(centre)
    curvature = at_gamma.transpose(0, 2, 1, 3).reshape(size, size)
    shift = (np.linalg.pinv(curvature, rcond=1e-3, hermitian=True) @ force.ravel()).reshape(-1, 3)
    longest = np.linalg.norm(shift, axis=1).max()
    return shift * min(1.0, FARTHEST / max(longest, 1e-12))


def self_consistent_phonons(
    potential: Calculator,
    prototype: Prototype,
    lattice_constant: float,
    settings: PhononSettings,
    effort: SelfConsistentSettings,
    pressure: float,
) -> SelfConsistentTables:
    """Phonons of a prototype in the self-consistent harmonic approximation, at each temperature.

    Parameters
    ----------
    lattice_constant
        Å; it is kept. The internal coordinates follow the mean force.
    pressure
        GPa, what the tables call this lattice, see the table of phonons.

    Returns
    -------
    SelfConsistentTables
        Columns as in `qcrystal.io.table_schemas.crystals`. A free energy is that of the supercell without the motion of the
        whole crystal. A pressure contains that motion's kT/V, as those of runs do.
    """
    atoms = relaxed_at_volume(potential, prototype, lattice_constant)
    at_rest = atoms.get_potential_energy() / len(atoms)
    harmonic = lattice_dynamics(potential, atoms, settings)
    lowest = float(_mesh(harmonic, settings).frequencies.min())
    parts: tuple[list, list, list] = ([], [], [])
    for temperature in effort.temperatures:
        found = converge(potential, atoms, harmonic, temperature, effort)
        modes = _mesh(found.model, settings)
        frequencies, weights = modes.frequencies, modes.weights.astype(float)
        log.info(
            "a = %.4f Å, %g K: lowest phonon %.2f THz (harmonic %.2f), mean positions moved by %.4f Å",
            lattice_constant, temperature, frequencies.min(), lowest, found.shift,
        )  # fmt: skip
        row = {"pressure": pressure, "lattice_constant": lattice_constant, "temperature": float(temperature)}
        parts[0].append(row | _phonon_row(found, frequencies, weights, lowest, temperature, len(harmonic.supercell)))
        parts[1].append(_dos(atoms, modes).assign(pressure=pressure, temperature=float(temperature)))
        parts[2].append(row | _free_energy_row(found, atoms, at_rest))
    dos = pd.concat(parts[1], ignore_index=True)
    first = ["pressure", "temperature"]
    dos = dos[first + [name for name in dos.columns if name not in first]]
    return SelfConsistentTables(pd.DataFrame(parts[0]), dos, pd.DataFrame(parts[2]))


def _mesh(model: Phonopy, settings: PhononSettings) -> Mesh:
    """Frequencies and eigenvectors on the mesh, Γ included."""
    model.run_mesh([settings.mesh] * 3, with_eigenvectors=True, is_gamma_center=True)
    return cast(Mesh, model.mesh)


def _dos(atoms: Atoms, modes: Mesh) -> pd.DataFrame:
    symbols = np.array(atoms.get_chemical_symbols())
    weights = modes.weights.astype(float)
    share = np.abs(cast(np.ndarray, modes.eigenvectors).reshape(len(weights), len(atoms), 3, -1)) ** 2
    species = {s: share[:, symbols == s].sum(axis=(1, 2)) for s in dict.fromkeys(symbols)}
    return density_of_states(modes.frequencies, weights, species)


def _phonon_row(
    found: Ensemble, frequencies: np.ndarray, weights: np.ndarray, lowest: float, temperature: float, atoms: int
) -> dict[str, float]:
    """Frequencies and pressure at one temperature. Half of each mode's energy is kinetic and presses with 2K/3V."""
    kinetic = 0.5 * mode_energy(_commensurate(found.model), temperature)
    whole = 1.5 * units.kB * temperature  # motion of the whole crystal, in place of the three acoustic modes at Γ
    total = np.sort(kinetic.ravel())[3:].sum() + whole
    volume = found.model.supercell.volume
    return {
        "min_frequency": float(frequencies.min()),
        "max_frequency": float(frequencies.max()),
        "imaginary_fraction": float(np.average((frequencies < -IMAGINARY).mean(axis=1), weights=weights)),
        "harmonic_min_frequency": lowest,
        "frequency_change": found.change,
        "internal_shift": found.shift,
        "self_consistent_pressure": found.pressure + 2 * total / (3 * volume) / units.GPa,
        "self_consistent_pressure_error": found.pressure_error,
        "atoms": atoms,
    }


def _free_energy_row(found: Ensemble, atoms: Atoms, at_rest: float) -> dict[str, float]:
    per_atom = MEV_PER_EV / len(atoms)
    return {
        "atoms": len(found.model.supercell),
        "volume": atoms.get_volume() / len(atoms),
        "static_energy": at_rest,
        "free_energy": found.free_energy * per_atom,
        "free_energy_error": found.free_energy_error * per_atom,
        "anharmonic_free_energy": found.anharmonic * per_atom,
    }
