"""Neighbourhoods of atoms as moments over a fixed spline basis: what a deep potential sees, without its weights.

The descriptor ``se_e2_a`` embeds one number per neighbour in a network G(s): the smoothed inverse distance s(r). It is that of
Zhang et al., NeurIPS 31, 4436 (2018), eqs. 4-8. With G expanded in B-splines of s, G(s) = Σ_k B_k(s) c_k, the sums over
neighbours

    A_ick = Σ_j B_k(s_ij) R_ijc,      R_ij = (s, s x/r, s y/r, s z/r) of the neighbour at r_ij

no longer hold any weight. They are computed once per frame, and the network is needed at the spline's nodes only. Where
`qcrystal.potential.moments.invariants` are wanted, harmonics of higher degree, s Y_lm, follow these four components. A
potential is then a function of A. Forces and virials follow from its derivative dE/dA by `pair_forces`. The gradient of a
force or virial error needs the derivative of A along a displacement of the atoms: `moment_tangent`.

Units: Å, eV. Species are numbers, sorted in a frame.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from qcrystal.crystal.neighbours import neighbours
from qcrystal.dataset.labelled_frames import LabelledFrames


class Environment(NamedTuple):
    """How neighbours enter the descriptor; compiled functions take it as it is.

    Attributes
    ----------
    cutoff, cutoff_smooth : float
        Å; s(r) = 1/r below ``cutoff_smooth``, and goes to zero at ``cutoff`` by a polynomial of fifth order.
    slots : (S,) array of float
        Neighbours per species that the descriptor holds (``sel``); the empty ones count with s = 0.
    shift, scale, scale_vector : (S,) arrays
        By species of the central atom: mean and standard deviation of s, and that of the components s x/r.
    half : float
        The splines are uniform in s / (s + half), so that their nodes lie densest where most neighbours are.
    spacing : float
        Their distance in that variable.
    splines : int
        Number of splines per species of neighbour.
    degree : int
        Harmonics up to this degree: C = (degree + 1)² components.
    """

    cutoff: float
    cutoff_smooth: float
    slots: np.ndarray
    shift: np.ndarray
    scale: np.ndarray
    scale_vector: np.ndarray
    half: float
    spacing: float
    splines: int
    degree: int = 1

    @property
    def components(self) -> int:
        """C, the number of components of a moment."""
        return (self.degree + 1) ** 2


class Neighbourhoods(NamedTuple):
    """Pairs of one frame within the cutoff, both directions; compiled functions take it as it is.

    Attributes
    ----------
    first : (N + 1,) array of int32
        Pairs ``first[i]`` to ``first[i + 1]`` belong to atom i.
    neighbour : (P,) array of int32
    vectors : (P, 3) array of float32
        From the atom to its neighbour, Å.
    species : (N,) array of int64
    """

    first: np.ndarray
    neighbour: np.ndarray
    vectors: np.ndarray
    species: np.ndarray


def neighbourhoods(positions: np.ndarray, cell: np.ndarray, species: np.ndarray, cutoff: float) -> Neighbourhoods:
    """All pairs closer than ``cutoff`` (Å) under periodic boundaries, whatever the cell's size and shape.

    ``positions`` (N, 3) and ``cell`` (3, 3; rows are vectors) in Å.
    """
    pairs = neighbours(positions, cell, cutoff)
    pairs = pairs.take((pairs.distances > 1e-8) & (pairs.distances < cutoff))
    return Neighbourhoods(
        np.searchsorted(pairs.first, np.arange(len(positions) + 1)).astype(np.int32),
        pairs.second.astype(np.int32),
        pairs.vectors.astype(np.float32),
        np.asarray(species, np.int64),
    )


def sorted_by_species(system: LabelledFrames, species: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Order (N,) that sorts a system's atoms by species, and the sorted species numbers (N,)."""
    numbers = np.array([species.index(symbol) for symbol in system.symbols])
    order = np.argsort(numbers, kind="stable")
    return order, numbers[order]


