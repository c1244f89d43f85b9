"""What errors of the enthalpies do to the hull: losses of its threshold, and ranges of the funnel's counts."""

import pandas as pd

from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job
from qcrystal.search.funnel import Thresholds, told
from qcrystal.search.hull_errors import funnel_range, known_errors, loss_table, search_of

with job(snakemake):
    p, given = snakemake.params, snakemake.input
    table, thresholds = read_table(given.all, "ternary_all"), Thresholds(**p.thresholds)
    search = search_of(table, read_table(given.references, "ternary_references"))
    dft, members = read_table(given.dft, "ternary_dft"), read_table(given.committee, "ternary_committee")
    errors = known_errors(search, dft, members, p.error)
    losses = loss_table(search, errors, thresholds.hull, p.draws, p.seed)
    ranges = pd.concat([funnel_range(search, each, thresholds, p.draws, p.seed) for each in errors])
    write_table(told(losses, table), snakemake.output.losses, "ternary_hull_errors")
    write_table(told(ranges, table), snakemake.output.range, "ternary_funnel_range")
