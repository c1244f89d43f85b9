"""A crate holds what the records tell, is what the profile requires, and shows when a byte of it is another one."""

import errno
import hashlib
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import warnings
import zipfile
import zlib
from pathlib import Path

import pytest
from mutations import mutate

from qcrystal.errors import one_line
from qcrystal.provenance.code import syntax_digest
from qcrystal.provenance.crate import builder
from qcrystal.provenance.crate import verify as crate
from qcrystal.provenance.crate.jobs import CrateError
from qcrystal.provenance.record import identifier_of

SCALE = "results/lah10/tiny"
FIGURE = f"{SCALE}/figures/a.csv"
FOREIGN = b"frames of others"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Repository:
    """A small repository with the results and records of four jobs."""

    def __init__(self, root: Path):
        self.root = root
        for name, text in {
            "Snakefile": "rule all:\n",
            "README.md": "# Small\n",
            "LICENSE": "MIT License\n",
            "CITATION.cff": "title: Small\nlicense: MIT\nauthors:\n- {given-names: Ada, family-names: Byron}\n- name: All\n",
            "envs/requirements.lock": "numpy==2.0\n",
            "config/local.yaml": "secret: true\n",
            "config/config.yaml": "scale: tiny\n",
            "rules/all.smk": "# rules\n",
            "scripts/work.py": "x = 1\n",
            "scripts/draw.py": "y = 1\n",
            "data/labels.csv": "1\n",
        }.items():
            self.file(name, text.encode())
        self.file("results/downloads/theirs/frames.npy", FOREIGN)
        self.file(f"{SCALE}/data/theirs/part/frames.npy", FOREIGN)
        self.file(f"{SCALE}/data/ours/part/frames.npy", b"ours")
        self.file(f"{SCALE}/data/ours/.snakemake_timestamp", b"")
        self.file(f"{SCALE}/runs/r 1/trajectory.h5", b"Hello World!")
        self.file(f"{SCALE}/runs/r 1/thermo.csv", b"step,T\n1,300\n")
        self.file(f"{SCALE}/figures/b.csv", b"")
        self.file(FIGURE, b"q,value\nx,1\n")
        theirs, split = "results/downloads/theirs", f"{SCALE}/data"
        run = f"{SCALE}/runs/r 1"
        self.job("download", "work.py", "00:00:00", [], [theirs], theirs)
        self.job("dataset", "work.py", "00:01:00", [theirs], [f"{split}/theirs"], f"{split}/theirs")
        self.job("dataset", "work.py", "00:01:00", ["data/labels.csv"], [f"{split}/ours"], f"{split}/ours")
        outputs = [f"{run}/trajectory.h5", f"{run}/thermo.csv"]
        self.job("run", "work.py", "00:02:00", [f"{split}/ours", f"{split}/theirs"], outputs, f"{run}/run")
        self.job("draw", "draw.py", "00:03:00", [f"{run}/thermo.csv"], [FIGURE, f"{SCALE}/figures/b.csv"], FIGURE[:-4])

    def file(self, name: str, content: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def described(self, name: str, identifier: str | None = None) -> dict:
        """A file, or a folder with one file: the digest of a folder is that of its file's name and digest, as JSON."""
        path = self.root / name
        if identifier and name.endswith(".csv"):
            path.write_bytes(f"# prov_id {identifier}\n".encode() + path.read_bytes())
        if path.is_dir():
            (file,) = (p for p in path.rglob("*") if p.is_file() and p.name != ".snakemake_timestamp")
            line = json.dumps([[str(file.relative_to(path)), sha256(file.read_bytes())]])
            return {"path": name, "kind": "folder", "sha256": sha256(line.encode()), "size": file.stat().st_size}
        return {"path": name, "kind": "file", "sha256": sha256(path.read_bytes()), "size": path.stat().st_size}

    def job(self, rule: str, script: str, time: str, inputs: list, outputs: list, record: str) -> None:
        deterministic = {
            "schema": 3,
            "rule": rule,
            "record": f"{record}.prov.json",
            "wildcards": {"name": record},
            "parameters": {"modules": [script], "code": "0123456789abcdef", "temperature": 300},
            "seeds": {},
            "inputs": [self.described(name) for name in inputs],
            "outputs": sorted(outputs),
            "modules": {script: {"file": "0" * 64, "syntax": syntax_digest(self.root / "scripts" / script)}},
            "versions": {"python": "3.11.7", "numpy": "2.0", "snakemake": "9.27.1"},
            "binaries": {},
            "surroundings": {},
            "lock": sha256((self.root / "envs/requirements.lock").read_bytes()),
            "commit": "c0ffee",
            "uncommitted": None,
        }
        identifier = sha256(json.dumps(deterministic, sort_keys=True).encode())
        document = {
            "prov_id": identifier,
            "deterministic": deterministic,
            "outputs": [self.described(name, identifier) for name in outputs],
            "undeclared": [],
            "volatile": {
                "started": f"2026-01-01T{time}Z",
                "seconds": 5.5,
                "status": 0,
                "threads": 1,
                "processor": "some",
            },
        }
        self.file(f"{record}.prov.json", json.dumps(document).encode())

    def write(self, output: str, **options) -> Path:
        results = self.root / SCALE
        builder.write(results, self.root / output, **options)
        return self.root / output


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def entities(folder: Path) -> dict[str, dict]:
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    return {entity["@id"]: entity for entity in graph}


def identifiers(values) -> set[str]:
    return {value["@id"] for value in (values if isinstance(values, list) else [values])}


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a connection was tried")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.mark.parametrize("output", ["crate", "crate.zip"])
@pytest.mark.engine
def test_profile_is_kept_as_its_validator_says_without_a_network(repository, no_network, output):
    assert crate.required_issues(repository.write(output)) == []


def test_results_behind_a_link_make_the_same_crate(repository, tmp_path_factory):
    """`results` may be a link to a larger disk; the crate names its files as the records do."""
    before = entities(repository.write("before"))
    elsewhere = tmp_path_factory.mktemp("disk") / "results"
    (repository.root / "results").rename(elsewhere)
    (repository.root / "results").symlink_to(elsewhere)
    after = entities(repository.write("after"))
    assert set(after) == set(before)
    assert crate.verify(repository.root / "after") == []


@pytest.mark.engine
def test_validator_sees_a_step_without_its_tool(repository, no_network):
    folder = repository.write("crate")
    metadata = folder / "ro-crate-metadata.json"
    document = json.loads(metadata.read_text())
    for entity in document["@graph"]:
        if entity["@id"] == "#step/draw":
            del entity["workExample"]
    metadata.write_text(json.dumps(document))
    issues = crate.required_issues(folder)
    assert issues and all(issue.startswith("provenance-run-crate") and "#step/draw" in issue for issue in issues)


def test_actions_are_what_the_records_tell(repository):
    found = entities(repository.write("crate"))
    action = found["#job/results/lah10/tiny/figures/a"]
    assert identifiers(action["result"]) == {FIGURE, f"{SCALE}/figures/b.csv"}
    inputs = identifiers(action["object"]) - {"#values/results/lah10/tiny/figures/a"}
    assert inputs == {"results/lah10/tiny/runs/r%201/thermo.csv"}
    assert json.loads(found["#values/results/lah10/tiny/figures/a"]["value"])["parameters"] == {"temperature": 300}
    assert action["startTime"] == "2026-01-01T00:03:00+00:00" and action["endTime"] == "2026-01-01T00:03:05+00:00"
    assert found["#tool/draw"]["softwareVersion"] == "0123456789abcdef"
    required = identifiers(found["#tool/draw"]["softwareRequirements"])
    assert {"scripts/draw.py", "https://pypi.org/project/numpy/2.0/"} <= required
    assert len(identifiers(found["#organized"]["object"])) == 5
    assert identifiers(found["#step/draw"]["connection"]) == {"#connection/output/run/input/draw"}
    assert identifiers(found["./"]["author"]) == {"#author/Ada%20Byron", "#author/All"}
    for entity in found.values():
        if entity["@type"] == "File" and not entity["@id"].startswith("ni:"):
            content = (repository.root / entity["name"]).read_bytes()
            assert entity["sha256"] == sha256(content) and entity["contentSize"] == str(len(content))


def test_data_of_others_trajectories_and_settings_of_the_machine_stay_outside(repository):
    folder = repository.write("crate")
    inside = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert not any(FOREIGN in (folder / name).read_bytes() for name in inside)
    assert not any(name.endswith((".h5", "local.yaml", ".snakemake_timestamp")) for name in inside)
    assert f"{SCALE}/data/ours/part/frames.npy" in inside
    outside = {e["name"]: e for name, e in entities(folder).items() if name.startswith("ni:")}
    assert set(outside) == {"results/downloads/theirs", f"{SCALE}/data/theirs", f"{SCALE}/runs/r 1/trajectory.h5"}
    trajectory = outside[f"{SCALE}/runs/r 1/trajectory.h5"]
    assert trajectory["sha256"] == sha256(b"Hello World!")
    # the example of RFC 6920, section 8.1
    assert trajectory["@id"].startswith("ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk?")
    shutil.rmtree(repository.root / "results/downloads/theirs")
    whole = repository.write("whole.zip", with_trajectories=True)
    assert zipfile.ZipFile(whole).read(f"{SCALE}/runs/r 1/trajectory.h5") == b"Hello World!"
    assert crate.verify(whole) == []


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_flipped_byte_of_any_file_is_reported_by_name(repository):
    folder = repository.write("crate")
    assert crate.verify(folder) == []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.stat().st_size):
        name = path.relative_to(folder).as_posix()
        if name != "ro-crate-metadata.json":
            flip(path, -1)
            (line,) = crate.verify(folder)
            assert line.startswith(f"{name}: not the file")
            flip(path, -1)