@njit(cache=True, fastmath=True)
def smooth_inverse(r: float, smooth: float, cutoff: float) -> tuple[float, float]:
    """s(r) in 1/Å and ds/dr, the switched inverse distance (DeePMD-kit's ``se_e2_a``)."""
    if r < smooth:
        return 1 / r, -1 / r**2
    u = (r - smooth) / (cutoff - smooth)
    value = u * u * u * (-6 * u * u + 15 * u - 10) + 1
    slope = u * u * (-30 * u * u + 60 * u - 30) / (cutoff - smooth)
    return value / r, slope / r - value / r**2


@njit(cache=True, fastmath=True)
def smooth_inverses(distances: np.ndarray, smooth: float, cutoff: float) -> np.ndarray:
    """s(r) in 1/Å of many distances."""
    result = np.empty(len(distances))
    for i in range(len(distances)):
        result[i] = smooth_inverse(distances[i], smooth, cutoff)[0]
    return result


@njit(cache=True, fastmath=True)
def splines(s: float, half: float, spacing: float, value: np.ndarray, slope: np.ndarray) -> int:
    """The four cubic B-splines that are not zero at s and their slopes d/ds; returns the number of the first."""
    x = s / (s + half) / spacing
    k = int(x)
    t = x - k
    t2 = t * t
    t3 = t2 * t
    f = half / (s + half) ** 2 / spacing
    value[0] = (1 - 3 * t + 3 * t2 - t3) / 6
    value[1] = (4 - 6 * t2 + 3 * t3) / 6
    value[2] = (1 + 3 * t + 3 * t2 - 3 * t3) / 6
    value[3] = t3 / 6
    slope[0] = (-1 + 2 * t - t2) / 2 * f
    slope[1] = (-4 * t + 3 * t2) / 2 * f
    slope[2] = (1 + 2 * t - 3 * t2) / 2 * f
    slope[3] = t2 / 2 * f
    return k


def moments(pairs: Neighbourhoods, environment: Environment) -> np.ndarray:
    """Moments A (N, C, S K) of a frame in float32, splines counted species by species of the neighbour."""
    size = len(environment.slots) * environment.splines
    result = np.zeros((len(pairs.species), environment.components, size), np.float32)
    _moments(pairs, environment, result)
    return result


