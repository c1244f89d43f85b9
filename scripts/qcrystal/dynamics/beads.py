"""The number of beads that a path integral needs."""

from __future__ import annotations

import numpy as np
from ase import units

from qcrystal.units import THZ

BEAD_RATIO = 2.0  # P / βħω of the stiffest phonon, unless a sweep says otherwise


def beads_for(temperature: float, max_frequency: float, safety: float = BEAD_RATIO) -> int:
    """Smallest even number of beads P that is at least ``safety`` times βħω.

    At low temperature a harmonic mode keeps the fraction E_P/E ≈ [1 + (βħω/2P)²]^(-1/2) of its energy. So ``safety`` = 1, 2, 3.5
    leaves an error of 10.6, 3 and 1 % in the stiffest mode. `qcrystal.units.oscillator_energy` has the exact value.

    Parameters
    ----------
    temperature
        Temperature in K, above 0.
    max_frequency
        Frequency of the stiffest phonon in THz.
    safety
        P / βħω.
    """
    needed = safety * THZ * max_frequency / (units.kB * temperature)
    return max(2, 2 * int(np.ceil(needed / 2.0)))
