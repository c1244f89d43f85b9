"""A deep potential as an ASE calculator: energy (eV), forces (eV/Å), stress (eV/Å³)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress


class PotentialError(ValueError):
    """A potential that cannot be used; one line that names the file and says what to do."""


def load_potential(model: Path) -> Any:
    """DeePMD-kit's evaluator of a potential, `deepmd.infer.DeepPot`.

    Raises
    ------
    PotentialError
        If the file is missing or unreadable.
    """
    if not Path(model).exists():
        raise PotentialError(f"{model}: no such potential; give the path of a frozen DeePMD-kit model (model.pb)")
    from deepmd.infer import DeepPot  # takes seconds: only those who evaluate pay for it

    try:
        return DeepPot(str(Path(model).resolve()))
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise PotentialError(f"{model}: DeePMD-kit cannot read it ({reason}); freeze it again") from error


class DeepPotential(Calculator):
    """ASE calculator around `deepmd.infer.DeepPot`, for periodic crystals.

    Parameters
    ----------
    model
        Frozen potential (``model.pb`` or any other file that DeePMD-kit reads).

    Attributes
    ----------
    species : list of str
        Elements in the order of the potential's type map.

    Raises
    ------
    PotentialError
        If the file is missing or unreadable, or (when used) if a crystal holds an element that the type map lacks.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, model: Path):
        super().__init__()
        self.model = Path(model)
        self._potential = load_potential(self.model)
        self.species = list(self._potential.get_type_map())

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Evaluate the potential; stress is minus the symmetric virial over the volume (tension positive)."""
        super().calculate(atoms, properties, system_changes)
        crystal: Atoms = self.atoms  # type: ignore[assignment]
        symbols = crystal.get_chemical_symbols()
        unknown = sorted(set(symbols) - set(self.species))
        if unknown:
            raise PotentialError(
                f"{self.model}: knows {', '.join(self.species)} but not {', '.join(unknown)}; "
                "use a potential trained for this crystal"
            )
        if not crystal.pbc.all():
            raise PotentialError(f"{self.model}: the crystal's pbc is {crystal.pbc.tolist()}; set all three to true")
        energy, forces, virial = self._potential.eval(
            crystal.positions.reshape(1, -1),
            crystal.cell.array.reshape(1, -1),
            [self.species.index(symbol) for symbol in symbols],
        )[:3]
        virial = np.asarray(virial, float).reshape(3, 3)
        stress = -0.5 * (virial + virial.T) / crystal.get_volume()
        self.results = {
            "energy": float(energy.item()),
            "free_energy": float(energy.item()),
            "forces": np.asarray(forces[0], float),
            "stress": full_3x3_to_voigt_6_stress(stress),
        }
