"""The search over Ca-Y-H with its stand-in, from compositions to every figure; and a second turn of its learning loops."""

import shutil

import pytest
import yaml

from qcrystal.config.layers import put_over
from qcrystal.io.tables import read_table

pytestmark = pytest.mark.timeout(1800)
LOOPS = "results/ca-y-h/smoke/search/ternary/loops.csv"
ARGUMENTS = ("--config", "crystal=ca-y-h", "scale=./smoke.yaml")


def write_scale(root, workspace, **effort):
    """Scale smoke without the compared trainings, which tests of the trainers do, and without the table that they make."""
    general, own = (root / "config/scales/smoke.yaml", root / "config/crystals/ca-y-h/scales/smoke.yaml")
    scale = put_over(*(yaml.safe_load(path.read_text()) for path in (general, own)))
    scale["ternary"].update(trainings=[], draws=10, **effort)
    scale["left_out"] = ["x_ternary_errors"]
    (workspace.folder / "smoke.yaml").write_text(yaml.safe_dump(scale))


def test_a_plan_has_each_turn_of_the_loops_once(root, workspace):
    write_scale(root, workspace, turns=3)
    planned = workspace.planned(LOOPS, *ARGUMENTS)
    batches = planned["ternary_relax"]
    assert planned["ternary_turn_relax"] == planned["ternary_turn_generate"] == 2 * batches
    assert [planned[f"ternary_turn_{name}"] for name in ("stand_in", "references", "hull", "select", "loops")] == [
        2
    ] * 5
    assert planned["ternary_turns"] == planned["ternary_loops"] == 1


def test_without_gpaw_a_search_is_planned_and_one_line_says_what_it_lacks(root, workspace, tmp_path):
    """With GPAW the same plan has the labels; the released potential searches."""
    scale = put_over(
        *(
            yaml.safe_load((root / path).read_text())
            for path in ("config/scales/laptop.yaml", "config/crystals/ca-y-h/scales/laptop.yaml")
        )
    )
    scale["ternary"].update(dft=True, trainings=[])
    scale["left_out"] = ["x_ternary_errors"]
    (workspace.folder / "smoke.yaml").write_text(yaml.safe_dump(scale))
    path = tmp_path / "bin"
    path.mkdir()
    (path / "which").symlink_to(shutil.which("which"))
    target = "results/ca-y-h/smoke/search/ternary/rejects.csv"
    process = workspace.snakemake(target, *ARGUMENTS, "-n", PATH=str(path))
    text = process.stdout + process.stderr
    assert process.returncode == 0, text[-4000:]
    assert text.count("leaves F5 and the rejects untested: GPAW is not installed; on Debian: apt-get install gpaw") == 1
    assert "rule ternary_rejects" in text and "rule ternary_label" not in text
    command = path / "gpaw"
    command.write_text("#!/usr/bin/python3\n")
    command.chmod(0o755)
    process = workspace.snakemake(target, *ARGUMENTS, "-n", PATH=str(path))
    assert "rule ternary_label" in process.stdout + process.stderr
    scale["ternary"]["dft"] = False
    (workspace.folder / "smoke.yaml").write_text(yaml.safe_dump(scale))
    process = workspace.snakemake(target, *ARGUMENTS, "-n", PATH=str(path))
    text = process.stdout + process.stderr
    assert "rule ternary_label" not in text and "untested" not in text


@pytest.fixture(scope="module")
def searched(root, shared_workspace):
    write_scale(root, shared_workspace)
    process = shared_workspace.snakemake(*ARGUMENTS)
    assert process.returncode == 0, (process.stdout + process.stderr)[-4000:]
    return shared_workspace


@pytest.mark.slow
def test_every_figure_is_drawn_and_a_second_run_has_nothing_to_do(searched, root):
    figures = yaml.safe_load((root / "config/crystals/ca-y-h/figures.yaml").read_text())["figures"]
    folder = searched.folder / "results/ca-y-h/smoke/figures"
    for name in set(figures) - {"x_ternary_errors"}:
        assert {path.suffix for path in folder.glob(f"{name}.*")} & {".png", ".csv"}, name
    kept = read_table(folder.parent / "search/ternary/funnel.csv", "ternary_funnel")["kept"].tolist()
    assert kept == sorted(kept, reverse=True) and kept[0] > 0  # a stage adds nothing
    assert searched.planned(*ARGUMENTS) == {}


@pytest.mark.slow
def test_a_second_turn_plans_no_job_of_the_search_again(searched, root):
    write_scale(root, searched, turns=2)
    planned = searched.planned(LOOPS, *ARGUMENTS)
    write_scale(root, searched)
    loops = {"ternary_select", "ternary_loops", "ternary_turns"}
    assert {name for name in planned if not name.startswith("ternary_turn_")} - {"total"} == loops
    assert planned["ternary_turn_relax"] == 5


@pytest.mark.slow
def test_the_second_turn_has_learnt_what_the_first_labelled(searched, root):
    """A stand-in that is fitted to labels of its own form: no committee disagrees, and no enthalpy errs."""
    write_scale(root, searched)
    process = searched.snakemake(LOOPS, *ARGUMENTS)
    assert process.returncode == 0, (process.stdout + process.stderr)[-4000:]
    first = {path: path.stat().st_mtime_ns for path in searched.folder.glob("results/ca-y-h/smoke/search/ternary/*/*")}
    write_scale(root, searched, turns=2)
    process = searched.snakemake(LOOPS, *ARGUMENTS)
    assert process.returncode == 0, (process.stdout + process.stderr)[-4000:]
    assert {path: path.stat().st_mtime_ns for path in first} == first
    table = read_table(searched.folder / LOOPS, "ternary_loops").set_index(["turn", "loop"])
    assert table["ended"].tolist() == [False, False, True, True]
    assert table.loc[(1, 2), "error"] > 0.001 and table.loc[(2, 2), "error"] < 1e-5  # eV/atom
