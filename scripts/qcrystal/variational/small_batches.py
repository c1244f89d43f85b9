"""Potentials of DeePMD-kit in batches that fit a processor's cache.

A graph pads the neighbours of each atom to a fixed number. Large batches leave the cache, and each atom takes twice as long.
Frames of a batch know nothing of each other, so the size of a batch changes no digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qcrystal.potential.engines import Deepmd, Evaluator
from qcrystal.variational.energies import ATOMS_PER_CALL, DeepEnergies

FEW_ATOMS = 48
"""Atoms that one call of DeePMD-kit evaluates on a processor, about. A GPU gets the batches of `DeepEnergies`."""


def batched(evaluator: Evaluator, symbols: Sequence[str]) -> DeepEnergies:
    """The potential in batches of the size that its engine, and the machine, do best with.

    Parameters
    ----------
    evaluator
        See `qcrystal.potential.engines.open_potential`.
    symbols
        Chemical symbols of the N atoms.

    Raises
    ------
    VariationalError
        If the potential does not know an element.
    """
    return DeepEnergies(evaluator, symbols, FEW_ATOMS if _on_a_processor(evaluator) else ATOMS_PER_CALL)


def _on_a_processor(evaluator: Evaluator) -> bool:
    """Whether DeePMD-kit evaluates the potential, and has no GPU."""
    backend: Any = getattr(getattr(evaluator, "potential", None), "deep_eval", None)
    sizes = getattr(backend, "auto_batch_size", None)
    return isinstance(evaluator, Deepmd) and sizes is not None and not sizes.is_gpu_available()
