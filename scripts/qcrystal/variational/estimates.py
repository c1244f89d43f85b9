"""A mean with its error. Nothing else is imported here: figures and tables need no JAX."""

from __future__ import annotations

from typing import NamedTuple


class Estimate(NamedTuple):
    """A mean and its standard error."""

    value: float
    error: float
