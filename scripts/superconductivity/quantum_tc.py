"""T_c with phonons that motion renormalises, beside harmonic ones."""

from qcrystal.io.tables import write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.provenance.job import job
from qcrystal.statics.self_consistent import SelfConsistentSettings
from qcrystal.superconductivity.quantum_phonons import compound_with_motion

with job(snakemake):
    p = snakemake.params
    table = compound_with_motion(
        p.compound,
        p.sources,
        DeepPotential(snakemake.input.model, p.engine),
        p.temperature,
        SelfConsistentSettings([p.temperature], p.effort["snapshots"], p.effort["iterations"], p.seed),
        p.multiple,
        p.mu_star,
        p.lowest_frequency,
    )
    write_table(table, snakemake.output.table, "quantum_temperatures")
