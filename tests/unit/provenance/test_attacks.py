"""Attacks on results and their records. What an audit says of each, without and with a seal, is the table of the threat model."""

import base64
import copy
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from any_table import ANY
from small_repository import S, draw_figures, edit_record, flip, forge, forge_table, make_keys, small_repository
from tables_of_pages import shows

from qcrystal.commands import audit as audit_command
from qcrystal.files import file_digest, files_below
from qcrystal.io.tables import write_table
from qcrystal.provenance import seal
from qcrystal.provenance.audit import Audit
from qcrystal.provenance.audit_page import page
from qcrystal.provenance.audit_report import document, report
from qcrystal.provenance.nodes import AuditError, Digests

PAGE = "docs/threat-model.md"
FIGURE, RECORD, TABLE = f"{S}/figures/first.png", f"{S}/figures/first.prov.json", f"{S}/tables/sweep.csv"
NOT_SEEN = "not seen"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    return small_repository(tmp_path, monkeypatch)


@dataclass
class Attack:
    """A change of results, and the gravest verdict on the target, without a seal and with one."""

    words: str
    act: object
    alone: str
    sealed: str
    target: str = "first"
    configured: bool = True


def replaced(repository, name=FIGURE):
    """Another picture in the place of a figure, without an identifier."""
    from PIL import Image

    Image.new("RGB", (4, 4)).save(repository.folder / name)


def fit(repository, record=RECORD):
    """Let a record name the digests of the files that are there."""

    def change(document):
        for output in document["outputs"]:
            path = repository.folder / output["path"]
            output.update(sha256=file_digest(path), size=path.stat().st_size)

    edit_record(repository.folder / record, change)


def changed_byte(repository):
    flip(repository.folder / FIGURE, 100)


def changed_table(repository):
    flip(repository.folder / TABLE)


def other_picture(repository):
    replaced(repository)
    fit(repository)


def swapped(repository):
    shutil.copy(repository.folder / S / "figures/second.png", repository.folder / FIGURE)
    fit(repository)


def disowned(repository):
    replaced(repository)
    edit_record(repository.folder / RECORD, lambda r: r.update(outputs=[]))


def disowned_with_a_new_identifier(repository):
    replaced(repository)

    def change(record):
        record["outputs"] = []
        record["deterministic"]["outputs"] = []

    forge(repository.folder / RECORD, change)


def record_elsewhere(repository):
    replaced(repository)
    shutil.move(repository.folder / RECORD, repository.folder / S / "figures/other.prov.json")
    fit(repository, f"{S}/figures/other.prov.json")


def claimed_by_another(repository):
    replaced(repository)
    target = repository.folder / S / "figures/extra.prov.json"
    shutil.copy(repository.folder / RECORD, target)
    forge(target, lambda r: r["deterministic"].update(record=f"{S}/figures/extra.prov.json"))
    fit(repository, f"{S}/figures/extra.prov.json")


def parameter(repository):
    edit_record(repository.folder / RECORD, lambda r: r["deterministic"]["parameters"].update(figure="third"))


def dropped_input(repository):
    forge(repository.folder / RECORD, lambda r: r["deterministic"].update(inputs=[]))


def source_with_an_old_time(repository):
    flip(repository.folder / "data/labels.npy")
    os.utime(repository.folder / "data/labels.npy", (1e9, 1e9))


def source(repository):
    path = repository.folder / "data/labels.npy"
    path.write_bytes(b"others")
    os.utime(path, (4e9, 4e9))


def code(repository):
    (repository.folder / "scripts/draw.py").write_text("import json\nX = 1\n")


def additional(repository):
    shutil.copy(repository.folder / FIGURE, repository.folder / S / "figures/extra.png")


def additional_and_hidden(repository):
    (repository.folder / S / "figures/.extra.png").write_bytes(b"1")


def behind_a_link(repository):
    """The folder of figures lies elsewhere, and a file was added there."""
    shutil.move(repository.folder / S / "figures", repository.folder / "elsewhere")
    (repository.folder / S / "figures").symlink_to(repository.folder / "elsewhere")
    replaced(repository, f"{S}/figures/extra.png")


def piped(repository):
    (repository.folder / FIGURE).unlink()
    os.mkfifo(repository.folder / FIGURE)


def piped_source(repository):
    (repository.folder / "data/labels.npy").unlink()
    os.mkfifo(repository.folder / "data/labels.npy")