# In this file, as numba keeps what it has compiled until the file of the caller changes.
@njit(cache=True, fastmath=True)
def harmonics(x: float, y: float, z: float, degree: int, value: np.ndarray, gradient: np.ndarray) -> None:
    """Harmonics of degrees 1 to ``degree`` at the unit vector (x, y, z), and their gradients as polynomials.

    Fills ``value`` (n,) and ``gradient`` (n, 3), n = (degree + 1)² - 1. The function is long because every polynomial is
    written out.
    """
    value[0], value[1], value[2] = x, y, z
    gradient[0, 0], gradient[0, 1], gradient[0, 2] = 1.0, 0.0, 0.0
    gradient[1, 0], gradient[1, 1], gradient[1, 2] = 0.0, 1.0, 0.0
    gradient[2, 0], gradient[2, 1], gradient[2, 2] = 0.0, 0.0, 1.0
    if degree < 2:
        return
    a = np.sqrt(3.0)
    value[3], value[4], value[5] = a * x * y, a * y * z, a * z * x
    value[6], value[7] = a / 2 * (x * x - y * y), 0.5 * (2 * z * z - x * x - y * y)
    gradient[3, 0], gradient[3, 1], gradient[3, 2] = a * y, a * x, 0.0
    gradient[4, 0], gradient[4, 1], gradient[4, 2] = 0.0, a * z, a * y
    gradient[5, 0], gradient[5, 1], gradient[5, 2] = a * z, 0.0, a * x
    gradient[6, 0], gradient[6, 1], gradient[6, 2] = a * x, -a * y, 0.0
    gradient[7, 0], gradient[7, 1], gradient[7, 2] = -x, -y, 2 * z
    if degree < 3:
        return
    b, c, d = np.sqrt(5.0 / 8.0), np.sqrt(15.0), np.sqrt(3.0 / 8.0)
    q = 4 * z * z - x * x - y * y
    value[8] = b * y * (3 * x * x - y * y)
    value[9] = c * x * y * z
    value[10] = d * y * q
    value[11] = 0.5 * z * (2 * z * z - 3 * x * x - 3 * y * y)
    value[12] = d * x * q
    value[13] = c / 2 * z * (x * x - y * y)
    value[14] = b * x * (x * x - 3 * y * y)
    gradient[8, 0], gradient[8, 1], gradient[8, 2] = 6 * b * x * y, 3 * b * (x * x - y * y), 0.0
    gradient[9, 0], gradient[9, 1], gradient[9, 2] = c * y * z, c * x * z, c * x * y
    gradient[10, 0], gradient[10, 1], gradient[10, 2] = -2 * d * x * y, d * (q - 2 * y * y), 8 * d * y * z
    gradient[11, 0], gradient[11, 1], gradient[11, 2] = -3 * x * z, -3 * y * z, 1.5 * (2 * z * z - x * x - y * y)
    gradient[12, 0], gradient[12, 1], gradient[12, 2] = d * (q - 2 * x * x), -2 * d * x * y, 8 * d * x * z
    gradient[13, 0], gradient[13, 1], gradient[13, 2] = c * x * z, -c * y * z, c / 2 * (x * x - y * y)
    gradient[14, 0], gradient[14, 1], gradient[14, 2] = 3 * b * (x * x - y * y), -6 * b * x * y, 0.0
    if degree < 4:
        return
    e, f, g, h = np.sqrt(35.0) / 2, np.sqrt(70.0) / 4, np.sqrt(5.0) / 2, np.sqrt(10.0) / 4
    xx, yy, zz, xyz = x * x, y * y, z * z, x * y * z
    p = xx + yy
    value[15], value[16] = e * x * y * (xx - yy), f * y * z * (3 * xx - yy)
    value[17], value[18] = g * x * y * (6 * zz - p), h * y * z * (4 * zz - 3 * p)
    value[19] = zz * zz - 3 * zz * p + 0.375 * p * p
    value[20], value[21] = h * x * z * (4 * zz - 3 * p), g / 2 * (xx - yy) * (6 * zz - p)
    value[22], value[23] = f * x * z * (xx - 3 * yy), e / 4 * (xx * xx - 6 * xx * yy + yy * yy)
    gradient[15, 0], gradient[15, 1], gradient[15, 2] = e * y * (3 * xx - yy), e * x * (xx - 3 * yy), 0.0
    gradient[16, 0], gradient[16, 1], gradient[16, 2] = 6 * f * xyz, 3 * f * z * (xx - yy), f * y * (3 * xx - yy)
    gradient[17, 0], gradient[17, 1] = g * y * (6 * zz - 3 * xx - yy), g * x * (6 * zz - xx - 3 * yy)
    gradient[17, 2] = 12 * g * xyz
    gradient[18, 0], gradient[18, 1] = -6 * h * xyz, h * z * (4 * zz - 3 * xx - 9 * yy)
    gradient[18, 2] = 3 * h * y * (4 * zz - p)
    gradient[19, 0], gradient[19, 1] = 1.5 * x * (p - 4 * zz), 1.5 * y * (p - 4 * zz)
    gradient[19, 2] = z * (4 * zz - 6 * p)
    gradient[20, 0], gradient[20, 1] = h * z * (4 * zz - 9 * xx - 3 * yy), -6 * h * xyz
    gradient[20, 2] = 3 * h * x * (4 * zz - p)
    gradient[21, 0], gradient[21, 1] = 2 * g * x * (3 * zz - xx), 2 * g * y * (yy - 3 * zz)
    gradient[21, 2] = 6 * g * z * (xx - yy)
    gradient[22, 0], gradient[22, 1], gradient[22, 2] = 3 * f * z * (xx - yy), -6 * f * xyz, f * x * (xx - 3 * yy)
    gradient[23, 0], gradient[23, 1], gradient[23, 2] = e * x * (xx - 3 * yy), e * y * (yy - 3 * xx), 0.0


