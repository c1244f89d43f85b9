"""Arguments of the compiled functions: tuples of arrays with names."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from qcrystal.potential.native.simd import LANES

Single = Annotated[np.ndarray, "float32", 1]
Singles = Annotated[np.ndarray, "float32", 2]
Double = Annotated[np.ndarray, "float64", 1]
Doubles = Annotated[np.ndarray, "float64", 2]
Doubles3 = Annotated[np.ndarray, "float64", 3]
Doubles4 = Annotated[np.ndarray, "float64", 4]
Short = Annotated[np.ndarray, "int32", 1]
Whole = Annotated[np.ndarray, "int64", 1]
Wholes = Annotated[np.ndarray, "int64", 2]
Wholes3 = Annotated[np.ndarray, "int64", 3]

BLOCK = 32
"""Atoms that are taken together."""
OUTPUTS = 8
"""Outputs of a network that are computed together."""


class Model(NamedTuple):
    """A potential of S species with harmonics up to degree L, see `packing`.

    ``numbers`` holds everything that is read in single precision. Other arrays say from where on:

    - ``constants`` (S,) of the sums without neighbours
    - ``matrices`` and ``transposed`` (S, L + 1) of the splines' coefficients
    - ``layers`` (S, layers, 7): inputs, outputs, shortcut (outputs over inputs, 0 for none), and the places of matrix,
      transposed matrix, biases and time steps

    ``channels``, ``widths`` and ``starts`` (L + 1,) are, by degree, the channels of the sums, those with padding, and where they
    begin among all ``sums``. ``probes`` (L,) count from degree 1. ``energies`` (S,) are in eV. ``ranges`` are the first knot
    (Å), 1/spacing (1/Å), the cutoff, and the reach and the spacing of the repulsion's table (Å). ``knots`` are the first two in
    single precision. ``repulsion`` (S, S, intervals, 4) holds cubic polynomials. ``limits`` (S,) are the neighbours that the
    descriptor has places for. Each species of neighbour has ``rows`` rows of coefficients, ``intervals`` of which are not 0.
    """

    numbers: Single
    constants: Whole
    matrices: Wholes
    transposed: Wholes
    layers: Wholes3
    channels: Whole
    widths: Whole
    starts: Whole
    probes: Whole
    energies: Double
    ranges: Double
    knots: Single
    repulsion: Doubles4
    limits: Whole
    species: int
    intervals: int
    rows: int
    sums: int
    axis: int


class System(NamedTuple):
    """Atoms of all frames: ``positions`` (A, 3) in Å, ``species`` (A,), ``frame`` (A,)."""

    positions: Doubles
    species: Whole
    frame: Whole


class Neighbours(NamedTuple):
    """Neighbours of each atom: from ``first`` (A + 1,) on, ``other`` (P,) at its position plus ``shifts`` (I, 3) [``image``]."""

    first: Whole
    other: Short
    image: Short
    shifts: Doubles


class Results(NamedTuple):
    """Sums over what was evaluated: ``energies`` (A,) in eV, ``forces`` (A, 3) in eV/Å, ``virials`` (F, 3, 3) in eV.

    ``closest`` (1,) is the smallest squared distance (Å²) so far of two atoms.
    """

    energies: Double
    forces: Doubles
    virials: Doubles3
    closest: Double


class Task(NamedTuple):
    """Task that `qcrystal.potential.native.kernels` evaluates at a time.

    ``blocks`` (n, 3): first and last place in ``atoms`` (A,), and their species.
    """

    blocks: Wholes
    atoms: Whole
    system: System
    pairs: Neighbours
    model: Model
    work: Work
    results: Results


class Work(NamedTuple):
    """Room for one block of atoms.

    - Of the block's pairs: ``vectors`` (3, size), whose place is taken by their forces, ``neighbours``, ``base`` (first row of
      the neighbour's species)
    - Of its atoms: ``ends`` of their pairs, ``counts``, ``nearest`` squared distances by species, ``sums``
    - With atoms as lanes: ``lanes`` (the sums), ``slopes`` along them, ``features``, ``values`` and ``bends`` of layers
    - Of one atom's pairs: ``splines`` and ``rows``
    - Of one atom: ``found`` neighbours by species, ``moments``, ``tilts`` (the slopes along the moments), ``own`` slopes along
      the sums, ``virial``
    """

    vectors: Single
    neighbours: Short
    base: Short
    ends: Whole
    counts: Whole
    nearest: Doubles
    sums: Single
    lanes: Single
    slopes: Single
    features: Single
    values: Singles
    bends: Singles
    splines: Single
    rows: Short
    found: Whole
    moments: Single
    tilts: Single
    own: Single
    virial: Single


def row_length(degree: int) -> int:
    """Floats of a row of moments: harmonics up to a degree, filled up."""
    return ceiling((degree + 1) ** 2, LANES)


def ceiling(number: int, step: int) -> int:
    """Smallest multiple of a step that is not below a number."""
    return -(-int(number) // step) * step


def workspace(model: Model, most: int) -> Work:
    """Room for blocks whose atoms have at most ``most`` pairs in their lists."""
    room = max(LANES, ceiling(most, LANES))
    size, length = BLOCK * room, row_length(len(model.widths) - 1)
    layers = model.layers.shape[1]
    wide = ceiling(model.layers[:, :, :2].max(), OUTPUTS) * BLOCK
    hidden = ceiling(max(model.layers[:, 1:, 0].max(initial=1), 1), OUTPUTS) * BLOCK

    def single(*shape: int) -> np.ndarray:
        return np.zeros(shape, np.float32)

    return Work(
        vectors=single(3 * size),
        neighbours=np.zeros(size, np.int32),
        base=np.zeros(size, np.int32),
        ends=np.zeros(BLOCK + 1, np.int64),
        counts=np.zeros(BLOCK, np.int64),
        nearest=np.zeros((BLOCK, model.species)),
        sums=single(BLOCK * model.sums),
        lanes=single(BLOCK * model.sums),
        slopes=single(BLOCK * model.sums),
        features=single(wide),
        values=single(layers + 1, hidden),
        bends=single(layers + 1, hidden),
        splines=single(12 * room),
        rows=np.zeros(room, np.int32),
        found=np.zeros(model.species, np.int64),
        moments=single((model.species * model.rows + LANES) * length),
        tilts=single((model.species * model.rows + LANES) * length),
        own=single(model.sums),
        virial=single(9 * LANES),
    )
