"""The whole workflow at scale smoke, from the shipped labels to every figure, table and number; then nothing to do."""

import json
import math
import shutil

import pandas as pd
import pytest
import yaml
from figure_drawing import FIGURES

from qcrystal.config.load import load
from qcrystal.provenance.embedded import embedded_identifier

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def results(finished):
    return finished.folder / "results" / "lah10" / "smoke"


def test_every_published_figure_is_there(results, root):
    published = yaml.safe_load((root / "config" / "crystals" / "lah10" / "published.yaml").read_text())
    for figure in published["figures"]:
        if not figure["id"].startswith("qin_"):
            continue
        suffixes = ("csv", "tex") if "_table" in figure["id"] else ("pdf", "png")
        for suffix in suffixes:
            assert (results / "figures" / f"{figure['id']}.{suffix}").stat().st_size > 100


def test_a_second_run_has_nothing_to_do(finished):
    process = finished.snakemake(*finished.SMOKE)
    assert process.returncode == 0
    assert "Nothing to be done" in process.stdout + process.stderr


def test_without_its_memory_snakemake_still_has_nothing_to_do(finished):
    """A results folder that was copied comes without .snakemake: modification times alone must not start anything."""
    memory = finished.folder / ".snakemake"
    shutil.move(memory, finished.folder / "memory")
    try:
        process = finished.snakemake(*finished.SMOKE, "-n")
        assert "Nothing to be done" in process.stdout + process.stderr
    finally:
        shutil.rmtree(memory, ignore_errors=True)
        shutil.move(finished.folder / "memory", memory)


def test_every_run_kept_its_atoms_and_its_pressure_is_finite(finished, results):
    from qcrystal.dynamics.trajectory import Trajectory

    trajectories = sorted((results / "dynamics").glob("*/trajectory.h5"))
    settings = yaml.safe_load((finished.folder / "config" / "config.yaml").read_text()) | {"scale": "smoke"}
    assert {path.parent.name for path in trajectories} == set(load(settings, finished.folder).runs)
    for path in trajectories:
        trajectory = Trajectory(path)
        spec = trajectory.spec
        of_a_cell = {"conventional": 44, "primitive": 11}[
            spec.basis
        ]  # four formula units LaH10 in the cube of the fcc lattice
        assert len(trajectory.species) == of_a_cell * math.prod(spec.repeat) - spec.vacancies
        assert spec.run == path.parent.name
        thermo = pd.read_csv(path.parent / "thermo.csv", comment="#")
        assert thermo.notna().all().all()
        # A crystal that holds together: hydrogen far below the 20 000 K at which a run counts as exploded.
        assert thermo.kinetic_H.max() < 1.0


def test_every_result_has_its_record(results):
    for path in (results / "figures").glob("*.png"):
        record = json.loads(path.with_suffix(".prov.json").read_text())
        assert {output["path"] for output in record["outputs"]} >= {f"results/lah10/smoke/figures/{path.name}"}
        assert record["deterministic"]["inputs"] and record["prov_id"]


def test_every_figure_table_and_number_links_to_a_page_of_its_origin(results):
    page = (results / "index.html").read_text(encoding="utf-8")
    names = [*FIGURES, "numbers"]
    assert {path.stem for path in (results / "audit").glob("*.html")} == set(names)
    for name in names:
        assert f'href="audit/{name}.html' in page
        origin = (results / "audit" / f"{name}.html").read_text(encoding="utf-8")
        assert "data/lah10-gpaw" in origin or "config/crystals/lah10" in origin
        assert "do not belong together" not in origin


def test_numbers_become_macros(results):
    numbers = json.loads((results / "manuscript" / "numbers.json").read_text())["numbers"]
    macros = (results / "manuscript" / "numbers.tex").read_text()
    assert numbers and all(rf"\newcommand{{\{name}}}" in macros for name in numbers)


def test_manuscript_is_typeset(finished, results):
    if shutil.which("latexmk") is None or shutil.which("pdflatex") is None:
        process = finished.snakemake("paper", *finished.SMOKE)
        assert process.returncode != 0 and "apt-get install latexmk" in process.stdout + process.stderr
        pytest.skip("TeX is not installed: apt-get install latexmk texlive-publishers (its absence is reported)")
    process = finished.snakemake("paper", *finished.SMOKE)
    assert process.returncode == 0, (process.stdout + process.stderr)[-4000:]
    record = json.loads((results / "manuscript" / "lah10.prov.json").read_text())
    # its own identifier, and not one of the figures that it includes
    assert embedded_identifier(results / "manuscript" / "lah10.pdf") == record["prov_id"]
