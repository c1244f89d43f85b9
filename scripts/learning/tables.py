"""What the figures of concurrent learning read: counts and errors by generation, and the map of all labelled structures."""

from pathlib import Path

import pandas as pd

from qcrystal.crystal.soap import SoapSettings, averaged_soap, principal_components
from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.io.tables import read_table, write_table
from qcrystal.learning.generations import frames_of
from qcrystal.potential.evaluate import parity
from qcrystal.provenance.record import job

with job(snakemake) as log:
    parameters = snakemake.params
    write_table(pd.concat([read_table(path) for path in snakemake.input.summaries]), snakemake.output.generations)

    data = Path(snakemake.input.data)
    systems = {part: read_dataset(data / part, parameters.species) for part in ("train", "test")}
    entries = [entry for system in systems["train"] for entry in system.provenance["origins"]]
    parts = []
    for path in snakemake.input.models:
        errors, _ = parity(Path(path), {"test": systems["test"]})
        generation, member = int(Path(path).parts[-3]), int(Path(path).stem)
        trained = sum(entry["generation"] <= generation for entry in entries)
        parts.append(errors.assign(generation=generation, member=member, trained=trained))
    errors = pd.concat(parts)
    errors = errors[(errors["system"] == "all") & (errors["species"] == "all")]
    write_table(
        errors[["generation", "trained", "member", "quantity", "rmse", "mae", "n", "unit"]], snakemake.output.errors
    )

    rows = []
    for part, group in systems.items():
        for system in group:
            for frame, entry in enumerate(system.provenance["origins"]):
                rows.append(
                    {
                        "system": system.name,
                        "generation": entry["generation"],
                        "part": part,
                        "atoms": len(system.symbols),
                        "volume": system.volumes[frame] / len(system.symbols),
                        "pressure": system.pressures[frame],
                        "energy": system.energies[frame] / len(system.symbols),
                    }
                )
    frames = frames_of([*systems["train"], *systems["test"]])
    vectors = averaged_soap(frames, parameters.species, SoapSettings(**parameters.soap))
    components, shares = principal_components(vectors)
    table = pd.DataFrame(rows).assign(component_1=components[:, 0], component_2=components[:, 1])
    write_table(table.assign(share_1=shares[0], share_2=shares[1]), snakemake.output.map)