def piped_record(repository):
    (repository.folder / RECORD).unlink()
    os.mkfifo(repository.folder / RECORD)


def endless_source(repository):
    (repository.folder / "data/labels.npy").unlink()
    (repository.folder / "data/labels.npy").symlink_to("/dev/zero")


def circle(repository):
    """The model's record says that the model was made from the figure."""
    path = repository.folder / S / "model/model.prov.json"
    entry = json.loads((repository.folder / RECORD).read_text())["outputs"][0]
    forge(path, lambda r: r["deterministic"]["inputs"].append(entry))


def code_from_elsewhere(repository):
    """The figures are drawn with a variable that leads to another library."""
    os.environ["PYTHONPATH"] = "/elsewhere"
    draw_figures(repository)
    del os.environ["PYTHONPATH"]


def twice(repository):
    """The same name twice in a record: readers differ in which they take."""
    path = repository.folder / RECORD
    path.write_text(path.read_text().replace('"outputs"', '"outputs": [], "outputs"', 1))


def copied_identifier(repository):
    """Another picture that carries the identifier of the old one, and the digest made to fit."""
    from PIL import Image, PngImagePlugin

    mark = PngImagePlugin.PngInfo()
    mark.add_text("prov_id", json.loads((repository.folder / RECORD).read_text())["prov_id"])
    Image.new("RGB", (4, 4)).save(repository.folder / FIGURE, pnginfo=mark)
    fit(repository)


def other_size(repository):
    edit_record(repository.folder / RECORD, lambda r: r["outputs"][0].update(size=7))


def failed_job(repository):
    edit_record(repository.folder / RECORD, lambda r: r["volatile"].update(status=1))


def yet_to_come(repository):
    edit_record(repository.folder / RECORD, lambda r: r["volatile"].update(started="2999-01-01T00:00:00Z"))


def stamp_that_holds_something(repository):
    (repository.folder / S / "figures/.snakemake_timestamp").write_bytes(b"1")


def made_of_holes(repository):
    (repository.folder / FIGURE).unlink()
    with open(repository.folder / FIGURE, "wb") as file:
        file.truncate(1 << 42)


def too_deep(repository):
    """Folders in one another until their path is too long to be opened."""
    os.chdir(repository.folder / S)
    for _ in range(30):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    Path("extra.png").write_bytes(b"1")
    os.chdir(repository.folder)


def multiplying_links(repository):
    """A folder of sources whose links double at each of thirty levels."""
    base = repository.folder / "data/labels"
    for level in range(30):
        (base / str(level)).mkdir(parents=True)
        for name in ("a", "b"):
            (base / str(level) / name).symlink_to(base / str(level + 1))
    (base / "30").mkdir()
    entry = {"path": "data/labels/0", "kind": "folder", "sha256": "0" * 64, "size": 1}
    forge(repository.folder / S / "model/model.prov.json", lambda r: r["deterministic"]["inputs"].append(entry))


def source_of_no_name(repository):
    """The record says that the figure was made from the repository itself."""
    entry = {"path": ".", "kind": "file", "sha256": "0" * 64, "size": 1}
    forge(repository.folder / RECORD, lambda r: r["deterministic"]["inputs"].append(entry))


def module_of_a_long_name(repository):
    """The record names a module whose name no file system takes."""

    def change(record):
        modules = record["deterministic"]["modules"]
        modules["x" * 5000 + ".py"] = next(iter(modules.values()))

    forge(repository.folder / RECORD, change)


def bomb_of_a_card(repository):
    """Beside a source that is called as a potential there is a card of nine levels that each stand for nine of the next."""
    levels = "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9))
    (repository.folder / "data/card.yaml").write_text("a: &a [x]\n" + levels)
    (repository.folder / "data/model.pb").write_bytes(b"1")
    entry = {
        "path": "data/model.pb",
        "kind": "file",
        "sha256": file_digest(repository.folder / "data/model.pb"),
        "size": 1,
    }
    forge(repository.folder / RECORD, lambda r: r["deterministic"]["inputs"].append(entry))


def hard_link(repository):
    """The figure is another name of the second figure."""
    (repository.folder / FIGURE).unlink()
    os.link(repository.folder / S / "figures/second.png", repository.folder / FIGURE)


