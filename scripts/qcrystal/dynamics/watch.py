"""Runs whose pressure or temperature is not what it should be, told apart from fluctuations."""

from __future__ import annotations

from collections import deque

WINDOW = 1.0
"""Time (ps) over which the pressure is averaged: several periods of the cell."""
SETTLING = 2.0
"""Time (ps) that a run has to settle before it is judged."""
TOLERANCE = 20.0
"""Deviation (GPa) of the averaged pressure that fluctuations of small cells do not reach."""
HEAT_WINDOW = 0.5
"""Time (ps) over which a species' temperature is averaged: a few vibrations of the slowest atoms."""
HEAT_SAMPLES = 8
"""Samples that such an average holds at least: 24 degrees of freedom where a cell has a single atom of a species."""
HOT = (3.0, 1000.0)
"""A species is too hot above so many times the temperature that it should have, and so many K. A sound run stays below.
Leaks of zero-point energy from H make La 1.7 times too hot, and a start structure's energy adds some 100 K."""


class PressureWatch:
    """Says when the averaged pressure has left its target, or at a fixed cell what the potential was trained on.

    Parameters
    ----------
    target : float or None
        GPa, of a run at constant pressure; None: fixed cell.
    trained : (float, float) or None
        Lowest and highest pressure (GPa) of the potential's labels; a run that starts outside is left alone.
    """

    def __init__(self, target: float | None, trained: tuple[float, float] | None = None):
        self.target, self.trained = target, trained
        self._samples: deque[tuple[float, float]] = deque()
        self._inside: bool | None = None

    def complaint(self, time: float, pressure: float) -> str | None:
        """One line if the run should stop, for a sample at a time (ps); its pressure in GPa."""
        if self._inside is None:
            self._inside = self.trained is not None and self.trained[0] <= pressure <= self.trained[1]
        self._samples.append((time, pressure))
        while self._samples[0][0] < time - WINDOW:
            self._samples.popleft()
        if time < SETTLING or self._samples[-1][0] - self._samples[0][0] < 0.8 * WINDOW:
            return None
        mean = sum(value for _, value in self._samples) / len(self._samples)
        text = f"the pressure was {mean:.0f} GPa on average over the last {WINDOW:g} ps"
        if self.target is not None and abs(mean - self.target) > TOLERANCE:
            return f"{text}, not the {self.target:g} GPa that were set: the cell does not settle"
        if self.target is None and self._inside and self.trained is not None:
            low, high = self.trained
            if not low - TOLERANCE <= mean <= high + TOLERANCE:
                return f"{text}, and the potential was trained at {low:g} to {high:g} GPa"
        return None


class HeatWatch:
    """Says when a species has become much hotter, on average, than it should be.

    Parameters
    ----------
    expected : dict of str to float
        K, per species: of quantum oscillators of its mean frequency under a quantum bath, the target else.
    broadening : float
        K, ħγ/k_B of a quantum bath, which broadens the vibrations and so adds to their kinetic energies.
    """

    def __init__(self, expected: dict[str, float], broadening: float = 0.0):
        factor, margin = HOT
        self.expected = expected
        self.limits = {species: factor * value + margin + broadening for species, value in expected.items()}
        self._samples: deque[tuple[float, dict[str, float]]] = deque()

    def complaint(self, time: float, temperatures: dict[str, float]) -> str | None:
        """One line if the run should stop, for a sample (K, per species) at a time (ps)."""
        self._samples.append((time, temperatures))
        while self._samples[0][0] < time - HEAT_WINDOW and len(self._samples) > HEAT_SAMPLES:
            self._samples.popleft()
        length = time - self._samples[0][0]
        if length < 0.8 * HEAT_WINDOW or len(self._samples) < HEAT_SAMPLES:
            return None
        for species, limit in self.limits.items():
            mean = sum(sample[species] for _, sample in self._samples) / len(self._samples)
            if mean > limit:
                return (
                    f"{species} had {mean:.0f} K on average over the last {length:.1f} ps, and should have about "
                    f"{self.expected[species]:.0f} K: the run heats away"
                )
        return None
