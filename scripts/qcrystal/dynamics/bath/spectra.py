"""Spectra of the quantum thermal bath: what its noise should be, and what oscillators make of it.

The noise of a quantum bath has the spectrum θ of quantum oscillators [Dammak et al., Phys. Rev. Lett. 103, 190601 (2009)]:

    θ(ω, T) = ħω [1/2 + 1/(exp(ħω/kT) - 1)]

That of a classical Langevin bath is the constant kT. An oscillator under friction takes up energy not at its own frequency
alone but over the width of a line. `Design` corrects the noise for that.

Units: THz (ordinary frequency), 1/ps, ps, K, eV.
"""

from __future__ import annotations

import functools

import numpy as np
from ase import units
from numpy.typing import ArrayLike
from scipy import fft

from qcrystal.dynamics.bath.noise import impulse_response
from qcrystal.dynamics.bath.parameters import Bath
from qcrystal.units import oscillator_energy

CUTOFF_WIDTH = 0.025
"""Width of the cut-off, as a fraction of its frequency."""
ITERATIONS = 100
"""Richardson-Lucy iterations. Potential energies from 10 THz on change by less than 0.1 % with fifty times as many, and are
within 0.5 % of the quantum ones. Slow, cold vibrations stay too hot, as noise cannot be negative. At 5 K and 20/ps they are
41, 9, 4 and 2 % too hot at 1, 2, 3 and 5 THz. Fifty times as many iterations leave 31, 6, 4 and 2 %. `ThermalBath.summary`
says how much."""
SHOWN = (2.0, 5.0, 10.0, 20.0, 40.0)
"""Frequencies (THz) of the oscillators whose energies stand in a bath's summary."""
FINEST = 1.0 / 2400.0
"""Finest grid on which the noise is designed, in units of its cut-off. It is 0.05 THz of 120, a fourth of what a segment of
5 ps can resolve. The lines of weak friction are narrower. A finer grid would cost memory (its square) and resolve nothing."""


def cutoff_filter(frequency: ArrayLike, cutoff: float) -> np.ndarray:
    """Smooth cut-off 1 / (1 + exp((ν - ν_cut) / w)), w = 2.5 % of ν_cut."""
    return 0.5 * (1.0 - np.tanh(0.5 * (np.asarray(frequency) - cutoff) / (CUTOFF_WIDTH * cutoff)))


def lorentzian_kernels(frequency: ArrayLike, natural: ArrayLike, gamma: float) -> tuple[np.ndarray, np.ndarray]:
    """Spectral weights with which an oscillator takes up the bath's energy at each frequency, in continuous time.

    Potential K = (γ/π) ω0² / [(ω² - ω0²)² + γ²ω²], kinetic the same with ω² in the numerator
    [Barrat & Rodney, J. Stat. Phys. 144, 679 (2011)]; both integrate to 1 over all ω.

    Parameters
    ----------
    frequency : (F,) array, THz
    natural : (M,) array, THz
    gamma : 1/ps

    Returns
    -------
    potential, kinetic : (M, F) arrays, ps
    """
    w = 2.0 * np.pi * np.asarray(frequency, float)[None, :]
    w0 = 2.0 * np.pi * np.asarray(natural, float)[:, None]
    common = gamma / np.pi / ((w**2 - w0**2) ** 2 + (gamma * w) ** 2)
    return common * w0**2, common * w**2


def step_kernels(
    frequency: ArrayLike, natural: ArrayLike, gamma: float, timestep: float
) -> tuple[np.ndarray, np.ndarray]:
    """The kernels of `lorentzian_kernels` for the integrator of this module with a finite time step.

    They follow from the transfer function of one step of x, v under B A B O with force -mω0²x. The mean of kernel times
    spectrum over the whole circle of frequencies is mω0²<x²> and m<v²>.

    Parameters
    ----------
    frequency : (F,) array, THz, up to 1/(2 Δt)
    natural : (M,) array, THz
    gamma : 1/ps
    timestep : ps

    Returns
    -------
    potential, kinetic : (M, F) arrays, without unit
    """
    z = np.exp(2j * np.pi * np.asarray(frequency, float) * timestep)[None, :]
    w0 = 2.0 * np.pi * np.asarray(natural, float)[:, None]
    c = np.exp(-gamma * timestep)
    drift = 1.0 - 0.5 * (w0 * timestep) ** 2
    determinant = (z - drift) * (z - c * drift) + c * (w0 * timestep) ** 2 * 0.5 * (1.0 + drift)
    common = (1.0 - c**2) / np.abs(determinant) ** 2
    return common * (w0 * timestep) ** 2, common * np.abs(z - drift) ** 2


def richardson_lucy(
    kernel: np.ndarray, target: np.ndarray, start: np.ndarray, iterations: int = ITERATIONS
) -> np.ndarray:
    """Non-negative solution of kernel @ x = target by multiplicative iteration.

    [Richardson, J. Opt. Soc. Am. 62, 55 (1972); used for the bath by Mauger et al., J. Phys. Chem. Lett. 12, 8285 (2021)]

    Parameters
    ----------
    kernel : (M, F) array, not negative
    target : (M,) array, not negative
    start : (F,) array, not negative
    """
    weight = kernel.sum(0)
    solution = np.array(start, float)
    for _ in range(iterations):
        model = kernel @ solution
        ratio = np.divide(target, model, out=np.zeros_like(target), where=model > 0)
        solution *= (kernel.T @ ratio) / weight
    return solution


