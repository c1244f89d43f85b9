"""Free energies against exact answers where nothing, or little, is optimised; `tests/acceptance/test_nct.py` has the rest."""

import numpy as np
import pytest
from ase import units
from model_crystals import (
    diagonalised,
    exact_free_energy,
    measured_values,
    optimised,
    particle,
    ring,
    rotated,
    single_states,
    sobol,
    start_of,
    trained,
)
from scipy.optimize import minimize

from qcrystal.variational.basis import HBAR_SQUARED, Basis, phonon_basis
from qcrystal.variational.double import in_double
from qcrystal.variational.energies import force_constants
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.estimates import Estimate
from qcrystal.variational.estimators import antithetic, draw, estimate, serve_as_controls
from qcrystal.variational.judges import Judge
from qcrystal.variational.observables import kinetic_by_species
from qcrystal.variational.occupations import Levels
from qcrystal.variational.optimise import Optimiser, Settings
from qcrystal.variational.quasiphonons import quasi_phonons
from qcrystal.variational.refusals import refusals, refused_by, share_outside
from qcrystal.variational.wave_functions import Flow, Given, State, check_levels, grown, state_of

pytestmark = pytest.mark.engine

MEV_PER_ATOM = 1e3 / 8
LENGTH = 3.0  # Å, of a bond of the rings; nothing depends on it


def spring(strength):
    return lambda length: 0.5 * strength * (length - LENGTH) ** 2


@pytest.mark.parametrize(
    ("masses", "strength", "kelvin", "free_energy", "entropy"),
    [
        ([6.941] * 8, 1.0, 100, 15.10966, 0.13322),
        ([6.941] * 8, 1.0, 300, 7.44167, 0.73101),
        ([138.905, 1.008] * 4, 10.0, 300, 69.61004, 0.49103),
    ],
)
def test_a_harmonic_ring_is_exact_without_optimisation(masses, strength, kelvin, free_energy, entropy):
    """By the sum over its normal modes; no statistical error is left, as the state is the exact one."""
    basis, potential = ring(spring(strength), masses, LENGTH, HBAR_SQUARED, step=1e-2)
    temperature = units.kB * kelvin
    state = state_of(basis.stars, "occupations")
    found = measured_values(state, start_of(state, basis), basis, potential, temperature, 512)
    # z² as control variates take all of the variance, as V and K are linear in them
    assert found.free_energy.value * MEV_PER_ATOM == pytest.approx(free_energy, abs=1e-5)
    assert exact_free_energy(basis, temperature) * MEV_PER_ATOM == pytest.approx(free_energy, abs=1e-5)
    assert found.entropy / 8 == pytest.approx(entropy, abs=1e-5)
    # ⟨K⟩ = ⟨V⟩ = half of Σ (ħω/2) coth(ħω/2kT)
    half = 0.25 * np.sum(basis.energies / np.tanh(0.5 * basis.energies / temperature))
    assert found.kinetic.value == pytest.approx(half, abs=1e-9)


def test_single_states_of_a_harmonic_ring_have_one_local_free_energy():
    """With eq. 4 too, kT ln p_n + E_loc is -kT ln Z in every sample; K levels without a tail cost what they leave out."""
    basis, potential = ring(spring(1.0), [6.941] * 8, LENGTH, HBAR_SQUARED, step=1e-2)
    temperature = units.kB * 300
    given = Given(basis.energies, 1.0 / temperature)
    state = state_of(basis.stars, "occupations")
    parameters = start_of(state, basis)
    x, kinetic, chances = single_states(state, parameters, given, antithetic(64, 7, 1).normal, 2, 80)
    local = temperature * chances + kinetic + potential(basis.positions(x), basis.cell).energies
    assert local.std() < 1e-8
    assert local.mean() * MEV_PER_ATOM == pytest.approx(7.44167, abs=1e-5)
    few = Levels(basis.stars, 8, tail=False)
    start = in_double(lambda: few.at_temperature(few.start(basis.energies), given.beta))()
    eight = State(Flow(()), few)
    value = measured_values(eight, {"flow": {}, "occupations": start}, basis, potential, temperature, 4096)
    assert value.free_energy.value * MEV_PER_ATOM == pytest.approx(7.46117, abs=max(1e-3, 4 * value.free_energy.error))