def name_that_steers(repository):
    """A name that is not UTF-8: it would end a report halfway."""
    with open(os.fsencode(repository.folder / S / "figures") + b"/\xff\xfe.png", "wb") as file:
        file.write(b"1")


def claimed_source(repository):
    """A source is exchanged, and a record among the logs says that a job of the workflow made it."""
    source, record = repository.folder / "data/labels.npy", repository.folder / S / "logs/made.prov.json"
    source.write_bytes(b"others")
    record.parent.mkdir()
    shutil.copy(repository.folder / RECORD, record)
    entry = {"path": "data/labels.npy", "kind": "file", "sha256": file_digest(source), "size": 6}

    def change(document):
        document["outputs"] = [entry]
        document["deterministic"] |= {"record": f"{S}/logs/made.prov.json", "inputs": [], "outputs": [entry["path"]]}

    forge(record, change)


def manifest_of(repository):
    return repository.folder / S / "seal/manifest.json"


def signed(repository, files, scale=S, key="trusted"):
    """A manifest of the attacker's, signed by a key."""
    manifest = manifest_of(repository)
    manifest.parent.mkdir(exist_ok=True)
    manifest.write_text(json.dumps({"scale": scale, "files": files}))
    manifest.with_name("manifest.json.sig").unlink(missing_ok=True)
    import subprocess

    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", repository.folder / "keys" / key, "-n", seal.NAMESPACE, manifest]
    subprocess.run(command, check=True, capture_output=True)


def all_files(repository):
    return {name: file_digest(repository.folder / name) for name in seal.sealed_files(repository.folder, S)}


def seal_of_nothing(repository):
    signed(repository, {})
    changed_byte(repository)


def seal_of_another_scale(repository):
    signed(repository, {"results/lah10/laptop/a": "0" * 64}, "results/lah10/laptop")


def seal_that_leaves_out(repository):
    files = all_files(repository)
    signed(repository, {name: digest for name, digest in files.items() if name not in (FIGURE, RECORD)})


def seal_by_a_stranger(repository):
    forge_table(repository)
    signed(repository, all_files(repository), key="other")


def seal_with_a_changed_list(repository):
    forge_table(repository)
    document = json.loads(manifest_of(repository).read_text())
    manifest_of(repository).write_text(json.dumps(document | {"files": all_files(repository)}, indent=1) + "\n")


def seal_without_its_signature(repository):
    manifest_of(repository).with_name("manifest.json.sig").unlink()


def seal_that_is_a_pipe(repository):
    manifest_of(repository).unlink()
    os.mkfifo(manifest_of(repository))


def signature_of_holes(repository):
    with open(manifest_of(repository).with_name("manifest.json.sig"), "wb") as file:
        file.truncate(1 << 42)


