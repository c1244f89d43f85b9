"""Errors of a variational calculation."""

from __future__ import annotations

from qcrystal.errors import QcrystalError


class VariationalError(QcrystalError, ValueError):
    """A calculation that cannot start or whose result would be wrong; one line that says why and what to do."""
