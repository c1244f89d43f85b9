"""Label one batch of frames with GPAW."""

import json
from pathlib import Path

from qcrystal.dft.frames import gpaw_python, run_gpaw
from qcrystal.files import file_digest, write_whole
from qcrystal.provenance.record import SCRIPTS, job

with job(snakemake):
    labels = Path(snakemake.output.labels)
    settings = labels.with_suffix(".settings.json")
    write_whole(settings, json.dumps(snakemake.params.settings))
    arguments = ["--frames", snakemake.input.frames, "--setups", snakemake.input.setups]
    identity = f"{snakemake.params.code} {file_digest(snakemake.input.setups)}"
    arguments += ["--settings", str(settings), "--identity", identity, "--output", str(labels)]
    python = gpaw_python(snakemake.params.python)
    run_gpaw(python, [str(SCRIPTS / "dft/label.py"), *arguments], f"batch {snakemake.wildcards.batch}")
