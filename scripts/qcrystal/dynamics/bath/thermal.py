"""The quantum thermal bath, its classical counterpart and its adaptive form; no engine inside.

Every atom obeys m a = F - m γ v + sqrt(2 m γ) Θ(t), where Θ is Gaussian noise of spectrum
θ(ω, T) = ħω [1/2 + 1/(exp(ħω/kT) - 1)] [Dammak et al., Phys. Rev. Lett. 103, 190601 (2009)]; θ = kT is a classical
Langevin bath. The bath acts once per step, after the second half kick of velocity Verlet, as v -> c v + s ξ with
c = exp(-γ Δt) and s² = (1 - c²)/m, so that a step is B A B O in the words of molecular dynamics, positions and full-step
velocities are the whole state, and white noise of variance kT is exact for a free particle. ξ is white noise through a
filter of finite length. In the plain bath, whose filter stays the same, it is exactly stationary: segments are only a way of
computing it. The adaptive bath's filter changes from segment to segment, which leaves a step at their borders: beyond the
cut-off, where there should be nothing, 2e-4 to 2e-3 of the noise's root mean square.

Units: THz (ordinary frequency), 1/ps, ps, K, u, Å/ps, eV; the noise ξ is in eV^(1/2).
"""

from __future__ import annotations

import functools

import numpy as np
from ase import units
from scipy import fft

from qcrystal.dynamics.spec import highest_cutoff
from qcrystal.units import AMU_A2_PS2, oscillator_energy

CUTOFF_WIDTH = 0.025
"""Width of the cut-off, as a fraction of its frequency."""
ITERATIONS = 100
"""Richardson-Lucy iterations. Potential energies from 10 THz on change by less than 0.1 % with fifty times as many, and are
within 0.5 % of the quantum ones. Slow, cold vibrations stay too hot, as noise cannot be negative: at 5 K and 20/ps by 41, 9, 4
and 2 % at 1, 2, 3 and 5 THz (31, 6, 4 and 2 % with fifty times as many iterations). `ThermalBath.summary` says how much."""
SHOWN = (2.0, 5.0, 10.0, 20.0, 40.0)
"""Frequencies (THz) of the oscillators whose energies stand in a bath's summary."""
BAND = 2.0
"""Width (THz) of the bands in which a summary shows an adapted bath's strength."""
WATCHED = 1024
"""Atoms of a kind whose velocities are recorded, at most."""
MEMORY = 10.0
"""Segments over which the adaptive bath averages."""
FLOOR = 0.1
"""Least γ_r/γ of the adaptive bath; where it sits on the floor, γ is too small."""
FINEST = 1.0 / 2400.0
"""Finest grid on which the noise is designed, in units of its cut-off: 0.05 THz of 120, a fourth of what a segment of 5 ps can
resolve. The lines of weak friction are narrower; a finer grid would cost memory (its square) and tell them apart from nothing."""
BLOCK = 256
"""Atoms whose noise is filtered at a time; bounds the memory."""


def cutoff_filter(frequency, cutoff: float) -> np.ndarray:
    """Smooth cut-off 1 / (1 + exp((ν - ν_cut) / w)), w = 2.5 % of ν_cut."""
    return 0.5 * (1.0 - np.tanh(0.5 * (np.asarray(frequency) - cutoff) / (CUTOFF_WIDTH * cutoff)))


def lorentzian_kernels(frequency, natural, gamma: float) -> tuple[np.ndarray, np.ndarray]:
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


