"""Report of a finished run in LAMMPS."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pandas as pd
from ase import units

from qcrystal.dynamics.bath.thermal import ThermalBath
from qcrystal.dynamics.lammps.box import Box
from qcrystal.dynamics.lammps.kinetics import Kinetics
from qcrystal.dynamics.lammps.start import StartProperties


def report(
    box: Box, start: StartProperties, bath: ThermalBath, kinetics: Kinetics, thermo: pd.DataFrame
) -> dict[str, Any]:
    """Software, start properties, bath, and means over the second half of the run.

    Temperatures in K by species and of a flexible cell, ``pressure`` in GPa; of a quantum bath also what `_quantum` says.
    """
    second_half = thermo[thermo["step"] >= box.spec.steps // 2]
    kinetic, corrected = (
        {s: second_half[f"{name}_{s}"].mean() for _, s in box.present()} for name in ("kinetic", "virial_kinetic")
    )
    general = {
        "software": _versions(box),
        "engine": box.engine,
        "steps": box.spec.steps,
        "start": start.model_dump(),
        "bath": box.spec.bath.model_dump(),
        "temperature": {s: e / (1.5 * units.kB) for s, e in kinetic.items()},
        "pressure": second_half["pressure"].mean(),
    }
    if "cell_temperature" in thermo:
        general["cell_temperature"] = second_half["cell_temperature"].mean()
    if not box.spec.quantum:
        return general
    return general | _quantum(box, bath, kinetics, kinetic, corrected, second_half["volume"].mean())


def _quantum(
    box: Box,
    bath: ThermalBath,
    kinetics: Kinetics,
    kinetic: dict[str, float],
    corrected: dict[str, float],
    volume: float,
) -> dict[str, Any]:
    """Kinetic energy (eV/atom) that friction adds to the measured one, and the pressure (GPa) that comes with it.

    ``kinetic_energy_corrected`` is that of the virial theorem. ``kinetic_energy_by_spectrum`` uses the velocities' spectrum. It
    holds for a bath that is not adapted and that nothing leaks into.
    """
    whole = {s: kinetics.whole[box.kinds == k].mean() for k, s in box.present()}
    ratio = {s: bath.observer.kinetic_correction(k) for k, s in box.present()}
    by_spectrum = {s: whole[s] + (kinetic[s] - whole[s]) * r for s, r in ratio.items() if r}
    excess = sum((box.kinds == k).sum() * (kinetic[s] - corrected[s]) for k, s in box.present())
    return {
        "kinetic_energy": kinetic,
        "kinetic_energy_corrected": corrected,
        "kinetic_energy_by_spectrum": by_spectrum,
        "pressure_excess": 2.0 * excess / (3.0 * volume) / units.GPa,
        "bath_state": bath.summary(box.spec.species),
    }


def _versions(box: Box) -> dict[str, str]:
    return {"lammps": box.version()} | {name: version(name) for name in ("deepmd-kit", "numba", "numpy")}
