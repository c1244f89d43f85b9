"""One verdict per node, on a small repository of three jobs: data -> model -> table -> figure (and another figure)."""

import json
import os
import shutil

import pandas as pd
import pytest
import yaml
from any_table import ANY
from small_repository import S, edit_record, flip, forge, forge_table, make_keys, small_repository

from qcrystal.errors import one_line
from qcrystal.files import file_digest, identifier, write_whole
from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance import audit_report as reporting
from qcrystal.provenance import seal
from qcrystal.provenance.audit import Audit
from qcrystal.provenance.audit_page import page
from qcrystal.provenance.embedded import embedded_identifier
from qcrystal.provenance.nodes import AuditError, Digests, Expected, cache_file


@pytest.fixture
def repository(tmp_path, monkeypatch):
    return small_repository(tmp_path, monkeypatch)


def test_clean(repository):
    assert repository.verdicts() == {}
    roots = repository.audit().find("first")
    text = reporting.report(repository.audit(), roots, "first")
    for name in ("figures/first.png", "tables/sweep.csv", "model/model.pb", "data/labels.npy"):
        assert name in text
    assert text.endswith("4 VERIFIED")


def test_files_carry_the_identifier_of_their_record(repository):
    for name in ("figures/first.png", "figures/first.pdf", "tables/sweep.csv"):
        path = repository.folder / S / name
        record = json.loads(path.with_suffix(".prov.json").read_text())
        assert embedded_identifier(path) == record["prov_id"]
    assert list(read_table(repository.folder / S / "tables" / "sweep.csv", ANY).columns) == ["x", "y"]


def test_same_job_same_bytes(repository, tmp_path):
    before = (repository.folder / S / "tables" / "sweep.csv").read_bytes()
    table = read_table(repository.folder / S / "tables" / "sweep.csv", ANY)
    again = [f"{S}/model/model.pb"], [f"{S}/tables/sweep.csv"], lambda p: write_table(table, p, ANY), "draw.py"
    repository.job("collect", *again)
    assert (repository.folder / S / "tables" / "sweep.csv").read_bytes() == before


def test_a_flipped_byte_in_an_intermediate(repository):
    flip(repository.folder / S / "tables" / "sweep.csv")
    assert repository.verdicts() == {f"{S}/tables/sweep.prov.json": "TAMPERED"}
    audit = repository.audit()
    (node,) = audit.find(f"{S}/tables/sweep.csv")
    affected = {file for child in audit.dependents(node) for file in child.files}
    assert affected == {f"{S}/figures/{name}.{suffix}" for name in ("first", "second") for suffix in ("png", "pdf")}
    text = reporting.report(audit, audit.find("first"), "first")
    assert f"TAMPERED: {S}/tables/sweep.csv" in text and "affects:" in text


def test_a_flipped_byte_in_a_large_output(repository):
    flip(repository.folder / S / "model" / "model.pb", 1_000_000)
    assert repository.verdicts() == {f"{S}/model/model.prov.json": "TAMPERED"}


def test_a_flipped_byte_in_a_source_whose_time_was_kept(repository):
    flip(repository.folder / "data" / "labels.npy")
    os.utime(repository.folder / "data" / "labels.npy", (1e9, 1e9))
    assert repository.verdicts() == {"data/labels.npy": "TAMPERED"}


def test_an_edited_source(repository):
    path = repository.folder / "data" / "labels.npy"
    path.write_bytes(b"new labels")
    os.utime(path, (4e9, 4e9))
    assert repository.verdicts() == {f"{S}/model/model.prov.json": "STALE"}


def test_an_edited_figure(repository):
    flip(repository.folder / S / "figures" / "second.pdf", 100)
    assert repository.verdicts() == {f"{S}/figures/second.prov.json": "TAMPERED"}


