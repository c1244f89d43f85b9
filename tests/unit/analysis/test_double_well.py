"""Hops of baths in a double well, against Kramers' rate and by hand."""

import numpy as np
import pytest
from ase import units

from qcrystal.analysis.double_well import Effort, bath_rate, double_well_table, hops
from qcrystal.dynamics.bath.parameters import Bath
from qcrystal.statics.tunnelling import HBAR, DoubleWell, classical_rate

WELL = DoubleWell(0.1, 0.1, 1.008)


def test_a_hop_is_over_beyond_the_top():
    path = np.array([-1.0, 0.1, -1.0, 0.3, 0.7, 0.2, 0.9, -0.6])[:, None]
    assert hops(path, 0.5).tolist() == [2]  # to the right at 0.7, back at -0.6; the visits in between are none


def test_a_classical_bath_hops_as_kramers_says():
    """TST times √(1 + (γ/2ω_b)²) - γ/2ω_b [Kramers, Physica 7, 284 (1940)]; 15 %: three errors of 600 wells and 3 ps."""
    temperature, gamma = 0.1 / 3.0 / units.kB, 10.0
    rate, error, _ = bath_rate("classical", WELL, Bath(gamma=gamma), temperature, Effort(600, 3.0, 1))
    top = gamma * HBAR / (2.0 * WELL.path.barrier_quantum)
    known = classical_rate(WELL, temperature) * (np.sqrt(1.0 + top**2) - top)
    assert error < 0.06 * known
    assert rate == pytest.approx(known, rel=0.15)


def test_what_never_hops_has_a_limit_and_no_rate():
    deep = DoubleWell(2.0, 0.1, 1.008)
    rate, error, limit = bath_rate("classical", deep, Bath(gamma=10.0), 100.0, Effort(60, 0.2, 1))
    assert np.isnan(rate) and np.isnan(error)
    assert limit == pytest.approx(3.0 / (60 * 0.16))  # wells and the time after equilibration


def test_the_table_says_that_a_cold_bath_hops_too_often():
    """A quantum bath crosses the barrier in the cold by its zero-point energy; theory, tunnelling included, does not."""
    well = DoubleWell(0.3, 0.15, 1.008)
    table = double_well_table(well, Bath(gamma=10.0), [100.0], ["qtb"], Effort(300, 1.0, 3)).set_index("method")["rate"]
    assert table["qtb"] > 100 * table["quantum"] > 100 * table["classical_tst"]