def test_flipped_byte_in_an_archive_is_reported_by_name(repository):
    archive = repository.write("crate.zip")
    assert crate.verify(archive) == []
    with zipfile.ZipFile(archive) as file:
        member = file.getinfo(FIGURE)
    # a local header is 30 bytes, of which the last four are the lengths of name and extra field, then these, then the data
    # (PKWARE's APPNOTE, 4.3.7)
    header = archive.read_bytes()[member.header_offset :][:30]
    lengths = sum(int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
    flip(archive, member.header_offset + 30 + lengths + member.compress_size // 2)
    (line,) = crate.verify(archive)
    assert line.startswith(f"{FIGURE}: ")
    command = [sys.executable, "-m", "qcrystal", "crate", "verify", archive]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr == f"{line}\n"


def test_metadata_that_were_made_to_fit_do_not_hide_another_file(repository):
    folder = repository.write("crate")
    old = sha256((folder / FIGURE).read_bytes())
    (folder / FIGURE).write_bytes(b"q,value\nx,2\n")
    metadata = folder / "ro-crate-metadata.json"
    metadata.write_text(metadata.read_text().replace(old, sha256(b"q,value\nx,2\n")))
    (line,) = crate.verify(folder)
    assert line.startswith(f"{FIGURE}: not the file that {SCALE}/figures/a.prov.json describes")


def test_missing_and_additional_files_are_reported(repository):
    folder = repository.write("crate")
    (folder / FIGURE).unlink()
    (folder / "more.csv").write_text("1")
    assert [line.split(",")[0] for line in crate.verify(folder)] == [
        "more.csv: ro-crate-metadata.json does not name it",
        f"{FIGURE}: missing",
    ]


@pytest.mark.parametrize(
    "name, content, message",
    [
        (FIGURE, b"q,value\nx,2\n", f"{FIGURE}: not the file that {SCALE}/figures/a.prov.json describes"),
        (FIGURE, None, f"{FIGURE}: missing"),
        ("data/labels.csv", b"2\n", f"data/labels.csv: not the file that {SCALE}/data/ours.prov.json"),
        (f"{SCALE}/data/ours/more.csv", b"", f"{SCALE}/data/ours: not the file"),
        (f"{SCALE}/runs/r 1/trajectory.h5", b"other", f"{SCALE}/runs/r 1/trajectory.h5: not the file"),
        ("scripts/draw.py", b"y = 2\n", f"scripts/draw.py: not the code that {SCALE}/figures/a.prov.json"),
        (f"{SCALE}/figures/a.prov.json", None, f"{FIGURE}: no record tells how it was made"),
        (f"{SCALE}/runs/r 1/run.prov.json", None, f"{SCALE}/runs/r 1/thermo.csv: read by {SCALE}/figures/a.prov.json"),
        (f"{SCALE}/figures/a.prov.json", b"{}", "a.prov.json: the record has no prov_id"),
        (f"{SCALE}/figures/a.prov.json", b"{", "a.prov.json: cannot be read"),
    ],
)
def test_results_that_are_not_what_the_records_tell_make_no_crate(repository, name, content, message):
    if content is None:
        (repository.root / name).unlink()
    else:
        repository.file(name, content)
    with pytest.raises(CrateError) as error:
        repository.write("crate.zip")
    assert message in str(error.value) and "\n" not in str(error.value)
    assert not (repository.root / "crate.zip").exists()


def test_comment_in_the_code_is_no_change(repository):
    repository.file("scripts/draw.py", b"y = 1  # as it was\n")
    assert crate.verify(repository.write("crate.zip")) == []


def test_a_declared_change_of_the_code_makes_a_crate_that_carries_the_declaration(repository):
    before = syntax_digest(repository.root / "scripts/draw.py")
    repository.file("scripts/draw.py", b"y = 2 - 1\n")
    with pytest.raises(CrateError, match=r"scripts/draw.py: not the code"):
        repository.write("crate")
    change = {"file": "draw.py", "before": before, "after": syntax_digest(repository.root / "scripts/draw.py")}
    text = json.dumps({"changes": [{**change, "reason": "Faster.", "shown_by": "a test"}]})
    repository.file("config/same_results.yaml", text.encode())
    assert (repository.write("crate") / "config/same_results.yaml").read_text() == text


def test_results_without_records_are_one_clear_line(repository):
    (repository.root / "results/lah10/empty").mkdir()
    command = [sys.executable, "-m", "qcrystal", "crate", "write", "results/lah10/empty", "crate.zip"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=repository.root)
    assert done.returncode == 1 and done.stderr == (
        "results/lah10/empty: no records (*.prov.json); run `make figures SCALE=empty` first\n"
    )


def test_a_folder_is_not_written_over_and_an_archive_is(repository):
    repository.write("crate.zip")
    repository.write("crate.zip")
    repository.write("crate")
    with pytest.raises(CrateError, match="already there"):
        repository.write("crate")


def test_what_is_no_crate_is_one_clear_line(tmp_path):
    (tmp_path / "crate.zip").write_text("no archive")
    for path in (tmp_path, tmp_path / "crate.zip", tmp_path / "none.zip"):
        with pytest.raises(CrateError, match="crate") as error:
            crate.verify(path)
        assert "\n" not in str(error.value)


def test_each_environment_names_its_own_lock_file(repository):
    """Results with and without CUDA, and of a lock file that is another one now."""
    repository.file("envs/requirements-cuda.lock", b"tensorflow==2.0\n")
    digests = [sha256(b"numpy==2.0\n"), sha256(b"tensorflow==2.0\n"), "0" * 64]
    for record, digest in zip(sorted((repository.root / SCALE).rglob("*.prov.json")), digests, strict=False):
        document = json.loads(record.read_text())
        document["deterministic"]["lock"] = digest
        document["prov_id"] = identifier_of(document["deterministic"])
        record.write_text(json.dumps(document))
    found = entities(repository.write("crate"))
    assert {"envs/requirements.lock", "envs/requirements-cuda.lock"} <= found.keys()
    assert [entity["name"] for entity in found.values() if entity.get("sha256") == "0" * 64] == [
        "a lock file, another version"
    ]


def rezipped(archive: Path, change) -> Path:
    """The archive with its members passed through a change: a list of (ZipInfo or name, content)."""
    with zipfile.ZipFile(archive) as file:
        members = [(info, file.read(info)) for info in file.infolist()]
    other = archive.with_name("other.zip")
    with warnings.catch_warnings(), zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as file:
        warnings.simplefilter("ignore")  # of names that stand twice
        for info, content in change(members):
            file.writestr(info, content)
    return other


def with_member(name, content=b"x", kind=None):
    def change(members):
        info = zipfile.ZipInfo(name)
        if kind:
            info.external_attr = kind << 16
        return [*members, (info, content)]

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (with_member("../outside.txt"), "../outside.txt: its path leads out of the crate"),
        (with_member("/etc/outside.txt"), "/etc/outside.txt: its path leads out of the crate"),
        (with_member("a/../../outside.txt"), "a/../../outside.txt: its path leads out of the crate"),
        (with_member("C:outside.txt"), "C:outside.txt: its path leads out of the crate"),
        (with_member(FIGURE, b"q,value\nx,9\n"), f"{FIGURE}: stands twice in the archive"),
        (with_member("link", b"/etc/passwd", 0o120777), "link: a link; a crate holds its files itself"),
        (with_member("odd\x1b[2J"), "odd\\u001b[2J: ro-crate-metadata.json does not name it"),
    ],
)
def test_an_archive_of_an_attacker_is_seen_through(repository, change, told):
    """Paths that lead out, names that stand twice, links, and names that would steer a terminal."""
    other = rezipped(repository.write("crate.zip"), change)
    assert crate.verify(other) == [told]
    assert not (repository.root.parent / "outside.txt").exists()