def test_swapped_figures_disagree_with_what_they_carry(repository):
    """Even if the records are made to name the swapped files' digests: those are no part of the identifier."""
    first, second = (repository.folder / S / "figures" / f"{name}.png" for name in ("first", "second"))
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    for path in (first, second):
        digest = file_digest(path)
        edit_record(path.with_suffix(".prov.json"), lambda r, d=digest: r["outputs"][0].update(sha256=d))
    assert repository.verdicts() == {f"{S}/figures/{name}.prov.json": "TAMPERED" for name in ("first", "second")}
    (node,) = repository.audit().find("first")
    assert "carries the identifier" in node.reasons[0][1]


def test_helper_code(repository):
    helper = repository.folder / "scripts" / "qcrystal" / "helper.py"
    helper.write_text('"""Words."""\n# a remark\nCONSTANT = (1)\n')
    assert repository.verdicts() == {}
    helper.write_text("CONSTANT = 2\n")
    assert repository.verdicts() == {f"{S}/model/model.prov.json": "CODE-CHANGED"}
    (node,) = repository.audit().find("model.pb")
    assert node.reasons == [("CODE-CHANGED", "scripts/qcrystal/helper.py: does something else now")]


def test_a_model_made_anew_with_another_seed(repository):
    before = file_digest(repository.folder / S / "model" / "model.pb")
    repository.train(seed=2)
    after = file_digest(repository.folder / S / "model" / "model.pb")
    assert repository.verdicts() == {f"{S}/tables/sweep.prov.json": "STALE"}
    (node,) = repository.audit().find(f"{S}/tables/sweep.csv")
    assert before[:12] in node.reasons[0][1] and after[:12] in node.reasons[0][1]


def test_other_configuration(repository):
    job = next(e for e in repository.expected if e.rule == "train")
    repository.expected.remove(job)
    repository.expected.append(Expected(job.rule, {**job.parameters, "seed": 3}, job.inputs, job.outputs))
    assert repository.verdicts() == {f"{S}/model/model.prov.json": "CONFIG-CHANGED"}
    (node,) = repository.audit().find("model.pb")
    assert "seed: 1 -> 3" in node.reasons[0][1]


def test_an_input_that_the_rule_has_no_more(repository):
    job = next(e for e in repository.expected if e.rule == "collect")
    repository.expected.remove(job)
    repository.expected.append(Expected(job.rule, job.parameters, (), job.outputs))
    assert repository.verdicts() == {f"{S}/tables/sweep.prov.json": "STALE"}


def test_incomplete_records(repository):
    path = repository.folder / S / "model" / "model.prov.json"
    whole = path.read_text()
    forge(path, lambda r: r["deterministic"]["versions"].pop("numpy"))
    audit = repository.audit()
    assert {p: n.verdict for p, n in audit.nodes.items() if n.reasons} == {f"{S}/model/model.prov.json": "INCOMPLETE"}
    assert "no version of numpy" in audit.nodes[f"{S}/model/model.prov.json"].reasons[0][1]
    path.write_text(whole[:100])
    assert repository.verdicts()[f"{S}/model/model.prov.json"] == "INCOMPLETE"
    path.write_text("[]")
    assert repository.verdicts()[f"{S}/model/model.prov.json"] == "INCOMPLETE"


@pytest.mark.parametrize("part", ["rule", "inputs", "modules", "versions", "lock", "commit", "seeds"])
def test_each_part_of_a_record_is_needed(repository, part):
    forge(repository.folder / S / "figures" / "first.prov.json", lambda r: r["deterministic"].pop(part))
    assert repository.verdicts()[f"{S}/figures/first.prov.json"] == "INCOMPLETE"


def test_a_record_changed_by_hand(repository):
    edit_record(
        repository.folder / S / "model" / "model.prov.json", lambda r: r["deterministic"]["parameters"].update(seed=9)
    )
    node = repository.audit(configured=False).nodes[f"{S}/model/model.prov.json"]
    assert node.verdict == "TAMPERED"


def test_another_environment(repository):
    lock = repository.folder / "envs" / "requirements.lock"
    lock.write_text(lock.read_text() + "# edited\n")
    assert set(repository.verdicts().values()) == {"ENV-CHANGED"} and len(repository.verdicts()) == 4
    forge(
        repository.folder / S / "model" / "model.prov.json",
        lambda r: r["deterministic"]["versions"].update(numpy="1.0"),
    )
    (node,) = repository.audit().find("model.pb")
    assert any("numpy: was 1.0" in text for _, text in node.reasons)


