"""A check by DFT of the enthalpies that a potential gives the found crystals. Å, eV, GPa."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
from ase import Atoms, units

from qcrystal.dft.labels import Label
from qcrystal.search.candidates import search_pressures

# eV/atom and relative: rows of one space group nearer than this in enthalpy and volume are one crystal.
ONE_ENTHALPY, ONE_VOLUME = 1e-4, 1e-3


def frames_to_check(table: pd.DataFrame, structures: list[Atoms], count: int) -> list[Atoms]:
    """The prototype and the ``count`` lowest other crystals of `enthalpies` at the lowest, middle and highest pressure.

    These are pressures within the potential's training; where the column ``beyond_training`` of the table tells of
    others, one more is added. It is the highest of them at which there is another crystal, and shows how far it can be
    followed. Of rows with one space group that agree in enthalpy and volume, as two starts that relaxed to one crystal
    do, the first is taken.

    Returns
    -------
    list of ase.Atoms
        Per pressure the prototype first. ``info`` holds:

        - phase, pressure, spacegroup
        - also: other phases that relaxed to the same crystal, separated by semicolons; missing if there are none
        - relative_enthalpy (eV/atom, by the potential)
        - origin: a text that names the frame
    """
    prototype, frames = table["phase"].iloc[0], []
    beyond = table.get("beyond_training", pd.Series(0.0, index=table.index)) > 0
    pressures = sorted(table.loc[~beyond, "pressure"].unique())
    farthest = table.loc[beyond & (table["phase"] != prototype), "pressure"].max()
    chosen = [*search_pressures(pressures), pressures[-1], *([] if np.isnan(farthest) else [farthest])]
    for pressure in dict.fromkeys(chosen):
        rows = table[table["pressure"] == pressure].sort_values("enthalpy", kind="stable")
        first = rows[rows["phase"] == prototype]
        others = _distinct(rows[rows["spacegroup"] != first["spacegroup"].iloc[0]]).head(count)
        for index, row in pd.concat([first.assign(also=""), others]).iterrows():
            atoms = structures[index].copy()
            atoms.info = {
                "phase": row["phase"],
                "pressure": pressure,
                "spacegroup": row["spacegroup"],
                **({"also": row["also"]} if row["also"] else {}),  # extended XYZ has no empty texts
                "relative_enthalpy": row["enthalpy"] - first["enthalpy"].iloc[0],
                "origin": f"{row['phase']} at {pressure:g} GPa",
            }
            frames.append(atoms)
    return frames


def _distinct(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows without those whose crystal an earlier row has; ``also``: the phases of these."""
    kept: dict[Hashable, list[str]] = {}
    for index, row in rows.iterrows():
        same = (
            other
            for other in kept
            if row["spacegroup"] == rows.at[other, "spacegroup"]
            and abs(row["enthalpy"] - rows.at[other, "enthalpy"]) < ONE_ENTHALPY
            and abs(row["volume"] / rows.at[other, "volume"] - 1) < ONE_VOLUME
        )
        first = next(same, None)
        if first is None:
            kept[index] = []
        else:
            kept[first].append(row["phase"])
    return rows.loc[list(kept)].assign(also=["; ".join(names) for names in kept.values()])


def dft_comparison(frames: list[Atoms], labels: Sequence[Label], potential: str) -> pd.DataFrame:
    """Enthalpies of `frames_to_check` by DFT at the potential's geometry, relative to the prototype, beside the potential's.

    E + P V at the potential's V is above DFT's H(P) by (P - P_DFT)² V/2B to second order. This ``second_order`` is taken off:
    0.1 meV/atom for 5 GPa, 10 for 30. B is DFT's for the prototype, from its pressures at different volumes. Where one pressure
    alone is checked, neither B nor ``second_order`` is known.

    Parameters
    ----------
    labels
        DFT's, in the order of the frames.
    potential
        Name of the potential that relaxed the frames, with the start of its file's digest.
    """
    rows, prototype = [], None
    for atoms, label in zip(frames, labels, strict=True):
        pressure, volume = atoms.info["pressure"], atoms.get_volume() / len(atoms)
        energy = label.energy / len(atoms)
        enthalpy = energy + pressure * units.GPa * volume
        if prototype is None or prototype[0] != pressure:
            prototype = (pressure, enthalpy)
        rows.append(
            {
                "potential": potential,
                "phase": atoms.info["phase"],
                "pressure": pressure,
                "also": atoms.info.get("also", ""),
                "spacegroup": atoms.info["spacegroup"],
                "atoms": len(atoms),
                "volume": volume,
                "energy": energy,
                "pressure_dft": np.trace(label.virial) / 3 / atoms.get_volume() / units.GPa,
                "max_force": np.linalg.norm(label.forces, axis=1).max(),
                "relative_enthalpy_dft": enthalpy - prototype[1],
                "relative_enthalpy_potential": atoms.info["relative_enthalpy"],
            }
        )
    table = pd.DataFrame(rows)
    table["second_order"] = _second_order(table)
    first = table.groupby("pressure")["second_order"].transform("first")  # the prototype's
    table["relative_enthalpy_dft"] -= (table["second_order"] - first).fillna(0.0)
    return table


def _second_order(table: pd.DataFrame) -> pd.Series:
    """(P - P_DFT)² V/2B in eV/atom of the rows of a check; NaN without two pressures of the prototype."""
    prototype = table[table["phase"] == table["phase"].iloc[0]].sort_values("pressure_dft")
    if len(prototype) < 2:
        return pd.Series(np.nan, index=table.index)
    pressure = prototype["pressure_dft"].to_numpy()
    modulus = -np.gradient(pressure, np.log(prototype["volume"].to_numpy()))
    modulus = np.interp((table["pressure"] + table["pressure_dft"]) / 2, pressure, modulus)
    return (table["pressure"] - table["pressure_dft"]) ** 2 * table["volume"] * units.GPa / (2 * modulus)