def with_a_name_in_its_extra_field(members):
    """Info-ZIP unpacks a member under the name of this field (APPNOTE, 4.6.9)."""
    info, other = zipfile.ZipInfo("odd.csv"), FIGURE.encode()
    body = b"\1" + zlib.crc32(b"odd.csv").to_bytes(4, "little") + other
    info.extra = struct.pack("<2H", 0x7075, len(body)) + body
    return [*members, (info, b"q,value\nx,9\n")]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (with_member(f"./{FIGURE}"), f"./{FIGURE}: its path is spelt in another way than that of a crate's file"),
        (with_member(FIGURE.replace("/", "//")), "its path is spelt in another way than that of a crate's file"),
        (with_member(FIGURE.replace("/a", "/./a")), "its path is spelt in another way than that of a crate's file"),
        (with_member("pipe", b"", 0o010644), "pipe: neither a file nor a folder, but a pipe, a socket or a device"),
        (with_member(f"{FIGURE}."), f"overwrites {FIGURE} where upper and lower case are the same"),
        (with_a_name_in_its_extra_field, "odd.csv: it has an extra field, by which other programs may name it"),
    ],
    ids=["dot before", "two slashes", "dot between", "pipe", "dot behind", "extra field"],
)
def test_a_member_that_other_programs_unpack_elsewhere_is_named(repository, change, told):
    """Each of them would be written over the figure by a common program, or be no file."""
    (line,) = crate.verify(rezipped(repository.write("crate.zip"), change))
    assert told in line


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        (30, b"X", "its header has another name than its entry in the archive's list"),
        (8, b"\7", "its header is not that of its entry in the archive's list"),
        (14, b"\1\2\3\4", "its header has another digest or size than its entry in the archive's list"),
        (22, b"\1\1", "its header has another digest or size than its entry in the archive's list"),
    ],
    ids=["name", "method", "digest", "size"],
)
def test_a_header_that_is_not_that_of_the_list_is_named(repository, field, value, told):
    """Who unpacks an archive from its front believes the headers; offsets of their fields are those of APPNOTE, 4.3.7."""

    def plain(members):
        return [(info.filename, content) for info, content in members if not info.is_dir()]

    archive = rezipped(repository.write("crate.zip"), plain)
    assert crate.verify(archive) == []
    with zipfile.ZipFile(archive) as file:
        at = file.getinfo(FIGURE).header_offset + field
    content = archive.read_bytes()
    archive.write_bytes(content[:at] + value + content[at + len(value) :])
    assert crate.verify(archive) == [f"{FIGURE}: {told}"]


