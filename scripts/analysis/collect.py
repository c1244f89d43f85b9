"""Concatenate the observables of a sweep's runs, with their conditions, and whether they extrapolate, in front."""

from pathlib import Path

import pandas as pd

from qcrystal.dynamics.spec import CLASSICAL_METHODS, RunSpec
from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job


def conditions(spec: RunSpec) -> dict:
    """Columns that say what a run is."""
    return {
        "run": spec.run,
        "system": spec.system,
        "method": spec.method,
        "isotope": spec.isotope,
        "start": spec.start,
        "atoms": spec.atoms,
        "beads": spec.beads,
        "friction": spec.bath.gamma if spec.method in CLASSICAL_METHODS else float("nan"),
        "pressure_target": spec.pressure,
        "temperature_target": spec.temperature,
        "replica": spec.replica,
        "length_ps": spec.length_ps,
    }


with job(snakemake):
    specs = [RunSpec(**run) for run in snakemake.params.runs]
    folders = {Path(file).parent.name: Path(file).parent for file in snakemake.input.observables}
    deviation = pd.concat([read_table(path) for path in snakemake.input.deviation], ignore_index=True)
    verdicts = deviation.drop_duplicates("run").set_index("run")["extrapolates"]
    for name in ("summary", "msd", "rdf", "paths", "cell"):
        parts = []
        for spec in specs:
            table = read_table(folders[spec.run] / f"{name}.csv")
            if name == "summary":
                table = pd.concat([table, deviation.loc[deviation["run"] == spec.run, list(table.columns)]])
            head = conditions(spec) | {"extrapolates": verdicts[spec.run]}
            for position, (column, value) in enumerate(head.items()):
                table.insert(position, column, value)
            parts.append(table)
        write_table(pd.concat(parts, ignore_index=True), snakemake.output[name])