def test_translations_leave_no_trace_and_kinetic_energies_add_up():
    basis, potential = ring(spring(3.0), [138.905, 1.008, 2.014], LENGTH, HBAR_SQUARED, step=1e-2)
    assert len(basis.energies) == 2
    moved = basis.masses @ basis.displacements  # no vibration moves the centre of mass
    assert np.abs(moved).max() < 1e-12 * np.abs(basis.displacements).max() * basis.masses.sum()
    temperature = units.kB * 200
    state = state_of(basis.stars, "occupations")
    given = Given(basis.energies, 1.0 / temperature)
    samples = draw(state, start_of(state, basis), given, basis, potential, sobol(256, 2, 3))
    parts = kinetic_by_species(samples, ["La", "H", "D"])
    whole = 0.25 * np.sum(basis.energies / np.tanh(0.5 * basis.energies / temperature))
    assert sum(part.value for part in parts.values()) == pytest.approx(whole, rel=1e-9)


def anharmonic(x):
    return 0.5 * x[0] ** 2 + 0.6 * x[1] ** 2 + 0.15 * x[0] ** 4 + 0.2 * x[0] ** 2 * x[1] + 0.1 * x[1] ** 4


def test_estimators_of_states_and_of_their_sum_agree_at_equal_weights():
    """Eqs. 4 and 5 for F, at a bent map whose weights are far from the best ones."""
    basis, potential = particle(anharmonic, 2)
    temperature, given = 0.6, Given(basis.energies, 1.0 / 0.6)
    state = state_of(basis.stars, "nct", levels=5, couplings=0)
    start = start_of(state_of(basis.stars, "flow_bose", couplings=0), basis)
    start["flow"]["first"]["shift"] = np.full(2, 0.2)
    start["flow"]["bend"]["tail"] = np.full(2, 0.15)
    start["flow"]["last_bend"]["skew"] = np.full(2, 0.1)
    parameters = in_double(grown)(state, basis.energies, given.beta, start)
    draws = antithetic(8192, 2, 5)
    closed = measured_values(state, parameters, basis, potential, temperature, 8192, 5, antithetic).free_energy
    x, kinetic, chances = single_states(state, parameters, given, draws.normal, 6, 20)
    single = estimate(temperature * chances + kinetic + potential(basis.positions(x), basis.cell).energies, draws)
    assert abs(closed.value - single.value) < 3 * np.hypot(closed.error, single.error)


def test_training_goes_on_to_the_last_digit():
    basis, potential = particle(anharmonic, 2)
    state = state_of(basis.stars, "scha")
    optimiser = Optimiser(state, Given(basis.energies, 2.0), basis, potential, Settings(steps=6, batch=16))
    whole = optimised(optimiser, optimiser.start(start_of(state, basis)))
    again = Optimiser(state, Given(basis.energies, 2.0), basis, potential, Settings(steps=6, batch=16))
    half = optimiser.start(start_of(state, basis))
    for _ in range(3):
        half = optimiser.step(half)
    assert np.array_equal(optimised(again, half).history, whole.history)


def test_scha_of_one_particle_is_the_best_gaussian():
    """x²/2 + 0.2x³ + 0.1x⁴ at β = 1 against the F of Gaussian moments, minimised by SciPy over mean, width and ν."""

    def gaussian(p):
        mean, width, quantum = p[0], np.exp(p[1]), np.exp(p[2])
        thermal = 0.5 / np.tanh(0.5 * quantum)
        variance = width**2 * thermal
        energy = 0.5 * (mean**2 + variance) + 0.2 * (mean**3 + 3 * mean * variance)
        energy += 0.1 * (mean**4 + 6 * mean**2 * variance + 3 * variance**2) + 0.5 * thermal / width**2
        return energy - (quantum / np.expm1(quantum) - np.log(-np.expm1(-quantum)))

    best = minimize(gaussian, [0.0, 0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10}).fun
    basis, potential = particle(lambda x: 0.5 * x[0] ** 2 + 0.2 * x[0] ** 3 + 0.1 * x[0] ** 4, 1)
    state, parameters = trained(basis, potential, 1.0, "scha", 300, 128, rate=0.05)
    found = measured_values(state, parameters, basis, potential, 1.0, 65536).free_energy
    assert found.value == pytest.approx(best, abs=3 * found.error + 1e-4)
    assert best > 0.17114  # the exact F, by diagonalisation


