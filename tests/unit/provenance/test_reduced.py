"""Reduced results become results again in a fresh clone, and the audit tells what was left out from what is lost."""

from __future__ import annotations

import json
import shutil

import pytest
from small_repository import S, edit_record, flip, small_repository

from qcrystal.provenance import reduced
from qcrystal.provenance.nodes import Expected


@pytest.fixture
def repository(tmp_path, monkeypatch):
    return small_repository(tmp_path, monkeypatch)


def clone(made) -> None:
    """Leave what a fresh clone has: the committed files, without results."""
    shutil.rmtree(made.folder / "results" / "lah10")


def test_a_fresh_clone_is_verified_without_the_model(repository):
    """The model stands for a trajectory: no figure reads it, so its digest alone is kept."""
    files, size = reduced.write(repository.folder, repository.expected, "lah10", "smoke")
    assert files > 6 and size < 1_000_000  # the model has 2 MB
    clone(repository)
    assert reduced.restore(repository.folder, "lah10", "smoke") == files + 1
    assert not (repository.folder / S / "model/model.pb").exists()
    assert repository.verdicts() == {}
    flags = [flag for node in repository.audit().nodes.values() for flag in node.flags]
    assert sum("left out of the committed results" in flag for flag in flags) == 1
    times = {path.stat().st_mtime for path in (repository.folder / S).rglob("*") if path.is_file()}
    assert len(times) == 1  # none is older than what it is made from


def test_results_are_never_replaced(repository):
    reduced.write(repository.folder, repository.expected, "lah10", "smoke")
    assert reduced.restore(repository.folder, "lah10", "smoke") == 0
    assert (repository.folder / S / "model/model.pb").exists()


def test_a_table_that_was_changed_in_the_clone_is_found(repository):
    reduced.write(repository.folder, repository.expected, "lah10", "smoke")
    clone(repository)
    reduced.restore(repository.folder, "lah10", "smoke")
    flip(repository.folder / S / "tables/sweep.csv", -2)
    assert "TAMPERED" in repository.verdicts().values()


def test_a_list_of_what_is_left_out_counts_only_as_committed(repository):
    """Else whoever loses a file could excuse it."""
    reduced.write(repository.folder, repository.expected, "lah10", "smoke")
    clone(repository)
    reduced.restore(repository.folder, "lah10", "smoke")
    edit_record(repository.folder / S / reduced.LEFT_OUT, lambda known: known.update({"more": "0" * 64}))
    assert "MISSING" in repository.verdicts().values()


def test_what_figures_need_is_never_left_out(repository):
    reduced.write(repository.folder, repository.expected, "lah10", "smoke")
    known = json.loads((repository.folder / reduced.place("lah10", "smoke") / reduced.LEFT_OUT).read_text())
    assert list(known) == [f"{S}/model/model.pb"]


def test_what_runs_start_from_is_kept(repository):
    """A run that goes on in a clone reads the file that earlier runs have read, not one that was made anew there."""
    run = Expected(
        "run", {}, (f"{S}/model/model.pb",), (f"{S}/dynamics/one/report.json", f"{S}/dynamics/one/run.prov.json")
    )
    reduced.write(repository.folder, [*repository.expected, run], "lah10", "smoke")
    before = (repository.folder / S / "model/model.pb").read_bytes()
    clone(repository)
    reduced.restore(repository.folder, "lah10", "smoke")
    assert (repository.folder / S / "model/model.pb").read_bytes() == before


def test_another_run_joins_a_sweep_in_a_clone(repository):
    """The tables of the runs that have ended are kept, as their trajectories are not; those of no figure are not kept."""
    tables = {name: f"{S}/analysis/runs/one/{name}.csv" for name in ("summary", "paths")}
    for name, path in tables.items():
        repository.job("observe", [], [path], lambda made, name=name: made.write_text(name), "draw.py")
    collect = Expected("collect", {}, (tables["summary"],), (f"{S}/tables/sweep.csv", f"{S}/tables/sweep.prov.json"))
    others = [job for job in repository.expected if job.rule not in ("collect", "observe")]
    reduced.write(repository.folder, [*others, collect], "lah10", "smoke")
    clone(repository)
    reduced.restore(repository.folder, "lah10", "smoke")
    assert {name: (repository.folder / path).is_file() for name, path in tables.items()} == {
        "summary": True,
        "paths": False,
    }


def test_figures_that_wait_for_tables_are_named(repository):
    (repository.folder / S / "tables/sweep.csv").unlink()
    ready, lacking = reduced.available(repository.folder, repository.expected, S)
    assert not ready and lacking == {name: [f"{S}/tables/sweep.csv"] for name in ("first", "second")}


def test_nothing_committed_is_told_in_one_line(repository):
    clone(repository)
    with pytest.raises(reduced.ReducedError, match="no reduced results of lah10 at scale smoke are committed"):
        reduced.restore(repository.folder, "lah10", "smoke")
    with pytest.raises(reduced.ReducedError, match="there are no results"):
        reduced.write(repository.folder, repository.expected, "lah10", "smoke")
    assert not (repository.folder / reduced.TOP).exists()


def test_too_large_results_are_refused_and_name_the_largest(repository, monkeypatch):
    monkeypatch.setattr(reduced, "LARGEST", 1000)
    with pytest.raises(reduced.ReducedError, match="make them smaller"):
        reduced.write(repository.folder, repository.expected, "lah10", "smoke")
    assert not (repository.folder / reduced.place("lah10", "smoke")).exists()


def test_runs_without_a_record_and_dear_tables_have_not_ended(repository):
    jobs = [
        Expected("run", {}, (), (f"{S}/dynamics/{name}/report.json", f"{S}/dynamics/{name}/run.prov.json"))
        for name in ("done", "killed")
    ]
    jobs.append(
        Expected("figure_x", {}, (f"{S}/search/enthalpies.csv", f"{S}/statics/eos.csv"), (f"{S}/figures/x.png",))
    )
    (repository.folder / S / "dynamics/done").mkdir(parents=True)
    (repository.folder / S / "dynamics/done/run.prov.json").write_text("{}")
    found = reduced.unfinished(repository.folder, jobs, S, ["search"])
    assert found == {
        "runs": ["killed"],
        "tables": ["search/enthalpies.csv"],
    }  # the equation of state takes a minute: it is made


def test_the_page_of_figures_is_made_anew_with_them(repository):
    """Else an audit after the figures were redrawn would say that the page shows other ones."""
    page = Expected("index", {}, (f"{S}/figures/first.png",), (f"{S}/index.html", f"{S}/index.prov.json"))
    ready, _ = reduced.available(repository.folder, [*repository.expected, page], S)
    assert {job.rule for job in ready} == {"first", "second", "index"}
