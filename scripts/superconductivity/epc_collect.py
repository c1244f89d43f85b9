"""Couplings of every phonon and α²F of every compound."""

import pandas as pd

from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job
from qcrystal.superconductivity.tables import coupling_table, spectrum_table

with job(snakemake):
    p = snakemake.params
    couplings = [coupling_table(name, each) for name, each in p.compounds.items()]
    write_table(pd.concat(couplings, ignore_index=True), snakemake.output.couplings, "couplings")
    spectra = [spectrum_table(name, each, p.lowest_frequency, p.phonon_width) for name, each in p.compounds.items()]
    write_table(pd.concat(spectra, ignore_index=True), snakemake.output.spectra, "spectral_functions")
