"""Coloured noise: white random numbers through a finite filter.

The numbers of an atom at a step depend on the seed, the segment and the atom alone. So a run can be continued, or divided among
MPI ranks, without keeping any state of a generator.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft

BLOCK = 256
"""Atoms whose noise is filtered at a time; bounds the memory."""
KEPT = 4096
"""Atoms up to which white noise is kept for the next segment; bounds the memory."""


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


def cell_noise(seed: int, step: int) -> np.ndarray:
    """Standard normal numbers (6,) for the cell at a step; they depend on the two integers and nothing else.

    The third word of the counter is 0, which no atom's tag is (see `white_noise`).
    """
    generator = np.random.Philox(key=[seed % 2**64, step], counter=[0, 0, 0, 1])
    return np.random.Generator(generator).standard_normal(6)


class WhiteNoise:
    """White noise of atoms by segments. The last two are kept for few atoms, as the next segment needs them again.

    Parameters
    ----------
    seed, steps
    tags : (N,) array of int
    """

    def __init__(self, seed: int, tags: ArrayLike, steps: int):
        self.seed, self.tags, self.steps = seed, np.asarray(tags), steps
        self._kept: dict[int, np.ndarray] = {}

    def around(self, segment: int, atoms: slice) -> np.ndarray:
        """Numbers (n, 3, 3 steps) of the chosen atoms in a segment and its two neighbours."""
        three = range(segment - 1, segment + 2)
        if len(self.tags) > KEPT:
            return np.concatenate([self._made(number, atoms) for number in three], axis=-1)
        for number in [number for number in self._kept if number not in three]:
            del self._kept[number]
        for number in three:
            if number not in self._kept:
                self._kept[number] = self._made(number, slice(None))
        return np.concatenate([self._kept[number][atoms] for number in three], axis=-1)

    def _made(self, segment: int, atoms: slice) -> np.ndarray:
        return np.array([white_noise(self.seed, segment, int(tag), self.steps) for tag in self.tags[atoms]])


def filtered_noise(white: WhiteNoise, segment: int, filters: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Noise of one segment: white noise of this segment and its two neighbours through a finite filter.

    Parameters
    ----------
    white : WhiteNoise
        Of N atoms, with segments of L steps.
    segment : int
    filters : (S, 2 L + 1) array
        Filters over L steps to each side, one per kind of atom.
    kind : (N,) array of int
        Which filter an atom takes.

    Returns
    -------
    (L, N, 3) array of float32
    """
    count, steps = len(white.tags), white.steps
    padded = np.zeros((len(filters), 3 * steps), np.float32)
    padded[:, : 2 * steps + 1] = filters
    transfer = fft.rfft(np.roll(padded, -steps, axis=-1))
    noise = np.empty((steps, count, 3), np.float32)
    for first in range(0, count, BLOCK):
        block = slice(first, first + BLOCK)
        coloured = fft.irfft(fft.rfft(white.around(segment, block)) * transfer[kind[block]][:, None, :], n=3 * steps)
        noise[:, block] = coloured[:, :, steps : 2 * steps].transpose(2, 0, 1)
    return noise
