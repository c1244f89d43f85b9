"""Cubic invariants of a neighbourhood: what a deep potential of sums over pairs does not see.

The features of ``se_e2_a`` are scalar products of two sums over neighbours. Products of three, of moments of degrees l₁, l₂, l₃
coupled to a scalar, see how four atoms lie to each other: the bispectrum (A. P. Bartók, R. Kondor and G. Csányi, Phys. Rev. B
**87**, 184115 (2013), sec. III). Here each degree enters with a few linear combinations of the embedding's channels, the
*probes*, whose coefficients are learnt with the network, as in DeePMD-kit's descriptor DPA4C.

Harmonics are real solid harmonics Y_lm of a unit vector u with Σ_m Y_lm² = 1; degree 1 is u itself.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numba import njit

from qcrystal.provenance import write_whole

LARGEST_DEGREE = 4
FILE = "invariants.npz"  # weights of a potential that has them, beside its model.dp
INVARIANT_SCALE = 100.0  # makes invariants about as large as the products of two


@njit(cache=True, fastmath=True)
def harmonics(x, y, z, degree, value, gradient):
    """Harmonics of degrees 1 to ``degree`` at the unit vector (x, y, z), and their gradients as polynomials.

    Fills ``value`` (n,) and ``gradient`` (n, 3), n = (degree + 1)² - 1.
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


def harmonics_of(x, y, z, degree: int) -> list:
    """The same harmonics of degrees 2 to ``degree`` from arrays or tensors of any library; one entry per component."""
    a, b, c, d = 3.0**0.5, 0.625**0.5, 15.0**0.5, 0.375**0.5
    xx, yy, zz, xy = x * x, y * y, z * z, x * y
    found = [a * xy, a * y * z, a * z * x, (a / 2) * (xx - yy), zz - 0.5 * (xx + yy)]
    if degree > 2:
        q = 4.0 * zz - xx - yy
        found += [b * y * (3.0 * xx - yy), c * xy * z, d * y * q, z * (zz - 1.5 * (xx + yy)), d * x * q]
        found += [(c / 2) * z * (xx - yy), b * x * (xx - 3.0 * yy)]
    if degree > 3:
        e, f, g, h = 35.0**0.5 / 2, 70.0**0.5 / 4, 5.0**0.5 / 2, 10.0**0.5 / 4
        p, yz, xz = xx + yy, y * z, x * z
        found += [e * xy * (xx - yy), f * yz * (3.0 * xx - yy), g * xy * (6.0 * zz - p), h * yz * (4.0 * zz - 3.0 * p)]
        found += [zz * zz - 3.0 * zz * p + 0.375 * p * p, h * xz * (4.0 * zz - 3.0 * p)]
        found += [
            (g / 2) * (xx - yy) * (6.0 * zz - p),
            f * xz * (xx - 3.0 * yy),
            (e / 4) * (xx * xx - 6.0 * xx * yy + yy * yy),
        ]
    return found


def triples(degree: int) -> list[tuple[int, int, int]]:
    """Degrees l₁ ≤ l₂ ≤ l₃, none of them 0, that couple to a scalar which a reflection does not change."""
    every = itertools.combinations_with_replacement(range(1, degree + 1), 3)
    return [(a, b, c) for a, b, c in every if c <= a + b and (a + b + c) % 2 == 0]


@cache
def coupling(first: int, second: int, third: int) -> np.ndarray:
    """Integrals of three harmonics over the sphere, (2l₁+1, 2l₂+1, 2l₃+1), as a tensor of norm 1.

    By Gauss quadrature, which is exact here (degree 12 at most).
    """
    nodes, weights = np.polynomial.legendre.leggauss(7)
    angles = np.arange(14) * np.pi / 7
    size = (LARGEST_DEGREE + 1) ** 2 - 1
    value, gradient = np.empty(size), np.empty((size, 3))
    result = np.zeros([2 * degree + 1 for degree in (first, second, third)])
    for (node, weight), angle in itertools.product(zip(nodes, weights, strict=True), angles):
        sine = np.sqrt(1 - node**2)
        harmonics(sine * np.cos(angle), sine * np.sin(angle), node, LARGEST_DEGREE, value, gradient)
        parts = [value[degree**2 - 1 : (degree + 1) ** 2 - 1] for degree in (first, second, third)]
        result += weight * np.einsum("i,j,k", *parts)
    result[np.abs(result) < 1e-12] = 0
    return (result / np.linalg.norm(result)).astype(np.float32)