ATTACKS = [
    Attack("one byte of a figure is changed and its time kept", changed_byte, "TAMPERED", "TAMPERED"),
    Attack("one byte of a table that the figure is drawn from is changed", changed_table, "TAMPERED", "TAMPERED"),
    Attack("another picture, and the digest in the record made to fit", other_picture, "TAMPERED", "TAMPERED"),
    Attack("the picture of another figure, and the digest made to fit", swapped, "TAMPERED", "TAMPERED"),
    Attack("another picture, and a record that lists no outputs", disowned, "INCOMPLETE", "INCOMPLETE"),
    Attack("the same with a new identifier", disowned_with_a_new_identifier, "INCOMPLETE", "INCOMPLETE"),
    Attack(
        "the same, audited without the configuration, by the figure's path",
        disowned_with_a_new_identifier,
        "UNTRACKED",
        "TAMPERED",
        target=FIGURE,
        configured=False,
    ),
    Attack("another picture, whose record stands elsewhere", record_elsewhere, "MISSING", "MISSING"),
    Attack("another picture, claimed by a second record", claimed_by_another, "TAMPERED", "TAMPERED"),
    Attack(
        "another picture with the identifier of the first, and the digest made to fit",
        copied_identifier,
        NOT_SEEN,
        "TAMPERED",
    ),
    Attack("the record says another size of the figure", other_size, "TAMPERED", "TAMPERED"),
    Attack("the record says that its job failed", failed_job, "INCOMPLETE", "INCOMPLETE"),
    Attack("the record says that its job will run in 2999", yet_to_come, "TAMPERED", "TAMPERED"),
    Attack("a parameter in the record is changed", parameter, "TAMPERED", "TAMPERED"),
    Attack("a record without its inputs, and a new identifier", dropped_input, "TAMPERED", "TAMPERED"),
    Attack("a name stands twice in the record", twice, "INCOMPLETE", "INCOMPLETE"),
    Attack("a source is exchanged, and its time set back", source_with_an_old_time, "TAMPERED", "TAMPERED"),
    Attack("a source is edited", source, "STALE", "STALE"),
    Attack("the code is edited", code, "CODE-CHANGED", "CODE-CHANGED"),
    Attack("a picture is added to the results", additional, "UNTRACKED", "UNTRACKED", target=""),
    Attack("a hidden file is added to the results", additional_and_hidden, "UNTRACKED", "UNTRACKED", target=""),
    Attack("a picture is added in a folder behind a link", behind_a_link, "UNTRACKED", "UNTRACKED", target=""),
    Attack(
        "a file is hidden under the name of Snakemake's time stamps",
        stamp_that_holds_something,
        "UNTRACKED",
        "UNTRACKED",
        target="",
    ),
    Attack("a file is hidden in folders too deep to be opened", too_deep, "UNTRACKED", "UNTRACKED", target=""),
    Attack("a figure claims four terabytes and is made of holes", made_of_holes, "TAMPERED", "TAMPERED"),
    Attack("a source is a folder whose links double at each level", multiplying_links, "TAMPERED", "TAMPERED"),
    Attack("a figure is a pipe, which never ends", piped, "TAMPERED", "TAMPERED"),
    Attack("a source is a pipe", piped_source, "TAMPERED", "TAMPERED"),
    Attack("a source is a link to /dev/zero", endless_source, "TAMPERED", "TAMPERED"),
    Attack("a record is a pipe", piped_record, "INCOMPLETE", "INCOMPLETE"),
    Attack("the figure is a hard link to another figure", hard_link, "TAMPERED", "TAMPERED"),
    Attack("a record names the repository itself as a source", source_of_no_name, "TAMPERED", "TAMPERED"),
    Attack("a record names a module of five thousand letters", module_of_a_long_name, "TAMPERED", "TAMPERED"),
    Attack("a source has a card that unfolds to a billion entries", bomb_of_a_card, "INCOMPLETE", "INCOMPLETE"),
    Attack("a file whose name is not UTF-8 is added", name_that_steers, "UNTRACKED", "UNTRACKED", target=""),
    Attack("records that hang on each other in a circle", circle, "TAMPERED", "TAMPERED"),
    Attack(
        "a source is exchanged, and a planted record claims to have made it",
        claimed_source,
        "TAMPERED",
        "TAMPERED",
        target="",
    ),
    Attack("the job ran with PYTHONPATH set to a folder elsewhere", code_from_elsewhere, "UNDECLARED", "TAMPERED"),
    Attack(
        "a table is forged, and all records and figures behind it are made again", forge_table, NOT_SEEN, "TAMPERED"
    ),
    Attack("a seal that lists no file", seal_of_nothing, "TAMPERED", "TAMPERED"),
    Attack("the seal of another scale", seal_of_another_scale, "TAMPERED", "TAMPERED"),
    Attack("a seal that leaves out the figure", seal_that_leaves_out, "UNTRACKED", "UNTRACKED"),
    Attack("a forgery sealed by a stranger", seal_by_a_stranger, "TAMPERED", "TAMPERED"),
    Attack("a forgery, and the sealed list made to fit", seal_with_a_changed_list, "", "TAMPERED"),
    Attack("the seal's signature is removed", seal_without_its_signature, "", "TAMPERED"),
    Attack("the sealed list is a pipe", seal_that_is_a_pipe, "", "TAMPERED"),
    Attack("the seal's signature has four terabytes and is made of holes", signature_of_holes, "", "TAMPERED"),
]
"""An empty verdict: the attack needs a seal."""


def verdict(repository, attack):
    """Gravest verdict of an audit on the target, asked as the command asks."""
    audit = Audit(
        repository.folder, [S], repository.expected if attack.configured else None, Digests(repository.folder)
    )
    _, of_seal = seal.check(audit, S, repository.folder / "keys/allowed")
    everything = [node for node in audit.nodes.values() if node.path.startswith(f"{S}/")]
    roots = audit.find(attack.target) + [node for node in of_seal if node.reasons] if attack.target else everything
    text = report(audit, roots, attack.target or None)
    assert "Traceback" not in text and page(audit, roots, attack.target or None)
    lineage = audit.lineage(roots)
    assert all("\n" not in reason for node in lineage for _, reason in node.reasons)
    order = list(seal_verdicts())
    return min((node.verdict for node in lineage), key=order.index)


