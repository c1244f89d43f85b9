"""One run: start structure, then the engine that its method names.

The lattice constant is that of the quasi-harmonic approximation or, of a fixed cell, the mean of a run at constant pressure.
"""

from pathlib import Path

from qcrystal.analysis.statistics import mean_lattice_constant
from qcrystal.crystal.cells import start_structure
from qcrystal.crystal.prototype import Prototype
from qcrystal.dynamics import run as dispatch
from qcrystal.dynamics.spec import RunSpec
from qcrystal.io.structures import write_structures
from qcrystal.io.tables import read_table
from qcrystal.potential.card import trained_pressures
from qcrystal.provenance.job import job
from qcrystal.statics.equation_of_state import shape_at
from qcrystal.statics.quasiharmonic import start_lattice_constant

with job(snakemake) as log:
    spec = RunSpec(**snakemake.params.specification)
    prototype = Prototype(**snakemake.params.prototype)
    eos = read_table(snakemake.input.eos, ["lattice_constant", "volume", "pressure"])
    if spec.cell_of is None:
        lattice_constant = start_lattice_constant(
            eos,
            read_table(snakemake.input.phonons, ["pressure", "lattice_constant", "zero_point_energy"]),
            read_table(snakemake.input.energy, ["pressure", "temperature", "energy_over_3NkB_quantum"]),
            spec.pressure,
            spec.temperature,
            quantum=spec.method != "classical",
        )
    else:
        source = RunSpec(**snakemake.params.cell_of[0])
        lattice_constant = mean_lattice_constant(
            read_table(snakemake.input.cell[0], ["time", "potential_energy", "volume"]),
            start_structure(prototype, source, 1.0).cell.volume,
        )
    log.info(
        "start: lattice constant %.4f Å for %g GPa, from %s",
        lattice_constant,
        spec.pressure,
        f"run {spec.cell_of}" if spec.cell_of else "the quasi-harmonic approximation",
    )
    shaped = shape_at(prototype, eos, lattice_constant)
    structure = start_structure(shaped, spec, shaped.lattice_constant)
    start = Path(snakemake.output.start)
    write_structures([structure], start)
    model = Path(snakemake.input.model)
    trained = trained_pressures(snakemake.input.card)
    dispatch.run(spec, structure, model, start.parent, snakemake.params.max_frequency, snakemake.threads, trained)
