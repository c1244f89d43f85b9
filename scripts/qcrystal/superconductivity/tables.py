"""Tables of couplings and critical temperatures."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from qcrystal.superconductivity.critical_temperature import allen_dynes, eliashberg
from qcrystal.superconductivity.electron_phonon import (
    ImaginaryError,
    WaveVector,
    broadenings,
    degeneracy_error,
    read_folder,
    spectrum_of,
)
from qcrystal.superconductivity.spectra import KELVIN, Spectrum, read_spectrum, smeared

MESH = ["k", "dense_k", "q"]
FORMULAS = ["allen_dynes", "eliashberg"]
MOMENTS = ["lambda", "omega_log", "omega_2", "mcmillan", *FORMULAS]


class Convergence(NamedTuple):
    """When T_c is called converged: the broadenings (Ry) at which it must agree, and the largest relative change."""

    lowest: float
    highest: float
    change: float


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
    name: str, compound: Mapping[str, Any], mu_stars: Sequence[float], lowest: float, convergence: Convergence
) -> pd.DataFrame:
    """T_c of a compound with every set of meshes, at every broadening and μ*.

    Parameters
    ----------
    compound
        Its ``formula``, ``prototype`` and ``sources``. Each source has the ``path`` of a folder of ph.x or a file of α²F.
        Its ``meshes`` are ``k``, ``dense_k`` and ``q``, or None. Broadenings at which nothing couples are left out.
    lowest
        THz; modes at Γ below it are left out.
    """
    head = {"compound": name, "prototype": compound["prototype"], "formula": compound["formula"]}
    rows = []
    for source in compound["sources"]:
        own = head | (source["meshes"] or dict.fromkeys(MESH))
        try:
            rows += [{**own, **row} for row in _rows(source, mu_stars, lowest)]
        except ImaginaryError as error:
            rows += [{**own, "mu_star": mu_star, "status": error.problems[0].found} for mu_star in mu_stars]
    table = pd.DataFrame(rows, columns=[*head, *MESH, "sigma", "degeneracy", "mu_star", *MOMENTS, "status"])
    table[MESH] = table[MESH].astype("Int64")
    table["status"] = table["status"].astype(object)
    stable = table["status"].isna()
    table.loc[stable, "status"] = status_of(table[stable], convergence)
    return table


def _points(source: Mapping[str, Any]) -> list[WaveVector]:
    """Wave vectors of a folder of ph.x; with known meshes none may lack."""
    return read_folder(Path(source["path"]), source["meshes"]["q"] if source["meshes"] else None)


def _rows(source: Mapping[str, Any], mu_stars: Sequence[float], lowest: float) -> list[dict[str, float]]:
    path = Path(source["path"])
    if not path.is_dir():
        spectrum = read_spectrum(path)
        return [temperatures(spectrum, mu_star) for mu_star in mu_stars]
    points, rows = _points(source), []
    for sigma in broadenings(points, str(path)):
        spectrum = spectrum_of(points, sigma, lowest, str(path))
        own = {"sigma": sigma, "degeneracy": degeneracy_error(points, sigma, lowest)}
        rows += [{**own, **temperatures(spectrum, mu_star)} for mu_star in mu_stars]
    return rows


def status_of(table: pd.DataFrame, convergence: Convergence) -> str:
    """Whether T_c of a compound is converged, or why not.

    It is, if T_c by Allen and Dynes' formula and by the Eliashberg equations changes by no more than ``change`` at every μ*:

    1. between the two finest meshes of k-points that share their wave vectors, at each broadening of the range;
    2. between the two finest meshes of wave vectors that share their k-points, at each broadening of the range;
    3. over the broadenings of the range, with the finest meshes.

    Couplings of degenerate modes must agree as well. Two meshes of each kind are needed.
    """
    table = table[table[MESH].notna().all(axis=1)]
    low, high = convergence.lowest - 1e-9, convergence.highest + 1e-9
    table = table[table["sigma"].between(low, high)]
    meshes = sorted({tuple(int(value) for value in row) for row in table[MESH].to_numpy()}, key=lambda m: (m[2], m[:2]))
    if not meshes:
        return "not known: α²F was given, or its meshes were not"
    pairs = list(itertools.combinations(meshes, 2))
    kinds = {
        "k-points": [(a, b) for a, b in pairs if a[2] == b[2] and a[:2] != b[:2]],
        "wave vectors": [(a, b) for a, b in pairs if a[:2] == b[:2] and a[2] != b[2]],
    }
    reasons = []
    for what, found in kinds.items():
        if not found:
            reasons.append(f"one mesh of {what}")
            continue
        coarse, fine = max(found, key=lambda pair: (pair[1][2], pair[1], pair[0]))
        change = _change(_of(table, [coarse, fine]), ["sigma", "mu_star"])
        if change > convergence.change:
            reasons.append(f"T_c changes by {change:.0%} with the mesh of {what}")
    finest = _of(table, [meshes[-1]])
    change = _change(finest, ["mu_star"])
    if change > convergence.change:
        reasons.append(f"T_c changes by {change:.0%} with the broadening")
    if finest["degeneracy"].max() > convergence.change:
        reasons.append(f"degenerate modes differ by {finest['degeneracy'].max():.0%}")
    return "not converged: " + "; ".join(reasons) if reasons else "converged"


def _of(table: pd.DataFrame, meshes: list[tuple[int, ...]]) -> pd.DataFrame:
    return table[[tuple(int(value) for value in row) in meshes for row in table[MESH].to_numpy()]]


def _change(table: pd.DataFrame, same: list[str]) -> float:
    """Largest relative spread of T_c among rows that share the columns ``same``."""
    groups = table.groupby(same)[FORMULAS]
    spread = (groups.max() - groups.min()) / groups.max().where(groups.max() > 0)
    return float(np.nan_to_num(spread.to_numpy(float)).max(initial=0.0))


def coupling_table(name: str, compound: Mapping[str, Any]) -> pd.DataFrame:
    """Frequency (THz) and λ of every phonon of a compound, at each set of meshes and broadening."""
    rows: list[dict[str, Any]] = []
    for source in compound["sources"]:
        if not Path(source["path"]).is_dir():
            continue
        points = _points(source)
        whole = sum(point.weight for point in points)
        for (number, point), sigma in itertools.product(enumerate(points, 1), broadenings(points, str(source["path"]))):
            own = {"compound": name, **(source["meshes"] or dict.fromkeys(MESH)), "sigma": sigma}
            own = {**own, "wave_vector": number, "weight": point.weight / whole}
            for frequency, coupling in zip(point.frequencies, point.couplings[sigma], strict=True):
                rows.append({**own, "frequency": frequency, "coupling": coupling})
    columns = ["compound", *MESH, "sigma", "wave_vector", "weight", "frequency", "coupling"]
    return pd.DataFrame(rows, columns=columns)


def spectrum_table(name: str, compound: Mapping[str, Any], lowest: float, width: float) -> pd.DataFrame:
    """α²F of a compound over frequency (THz), its peaks ``width`` THz wide, at each set of meshes and broadening."""
    parts = []
    for source in compound["sources"]:
        path = Path(source["path"])
        own = {"compound": name, **(source["meshes"] or dict.fromkeys(MESH))}
        if path.is_dir():
            points = _points(source)
            try:
                found = {
                    sigma: spectrum_of(points, sigma, lowest, str(path)) for sigma in broadenings(points, str(path))
                }
            except ImaginaryError:
                continue
        else:
            found = {float("nan"): read_spectrum(path)}
        for sigma, spectrum in found.items():
            frequency, value = smeared(spectrum, width)
            parts.append(pd.DataFrame({**own, "sigma": sigma, "frequency": frequency, "alpha2f": value}))
    columns = ["compound", *MESH, "sigma", "frequency", "alpha2f"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