def seal_verdicts():
    from qcrystal.provenance.verdicts import VERDICTS

    return VERDICTS


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason=seal.INSTALL)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.words)
def test_an_attack_has_its_verdict(repository, attack):
    make_keys(repository.folder / "keys")
    for expected, with_seal in ((attack.alone, False), (attack.sealed, True)):
        if not expected:
            continue
        whole = repository.folder.with_name(repository.folder.name + "-whole")
        shutil.copytree(repository.folder, whole, symlinks=True)
        if with_seal:
            seal.write(repository.folder, S, repository.folder / "keys/trusted", repository.folder / "keys/allowed")
        attack.act(repository)
        found = verdict(repository, attack)
        assert found == ("VERIFIED" if expected == NOT_SEEN else expected), f"sealed: {with_seal}"
        shutil.rmtree(repository.folder)
        shutil.move(whole, repository.folder)
        os.chdir(repository.folder)


def table():
    """The attacks and what is said of them, as the page shows them."""
    rows = ["| attack | without a seal | with a seal |", "|---|---|---|"]
    return "\n".join([*rows, *(f"| {a.words} | {a.alone or '—'} | {a.sealed} |" for a in ATTACKS)])


def test_the_page_shows_the_attacks_that_are_tried(root):
    """``WRITE_PAGES=1`` puts the table into the page."""
    shows(root / PAGE, "attacks", table())


ZOO = [None, True, -1, 0, 10**30, 1e308, "", "x" * 9999, "\x1b[2J\n\u202e", "../../etc/passwd", "/dev/zero", [], {}]
ZOO += [["a"], {"a": 1}, [[]], "0" * 64, "2026-99-99T00:00:00Z", "\ud800"]


def places(value, path=()):
    """Every place in plain data."""
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from places(member, (*path, key))


def mutated(record, chance):
    """A record with one to three places removed or exchanged."""
    for _ in range(chance.randint(1, 3)):
        path = chance.choice([place for place in places(record) if place])
        holder = record
        for key in path[:-1]:
            holder = holder[key]
        if chance.random() < 0.3:
            del holder[path[-1]]
        else:
            holder[path[-1]] = copy.deepcopy(chance.choice(ZOO))
    return record


@pytest.mark.engine
def test_a_mutated_record_ends_in_a_verdict_and_the_others_stay(repository):
    """Four hundred mutations: an answer in lines that cannot steer a terminal, and no other job's verdict changes."""
    chance, path = random.Random(3), repository.folder / S / "figures/second.prov.json"
    whole, digests = path.read_text(), Digests(repository.folder)
    for _ in range(400):
        path.write_text(json.dumps(mutated(json.loads(whole), chance)))
        audit = Audit(repository.folder, [S], repository.expected, digests)
        roots = [node for node in audit.nodes.values() if node.path.startswith(f"{S}/")]
        text = report(audit, roots, None)
        assert all(sign.isprintable() or sign == "\n" for sign in text)
        json.dumps(document(audit, roots, None))
        bad = {node.path for node in audit.nodes.values() if node.verdict != "VERIFIED"}
        claimed = {
            reason for node in audit.nodes.values() for verdict, reason in node.reasons if "claimed by" in reason
        }
        assert claimed or not bad & {RECORD, f"{S}/model/model.prov.json", f"{S}/tables/sweep.prov.json"}


BROKEN = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a": ' * 50_000,
    b'{"prov_id": NaN}',
    b"9" * 10_000,
]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
@pytest.mark.engine
def test_a_file_that_is_no_record_is_one_line(repository, content):
    (repository.folder / RECORD).write_bytes(content)
    audit = Audit(repository.folder, [S], repository.expected, Digests(repository.folder))
    assert audit.nodes[RECORD].verdict == "INCOMPLETE" and len(audit.nodes[RECORD].reasons) == 1
    assert repository.verdicts() == {RECORD: "INCOMPLETE"}


