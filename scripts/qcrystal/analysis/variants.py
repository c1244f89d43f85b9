"""Whether a crystal is distorted at each moment: an order parameter that survives hops among variants of the distortion.

A rhombohedral distortion of a cubic cell moves its angles from 90 degrees by δ = d (1, 1, 1). The other three variants are
d (1, -1, -1), d (-1, 1, -1) and d (-1, -1, 1). A small cell hops among them, so that mean angles tend to 90 degrees.
Three averages over instantaneous angles are the same in each variant. So they do not depend on hops.

- *Alignment* <3√3 δα δβ δγ / |δ|³>: 1 where δ always points along a variant, -1 along an opposite one, 0 of all directions.
- *Distortion* <δα δβ δγ>^(1/3): d, where fluctuations are equal in all directions.
- *Shell* <|δ|⁴> / <|δ|²>²: 1 where |δ| is constant, 5/3 of a Gaussian. It tells other distortions, such as a monoclinic one.

In a cubic crystal the fluctuations of the three angles are equal and not correlated, by symmetry. With linear elasticity they
are Gaussian, with the variance kT/(V C44) [Parrinello and Rahman, J. Chem. Phys. 76, 2662 (1982)]. So alignment and
distortion vanish. Anharmonic elasticity may add a small alignment, since cubic symmetry allows δα δβ δγ.

The line between both: four Gaussians of the width s stand at the variants. For d < s the maximum of their density is at
90 degrees. For d > s it has a minimum there. So at d = s the cubic cell stops to be the likeliest one. There the alignment is
`ALIGNED` and the shell is `SHELL`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from ase import units

from qcrystal.analysis.phases import Phase, phase
from qcrystal.analysis.statistics import Estimate, estimate
from qcrystal.analysis.sweeps import CONDITION
from qcrystal.crystal.cells import ANGLES

ALIGNED = 0.2
"""Alignment of four equal Gaussians whose distance from 90 degrees along each angle is their width."""
SHELL = 1.5
"""Shell of the same Gaussians: 1 + Var|δ|²/<|δ|²>² = 1 + 18/36."""
FEWEST_SAMPLES = 10.0
"""Independent samples below which nothing is decided."""
STILL = 1e-6
"""Degrees; a cell whose angles move less is held at its shape, and tells nothing."""
MEANS = ("angle_deviation", "quadrilateral_deviation")
"""Order parameters of mean positions or mean angles, which hops among variants average away."""


class VariantOrder(NamedTuple):
    """Averages over the instantaneous angles of a run, each with its error.

    Attributes
    ----------
    alignment : Estimate
        Between -1 and 1.
    distortion : Estimate
        Degrees, with the sign of the alignment. Near 0 it is the root of noise, and its error is not symmetric.
    shell : Estimate
        1 or more.
    """

    alignment: Estimate
    distortion: Estimate
    shell: Estimate

    @property
    def phase(self) -> Phase:
        """Distorted at each moment, cubic with fluctuations (``symmetric``), or not decided.

        Each way needs two standard errors and `FEWEST_SAMPLES`. A crystal whose |δ| is too constant for a cubic one is not
        called symmetric, whatever its alignment.
        """
        size = self.alignment._replace(value=abs(self.alignment.value))
        if self.alignment.n_effective < FEWEST_SAMPLES:
            return "undecided"
        aligned = phase(size.value, size.error, ALIGNED, size.n_effective, size.freedom)
        round_about = phase(self.shell.value, self.shell.error, SHELL, self.shell.n_effective, self.shell.freedom)
        if aligned == "distorted":
            return "distorted"
        if aligned == "symmetric" and round_about == "symmetric":  # |δ| too constant: distorted in another way
            return "undecided"
        return aligned


def variant_order(angles: np.ndarray) -> VariantOrder:
    """Order of a series of cell angles (F, 3) in degrees, of a crystal that is cubic or a distorted cube.

    The errors are those of correlated series (`statistics.estimate`), to first order. NaN where they cannot be told.
    All is NaN of a cell of fixed shape.
    """
    shift = np.asarray(angles, float) - 90.0
    square = (shift**2).sum(axis=1)
    mean = float(square.mean()) if len(square) else 0.0
    if not mean > STILL**2:
        return VariantOrder(*[Estimate(np.nan, np.nan, 0.0, 0.0)] * 3)
    product = shift.prod(axis=1)
    direction = np.sqrt(27.0) * product / np.maximum(square, STILL**2) ** 1.5
    third = estimate(product)
    root = float(np.cbrt(third.value))
    slope = 3.0 * root**2
    distortion = third._replace(value=root, error=third.error / slope if slope else np.nan)
    shell = float((square**2).mean() / mean**2)
    return VariantOrder(
        estimate(direction),
        distortion,
        estimate(square**2 / mean**2 - 2.0 * shell * square / mean)._replace(value=shell),
    )


def angle_width(shear_modulus: float, volume: float, temperature: float) -> float:
    """Root mean square fluctuation (degrees) of each angle of a cubic crystal: √(kT/(V C44)).

    Parameters
    ----------
    shear_modulus
        C44 at the given pressure, GPa, isothermal, of relaxed atoms.
    volume
        Of the whole cell that fluctuates, Å³.
    temperature
        K. The cell is classical, by path integrals as well.
    """
    return float(np.degrees(np.sqrt(units.kB * temperature / (volume * shear_modulus * units.GPa))))


def orders(traces: pd.DataFrame, summary: pd.DataFrame) -> dict[str, VariantOrder]:
    """Order of each run whose cell angles are known, in its production part.

    Parameters
    ----------
    traces
        Rows of sweeps' tables ``cell``: run, time (ps), alpha, beta, gamma.
    summary
        Rows of sweeps' summaries; the row ``production_length`` of a run tells what part of it counts.
    """
    rows = summary[summary["observable"] == "production_length"]
    lengths = dict(zip(rows["run"], rows["value"], strict=True))
    found = {}
    for run, trace in traces.groupby("run"):
        if run in lengths:
            steady = trace[trace["time"] >= trace["time"].max() - lengths[run] - 1e-6].sort_values("time")
            found[str(run)] = variant_order(steady[list(ANGLES)].to_numpy(float))
    return found


def with_variants(found: pd.DataFrame, rows: pd.DataFrame, known: Mapping[str, VariantOrder]) -> pd.DataFrame:
    """Phases by mean order parameters, corrected by instantaneous angles wherever these are known.

    - A mean that is distorted stays so: no hop makes that.
    - A mean that is symmetric counts only where the crystal is cubic at each moment too. Else it is distorted, or not decided.
    - A mean that decides nothing is distorted where the crystal is distorted at each moment.

    Parameters
    ----------
    found
        As from `qcrystal.analysis.phases.phases`: conditions, ``n_effective`` and ``phase``.
    rows
        Rows of the summaries with the runs of these conditions.
    known
        `orders` by run.

    Returns
    -------
    pandas.DataFrame
        ``found`` with the new ``phase``. ``hops``: the run is distorted at each moment, and its mean does not show it. Its
        ``n_effective`` is then that of the instantaneous angles, and ``distortion`` (degrees) the mean size of the runs'.
        ``series``: whether the angles of all runs of the condition are known.
    """
    runs = {key: sorted(set(part["run"])) for key, part in rows.groupby(CONDITION, dropna=False)}
    found = found.assign(series=False, hops=False, distortion=np.nan)
    for row in found.index:
        names = runs[tuple(found.loc[row, CONDITION])]
        each = [known[run] for run in names if run in known]
        if len(each) < len(names):
            continue
        found.loc[row, "series"] = True
        mean, moments = found.loc[row, "phase"], {order.phase for order in each}
        if mean == "distorted":
            continue
        if moments == {"distorted"}:
            found.loc[row, ["phase", "hops"]] = "distorted", True
            found.loc[row, "n_effective"] = sum(order.alignment.n_effective for order in each)
            found.loc[row, "distortion"] = np.mean([abs(order.distortion.value) for order in each])
        elif moments != {"symmetric"}:
            found.loc[row, "phase"] = "undecided"
    return found


def remarks(found: pd.DataFrame, symmetric: str) -> list[str]:
    """Sentences on what `with_variants` has found: runs that hop, and symmetric ones whose instantaneous angles are not known.

    ``symmetric`` is the name of the symmetric phase.
    """
    told, hops = [], int(found["hops"].sum())
    alone = int(((found["phase"] == "symmetric") & ~found["series"]).sum())
    if hops:
        sizes = sorted(f"{size:.1f}" for size in found["distortion"].dropna())
        size = " to ".join(dict.fromkeys([sizes[0], sizes[-1]]))
        words = (
            f"{'is' if hops == 1 else 'are'} distorted by {size}° at each moment, and {'hops' if hops == 1 else 'hop'}"
        )
        told.append(f"{hops} of {len(found)} {words} among variants.")
    if alone:
        told.append(f"{alone} of {len(found)} {'is' if alone == 1 else 'are'} {symmetric} by mean angles alone.")
    return told
