"""Attacks on reduced results, whose trajectories are not there: the list of what is left out must excuse no more than that."""

import copy
import errno
import json
import os
import shutil
import subprocess
from dataclasses import dataclass

import pytest
from small_repository import S, edit_record, flip, small_repository
from tables_of_pages import shows

from qcrystal.commands import audit as audit_command
from qcrystal.commands import reduced as reduced_command
from qcrystal.errors import one_line
from qcrystal.files import file_digest
from qcrystal.provenance import code, reduced
from qcrystal.provenance.audit_report import report
from qcrystal.provenance.verdicts import gravest

PAGE = "docs/threat-model.md"
MODEL, TABLE, FIGURE = f"{S}/model/model.pb", f"{S}/tables/sweep.csv", f"{S}/figures/first.png"
LOCAL = f"{S}/{reduced.LEFT_OUT}"
COMMITTED = reduced.committed_list(S)
LIST = "config/crystals/lah10/unfinished/smoke.yaml"


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """Whole results, and the same that were reduced, lost and restored; the model stands for a trajectory, which is left out."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        made = small_repository(folder, patch)
        shutil.copytree(folder, folder.with_name("restored0"))
        made.folder = folder.with_name("restored0")
        reduced.write(made.folder, made.expected, "lah10", "smoke")
        shutil.rmtree(made.folder / "results/lah10")
        reduced.restore(made.folder, "lah10", "smoke")
    return made


def copied(made, source, target, monkeypatch):
    """A copy of a repository, which becomes the current one and the one whose code counts."""
    shutil.copytree(source, target)
    monkeypatch.setattr(code, "SCRIPTS", target / "scripts")
    monkeypatch.chdir(target)
    code.named_files.cache_clear()
    mine = copy.copy(made)
    mine.folder = target
    return mine


@pytest.fixture
def repository(pristine, tmp_path, monkeypatch):
    return copied(pristine, pristine.folder, tmp_path / "copy", monkeypatch)


@pytest.fixture
def whole(pristine, tmp_path, monkeypatch):
    return copied(pristine, pristine.folder.with_name("whole0"), tmp_path / "copy", monkeypatch)


def test_restored_results_are_verified_without_what_is_left_out(repository):
    assert repository.verdicts() == {} and not (repository.folder / MODEL).exists()


def listed(repository, *names):
    """Put files with the digests of their records into the list, among the results and where it is committed."""
    known = json.loads((repository.folder / LOCAL).read_text())
    for record in (repository.folder / S).rglob("*.prov.json"):
        known |= {e["path"]: e["sha256"] for e in json.loads(record.read_text())["outputs"] if e["path"] in names}
    write_lists(repository, json.dumps(known))


def write_lists(repository, text):
    for name in (LOCAL, COMMITTED):
        (repository.folder / name).write_text(text)


def other_trajectory(repository):
    """The run's record and both lists say that it made another trajectory than the one behind the tables."""
    path = repository.folder / S / "model/model.prov.json"
    edit_record(path, lambda record: record["outputs"][0].update(sha256="5" * 64))
    listed(repository, MODEL)


def fitted_table(repository):
    flip(repository.folder / TABLE, -2)
    digest = file_digest(repository.folder / TABLE)
    edit_record(repository.folder / S / "tables/sweep.prov.json", lambda r: r["outputs"][0].update(sha256=digest))


def lost_figure(repository):
    listed(repository, FIGURE)
    (repository.folder / FIGURE).unlink()


def lost_table(repository):
    listed(repository, TABLE)
    (repository.folder / TABLE).unlink()


def lost_table_excused_in_the_results(repository):
    (repository.folder / TABLE).unlink()
    edit_record(repository.folder / LOCAL, lambda known: known.update({TABLE: "0" * 64}))


def lost_run(repository):
    (repository.folder / S / "model/model.prov.json").unlink()


def planted_trajectory(repository):
    (repository.folder / MODEL).parent.mkdir(exist_ok=True)
    (repository.folder / MODEL).write_bytes(b"another")


