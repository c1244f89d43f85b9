"""Where a run has settled, against series whose transients and correlation times are known."""

import numpy as np
import pytest
from correlated_series import autoregressive

from qcrystal.analysis.equilibration import equilibration, statistical_inefficiency


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_inefficiency_of_an_autoregressive_process(phi):
    """Mean over 20 series of 20 000: the estimate scatters by about 2 sqrt(2 * 5 tau/n) = 10 % each, so 8 % here."""
    rng = np.random.default_rng(1)
    found = [
        statistical_inefficiency(autoregressive(20_000, -1.0 / np.log(phi) if phi else 1e-3, rng)) for _ in range(20)
    ]
    assert np.mean(found) == pytest.approx((1.0 + phi) / (1.0 - phi), rel=0.08)


def test_equilibration_is_found_after_the_transient():
    """A transient of 30 % of the run: the start lies behind five decay times and within the allowed range."""
    rng = np.random.default_rng(4)
    x = 0.2 * autoregressive(1000, 1.44, rng) + 10.0 * np.exp(-np.arange(1000) / 60.0)
    assert 230 <= equilibration(x) <= 600
    stationary = autoregressive(1000, 1.44, rng)
    assert 200 <= equilibration(stationary) <= 600
