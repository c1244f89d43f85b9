"""Tables of concurrent learning: errors by generation, and the map of all labelled structures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from qcrystal.crystal.soap import SoapSettings, averaged_soap, principal_components
from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.learning.generations import frames_of
from qcrystal.potential.evaluate import parity

ERROR_COLUMNS = ["generation", "trained", "member", "quantity", "rmse", "mae", "n", "unit"]


@dataclass(frozen=True)
class Member:
    """One potential of a generation's committee."""

    generation: int
    number: int
    model: Path

    @classmethod
    def of_file(cls, model: Path) -> Member:
        """From the place of the file: ``<generation>/committee/<number>.pb``."""
        return cls(int(model.parts[-3]), int(model.stem), model)


def generation_errors(members: Sequence[Member], systems: Mapping[str, Sequence[LabelledFrames]]) -> pd.DataFrame:
    """Errors of every potential on all test frames, and the number of frames that its generation was trained on.

    Parameters
    ----------
    systems
        Frames of ``train`` and ``test`` of the last generation.

    Returns
    -------
    DataFrame
        Columns `ERROR_COLUMNS`; see `qcrystal.potential.evaluate.parity` for their units.
    """
    entries = [entry for system in systems["train"] for entry in system.provenance["origins"]]
    parts = []
    for member in members:
        errors, _ = parity(member.model, {"test": systems["test"]})
        trained = sum(entry["generation"] <= member.generation for entry in entries)
        parts.append(errors.assign(generation=member.generation, member=member.number, trained=trained))
    errors = pd.concat(parts)
    return errors[(errors["system"] == "all") & (errors["species"] == "all")][ERROR_COLUMNS]


def structure_map(
    systems: Mapping[str, Sequence[LabelledFrames]], species: Sequence[str], soap: SoapSettings
) -> pd.DataFrame:
    """One row per labelled frame: where it is from, its state, and its place in the plane of largest SOAP variance.

    Returns
    -------
    DataFrame
        system, generation, part, atoms, volume (Å³/atom), pressure (GPa), energy (eV/atom), component_1 and component_2,
        share_1 and share_2 (of the variance).
    """
    rows = [
        {
            "system": system.name,
            "generation": entry["generation"],
            "part": part,
            "atoms": len(system.symbols),
            "volume": system.volumes[frame] / len(system.symbols),
            "pressure": system.pressures[frame],
            "energy": system.energies[frame] / len(system.symbols),
        }
        for part, group in systems.items()
        for system in group
        for frame, entry in enumerate(system.provenance["origins"])
    ]
    frames = frames_of([system for group in systems.values() for system in group])
    components, shares = principal_components(averaged_soap(frames, species, soap))
    table = pd.DataFrame(rows).assign(component_1=components[:, 0], component_2=components[:, 1])
    return table.assign(share_1=shares[0], share_2=shares[1])
