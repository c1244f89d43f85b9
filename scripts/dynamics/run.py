"""One run: start structure, then the engine that its method names."""

from pathlib import Path

from qcrystal.analysis.equilibration import mean_lattice_constant, mean_shape
from qcrystal.crystal.cells import start_structure
from qcrystal.crystal.prototype import Prototype
from qcrystal.dynamics import run as dispatch
from qcrystal.dynamics.spec import RunSpec
from qcrystal.dynamics.start import run_start
from qcrystal.io.structures import write_structures
from qcrystal.io.tables import read_table
from qcrystal.potential.trained import read_trained_pressures
from qcrystal.provenance.job import job

with job(snakemake):
    given, params = snakemake.input, snakemake.params
    spec, prototype = RunSpec(**params.specification), Prototype(**params.prototype)
    eos, phonons = read_table(given.eos, "equation_of_state"), read_table(given.phonons, "phonons")
    energy = read_table(given.energy, "harmonic_energy")
    mean = shape = None
    if spec.cell_of is not None:
        thermo, source = read_table(given.cell[0], "thermo"), RunSpec(**params.cell_of[0])
        mean = mean_lattice_constant(thermo, start_structure(prototype, source, 1.0).cell.volume)
        shape = mean_shape(thermo, prototype, source.basis, source.repeat, prototype.cell_parameters(mean).volume)
    structure = run_start(spec, prototype, eos, phonons, energy, mean, shape)
    start, trained = Path(snakemake.output.start), read_trained_pressures(given.trained)
    write_structures([structure], start)
    dispatch.run(spec, structure, Path(given.model), start.parent, params.max_frequency, snakemake.threads, trained)
