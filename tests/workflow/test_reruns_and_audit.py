"""Which jobs run again after an edit, and the audit's verdicts on real results."""

import contextlib
import json
import os
import shutil
import subprocess
import sys

import pytest
import yaml
from figure_drawing import FIGURES

pytestmark = pytest.mark.timeout(1800)
PAGES = {"index", "origin_pages", "figures"}  # made again with each figure


@contextlib.contextmanager
def changed(path, change):
    """Change a file's text, and put it back with its times."""
    content, status = path.read_bytes(), path.stat()
    path.write_text(change(content.decode()))
    try:
        yield
    finally:
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@contextlib.contextmanager
def flipped(path):
    """Flip a byte in the middle and keep the time; then put it back."""
    content, status = path.read_bytes(), path.stat()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    try:
        yield
    finally:
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def audit(workspace, *arguments):
    """Run the audit as a user does; returns its exit status and its answer."""
    process = subprocess.run(
        [sys.executable, "-m", "qcrystal", "audit", "--scale", "smoke", "--json", *arguments],
        cwd=workspace.folder,
        env=os.environ | {"PYTHONPATH": str(workspace.folder / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode in (0, 1), process.stderr
    return process.returncode, json.loads(process.stdout)


def bad(answer):
    """Path -> verdict of the nodes that are not verified."""
    return {node["path"]: node["verdict"] for node in answer["nodes"] if node["verdict"] != "VERIFIED"}


def test_a_comment_reruns_nothing_and_a_constant_reruns_what_depends_on_it(finished):
    path = finished.folder / "scripts" / "qcrystal" / "figures" / "energies.py"
    with changed(path, lambda text: text + "\n# a remark\n"):
        assert finished.planned(*finished.SMOKE) == {}
    with changed(path, lambda text: text + "\nUNUSED_CONSTANT = 2\n"):
        jobs = set(finished.planned(*finished.SMOKE))
    with changed(path, lambda text: text + "\nUNUSED_CONSTANT = 2\n"):
        status, answer = audit(finished)
    importers = {
        name
        for name, figure in FIGURES.items()
        if "figures.energies import" in (finished.folder / f"scripts/qcrystal/figures/{figure.kind}.py").read_text()
    }
    # the figures whose module imports it, and the pages that show them
    assert jobs == {*(f"figure_{name}" for name in importers), *PAGES}
    assert status == 1 and set(bad(answer).values()) == {"CODE-CHANGED"}
    assert {path.split("/")[-1].removesuffix(".prov.json") for path in bad(answer)} == importers


def test_a_caption_redraws_its_figure_alone(finished):
    path = finished.folder / "config" / "crystals" / "lah10" / "figures.yaml"

    def other_caption(text):
        document = yaml.safe_load(text)
        document["figures"]["qin_fig3b_zero_point"]["caption"] = "Zero-point temperature."
        return yaml.safe_dump(document, sort_keys=False)

    with changed(path, other_caption):
        assert set(finished.planned(*finished.SMOKE)) == {"figure_qin_fig3b_zero_point", *PAGES}
    with changed(path, lambda text: text.replace("color_range: 1.7", "color_range: 1.8")):
        jobs = {"figure_qin_fig2a_phase_classical", "figure_qin_figS_phase_qtb", "figure_overview", *PAGES}
        assert set(finished.planned(*finished.SMOKE)) == jobs


def after(marker, line):
    """A change that puts a line of code before a marker."""
    return lambda text: text.replace(marker, f"{line}\n\n\n{marker}", 1)


def test_records_audits_and_processes_rerun_nothing_and_the_integrator_all_dynamics(finished):
    """And what follows from it; an edited docstring reruns nothing."""
    library = finished.folder / "scripts" / "qcrystal"
    watching = {
        "provenance/audit.py": "class Audit:",
        "provenance/job.py": "def _log_to",
        "processes.py": "def choose(",
    }
    for name, marker in watching.items():
        assert marker in (library / name).read_text()
        with changed(library / name, after(marker, "ADDED = 1")):
            assert finished.planned(*finished.SMOKE) == {}, name
    bath = library / "dynamics" / "bath" / "thermal.py"
    with changed(bath, lambda text: text.replace('"""', '"""Edited. ', 1)):
        assert finished.planned(*finished.SMOKE) == {}
    with changed(bath, after("class ThermalBath", "ADDED = 1")):
        jobs = finished.planned(*finished.SMOKE)
    runs = len(list((finished.folder / "results/lah10/smoke/dynamics").glob("*/run.prov.json")))
    assert jobs["run"] == jobs["observe"] == runs and {"collect", "numbers", "figure_qin_fig5_msd"} <= set(jobs)
    assert not set(jobs) & {"dataset", "train", "parity", "equation_of_state", "phonons", "enthalpy", "search_random"}


def test_results_can_be_audited_where_nothing_can_be_written(finished):
    """As on a disc that was handed over; root may write anywhere, so times tell."""
    before = {path: path.lstat().st_mtime_ns for path in finished.folder.rglob("*") if ".snakemake" not in path.parts}
    status, answer = audit(finished, "qin_fig5_msd")
    assert status == 0
    after = {path: path.lstat().st_mtime_ns for path in finished.folder.rglob("*") if ".snakemake" not in path.parts}
    assert {path for path in after if "__pycache__" not in path.parts and after[path] != before.get(path)} == set()


def test_a_broken_configuration_leaves_the_other_verdicts(finished):
    """The workflow cannot be read then; that is one fault, and the rest is audited all the same."""
    path = finished.folder / "config" / "crystals" / "lah10" / "published.yaml"
    with changed(path, lambda text: text + "junk: [\n"):
        status, answer = audit(finished, "qin_fig5_msd")
    assert status == 1 and bad(answer)["Snakefile"] == "CONFIG-CHANGED"
    assert "VERIFIED" in {node["verdict"] for node in answer["nodes"] if node["rule"] == "run"}


def test_a_fresh_checkout_reruns_nothing(finished):
    """All files of the repository are newer than the results and the same; the largest has 10 MB."""
    tops = ("Snakefile", "rules", "scripts", "config", "profiles", "envs", "data", "models", "manuscript")
    paths = [path for name in tops for path in (finished.folder / name, *(finished.folder / name).rglob("*"))]
    times = {path: path.stat() for path in paths}
    for path in paths:
        os.utime(path)
    try:
        assert finished.planned(*finished.SMOKE) == {}
    finally:
        for path, status in times.items():
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_configuration_that_no_result_uses_reruns_nothing_and_the_rest_what_uses_it(finished, tmp_path):
    config = finished.folder / "config" / "config.yaml"
    with changed(config, lambda text: text.replace("device: cpu", "device: cpu   # as before")):
        assert finished.planned(*finished.SMOKE) == {}
    system = finished.folder / "config" / "crystals" / "lah10" / "crystal.yaml"
    assert "max_frequency:" in system.read_text()
    scale = finished.folder / "config" / "scales" / "smoke.yaml"
    with changed(scale, lambda text: text.replace("converged_length: 20", "converged_length: 21")):
        assert "converged_length: 21" in scale.read_text()
        jobs = set(finished.planned(*finished.SMOKE))
        follows = {*PAGES, "numbers"}  # the paper's numbers hold the verdicts of the table of claims
        assert jobs and jobs <= {*(f"figure_{name}" for name in FIGURES), *follows, "configuration"}
        memory = finished.folder / ".snakemake"
        shutil.copytree(memory, tmp_path / "memory", symlinks=True)
        finished.snakemake(*finished.SMOKE, "--touch")  # tells Snakemake that all is as it should be
        status, answer = audit(finished)
        shutil.rmtree(memory)
        shutil.move(tmp_path / "memory", memory)
        assert status == 1 and set(bad(answer).values()) == {"CONFIG-CHANGED"}
        assert {path.split("/")[-1].removesuffix(".prov.json") for path in bad(answer)} == {
            job.removeprefix("figure_") for job in jobs - follows
        }


def test_the_clean_results_are_verified_without_snakemakes_memory_too(finished):
    status, answer = audit(finished)
    assert bad(answer) == {} and status == 0
    assert len(answer["nodes"]) > 100
    memory = finished.folder / ".snakemake"
    memory.rename(finished.folder / "memory")
    try:
        status, again = audit(finished)
    finally:
        if memory.exists():
            subprocess.run(["rm", "-r", memory], check=True)
        (finished.folder / "memory").rename(memory)
    assert (status, again) == (0, answer)


def test_a_flipped_byte_names_exactly_what_hangs_on_it(finished):
    """The figures that read a sweep with this run, by the list of figures and the configuration: an independent way."""
    from qcrystal.config.load import load

    values = yaml.safe_load((finished.folder / "config" / "config.yaml").read_text(encoding="utf-8"))
    loaded = load(values | {"scale": "smoke", "start": "labels"}, finished.folder)
    run = sorted(loaded.sweeps["leakage_qtb"])[0]
    sweeps = {name for name, runs in loaded.sweeps.items() if run in runs}
    figures = {name for name, figure in FIGURES.items() if sweeps & set(figure.sweeps)}
    path = f"results/lah10/smoke/analysis/runs/{run}/summary.csv"
    with flipped(finished.folder / path):
        status, answer = audit(finished)
    (node,) = (node for node in answer["nodes"] if node["verdict"] != "VERIFIED")
    assert status == 1 and node["verdict"] == "TAMPERED" and path in node["files"]
    reached = {file.split("/")[-1].split(".")[0] for file in node["affects"]} & set(FIGURES)
    assert reached == figures
    assert {file.split("/")[-2] for file in node["affects"] if "analysis/sweeps/" in file} == sweeps


def test_a_large_input_that_kept_its_time(finished):
    path = finished.folder / "results/lah10/smoke/potential/lah10-gpaw/model.pb"
    assert path.stat().st_size > 1e6
    with flipped(path):
        assert finished.planned(*finished.SMOKE) == {}  # Snakemake cannot see it
        status, answer = audit(finished, "qin_fig3a_energy")
    assert status == 1 and list(bad(answer).values()) == ["TAMPERED"]


def test_an_undeclared_file_is_named(finished):
    """A script that reads a file behind the rule's back, through the workflow itself."""
    script, prov = (
        finished.folder / "scripts" / "manuscript" / "numbers.py",
        finished.folder / "results/lah10/smoke/manuscript/numbers.prov.json",
    )
    with changed(script, lambda text: text + '    open("config/config.yaml").read()\n'):
        process = finished.snakemake("numbers", *finished.SMOKE)
        assert process.returncode == 0, process.stderr[-2000:]
        status, answer = audit(finished, "results/lah10/smoke/manuscript/numbers.json")
        assert bad(answer) == {"results/lah10/smoke/manuscript/numbers.prov.json": "UNDECLARED"}
        assert "config/config.yaml" in json.loads(prov.read_text())["undeclared"]
    process = finished.snakemake(*finished.SMOKE)  # the page that shows the numbers too
    assert process.returncode == 0 and finished.planned(*finished.SMOKE) == {}


def test_the_workflows_own_report_has_every_figure(finished, tmp_path):
    report = tmp_path / "report.html"
    process = finished.snakemake(*finished.SMOKE, "--report", report)
    assert process.returncode == 0, (process.stdout + process.stderr)[-2000:]
    text = report.read_text()
    figures = [name for name, figure in FIGURES.items() if figure.what.output == "figure"]
    assert all(name in text for name in figures)
    assert all(FIGURES[name].category in text for name in figures)
