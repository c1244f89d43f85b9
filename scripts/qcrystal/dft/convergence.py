"""Convergence of DFT settings: those tried on a few small frames, and the distance of their labels from the densest ones'.

Settings are varied one at a time: plane-wave cutoff, k-point density, Fermi width. Labels are those of ``scripts/dft/label.py``
(eV, eV/Å, virial in eV); errors are in meV/atom, meV/Å and GPa.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from qcrystal.config.dft import Convergence, Goals
from qcrystal.dft.labels import Label
from qcrystal.errors import QcrystalError
from qcrystal.units import MEV_PER_EV


class ConvergenceError(QcrystalError, ValueError):
    """Labels that cannot be compared; the message names the file and what to do."""


def setting_name(values: dict[str, float]) -> str:
    """Name of a setting's files, such as ``500eV-16.2A-0.1eV``: cutoff, k-point length, width."""
    return f"{values['cutoff']:g}eV-{values['kpoint_length']:g}A-{values['width']:g}eV"


def comparisons(chosen: dict[str, float], convergence: Convergence, keep: int | None) -> list[dict]:
    """Pairs of settings whose labels are compared.

    Parameters
    ----------
    chosen
        ``cutoff`` (eV), ``kpoint_length`` (Å) and ``width`` (eV) that labels are made with.
    convergence
        The lists that are tried, coarsest value first.
    keep
        Number of values kept of each list, the coarsest; None keeps all.

    Returns
    -------
    list of dict
        ``varied``, ``setting`` and ``reference``; each setting is a dict of the three values. Each list is compared with its
        last value. The cutoffs are tried at the coarsest k-points, as their error does not depend on these. The k-point
        lengths are tried with all else as chosen. The widths are tried at the densest k-points, as coarse ones err by more than
        a width does. The last comparison is that of the chosen settings with the best of each kind together.
    """
    cutoffs, lengths, widths = (
        values[:keep] for values in (convergence.cutoffs, convergence.kpoint_lengths, convergence.widths)
    )
    series = {
        "cutoff": (cutoffs, chosen | {"kpoint_length": lengths[0]}),
        "kpoint_length": (lengths, chosen),
        "width": (widths, chosen | {"kpoint_length": lengths[-1]}),
    }
    found = [
        {"varied": varied, "setting": base | {varied: value}, "reference": base | {varied: values[-1]}}
        for varied, (values, base) in series.items()
        for value in values
    ]
    densest = {"cutoff": cutoffs[-1], "kpoint_length": lengths[-1], "width": widths[-1]}
    return [*found, {"varied": " and ".join(densest), "setting": dict(chosen), "reference": chosen | densest}]


def settings_to_label(rows: list[dict]) -> dict[str, dict]:
    """Every setting that the comparisons need, by its name."""
    return {setting_name(values): values for row in rows for values in (row["setting"], row["reference"])}


def errors(labels: list[Label], reference: list[Label]) -> dict[str, float]:
    """Errors of one setting's labels against another's, over the same frames.

    Returns
    -------
    dict
        - ``energy_shift``: mean error of the energy (meV/atom), which a potential never sees
        - ``energy_difference``: largest error of the difference between two frames (meV/atom)
        - ``force_rms`` over components and ``force_max`` over atoms' vectors (meV/Å)
        - ``pressure``: largest absolute error (GPa)
    """
    if len(labels) != len(reference):
        raise ConvergenceError(f"{len(labels)} frames cannot be compared with {len(reference)}; label both again")
    pairs = list(zip(labels, reference, strict=True))
    energy = np.array([MEV_PER_EV * (a.energy - b.energy) / len(a.symbols) for a, b in pairs])
    force = np.concatenate([MEV_PER_EV * (a.forces - b.forces) for a, b in pairs])
    return {
        "energy_shift": float(energy.mean()),
        "energy_difference": float(np.ptp(energy)),
        "force_rms": float(np.sqrt((force**2).mean())),
        "force_max": float(np.linalg.norm(force, axis=1).max()),
        "pressure": max(abs(a.pressure - b.pressure) for a, b in pairs),
    }


def convergence_table(
    rows: list[dict], labels: dict[str, list[Label]], at_rest: dict[str, float], goals: Goals, chosen: dict[str, float]
) -> pd.DataFrame:
    """One row per comparison.

    Parameters
    ----------
    rows
        See `comparisons`.
    labels
        Labels of the same frames by the name of each setting.
    at_rest
        Static pressure (GPa) of one lattice at rest by the name of each setting.
    goals
        ``energy`` (meV/atom) and ``force`` (meV/Å): what ``energy_difference`` and ``force_rms`` must not exceed.
    chosen
        The settings that labels are made with.
    """
    table = []
    for row in rows:
        own, reference = setting_name(row["setting"]), setting_name(row["reference"])
        found = errors(labels[own], labels[reference])
        if own == reference:
            verdict = "reference"
        else:
            kept = found["energy_difference"] <= goals.energy and found["force_rms"] <= goals.force
            verdict = "meets" if kept else "misses"
        table.append(
            {
                "varied": row["varied"],
                **row["setting"],
                "kpoints": " ".join(sorted({"x".join(map(str, label.kpoints)) for label in labels[own]})),
                "reference": reference,
                **found,
                "static_pressure": at_rest[own],
                "seconds": float(np.mean([label.processor_seconds for label in labels[own]])),
                "verdict": verdict,
                "chosen": all(row["setting"][key] == chosen[key] for key in row["varied"].split(" and ")),
            }
        )
    return pd.DataFrame(table)
