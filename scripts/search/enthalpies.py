"""Static enthalpies of the prototype and of the crystals that the search found, with a committee's opinion of each."""

from qcrystal.crystal.prototype import Prototype
from qcrystal.io.structures import write_structures
from qcrystal.io.tables import write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.trained import read_trained_pressures
from qcrystal.provenance.job import job
from qcrystal.search.candidates import read_all_candidates, total_counts
from qcrystal.search.enthalpies import committee_columns, enthalpies
from qcrystal.search.settle import SearchTask
from qcrystal.statics.coverage import beyond_training, covered_pressures
from qcrystal.statics.relax import Effort, pair_distances

with job(snakemake):
    p, trained = snakemake.params, read_trained_pressures(snakemake.input.trained)
    task = SearchTask(
        DeepPotential(snakemake.input.model, p.engine),
        Prototype(**p.prototype),
        covered_pressures(p.pressures, trained, p.number_of_pressures, p.beyond_training),
        Effort(max_steps=p.max_steps, shortest=pair_distances(p.shortest)),
    )
    result = enthalpies(task, read_all_candidates(snakemake.input.candidates), p.phases, p.keep)
    table = result.table.assign(beyond_training=beyond_training(result.table["pressure"], trained))
    write_structures(result.structures, snakemake.output.structures)
    opinions = committee_columns(snakemake.input.committee, result.structures, p.engine)
    write_table(table.join(opinions), snakemake.output.table, "enthalpies")
    write_table(result.found, snakemake.output.found, "found_crystals")
    write_table(total_counts(snakemake.input.counts), snakemake.output.counts, "search_counts")
