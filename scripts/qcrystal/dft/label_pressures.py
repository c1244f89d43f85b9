"""Pressures of labelled frames of moving atoms, and what they say about the crystal at rest.

Frames of molecular dynamics have a potential pressure, trace(virial) / 3V, above that of the lattice at rest at the same
volume. How far above is found with a potential: its own pressure of these frames minus its own static pressure. Most of the
potential's error drops out of this difference, so labels minus it stand for the static pressure by the labelling code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from ase import Atoms

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.fields import spread
from qcrystal.statics.relax import static_pressure

MOTION_FRAMES = 20  # frames per system at which the potential is evaluated: motion to about 0.5 GPa
CUBIC_ANGLE = 0.01  # degrees off 90 up to which a cell counts as cubic


def standard_error(values: np.ndarray) -> float:
    """Standard error of a mean of independent values; NaN for a single one."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan


def label_pressures(
    systems: Sequence[LabelledFrames],
    potential,
    static: Callable[[float], float],
    volume_per_atom: float,
    frames: int = MOTION_FRAMES,
) -> pd.DataFrame:
    """Mean label pressure per system, and the share of it that motion has.

    Parameters
    ----------
    systems
        Labelled frames.
    potential
        ASE calculator.
    static
        The same potential's pressure (GPa) of the prototype at rest at a lattice constant (Å).
    volume_per_atom
        Å³, of the prototype at a lattice constant of 1 Å.
    frames
        Frames per system, spread over it, at which the potential is evaluated.

    Returns
    -------
    pandas.DataFrame
        Per system, with pressures in GPa:

        - ``frames``, ``atoms``, ``formula``
        - ``lattice_constant`` (Å) of the prototype at the frames' mean volume, ``lattice_constant_std`` over the frames
        - ``cubic``: whether all angles are 90°
        - ``pressure`` of the labels
        - ``motion``: the potential's pressure minus its static pressure at the frame's volume
        - ``dp_minus_labels`` over the same frames

        ``pressure`` and ``motion`` come with the standard error of their mean, the frames taken as independent.
    """
    rows = []
    for system in systems:
        constants = np.cbrt(system.volumes / len(system.symbols) / volume_per_atom)
        chosen = spread(range(len(system)), frames, ends=False)
        evaluated = np.array([_pressure(system, frame, potential) for frame in chosen])
        motion = evaluated - [static(constants[frame]) for frame in chosen]
        rows.append(
            {
                "system": system.name,
                "frames": len(system),
                "atoms": len(system.symbols),
                "formula": system.formula,
                "lattice_constant": constants.mean(),
                "lattice_constant_std": constants.std(),
                "cubic": bool(np.abs(_angles(system) - 90).max() < CUBIC_ANGLE),
                "pressure": system.pressures.mean(),
                "pressure_error": standard_error(system.pressures),
                "motion": motion.mean(),
                "motion_error": standard_error(motion),
                "dp_minus_labels": (evaluated - system.pressures[chosen]).mean(),
            }
        )
    return pd.DataFrame(rows)


def _pressure(system: LabelledFrames, frame: int, potential) -> float:
    atoms = Atoms(system.symbols.tolist(), positions=system.positions[frame], cell=system.cells[frame], pbc=True)
    atoms.calc = potential
    return static_pressure(atoms)


def _angles(system: LabelledFrames) -> np.ndarray:
    """Cell angles (F, 3) in degrees."""
    unit = system.cells / np.linalg.norm(system.cells, axis=2, keepdims=True)
    pairs = ((1, 2), (0, 2), (0, 1))
    cosines = np.stack([(unit[:, i] * unit[:, j]).sum(axis=1) for i, j in pairs], axis=1)
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))
