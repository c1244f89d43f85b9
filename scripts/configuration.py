"""Write the effective configuration."""

import yaml

from qcrystal.provenance import job, write_whole

with job(snakemake):
    write_whole(snakemake.output.file, yaml.safe_dump(snakemake.params.effective, sort_keys=False, allow_unicode=True))
