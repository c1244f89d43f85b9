"""Response of the atoms to the bath: spectra of their velocities, and of the power that they take from the noise."""

from __future__ import annotations

import functools

import numpy as np
from scipy import fft

from qcrystal.dynamics.bath.spectra import Design, richardson_lucy
from qcrystal.units import AMU_A2_PS2

WATCHED = 1024
"""Atoms of a kind whose velocities are recorded, at most."""


class Observer:
    """Records velocities and noise of one segment, and keeps the spectra of all segments.

    Parameters
    ----------
    design : Design
    masses : (N,) array, u
    kinds : (N,) array of int
        Kind of each atom, 0 to K-1; there is a spectrum of each.
    gain : (N,) array
        Change of velocity (Å/ps) per unit of noise, over the share of the velocity that a step's friction takes.

    Attributes
    ----------
    records : (2, R, W, 3) array of float32
        Velocities (Å/ps) and noise (eV^(1/2)) of the segment that is going on, R records of W watched atoms.
    spectra : list of (2, K, F) arrays
        Of each whole segment: velocity power, and power taken from the noise, both m<v²>-like (eV) per degree of freedom.
    """

    def __init__(self, design: Design, masses: np.ndarray, kinds: np.ndarray, gain: np.ndarray):
        self.design = design
        self.count = int(kinds.max()) + 1
        chosen = [np.flatnonzero(kinds == kind) for kind in range(self.count)]
        # all atoms of a kind, or evenly spaced ones of a large kind
        self.watched = np.concatenate([atoms[:: max(1, -(-len(atoms) // WATCHED))] for atoms in chosen])
        self.masses, self.kinds, self.gain = masses[self.watched], kinds[self.watched], gain[self.watched]
        # steps between records: enough for 1.5 times the cut-off
        self.stride = max(1, int(1.0 / (3.0 * design.parameters.cutoff * design.timestep)))
        rows = -(-design.segment_steps // self.stride)
        self.records = np.zeros((2, rows, len(self.watched), 3), np.float32)
        self.spectra: list[np.ndarray] = []

    @property
    def frequencies(self) -> np.ndarray:
        """Frequencies (THz) of the spectra."""
        return np.fft.rfftfreq(self.records.shape[1], self.stride * self.design.timestep)

    @property
    def driven(self) -> np.ndarray:
        """Which of the frequencies are below the cut-off, where the noise drives."""
        return self.frequencies < self.design.parameters.cutoff

    def records_at(self, step: int) -> bool:
        """Whether the velocities of this step are recorded."""
        return step % self.design.segment_steps % self.stride == 0

    def record(self, step: int, velocities: np.ndarray, noise: np.ndarray) -> None:
        """Record velocities (N, 3), Å/ps, and noise (N, 3), eV^(1/2)."""
        row = step % self.design.segment_steps // self.stride
        self.records[0, row] = velocities[self.watched]
        self.records[1, row] = noise[self.watched]

    def end_segment(self) -> tuple[np.ndarray, np.ndarray]:
        """Add the spectra of the segment that ends; returns velocity power and power taken, (K, F) each.

        They are equal at each frequency and for each kind of atom where the fluctuation-dissipation theorem holds and the noise
        has the design's strength.
        """
        length, window = self.records.shape[1], self._window()
        velocity, noise = fft.rfft(self.records * window[:, None, None], axis=1)
        factor = 2.0 * AMU_A2_PS2 * self.masses / (length * (window**2).sum())
        taken = (velocity.conj() * noise).real.mean(2) * self.gain * factor
        power = (np.abs(velocity) ** 2).mean(2) * factor
        spectra = np.array([[x[:, self.kinds == k].mean(1) for k in range(self.count)] for x in (power, taken)])
        self.spectra.append(spectra)
        return spectra[0], spectra[1]

    def _window(self) -> np.ndarray:
        return np.hanning(self.records.shape[1] + 2)[1:-1]

    def kinetic_correction(self, kind: int) -> float | None:
        """Ratio of the quantum to the measured kinetic energy of a kind of atom; None without a whole segment.

        `richardson_lucy` takes the velocity spectrum of the later half of the run apart into oscillators of natural frequency ω0.
        Each has the response that the design gives it (`qcrystal.dynamics.bath.spectra.step_kernels`). The answer is what they
        would have without friction, θ(ω0, T).
        """
        if not self.spectra:
            return None
        measured = np.maximum(np.mean(self.spectra[len(self.spectra) // 2 :], axis=0)[0, kind], 0.0)
        natural = self._natural
        response = self._response
        weights = richardson_lucy(response, measured, np.ones(len(natural)))
        return float(weights @ self.design.energy(natural) / (response @ weights).sum())

    @property
    def _natural(self) -> np.ndarray:
        """Natural frequencies (M,), THz, of the oscillators that a spectrum is taken apart into."""
        return self.design.parameters.cutoff * np.arange(1, 216) / 240.0

    @functools.cached_property
    def _response(self) -> np.ndarray:
        """Velocity spectra (F, M) that oscillators (M,) under this bath would show through the window of the records."""
        design, natural = self.design, self._natural
        used = design.frequencies < 1.5 * design.parameters.cutoff
        fine, coarse = design.frequencies[used], self.frequencies
        _, kernel = design.kernels(natural)
        points = 16 * self.records.shape[1]
        leak = np.abs(fft.fft(self._window(), points)) ** 2
        offset = (coarse[:, None] - fine) * self.stride * design.timestep * points
        image = (coarse[:, None] + fine) * self.stride * design.timestep * points
        smear = leak[np.rint(offset).astype(int) % points] + leak[np.rint(image).astype(int) % points]
        smear /= smear.sum(0)
        return smear @ (kernel * design.asked)[:, used].T
