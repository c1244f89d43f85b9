"""A committee of deep potentials: same data and settings, other seeds. Where its members disagree, none of them is to be trusted.

The deviation of their forces is the criterion of DP-GEN (Zhang et al., Comput. Phys. Commun. 253, 107206 (2020)) and eq. 1 of
[Ly].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.errors import QcrystalError
from qcrystal.potential.engines import Engine, open_potential
from qcrystal.potential.evaluate import predict, types_of


class CommitteeError(QcrystalError, ValueError):
    """A committee that is not whole, or frames that it cannot take together; one line."""


def member_file(folder: Path, number: int) -> Path:
    """File of a committee's member, counted from 1: ``model.pb``, ``model-2.pb``, ``model-3.pb``, ..."""
    return Path(folder) / ("model.pb" if number == 1 else f"model-{number}.pb")


def members(folder: Path) -> list[Path]:
    """Potentials of a committee in a folder, in order; a single ``model.pb`` is a committee of one.

    Raises
    ------
    CommitteeError
        If one is missing that comes before another.
    """
    folder = Path(folder)
    count = sum(1 for path in folder.glob("model-*.pb") if path.stem.removeprefix("model-").isdigit())
    paths = [member_file(folder, number) for number in range(1, count + 2)]
    for path in paths:
        if not path.is_file():
            raise CommitteeError(
                f"{path}: missing from the committee; train it, or give the members the numbers 1, 2, 3"
            )
    return paths


class Committee:
    """Potentials that are evaluated together.

    Parameters
    ----------
    paths
        Frozen potentials, for example `members` of a folder.
    engine
        See `qcrystal.potential.engines.open_potential`.

    Attributes
    ----------
    paths : list of Path

    Raises
    ------
    CommitteeError
        If there is none.
    qcrystal.potential.calculator.PotentialError
        If a file is missing or unreadable.
    """

    def __init__(self, paths: Sequence[Path], engine: Engine = "native"):
        self.paths = [Path(path) for path in paths]
        if not self.paths:
            raise CommitteeError("committee: no potential was named; name at least one model.pb")
        self._potentials = [open_potential(path, engine) for path in self.paths]

    def __len__(self) -> int:
        return len(self.paths)

    def evaluate(self, frames: LabelledFrames | Atoms | Sequence[Atoms]) -> tuple[np.ndarray, np.ndarray]:
        """Energies and forces of every member.

        Parameters
        ----------
        frames
            F frames with the same N atoms in the same order, all periodic.

        Returns
        -------
        energies : (M, F) array
            eV, whole cell.
        forces : (M, F, N, 3) array
            eV/Å.
        """
        system = frames if isinstance(frames, LabelledFrames) else _unlabelled(frames)
        energies, forces, _ = zip(*(predict(potential, system) for potential in self._potentials), strict=True)
        return np.array(energies), np.array(forces)

    def evaluate_crystals(self, crystals: Sequence[Atoms]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Energies (M, F) and, of each of F periodic crystals of any composition, forces (M, N, 3) of every member."""
        for number, atoms in enumerate(crystals):
            _check_periodic(number, atoms)
        members = []
        for potential in self._potentials:
            given = [
                (
                    atoms.positions,
                    atoms.cell.array,
                    types_of(potential, atoms.get_chemical_symbols(), atoms.get_chemical_formula()),
                )
                for atoms in crystals
            ]
            members.append(potential.evaluate_crystals(given)[:2])
        energies, forces = zip(*members, strict=True)
        return np.array(energies), [np.array(own) for own in zip(*forces, strict=True)]


def _check_periodic(number: int, atoms: Atoms) -> None:
    if not atoms.pbc.all():
        raise CommitteeError(f"committee: frame {number} has pbc {atoms.pbc.tolist()}; set all three to true")


def _unlabelled(frames: Atoms | Sequence[Atoms]) -> LabelledFrames:
    """The frames as a system whose labels are not numbers."""
    frames = [frames] if isinstance(frames, Atoms) else list(frames)
    if not frames:
        raise CommitteeError("committee: there are no frames to evaluate; give at least one")
    symbols = frames[0].get_chemical_symbols()
    for number, atoms in enumerate(frames):
        if atoms.get_chemical_symbols() != symbols:
            raise CommitteeError(
                f"committee: frame {number} is {atoms.get_chemical_formula()} and frame 0 {frames[0].get_chemical_formula()}, "
                "or in another order; evaluate them apart"
            )
        _check_periodic(number, atoms)
    count, shape = len(frames), (len(frames), len(symbols), 3)
    return LabelledFrames(
        name="frames",
        symbols=symbols,
        cells=np.array([atoms.cell.array for atoms in frames]),
        positions=np.array([atoms.positions for atoms in frames]),
        energies=np.full(count, np.nan),
        forces=np.full(shape, np.nan),
        virials=np.full((count, 3, 3), np.nan),
    )


def force_deviation(forces: np.ndarray) -> np.ndarray:
    """Largest deviation of an atom's force within a committee: eq. 1 of [Ly].

    Parameters
    ----------
    forces : (M, F, N, 3) array
        Forces of M members, eV/Å.

    Returns
    -------
    (F,) array
        max over atoms i of sqrt(<|f_i - <f_i>|²>), eV/Å; the means <> are over the members.
    """
    return np.sqrt(_variance(forces).max(axis=1))


def force_deviation_rms(forces: np.ndarray) -> np.ndarray:
    """Root-mean-square over the atoms of the deviation whose maximum is `force_deviation`; (F,) array in eV/Å."""
    return np.sqrt(_variance(forces).mean(axis=1))


def deviation_statistics(committee: Committee, systems: Sequence[LabelledFrames]) -> dict[str, Any]:
    """Disagreement of a committee on frames, as plain data for a model card: eV/Å, over all frames of the systems."""
    deviations: dict[str, list[Any]] = {"max": [], "rms": []}
    for system in systems:
        _, forces = committee.evaluate(system)
        deviations["max"].append(force_deviation(forces))
        deviations["rms"].append(force_deviation_rms(forces))
    values = {name: np.concatenate(parts) for name, parts in deviations.items()}
    statistics: dict[str, Callable[..., Any]] = {
        "mean": np.mean,
        "percentile_95": lambda v: np.percentile(v, 95),
        "percentile_99": lambda v: np.percentile(v, 99),
    }
    return {
        "members": len(committee),
        "frames": len(values["max"]),
        "force_deviation_eV_per_angstrom": {
            name: {key: float(f"{statistic(value):.4g}") for key, statistic in statistics.items()}
            for name, value in values.items()
        },
    }


def _variance(forces: np.ndarray) -> np.ndarray:
    """Mean over the members of |f_i - <f_i>|², (F, N) array in (eV/Å)²."""
    forces = np.asarray(forces, float)
    return np.square(forces - forces.mean(axis=0)).sum(axis=-1).mean(axis=0)
