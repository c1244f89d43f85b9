"""Learning rates and optimisers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from qcrystal.potential.settings import Architecture

WARMUP = 300
"""Steps."""


def learning_rate(architecture: Architecture, steps: int) -> Callable[..., Any]:
    """DeePMD-kit's schedules ``exp`` (continuous) and ``cosine``, after a linear rise over the first `WARMUP` steps.

    Returns
    -------
    function
        The learning rate at a step; JAX can trace it.
    """
    import optax

    start, stop = architecture.start_lr, architecture.stop_lr
    if architecture.schedule == "cosine":
        decay = optax.cosine_decay_schedule(start, steps, stop / start)
    else:
        decay = optax.exponential_decay(start, steps, stop / start)
    return lambda step: decay(step) * optax.linear_schedule(0.02, 1.0, WARMUP)(step)


def optimiser(name: Literal["adam", "muon"], schedule: Callable[..., Any], weight_decay: float = 0) -> Any:
    """``adam``, or ``muon`` (K. Jordan et al., 2024): orthogonalised momentum for the matrices and Adam for the rest.

    With Muon the learning rate is the size of a step in units of an orthogonal matrix: about three times Adam's. Matrices
    shrink in each step by ``weight_decay`` times the learning rate (I. Loshchilov and F. Hutter, ICLR 2019, arXiv:1711.05101).
    """
    import jax
    import optax

    if name == "adam":
        return optax.adamw(schedule, weight_decay=weight_decay, mask=_are_matrices)
    matrices = optax.chain(
        optax.trace(0.95, nesterov=True),
        optax.stateless(lambda gradients, _: all_orthogonalised(gradients)),
        optax.add_decayed_weights(weight_decay),
        optax.scale_by_learning_rate(schedule),
    )
    rest = optax.nadam(lambda step: schedule(step) / 3)
    return optax.partition(
        {"matrix": matrices, "rest": rest},
        lambda weights: jax.tree.map(lambda matrix: "matrix" if matrix else "rest", _are_matrices(weights)),
    )


def _are_matrices(weights: Any) -> Any:
    import jax

    return jax.tree.map(lambda array: array.ndim == 2, weights)


def all_orthogonalised(matrices: Any) -> Any:
    """`orthogonalised` of each matrix of a tree. Those of one shape are one stack, as JAX compiles each operation by itself."""
    import jax
    import jax.numpy as jnp

    leaves, form = jax.tree.flatten(matrices)
    places: dict[tuple[int, ...], list[int]] = {}
    for place, leaf in enumerate(leaves):
        places.setdefault(leaf.shape, []).append(place)
    for own in places.values():
        stack = jax.vmap(orthogonalised)(jnp.stack([leaves[place] for place in own]))
        for number, place in enumerate(own):
            leaves[place] = stack[number]
    return jax.tree.unflatten(form, leaves)


def orthogonalised(matrix: Any) -> Any:
    """Muon's approximately orthogonal matrix, five Newton-Schulz steps from ``matrix`` (n, m), times √max(1, m/n).

    The steps are taken for the Gram matrix of the shorter side. The polynomial is that of `optax.contrib.muon`. For the first
    layer of a fitting network this is several times faster.
    """
    import jax.numpy as jnp

    rows, columns = matrix.shape
    if rows < columns:
        return math.sqrt(columns / rows) * orthogonalised(matrix.T).T
    gram, unit = matrix.T @ matrix, jnp.eye(columns, dtype=matrix.dtype)
    size = jnp.sqrt(jnp.trace(gram)) + 1e-8
    gram, product = gram / size**2, unit / size
    for _ in range(5):
        step = 3.4445 * unit - 4.775 * gram + 2.0315 * gram @ gram
        product, gram = product @ step, gram @ step @ step
    return matrix @ product
