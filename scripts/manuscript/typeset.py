"""Typeset the manuscript with latexmk; its figures, tables and numbers are links to results of the workflow."""

import os
import shutil
import subprocess
from pathlib import Path

from qcrystal.files import identifier
from qcrystal.provenance.job import job

INSTALL = "apt-get install latexmk texlive-publishers texlive-latex-recommended texlive-fonts-recommended"
MARK = r"\pdfobjcompresslevel=0 \pdfinfo{/Keywords (prov_id %s)}"

with job(snakemake) as log:
    if shutil.which("latexmk") is None or shutil.which("pdflatex") is None:
        raise RuntimeError(f"TeX is not installed; on Debian: {INSTALL}")
    pdf = Path(snakemake.output.pdf)
    folder = pdf.parent / "build"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    inputs = [snakemake.input.text, snakemake.input.bibliography, snakemake.input.macros]
    for file in [*inputs, *snakemake.input.figures, *snakemake.input.tables]:
        shutil.copyfile(file, folder / Path(file).name)
    name = Path(snakemake.input.text).stem
    result = subprocess.run(
        [
            "latexmk",
            "-pdf",
            "-interaction=nonstopmode",
            "-halt-on-error",
            f"-usepretex={MARK % identifier()}",
            f"{name}.tex",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"},
    )
    log.info("%s", result.stdout + result.stderr)
    if result.returncode != 0:
        complaints = [line for line in result.stdout.splitlines() if line.startswith("!")]
        raise RuntimeError(f"{snakemake.input.text}: latexmk failed: {(complaints or ['see the log'])[0]}")
    os.replace(folder / f"{name}.pdf", pdf)
    shutil.rmtree(folder)
