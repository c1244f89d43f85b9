"""Compilation of functions: once per kind of processor, and kept by numba beside the code, or where ``NUMBA_CACHE_DIR`` says.

Compiled functions call each other by address, with tuples of arrays that lie in tables. So LAMMPS, threads and Python call the
same machine code, and what is large is compiled once.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, get_args, get_type_hints

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

OPTIONS: dict[str, Any] = {"error_model": "numpy"}
WORD = ir.IntType(64)
CALLED = types.int64(types.int64)
"""Signature of what is called by address: it takes the address of a table."""


def jit(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """`numba.njit` without exceptions of arithmetic and without the interpreter's lock; kept where a folder may be written to."""
    if function is None:
        return lambda function: jit(function, **options)
    options = {**OPTIONS, "nogil": True, **options}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # numba finds no folder that it may write to
        return numba.njit(**options)(function)


def c_function(signature: Any, function: Callable[..., Any]) -> Any:
    """A function that C code may call, kept like those of `jit`."""
    try:
        return numba.cfunc(signature, cache=True, **OPTIONS)(function)
    except RuntimeError:
        return numba.cfunc(signature, **OPTIONS)(function)


def named(function: Callable[..., Any], *variant: object) -> Callable[..., Any]:
    """A function inside of another one, under a name that tells its variant.

    Machine code finds what it calls by name. numba counts functions of one name, but starts at one in each process. So two
    variants that two processes have compiled and kept would be taken for one another by a third process.
    """
    function.__qualname__ = "_".join([function.__qualname__, *map(str, variant)])
    return function


def stamp(*modules: ModuleType) -> str:
    """Digest of what a function is made of beside its own file, the only one that numba looks at.

    A function that uses it as a variable of its surroundings has it in numba's key.
    """
    files = [Path(inspect.getfile(module)) for module in modules] + [Path(__file__)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files) + numba.__version__.encode()).hexdigest()


# --- tuples of arrays in tables ------------------------------------------------------------------------------------------


@cache
def form(kind: type) -> types.NamedTuple:
    """numba's type of a `NamedTuple` whose fields are arrays (``Annotated[ndarray, dtype, axes]``), int, or such tuples."""
    hints = get_type_hints(kind, include_extras=True)
    return types.NamedTuple([_form(hint) for hint in hints.values()], kind)


def _form(hint: Any) -> Any:
    if hint is int:
        return types.int64
    if isinstance(hint, type) and issubclass(hint, tuple):
        return form(hint)
    _, dtype, axes = get_args(hint)
    return types.Array(numba.from_dtype(np.dtype(dtype)), axes, "C")


def table(values: NamedTuple) -> np.ndarray:
    """Addresses and sizes of what a tuple holds, which must live as long as the table is used.

    Raises
    ------
    TypeError
        If an array has another type than its tuple says, or is not contiguous.
    """
    return np.array(_words(values, form(type(values))), np.int64)


def _words(value: Any, kind: Any) -> list[int]:
    if isinstance(kind, types.NamedTuple):
        return [word for part, own in zip(value, kind.types, strict=True) for word in _words(part, own)]
    if kind == types.int64:
        return [int(value)]
    if (numba.from_dtype(value.dtype), value.ndim) != (kind.dtype, kind.ndim) or not value.flags.c_contiguous:
        raise TypeError(f"an array of {kind} is wanted, not of {value.dtype} with the shape {value.shape}")
    return [value.ctypes.data, *value.shape]


def reader(kind: type) -> Any:
    """A function for compiled code: the tuple whose `table` lies at an address."""
    wanted = form(kind)

    def at_address(typingctx, address):
        def generate(context, builder, signature, arguments):
            pointer = builder.inttoptr(arguments[0], WORD.as_pointer())
            return _read(context, builder, wanted, pointer, iter(range(10000)))

        return wanted(types.int64), generate

    return intrinsic(at_address)


def _read(context, builder, kind, pointer, places):
    def word():
        return builder.load(builder.gep(pointer, [ir.Constant(WORD, next(places))], source_etype=WORD))

    if isinstance(kind, types.NamedTuple):
        return context.make_tuple(builder, kind, [_read(context, builder, own, pointer, places) for own in kind.types])
    if not isinstance(kind, types.Array):
        return word()
    array = context.make_array(kind)(context, builder)
    data = builder.inttoptr(word(), array.data.type)
    shape = [word() for _ in range(kind.ndim)]
    size = context.get_abi_sizeof(context.get_data_type(kind.dtype))
    strides = [ir.Constant(WORD, size)]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    populate_array(array, data=data, shape=shape, strides=strides, itemsize=ir.Constant(WORD, size), meminfo=None)
    return array._getvalue()


def _call(typingctx, address, arguments):
    """Call C code that returns int64. Arguments are integers, floats, and arrays, whose addresses are handed on."""

    def generate(context, builder, signature, values):
        given = []
        for place, kind in enumerate(signature.args[1].types):
            value = builder.extract_value(values[1], place)
            if isinstance(kind, types.Array):
                value = builder.ptrtoint(context.make_array(kind)(context, builder, value).data, WORD)
            given.append(value)
        function = ir.FunctionType(WORD, [value.type for value in given])
        pointer = builder.inttoptr(values[0], function.as_pointer())
        return builder.call(pointer, given)

    return types.int64(address, arguments), generate


call: Any = intrinsic(_call)  # mypy does not know what numba makes of it
