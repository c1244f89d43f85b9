"""Write the effective configuration."""

import yaml

from qcrystal.files import write_whole
from qcrystal.provenance.job import job

with job(snakemake):
    write_whole(snakemake.output.file, yaml.safe_dump(snakemake.params.effective, sort_keys=False, allow_unicode=True))
