"""Vectors of 16 numbers in single precision, written out for LLVM: numba's own loops are not turned into them reliably.

A `Vector` is a value of a program under construction; its operators append instructions. An `Emitter` is what a function for
`numba.extending.intrinsic` works with: it reads and writes one-dimensional arrays by element numbers. LLVM splits the
vectors for processors with shorter registers. Products and sums may be fused, nothing else is left to the compiler, so that
what is not a number stays so.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from contextlib import contextmanager

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

LANES = 16
FLOATS = ir.VectorType(ir.FloatType(), LANES)
INTEGERS = ir.VectorType(ir.IntType(32), LANES)
PLACE = ir.IntType(64)
FUSED = ("contract",)


class Vector:
    """16 floats with the operators ``+ - * /`` for vectors and numbers."""

    __array_ufunc__ = None  # numpy's numbers leave products to this class

    def __init__(self, builder: ir.IRBuilder, value: ir.Value):
        self.builder, self.value = builder, value

    def _of(self, other) -> ir.Value:
        return other.value if isinstance(other, Vector) else ir.Constant(FLOATS, [float(other)] * LANES)

    def _new(self, value: ir.Value) -> Vector:
        return Vector(self.builder, value)

    def __add__(self, other):
        return self._new(self.builder.fadd(self.value, self._of(other), flags=FUSED))

    def __sub__(self, other):
        return self._new(self.builder.fsub(self.value, self._of(other), flags=FUSED))

    def __rsub__(self, other):
        return self._new(self.builder.fsub(self._of(other), self.value, flags=FUSED))

    def __mul__(self, other):
        return self._new(self.builder.fmul(self.value, self._of(other), flags=FUSED))

    def __neg__(self):
        return self * -1.0

    def __rtruediv__(self, other):
        return self._new(self.builder.fdiv(self._of(other), self.value))

    def __truediv__(self, other):
        return self._new(self.builder.fdiv(self.value, self._of(other)))

    __radd__, __rmul__ = __add__, __mul__

    def sqrt(self) -> Vector:
        function = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(FLOATS, [FLOATS]), f"llvm.sqrt.v{LANES}f32"
        )
        return self._new(self.builder.call(function, [self.value]))

    def at_least(self, limit) -> Vector:
        """The larger one of vector and limit; what is not a number stays so."""
        limit = self._of(limit)
        return self._new(self.builder.select(self.builder.fcmp_ordered("<", self.value, limit), limit, self.value))

    def at_most(self, limit) -> Vector:
        limit = self._of(limit)
        return self._new(self.builder.select(self.builder.fcmp_ordered(">", self.value, limit), limit, self.value))

    def zero_where_below(self, other, limit) -> Vector:
        """The vector, and 0 where ``other`` is below ``limit``."""
        below = self.builder.fcmp_ordered("<", other.value, self._of(limit))
        return self._new(self.builder.select(below, self._of(0.0), self.value))

    def integers(self) -> ir.Value:
        """Whole part as a vector of 32-bit integers."""
        return self.builder.fptosi(self.value, INTEGERS)

    def sum(self) -> ir.Value:
        """Sum of the 16 numbers."""
        vector, width = self.value, LANES
        while width > 1:
            width //= 2
            other = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [(k + width) % LANES for k in range(LANES)])
            vector = self.builder.fadd(vector, self.builder.shuffle_vector(vector, vector, other), flags=FUSED)
        return self.builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))


def transposed(rows: Sequence[Vector]) -> list[Vector]:
    """The 16 columns of 16 rows, by four exchanges of blocks that are half as wide each time."""
    builder, rows = rows[0].builder, [row.value for row in rows]
    width = LANES // 2
    while width:
        low = [k if not k & width else LANES + k - width for k in range(LANES)]
        high = [k + width if not k & width else LANES + k for k in range(LANES)]
        for first in range(LANES):
            if first & width:
                continue
            one, two = rows[first], rows[first + width]
            for place, mask in ((first, low), (first + width, high)):
                rows[place] = builder.shuffle_vector(one, two, ir.Constant(INTEGERS, mask))
        width //= 2
    return [Vector(builder, row) for row in rows]


class Emitter:
    """Access to the arguments of an intrinsic: arrays of float32, float64 or int32, and integers.

    Parameters
    ----------
    context, builder, signature, arguments
        As numba gives them to the code generator of an intrinsic.
    """

    def __init__(self, context, builder, signature, arguments):
        self.context, self.builder = context, builder
        self.arguments = []
        for kind, value in zip(signature.args, arguments, strict=True):
            if isinstance(kind, types.Array):
                value = context.make_array(kind)(context, builder, value).data
            elif isinstance(kind, types.IntegerLiteral):
                value = kind.literal_value
            elif isinstance(kind, types.Integer) and value.type != PLACE:
                value = builder.sext(value, PLACE)
            self.arguments.append(value)

    def place(self, *parts) -> ir.Value:
        """Sum of element numbers; a pair is a product."""
        total = None
        for part in parts:
            if isinstance(part, tuple):
                one, two = (self._place(factor) for factor in part)
                part = self.builder.mul(one, two)
            part = self._place(part)
            total = part if total is None else self.builder.add(total, part)
        return total

    def _place(self, part) -> ir.Value:
        return ir.Constant(PLACE, part) if isinstance(part, int) else part

    def _pointer(self, array, place, kind):
        element = array.type.pointee if hasattr(array.type, "pointee") else None
        pointer = self.builder.gep(array, [self._place(place)], source_etype=element)
        return self.builder.bitcast(pointer, kind.as_pointer())

    def load(self, array, place) -> Vector:
        """16 elements from ``place`` on."""
        return Vector(self.builder, self.builder.load(self._pointer(array, place, FLOATS), align=4))

    def load_integers(self, array, place) -> ir.Value:
        return self.builder.load(self._pointer(array, place, INTEGERS), align=4)

    def store(self, array, place, vector: Vector) -> None:
        self.builder.store(vector.value, self._pointer(array, place, FLOATS), align=4)

    def store_integers(self, array, place, value) -> None:
        self.builder.store(value, self._pointer(array, place, INTEGERS), align=4)

    def integer(self, array, place) -> ir.Value:
        """One 32-bit integer as an element number."""
        value = self.builder.load(self._pointer(array, place, ir.IntType(32)), align=4)
        return self.builder.sext(value, PLACE)

    def long(self, array, place) -> ir.Value:
        """One 64-bit integer."""
        return self.builder.load(self._pointer(array, place, PLACE))

    def everywhere(self, array, place) -> Vector:
        """One element in all lanes."""
        return self.splat(self.builder.load(self._pointer(array, place, ir.FloatType()), align=4))

    def splat(self, value: ir.Value) -> Vector:
        if value.type != ir.FloatType():
            value = self.builder.fptrunc(value, ir.FloatType())
        first = self.builder.insert_element(ir.Constant(FLOATS, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(INTEGERS, [0] * LANES)
        return Vector(self.builder, self.builder.shuffle_vector(first, ir.Constant(FLOATS, ir.Undefined), mask))

    def number(self, value: float) -> Vector:
        return Vector(self.builder, ir.Constant(FLOATS, [float(value)] * LANES))

    def floats(self, integers: ir.Value) -> Vector:
        return Vector(self.builder, self.builder.sitofp(integers, FLOATS))

    @contextmanager
    def loop(self, first, last, step: int = 1):
        """A loop in the program under construction; gives its element number."""
        with cgutils.for_range_slice(
            self.builder, self._place(first), self._place(last), ir.Constant(PLACE, step), PLACE
        ) as (number, _):
            yield number

    def sums(self, initial: Sequence[Vector]) -> list[Sum]:
        """Sums that go on from one turn of a loop to the next."""
        return [Sum(self.builder, value) for value in initial]


class Sum:
    """A vector to which a loop adds; LLVM keeps it in a register."""

    def __init__(self, builder, initial: Vector):
        self.builder = builder
        self.slot = cgutils.alloca_once(builder, FLOATS)
        builder.store(initial.value, self.slot)

    def add(self, vector: Vector) -> None:
        self.builder.store((self.value() + vector).value, self.slot)

    def value(self) -> Vector:
        return Vector(self.builder, self.builder.load(self.slot))


def emitted(function):
    """An intrinsic for numba that returns nothing: ``function(emitter, *arguments)`` appends its instructions.

    Arguments are arrays, element numbers, and literal integers where the caller gives constants.
    """

    def typed(typingctx, *arguments):
        def generate(context, builder, signature, values):
            emitter = Emitter(context, builder, signature, values)
            function(emitter, *emitter.arguments)
            return context.get_dummy_value()

        return types.none(*arguments), generate

    parameters = inspect.signature(function).parameters.values()  # numba wants their names
    names = inspect.Signature([p.replace(annotation=inspect.Parameter.empty) for p in parameters])
    typed.__signature__ = names  # type: ignore[attr-defined]  # `inspect` reads it; the type of functions lacks it
    typed.__name__, typed.__module__, typed.__doc__ = function.__name__, function.__module__, function.__doc__
    return intrinsic(prefer_literal=True)(typed)
