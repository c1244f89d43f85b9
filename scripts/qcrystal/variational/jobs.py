"""Inputs that every variational job opens: specification, basis and potential."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from qcrystal.files import file_digest
from qcrystal.potential.engines import open_potential
from qcrystal.variational.basis import Basis
from qcrystal.variational.crystal import read_basis
from qcrystal.variational.energies import DeepEnergies
from qcrystal.variational.small_batches import batched
from qcrystal.variational.spec import NctSpec


class Task(NamedTuple):
    """``energy``: of the crystal at rest, eV; ``digest``: of the potential's file and the basis."""

    spec: NctSpec
    basis: Basis
    symbols: list[str]
    energy: float
    potential: DeepEnergies
    digest: str


def opened(specification: dict[str, Any], basis: Path, model: Path) -> Task:
    """Open the files of a calculation."""
    spec = NctSpec(**specification)
    crystal, symbols, energy = read_basis(basis)
    digest = f"{file_digest(model)[:16]} {file_digest(basis)[:16]}"
    return Task(spec, crystal, symbols, energy, batched(open_potential(model, spec.engine), symbols), digest)
