"""Mean pressures of a data set's labels, system by system, and how much of them is the atoms' motion."""

from pathlib import Path

from scipy.interpolate import PchipInterpolator

from qcrystal.crystal.cells import primitive_cell
from qcrystal.crystal.prototype import Prototype
from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.dft.label_pressures import label_pressures
from qcrystal.io.tables import read_table, write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.provenance.job import job

with job(snakemake) as log:
    parameters = snakemake.params
    systems = read_dataset(Path(parameters.source), parameters.species)
    eos = read_table(snakemake.input.eos, "equation_of_state").sort_values("lattice_constant")
    cell = primitive_cell(Prototype(**parameters.prototype), 1.0)
    table = label_pressures(
        systems,
        DeepPotential(Path(snakemake.input.model), snakemake.params.engine),
        PchipInterpolator(eos["lattice_constant"], eos["pressure"]),
        cell.get_volume() / len(cell),
    )
    write_table(table, snakemake.output.table, "label_pressures")
    log.info("%d systems, %d frames", len(table), table["frames"].sum())
