"""Library behind the workflow: quantum crystals from DFT labels to figures. It never imports snakemake."""
