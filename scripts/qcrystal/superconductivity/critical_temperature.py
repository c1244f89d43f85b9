"""Critical temperatures from α²F: McMillan's and Allen and Dynes' formulas, and the isotropic Eliashberg equations.

Temperatures in K, frequencies in THz. The Coulomb pseudopotential μ* belongs to a cutoff of ten times the highest frequency.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import scipy

from qcrystal.errors import Problem, QcrystalError
from qcrystal.superconductivity.spectra import KELVIN, Spectrum

CUTOFF = 10.0
"""ω_c over the highest frequency: where the Coulomb repulsion is cut off."""
FEWEST, REACH = 128, 3.0
"""Matsubara frequencies: so many at least, and to ``REACH`` ω_c. T_c is then independent of their number within 2e-4."""
DENSE = 500
"""Matrices up to this size are diagonalised whole, larger ones by Lanczos' method."""
LOWEST = 3e-4
"""T_c below this part of the highest frequency is not looked for, and given as 0."""
STRONGEST = 0.1827
"""Of T_c ≤ 0.1827 ω̄₂ √λ, the bound that the equations with μ* = 0 approach for strong coupling [Allen and Dynes 1975]."""


class TcError(QcrystalError, ValueError):
    """A value that no superconductor has; one line."""


class AllenDynes(NamedTuple):
    """``tc`` (K) with its factors ``f1`` (strong coupling) and ``f2`` (shape), and McMillan's value ``mcmillan`` (K)."""

    tc: float
    f1: float
    f2: float
    mcmillan: float


def check_mu_star(mu_star: float, where: str = "") -> None:
    """Make sure that μ* is a Coulomb pseudopotential.

    Raises
    ------
    TcError
        It is negative, 0.5 or above, or no number.
    """
    if not 0 <= mu_star < 0.5:
        raise TcError(Problem(where, "mu_star", f"{mu_star:g} is no Coulomb pseudopotential", "take 0 to below 0.5"))


def allen_dynes(spectrum: Spectrum, mu_star: float) -> AllenDynes:
    """T_c by the formula with both factors [P. B. Allen and R. C. Dynes, Phys. Rev. B 12, 905 (1975)].

    T_c is 0 where λ ≤ μ*(1 + 0.62 λ). McMillan's value has ω_log/1.2 as its prefactor, as Allen and Dynes put it.
    """
    check_mu_star(mu_star)
    strength, logarithmic, mean = spectrum.strength, spectrum.logarithmic, spectrum.root_mean_square
    attraction = strength - mu_star * (1 + 0.62 * strength)
    shape = mean / logarithmic
    first = 2.46 * (1 + 3.8 * mu_star)
    second = 1.82 * (1 + 6.3 * mu_star) * shape
    f1 = (1 + (strength / first) ** 1.5) ** (1 / 3)
    f2 = 1 + (shape - 1) * strength**2 / (strength**2 + second**2)
    mcmillan = 0.0
    if attraction > 0:
        mcmillan = logarithmic / KELVIN / 1.2 * math.exp(-1.04 * (1 + strength) / attraction)
    return AllenDynes(f1 * f2 * mcmillan, f1, f2, mcmillan)


