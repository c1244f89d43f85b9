"""Constants and operations of a TensorFlow graph without TensorFlow, whose import takes seconds.

A frozen potential is a ``GraphDef`` message: a list of nodes with a name, an operation, inputs and attributes. Only what a
constant holds is read. The numbers of the fields are those of TensorFlow's ``graph.proto``, ``node_def.proto``,
``attr_value.proto``, ``tensor.proto`` and ``tensor_shape.proto``, which do not change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qcrystal.errors import QcrystalError

NODE = 1
NAME, OPERATION, INPUT, ATTRIBUTE = 1, 2, 3, 5
KEY, VALUE = 1, 2
TENSOR = 8
TYPE, SHAPE, CONTENT, STRINGS = 1, 2, 4, 8
DIMENSION, SIZE = 2, 1
KINDS: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 2: np.dtype("<f8"), 3: np.dtype("<i4"), 9: np.dtype("<i8")}
VALUES = {1: 5, 2: 6, 3: 7, 9: 10}
"""Field that lists the values of a tensor by type, where it has no ``CONTENT``."""


class MessageError(QcrystalError, ValueError):
    """Bytes that are no ``GraphDef``."""


@dataclass(frozen=True)
class Node:
    """An operation; ``value`` is a constant's array, or its text, and None otherwise."""

    name: str
    operation: str
    inputs: tuple[str, ...]
    value: np.ndarray | str | None


def read_nodes(path: Path) -> list[Node]:
    """Nodes of a graph in the order of the file.

    Raises
    ------
    OSError
        If the file cannot be read.
    MessageError
        If it is something else.
    """
    data = memoryview(Path(path).read_bytes())
    try:
        return [_node(value) for number, value in _fields(data) if number == NODE]
    except (IndexError, TypeError, KeyError, ValueError) as error:
        raise MessageError(f"{path}: not a TensorFlow graph ({error})") from error


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """Numbers and values of a message's fields; a value is an integer or a ``memoryview`` of bytes."""
    value: int | memoryview
    place = 0
    while place < len(data):
        key, place = _integer(data, place)
        kind = key & 7
        if kind == 0:
            value, place = _integer(data, place)
        else:
            if kind == 2:
                length, place = _integer(data, place)
            else:
                length = {1: 8, 5: 4}[kind]
            if place + length > len(data):
                raise ValueError("it breaks off")
            value = data[place : place + length]
            place += length
        yield key >> 3, value


def _integer(data: memoryview, place: int) -> tuple[int, int]:
    if data[place] < 128:  # most are of one byte
        return data[place], place + 1
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def _node(data: memoryview) -> Node:
    name = operation = ""
    inputs: list[str] = []
    value = None
    for number, field in _fields(data):
        if number == NAME:
            name = str(field, "utf-8")
        elif number == OPERATION:
            operation = str(field, "utf-8")
        elif number == INPUT:
            inputs.append(str(field, "utf-8"))
        elif number == ATTRIBUTE and operation == "Const":
            entry = dict(_fields(field))
            if bytes(entry[KEY]) == b"value":
                value = _tensor(dict(_fields(entry[VALUE]))[TENSOR])
    return Node(name, operation, tuple(inputs), value)


def _tensor(data: memoryview) -> np.ndarray | str | None:
    """A constant's array or text; None if it is of another kind."""
    kind, content, strings, listed = 0, None, [], []
    shape: tuple[int, ...] = ()
    for number, field in _fields(data):
        if number == TYPE:
            kind = field
        elif number == SHAPE:
            shape = tuple(dict(_fields(size)).get(SIZE, 0) for n, size in _fields(field) if n == DIMENSION)
        elif number == CONTENT:
            content = field
        elif number == STRINGS:
            strings.append(field)
        elif number == VALUES.get(kind):
            listed.append(field)
    if strings:
        return str(strings[0], "utf-8", "replace")
    if kind not in KINDS:
        return None
    if content is None:
        return _repeated(listed, kind, shape)
    return np.frombuffer(content, KINDS[kind]).reshape(shape)


def _repeated(listed: list[Any], kind: int, shape: tuple[int, ...]) -> np.ndarray:
    """Values that are listed one by one, packed or not; the last one stands for all that follow."""
    values: list[Any] = []
    for field in listed:
        if isinstance(field, int):
            values.append(field)
        elif KINDS[kind].kind == "f":
            values.extend(np.frombuffer(field, KINDS[kind]))
        else:
            place = 0
            while place < len(field):
                value, place = _integer(field, place)
                values.append(value)
    values = [value - 2**64 if KINDS[kind].kind == "i" and value >= 2**63 else value for value in values] or [0]
    size = int(np.prod(shape))
    return np.array(values + [values[-1]] * (size - len(values)), KINDS[kind])[:size].reshape(shape)
