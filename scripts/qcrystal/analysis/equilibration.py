"""From which time a run counts: where its energy and volume have settled, and the mean cell from then on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike

from qcrystal.crystal.cells import ANGLES, angles, conventional_cells
from qcrystal.crystal.prototype import CellParameters, Prototype


def autocovariance(series: ArrayLike) -> np.ndarray:
    """Autocovariance of a series of n values at lags 0 ... n-1, each divided by its own number of pairs."""
    x = np.asarray(series, float)
    n = len(x)
    size = scipy.fft.next_fast_len(2 * n, real=True)
    spectrum = scipy.fft.rfft(x - x.mean(), size)
    return scipy.fft.irfft(np.abs(spectrum) ** 2, size)[:n] / np.arange(n, 0, -1)


def statistical_inefficiency(series: ArrayLike) -> float:
    """Number of consecutive samples that count as one, g = 1 + 2 Σ (1 - t/n) ρ(t), at least 1 and at most n.

    The sum ends at the first t with ρ(t) <= 0 (Chodera, J. Chem. Theory Comput. 12, 1799 (2016)). Subtracting the
    sample mean lowers every ρ(t) by about g/n. Otherwise the error of a series of few correlation times is too small.
    So this is put back self-consistently: the bias correction of U. Wolff, Comput. Phys. Commun. 156, 143 (2004).
    """
    covariance = autocovariance(series)
    n = len(covariance)
    scale = np.square(np.asarray(series, float)).mean()
    if n < 3 or covariance[0] <= 1e-24 * scale:
        return 1.0
    correlation = covariance / covariance[0]
    weight = 1.0 - np.arange(n) / n
    g = 1.0
    for _ in range(100):
        lifted = correlation * (1.0 - g / n) + g / n
        below = np.flatnonzero(lifted[: n - 1] <= 0.0)
        end = below[0] if len(below) else n - 1
        new = min(max(1.0, 1.0 + 2.0 * (weight * lifted)[1:end].sum()), float(n))
        if abs(new - g) < 1e-6 * g:
            break
        g = new
    return new


def equilibration(series: ArrayLike, minimum: float = 0.2, maximum: float = 0.6, trials: int = 20) -> int:
    """First index of the production part: the start that leaves the most effective samples (Chodera 2016).

    Parameters
    ----------
    series
        Values along the run.
    minimum, maximum
        The start is sought between these fractions of the run.
    trials
        Number of starts that are tried.
    """
    x = np.asarray(series, float)
    starts = np.unique(np.ceil(np.linspace(minimum, maximum, trials) * len(x)).astype(int))
    starts = starts[starts < len(x)] if len(x) else np.array([0])
    if len(starts) == 0:
        return 0
    samples = [(len(x) - start) / statistical_inefficiency(x[start:]) for start in starts]
    return int(starts[int(np.argmax(samples))])


def production_start(thermo: pd.DataFrame, discard: float | None) -> float:
    """Time (ps) from which the run counts: where potential energy and volume both have settled, or a fixed fraction."""
    if len(thermo) == 0:
        raise ValueError("the thermodynamic table holds no row; run the dynamics job again")
    if discard is not None:
        index = int(np.ceil(discard * len(thermo)))
    else:
        index = max(equilibration(thermo[name]) for name in ("potential_energy", "volume"))
    return float(thermo["time"].iloc[min(index, len(thermo) - 1)])


def mean_lattice_constant(thermo: pd.DataFrame, volume: float) -> float:
    """Cubic lattice constant (Å) of the mean volume of a run at constant pressure, once that has settled.

    Parameters
    ----------
    thermo
        Thermodynamic table of the run: time (ps), potential_energy, volume (Å³).
    volume
        Of the run's cell at a lattice constant of 1 Å.
    """
    steady = thermo[thermo["time"] >= production_start(thermo, None)]
    return float((steady["volume"].mean() / volume) ** (1 / 3))


def mean_shape(
    thermo: pd.DataFrame, prototype: Prototype, basis: str, repeat: Sequence[int], volume: float
) -> CellParameters | None:
    """Shape of the mean cell of a run at constant pressure, once that has settled; what the lattice system fixes stays fixed.

    Parameters
    ----------
    thermo
        Thermodynamic table of the run: time (ps), potential_energy, and the cell's vectors cxx, cxy, ... (Å).
    basis, repeat
        Of the run's supercell.
    volume
        Of the conventional cell, Å³, to which the mean cell is scaled.

    Returns
    -------
    CellParameters or None
        Å and degrees; None of a cubic prototype, which has one shape only.
    """
    if prototype.cubic:
        return None
    steady = thermo[thermo["time"] >= production_start(thermo, None)]
    vectors = steady[[f"c{i}{j}" for i in "xyz" for j in "xyz"]].to_numpy(float).reshape(-1, 3, 3)
    mean = conventional_cells(vectors, prototype, basis, repeat).mean(axis=0)
    lengths = dict(zip("abc", np.linalg.norm(mean, axis=1).tolist(), strict=True))
    system = prototype.lattice_system
    equal = ("a", *system.equal)
    lengths |= dict.fromkeys(equal, float(np.mean([lengths[name] for name in equal])))
    found = dict(zip(ANGLES, angles(mean @ mean.T).tolist(), strict=True)) | system.angles
    cell = CellParameters(**lengths, **found)
    scale = (volume / cell.volume) ** (1 / 3)
    return cell._replace(a=cell.a * scale, b=cell.b * scale, c=cell.c * scale)
