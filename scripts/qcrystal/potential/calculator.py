"""A deep potential as an ASE calculator: energy (eV), forces (eV/Å), stress (eV/Å³)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from qcrystal.potential.engines import Engine, PotentialError, open_potential


class DeepPotential(Calculator):
    """ASE calculator around an evaluator of a potential, for periodic crystals.

    Parameters
    ----------
    model
        Frozen potential (``model.pb`` or any other file that DeePMD-kit reads).
    engine
        See `qcrystal.potential.engines.open_potential`.

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

    def __init__(self, model: Path, engine: Engine = "native"):
        super().__init__()
        self.model = Path(model)
        self._potential = open_potential(self.model, engine)
        self.species = self._potential.species

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
        types = [self.species.index(symbol) for symbol in symbols]
        positions, cells = crystal.positions[None], crystal.cell.array[None]
        (energy,), (forces,), (virial,) = self._potential.evaluate(positions, cells, types)
        stress = -0.5 * (virial + virial.T) / crystal.get_volume()
        self.results = {
            "energy": float(energy),
            "free_energy": float(energy),
            "forces": np.asarray(forces, float),
            "stress": full_3x3_to_voigt_6_stress(stress),
        }