def test_free_probabilities_and_bends_come_close_to_the_exact_free_energy():
    """A well of a shape of its own: F of level nct is not below the diagonalised one, and near it after few steps."""

    def well(x):
        return 0.3 * x[0] ** 2 - 0.15 * x[0] ** 3 + 0.2 * x[0] ** 4

    basis, potential = particle(well, 1)
    exact, square = diagonalised(well, 0.25)
    state, parameters = trained(basis, potential, 0.25, "nct", 60, 64, rate=0.05)
    found = measured_values(state, parameters, basis, potential, 0.25, 8192).free_energy
    assert exact - 3 * found.error < found.value < exact + 5e-3 + 3 * found.error
    assert 0.1 < square < 1.0  # the grid holds the particle


def test_control_variates_lower_the_error_and_do_not_move_the_mean():
    draws = antithetic(4000, 3, 1)
    z = draws.normal
    values = 2.0 + z[:, 0] - 3 * z[:, 1] ** 2 + 0.1 * z[:, 0] ** 2 * z[:, 2] ** 2
    found = estimate(values, draws)
    assert abs(found.value - (2.0 - 3.0 + 0.1)) < 4 * found.error
    assert found.error < 0.1 * values.std() / np.sqrt(len(values))


def test_bad_input_is_one_line():
    basis, potential = ring(spring(1.0), [6.941] * 8, LENGTH, HBAR_SQUARED, step=1e-2)
    with pytest.raises(VariationalError, match="nct.levels is 2, too few.*take [0-9]+ or more"):
        check_levels(basis, units.kB * 300, 2)
    with pytest.raises(VariationalError, match="zero mode"):
        phonon_basis(basis.rest, basis.cell, basis.masses, np.eye(8), 1e-3)
    with pytest.raises(VariationalError, match="batch is 5"):
        state = state_of(basis.stars, "scha")
        Optimiser(state, Given(basis.energies, 1.0), basis, potential, Settings(1, 5))

    def broken(positions, cell):
        found = potential(positions, cell)
        return found._replace(energies=np.where(np.arange(len(positions)) == 3, np.nan, found.energies))

    state = state_of(basis.stars, "occupations")
    with pytest.raises(VariationalError, match=r"sample 3 is nan, where phonon \d has"):
        given = Given(basis.energies, 1.0 / (units.kB * 300))
        draw(state, start_of(state, basis), given, basis, broken, antithetic(64, 7, 1))


def test_refusals_name_their_reason():
    rng = np.random.default_rng(0)
    draws = antithetic(4096, 2, 1)
    good = rng.normal(size=4096)
    exact = estimate(good, draws)
    assert list(refusals(good, draws, 0.0, exact)) == []
    assert "nearer to another site" in next(refusals(good, draws, 0.02, exact))
    assert any("below the exact" in one for one in refusals(good, draws, 0.0, exact, exact._replace(value=1.0)))
    assert any(
        "2 % apart" in one
        for one in refusals(good, draws, 0.0, exact, None, [("H", Estimate(1030.0, 1.0), Estimate(1000.0, 1.0))])
    )
    noisy = [("H", Estimate(1030.0, 10.0), Estimate(1000.0, 10.0))]
    assert list(refusals(good, draws, 0.0, exact, None, noisy)) == []
    assert "exchange" in next(refused_by(Judge(2, {}, 0.5, None)))
    assert "another structure: tilt" in next(refused_by(Judge(2, {}, 1.0, "tilt is 3")))
    assert list(refused_by(Judge(2, {}, 0.9, None))) == []
    heavy = np.where(np.arange(4096) % 500 == 0, 40.0, good)
    assert any("standard deviations" in one for one in refusals(heavy, draws, 0.0, exact))
    rest, cell = np.array([[0.0, 0, 0], [1.5, 0, 0]]), np.diag([3.0, 3.0, 3.0])
    frames = np.stack([rest, rest[::-1], rest + 0.2])
    assert share_outside(frames, rest, cell, ["H", "H"]) == pytest.approx(1 / 3)
    assert share_outside(frames, rest, cell, ["H", "D"]) == 0.0