def test_missing_untracked_undeclared(repository):
    (repository.folder / S / "figures" / "second.pdf").unlink()
    (repository.folder / S / "tables" / "other.csv").write_text("x\n")
    edit_record(
        repository.folder / S / "model" / "model.prov.json", lambda r: r.update(undeclared=["config/secret.yaml"])
    )
    (repository.folder / S / "tables" / "sweep.prov.json").unlink()
    assert repository.verdicts() == {
        f"{S}/figures/second.prov.json": "MISSING",
        f"{S}/tables/other.csv": "UNTRACKED",
        f"{S}/model/model.prov.json": "UNDECLARED",
        f"{S}/tables/sweep.prov.json": "MISSING",
    }


def test_an_input_without_a_record(repository):
    (repository.folder / S / "tables" / "sweep.prov.json").unlink()
    audit = repository.audit(configured=False)
    assert audit.nodes[f"{S}/tables/sweep.csv"].verdict == "UNTRACKED"


def test_uncommitted_changes_are_flagged_and_no_fault(repository):
    path = repository.folder / S / "figures" / "first.prov.json"
    forge(path, lambda r: r["deterministic"].update(commit="c" * 40, uncommitted="d" * 64))
    audit = repository.audit()
    (node,) = audit.find("first")
    assert "uncommitted changes" in node.flags[0]
    assert "uncommitted changes" in reporting.report(audit, [node], "first")


def test_a_name_that_means_nothing(repository):
    with pytest.raises(AuditError, match="similar: first"):
        repository.audit().find("frist")


def test_a_number_leads_to_its_table(repository):
    number = {"text": "3.0(1)", "unit": "K", "source": f"{S}/tables/sweep.csv"}

    def write(path):
        write_whole(path, json.dumps({"prov_id": identifier(), "numbers": {"ZeroPoint": number}}))

    inputs = [f"{S}/tables/sweep.csv", f"{S}/figures/first.png"]
    repository.job("numbers", inputs, [f"{S}/manuscript/numbers.json"], write, "draw.py")
    audit = repository.audit()
    roots = audit.find("ZeroPoint")
    assert [node.rule for node in audit.lineage(roots)] == ["numbers", "collect", "train", None]
    assert reporting.report(audit, roots, "ZeroPoint").startswith(
        "ZeroPoint = 3.0(1) K, from results/lah10/smoke/tables"
    )


def test_digests_are_kept_only_on_request(repository, monkeypatch):
    """A file is read again once its inode has changed, even if its size and time are those of before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(repository.folder / "cache"))
    cache = cache_file(repository.folder)
    read = []
    monkeypatch.setattr("qcrystal.provenance.nodes.file_digest", lambda path: read.append(path) or file_digest(path))
    for _ in range(2):  # the second time from the cache
        digests = Digests(repository.folder, cache)
        audit = Audit(repository.folder, [S], None, digests)
        digests.save()
        assert {node.verdict for node in audit.nodes.values()} == {"VERIFIED"}
    assert len(read) == len(set(read)) > 0
    flip(repository.folder / S / "model" / "model.pb")
    audit = Audit(repository.folder, [S], None, Digests(repository.folder, cache))
    assert audit.nodes[f"{S}/model/model.prov.json"].verdict == "TAMPERED"


def test_page_holds_figure_graph_and_records(repository):
    flip(repository.folder / S / "tables" / "sweep.csv")
    audit = repository.audit()
    text = page(audit, audit.find("first"), "first")
    assert "data:image/png;base64" in text and "<svg" in text and text.count("<section") == 4
    assert "TAMPERED" in text and "&#34;prov_id&#34;" in text
    assert all(f'href="#node{i}"' in text and f'id="node{i}"' in text for i in range(4))


@pytest.fixture
def keys(repository):
    """A key that is trusted, and one that is not."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip(seal.INSTALL)
    return make_keys(repository.folder / "keys")