def test_a_crate_that_was_packed_again_by_another_program_is_the_same(repository):
    """Info-ZIP adds times and owners of files."""
    if shutil.which("zip") is None:
        pytest.skip("zip is not installed")
    folder = repository.write("crate")
    subprocess.run(["zip", "-q", "-r", "../again.zip", "."], cwd=folder, check=True)
    assert crate.verify(repository.root / "again.zip") == []


def test_other_code_in_a_crate_is_named_though_the_metadata_fit(repository):
    """The records know what each module did; a comment is no other code."""
    folder = repository.write("crate")
    code, metadata = folder / "scripts/draw.py", folder / "ro-crate-metadata.json"

    def put(text):
        old = sha256(code.read_bytes())
        code.write_bytes(text)
        metadata.write_text(metadata.read_text().replace(old, sha256(text)))
        return crate.verify(folder)

    assert put(b"y = 1  # as it was\n") == []
    told = [f"scripts/draw.py: not the code that {SCALE}/figures/a.prov.json was made with"]
    assert put(b"y = 2\n") == told
    assert put(b"y = (\n") == told
    assert put(b"y = " + b"(" * 100_000) == told


def test_names_that_are_one_on_other_systems_are_named(repository):
    """Whoever unpacks there gets the forged one of the two."""
    folder = repository.write("crate")
    other = FIGURE.replace("a.csv", "A.csv")
    (folder / other).write_bytes(b"forged")
    archive = shutil.make_archive(str(repository.root / "alike"), "zip", folder)
    assert any("where upper and lower case are the same" in line for line in crate.verify(Path(archive)))


