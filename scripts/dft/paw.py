"""Generate the PAW sets that the installed data lack."""

import os
import shutil
from pathlib import Path

from qcrystal.dft.frames import generate_paw, gpaw_python
from qcrystal.provenance.record import job

with job(snakemake):
    python = gpaw_python(snakemake.params.python)
    folder = Path(snakemake.output.folder)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for element in snakemake.params.elements:
        generate_paw(python, element, snakemake.params.functional, partial)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)