def sealed(repository, keys):
    audit = repository.audit()
    text, node = seal.check(audit, S, keys / "allowed")
    return text, {path: node.verdict for path, node in audit.nodes.items() if node.reasons}


def test_a_seal_holds(repository, keys):
    assert seal.check(repository.audit(), S, keys / "allowed") == ("not sealed", [])
    told = seal.write(repository.folder, S, keys / "trusted", keys / "allowed")
    assert "add to" not in told
    text, bad = sealed(repository, keys)
    assert bad == {} and text.startswith("sealed by author@example.org")
    assert "add to" in seal.write(repository.folder, S, keys / "other", keys / "allowed")
    text, bad = sealed(repository, keys)
    assert bad == {f"{S}/seal/manifest.json": "TAMPERED"} and "no key of" in text


def test_a_consistent_forgery_breaks_the_seal(repository, keys):
    seal.write(repository.folder, S, keys / "trusted", keys / "allowed")
    forge_table(repository)
    text, bad = sealed(repository, keys)
    assert bad[f"{S}/tables/sweep.prov.json"] == "TAMPERED"
    manifest = repository.folder / S / "seal" / "manifest.json"
    document = json.loads(manifest.read_text())
    digests = Digests(repository.folder)
    document["files"] = {name: digests(name) for name in document["files"]}
    manifest.write_text(json.dumps(document, indent=1) + "\n")
    text, bad = sealed(repository, keys)
    assert bad == {f"{S}/seal/manifest.json": "TAMPERED"} and "does not hold" in text


def test_a_seal_without_its_signature(repository, keys):
    seal.write(repository.folder, S, keys / "trusted", keys / "allowed")
    (repository.folder / S / "seal" / "manifest.json.sig").unlink()
    text, bad = sealed(repository, keys)
    assert bad == {f"{S}/seal/manifest.json": "TAMPERED"} and "not signed" in text


def test_a_key_that_is_not_there(repository, keys):
    with pytest.raises(AuditError, match="no such key"):
        seal.write(repository.folder, S, keys / "none", keys / "allowed")
    assert not (repository.folder / S / "seal").exists()


def test_a_released_potential_says_what_it_was_trained_on_and_is_held_to_its_card(repository):
    folder = repository.folder / "models" / "released"
    folder.mkdir(parents=True)
    (folder / "model.pb").write_bytes(b"released weights")
    card = {
        "name": "released",
        "species": ["La", "H"],
        "data": {"name": "ly2022", "commit": "2c514b8", "pressure_GPa": [82.0, 215.0]},
        "settings": {"effort": {"steps": 50000}, "seeds": {"descriptor": 7}},
        "sha256": file_digest(folder / "model.pb"),
    }
    (folder / "card.yaml").write_text(yaml.safe_dump(card))
    model = "models/released/model.pb"
    table = pd.DataFrame({"x": [1.0]})
    repository.job("phonons", [model], [f"{S}/phonons.csv"], lambda p: write_table(table, p, ANY), "draw.py")
    node = repository.audit().nodes[model]
    assert node.verdict == "VERIFIED"
    (said,) = node.flags
    assert all(word in said for word in ("ly2022 (2c514b8)", "50000 steps", "descriptor 7", "card.yaml"))
    (folder / "card.yaml").write_text(yaml.safe_dump(card | {"sha256": "0" * 64}))
    assert repository.verdicts()[model] == "TAMPERED"


def test_a_full_disk_leaves_no_half_of_a_seal(repository, tmp_path_factory, monkeypatch):
    """The disk is named, not the key; what stands for ssh-keygen writes an empty signature, as it does on a full disk."""
    folder = tmp_path_factory.mktemp("programs")
    program = folder / "ssh-keygen"
    program.write_text('#!/bin/sh\nfor file; do :; done\n: > "$file.sig"\necho No space left on device >&2\nexit 255\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    key = folder / "key"
    key.write_text("")
    with pytest.raises(OSError, match="No space left") as error:
        seal.write(repository.folder, S, key, folder / "allowed")
    assert one_line(error.value).startswith(f"{repository.folder / S}/seal: no space left on this disk")
    assert not list((repository.folder / S / "seal").iterdir())
