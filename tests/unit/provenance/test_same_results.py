"""Declared changes of code: what the digest, the audit and the crate make of them, on made-up trees."""

import json
import re
import subprocess

import pytest
import yaml
from small_repository import S, small_repository

from qcrystal.commands import same_results as command
from qcrystal.provenance import audit_report as reporting
from qcrystal.provenance import code
from qcrystal.provenance.audit_page import page
from qcrystal.provenance.code import SCRIPTS, code_digest, named_files, syntax_digest, text_digest
from qcrystal.provenance.same_results import (
    FILE,
    Change,
    Declared,
    SameResultsError,
    commit_before,
    declared,
    stale,
    unpack,
)

HELPER = "qcrystal/helper.py"
TEXTS = ("CONSTANT = 1\n", "CONSTANT = 2 - 1\n", "CONSTANT = 3 - 2\n")
MODEL = f"{S}/model/model.prov.json"


def declare(root, *changes):
    """Write the declarations (file, before, after); digests may be texts of Python."""

    def digest(file, text):
        return text if text is None or re.fullmatch("[0-9a-f]{16}", text) else text_digest(text.encode(), file)

    entries = [
        {"file": file, "before": digest(file, old), "after": digest(file, new), "reason": "Faster.", "shown_by": "t"}
        for file, old, new in changes
    ]
    (root / "config").mkdir(exist_ok=True)
    (root / FILE).write_text(yaml.safe_dump({"changes": entries}))


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Its job ``train`` imports `qcrystal.helper`."""
    return small_repository(tmp_path, monkeypatch)


def digest():
    named_files.cache_clear()
    return code_digest("train.py")


def test_the_declared_changes_of_this_repository_are_those_of_its_code():
    assert stale(SCRIPTS.parent, syntax_digest) == []


def test_a_declared_change_leaves_the_digest(repository):
    root, helper = repository.folder, repository.folder / "scripts" / HELPER
    before = digest()
    helper.write_text(TEXTS[1])
    assert digest() != before
    declare(root, (HELPER, TEXTS[0], TEXTS[1]))
    assert digest() == before
    helper.write_text(TEXTS[2])
    assert digest() != before
    declare(root, (HELPER, TEXTS[1], TEXTS[2]), (HELPER, TEXTS[0], TEXTS[1]))  # whatever their order
    assert digest() == before
    helper.write_text("CONSTANT = 2\n")
    assert digest() != before
    assert len(stale(root, syntax_digest)) == 1


def test_a_new_file_is_left_out_as_it_was_declared_and_counts_when_edited(repository):
    root, helper = repository.folder, repository.folder / "scripts" / HELPER
    before = digest()
    text = "from qcrystal.fast import ONE\nCONSTANT = ONE\n"
    helper.write_text(text)
    (helper.parent / "fast.py").write_text("ONE = 1\n")
    declare(root, (HELPER, TEXTS[0], text), ("qcrystal/fast.py", None, "ONE = 1\n"))
    assert digest() == before
    (helper.parent / "fast.py").write_text("ONE = 2\n")
    assert digest() != before


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([(HELPER, TEXTS[0], TEXTS[1]), (HELPER, TEXTS[1], TEXTS[0])], "lead in a circle"),
        ([(HELPER, TEXTS[0], TEXTS[0])], "lead in a circle"),
        ([("qcrystal/gone.py", TEXTS[0], TEXTS[1])], "gone.py is not below scripts/"),
        ([(HELPER, TEXTS[0], TEXTS[1]), (HELPER, TEXTS[2], TEXTS[1])], "a second change"),
    ],
)
def test_what_makes_no_sense_is_one_line_that_names_the_file(repository, changes, told):
    declare(repository.folder, *changes)
    with pytest.raises(SameResultsError) as error:
        digest()
    assert str(error.value).startswith(f"{FILE}: changes.") and told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["changes: 3\n", "changes: [{file: a}]\n", "chances: []\n", "[1]\n", "{"])
def test_what_is_no_declaration_is_one_line_and_counts_for_nothing(repository, text):
    declare(repository.folder)
    (repository.folder / FILE).write_text(text)
    with pytest.raises(SameResultsError) as error:
        declared(repository.folder)
    assert str(error.value).startswith(FILE) and "\n" not in str(error.value)
    (repository.folder / "scripts" / HELPER).write_text(TEXTS[1])
    assert repository.verdicts() == {FILE: "INCOMPLETE", MODEL: "CODE-CHANGED"}


def test_the_audit_names_the_declared_changes_in_words_data_and_page(repository):
    root = repository.folder
    text = "from qcrystal.fast import ONE\nCONSTANT = ONE\n"
    (root / "scripts" / HELPER).write_text(text)
    (root / "scripts/qcrystal/fast.py").write_text("ONE = 1\n")
    assert repository.verdicts() == {MODEL: "CODE-CHANGED"}
    declare(root, (HELPER, TEXTS[0], TEXTS[1]), (HELPER, TEXTS[1], text), ("qcrystal/fast.py", None, "ONE = 1\n"))
    audit = repository.audit()
    roots = audit.find("model.pb")
    assert repository.verdicts() == {}
    said = (
        f"3 changes of code since it ran, declared in {FILE} to change no result: "
        "scripts/qcrystal/helper.py, scripts/qcrystal/fast.py"
    )
    told = reporting.report(audit, roots, "model.pb")
    assert f"note: {said} (1 of 2)" in told
    assert told.endswith("2 VERIFIED (1 of them over 3 declared changes of code)")
    nodes = {node["path"]: node for node in reporting.document(audit, roots, "model.pb")["nodes"]}
    assert [change["file"] for change in nodes[MODEL]["declared_changes"]] == [HELPER, HELPER, "qcrystal/fast.py"]
    assert nodes[MODEL]["declared_changes"][0]["reason"] == "Faster."
    assert nodes["data/labels.npy"]["declared_changes"] == []
    json.dumps(nodes)
    assert page(audit, roots, "model.pb").count(said) >= 2  # in the words above, and at the job


def test_an_edit_beyond_the_declared_one_is_seen(repository):
    """Of the changed file, and of the file that it brought in."""
    root = repository.folder
    text = "from qcrystal.fast import ONE\nCONSTANT = ONE\n"
    declare(root, *[])
    (root / "scripts" / HELPER).write_text(text)
    (root / "scripts/qcrystal/fast.py").write_text("ONE = 1\n")
    declare(root, (HELPER, TEXTS[0], text), ("qcrystal/fast.py", None, "ONE = 1\n"))
    expected = [job for job in repository.expected if job.rule == "train"][0]
    assert digest() == expected.parameters["code"]
    (root / "scripts/qcrystal/fast.py").write_text("ONE = 2\n")
    expected.parameters["code"] = digest()  # as the workflow would say now
    assert repository.verdicts() == {MODEL: "CODE-CHANGED"}
    (root / "scripts/qcrystal/fast.py").write_text("ONE = 1\n")
    (root / "scripts" / HELPER).write_text(text + "CONSTANT += 1\n")
    assert repository.verdicts() == {MODEL: "CODE-CHANGED"}


# --- the history ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def history(tmp_path, monkeypatch):
    """A repository of git with one commit for each text of the helper."""
    for name in ("GIT_DIR", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    helper = tmp_path / "scripts" / HELPER
    helper.parent.mkdir(parents=True)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    for number, text in enumerate(TEXTS):
        helper.write_text(text)
        (tmp_path / "scripts" / "other.py").write_text(f"N = {number}\n")
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-q", "-m", str(number)], check=True)
    return tmp_path


def change_to(number, before=None):
    old, new = (text_digest(text.encode(), HELPER) for text in (TEXTS[number - 1], TEXTS[number]))
    return Change(file=HELPER, before=before or old, after=new, reason="Faster.", shown_by="t")


@pytest.mark.parametrize("number", [1, 2])
def test_the_code_just_before_a_change_is_found_in_the_history(history, tmp_path_factory, number):
    commit = commit_before(history, change_to(number), text_digest)
    folder = tmp_path_factory.mktemp("before") / "tree"
    unpack(history, commit, folder)
    assert (folder / "scripts" / HELPER).read_text() == TEXTS[number - 1]
    assert (folder / "scripts/other.py").read_text() == f"N = {number - 1}\n"


def test_a_change_that_is_not_committed_starts_from_the_last_commit(history):
    old = text_digest(TEXTS[2].encode(), HELPER)
    change = Change(file=HELPER, before=old, after="0" * 16, reason="Faster.", shown_by="t")
    assert commit_before(history, change, text_digest) == "HEAD"


def replaced_object(root, git):
    """Another content in the place of the helper as it was first (``git replace``)."""
    made = subprocess.run(
        [*git, "hash-object", "-w", "--stdin"], input=b"CONSTANT = 9\n", capture_output=True, check=True
    )
    old = subprocess.run([*git, "rev-parse", f"HEAD~2:scripts/{HELPER}"], capture_output=True, check=True)
    subprocess.run([*git, "replace", old.stdout.strip().decode(), made.stdout.strip().decode()], check=True)


def filtered(root, git):
    """A filter of the clone that changes what is checked out, and an attribute that leaves a file out of archives."""
    subprocess.run([*git, "config", "filter.other.smudge", "sed s/1/9/"], check=True)
    attributes = root / ".git/info/attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text("*.py filter=other\nscripts/other.py export-ignore\n")


@pytest.mark.parametrize("hide", [replaced_object, filtered])
def test_no_setting_of_a_clone_changes_the_code_of_before(history, tmp_path_factory, hide):
    """Else runs by exchanged code would confirm a declaration."""
    hide(history, ["git", "-C", str(history)])
    commit = commit_before(history, change_to(1), text_digest)
    folder = tmp_path_factory.mktemp("before") / "tree"
    unpack(history, commit, folder)
    assert (folder / "scripts" / HELPER).read_text() == TEXTS[0]
    assert (folder / "scripts/other.py").read_text() == "N = 0\n"


def test_what_no_run_has_is_not_said_to_be_equal(history, monkeypatch, tmp_path, capsys):
    """A declared change that nothing tries ends with a status of its own, and with what is said to show it."""
    monkeypatch.setattr(command, "ROOT", history)
    monkeypatch.setattr(command, "SCRIPTS", history / "scripts")
    monkeypatch.setattr(command, "touched", lambda changes: [])
    assert command._compare([change_to(1)], 30, tmp_path / "scratch") == 2
    said = capsys.readouterr().out
    assert f"{HELPER}: no run has this file, so nothing was compared; see: t" in said
    assert said.endswith("0 declared changes compared, 1 not\n")


def test_a_history_without_the_code_of_before_finds_none(history):
    assert commit_before(history, change_to(1, before="0" * 16), text_digest) is None


def test_without_a_history_one_line_says_so(tmp_path):
    with pytest.raises(SameResultsError, match="no history of git"):
        commit_before(tmp_path, change_to(1), text_digest)


def test_files_that_differ_are_named():
    assert command.differences({"a": b"1", "b": b"2"}, {"a": b"1", "b": b"3", "c": b""}) == ["b", "c"]


def test_a_changed_file_leads_to_the_methods_that_it_is_part_of():
    def methods(file):
        change = Change(file=file, before="0" * 16, after="1" * 16, reason="Faster.", shown_by="t")
        return {method for method, _ in command.touched([change])}

    assert methods("qcrystal/dynamics/bath/noise.py") == {"classical", "qtb", "adqtb"}
    assert methods("qcrystal/dynamics/ipi/driver.py") == {"pimd"}
    assert methods("qcrystal/files.py") == {"classical", "qtb", "adqtb", "pimd"}
    assert methods("qcrystal/figures/style.py") == set()


def test_digests_of_texts_are_those_of_files(tmp_path, monkeypatch):
    monkeypatch.setattr(code, "SCRIPTS", tmp_path)
    for name, text in (("a.py", "x = 1  # one\n"), ("b.xml", "<a/>\n")):
        (tmp_path / name).write_text(text)
        assert text_digest(text.encode(), name) == syntax_digest(tmp_path / name)
    assert Declared(tmp_path, []).between("a.py", "0" * 16, "0" * 16) == []
