"""Label one batch of frames with GPAW."""

from qcrystal.dft.gpaw_process import gpaw_python, run_program
from qcrystal.files import file_digest
from qcrystal.provenance.job import job

with job(snakemake):
    parameters, frames, setups = snakemake.params, snakemake.input.frames, snakemake.input.setups
    python, identity = gpaw_python(parameters.python), f"{parameters.code} {file_digest(setups)}"
    run_program(python, "label.py", frames, setups, parameters.settings, snakemake.output.labels, identity)
