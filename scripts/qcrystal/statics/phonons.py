"""The crystal at rest: equation of state, enthalpies of competing structures, phonons.

Å, eV, GPa, K, THz. ``potential`` is any ASE calculator with energy, forces and stress, such as
`qcrystal.potential.calculator.DeepPotential`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from ase import Atoms, units
from ase.constraints import FixSymmetry
from ase.filters import UnitCellFilter
from ase.neighborlist import neighbor_list
from ase.optimize import BFGS
from phonopy import Phonopy
from phonopy.structure.atoms import PhonopyAtoms
from scipy.interpolate import PchipInterpolator

from qcrystal.crystal.cells import PLANCK_EV_THZ, primitive_cell
from qcrystal.crystal.distortions import space_group
from qcrystal.statics.quasiharmonic import start_lattice_constant

log = logging.getLogger(__name__)

# Å: atoms nearer than this mean that a potential has been led out of its training data (H2 has 0.74 Å).
SHORTEST_DISTANCE = 0.7
# A relaxation that ends below this part of its starting volume has left them too (50 GPa more take 8 % at 250 GPa), as has
# one that ends above the inverse of it.
SMALLEST_VOLUME = 0.75
# THz: modes below minus this are imaginary; the acoustic modes at Γ stay well within it.
IMAGINARY = 0.05


class StaticsError(ValueError):
    """A static property that cannot be had; one line that says why and what to do."""


# --- what a potential covers ------------------------------------------------------------------------------------------


def covered_pressures(
    pressures: Iterable[float], trained: tuple[float, float], count: int | None = None, beyond: float = 0.0
) -> list[float]:
    """The pressures (GPa) within those of the training frames; at most ``count`` of them, spread evenly, ends included.

    With ``beyond`` (GPa) also those that are outside by no more, to be marked as `beyond_training`; of them as large a share.

    Raises
    ------
    StaticsError
        If there is none.
    """
    pressures = sorted(float(p) for p in pressures)
    inside = [p for p in pressures if trained[0] <= p <= trained[1]]
    if not inside:
        raise StaticsError(
            f"none of the pressures {pressures} GPa is within the {trained[0]:g} to {trained[1]:g} GPa that the potential "
            "was trained on; change the pressures in statics of the system, or use another potential"
        )
    outside = [p for p in pressures if 0.0 < beyond_training(p, trained) <= beyond]
    left_out = ", ".join(f"{p:g}" for p in pressures if p not in inside and p not in outside)
    if left_out:
        log.warning("left out: %s GPa; the potential was trained on %g to %g GPa", left_out, *trained)
    if outside:
        log.warning("beyond the training: %s GPa", ", ".join(f"{p:g}" for p in outside))
    if count is None or count >= len(inside):
        return sorted(inside + outside)
    share = int(np.ceil(count / len(inside) * len(outside)))
    return sorted(_spread(inside, count) + _spread(outside[::-1], share))  # of one, the outermost


def _spread(values: list[float], count: int) -> list[float]:
    return [values[i] for i in np.linspace(0, len(values) - 1, count).round().astype(int)]


def beyond_training(pressure, trained: tuple[float, float]):
    """By how much (GPa) pressures are outside those of the training frames; 0 within."""
    pressure = np.asarray(pressure, float)
    return np.maximum(trained[0] - pressure, pressure - trained[1]).clip(min=0.0)


# --- equation of state ------------------------------------------------------------------------------------------------


def static_pressure(atoms: Atoms) -> float:
    """Pressure (GPa) of the crystal at rest: minus a third of the trace of the stress."""
    return float(-atoms.get_stress(voigt=True)[:3].mean() / units.GPa)


def relaxed_cubic(potential, prototype, lattice_constant: float, fmax: float = 1e-4, max_steps: int = 200) -> Atoms:
    """Primitive cell of a cubic prototype with its free internal coordinates relaxed at fixed lattice constant.

    The symmetry is kept: a cubic saddle point stays one. ``fmax`` in eV/Å; single-precision potentials carry noise of
    about 1e-6 eV/Å.

    Raises
    ------
    StaticsError
        If the internal coordinates do not come to rest within ``max_steps``, or atoms collapse.
    """
    atoms = primitive_cell(prototype, lattice_constant)
    atoms.calc = potential
    atoms.set_constraint(FixSymmetry(atoms, symprec=1e-4))
    converged = BFGS(atoms, logfile=None, maxstep=0.05).run(fmax=fmax, steps=max_steps)
    if not converged or nearer_than(atoms, SHORTEST_DISTANCE):
        raise StaticsError(
            f"lattice constant {lattice_constant:g} Å: the internal coordinates do not relax to {fmax:g} eV/Å in "
            f"{max_steps} steps; the potential does not hold there, choose a narrower range"
        )
    atoms.set_constraint()
    return atoms


def nearer_than(atoms: Atoms, shortest: dict[tuple[str, str], float] | float) -> bool:
    """Whether two atoms or periodic images are nearer than ``shortest`` (Å, for all or per pair of elements)."""
    return len(neighbor_list("i", atoms, shortest)) > 0


def cage_distances(atoms: Atoms, centre: str, member: str) -> dict[str, float]:
    """Nearest distances (Å) of the hydrogen cage, in the classes of [Qin] table I.

    Qin et al. tell H "(1) in, (2) out of the quadrilaterals" of the H32 cage around La. The cage's 6 quadrilaterals
    are made of its 24 atoms on 32f (x,x,x); the other 8 sit on 8c (1/4,1/4,1/4), where only hexagons meet. So, from
    the geometry of Fm-3m, with a = 4.749 Å and x = 0.1205 in brackets beside the published value:

    ======  =============================  =============================  =================
    column  bond                           length                         Å
    ======  =============================  =============================  =================
    la_h1   La to 32f                      a sqrt((1/2 - x)² + 2 x²)      1.9757 (1.9755)
    la_h2   La to 8c                       a sqrt(3)/4                    2.0564 (2.0564)
    h_h1    32f to 32f, the quadrilateral  2 x a                          1.1445 (1.1454)
    h_h2    32f to 8c                      a sqrt(3) (1/4 - x)            1.0652 (1.0645)
    la_la   La to La                       a / sqrt(2)                    3.3581 (3.3581)
    ======  =============================  =============================  =================

    Parameters
    ----------
    atoms
        Cell from `structures.primitive_cell`, which notes each atom's site in ``spacegroup_kinds``.
    centre, member
        Elements at the cage's centre and on its corners. Members (1) are the site with the most atoms; a crystal
        whose cage has one site has no (2): those distances are NaN.
    """
    symbols, site = np.array(atoms.get_chemical_symbols()), atoms.arrays["spacegroup_kinds"]
    member_sites, counts = np.unique(site[symbols == member], return_counts=True)
    member_sites = member_sites[np.argsort(-counts, kind="stable")]
    centres, first = symbols == centre, site == member_sites[0]
    second = np.isin(site, member_sites[1:2])
    i, j, d = neighbor_list("ijd", atoms, 1.1 * np.cbrt(4 * atoms.get_volume()))

    def nearest(a, b):
        return float(min(d[a[i] & b[j]], default=np.nan))

    return {
        "la_h1": nearest(centres, first),
        "la_h2": nearest(centres, second),
        "h_h1": nearest(first, first),
        "h_h2": nearest(first, second),
        "la_la": nearest(centres, centres),
    }


def lattice_row(
    prototype, atoms: Atoms, lattice_constant: float, energy: float, pressure: float, centre: str, member: str
) -> dict[str, float]:
    """One row of a table of relaxed cubic lattices, whoever relaxed them; see `equation_of_state`."""
    last_site = np.flatnonzero(atoms.arrays["spacegroup_kinds"] == len(prototype.sites) - 1)[0]
    return {
        "lattice_constant": lattice_constant,
        "volume": atoms.get_volume() / len(atoms),
        "energy": energy,
        "pressure": pressure,
        "x": atoms.positions[last_site, 0] / lattice_constant,
        **cage_distances(atoms, centre, member),
    }


def equation_of_state(
    potential,
    prototype,
    lattice_constants: Iterable[float],
    centre: str = "La",
    member: str = "H",
    trained: tuple[float, float] = (-np.inf, np.inf),
) -> pd.DataFrame:
    """Static equation of state of a cubic prototype.

    Parameters
    ----------
    potential
        ASE calculator.
    prototype
        Prototype as in ``config/crystals/*/crystal.yaml``; ``x`` is the first coordinate of its last site.
    lattice_constants
        Å.
    centre, member
        See `cage_distances`.
    trained
        GPa, pressures of the frames that the potential was trained on.

    Returns
    -------
    pandas.DataFrame
        lattice_constant, volume (Å³/atom), energy (eV/atom), pressure (GPa, from the stress), x, the distances of
        `cage_distances`, and beyond_training: by how much (GPa) the pressure is outside ``trained``, NaN where the
        pressure does not rise on compression, so that it means nothing; ascending lattice constant. Lattice constants
        where the crystal does not relax are left out with a warning.
    """
    lattice_constants = sorted({float(a) for a in lattice_constants})
    rows = []
    for number, a in enumerate(lattice_constants, 1):
        try:
            atoms = relaxed_cubic(potential, prototype, a)
        except StaticsError as error:
            log.warning("left out of the equation of state: %s", error)
            continue
        energy = atoms.get_potential_energy() / len(atoms)
        rows.append(lattice_row(prototype, atoms, a, energy, static_pressure(atoms), centre, member))
        log.info(
            "equation of state %d/%d: a = %.4f Å, %.2f GPa", number, len(lattice_constants), a, rows[-1]["pressure"]
        )
    if not rows:
        raise StaticsError(f"no lattice constant of {lattice_constants} Å relaxes with this potential; choose others")
    eos = pd.DataFrame(rows)
    stable = _compressible_branch(eos)
    if len(stable) < len(eos):
        log.warning(
            "below a = %.4f Å the pressure no longer rises on compression (at most %.1f GPa): the potential "
            "extrapolates there and those rows are not used for interpolation",
            stable["lattice_constant"].iloc[0],
            stable["pressure"].max(),
        )
    beyond = pd.Series(beyond_training(stable["pressure"], trained), index=stable.index)
    return eos.assign(beyond_training=beyond)


def _compressible_branch(eos: pd.DataFrame) -> pd.DataFrame:
    """Rows from the largest lattice constant down to where the pressure stops rising (dP/dV < 0)."""
    eos = eos.sort_values("lattice_constant")
    rising = np.diff(eos["pressure"].to_numpy()) < 0
    bad = np.flatnonzero(~rising)
    return eos.iloc[bad[-1] + 1 if len(bad) else 0 :]


def lattice_at_pressure(eos: pd.DataFrame, pressure: float) -> float:
    """Lattice constant (Å) at a static pressure (GPa): monotone cubic interpolation of the equation of state.

    Raises
    ------
    StaticsError
        If the pressure is outside the part of the table where compression raises the pressure.
    """
    branch = _compressible_branch(eos).iloc[::-1]
    low, high = branch["pressure"].iloc[[0, -1]]
    if len(branch) < 4 or not low <= pressure <= high:
        raise StaticsError(
            f"{pressure:g} GPa: the equation of state holds from {low:.1f} to {high:.1f} GPa ({len(branch)} points); "
            "widen statics.lattice_constants, or use a potential trained at this pressure"
        )
    return float(PchipInterpolator(branch["pressure"], branch["lattice_constant"])(pressure))


# --- enthalpies -------------------------------------------------------------------------------------------------------


class Relaxed(NamedTuple):
    """A relaxed crystal: enthalpy (eV/atom) and volume (Å³/atom) at a pressure (GPa), space group, convergence."""

    atoms: Atoms
    pressure: float
    enthalpy: float
    volume: float
    spacegroup: str
    converged: bool


def relax(
    potential,
    atoms: Atoms,
    pressure: float,
    fmax: float,
    max_steps: int,
    symprec: float,
    shortest: dict[tuple[str, str], float] | float = SHORTEST_DISTANCE,
    keep_symmetry: bool = False,
    smallest_volume: float | None = None,
) -> Relaxed | None:
    """Relax positions and cell at a hydrostatic pressure (GPa); None if the crystal collapses.

    Collapse: atoms come nearer than ``shortest``, or the volume leaves the range that starts at ``smallest_volume`` and
    ends at the start's over `SMALLEST_VOLUME`. It means that the potential does not hold there.

    Parameters
    ----------
    fmax
        eV/Å, on forces and on the cell's generalised force of `ase.filters.UnitCellFilter`.
    max_steps
        Bound on the steps; ``converged`` says whether it was enough.
    symprec
        Å, tolerance of the space group.
    shortest
        Å, for all pairs of atoms or per pair of elements.
    keep_symmetry
        Stay within the space group of the start.
    smallest_volume
        Å³/atom; None: `SMALLEST_VOLUME` times the start's.
    """
    atoms = Atoms(atoms.get_chemical_symbols(), positions=atoms.positions, cell=atoms.cell, pbc=True)
    atoms.calc = potential
    if keep_symmetry:
        atoms.set_constraint(FixSymmetry(atoms, symprec=1e-3))
    start = atoms.get_volume() / len(atoms)
    smallest = SMALLEST_VOLUME * start if smallest_volume is None else smallest_volume
    # Not FrechetCellFilter: its matrix logarithms take longer than the potential does.
    optimizer = BFGS(UnitCellFilter(atoms, scalar_pressure=pressure * units.GPa), logfile=None, maxstep=0.1)
    try:
        for converged in optimizer.irun(fmax=fmax, steps=max_steps):  # noqa: B007 the last value is the answer
            volume = atoms.get_volume() / len(atoms)
            if not smallest < volume < start / SMALLEST_VOLUME or nearer_than(atoms, shortest):
                return None
    except RuntimeError as error:  # FixSymmetry refuses steps that strain the cell by a quarter
        log.info("relaxation given up: %s", error)
        return None
    atoms.set_constraint()
    enthalpy = atoms.get_potential_energy() / len(atoms) + pressure * units.GPa * volume
    atoms.calc = None
    return Relaxed(atoms, pressure, enthalpy, volume, space_group(atoms, symprec), bool(converged))


# --- phonons ----------------------------------------------------------------------------------------------------------


class PhononTables(NamedTuple):
    """``summary`` (one row), ``dos`` and ``harmonic_energy``: the tables of `phonons`."""

    summary: pd.DataFrame
    dos: pd.DataFrame
    harmonic_energy: pd.DataFrame


def lattice_dynamics(
    potential, atoms: Atoms, supercell, displacement: float = 0.02, masses: dict[str, float] | None = None
) -> Phonopy:
    """Harmonic force constants by finite displacements.

    Parameters
    ----------
    atoms
        Primitive cell at rest.
    supercell
        Three repeats of it. A deep potential couples atoms up to twice its cutoff apart; for LaH10 with a cutoff of 4 Å
        two, three and four repeats give the same zero-point temperature within 0.1 K at 200 GPa.
    displacement
        Å. Plus and minus displacements cancel the cubic terms; what remains is the forces' rounding in a
        single-precision potential (about 1e-5 eV/Å, so not too small) against quartic terms (so not too large). For
        LaH10 at 200 GPa, 0.005, 0.02 and 0.03 Å agree within 1 K in the zero-point temperature, 0.05 Å adds 2 K.
    masses
        u, per element; None: standard atomic weights.
    """
    symbols = atoms.get_chemical_symbols()
    crystal = PhonopyAtoms(
        symbols=symbols,
        cell=atoms.cell.array,
        scaled_positions=atoms.get_scaled_positions(),
        masses=None if masses is None else [masses[s] for s in symbols],
    )
    model = Phonopy(crystal, supercell_matrix=np.diag(supercell), primitive_matrix=np.eye(3), symprec=1e-4)
    model.generate_displacements(distance=displacement, is_plusminus=True)
    forces = []
    cells = model.supercells_with_displacements
    for number, cell in enumerate(cells, 1):
        displaced = Atoms(cell.symbols, cell=cell.cell, scaled_positions=cell.scaled_positions, pbc=True)
        displaced.calc = potential
        forces.append(displaced.get_forces())
        log.info("displaced supercell %d/%d (%d atoms)", number, len(cells), len(displaced))
    model.forces = forces
    model.produce_force_constants()
    model.symmetrize_force_constants()
    return model


def harmonic_energy(frequencies, temperature: float, weights=None) -> float:
    """Mean energy per mode over k_B (K) of quantum oscillators; E/(3 N k_B) of a crystal.

    (hν/2) coth(hν/2kT) averaged over the modes; the classical value is ``temperature`` whatever the frequencies.
    Modes that are not real (below `IMAGINARY`) have no harmonic energy: they count as the limit ν -> 0, that is kT, and
    nothing at T = 0.

    Parameters
    ----------
    frequencies
        THz, any shape.
    temperature
        K; 0 is allowed.
    weights
        Of the modes, broadcast against ``frequencies``; None: equal.
    """
    frequencies = np.asarray(frequencies, float)
    real = frequencies > IMAGINARY
    half_quantum = 0.5 * PLANCK_EV_THZ * np.where(real, frequencies, 1.0) / units.kB
    quantum = half_quantum if temperature == 0 else half_quantum / np.tanh(half_quantum / temperature)
    energies = np.where(real, quantum, temperature)
    return float(np.average(energies, weights=None if weights is None else np.broadcast_to(weights, energies.shape)))


def zero_point_temperature(frequencies, weights=None) -> float:
    """T_zero = (1/k_B) ∫ g(ν) hν/2 dν in K, g normalised over all modes: E_zp/(3 N k_B), which is T classically."""
    return harmonic_energy(frequencies, 0.0, weights)


def density_of_states(frequencies, weights, projections: dict[str, np.ndarray], width: float = 0.4) -> pd.DataFrame:
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

    def smooth(weight):
        return np.convolve(np.histogram(frequencies, edges, weights=weight)[0], kernel, mode="same") / step

    parts = {f"dos_{species}": smooth(share * part) for species, part in projections.items()}
    return pd.DataFrame({"frequency": grid, "dos": smooth(share), **parts})


def phonons(
    potential,
    prototype,
    lattice_constant: float,
    supercell,
    mesh: int = 20,
    temperatures: Iterable[float] = tuple(range(0, 1001, 25)),
    pressure: float | None = None,
    masses: dict[str, float] | None = None,
    displacement: float = 0.02,
) -> PhononTables:
    """Harmonic phonons of the cubic phase at rest.

    Parameters
    ----------
    lattice_constant
        Å; the internal coordinates are relaxed.
    supercell
        Three repeats of the primitive cell, see `lattice_dynamics` for this, ``displacement`` (Å) and ``masses`` (u).
    mesh
        Points along each reciprocal vector, Γ included.
    temperatures
        K, of the harmonic energies.
    pressure
        GPa, what the tables call this lattice; None: its static pressure.

    Returns
    -------
    PhononTables
        summary: pressure, static_pressure (GPa, from the stress), lattice_constant, zero_point_energy (eV/atom) and
        zero_point_temperature (K) of the real modes, max_frequency and min_frequency (THz; imaginary ones negative),
        imaginary_fraction (of the modes on the mesh);
        dos: pressure, frequency, dos, dos_<species>, see `density_of_states`;
        harmonic_energy: pressure, temperature, energy_over_3NkB_quantum, energy_over_3NkB_classical (K).
    """
    atoms = relaxed_cubic(potential, prototype, lattice_constant)
    at_rest = static_pressure(atoms)
    pressure = at_rest if pressure is None else float(pressure)
    log.info("phonons at a = %.4f Å (%.1f GPa), supercell %s", lattice_constant, pressure, tuple(supercell))
    model = lattice_dynamics(potential, atoms, supercell, displacement, masses)
    model.run_mesh([mesh] * 3, with_eigenvectors=True, is_gamma_center=True)
    modes = model.mesh
    frequencies, weights = modes.frequencies, modes.weights.astype(float)
    symbols = np.array(atoms.get_chemical_symbols())
    # (q, atom, component, mode); summed over a whole species it is the same in the whole star of q.
    share = np.abs(modes.eigenvectors.reshape(len(weights), len(atoms), 3, -1)) ** 2
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
        for t in temperatures
    ]
    return PhononTables(pd.DataFrame([summary]), dos, pd.DataFrame(energies))


def check_highest_frequency(summary: pd.DataFrame, configured: float, highest_pressure: float, where: str) -> None:
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

    Raises
    ------
    StaticsError
        If a phonon that the runs may meet is faster.
    """
    met = summary[summary["pressure"] <= highest_pressure]
    if met.empty or met["max_frequency"].max() <= configured:
        return
    highest = met.loc[met["max_frequency"].idxmax(), ["pressure", "max_frequency"]]
    raise StaticsError(
        f"{where}: dynamics.max_frequency is {configured:g} THz, but this potential's highest phonon at {highest.iloc[0]:g} GPa "
        f"has {highest.iloc[1]:.1f} THz; raise it to {np.ceil(highest.iloc[1]):g}, so that path integrals get beads enough, "
        "and check dynamics.timestep"
    )


def phonons_with_zero_point_pressure(
    potential, prototype, eos: pd.DataFrame, pressures: Iterable[float], supercell, **settings
) -> PhononTables:
    """Phonons of the cubic phase at total pressures of the quantum crystal at 0 K.

    Phonons at the static lattice of each pressure give the zero-point pressure in the quasi-harmonic approximation
    (`quasiharmonic.start_lattice_constant`); the tables hold those at the lattice constants at which static and
    zero-point pressure add up to the pressure. ``pressure`` is the total there, ``static_pressure`` the lattice's own.

    Parameters
    ----------
    eos
        From `equation_of_state`; it reaches below the lowest pressure by the zero-point pressure.
    pressures
        GPa, two or more; those that the equation of state does not reach are left out with a warning.
    supercell, settings
        As in `phonons`.

    Raises
    ------
    StaticsError
        If fewer than two pressures are left.
    """
    pressures = [float(pressure) for pressure in pressures]
    static = _phonon_tables(potential, prototype, pressures, lambda p: lattice_at_pressure(eos, p), supercell, settings)

    def total(pressure: float) -> float:
        return start_lattice_constant(eos, static.summary, static.harmonic_energy, pressure, 0.0, quantum=True)

    return _phonon_tables(potential, prototype, static.summary["pressure"].tolist(), total, supercell, settings)


def _phonon_tables(potential, prototype, pressures, lattice_constant, supercell, settings) -> PhononTables:
    """Tables of `phonons` at the lattice constant that a function gives for each pressure, one below the other."""
    parts = []
    for pressure in pressures:
        try:
            a = lattice_constant(pressure)
            parts.append(phonons(potential, prototype, a, supercell, pressure=pressure, **settings))
        except ValueError as error:
            log.warning("no phonons: %s", error)
    if len(parts) < 2:
        raise StaticsError(
            f"phonons at {len(parts)} of the pressures {pressures} GPa, where two are needed to see them change with volume: "
            "this potential does not hold there, see the log"
        )
    return PhononTables(*(pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True)))