def empty_list(repository):
    write_lists(repository, "{}")


def list_that_leads_out(repository):
    known = json.loads((repository.folder / LOCAL).read_text())
    write_lists(repository, json.dumps(known | {f"{S}/../../../etc/passwd": "0" * 64}))


def list_of_everything(repository):
    write_lists(repository, json.dumps({MODEL: ["0" * 64], "": None}))


def list_too_deep(repository):
    write_lists(repository, "[" * 99_999)


def piped_list(repository):
    (repository.folder / COMMITTED).unlink()
    os.mkfifo(repository.folder / COMMITTED)


def list_of_holes(repository):
    with open(repository.folder / LOCAL, "wb") as file:
        file.truncate(1 << 42)


def folder_of_the_lists_name(repository):
    (repository.folder / LOCAL).unlink()
    (repository.folder / LOCAL).mkdir()
    shutil.copy(repository.folder / FIGURE, repository.folder / LOCAL / "extra.png")


@dataclass
class Attack:
    """A change of reduced results, and the gravest verdict on all that is shown."""

    words: str
    act: object
    verdict: str


ATTACKS = [
    Attack("a table is fitted, and the digest in its record made to fit", fitted_table, "STALE"),
    Attack("record and list name another trajectory than the tables were made from", other_trajectory, "STALE"),
    Attack("another trajectory is put where it was left out", planted_trajectory, "TAMPERED"),
    Attack("a figure is removed, and the committed list says that it is left out", lost_figure, "MISSING"),
    Attack("a table of a figure is removed, and listed likewise", lost_table, "MISSING"),
    Attack("a table is removed, and only the list among the results excuses it", lost_table_excused_in_the_results, "MISSING"),
    Attack("the record of a run is removed", lost_run, "MISSING"),
    Attack("the list is empty", empty_list, "MISSING"),
    Attack("the list names a path outside", list_that_leads_out, "MISSING"),
    Attack("the list holds something else than digests", list_of_everything, "MISSING"),
    Attack("the list is nested too deeply to be read", list_too_deep, "MISSING"),
    Attack("the committed list is a pipe", piped_list, "MISSING"),
    Attack("the list has four terabytes and is made of holes", list_of_holes, "MISSING"),
    Attack("a picture is hidden in a folder that is called as the list", folder_of_the_lists_name, "MISSING"),
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.words)
def test_an_attack_on_reduced_results_has_its_verdict(repository, attack):
    attack.act(repository)
    audit = repository.audit()
    shown = audit.lineage([node for node in audit.nodes.values() if node.path.startswith(f"{S}/")])
    assert gravest(verdict for node in shown for verdict, _ in node.reasons) == attack.verdict
    assert all(sign.isprintable() or sign == "\n" for sign in report(audit, shown, None))


def test_what_is_wrong_with_the_list_is_one_line_beside_the_other_verdicts(repository):
    for act in (list_that_leads_out, list_of_everything, list_too_deep, list_of_holes, piped_list):
        act(repository)
        node = repository.audit().nodes[LOCAL]
        assert node.verdict == "TAMPERED" and "\n" not in node.reasons[0][1]


def test_a_figure_is_missed_without_the_configuration_too(repository):
    lost_figure(repository)
    assert "MISSING" in {node.verdict for node in repository.audit(configured=False).nodes.values()}


def test_a_list_among_whole_results_is_no_list(whole):
    made = whole
    (made.folder / LOCAL).write_text(json.dumps({FIGURE: file_digest(made.folder / FIGURE)}))
    (made.folder / FIGURE).unlink()
    assert made.verdicts() == {f"{S}/figures/first.prov.json": "MISSING", LOCAL: "TAMPERED"}


