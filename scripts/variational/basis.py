"""The crystal at rest of a variational calculation, and its phonon basis."""

from qcrystal.crystal.prototype import Prototype
from qcrystal.io.tables import read_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.engines import open_potential
from qcrystal.provenance.job import job
from qcrystal.variational.crystal import crystal_at_rest, crystal_basis, shaped_prototype, write_basis
from qcrystal.variational.small_batches import batched
from qcrystal.variational.spec import NctSpec

STATICS = {"eos": "equation_of_state", "phonons": "phonons", "energy": "harmonic_energy"}

with job(snakemake):
    given, params = snakemake.input, snakemake.params
    spec = NctSpec(**params.specification)
    eos, phonons, energy = (
        read_table(given[role], schema) if given[role] else None for role, schema in STATICS.items()
    )
    prototype = shaped_prototype(spec, Prototype(**params.prototype), eos, (phonons, energy))
    atoms = crystal_at_rest(DeepPotential(given.model, spec.engine), prototype, spec)
    potential = batched(open_potential(given.model, spec.engine), atoms.get_chemical_symbols())
    write_basis(snakemake.output.basis, crystal_basis(atoms, potential, spec), atoms, atoms.get_potential_energy())
