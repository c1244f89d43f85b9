"""Harmonic phonons of a crystal at rest, and what follows from them. THz, K, eV, GPa, Å."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, cast

import numpy as np
import pandas as pd
from ase import Atoms, units
from ase.calculators.calculator import Calculator
from numpy.typing import ArrayLike
from phonopy import Phonopy
from phonopy.phonon.mesh import Mesh
from phonopy.structure.atoms import PhonopyAtoms

from qcrystal.crystal.prototype import Prototype
from qcrystal.statics.equation_of_state import lattice_at_pressure
from qcrystal.statics.errors import StaticsError
from qcrystal.statics.quasiharmonic import start_lattice_constant
from qcrystal.statics.relax import relaxed_at_volume, static_pressure
from qcrystal.units import IMAGINARY, mode_energy

log = logging.getLogger(__name__)


class PhononTables(NamedTuple):
    """``summary`` (one row), ``dos`` and ``harmonic_energy``: the tables of `phonons`."""

    summary: pd.DataFrame
    dos: pd.DataFrame
    harmonic_energy: pd.DataFrame


class PhononSettings(NamedTuple):
    """Settings of a phonon calculation.

    Attributes
    ----------
    supercell : tuple of int
        Repeats of the primitive cell. A deep potential couples atoms up to twice its cutoff apart. For LaH10 with a cutoff of
        4 Å two, three and four repeats give the same zero-point temperature within 0.1 K at 200 GPa.
    masses : dict or None
        u, per element; None: standard atomic weights.
    mesh : int
        Points along each reciprocal vector, Γ included.
    temperatures : sequence of float
        K, of the harmonic energies.
    displacement : float
        Å. Plus and minus displacements cancel the cubic terms. What remains is the forces' rounding in a single-precision
        potential (about 1e-5 eV/Å, so not too small) against quartic terms (so not too large). For LaH10 at 200 GPa, 0.005,
        0.02 and 0.03 Å agree within 1 K in the zero-point temperature, 0.05 Å adds 2 K.
    """

    supercell: tuple[int, int, int]
    masses: dict[str, float] | None = None
    mesh: int = 20
    temperatures: Sequence[float] = tuple(range(0, 1001, 25))
    displacement: float = 0.02


def lattice_dynamics(potential: Calculator, atoms: Atoms, settings: PhononSettings) -> Phonopy:
    """Harmonic force constants of a primitive cell at rest, by finite displacements."""
    symbols = atoms.get_chemical_symbols()
    crystal = PhonopyAtoms(
        symbols=symbols,
        cell=atoms.cell.array,
        scaled_positions=atoms.get_scaled_positions(),
        masses=None if settings.masses is None else [settings.masses[s] for s in symbols],
    )
    model = Phonopy(crystal, supercell_matrix=np.diag(settings.supercell), primitive_matrix=np.eye(3), symprec=1e-4)
    model.generate_displacements(distance=settings.displacement, is_plusminus=True)
    forces = []
    cells = model.supercells_with_displacements or []
    for number, cell in enumerate(cells, 1):
        displaced = Atoms(cell.symbols, cell=cell.cell, scaled_positions=cell.scaled_positions, pbc=True)
        displaced.calc = potential
        forces.append(displaced.get_forces())
        log.info("displaced supercell %d/%d (%d atoms)", number, len(cells), len(displaced))
    model.forces = forces
    model.produce_force_constants()
    model.symmetrize_force_constants()
    return model


def harmonic_energy(frequencies: ArrayLike, temperature: float, weights: ArrayLike | None = None) -> float:
    """Mean energy per mode over k_B (K) of quantum oscillators; E/(3 N k_B) of a crystal.

    (hν/2) coth(hν/2kT) averaged over the modes; the classical value is ``temperature`` whatever the frequencies.
    Modes that are not real count as kT, see `qcrystal.units.mode_energy`.

    Parameters
    ----------
    frequencies
        THz, any shape.
    temperature
        K; 0 is allowed.
    weights
        Of the modes, broadcast against ``frequencies``; None: equal.
    """
    energies = mode_energy(frequencies, temperature) / units.kB
    return float(np.average(energies, weights=None if weights is None else np.broadcast_to(weights, energies.shape)))


def zero_point_temperature(frequencies: ArrayLike, weights: ArrayLike | None = None) -> float:
    """T_zero = (1/k_B) ∫ g(ν) hν/2 dν in K, g normalised over all modes: E_zp/(3 N k_B), which is T classically."""
    return harmonic_energy(frequencies, 0.0, weights)


def density_of_states(
    frequencies: np.ndarray, weights: np.ndarray, projections: dict[str, np.ndarray], width: float = 0.4
) -> pd.DataFrame:
    """Phonon density of states (1/THz, its integral over all modes is 1) and its parts by species.

    Parameters
    ----------
    frequencies
        (q, modes) THz; imaginary ones negative.
    weights
        (q,) multiplicities.
    projections
        Species to (q, modes): the share of each mode's eigenvector on that species.
    width
        Gaussian standard deviation, THz.

    Returns
    -------
    pandas.DataFrame
        frequency, dos, and dos_<species>, which add up to dos.
    """
    step = 0.25 * width
    grid = np.arange(frequencies.min() - 4 * width, frequencies.max() + 4 * width + step, step)
    edges = np.append(grid, grid[-1] + step) - 0.5 * step
    share = np.broadcast_to(weights[:, None] / (weights.sum() * frequencies.shape[1]), frequencies.shape)
    offsets = np.arange(-16, 17) * step
    kernel = np.exp(-0.5 * (offsets / width) ** 2)
    kernel /= kernel.sum()

    def smooth(weight: np.ndarray) -> np.ndarray:
        return np.convolve(np.histogram(frequencies, edges, weights=weight)[0], kernel, mode="same") / step

    parts = {f"dos_{species}": smooth(share * part) for species, part in projections.items()}
    return pd.DataFrame({"frequency": grid, "dos": smooth(share), **parts})


def phonons(
    potential: Calculator,
    prototype: Prototype,
    lattice_constant: float,
    settings: PhononSettings,
    pressure: float | None = None,
) -> PhononTables:
    """Harmonic phonons of a prototype at rest. Long because the columns of its tables are described here.

    Parameters
    ----------
    lattice_constant
        Å; the internal coordinates are relaxed.
    pressure
        GPa, what the tables call this lattice; None: its static pressure.

    Returns
    -------
    PhononTables
        - summary: pressure, static_pressure (GPa, from the stress), lattice_constant, zero_point_energy (eV/atom) and
          zero_point_temperature (K) of the real modes, max_frequency and min_frequency (THz), imaginary_fraction.
          Imaginary frequencies are negative; the fraction is of the modes on the mesh.
        - dos: pressure, frequency, dos, dos_<species>, see `density_of_states`
        - harmonic_energy: pressure, temperature, energy_over_3NkB_quantum, energy_over_3NkB_classical (K)
    """
    atoms = relaxed_at_volume(potential, prototype, lattice_constant)
    at_rest = static_pressure(atoms)
    pressure = at_rest if pressure is None else float(pressure)
    log.info("phonons at a = %.4f Å (%.1f GPa), supercell %s", lattice_constant, pressure, tuple(settings.supercell))
    model = lattice_dynamics(potential, atoms, settings)
    model.run_mesh([settings.mesh] * 3, with_eigenvectors=True, is_gamma_center=True)
    modes = cast(Mesh, model.mesh)
    frequencies, weights = modes.frequencies, modes.weights.astype(float)
    symbols = np.array(atoms.get_chemical_symbols())
    # (q, atom, component, mode); summed over a whole species it is the same in the whole star of q.
    share = np.abs(cast(np.ndarray, modes.eigenvectors).reshape(len(weights), len(atoms), 3, -1)) ** 2
    projections = {s: share[:, symbols == s].sum(axis=(1, 2)) for s in dict.fromkeys(symbols)}
    zero_point = zero_point_temperature(frequencies, weights[:, None])
    summary = {
        "pressure": pressure,
        "static_pressure": at_rest,
        "lattice_constant": lattice_constant,
        "zero_point_energy": 3 * units.kB * zero_point,
        "zero_point_temperature": zero_point,
        "max_frequency": frequencies.max(),
        "min_frequency": frequencies.min(),
        "imaginary_fraction": np.average((frequencies < -IMAGINARY).mean(axis=1), weights=weights),
    }
    log.info("phonons at %.1f GPa: T_zero = %.0f K, up to %.1f THz", pressure, zero_point, summary["max_frequency"])
    dos = density_of_states(frequencies, weights, projections)
    dos.insert(0, "pressure", pressure)
    energies = [
        {
            "pressure": pressure,
            "temperature": float(t),
            "energy_over_3NkB_quantum": harmonic_energy(frequencies, t, weights[:, None]),
            "energy_over_3NkB_classical": float(t),
        }
        for t in settings.temperatures
    ]
    return PhononTables(pd.DataFrame([summary]), dos, pd.DataFrame(energies))


def check_highest_frequency(
    summary: pd.DataFrame, configured: float, highest_pressure: float, where: str, refuse: bool = True
) -> None:
    """Compare the highest phonon with the frequency that sets beads and the largest time step.

    Parameters
    ----------
    summary
        Of `phonons`.
    configured
        THz, ``dynamics.max_frequency``.
    highest_pressure
        GPa, of the runs; phonons above it do not matter.
    where
        File that holds the configured frequency.
    refuse
        False: a phonon that is faster is a warning in the log and on the standard error, not an error.

    Raises
    ------
    StaticsError
        If a phonon that the runs may meet is faster.
    """
    met = summary[summary["pressure"] <= highest_pressure]
    if met.empty or met["max_frequency"].max() <= configured:
        return
    highest = met.iloc[int(met["max_frequency"].argmax())][["pressure", "max_frequency"]]
    message = (
        f"{where}: dynamics.max_frequency is {configured:g} THz, but this potential's highest phonon at {highest.iloc[0]:g} GPa "
        f"has {highest.iloc[1]:.1f} THz; raise it to {np.ceil(highest.iloc[1]):g}, so that path integrals get beads enough, "
        "and check dynamics.timestep"
    )
    if refuse:
        raise StaticsError(message)
    log.warning("%s", message)
    print(f"phonons: warning: {message}", file=sys.stderr)


def phonons_with_zero_point_pressure(
    potential: Calculator,
    prototype: Prototype,
    eos: pd.DataFrame,
    pressures: Iterable[float],
    settings: PhononSettings,
) -> PhononTables:
    """Phonons of a prototype at total pressures of the quantum crystal at 0 K.

    Phonons at the static lattice of each pressure give the zero-point pressure in the quasi-harmonic approximation
    (`quasiharmonic.start_lattice_constant`). The tables hold the phonons at the lattice constants at which static and
    zero-point pressure add up to the pressure. ``pressure`` is the total there, ``static_pressure`` the lattice's own.

    Parameters
    ----------
    eos
        From `equation_of_state`; it reaches below the lowest pressure by the zero-point pressure.
    pressures
        GPa, two or more; those that the equation of state does not reach are left out with a warning.

    Raises
    ------
    StaticsError
        If fewer than two pressures are left.
    """
    task = (potential, prototype, settings)
    static = _phonon_tables(*task, [float(pressure) for pressure in pressures], lambda p: lattice_at_pressure(eos, p))

    def total(pressure: float) -> float:
        return start_lattice_constant(eos, static.summary, static.harmonic_energy, pressure, 0.0, quantum=True)

    return _phonon_tables(*task, static.summary["pressure"].tolist(), total)


def _phonon_tables(
    potential: Calculator,
    prototype: Prototype,
    settings: PhononSettings,
    pressures: list[float],
    lattice_constant: Callable[[float], float],
) -> PhononTables:
    """Tables of `phonons` at the lattice constant that a function gives for each pressure, one below the other."""
    parts = []
    for pressure in pressures:
        try:
            parts.append(phonons(potential, prototype, lattice_constant(pressure), settings, pressure))
        except ValueError as error:
            log.warning("no phonons: %s", error)
    if len(parts) < 2:
        raise StaticsError(
            f"phonons at {len(parts)} of the pressures {pressures} GPa, where two are needed to see them change with volume: "
            "this potential does not hold there, see the log"
        )
    return PhononTables(*(pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True)))
