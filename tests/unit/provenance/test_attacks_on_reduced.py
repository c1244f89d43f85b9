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


def table_of_the_pack(pack):
    flip(pack / "tables/sweep.csv", -2)


def figure_of_the_pack(pack):
    (pack / "figures/first.png").unlink()


def file_without_a_record(pack):
    shutil.copy(pack / "figures/first.png", pack / "figures/extra.png")


def exchanged_records(pack):
    (pack / "figures/first.prov.json").write_bytes((pack / "figures/second.prov.json").read_bytes())


def cut_record(pack):
    os.truncate(pack / "figures/first.prov.json", 100)


def edited_record(pack):
    edit_record(pack / "figures/first.prov.json", lambda r: r["deterministic"]["parameters"].update(figure="third"))


def excused_figure(pack):
    """The list names the lost figure, with another digest than its record."""
    figure_of_the_pack(pack)
    edit_record(pack / reduced.LEFT_OUT, lambda known: known.update({FIGURE: "0" * 64}))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (table_of_the_pack, "tables/sweep.csv: not the file that tables/sweep.prov.json describes"),
        (figure_of_the_pack, "figures/first.png: missing, and left_out.json does not name it"),
        (excused_figure, "figures/first.png: missing, and left_out.json does not name it"),
        (file_without_a_record, "figures/extra.png: no record says where it is from"),
        (exchanged_records, f"figures/first.prov.json: the record says that it is {S}/figures/second.prov.json"),
        (cut_record, "figures/first.prov.json: cannot be read"),
        (edited_record, "figures/first.prov.json: does not have its own identifier"),
    ],
)
def test_damaged_reduced_results_are_not_restored(repository, damage, told):
    """Figures would be drawn anew from them, with records that say that all is well."""
    shutil.rmtree(repository.folder / "results/lah10")
    damage(repository.folder / reduced.place("lah10", "smoke"))
    with pytest.raises(reduced.ReducedError) as error:
        reduced.restore(repository.folder, "lah10", "smoke")
    assert f"{reduced.place('lah10', 'smoke')}: {told}" in str(error.value) and "\n" not in str(error.value)
    assert not (repository.folder / "results/lah10").exists()


def test_reduced_results_of_another_scale_are_not_restored(repository):
    """Their figures would stand under the name of a scale that never ran."""
    folder = repository.folder
    shutil.copytree(folder / reduced.place("lah10", "smoke"), folder / reduced.place("lah10", "paper"))
    with pytest.raises(reduced.ReducedError, match="the record says that it is results/lah10/smoke/"):
        reduced.restore(folder, "lah10", "paper")
    assert not (folder / "results/lah10/paper").exists()


# --- packed runs ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def packs(tmp_path):
    """A folder with a packed run, and the potential that made its samples."""
    folder, model = tmp_path / "packs", tmp_path / "model.pb"
    folder.mkdir()
    (folder / "cold.tar.xz").write_bytes(b"samples")
    model.write_bytes(b"weights")
    reduced.note_potentials(folder, {"cold": model, "hot": model})
    return folder, model


def test_a_packed_run_goes_on_with_its_own_potential(packs):
    folder, model = packs
    reduced.check_packs(folder, {"cold": model})
    model.write_bytes(b"others")
    with pytest.raises(reduced.ReducedError, match=r"cold.tar.xz: begun with another potential \(.*model.pb of today"):
        reduced.check_packs(folder, {"cold": model})
    reduced.check_packs(folder, {"hot": model})  # a pack of no run of the plan is told of elsewhere
    (folder / "hot.tar.xz").write_bytes(b"samples")
    reduced.note_potentials(folder, {"hot": model})  # another run is packed, where the potential is another one by now
    reduced.check_packs(folder, {"hot": model})
    with pytest.raises(reduced.ReducedError, match="cold.tar.xz: begun with another potential"):
        reduced.check_packs(folder, {"cold": model})


@pytest.mark.parametrize("text", ["[]", "{}", "{", '{"cold": null}', None])
def test_a_packed_run_of_an_unknown_potential_stays_packed(packs, text):
    folder, model = packs
    (folder / reduced.POTENTIALS).unlink()
    if text is not None:
        (folder / reduced.POTENTIALS).write_text(text)
    with pytest.raises(reduced.ReducedError) as error:
        reduced.check_packs(folder, {"cold": model})
    assert "\n" not in str(error.value)


def test_a_pack_that_is_a_pipe_is_named_and_not_waited_for(packs):
    folder, model = packs
    (folder / "cold.tar.xz").unlink()
    os.mkfifo(folder / "cold.tar.xz")
    with pytest.raises(reduced.ReducedError, match="cold.tar.xz: cannot be read .*bring it back from git"):
        reduced.check_packs(folder, {"cold": model})


def test_the_committed_packs_are_of_potentials_that_are_shipped(root):
    shipped = {file_digest(path) for path in root.glob("models/*/model.pb")}
    for packed in root.glob(f"{reduced.TOP}/*/*.paused"):
        known = json.loads((packed / reduced.POTENTIALS).read_text())
        assert sorted(known) == sorted(path.name.removesuffix(".tar.xz") for path in packed.glob("*.tar.xz"))
        assert set(known.values()) <= shipped


# --- the list of what has not ended --------------------------------------------------------------------------------------


def test_the_list_of_unfinished_runs_stays_while_the_whole_plan_is_asked_for(repository, monkeypatch):
    """A command that is killed, or that runs on a full disk, must not lose it: snakemake would begin runs of days."""
    place = repository.folder / LIST
    place.parent.mkdir(parents=True)
    place.write_text("unfinished: {runs: [hot]}\n")

    def killed(root, config, targets, everything=False):
        assert everything and place.read_text() == "unfinished: {runs: [hot]}\n"
        raise KeyboardInterrupt

    monkeypatch.setattr(reduced_command, "expected_jobs", killed)
    for command in (reduced_command.unfinished, reduced_command.pause, reduced_command.resume):
        with pytest.raises(KeyboardInterrupt):
            command("lah10", "smoke")
    assert place.read_text() == "unfinished: {runs: [hot]}\n"


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