def test_results_of_another_crystal_are_not_these(repository):
    shutil.move(repository.folder / S, repository.folder / "results/lah10/other")
    shutil.copytree(repository.folder / "results/lah10/other", repository.folder / S)
    for record in (repository.folder / S).rglob("*.prov.json"):
        record.write_text(record.read_text().replace("results/lah10/", "results/h3s/"))
    assert set(repository.verdicts().values()) & {"TAMPERED", "INCOMPLETE", "MISSING"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda path: path.unlink(), "is not there"),
        (lambda path: path.write_bytes(b"1"), "is not the one that its record describes"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "cannot be read"),
        (lambda path: (path.unlink(), path.symlink_to("/nowhere")), "cannot be read"),
    ],
    ids=["lost", "replaced", "pipe", "link that leads nowhere"],
)
@pytest.mark.parametrize("name", [MODEL, TABLE, FIGURE])
def test_an_output_that_is_not_its_records_is_never_reduced(whole, change, told, name):
    """Else the list would excuse the loss, or the exchange, for good."""
    change(whole.folder / name)
    with pytest.raises(reduced.ReducedError, match=f"{name}: {told}"):
        reduced.write(whole.folder, whole.expected, "lah10", "smoke")
    assert not (whole.folder / reduced.TOP).exists()


def test_a_record_of_a_file_elsewhere_is_never_reduced(whole):
    path = whole.folder / S / "model/model.prov.json"
    edit_record(path, lambda record: record["outputs"][0].update(path="data/labels.npy"))
    with pytest.raises(reduced.ReducedError, match="no file of results/lah10/smoke"):
        reduced.write(whole.folder, whole.expected, "lah10", "smoke")


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device", "somewhere/else", None, "there")


@pytest.mark.parametrize("step", ["write", "restore"])
def test_a_full_disk_is_named_and_leaves_nothing(repository, monkeypatch, step):
    """The folder that is being written is named, not the file that was being copied."""
    folder = repository.folder
    if step == "restore":
        shutil.rmtree(folder / "results/lah10")
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space left") as error:
        if step == "restore":
            reduced.restore(folder, "lah10", "smoke")
        else:
            reduced.write(folder, repository.expected, "lah10", "smoke")
    expected = "results/lah10" if step == "restore" else f"{reduced.TOP}/lah10"
    assert one_line(error.value).startswith(f"{expected}: no space left on this disk")
    assert not [path for path in folder.rglob("*.partial*")]
    assert (folder / COMMITTED).is_file() and (folder / S).exists() == (step == "write")


def test_a_planted_link_is_removed_and_not_followed(repository):
    elsewhere = repository.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("1")
    for name in (reduced.place("lah10", "smoke"), S):
        (repository.folder / f"{name}.partial").symlink_to(elsewhere)
    reduced.write(repository.folder, repository.expected, "lah10", "smoke")
    shutil.rmtree(repository.folder / S)
    reduced.restore(repository.folder, "lah10", "smoke")
    assert [path.name for path in elsewhere.iterdir()] == ["mine"] and repository.verdicts() == {}


@pytest.mark.parametrize("plant", ["link", "folder", "pipe", "holes"])
def test_what_is_no_file_is_not_restored(repository, plant):
    place = repository.folder / reduced.place("lah10", "smoke") / "figures/extra.png"
    shutil.rmtree(repository.folder / "results/lah10")
    if plant == "link":
        place.symlink_to("/etc/passwd")
    elif plant == "folder":
        place.symlink_to("/etc")
    elif plant == "pipe":
        os.mkfifo(place)
    else:
        with open(place, "wb") as file:
            file.truncate(1 << 42)
    with pytest.raises(reduced.ReducedError, match="bring it back from git") as error:
        reduced.restore(repository.folder, "lah10", "smoke")
    assert "\n" not in str(error.value) and not (repository.folder / "results/lah10").exists()


def unfinished(repository, text):
    (repository.folder / LIST).parent.mkdir(parents=True)
    (repository.folder / LIST).write_text(text)
    return audit_command._unfinished(repository.audit(), "lah10", "smoke")


