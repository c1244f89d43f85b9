"""Tables for the figures of concurrent learning: counts and errors by generation, and the map of all labelled structures."""

from pathlib import Path

import pandas as pd

from qcrystal.crystal.soap import SoapSettings
from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.io.tables import read_table, write_table
from qcrystal.learning.tables import Member, generation_errors, structure_map
from qcrystal.provenance.job import job

with job(snakemake):
    species, data = snakemake.params.species, Path(snakemake.input.data)
    write_table(
        pd.concat([read_table(path, "generations") for path in snakemake.input.summaries]),
        snakemake.output.generations,
        "generations",
    )
    systems = {part: read_dataset(data / part, species) for part in ("train", "test")}
    members = [Member.of_file(Path(path)) for path in snakemake.input.models]
    write_table(generation_errors(members, systems), snakemake.output.errors, "generation_errors")
    write_table(
        structure_map(systems, species, SoapSettings(**snakemake.params.soap)), snakemake.output.map, "structure_map"
    )