NUMBERS = [
    b"",
    b"[]",
    b'{"numbers": []}',
    b'{"numbers": {"X": 3}}',
    b'{"numbers": {"X": {"source": 3}}}',
    b"[" * 99_999,
]


@pytest.mark.parametrize("content", NUMBERS, ids=range(len(NUMBERS)))
def test_malformed_numbers_hide_no_figure(repository, content):
    place = repository.folder / S / "manuscript/numbers.json"
    place.parent.mkdir()
    place.write_bytes(content)
    audit = Audit(repository.folder, [S], repository.expected, Digests(repository.folder))
    assert [node.path for node in audit.find("first")] == [RECORD]
    assert audit.nodes[f"{S}/manuscript/numbers.json"].verdict == "UNTRACKED"


def test_a_number_named_as_a_figure_does_not_hide_it(repository):
    """A reader who asks for the figure is told of the figure."""
    from qcrystal.files import identifier, write_whole

    number = {"text": "1", "unit": "K", "source": TABLE}

    def write(path):
        write_whole(path, json.dumps({"prov_id": identifier(), "numbers": {"first": number, "Other": number}}))

    repository.job("numbers", [TABLE], [f"{S}/manuscript/numbers.json"], write, "draw.py")
    changed_byte(repository)
    audit = repository.audit()
    assert [(node.path, node.verdict) for node in audit.find("first")] == [(RECORD, "TAMPERED")]
    assert document(audit, audit.find("first"), "first")["number"] is None
    assert [node.path for node in audit.find("Other")] == [f"{S}/manuscript/numbers.prov.json"]


def test_a_file_hidden_as_a_stamp_in_a_folder_that_a_job_made_is_found(repository):
    """The digest of a folder passes over Snakemake's stamps, which are empty."""

    def write(path):
        path.mkdir()
        (path / "energy.npy").write_bytes(b"1")

    repository.job("split", ["data/labels.npy"], [f"{S}/data"], write, "draw.py")
    stamp = repository.folder / S / "data/.snakemake_timestamp"
    stamp.write_bytes(b"")
    assert repository.verdicts() == {}
    stamp.write_bytes(b"hidden")
    assert repository.verdicts() == {f"{S}/data/.snakemake_timestamp": "UNTRACKED"}


def test_a_page_hands_on_no_file_behind_a_link(repository, tmp_path_factory):
    """A figure that is a link to somebody's key must not become part of a page that is sent to others."""
    key = tmp_path_factory.mktemp("home") / "id_ed25519"
    key.write_text("secret")
    (repository.folder / FIGURE).unlink()
    (repository.folder / FIGURE).symlink_to(key)
    audit = repository.audit()
    assert base64.b64encode(b"secret").decode() not in page(audit, audit.find("first"), "first")


CHANGING = {"JAX_ENABLE_X64": "UNDECLARED", "NVIDIA_TF32_OVERRIDE": "UNDECLARED", "GPAW_SETUP_PATH": "VERIFIED"}


@pytest.mark.parametrize(("variable", "verdict"), CHANGING.items())
def test_variables_that_change_what_is_computed_are_told(repository, monkeypatch, variable, verdict):
    """Precision of training and of GPUs; a folder of PAW sets is a note, as users have to name it."""
    monkeypatch.setenv(variable, "1")
    draw_figures(repository)
    audit = repository.audit()
    (node,) = audit.find("first")
    assert node.verdict == verdict and f"{variable}=1: set when first ran" in report(audit, [node], "first")


def test_where_there_is_no_result_nothing_is_verified(repository):
    """The exit status of an audit says that everything holds: of nothing it cannot say so."""
    (repository.folder / "Snakefile").touch()
    shutil.rmtree(repository.folder / S)
    (repository.folder / S).mkdir()
    with pytest.raises(AuditError, match=f"{S}: holds no result and no record; nothing is verified") as error:
        audit_command.main("", "lah10", "smoke", "", None, configuration=False, html=None, allowed_signers=Path("none"))
    assert error.value.status == 2


def test_a_planted_cache_is_not_read(repository, monkeypatch, tmp_path):
    """A results folder from others brings no digests along: the cache is the user's own, and malformed entries are dropped."""
    from qcrystal.provenance.nodes import cache_file

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache = cache_file(repository.folder)
    cache.parent.mkdir(parents=True)
    for text in ("", "[]", '{"a": 1}', json.dumps({TABLE: [1, 2, 3, 4, "x"]}), json.dumps({TABLE: "0" * 64})):
        cache.write_text(text)
        changed_table(repository)
        audit = Audit(repository.folder, [S], repository.expected, Digests(repository.folder, cache))
        assert audit.nodes[f"{S}/tables/sweep.prov.json"].verdict == "TAMPERED"
        changed_table(repository)


