"""Cubic invariants of a neighbourhood: what a deep potential of sums over pairs does not see.

The features of ``se_e2_a`` are scalar products of two sums over neighbours. Products of three, of moments of degrees l₁, l₂, l₃
coupled to a scalar, see how four atoms lie to each other. They are the bispectrum [A. P. Bartók, R. Kondor and G. Csányi,
Phys. Rev. B **87**, 184115 (2013), sec. III]. Here each degree enters with a few linear combinations of the embedding's
channels, the *probes*. Their coefficients are learnt with the network, as in DeePMD-kit's descriptor DPA4C.

Harmonics are real solid harmonics Y_lm of a unit vector u with Σ_m Y_lm² = 1; degree 1 is u itself.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from qcrystal.files import write_whole
from qcrystal.potential.moments.neighbourhoods import harmonics

LARGEST_DEGREE = 4
FILE = "invariants.npz"  # weights of a potential that has them, beside its model.dp
INVARIANT_SCALE = 100.0  # makes invariants about as large as the products of two


def harmonics_of(x: Any, y: Any, z: Any, degree: int) -> list[Any]:
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
    """Products of the probes of three degrees that are kept: of those that are equal by symmetry the first one."""
    kept: dict[tuple[Any, ...], int] = {}
    for number, chosen in enumerate(itertools.product(*(range(probes[degree - 1]) for degree in degrees))):
        kept.setdefault(tuple(sorted(zip(degrees, chosen, strict=True))), number)
    return np.array(sorted(kept.values()))


def count(degree: int, probes: int | Sequence[int]) -> int:
    """Number of features."""
    return sum(len(selection(degrees, by_degree(degree, probes))) for degrees in triples(degree)) if probes else 0


def features(moments: list[Any], probes: Sequence[int], library: Any) -> list[Any]:
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
        product = library.reshape(product, (-1, a * b * c))
        kept = selection(degrees, probes)
        if len(kept) < a * b * c:  # a product, as each library gathers by another name
            product = library.matmul(product, np.eye(a * b * c, dtype=np.float32)[:, kept])
        found.append(product)
    return found


def apply_network(layers: list[dict[str, Any]], x: Any, linear_end: bool, library: Any) -> Any:
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


def save(path: Path, weights: Mapping[str, Any]) -> None:
    """Write weights, dictionaries and lists of arrays, as an archive whose names are the paths to each array."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = dict(_named(weights))
    np.savez(buffer, **arrays)
    write_whole(path, buffer.getvalue())


def _named(part: Mapping[str, Any] | Sequence[Any] | np.ndarray, name: str = "") -> Iterator[tuple[str, np.ndarray]]:
    if isinstance(part, np.ndarray):
        yield name[1:], part
        return
    for key, value in part.items() if isinstance(part, Mapping) else enumerate(part):
        yield from _named(value, f"{name}/{key}")


def load(path: Path) -> dict[str, Any]:
    """Read what `save` wrote."""
    root: dict[str, Any] = {}
    with np.load(path, allow_pickle=False) as archive:
        for name in archive.files:
            *parents, last = name.split("/")
            place = root
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = archive[name]
    return _lists(root)


def _lists(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    values = {key: _lists(value) for key, value in part.items()}
    numbered = all(key.isdecimal() for key in values)
    return [values[str(number)] for number in range(len(values))] if numbered else values