def test_results_do_not_depend_on_how_partners_are_mixed():
    basis, potential = ring(lambda e: 0.5 * (e - 1) ** 2 + 0.3 * (e - 1) ** 4, [1.0] * 4, 1.02)
    values = []
    for one in (basis, rotated(basis, 3)):
        assert isinstance(one, Basis)
        state, parameters = trained(one, potential, 0.5, "scha", 60, 64)
        values.append(measured_values(state, parameters, one, potential, 0.5, 4096).free_energy)
    assert abs(values[0].value - values[1].value) < 3 * np.hypot(values[0].error, values[1].error) + 2e-3


def test_force_constants_are_the_second_derivatives():
    _, potential = ring(spring(2.0), [1.0, 2.0, 3.0], LENGTH)
    constants = force_constants(potential, LENGTH * np.arange(3.0)[:, None], np.array([[3 * LENGTH]]), 0.05)
    assert constants == pytest.approx(2.0 * (3 * np.eye(3) - np.ones((3, 3))), abs=1e-10)


def test_quasi_phonons_of_a_harmonic_ring_are_its_phonons():
    """E(1) - E(0) is ħω of each phonon exactly, and -kT ln p(1)/p(0) too."""
    basis, potential = ring(spring(1.0), [6.941, 2.014, 6.941, 1.008], LENGTH, HBAR_SQUARED, step=1e-2)
    given = Given(basis.energies, 1.0 / (units.kB * 300))
    state = state_of(basis.stars, "occupations")
    table = quasi_phonons(state, start_of(state, basis), given, basis, potential, 512, 4)
    assert table["energy"].to_numpy() == pytest.approx(basis.energies * 1e3, abs=1e-6)
    assert table["occupation_energy"].to_numpy() == pytest.approx(basis.energies * 1e3, abs=1e-9)
    assert table["zero_point_shift"].to_numpy() == pytest.approx(0.0, abs=1e-6)


def test_the_zero_point_shift_has_the_error_that_its_seeds_show():
    """All phonons share their samples: the error of the sum is not that of independent energies."""

    def bond(length):
        stretch = length - 1.0
        return stretch**2 / 2 - stretch**3 / 2 + 0.4 * stretch**4

    basis, potential = ring(bond, [1.0] * 4, 1.05)
    given = Given(basis.energies, 2.0)
    state = state_of(basis.stars, "occupations")
    start = start_of(state, basis)
    tables = [quasi_phonons(state, start, given, basis, potential, 128, seed) for seed in range(24)]
    first = [table.iloc[0] for table in tables]
    table = tables[0]
    half = 0.5 * (table["energy"] - table["harmonic_energy"]).sum() / 4
    assert first[0]["zero_point_shift"] == pytest.approx(half, rel=1e-9)
    spread = np.std([one["zero_point_shift"] for one in first], ddof=1)
    told = np.sqrt(np.mean([one["zero_point_shift_error"] ** 2 for one in first]))
    assert told == pytest.approx(spread, rel=0.5)  # the spread of 24 seeds is known to 15 %


def test_quasi_phonons_need_one_configuration_per_sample_and_say_how_far_they_are(caplog):
    """Not one for each phonon: a crystal of N atoms has 3N of them. The last line of the log says that nothing is left."""
    basis, potential = ring(spring(1.0), [6.941] * 4, LENGTH, HBAR_SQUARED, step=1e-2)
    asked = []

    def counted(positions, cell):
        asked.append(len(positions))
        return potential(positions, cell)

    state = state_of(basis.stars, "occupations")
    with caplog.at_level("INFO"):
        quasi_phonons(state, start_of(state, basis), Given(basis.energies, 40.0), basis, counted, 60, 4)
    assert sum(asked) == 64  # the last part is filled up
    assert "60/60 samples, 0 s left" in caplog.text


@pytest.mark.parametrize(("count", "enough"), [(46, False), (48, True), (4000, True)])
def test_control_variates_need_sixteen_draws_per_phonon(count, enough):
    """Three phonons, a value that is linear in z and z²: control variates leave nothing but its exact mean, 7."""
    draws = antithetic(count, 3, 2)
    assert serve_as_controls(draws) == enough
    found = estimate(7.0 + draws.normal @ [1.0, 2.0, 3.0] + (draws.normal**2 - 1.0) @ [0.5, 0.0, 0.2], draws)
    assert (found.error < 1e-12) == enough
    assert abs(found.value - 7.0) < max(5.0 * found.error, 1e-12)