def test_a_file_in_the_place_of_a_folder(repository):
    """The file holds the very text of which the folder's digest is taken."""
    folder = repository.write("crate")
    path = folder / SCALE / "data/ours"
    text = json.dumps([["part/frames.npy", sha256(b"ours")]])
    shutil.rmtree(path)
    path.write_text(text)
    metadata = json.loads((folder / "ro-crate-metadata.json").read_text())
    graph = [e for e in metadata["@graph"] if not e["@id"].startswith(f"{SCALE}/data/ours/part")]
    graph.append({"@id": f"{SCALE}/data/ours", "@type": "File", "name": "x", "sha256": sha256(text.encode())})
    (folder / "ro-crate-metadata.json").write_text(json.dumps({"@graph": graph}))
    assert any("not the folder that" in line for line in crate.verify(folder))


def test_a_record_in_which_a_name_stands_twice_is_none(repository):
    folder = repository.write("crate")
    path = folder / f"{SCALE}/figures/a.prov.json"
    text = path.read_text().replace('"outputs"', '"outputs": [], "outputs"', 1)
    old = sha256(path.read_bytes())
    path.write_text(text)
    metadata = folder / "ro-crate-metadata.json"
    metadata.write_text(metadata.read_text().replace(old, sha256(text.encode())))
    assert any("a key is given twice" in line for line in crate.verify(folder))


