"""The error of the static calculations, apart from them so that they can import each other without a circle."""

from __future__ import annotations

from qcrystal.errors import QcrystalError


class StaticsError(QcrystalError, ValueError):
    """A static property that cannot be computed; one line that says why and what to do."""
