"""Tables of critical temperatures."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from qcrystal.superconductivity.critical_temperature import allen_dynes, eliashberg
from qcrystal.superconductivity.electron_phonon import read_folder, spectrum_of
from qcrystal.superconductivity.spectra import KELVIN, Spectrum, read_spectrum

UNKNOWN = "one set of meshes: whether it is converged is not known"


def temperatures(spectrum: Spectrum, mu_star: float) -> dict[str, float]:
    """Moments and every T_c (K) of a spectrum, as the tables name them."""
    formula = allen_dynes(spectrum, mu_star)
    return {
        "mu_star": mu_star,
        "lambda": spectrum.strength,
        "omega_log": spectrum.logarithmic / KELVIN,
        "omega_2": spectrum.root_mean_square / KELVIN,
        "mcmillan": formula.mcmillan,
        "allen_dynes": formula.tc,
        "eliashberg": eliashberg(spectrum, mu_star),
    }


def formula_table(couplings: Iterable[float], mu_stars: Sequence[float]) -> pd.DataFrame:
    """k_B T_c/ħΩ of one Einstein peak: lambda, mu_star, mcmillan, allen_dynes, eliashberg."""
    rows = []
    for strength, mu_star in itertools.product(couplings, mu_stars):
        found = temperatures(Spectrum.of_peaks([1.0], [strength]), mu_star)
        names = ("mcmillan", "allen_dynes", "eliashberg")
        rows.append({"lambda": strength, "mu_star": mu_star} | {name: KELVIN * found[name] for name in names})
    return pd.DataFrame(rows)


def compound_table(
    name: str, compound: Mapping[str, Any], path: Path, mu_stars: Sequence[float], lowest: float
) -> pd.DataFrame:
    """T_c of a compound at every broadening and μ*.

    Parameters
    ----------
    compound
        Its ``formula`` and ``prototype``.
    path
        A folder of couplings of ph.x, or a file of α²F. Broadenings at which nothing couples are left out: the mesh of
        k-points is too coarse for them.
    lowest
        THz; modes at Γ below it are left out.
    """
    if path.is_dir():
        points = read_folder(path)
        coupled = [sigma for sigma in points[0].couplings if any(point.couplings[sigma].any() for point in points)]
        spectra = {sigma: spectrum_of(points, sigma, lowest, str(path)) for sigma in coupled}
    else:
        spectra = {float("nan"): read_spectrum(path)}
    head = {"compound": name, "prototype": compound["prototype"], "formula": compound["formula"]}
    rows = [
        {**head, "sigma": sigma, **temperatures(spectrum, mu_star), "status": UNKNOWN}
        for sigma, spectrum in spectra.items()
        for mu_star in mu_stars
    ]
    return pd.DataFrame(rows)