def by_degree(degree: int, probes: int | Sequence[int]) -> tuple[int, ...]:
    """Numbers of probes of degrees 1, 2, ..., if one number is for all."""
    return (probes,) * degree if isinstance(probes, int) else tuple(probes)


def selection(degrees: tuple[int, int, int], probes: Sequence[int]) -> np.ndarray:
    """Which products of the probes of three degrees are kept: of those that are equal by symmetry the first one."""
    kept = {}
    for number, chosen in enumerate(itertools.product(*(range(probes[degree - 1]) for degree in degrees))):
        kept.setdefault(tuple(sorted(zip(degrees, chosen, strict=True))), number)
    return np.array(sorted(kept.values()))


def count(degree: int, probes: int | Sequence[int]) -> int:
    """Number of features."""
    return sum(len(selection(degrees, by_degree(degree, probes))) for degrees in triples(degree)) if probes else 0


def features(moments: list, probes: Sequence[int], library) -> list:
    """The invariants of many atoms, one array (n, k) per triple of degrees.

    Parameters
    ----------
    moments
        Of degrees 1, 2, ...: (n, K, 2l+1), of ``library``, which is `jax.numpy` or `tensorflow`.
    probes
        K of each degree.
    """
    found = []
    for degrees in triples(len(moments)):
        one, two, three = (moments[degree - 1] for degree in degrees)
        a, b, c = (probes[degree - 1] for degree in degrees)
        tensor = coupling(*degrees).transpose(1, 0, 2)
        rows, *rest = tensor.shape
        coupled = library.matmul(library.reshape(two, (-1, rows)), tensor.reshape(rows, -1))
        coupled = library.einsum("nlim,npm->nilp", library.reshape(coupled, (-1, b, *rest)), three)
        product = library.matmul(one, library.reshape(coupled, (-1, rest[0], b * c)))
        kept = np.eye(a * b * c, dtype=np.float32)[
            :, selection(degrees, probes)
        ]  # a product, as each library gathers by another name
        found.append(library.matmul(library.reshape(product, (-1, a * b * c)), kept))
    return found


def apply_network(layers: list[dict], x, linear_end: bool, library):
    """A network of DeePMD-kit: tanh layers with shortcuts where the width stays or doubles; ``library`` as in `features`."""
    concatenate = library.concatenate if hasattr(library, "concatenate") else library.concat
    for layer in layers[:-1] if linear_end else layers:
        y = library.tanh(x @ layer["w"] + layer["b"])
        y = y * layer["idt"] if "idt" in layer else y
        inputs, outputs = layer["w"].shape
        if inputs == outputs:
            y = y + x
        elif 2 * inputs == outputs:
            y = y + concatenate([x, x], axis=-1)
        x = y
    return x @ layers[-1]["w"] + layers[-1]["b"] if linear_end else x


def save(path: Path, weights: Mapping) -> None:
    """Write weights, dictionaries and lists of arrays, as an archive whose names are the paths to each array."""
    buffer = io.BytesIO()
    np.savez(buffer, **dict(_named(weights)))
    write_whole(path, buffer.getvalue())


def _named(part: Mapping | Sequence, name: str = ""):
    if isinstance(part, np.ndarray):
        yield name[1:], part
        return
    for key, value in part.items() if isinstance(part, Mapping) else enumerate(part):
        yield from _named(value, f"{name}/{key}")


def load(path: Path) -> dict:
    """Read what `save` wrote."""
    root: dict = {}
    with np.load(path, allow_pickle=False) as archive:
        for name in archive.files:
            *parents, last = name.split("/")
            place = root
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = archive[name]
    return _lists(root)


def _lists(part):
    if not isinstance(part, dict):
        return part
    values = {key: _lists(value) for key, value in part.items()}
    numbered = all(key.isdecimal() for key in values)
    return [values[str(number)] for number in range(len(values))] if numbered else values