def test_a_mutated_crate_ends_in_lines(repository, tmp_path, capsys):
    """Metadata, records and payload of a folder, and the bytes of an archive, mutated at random: no hang, no traceback."""
    folder, archive = repository.write("crate"), repository.write("crate.zip")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    files += [folder / "ro-crate-metadata.json"] * len(files)
    for number in range(int(os.environ.get("MUTATIONS", 60))):
        chance = random.Random(number)
        path = archive if number % 4 == 0 else chance.choice(files)
        content = path.read_bytes()
        done, restore = mutate(path, chance)
        changed = path.is_symlink() or not path.is_file() or path.stat().st_size > 1e9 or path.read_bytes() != content
        try:
            lines = crate.verify(archive if path == archive else folder)
        except CrateError as error:
            lines = [str(error)]
        restore()
        words = f"mutation {number} of {path.name} ({done}): {lines}"
        assert all(line.isprintable() for line in lines), words
        assert lines or not changed or path == archive or path.name == "ro-crate-metadata.json", words


@pytest.mark.engine
def test_an_archive_that_would_swell_is_not_unpacked(repository):
    """A gigabyte of zeros in a megabyte."""
    zeros = b"\0" * (1 << 20)
    other = repository.root / "bomb.zip"
    with zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as file, file.open("zeros", "w", force_zip64=True) as member:
        for _ in range(1024):
            member.write(zeros)
    with pytest.raises(CrateError, match="claims to hold 1073741824 bytes in .*; it is not unpacked"):
        crate.verify(other)


