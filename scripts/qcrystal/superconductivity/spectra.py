"""Eliashberg spectral functions α²F(ω): how they are read, and the moments that formulas of Tc need.

Frequencies are ordinary ones in THz, as everywhere here; `KELVIN` turns a temperature into one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import units
from numpy.typing import ArrayLike

from qcrystal.errors import Problem, QcrystalError
from qcrystal.units import THZ

KELVIN: float = float(units.kB) / THZ
"""k_B · 1 K / h in THz."""
RYDBERG: float = float(units.Rydberg) / THZ
"""1 Ry / h in THz: the unit of Quantum ESPRESSO's files of α²F."""


STRONGEST = 1e9
"""λ beyond which a spectrum is taken for a mistake."""
HIGHEST = 200.0
"""THz, above the vibration of a hydrogen molecule (130): frequencies of files beyond it are in another unit."""


class SpectrumError(QcrystalError, ValueError):
    """A spectral function that cannot be one; one line names its file and the value."""


@dataclass(frozen=True)
class Spectrum:
    """A spectral function as couplings at frequencies: α²F(ω) = Σ_i λ_i ω_i δ(ω − ω_i) / 2.

    Attributes
    ----------
    frequencies : (n,) array
        ω_i in THz, all above zero.
    couplings : (n,) array
        λ_i, none below zero; their sum is λ.
    """

    frequencies: np.ndarray
    couplings: np.ndarray

    @classmethod
    def of_peaks(cls, frequencies: ArrayLike, couplings: ArrayLike, where: str = "spectrum") -> Spectrum:
        """The spectrum of Einstein peaks.

        Parameters
        ----------
        frequencies, couplings : (n,) arrays
            THz, and λ of each peak. Peaks without coupling are left out.
        where
            How messages name it, such as its file.

        Raises
        ------
        SpectrumError
            A frequency is not above zero, a coupling is negative, a value is no number, or nothing couples.
        """
        frequency, coupling = np.asarray(frequencies, float).ravel(), np.asarray(couplings, float).ravel()
        if len(frequency) != len(coupling):
            raise _wrong(where, f"{len(frequency)} frequencies and {len(coupling)} couplings", "give one for each")
        _check_numbers(where, frequency, coupling, "the coupling")
        kept = coupling > 0
        if np.any(frequency[kept] == 0):
            raise _wrong(where, "a coupling at frequency 0, where λ diverges", "leave out acoustic modes at Γ")
        if not kept.any():
            raise _wrong(where, "no frequency couples: λ is 0", "look for what went wrong before it")
        if coupling.sum() > STRONGEST:
            raise _wrong(
                where, f"λ is {coupling.sum():.3g}", "no crystal couples so strongly; look for what went wrong"
            )
        return cls(frequency[kept], coupling[kept])

    @classmethod
    def of_samples(cls, frequencies: ArrayLike, values: ArrayLike, where: str = "alpha2F") -> Spectrum:
        """The spectrum of a sampled α²F, λ = 2 ∫ α²F(ω)/ω dω by the trapezoidal rule.

        Parameters
        ----------
        frequencies : (n,) array
            THz, rising. A sample at 0 must be 0.
        values : (n,) array
            α²F, without a unit.

        Raises
        ------
        SpectrumError
            As `of_peaks`, or the frequencies do not rise.
        """
        frequency, value = np.asarray(frequencies, float).ravel(), np.asarray(values, float).ravel()
        if len(frequency) < 2 or len(frequency) != len(value):
            found = f"{len(frequency)} frequencies and {len(value)} values"
            raise _wrong(where, found, "a sampled function needs two or more, one value for each frequency")
        _check_numbers(where, frequency, value, "α²F")
        step = np.diff(frequency)
        if np.any(step <= 0):
            place = int(np.argmax(step <= 0)) + 1
            raise _wrong(where, f"frequencies do not rise at {frequency[place]:g} THz", "sort the rows")
        weight = 0.5 * (np.append(step, 0.0) + np.append(0.0, step))
        coupling = np.divide(2 * weight * value, frequency, out=np.zeros_like(value), where=frequency > 0)
        if frequency[0] == 0 and value[0] > 0:
            raise _wrong(where, f"α²F is {value[0]:g} at frequency 0, where λ diverges", "set it to 0 there")
        return cls.of_peaks(frequency, coupling, where)

    @property
    def strength(self) -> float:
        """λ = 2 ∫ α²F/ω dω."""
        return float(self.couplings.sum())

    @property
    def logarithmic(self) -> float:
        """ω_log in THz: exp of the mean of ln ω with weight λ_i."""
        return float(np.exp(np.average(np.log(self.frequencies), weights=self.couplings)))

    @property
    def root_mean_square(self) -> float:
        """ω̄₂ in THz: root of the mean of ω² with weight λ_i."""
        return float(np.sqrt(np.average(self.frequencies**2, weights=self.couplings)))

    @property
    def highest(self) -> float:
        """Highest frequency that couples, THz."""
        return float(self.frequencies.max())

    def at_matsubara(self, temperature: float, count: int) -> np.ndarray:
        """λ(l) = Σ λ_i ω_i² / (ω_i² + (2πk_BT l/ħ)²) for l = 0 to ``count`` − 1; ``temperature`` in K."""
        square = self.frequencies**2
        shift = (2 * np.pi * KELVIN * temperature * np.arange(count)) ** 2
        found = np.zeros(count)
        for part in np.array_split(np.arange(len(square)), max(1, len(square) * count // 2**22)):
            found += (self.couplings[part] * square[part]) @ (1 / (square[part, None] + shift))
        return found


def read_spectrum(path: Path, column: int = 1) -> Spectrum:
    """α²F from a file of numbers: a table of this workflow (THz), or Quantum ESPRESSO's ``a2F.dos*`` (Ry).

    Parameters
    ----------
    path
        A CSV with the heads ``frequency`` and ``alpha2f``, in THz; anything else is taken for columns of ``matdyn.x``, the
        first ω in Ry. Lines that begin with ``#`` and those that begin with ``lambda`` are passed over.
    column
        Of the values in columns of ``matdyn.x``: 1 is the total α²F.

    Raises
    ------
    SpectrumError
        The file is missing, holds no numbers, or is no spectral function. One line names file, row and value.
    """
    where = str(path)
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise _wrong(where, f"cannot be read ({error})", "name another file") from error
    numbered = [(n, line.strip()) for n, line in enumerate(lines, 1)]
    rows = [(n, line) for n, line in numbered if line and not line.startswith(("#", "lambda", "&"))]
    head = rows[0][1].replace(" ", "").split(",") if rows else []
    table = "frequency" in head and "alpha2f" in head
    columns = (head.index("frequency"), head.index("alpha2f")) if table else (0, column)
    numbers = []
    for number, line in rows[1:] if table else rows:
        parts = line.split("," if table else None)
        try:
            numbers.append([float(parts[one].replace("D", "e").replace("d", "e")) for one in columns])
        except (ValueError, IndexError):
            advice = "a row needs a frequency and a value of α²F"
            raise _wrong(where, f"line {number}: {line[:40]!r} is no row of numbers", advice) from None
    if not numbers:
        raise _wrong(where, "holds no numbers", "give rows of a frequency and a value of α²F")
    found = np.array(numbers)
    frequency = found[:, 0] * (1.0 if table else RYDBERG)
    if np.nanmax(frequency, initial=0) > HIGHEST:
        unit = "THz" if table else "Ry"
        text = f"a frequency of {found[:, 0].max():g}, read in {unit}, is above {HIGHEST:g} THz"
        raise _wrong(where, text, "give a table with the heads frequency (THz) and alpha2f")
    return Spectrum.of_samples(frequency, found[:, 1], where)


def smeared(spectrum: Spectrum, width: float, points: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """α²F with every peak a Gaussian: frequencies (n,) in THz and values (n,).

    Parameters
    ----------
    width
        Standard deviation, THz. Parts of peaks that would reach below 0 are lost.
    """
    grid = np.linspace(0, spectrum.highest + 5 * width, points)
    height = 0.5 * spectrum.couplings * spectrum.frequencies / (width * np.sqrt(2 * np.pi))
    values = np.exp(-0.5 * ((grid[:, None] - spectrum.frequencies) / width) ** 2) @ height
    values[0] = 0.0
    return grid, values


def weighted(spectra: Sequence[Spectrum], weights: ArrayLike) -> Spectrum:
    """The sum over q-points: couplings times the weight of each, weights normalised to 1."""
    share = np.asarray(weights, float) / np.sum(weights)
    couplings = [weight * spectrum.couplings for spectrum, weight in zip(spectra, share, strict=True)]
    return Spectrum(np.concatenate([spectrum.frequencies for spectrum in spectra]), np.concatenate(couplings))


def _check_numbers(where: str, frequency: np.ndarray, value: np.ndarray, what: str) -> None:
    for array, name in ((frequency, "the frequency"), (value, what)):
        if not np.all(np.isfinite(array)):
            raise _wrong(where, f"{name} of row {int(np.argmin(np.isfinite(array))) + 1} is no number", "correct it")
    if np.any(frequency < 0):
        low = float(frequency[frequency < 0][0])
        raise _wrong(where, f"a frequency of {low:g} THz", "α²F is not defined for imaginary modes; relax the crystal")
    if np.any(value < 0):
        place = int(np.argmax(value < 0))
        found = f"{what} is {value[place]:g} at {frequency[place]:g} THz, below 0"
        raise _wrong(where, found, "no spectral function is negative; correct it")


def _wrong(where: str, found: str, advice: str) -> SpectrumError:
    return SpectrumError(Problem(where, "", found, advice))
