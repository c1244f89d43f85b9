"""Coordinates that move with the cell."""

from __future__ import annotations

import numpy as np


def check_continuous(cell: np.ndarray, largest: float = 0.25) -> None:
    """Refuse a cell that jumps between frames, as when an engine flips a tilted cell.

    Raises
    ------
    ValueError
        If a cell vector changes by more than ``largest`` of its length from one frame to the next.
    """
    cell = np.asarray(cell, float)
    if len(cell) < 2:
        return
    change = np.linalg.norm(np.diff(cell, axis=0), axis=-1) / np.linalg.norm(cell[:-1], axis=-1)
    frame, vector = np.unravel_index(np.argmax(change), change.shape)
    if change[frame, vector] > largest:
        raise ValueError(
            f"cell vector {vector} changes by {change[frame, vector]:.0%} between frames {frame} and {frame + 1}: "
            "the engine flipped or lost the cell; run the dynamics without flips (LAMMPS: flip no)"
        )


def lattice_coordinates(positions: np.ndarray, cell: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Fractional coordinates without the drift of the centre of mass.

    The homogeneous motion of the cell drops out, so that what is left is motion relative to the lattice.

    Parameters
    ----------
    positions
        (F, N, 3) unwrapped, Å.
    cell
        (F, 3, 3), Å, rows are vectors.
    masses
        (N,), u.

    Returns
    -------
    (F, N, 3) array
        Unwrapped; the mass-weighted centre stays where it is in the first frame.
    """
    masses = np.asarray(masses, float)
    fractional = np.einsum("fni,fij->fnj", positions, np.linalg.inv(cell))
    centre = np.einsum("n,fnj->fj", masses / masses.sum(), fractional)
    return fractional - (centre - centre[0])[:, None, :]