def test_a_run_that_is_there_cannot_be_listed_as_unfinished(repository):
    """Else whoever dislikes a run could leave it out of the figures."""
    ended = repository.folder / S / "dynamics/hot/run.prov.json"
    ended.parent.mkdir(parents=True)
    ended.write_text("{}")
    (node,) = unfinished(repository, "unfinished: {runs: [hot, cold], tables: [search/x.csv]}")
    assert node.reasons == [("CONFIG-CHANGED", f"{S}/dynamics/hot: is there, and {LIST} leaves it out of the figures")]
    assert node.flags == [f"{LIST}: 2 runs and 1 tables had not ended"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("unfinished: {tables: [tables/sweep.csv]}", "is made in minutes"),
        ("unfinished: [hot]", "must hold runs and tables"),
        ('unfinished: {runs: ["\\e[2J"]}', "one line of text"),
        ("a: &a [x]\nunfinished: *a", "must hold runs and tables"),
        ("[", "correct it"),
    ],
)
def test_a_list_of_unfinished_runs_that_is_none_is_a_fault_of_its_own(repository, text, told):
    """Only tables that take days can be listed."""
    (node,) = unfinished(repository, text)
    assert node.verdict == "CONFIG-CHANGED" and told in node.reasons[0][1] and "\n" not in node.reasons[0][1]


def test_a_pipe_is_no_list_of_unfinished_runs(repository):
    (repository.folder / LIST).parent.mkdir(parents=True)
    os.mkfifo(repository.folder / LIST)
    (node,) = audit_command._unfinished(repository.audit(), "lah10", "smoke")
    assert node.verdict == "CONFIG-CHANGED"


def test_a_run_that_ended_after_the_list_was_written_is_no_part_of_reduced_results(whole):
    """Figures do without it, so its record would say that the figures left out a run that had ended."""
    made = whole
    shutil.copytree(made.folder / S / "model", made.folder / S / "dynamics/late")
    late = made.folder / S / "dynamics/late"
    shutil.move(late / "model.prov.json", late / "run.prov.json")
    reduced.write(made.folder, made.expected, "lah10", "smoke", ["late"])
    assert not (made.folder / reduced.place("lah10", "smoke") / "dynamics").exists()
    assert reduced.hidden(made.folder, S, ["late", "later"], []) == [f"{S}/dynamics/late"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            "LockException:\nError: Directory cannot be locked. Please",
            "another snakemake is at work in this repository",
        ),
        (
            "Error in rule x:\nx: no value (details: x.log)",
            "see results/lah10/smoke/logs: x: no value (details: x.log)",
        ),
    ],
)
def test_why_figures_cannot_be_redrawn_is_one_line(monkeypatch, lines, told):
    """What Snakemake and the rule's script say, not the first line in which the word error stands."""
    answer = subprocess.CompletedProcess([], 1, stdout="", stderr=lines)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    with pytest.raises(reduced.ReducedError) as error:
        reduced_command._make(["x"], ["y"], "lah10", "smoke", 1)
    assert told in str(error.value) and "\n" not in str(error.value)


def test_a_workflow_that_did_not_start_says_why_and_names_no_logs(monkeypatch, tmp_path):
    """Such as an environment of another clone: Snakemake ends before it writes a log, so none is pointed at."""
    said = "Using workflow specific profile\nrun `make environment` in /clone\n"
    answer = subprocess.CompletedProcess([], 1, stdout="", stderr=said)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    monkeypatch.setattr(reduced_command, "results_folder", lambda *_: str(tmp_path / "results"))
    with pytest.raises(reduced.ReducedError) as error:
        reduced_command._make(["x"], ["y"], "lah10", "smoke", 1)
    assert str(error.value) == "run `make environment` in /clone"


def table():
    """The attacks and what is said of them, as the page shows them."""
    return "\n".join(["| attack | verdict |", "|---|---|", *(f"| {a.words} | {a.verdict} |" for a in ATTACKS)])


def test_the_page_shows_the_attacks_that_are_tried(root):
    """``WRITE_PAGES=1`` puts the table into the page."""
    shows(root / PAGE, "attacks on reduced results", table())
