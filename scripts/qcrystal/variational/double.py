"""Double precision in JAX, for this room alone: other rooms of the library compute in single precision in the same process."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import jax

P = ParamSpec("P")
T = TypeVar("T")


def in_double(function: Callable[P, T]) -> Callable[P, T]:
    """Run a function with 64-bit numbers in JAX; JAX has 32-bit ones unless it is told so."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        with jax.enable_x64(True):
            return function(*args, **kwargs)

    return wrapped