def eliashberg(spectrum: Spectrum, mu_star: float, count: int | None = None) -> float:
    """T_c of the linearised isotropic Eliashberg equations on the Matsubara axis; 0 where there is none above `LOWEST`.

    At T_c the largest eigenvalue vanishes of

        K_nm = λ(n−m) + λ(n+m+1) − 2μ_N − δ_nm [2n+1 + λ(0) + 2 Σ_{l=1}^{n} λ(l)],   n, m = 0 … N−1

    with 1/μ_N = 1/μ* + ln(ω_c/2πT) − ψ(N+½), which takes μ* from its cutoff to the last frequency, so that N does not count.

    Parameters
    ----------
    count
        N; None: as many as reach ``REACH`` ω_c, `FEWEST` at least, fewer where μ* is so large that μ_N diverges before.

    Raises
    ------
    TcError
        μ* is impossible, in itself or at so strong a coupling.
    """
    check_mu_star(mu_star)
    high = 1.001 * STRONGEST * spectrum.root_mean_square * math.sqrt(spectrum.strength) / KELVIN
    low = high
    while True:
        low *= 0.5
        if KELVIN * low < LOWEST * spectrum.highest:
            return 0.0
        number = count or _frequencies(spectrum, mu_star, low)
        if _excess(spectrum, mu_star, low, number) > 0:
            break
    high = low / 0.5
    if _excess(spectrum, mu_star, high, number) > 0:  # at the bound itself
        return high
    return float(
        scipy.optimize.brentq(lambda t: _excess(spectrum, mu_star, t, number), low, high, xtol=1e-7 * low, rtol=1e-7)
    )


def _frequencies(spectrum: Spectrum, mu_star: float, temperature: float) -> int:
    reach = _reach(spectrum, temperature)
    wanted = max(FEWEST, math.ceil(REACH * reach))
    return wanted if mu_star == 0 else max(8, min(wanted, math.floor(0.5 * reach * math.exp(1 / mu_star))))


def _reach(spectrum: Spectrum, temperature: float) -> float:
    """ω_c / 2πT: how many Matsubara frequencies are below the cutoff of μ*."""
    return CUTOFF * spectrum.highest / (2 * math.pi * KELVIN * temperature)


def repulsion(spectrum: Spectrum, mu_star: float, temperature: float, count: int) -> float:
    """μ_N: the pseudopotential at the last of ``count`` Matsubara frequencies.

    Raises
    ------
    TcError
        No repulsion, however strong, becomes this μ* at its cutoff.
    """
    if mu_star == 0:
        return 0.0
    inverse = 1 / mu_star + math.log(_reach(spectrum, temperature)) - scipy.special.psi(count + 0.5)
    if inverse <= 0:
        found = f"{mu_star:g} is more than any repulsion leaves at {temperature:.4g} K and {count} frequencies"
        raise TcError(Problem("", "mu_star", found, "take a smaller one"))
    return float(1 / inverse)


def _excess(spectrum: Spectrum, mu_star: float, temperature: float, count: int) -> float:
    """Largest eigenvalue of D^{-1/2} (K + D) D^{-1/2} less 1, D the diagonal part: its sign is that of K's largest one."""
    coupling = spectrum.at_matsubara(temperature, 2 * count)
    order = np.arange(count)
    diagonal = 2 * order + 1 + coupling[0] + 2 * np.append(0.0, np.cumsum(coupling[1:count]))
    root = 1 / np.sqrt(diagonal)
    double = 2 * repulsion(spectrum, mu_star, temperature, count)
    if count <= DENSE:
        kernel = coupling[np.abs(order[:, None] - order)] + coupling[order[:, None] + order + 1] - double
        return (
            float(scipy.linalg.eigvalsh(root[:, None] * kernel * root, subset_by_index=[count - 1, count - 1])[0]) - 1
        )
    # λ(n−m) on even functions of n = −N … N−1 is a convolution: Toeplitz and Hankel part in one Fourier transform
    length = 4 * count
    circle = np.zeros(length)
    circle[: 2 * count], circle[length - 2 * count + 1 :] = coupling, coupling[:0:-1]
    transform = np.fft.rfft(circle)

    def times(vector: np.ndarray) -> np.ndarray:
        gap = root * np.ravel(vector)
        both = np.fft.irfft(transform * np.fft.rfft(np.concatenate([gap[::-1], gap]), length), length)
        return root * (both[count : 2 * count] - double * gap.sum())

    from scipy.sparse.linalg import LinearOperator, eigsh

    operator = LinearOperator((count, count), matvec=times, dtype=float)
    largest = eigsh(operator, k=1, which="LA", v0=root, tol=1e-9, return_eigenvectors=False)
    return float(largest[0]) - 1
