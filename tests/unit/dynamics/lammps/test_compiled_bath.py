"""The compiled kick gives the bits of `ThermalBath.kick`, which numpy computes."""

import numpy as np
import pytest

from qcrystal.dynamics.bath.adaptive import AdaptiveBath
from qcrystal.dynamics.bath.parameters import Bath
from qcrystal.dynamics.bath.thermal import ThermalBath
from qcrystal.dynamics.lammps.compiled_bath import CompiledBath

IMPULSE = 0.5 * 0.5e-3 / 1.0364e-4


@pytest.mark.parametrize("momentum", ["mass-weighted", "unweighted"])
@pytest.mark.parametrize(("kind", "quantum"), [(ThermalBath, False), (ThermalBath, True), (AdaptiveBath, True)])
@pytest.mark.parametrize("count", [2, 11, 353])
def test_the_compiled_kick_is_that_of_numpy_to_the_last_bit(kind, quantum, momentum, count):
    """Over two ends of segments, with atoms in another order than the bath's: velocities, records, spectra and noise to come."""
    rng = np.random.default_rng(count)
    kinds = np.arange(count) % 3 // 2
    masses = np.where(kinds == 0, 1.008, 138.9)
    settings = Bath(segment=0.02, momentum=momentum)
    plain, compiled = (kind(settings, 300.0, 0.5, masses, 7, quantum, kinds) for _ in range(2))
    tags = (rng.permutation(count) + 1).astype(np.int32)
    velocities, index = rng.normal(0, 20, (count, 3)), tags - 1
    other, fast = velocities.copy(), CompiledBath(compiled, IMPULSE)
    for step in range(1, 2 * plain.segment_steps + 5):
        forces = rng.normal(0, 5, (count, 3))
        half = IMPULSE * forces / masses[index, None]
        full = np.empty_like(velocities)
        full[index] = velocities + half
        velocities = plain.kick(step, full)[index] - half
        fast.kick(step, tags, other, forces)
        assert np.array_equal(velocities.view(np.int64), other.view(np.int64)), step
    assert np.array_equal(plain.single_numbers(step + 1), compiled.single_numbers(step + 1))
    for name, values in plain.state().items():
        assert np.array_equal(values, compiled.state()[name]), name