def test_a_payload_that_is_said_to_be_outside_is_compared_all_the_same(repository):
    """The figure is exchanged. Metadata describe the new one inside, and name the old one, of the record, as outside."""
    folder = repository.write("crate")
    old, new = (folder / FIGURE).read_bytes(), b"q,value\nx,2\n"
    (folder / FIGURE).write_bytes(new)
    metadata = json.loads((folder / "ro-crate-metadata.json").read_text())
    for entity in metadata["@graph"]:
        if entity["@id"] == FIGURE:
            entity["sha256"] = sha256(new)
    metadata["@graph"].append({"@id": "ni:///sha-256;x", "@type": "File", "name": FIGURE, "sha256": sha256(old)})
    (folder / "ro-crate-metadata.json").write_text(json.dumps(metadata))
    assert [line.split(" (")[0] for line in crate.verify(folder)] == [
        f"{FIGURE}: not the file that {SCALE}/figures/a.prov.json describes"
    ]


def made_to_fit(folder: Path, name: str, content: bytes, record: str) -> None:
    """Another file, and both the record and the metadata made to fit it; what the job was given stays as it was."""
    old = sha256((folder / name).read_bytes())
    (folder / name).write_bytes(content)
    before = (folder / record).read_bytes()
    (folder / record).write_bytes(before.replace(old.encode(), sha256(content).encode()))
    metadata = folder / "ro-crate-metadata.json"
    text = metadata.read_text().replace(old, sha256(content))
    metadata.write_text(text.replace(sha256(before), sha256((folder / record).read_bytes())))


def test_a_payload_that_fits_record_and_metadata_lacks_the_records_identifier(repository):
    folder = repository.write("crate")
    made_to_fit(folder, FIGURE, b"q,value\nx,2\n", f"{SCALE}/figures/a.prov.json")
    (line,) = crate.verify(folder)
    assert line.startswith(f"{FIGURE}: carries the identifier none, its record ")


def test_metadata_that_name_a_path_outside_or_a_file_twice(repository):
    folder = repository.write("crate")
    metadata = json.loads((folder / "ro-crate-metadata.json").read_text())
    outside = {"@id": "../../etc/passwd", "@type": "File", "name": "x", "sha256": "0" * 64}
    twice = {"@id": FIGURE, "@type": "File", "name": FIGURE, "sha256": sha256((folder / FIGURE).read_bytes())}
    metadata["@graph"] += [outside, twice]
    (folder / "ro-crate-metadata.json").write_text(json.dumps(metadata))
    assert [line.split(": ")[1] for line in crate.verify(folder)] == [
        "ro-crate-metadata.json names a path that leads out of the crate",
        "ro-crate-metadata.json describes it twice",
    ]


def test_a_result_without_a_record_is_named(repository):
    folder = repository.write("crate")
    (folder / SCALE / "figures/new.csv").write_bytes(b"1")
    metadata = json.loads((folder / "ro-crate-metadata.json").read_text())
    name = f"{SCALE}/figures/new.csv"
    metadata["@graph"].append({"@id": name, "@type": "File", "name": name, "sha256": sha256(b"1")})
    (folder / "ro-crate-metadata.json").write_text(json.dumps(metadata))
    assert crate.verify(folder) == [f"{name}: no record tells how it was made"]


MALFORMED = ["", "[]", "{}", '{"@graph": 1}', '{"@graph": [1]}', "[" * 99_999, '{"@graph": [{"sha256": 1}]}']


@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_metadata_are_one_line(repository, text):
    folder = repository.write("crate")
    (folder / "ro-crate-metadata.json").write_text(text)
    with pytest.raises(CrateError) as error:
        crate.verify(folder)
    assert str(error.value).startswith("ro-crate-metadata.json: cannot be read") and "\n" not in str(error.value)


def test_a_seal_is_packed_with_what_it_seals(repository):
    for name in ("manifest.json", "manifest.json.sig"):
        repository.file(f"{SCALE}/seal/{name}", b"{}")
    folder = repository.write("crate")
    assert (folder / SCALE / "seal/manifest.json.sig").is_file() and crate.verify(folder) == []


