"""A model of critical temperatures from the crystal alone, judged on compounds and prototypes that it was not fitted to."""

from pathlib import Path

from ase.io import read

from qcrystal.crystal.soap import SoapSettings
from qcrystal.io.tables import read_table, write_table
from qcrystal.manuscript.published import read_published
from qcrystal.provenance.job import job
from qcrystal.superconductivity.tc_model import merged, own_values, predictions, published_values
from qcrystal.superconductivity.tc_sets import read_set

with job(snakemake):
    p = snakemake.params
    known = published_values(p.known, read_published(snakemake.input.published))
    sets = [read_set(Path(each["path"]), each["sha256"], each["source"]) for each in p.sets]
    crystals = {name: read(path) for name, path in zip(p.computed, snakemake.input.crystals, strict=True)}
    own = [
        own_values(read_table(Path(path), "critical_temperatures"), crystals, p.mu_star) for path in snakemake.input.tc
    ]
    table = predictions(merged(merged(sum(sets, []), known), sum(own, [])), SoapSettings(**p.soap))
    write_table(table, snakemake.output.table, "tc_model")