def step_kernels(frequency, natural, gamma: float, timestep: float) -> tuple[np.ndarray, np.ndarray]:
    """The kernels of `lorentzian_kernels` for the integrator of this module with a finite time step.

    From the transfer function of one step of x, v under B A B O with force -mω0²x; the mean of kernel times spectrum over
    the whole circle of frequencies is mω0²<x²> and m<v²>.

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


def impulse_response(spectrum: np.ndarray, steps: int) -> np.ndarray:
    """Symmetric finite filter whose squared transform is the spectrum; flat taper from half of its reach on.

    Parameters
    ----------
    spectrum : (..., n/2+1) array
        On the frequencies of a real FFT of even length n >= 4 ``steps``.
    steps
        Reach of the filter on each side.

    Returns
    -------
    (..., 2 steps + 1) array; index ``steps`` is lag zero.
    """
    response = fft.irfft(np.sqrt(spectrum), axis=-1)
    lag = np.arange(-steps, steps + 1)
    taper = np.cos(0.5 * np.pi * np.clip(2.0 * np.abs(lag) / steps - 1.0, 0.0, 1.0)) ** 2
    return response[..., lag] * taper


def white_noise(seed: int, segment: int, tag: int, steps: int) -> np.ndarray:
    """Standard normal numbers (3, steps) of one atom in one segment; they depend on the three integers and nothing else.

    The Philox generator's key is (seed, segment + 1), the third of its counter's four words is the atom's tag.
    """
    generator = np.random.Philox(key=[seed % 2**64, segment + 1], counter=[0, 0, tag, 0])
    return np.random.Generator(generator).standard_normal((3, steps), dtype=np.float32)


def filtered_noise(seed: int, segment: int, tags, filters: np.ndarray, kind) -> np.ndarray:
    """Noise of one segment: white noise of this segment and its two neighbours through a finite filter.

    Parameters
    ----------
    seed, segment
    tags : (N,) array of int
    filters : (S, 2 L + 1) array
        Filters over L steps to each side, one per kind of atom.
    kind : (N,) array of int
        Which filter an atom takes.

    Returns
    -------
    (L, N, 3) array of float32
    """
    steps = filters.shape[-1] // 2
    padded = np.zeros((len(filters), 3 * steps), np.float32)
    padded[:, : 2 * steps + 1] = filters
    transfer = fft.rfft(np.roll(padded, -steps, axis=-1))
    noise = np.empty((steps, len(tags), 3), np.float32)
    for first in range(0, len(tags), BLOCK):
        block = slice(first, first + BLOCK)
        white = np.array(
            [
                [white_noise(seed, k, int(tag), steps) for k in (segment - 1, segment, segment + 1)]
                for tag in tags[block]
            ]
        )
        white = white.transpose(0, 2, 1, 3).reshape(len(white), 3, 3 * steps)
        coloured = fft.irfft(fft.rfft(white) * transfer[kind[block]][:, None, :], n=3 * steps)
        noise[:, block] = coloured[:, :, steps : 2 * steps].transpose(2, 0, 1)
    return noise


class ThermalBath:
    """Friction and coloured noise for a set of atoms, as a function of the absolute step.

    Parameters
    ----------
    bath : qcrystal.dynamics.spec.Bath
    temperature : K
    timestep : fs
    masses : (N,) array, u
    seed : int
    quantum : bool
        Spectrum of quantum oscillators, with its cut-off and (``bath.deconvolve``) made so that harmonic oscillators have
        the right potential energy in spite of friction and time step; otherwise classical white noise.
    kinds : (N,) array of int, optional
        Species of each atom, 0 to K-1, for spectra and adaptation per species; one species by default.
    tags : (N,) array of int, optional
        Identities of the atoms; 1 to N by default.

    Raises
    ------
    ValueError
        Fewer than two atoms, of which the removal of the net force would leave no noise; a mass that is not positive; a
        cut-off near which the integrator has no oscillators.
    """

    def __init__(self, bath, temperature, timestep, masses, seed, quantum=True, kinds=None, tags=None):
        self.parameters = bath
        self.temperature = float(temperature)
        self.timestep = float(timestep) * 1e-3
        self.masses = np.asarray(masses, float)
        if len(self.masses) < 2:
            raise ValueError(f"the bath has {len(self.masses)} atom, and no noise without net force; take two or more")
        wrong = self.masses[~((self.masses > 0) & np.isfinite(self.masses))]
        if len(wrong):
            raise ValueError(f"the bath has an atom of {wrong[0]:g} u; give a positive mass")
        self.seed = int(seed)
        self.quantum = quantum
        if quantum and bath.cutoff > highest_cutoff(timestep):
            raise ValueError(
                f"the bath's cut-off, {bath.cutoff:g} THz, is too high for a time step of {timestep:g} fs; "
                f"take {int(highest_cutoff(timestep))} THz or less"
            )
        self.tags = np.arange(1, len(self.masses) + 1) if tags is None else np.asarray(tags)
        self.segment_steps = max(2, round(bath.segment / self.timestep))
        self.friction = np.exp(-bath.gamma * self.timestep)
        self.kinds = np.zeros(len(self.masses), int) if kinds is None else np.asarray(kinds)
        self._kick = np.sqrt((1.0 - self.friction**2) / (self.masses * AMU_A2_PS2))[:, None]
        self._root_mass = np.sqrt(self.masses)[:, None]
        self._share = self._momentum_share()
        self._segment = None
        if quantum:
            self._watched = self._choose_watched()
            rows = -(-self.segment_steps // self._stride)
            self._records = np.zeros((2, rows, len(self._watched), 3), np.float32)
            self._spectra, self._excess = [], []

    def _momentum_share(self):
        """What an atom's noise loses per unit of net force: m_i/M of the force, or 1/N as in LAMMPS's fix qtb."""
        if self.parameters.momentum == "mass-weighted":
            return self._root_mass / self.masses.sum()
        return 1.0 / (len(self.masses) * self._root_mass)

    def energy(self, frequency) -> np.ndarray:
        """Target energy θ (eV) of an oscillator, before cut-off."""
        return oscillator_energy(frequency, self.temperature, beads=None if self.quantum else 1)

    @functools.cached_property
    def frequencies(self) -> np.ndarray:
        """Frequencies (THz) from 0 to 1/(2 Δt) on which spectra are kept, finer than the bath's line width or `FINEST`."""
        line = self.parameters.gamma / (2.0 * np.pi) / 6.0
        spacing = min(0.25 / self.parameters.segment, max(line, FINEST * self.parameters.cutoff))
        points = fft.next_fast_len(int(np.ceil(1.0 / (spacing * self.timestep))), real=True)
        return np.fft.rfftfreq(points + points % 2, self.timestep)

    @functools.cached_property
    def design(self) -> np.ndarray:
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
    def filters(self) -> np.ndarray:
        """Finite filters (S, 2 L + 1) that colour the white noise, one per kind of atom."""
        return np.tile(impulse_response(self.design, self.segment_steps), (self.kinds.max() + 1, 1))

    @functools.cached_property
    def spectrum(self) -> np.ndarray:
        """Spectrum (eV) that the noise has before adaptation, on `frequencies`, with the finite length of its filter."""
        if not self.quantum:
            return self.design
        filters = impulse_response(self.design, self.segment_steps)
        return np.abs(fft.rfft(filters, n=2 * (len(self.frequencies) - 1))) ** 2

    def harmonic_energies(self, natural) -> tuple[np.ndarray, np.ndarray]:
        """Mean potential and kinetic energy (eV) of harmonic oscillators under this bath before adaptation.

        Friction, time step and the finite length of the noise's filter are included.

        Parameters
        ----------
        natural : (M,) array, THz
        """
        return tuple(0.5 * kernel @ self.spectrum for kernel in self._kernels(np.asarray(natural, float)))

    def _kernels(self, natural):
        """`step_kernels` on `frequencies`, potential and kinetic (M, F), scaled to the sums that white noise gives exactly.

        These are mω0²<x²>/kT = 1 / (1 - (ω0 Δt/2)²) and m<v²>/kT = 1; on a grid finer than the lines there is nothing to scale.
        """
        kernels = np.array(step_kernels(self.frequencies, natural, self.parameters.gamma, self.timestep))
        kernels[:, :, 1:-1] *= 2.0
        exact = np.array([1.0 / (1.0 - (np.pi * natural * self.timestep) ** 2), np.ones(len(natural))])
        return kernels * (exact / kernels.sum(2))[:, :, None]

    def random_numbers(self, step: int) -> np.ndarray:
        """Noise ξ (N, 3), eV^(1/2), at an absolute step, before the net force is taken out."""
        index, row = divmod(step, self.segment_steps)
        if self._segment is None or self._segment[0] != index:
            self._segment = None
            self._segment = (index, self._make_segment(index))
        return self._segment[1][row].astype(float)

    def _make_segment(self, index):
        if self.quantum:
            return filtered_noise(self.seed, index, self.tags, self.filters, self.kinds)
        noise = np.empty((self.segment_steps, len(self.tags), 3), np.float32)
        for i, tag in enumerate(self.tags):
            noise[:, i] = white_noise(self.seed, index, int(tag), self.segment_steps).T
        noise *= np.float32(np.sqrt(units.kB * self.temperature))
        return noise

    def noise(self, step: int) -> np.ndarray:
        """Noise ξ (N, 3), eV^(1/2), at an absolute step, without net force."""
        noise = self.random_numbers(step)
        return noise - self._share * (self._root_mass * noise).sum(0)

    def kick(self, step: int, velocities: np.ndarray, atoms=None) -> np.ndarray:
        """Velocities (N, 3), Å/ps, after the bath's part of a step.

        ``atoms`` (indices) are those whose velocities are given if not all are; all are needed at a step that `records`.
        """
        noise = self.noise(step)
        chosen = slice(None) if atoms is None else atoms
        after = self.friction * velocities + self._kick[chosen] * noise[chosen]
        if self.records(step):
            if atoms is not None:
                raise ValueError(
                    f"step {step}: the bath records the velocities of all atoms, and was given {len(atoms)}"
                )
            self._record(step, 0.5 * (velocities + after), noise)
        if self.quantum and step % self.segment_steps == self.segment_steps - 1:
            self._end_segment()
        return after

    # --- spectra of what the atoms do ------------------------------------------------------------------------------

    def _choose_watched(self):
        """Atoms whose velocities are recorded: all, or evenly spaced ones of a large kind."""
        chosen = [np.flatnonzero(self.kinds == kind) for kind in range(self.kinds.max() + 1)]
        return np.concatenate([atoms[:: max(1, -(-len(atoms) // WATCHED))] for atoms in chosen])

    @property
    def _stride(self):
        """Steps between records: enough for 1.5 times the cut-off."""
        return max(1, int(1.0 / (3.0 * self.parameters.cutoff * self.timestep)))

    def records(self, step: int) -> bool:
        """Whether the velocities of this step are recorded."""
        return self.quantum and step % self.segment_steps % self._stride == 0

    def _record(self, step, velocities, noise):
        row = step % self.segment_steps // self._stride
        self._records[0, row] = velocities[self._watched]
        self._records[1, row] = noise[self._watched]

    def _end_segment(self):
        power, taken = self._segment_spectra()
        self._spectra.append(np.array([power, taken]))
        self._excess.append(taken - self._demand(power))

    def _demand(self, power):
        """What the power taken from the noise should be, for the velocity power (kinds, F) of a segment."""
        return power

    def _segment_spectra(self):
        """Velocity power and power taken from the noise, both m<v²>-like (eV) per degree of freedom.

        Equal at each frequency and for each kind of atom where the fluctuation-dissipation theorem holds and the noise has
        the design's strength. Shape (2, kinds, F).
        """
        length = self._records.shape[1]
        window = np.hanning(length + 2)[1:-1]
        velocity, noise = fft.rfft(self._records * window[:, None, None], axis=1)
        factor = 2.0 * AMU_A2_PS2 * self.masses[self._watched] / (length * (window**2).sum())
        gain = self._kick[self._watched, 0] / (1.0 - self.friction)
        taken = (velocity.conj() * noise).real.mean(2) * gain * factor
        power = (np.abs(velocity) ** 2).mean(2) * factor
        kinds = self.kinds[self._watched]
        return np.array([[x[:, kinds == k].mean(1) for k in range(kinds.max() + 1)] for x in (power, taken)])

    @property
    def recorded_frequencies(self) -> np.ndarray:
        """Frequencies (THz) of the recorded spectra."""
        return np.fft.rfftfreq(self._records.shape[1], self._stride * self.timestep)

    def kinetic_correction(self, kind: int) -> float | None:
        """Ratio of the quantum to the measured kinetic energy of a kind of atom; None without a whole segment.

        The velocity spectrum of the later half of the run is taken apart into oscillators of natural frequency ω0, each
        with the response that the design gives it (`step_kernels`), by `richardson_lucy`; the answer is what they would have
        without friction, θ(ω0, T).
        """
        if not self._spectra:
            return None
        measured = np.maximum(np.mean(self._spectra[len(self._spectra) // 2 :], axis=0)[0, kind], 0.0)
        natural = self.parameters.cutoff * np.arange(1, 216) / 240.0
        response = self._recorded_response(natural)
        weights = richardson_lucy(response, measured, np.ones(len(natural)))
        return float(weights @ self.energy(natural) / (response @ weights).sum())

    def _recorded_response(self, natural):
        """Velocity spectra (F, M) that oscillators under this bath would show through the window of the records."""
        used = self.frequencies < 1.5 * self.parameters.cutoff
        fine, coarse = self.frequencies[used], self.recorded_frequencies
        _, kernel = self._kernels(natural)
        length = self._records.shape[1]
        window = np.hanning(length + 2)[1:-1]
        points = 16 * length
        leak = np.abs(fft.fft(window, points)) ** 2
        offset = (coarse[:, None] - fine) * self._stride * self.timestep * points
        image = (coarse[:, None] + fine) * self._stride * self.timestep * points
        smear = leak[np.rint(offset).astype(int) % points] + leak[np.rint(image).astype(int) % points]
        smear /= smear.sum(0)
        return smear @ (kernel * self.design)[:, used].T

    def state(self) -> dict[str, np.ndarray]:
        """What a continued run needs beside the step; the noise itself depends on the step only."""
        if not self.quantum:
            return {}
        return {"records": self._records, "spectra": np.array(self._spectra), "excess": np.array(self._excess)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Take over the ``state`` of a checkpoint."""
        self._records[:] = state["records"]
        self._spectra, self._excess = list(state["spectra"]), list(state["excess"])

    def summary(self, names) -> dict:
        """Figures of merit for a run's report; ``names`` are those of the kinds of atoms.

        ``harmonic_energies`` are the potential and kinetic energies of independent oscillators (`SHOWN`, THz) under the bath
        before adaptation, divided by the quantum ones: what the design could not repair.

        ``fluctuation_dissipation`` holds, for each kind that is there, the deviation Δ(ω) = Re C_vR - m γ_r C_vv summed over
        the frequencies below the cut-off and divided by the sum of m γ_r C_vv, mean over the later half of the run: with its
        sign (``net``: above zero, the kind gets more power from the noise than friction takes, and hands it on to others),
        by its magnitude at each frequency (``spectral``, which counts statistical noise too), and ``net`` of each segment.
        Of a run without a whole segment there is none, and ``remark`` says so.
        """
        summary = {"segments": len(self._spectra), "harmonic_energies": self._harmonic_summary()}
        if not self._spectra:
            segment = f"the run has no whole segment of {self.parameters.segment:g} ps"
            return summary | {"remark": f"{segment}: nothing was measured and nothing adapted"}
        driven = self.recorded_frequencies < self.parameters.cutoff
        excess = np.array(self._excess)[:, :, driven]
        demand = np.array(self._spectra)[:, 1][:, :, driven] - excess
        later = slice(len(excess) // 2, None)
        summary["fluctuation_dissipation"] = {
            name: {
                "net": float(excess[later, kind].sum() / demand[later, kind].sum()),
                "spectral": float(np.abs(excess[later, kind].sum(0)).sum() / demand[later, kind].sum()),
                "history": (excess[:, kind].sum(1) / demand[:, kind].sum(1)).tolist(),
            }
            for kind, name in enumerate(names)
            if (self.kinds == kind).any()
        }
        return summary

    def _harmonic_summary(self):
        shown = np.array([f for f in SHOWN if f < self.parameters.cutoff])
        ratios = np.array(self.harmonic_energies(shown)) / (0.5 * self.energy(shown))
        return {"frequency": shown.tolist()} | dict(
            zip(("potential", "kinetic"), ratios.round(5).tolist(), strict=True)
        )


class AdaptiveBath(ThermalBath):
    """Quantum thermal bath that holds the fluctuation-dissipation theorem against zero-point-energy leakage.

    The noise of each kind of atom has the power 2 m γ_r(ω) θ, the friction stays γ. After each segment γ_r/γ becomes the
    ratio of Re C_vR / (m γ) to C_vv, both averaged over the last segments (`MEMORY`), so that Δ(ω) = m γ_r C_vv - Re C_vR
    goes to zero [Mangaud et al., J. Chem. Theory Comput. 15, 2863 (2019), there by a gradient step]; never below γ/10.
    Parameters as `ThermalBath`.
    """

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        count = self.kinds.max() + 1
        self._ratio = np.ones((count, len(self.recorded_frequencies)))
        self._averages = np.zeros((2, *self._ratio.shape))
        self._past = [self._ratio]
        self._colour()

    def _colour(self):
        strength = [self._strength(kind, self.frequencies) for kind in range(len(self._ratio))]
        self.filters = impulse_response(self.design * np.array(strength), self.segment_steps)

    def _strength(self, kind, frequency):
        return np.interp(frequency, self.recorded_frequencies, self._ratio[kind])

    def _demand(self, power):
        return self._ratio * power

    def _end_segment(self):
        super()._end_segment()
        self._adapt(self._spectra[-1])

    def _adapt(self, spectra):
        kept = np.exp(-1.0 / MEMORY)
        self._averages = kept * self._averages + (1.0 - kept) * spectra
        power, taken = self._averages
        driven = self.recorded_frequencies < self.parameters.cutoff
        ratio = np.divide(taken, power, out=np.ones_like(power), where=(power > 0) & driven)
        self._ratio = np.clip(ratio, FLOOR, 1.0 / FLOOR)
        self._past = [*self._past, self._ratio][-1 - round(MEMORY) :]
        self._colour()

    def state(self):
        return super().state() | {"averages": self._averages, "past": np.array(self._past)}

    def restore(self, state):
        super().restore(state)
        self._averages, self._past = state["averages"], list(state["past"])
        self._ratio = self._past[-1]
        self._colour()

    def summary(self, names):
        """As `ThermalBath.summary`, with what the bath was adapted to, for each kind that is there.

        ``share_on_floor`` is the share of the frequencies below the cut-off that sit on the floor; ``strength`` is γ_r/γ at
        the end of the run, mean over bands of `BAND` around the ``frequency`` (THz), ``change`` what it was lowered or
        raised by in the last `MEMORY` segments, or since the start of a shorter run.
        """
        summary = super().summary(names)
        if not self._spectra:
            return summary
        frequencies = self.recorded_frequencies
        driven = frequencies < self.parameters.cutoff
        band = np.unique(np.floor(frequencies[driven] / BAND + 0.5), return_inverse=True)[1]

        def banded(values):
            return (np.bincount(band, values[driven]) / np.bincount(band)).round(4).tolist()

        present = [(k, name) for k, name in enumerate(names) if (self.kinds == k).any()]
        adapted = {
            name: {"strength": banded(self._ratio[k]), "change": banded(self._ratio[k] - self._past[0][k])}
            for k, name in present
        }
        return summary | {
            "share_on_floor": {name: float((self._ratio[k][driven] <= FLOOR).mean()) for k, name in present},
            "adapted": {"frequency": banded(frequencies), "segments": len(self._past) - 1} | adapted,
        }


def effective_temperature(frequency: float, temperature: float, quantum: bool) -> float:
    """Temperature (K) at which a classical oscillator has the mean energy of a quantum one."""
    return float(oscillator_energy(frequency, temperature, beads=None if quantum else 1)) / units.kB