def reduced_results(repository) -> None:
    """Results without the output of a run, and the committed list that says so."""
    name = f"{SCALE}/runs/r 1/thermo.csv"
    digest = sha256((repository.root / name).read_bytes())
    (repository.root / name).unlink()
    text = json.dumps({name: digest}).encode()
    repository.file(f"{SCALE}/left_out.json", text)
    repository.file("results/reference/lah10/tiny/left_out.json", text)


def test_reduced_results_make_a_crate_that_names_what_is_left_out(repository):
    """The list is packed as it stands among the results and as it is committed, so that an audit of the crate finds both."""
    reduced_results(repository)
    folder = repository.write("crate")
    assert f"{SCALE}/runs/r 1/thermo.csv" in {e.get("name") for n, e in entities(folder).items() if n.startswith("ni:")}
    assert (folder / "results/reference/lah10/tiny/left_out.json").is_file() and crate.verify(folder) == []
    (folder / SCALE / "left_out.json").write_text("{}")
    assert [line.split(": ")[0] for line in crate.verify(folder)] == [f"{SCALE}/left_out.json"]


def test_a_list_that_is_not_the_committed_one_makes_no_crate(repository):
    reduced_results(repository)
    repository.file(f"{SCALE}/left_out.json", b"{}")
    with pytest.raises(CrateError, match="not the list that is committed"):
        repository.write("crate")


def test_a_figure_cannot_be_said_to_stay_outside(repository):
    folder = repository.write("crate")
    metadata = json.loads((folder / "ro-crate-metadata.json").read_text())
    digest = sha256((folder / FIGURE).read_bytes())
    metadata["@graph"] = [entity for entity in metadata["@graph"] if entity["@id"] != FIGURE]
    metadata["@graph"].append({"@id": "ni:///sha-256;x", "@type": "File", "name": FIGURE, "sha256": digest})
    (folder / "ro-crate-metadata.json").write_text(json.dumps(metadata))
    (folder / FIGURE).unlink()
    assert crate.verify(folder) == [
        f"{FIGURE}: missing, and ro-crate-metadata.json says that it stays outside: no figure or table may"
    ]


@pytest.mark.parametrize("output", ["crate.zip", "crate"])
def test_a_full_disk_is_named_by_the_crates_folder_and_leaves_nothing(repository, monkeypatch, output):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", "a/source")

    monkeypatch.setattr(builder, "_pack", full)
    monkeypatch.setattr("rocrate.rocrate.ROCrate.write", full)
    with pytest.raises(OSError, match="No space left") as error:
        repository.write(output)
    assert one_line(error.value).startswith(f"{repository.root}: no space left on this disk")
    assert not list(repository.root.glob("crate*"))


def test_an_archive_on_a_full_disk_is_read_to_its_end():
    """rocrate's stream that is cut off prints tracebacks when it is cleared away."""
    read = []

    class Stream:
        def stream_zip(self):
            for number in range(3):
                yield b"x" * 100_000
                read.append(number)

    with pytest.raises(OSError, match="No space left"):
        builder._pack(Stream(), Path("/dev/full"))
    assert read == [0, 1, 2]


MORE = {
    "before": lambda content: b"#!/bin/sh\n" + content,
    "behind": lambda content: content + b"x" * 99,
    "another archive before": lambda content: content + content,
}


@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
def test_bytes_that_belong_to_no_file_are_named(repository, more):
    """Who unpacks such an archive from its front finds other files than who reads its list."""
    archive = repository.write("crate.zip")
    assert crate.verify(archive) == []
    archive.write_bytes(more(archive.read_bytes()))
    (line,) = crate.verify(archive)
    assert line == f"{archive}: holds bytes that belong to none of its files; other programs may unpack them"


def test_a_folder_that_holds_bytes_is_named(repository):
    archive = repository.write("crate.zip")
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr(zipfile.ZipInfo("results/hidden.png/"), b"picture")
    assert crate.verify(archive) == ["results/hidden.png/: called as a folder, and holds 7 bytes"]