class Design:
    """The spectrum that the bath's noise is made to have.

    Parameters
    ----------
    bath : qcrystal.dynamics.bath.parameters.Bath
    temperature : float
        K.
    timestep : float
        ps.
    quantum : bool
        True: the spectrum of quantum oscillators up to the bath's cut-off. With ``bath.deconvolve`` it is made so that harmonic
        oscillators have the right potential energy in spite of friction and time step. False: white noise.
    """

    def __init__(self, bath: Bath, temperature: float, timestep: float, quantum: bool):
        self.parameters, self.temperature = bath, temperature
        self.timestep, self.quantum = timestep, quantum
        self.segment_steps = max(2, round(bath.segment / timestep))

    def energy(self, frequency: ArrayLike) -> np.ndarray:
        """Target energy θ (eV) of oscillators (THz), before the cut-off."""
        return oscillator_energy(frequency, self.temperature, beads=None if self.quantum else 1)

    @functools.cached_property
    def frequencies(self) -> np.ndarray:
        """Frequencies (THz) from 0 to 1/(2 Δt) on which spectra are kept, finer than the bath's line width or `FINEST`."""
        line = self.parameters.gamma / (2.0 * np.pi) / 6.0
        spacing = min(0.25 / self.parameters.segment, max(line, FINEST * self.parameters.cutoff))
        points = fft.next_fast_len(int(np.ceil(1.0 / (spacing * self.timestep))), real=True)
        return np.fft.rfftfreq(points + points % 2, self.timestep)

    @functools.cached_property
    def asked(self) -> np.ndarray:
        """Spectrum (eV) that the noise is asked to have, on `frequencies`."""
        if not self.quantum:
            return self.energy(self.frequencies)
        plain = self.energy(self.frequencies) * cutoff_filter(self.frequencies, self.parameters.cutoff)
        if not self.parameters.deconvolve:
            return plain
        used = self.frequencies < 1.5 * self.parameters.cutoff
        # Above the cut-off every oscillator has more energy than it should: nothing is asked there.
        natural = self.frequencies[(self.frequencies > 0) & (self.frequencies < 0.9 * self.parameters.cutoff)]
        kernel, _ = step_kernels(self.frequencies[used], natural, self.parameters.gamma, self.timestep)
        # White noise gives 1 / (1 - (ω0 Δt/2)²) exactly; the slowest oscillators are narrower than the grid.
        kernel /= kernel.sum(1, keepdims=True) * (1.0 - (np.pi * natural[:, None] * self.timestep) ** 2)
        design = plain.copy()
        design[used] = richardson_lucy(kernel, self.energy(natural), np.maximum(plain[used], 1e-9))
        return design

    @functools.cached_property
    def filter(self) -> np.ndarray:
        """Finite filter (2 L + 1,) over L = ``segment_steps`` to each side that gives white noise the spectrum `asked`."""
        return impulse_response(self.asked, self.segment_steps)

    @functools.cached_property
    def spectrum(self) -> np.ndarray:
        """Spectrum (eV) that the noise has, on `frequencies`, with the finite length of its filter."""
        if not self.quantum:
            return self.asked
        return np.abs(fft.rfft(self.filter, n=2 * (len(self.frequencies) - 1))) ** 2

    def harmonic_energies(self, natural: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Mean potential and kinetic energy (eV) of harmonic oscillators under this noise.

        Friction, time step and the finite length of the noise's filter are included.

        Parameters
        ----------
        natural : (M,) array, THz
        """
        potential, kinetic = self.kernels(np.asarray(natural, float))
        return 0.5 * potential @ self.spectrum, 0.5 * kinetic @ self.spectrum

    def kernels(self, natural: np.ndarray) -> np.ndarray:
        """`step_kernels` on `frequencies`, potential and kinetic (2, M, F), scaled to the sums that white noise gives exactly.

        These are mω0²<x²>/kT = 1 / (1 - (ω0 Δt/2)²) and m<v²>/kT = 1; on a grid finer than the lines there is nothing to scale.
        """
        kernels = np.array(step_kernels(self.frequencies, natural, self.parameters.gamma, self.timestep))
        kernels[:, :, 1:-1] *= 2.0
        exact = np.array([1.0 / (1.0 - (np.pi * natural * self.timestep) ** 2), np.ones(len(natural))])
        return kernels * (exact / kernels.sum(2))[:, :, None]

    def summary(self) -> dict[str, list[float]]:
        """Potential and kinetic energies of independent oscillators (`SHOWN`, THz) over the right ones."""
        shown = np.array([f for f in SHOWN if f < self.parameters.cutoff])
        ratios = np.array(self.harmonic_energies(shown)) / (0.5 * self.energy(shown))
        potential, kinetic = ratios.round(5).tolist()
        return {"frequency": shown.tolist(), "potential": potential, "kinetic": kinetic}


def effective_temperature(frequency: float, temperature: float, quantum: bool) -> float:
    """Temperature (K) at which a classical oscillator (THz) has the mean energy of a quantum one, or of a classical one."""
    return float(oscillator_energy(frequency, temperature, beads=None if quantum else 1)) / units.kB
