"""The quantum thermal bath and its classical counterpart; no engine inside.

Every atom obeys m a = F - m γ v + sqrt(2 m γ) Θ(t), where Θ is Gaussian noise of the spectrum in
`qcrystal.dynamics.bath.spectra`. The bath acts once per step, after the second half kick of velocity Verlet:

    v -> c v + s ξ with c = exp(-γ Δt) and s² = (1 - c²)/m

So a step is B A B O in the words of molecular dynamics. Positions and full-step velocities are the whole state, and
white noise of variance kT is exact for a free particle. ξ is white noise through a filter of finite length. In the
plain bath, whose filter stays the same, it is exactly stationary: segments are only a way of computing it. The adaptive
bath's filter changes from segment to segment, which leaves a step at their borders. So 2e-4 to 2e-3 of the noise's
root mean square lies beyond the cut-off, where there should be nothing.

Units: THz (ordinary frequency), 1/ps, ps, K, u, Å/ps, eV; the noise ξ is in eV^(1/2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import units
from numpy.typing import ArrayLike

from qcrystal.dynamics.bath.noise import WhiteNoise, filtered_noise, white_noise
from qcrystal.dynamics.bath.observer import Observer
from qcrystal.dynamics.bath.parameters import Bath, highest_cutoff
from qcrystal.dynamics.bath.spectra import Design
from qcrystal.units import AMU_A2_PS2


class ThermalBath:
    """Friction and coloured noise for a set of atoms, as a function of the absolute step.

    Parameters
    ----------
    bath : qcrystal.dynamics.bath.parameters.Bath
    temperature : K
    timestep : fs
    masses : (N,) array, u
    seed : int
    quantum : bool
        Spectrum of quantum oscillators (see `Design`); otherwise classical white noise.
    kinds : (N,) array of int, optional
        Species of each atom, 0 to K-1, for spectra and adaptation per species; one species by default.
    tags : (N,) array of int, optional
        Identities of the atoms; 1 to N by default.

    Attributes
    ----------
    design : Design
        The spectrum of the noise before adaptation.
    observer : Observer
        Spectra of what the atoms do, of a quantum bath.

    Raises
    ------
    ValueError
        - Fewer than two atoms, for which the removal of the net force would leave no noise.
        - A mass that is not positive.
        - A cut-off near which the integrator has no oscillators.
    """

    def __init__(
        self,
        bath: Bath,
        temperature: float,
        timestep: float,
        masses: ArrayLike,
        seed: int,
        quantum: bool = True,
        kinds: ArrayLike | None = None,
        tags: ArrayLike | None = None,
    ):
        self.parameters = bath
        self.temperature = float(temperature)
        self.timestep = float(timestep) * 1e-3
        self.masses = np.asarray(masses, float)
        self.seed = int(seed)
        self.quantum = quantum
        self._check(timestep)
        count = len(self.masses)
        self.tags = np.arange(1, count + 1) if tags is None else np.asarray(tags)
        self.kinds = np.zeros(count, int) if kinds is None else np.asarray(kinds)
        self.design = Design(bath, self.temperature, self.timestep, quantum)
        self.segment_steps = self.design.segment_steps
        self._white = WhiteNoise(self.seed, self.tags, self.segment_steps)
        self.friction = np.exp(-bath.gamma * self.timestep)
        self._kick = np.sqrt((1.0 - self.friction**2) / (self.masses * AMU_A2_PS2))[:, None]
        self._root_mass = np.sqrt(self.masses)[:, None]
        self._share = self._momentum_share()
        self._filters: np.ndarray | None = None
        self._segment: tuple[int, np.ndarray] | None = None
        self._excess: list[np.ndarray] = []
        if quantum:
            self.observer = Observer(self.design, self.masses, self.kinds, self._kick[:, 0] / (1.0 - self.friction))

    def _check(self, timestep: float) -> None:
        if len(self.masses) < 2:
            raise ValueError(f"the bath has {len(self.masses)} atom, and no noise without net force; take two or more")
        wrong = self.masses[~((self.masses > 0) & np.isfinite(self.masses))]
        if len(wrong):
            raise ValueError(f"the bath has an atom of {wrong[0]:g} u; give a positive mass")
        if self.quantum and self.parameters.cutoff > highest_cutoff(timestep):
            raise ValueError(
                f"the bath's cut-off, {self.parameters.cutoff:g} THz, is too high for a time step of {timestep:g} fs; "
                f"take {int(highest_cutoff(timestep))} THz or less"
            )

    def _momentum_share(self) -> np.ndarray:
        """Share of the net force that is taken from an atom's noise: m_i/M, or 1/N as in LAMMPS's fix qtb."""
        if self.parameters.momentum == "mass-weighted":
            return self._root_mass / self.masses.sum()
        return 1.0 / (len(self.masses) * self._root_mass)

    # --- noise -------------------------------------------------------------------------------------------------------

    @property
    def filters(self) -> np.ndarray:
        """Finite filters (K, 2 L + 1) that colour the white noise, one per kind of atom."""
        if self._filters is None:
            self._filters = np.tile(self.design.filter, (self.kinds.max() + 1, 1))
        return self._filters

    def prepare(self) -> None:
        """Make what the first step needs, which takes a while for a quantum bath."""
        if self.quantum:
            _ = self.filters

    def random_numbers(self, step: int) -> np.ndarray:
        """Noise ξ (N, 3), eV^(1/2), at an absolute step, before the net force is taken out."""
        return self.single_numbers(step).astype(float)

    def single_numbers(self, step: int) -> np.ndarray:
        """`random_numbers` as they are kept: in single precision, and not to be changed."""
        index, row = divmod(step, self.segment_steps)
        if self._segment is None or self._segment[0] != index:
            self._segment = None  # first: two segments would need twice the memory
            self._segment = (index, self._make_segment(index))
        return self._segment[1][row]

    @property
    def weights(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each atom (N,): what its noise is multiplied by in a kick, the root of its mass, and `_momentum_share`."""
        return self._kick[:, 0].copy(), self._root_mass[:, 0].copy(), self._share[:, 0].copy()

    def _make_segment(self, index: int) -> np.ndarray:
        if self.quantum:
            return filtered_noise(self._white, index, self.filters, self.kinds)
        noise = np.empty((self.segment_steps, len(self.tags), 3), np.float32)
        for i, tag in enumerate(self.tags):
            noise[:, i] = white_noise(self.seed, index, int(tag), self.segment_steps).T
        noise *= np.float32(np.sqrt(units.kB * self.temperature))
        return noise

    def noise(self, step: int) -> np.ndarray:
        """Noise ξ (N, 3), eV^(1/2), at an absolute step, without net force."""
        noise = self.random_numbers(step)
        return noise - self._share * (self._root_mass * noise).sum(0)

    def kick(self, step: int, velocities: np.ndarray, atoms: np.ndarray | None = None) -> np.ndarray:
        """Velocities (N, 3), Å/ps, after the bath's part of a step.

        ``atoms`` (indices) are those whose velocities are given if not all are; all are needed at a step that `records`.

        Raises
        ------
        ValueError
            Velocities of some atoms at a step that `records`.
        """
        noise = self.noise(step)
        chosen = slice(None) if atoms is None else atoms
        after = self.friction * velocities + self._kick[chosen] * noise[chosen]
        if self.records(step):
            if atoms is not None:
                raise ValueError(
                    f"step {step}: the bath records the velocities of all atoms, and was given {len(atoms)}"
                )
            self.observer.record(step, 0.5 * (velocities + after), noise)
        self.end_step(step)
        return after

    def end_step(self, step: int) -> None:
        """Take the segment into account that ends with a step, if one does."""
        if self.quantum and step % self.segment_steps == self.segment_steps - 1:
            self._end_segment()

    # --- what the atoms do -------------------------------------------------------------------------------------------

    def records(self, step: int) -> bool:
        """Whether the velocities of this step are recorded."""
        return self.quantum and self.observer.records_at(step)

    def _end_segment(self) -> None:
        power, taken = self.observer.end_segment()
        self._excess.append(taken - self._demand(power))

    def _demand(self, power: np.ndarray) -> np.ndarray:
        """Expected power taken from the noise, for the velocity power (K, F) of a segment."""
        return power

    def state(self) -> dict[str, np.ndarray]:
        """State that a continued run needs beside the step; the noise itself depends on the step only."""
        if not self.quantum:
            return {}
        spectra = np.array(self.observer.spectra)
        return {"records": self.observer.records, "spectra": spectra, "excess": np.array(self._excess)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Take over the ``state`` of a checkpoint."""
        self.observer.records[:] = state["records"]
        self.observer.spectra, self._excess = list(state["spectra"]), list(state["excess"])

    def summary(self, names: Sequence[str]) -> dict[str, Any]:
        """Figures of merit of a quantum bath for a run's report; ``names`` are those of the kinds of atoms.

        ``harmonic_energies`` are the potential and kinetic energies of independent oscillators under the bath before
        adaptation, each over the quantum one. They say what the design could not repair.

        ``fluctuation_dissipation`` holds, for each kind that is there, a sum of deviations Δ(ω) = Re C_vR - m γ_r C_vv
        over the frequencies below the cut-off. It is divided by the sum of m γ_r C_vv, and is the mean over the later
        half of the run. ``net`` has its sign: above zero, the kind gets more power from the noise than friction takes,
        and hands it on to others. ``spectral`` is its magnitude at each frequency, and counts statistical noise too.
        ``history`` is ``net`` of each segment. Of a run without a whole segment there is none, and ``remark`` says so.
        """
        segments = len(self.observer.spectra)
        summary: dict[str, Any] = {"segments": segments, "harmonic_energies": self.design.summary()}
        if not segments:
            segment = f"the run has no whole segment of {self.parameters.segment:g} ps"
            return summary | {"remark": f"{segment}: nothing was measured and nothing adapted"}
        driven = self.observer.driven
        excess = np.array(self._excess)[:, :, driven]
        demand = np.array(self.observer.spectra)[:, 1][:, :, driven] - excess
        later = slice(len(excess) // 2, None)
        summary["fluctuation_dissipation"] = {
            name: {
                "net": float(excess[later, kind].sum() / demand[later, kind].sum()),
                "spectral": float(np.abs(excess[later, kind].sum(0)).sum() / demand[later, kind].sum()),
                "history": (excess[:, kind].sum(1) / demand[:, kind].sum(1)).tolist(),
            }
            for kind, name in self._present(names)
        }
        return summary

    def _present(self, names: Sequence[str]) -> list[tuple[int, str]]:
        return [(kind, name) for kind, name in enumerate(names) if (self.kinds == kind).any()]
