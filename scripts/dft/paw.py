"""Generate the PAW sets that the installed data lack."""

from qcrystal.config.dft import PawSet
from qcrystal.dft.gpaw_process import generate_paw_sets, gpaw_python
from qcrystal.provenance.job import job

with job(snakemake):
    parameters = snakemake.params
    python = gpaw_python(parameters.python)
    generate_paw_sets(
        python,
        {element: PawSet(**given) for element, given in parameters.sets.items()},
        parameters.functional,
        snakemake.output.folder,
    )