def test_folders_and_files_have_different_digests(tmp_path):
    """A file that holds the very text of which a folder's digest is taken is no folder."""
    from qcrystal.provenance.record import described

    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a").write_text("1")
    before = described(folder)
    text = json.dumps([["a", file_digest(folder / "a")]])
    shutil.rmtree(folder)
    folder.write_text(text)
    after = described(folder)
    assert before["sha256"] == after["sha256"] and before["kind"] != after["kind"]


def test_a_folder_behind_a_link_is_part_of_a_folder_and_a_circle_is_refused(tmp_path):
    folder, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    for path in (folder, elsewhere):
        path.mkdir()
    (folder / "system").symlink_to(elsewhere)
    (elsewhere / "energy.npy").write_text("1")
    before = file_digest(folder)
    assert [path.relative_to(folder).as_posix() for path in files_below(folder)] == ["system/energy.npy"]
    (elsewhere / "energy.npy").write_text("2")
    assert file_digest(folder) != before
    (elsewhere / "again").symlink_to(folder)
    with pytest.raises(ValueError, match="a link that leads back"):
        file_digest(folder)
    (elsewhere / "again").unlink()
    (elsewhere / "lost").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="leads nowhere"):
        file_digest(folder)


def test_a_number_from_a_table_that_was_not_read(repository):
    from qcrystal.files import identifier, write_whole

    numbers = {"Forged": {"text": "1", "unit": "K", "source": "data/labels.npy"}}

    def write(path):
        write_whole(path, json.dumps({"prov_id": identifier(), "numbers": numbers}))

    repository.job("numbers", [TABLE], [f"{S}/manuscript/numbers.json"], write, "draw.py")
    (node,) = repository.audit().find("Forged")
    assert node.verdict == "TAMPERED" and "which was not read" in node.reasons[0][1]


def test_the_audit_of_a_folder_that_cannot_be_written(repository):
    """No file of the repository is touched, whatever is asked."""
    before = {path: path.stat().st_mtime_ns for path in Path(repository.folder).rglob("*")}
    audit = repository.audit()
    page(audit, audit.find("first"), "first")
    assert {path: path.stat().st_mtime_ns for path in Path(repository.folder).rglob("*")} == before


def test_two_equal_jobs_have_the_same_identifier_and_bytes(repository):
    """Times, machine and speed are no part of either."""
    names = (FIGURE, f"{S}/figures/first.pdf", TABLE)
    before = {name: (repository.folder / name).read_bytes() for name in names}
    identity = json.loads((repository.folder / RECORD).read_text())["prov_id"]
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]})
    repository.job("collect", [f"{S}/model/model.pb"], [TABLE], lambda path: write_table(frame, path, ANY), "draw.py")
    draw_figures(repository)
    assert json.loads((repository.folder / RECORD).read_text())["prov_id"] == identity
    assert {name: (repository.folder / name).read_bytes() for name in names} == before


@pytest.mark.parametrize(
    "words",
    [
        ["crate", "verify", "{odd}.zip"],
        ["audit", "--scale", "{odd}"],
        ["audit", "--crystal", "{odd}"],
        ["seal", "--scale", "{odd}"],
        ["{odd}"],
        ["progress", "log", "--", "printf", "first: {odd} (details: x)\\n"],
        ["progress", "log", "--", "sh", "-c", "echo 'Error: {odd}'; exit 1"],
    ],
    ids=["crate", "scale", "crystal", "seal", "command", "line of a job", "line of Snakemake"],
)
def test_no_sign_that_steers_a_terminal_reaches_it(tmp_path, words):
    """Names that clear the screen, turn text around, or set the title, in whatever a command says."""
    odd = "x\x1b[2J\u202ey\x1b]0;z\x07"
    (tmp_path / "Snakefile").touch()
    command = [sys.executable, "-m", "qcrystal", *(word.format(odd=odd) for word in words)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert "x\\x1b[2J\\u202ey" in said and not {"\x1b", "\u202e", "\x07"} & set(said)