@njit(cache=True, fastmath=True)
def _degrees(degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each harmonic: its degree l, and the factor √((2l+1)/3) that makes all of them as large as those of degree 1."""
    size = (degree + 1) ** 2 - 1
    degrees, factors = np.empty(size), np.empty(size)
    for one in range(1, degree + 1):
        degrees[one * one - 1 : (one + 1) ** 2 - 1] = one
        factors[one * one - 1 : (one + 1) ** 2 - 1] = np.sqrt((2 * one + 1) / 3)
    return degrees, factors


@njit(cache=True, fastmath=True)
def _moments(pairs: Neighbourhoods, environment: Environment, out: np.ndarray) -> None:
    first, neighbour, vectors, species = pairs.first, pairs.neighbour, pairs.vectors, pairs.species
    shift, scale, scale_vector = environment.shift, environment.scale, environment.scale_vector
    smooth, cutoff, half, h = environment.cutoff_smooth, environment.cutoff, environment.half, environment.spacing
    slots, size, degree = environment.slots, environment.splines, environment.degree
    value, slope = np.empty(4), np.empty(4)
    _, factors = _degrees(degree)
    harmonic, bend = np.empty(len(factors)), np.empty((len(factors), 3))
    for i in range(len(first) - 1):
        own = species[i]
        empty = slots.copy()
        for p in range(first[i], first[i + 1]):
            x, y, z = vectors[p, 0], vectors[p, 1], vectors[p, 2]
            r = np.sqrt(x * x + y * y + z * z)
            s, _ = smooth_inverse(r, smooth, cutoff)
            other = species[neighbour[p]]
            empty[other] -= 1
            k = splines(s, half, h, value, slope) + other * size
            harmonics(x / r, y / r, z / r, degree, harmonic, bend)
            r0 = (s - shift[own]) / scale[own]
            f = s / scale_vector[own]
            for q in range(4):
                out[i, 0, k + q] += value[q] * r0
            for c in range(len(factors)):
                w = f * factors[c] * harmonic[c]
                for q in range(4):
                    out[i, c + 1, k + q] += value[q] * w
        k = splines(0.0, half, h, value, slope)
        for other in range(len(slots)):
            for q in range(4):
                out[i, 0, k + q + other * size] -= value[q] * shift[own] / scale[own] * empty[other]


def pair_forces(pairs: Neighbourhoods, environment: Environment, gradient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Forces (N, 3) in eV/Å and virial (3, 3) = -dE/dstrain in eV from ``gradient`` dE/dA (N, C, S K)."""
    forces, strain = np.zeros((len(pairs.species), 3)), np.zeros((3, 3))
    _forces(pairs, environment, gradient, forces, strain)
    return forces, -(strain + strain.T) / 2


@njit(cache=True, fastmath=True)
def _forces(pairs: Neighbourhoods, environment: Environment, g: np.ndarray, out: np.ndarray, w: np.ndarray) -> None:
    first, neighbour, vectors, species = pairs.first, pairs.neighbour, pairs.vectors, pairs.species
    shift, scale, scale_vector = environment.shift, environment.scale, environment.scale_vector
    smooth, cutoff, half, h = environment.cutoff_smooth, environment.cutoff, environment.half, environment.spacing
    size, degree = environment.splines, environment.degree
    value, slope = np.empty(4), np.empty(4)
    degrees, factors = _degrees(degree)
    harmonic, bend = np.empty(len(factors)), np.empty((len(factors), 3))
    for i in range(len(first) - 1):
        own = species[i]
        for p in range(first[i], first[i + 1]):
            x, y, z = vectors[p, 0], vectors[p, 1], vectors[p, 2]
            r = np.sqrt(x * x + y * y + z * z)
            s, ds = smooth_inverse(r, smooth, cutoff)
            j = neighbour[p]
            k = splines(s, half, h, value, slope) + species[j] * size
            x, y, z = x / r, y / r, z / r
            harmonics(x, y, z, degree, harmonic, bend)
            p0 = g0 = 0.0
            for q in range(4):
                p0 += value[q] * g[i, 0, k + q]
                g0 += slope[q] * g[i, 0, k + q]
            r0 = (s - shift[own]) / scale[own]
            f = s / scale_vector[own]
            radial = ds * (g0 * r0 + p0 / scale[own])
            ax = ay = az = 0.0
            rad = 0.0
            for c in range(len(factors)):
                pc = gc = 0.0
                for q in range(4):
                    b = g[i, c + 1, k + q]
                    pc += value[q] * b
                    gc += slope[q] * b
                pc *= factors[c]
                radial += ds * (gc * factors[c] * f + pc / scale_vector[own]) * harmonic[c]
                ax += pc * bend[c, 0]
                ay += pc * bend[c, 1]
                az += pc * bend[c, 2]
                rad += pc * degrees[c] * harmonic[c]
            across = f / r
            radial -= across * rad
            fx, fy, fz = radial * x + across * ax, radial * y + across * ay, radial * z + across * az
            out[i, 0] += fx
            out[i, 1] += fy
            out[i, 2] += fz
            out[j, 0] -= fx
            out[j, 1] -= fy
            out[j, 2] -= fz
            x, y, z = x * r, y * r, z * r
            w[0, 0] += fx * x
            w[0, 1] += fx * y
            w[0, 2] += fx * z
            w[1, 0] += fy * x
            w[1, 1] += fy * y
            w[1, 2] += fy * z
            w[2, 0] += fz * x
            w[2, 1] += fz * y
            w[2, 2] += fz * z


def moment_tangent(
    pairs: Neighbourhoods, environment: Environment, displacements: np.ndarray, strain: np.ndarray
) -> np.ndarray:
    """Derivative of A (N, C, S K), float32, along ``displacements`` (N, 3) and a ``strain`` (3, 3) of the frame."""
    size = len(environment.slots) * environment.splines
    result = np.zeros((len(pairs.species), environment.components, size), np.float32)
    moved = np.ascontiguousarray(displacements, dtype=float)
    _tangent(pairs, environment, moved, np.ascontiguousarray(strain, dtype=float), result)
    return result


@njit(cache=True, fastmath=True)
def _tangent(pairs: Neighbourhoods, environment: Environment, u: np.ndarray, e: np.ndarray, out: np.ndarray) -> None:
    first, neighbour, vectors, species = pairs.first, pairs.neighbour, pairs.vectors, pairs.species
    shift, scale, scale_vector = environment.shift, environment.scale, environment.scale_vector
    smooth, cutoff, half, h = environment.cutoff_smooth, environment.cutoff, environment.half, environment.spacing
    size, degree = environment.splines, environment.degree
    value, slope = np.empty(4), np.empty(4)
    degrees, factors = _degrees(degree)
    harmonic, bend = np.empty(len(factors)), np.empty((len(factors), 3))
    for i in range(len(first) - 1):
        own = species[i]
        for p in range(first[i], first[i + 1]):
            x, y, z = vectors[p, 0], vectors[p, 1], vectors[p, 2]
            j = neighbour[p]
            dx = u[j, 0] - u[i, 0] + e[0, 0] * x + e[0, 1] * y + e[0, 2] * z
            dy = u[j, 1] - u[i, 1] + e[1, 0] * x + e[1, 1] * y + e[1, 2] * z
            dz = u[j, 2] - u[i, 2] + e[2, 0] * x + e[2, 1] * y + e[2, 2] * z
            r = np.sqrt(x * x + y * y + z * z)
            s, slope_s = smooth_inverse(r, smooth, cutoff)
            k = splines(s, half, h, value, slope) + species[j] * size
            x, y, z = x / r, y / r, z / r
            harmonics(x, y, z, degree, harmonic, bend)
            dr = dx * x + dy * y + dz * z
            ds = slope_s * dr
            r0 = (s - shift[own]) / scale[own]
            f = s / scale_vector[own]
            d0 = ds / scale[own]
            df = ds / scale_vector[own]
            across = f / r
            for q in range(4):
                out[i, 0, k + q] += slope[q] * ds * r0 + value[q] * d0
            for c in range(len(factors)):
                dc = factors[c] * (
                    df * harmonic[c]
                    + across * (bend[c, 0] * dx + bend[c, 1] * dy + bend[c, 2] * dz - degrees[c] * harmonic[c] * dr)
                )
                w = factors[c] * f * harmonic[c] * ds
                for q in range(4):
                    out[i, c + 1, k + q] += slope[q] * w + value[q] * dc
