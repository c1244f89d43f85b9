"""Rates of hops that tunnel in all dimensions, by ring-polymer instantons."""

from qcrystal.crystal.cells import conventional_cell
from qcrystal.crystal.prototype import Prototype
from qcrystal.io.tables import read_table, write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.engines import open_potential
from qcrystal.provenance.job import job
from qcrystal.statics.hop_path import BandEffort, find_hop
from qcrystal.statics.hop_tunnelling import instanton_table
from qcrystal.variational.energies import DeepEnergies

with job(snakemake):
    p, given = snakemake.params, snakemake.input
    size = float(read_table(given.saddles, "hop_saddles")["lattice_constant"].iloc[0])
    crystal = conventional_cell(Prototype(**p.prototype), size).repeat(p.effort["repeat"])
    band = BandEffort(tuple(p.effort["repeat"]), *(p.effort[name] for name in ("images", "force", "steps")))
    calculator = DeepPotential(given.model, p.engine)
    hops = {name: find_hop(calculator, crystal, p.mobile, name, band) for name in p.mechanisms}
    potential = open_potential(given.model, p.engine)

    def forces(hop):
        """Energies and forces in the cell of a hop."""
        start = hop.images[0]
        energies = DeepEnergies(potential, start.get_chemical_symbols())
        return lambda positions: energies(positions, start.cell.array)[:2]

    table = instanton_table(hops, forces, p.masses, p.temperatures, p.beads)
    write_table(table, snakemake.output.table, "hop_instantons")
