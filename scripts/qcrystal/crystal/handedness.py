"""Right-handed cells: DeePMD-kit gives the forces of a left-handed one the wrong sign, without a word."""

from __future__ import annotations

import numpy as np


def right_handed(cells: np.ndarray) -> np.ndarray:
    """Cells (..., 3, 3) of the same lattices whose rows are right-handed: the three vectors of a left-handed one turned round."""
    cells = np.asarray(cells, float)
    return np.where(np.linalg.det(cells) < 0.0, -1.0, 1.0)[..., None, None] * cells
