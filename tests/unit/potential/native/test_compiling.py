"""Numba's cache of compiled functions, where several processes have compiled variants of one function."""

import subprocess
import sys

import pytest

MODULE = """
from numba import njit
from numba.extending import overload
from qcrystal.potential.native.compiling import CALLED, c_function, named

def inside(depth, number):
    ...

@overload(inside, prefer_literal=True)
def inside_of(depth, number):
    value = number.literal_value

    def calls_itself(depth):  # so it is no part of what calls it
        if depth < 2:
            return value
        return calls(depth - 1) + calls(depth - 2)

    calls = njit(named(calls_itself, value))

    def function(depth, number):
        return calls(depth)

    return named(function, value)

def variant(number):
    def outside(address):
        return inside(address, number)

    return c_function(CALLED, named(outside, number))
"""


@pytest.mark.engine
def test_variants_that_two_processes_have_kept_stay_apart(tmp_path, monkeypatch):
    """A third process calls both: each is the one that it was made as. Variant n returns n times 13, a Fibonacci number."""
    (tmp_path / "variants.py").write_text(MODULE)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))

    def values(*numbers: int) -> list[int]:
        code = f"from variants import variant; print(*[variant(n).ctypes(6) for n in {numbers}])"
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        return [int(word) for word in done.stdout.split()]

    assert values(1) == [13]
    assert values(2) == [26]
    assert values(1, 2) == [13, 26]
