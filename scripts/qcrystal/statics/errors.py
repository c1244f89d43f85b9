"""The error of the static calculations, apart from them so that they can import each other without a circle."""

from __future__ import annotations


class StaticsError(ValueError):
    """A static property that cannot be computed; one line that says why and what to do."""
