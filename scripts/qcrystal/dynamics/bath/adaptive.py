"""The adaptive quantum thermal bath, which holds the fluctuation-dissipation theorem against zero-point-energy leakage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qcrystal.dynamics.bath.noise import impulse_response
from qcrystal.dynamics.bath.thermal import ThermalBath

BAND = 2.0
"""Width (THz) of the bands in which a summary shows an adapted bath's strength."""
MEMORY = 10.0
"""Segments over which the bath averages."""
FLOOR = 0.1
"""Least γ_r/γ; where it sits on the floor, γ is too small."""


class AdaptiveBath(ThermalBath):
    """Quantum thermal bath whose noise adapts to what the atoms do.

    The noise of each kind of atom has the power 2 m γ_r(ω) θ, the friction stays γ. After each segment γ_r/γ becomes the
    ratio of Re C_vR / (m γ) to C_vv, both averaged over the last segments (`MEMORY`). So Δ(ω) = m γ_r C_vv - Re C_vR
    goes to zero [Mangaud et al., J. Chem. Theory Comput. 15, 2863 (2019), there by a gradient step]; never below γ/10.

    Δ = 0 is necessary for the right energies and not sufficient. Where modes are coupled strongly, mean squares may be half too
    large although the net power is zero (``tests/acceptance/test_exact_qtb.py``).
    Parameters as `ThermalBath`.
    """

    def __init__(self, *arguments: Any, **keywords: Any):
        super().__init__(*arguments, **keywords)
        self._ratio = np.ones((self.observer.count, len(self.observer.frequencies)))
        self._averages = np.zeros((2, *self._ratio.shape))
        self._past = [self._ratio]
        self._colour()

    def _colour(self) -> None:
        """Make the filters for the present strength of the noise."""
        known, wanted = self.observer.frequencies, self.design.frequencies
        strength = np.array([np.interp(wanted, known, ratio) for ratio in self._ratio])
        self._filters = impulse_response(self.design.asked * strength, self.segment_steps)

    def _demand(self, power: np.ndarray) -> np.ndarray:
        return self._ratio * power

    def _end_segment(self) -> None:
        super()._end_segment()
        kept = np.exp(-1.0 / MEMORY)
        self._averages = kept * self._averages + (1.0 - kept) * self.observer.spectra[-1]
        power, taken = self._averages
        usable = (power > 0) & self.observer.driven
        ratio = np.divide(taken, power, out=np.ones_like(power), where=usable)
        self._ratio = np.clip(ratio, FLOOR, 1.0 / FLOOR)
        self._past = [*self._past, self._ratio][-1 - round(MEMORY) :]
        self._colour()

    def state(self) -> dict[str, np.ndarray]:
        """As `ThermalBath.state`, with what the bath was adapted to."""
        return super().state() | {"averages": self._averages, "past": np.array(self._past)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Take over the ``state`` of a checkpoint."""
        super().restore(state)
        self._averages, self._past = state["averages"], list(state["past"])
        self._ratio = self._past[-1]
        self._colour()

    def summary(self, names: Sequence[str]) -> dict[str, Any]:
        """As `ThermalBath.summary`, with what the bath was adapted to, for each kind that is there.

        ``share_on_floor`` is the share of the frequencies below the cut-off that sit on the floor. ``strength`` is γ_r/γ at
        the end of the run, mean over bands of `BAND` around the ``frequency`` (THz). ``change`` is what it was lowered
        or raised by in the last `MEMORY` segments, or since the start of a shorter run.
        """
        summary = super().summary(names)
        if not self.observer.spectra:
            return summary
        frequencies, driven = self.observer.frequencies, self.observer.driven
        band = np.unique(np.floor(frequencies[driven] / BAND + 0.5), return_inverse=True)[1]

        def banded(values: np.ndarray) -> list[float]:
            return (np.bincount(band, values[driven]) / np.bincount(band)).round(4).tolist()

        adapted = {
            name: {"strength": banded(self._ratio[k]), "change": banded(self._ratio[k] - self._past[0][k])}
            for k, name in self._present(names)
        }
        return summary | {
            "share_on_floor": {
                name: float((self._ratio[k][driven] <= FLOOR).mean()) for k, name in self._present(names)
            },
            "adapted": {"frequency": banded(frequencies), "segments": len(self._past) - 1} | adapted,
        }
