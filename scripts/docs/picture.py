"""One picture of the documentation."""

import subprocess
import sys
from pathlib import Path

from qcrystal.crystal.prototype import Prototype
from qcrystal.docs import house, pictures
from qcrystal.provenance.job import job

with job(snakemake):
    name = snakemake.wildcards.picture
    if name == "workflow":
        command = [sys.executable, "-m", "snakemake", "--rulegraph", "--nolock", "--forceall", "--quiet", "all"]
        plans = [[*command, "--config", *plan] for plan in snakemake.params.plans]
        graphs = [subprocess.run(plan, capture_output=True, text=True, check=True).stdout for plan in plans]
        figure = pictures.flow(house.stages(graphs, Path("rules")))
    elif name == "house":
        figure = pictures.house(house.rooms(Path("scripts/qcrystal")))
    elif name == "invariants":
        figure = pictures.invariants(Path(snakemake.input.tried))
    elif name == "speed":
        figure = pictures.speed(Path(snakemake.input.speed))
    elif name == "cage":
        figure = pictures.cage(Prototype(**snakemake.params.prototype))
    else:
        figure = {"bath": pictures.bath, "beads": pictures.beads}[name]()
    pictures.save(figure, Path(snakemake.output.picture))
