"""Files that were mutated at random: an audit answers in lines, in time, and what hangs on other files keeps its verdict."""

import json
import os
import random
import re
import shutil
import signal
import sys
import time
from contextlib import contextmanager

import pytest
from mutations import mutate
from small_repository import S, make_keys, small_repository

from qcrystal import __main__ as program
from qcrystal.commands import audit as command
from qcrystal.files import identifier, write_whole
from qcrystal.provenance import seal
from qcrystal.provenance.nodes import cache_file

pytestmark = pytest.mark.engine

MUTATIONS = int(os.environ.get("MUTATIONS", 60))
"""How many are tried; each is drawn with its number as the seed."""
LONGEST = 20
"""Seconds after which an audit hangs."""


@contextmanager
def within(seconds):
    """Fail if the body takes longer."""

    def fail(*_):
        pytest.fail(f"no answer within {seconds} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A finished and sealed repository with numbers, a configuration, a potential's card and a cache of digests."""
    folder = tmp_path / "repository"
    folder.mkdir()
    made = small_repository(folder, monkeypatch)
    write_numbers(made)
    made.job("configuration", [], [f"{S}/provenance/configuration.yaml"], write_configuration, "draw.py")
    (folder / "Snakefile").write_text("rule all:\n")
    keys = make_keys(tmp_path / "keys")
    if shutil.which("ssh-keygen"):
        seal.write(folder, S, keys / "trusted", keys / "allowed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(command, "_expected", lambda root, folder, given: (made.expected, None))
    made.signers = keys / "allowed"
    return made


def write_numbers(made):
    def write(path):
        entry = {"text": "1.5(2)", "unit": "K", "source": f"{S}/tables/sweep.csv"}
        write_whole(path, json.dumps({"prov_id": identifier(), "numbers": {"Tc": entry}}))

    made.job("numbers", [f"{S}/tables/sweep.csv"], [f"{S}/manuscript/numbers.json"], write, "draw.py")


def write_configuration(path):
    write_whole(path, "main:\n  start: labels\n")


def ask(repository, capsys, monkeypatch, *arguments):
    """Exit status, answer and complaints of the command, asked within this process."""
    words = [
        "qcrystal",
        "audit",
        "--scale",
        "smoke",
        "--cache",
        "--allowed-signers",
        str(repository.signers),
        *arguments,
    ]
    monkeypatch.setattr(sys, "argv", words)
    with within(LONGEST):
        status = program.main()
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_mutated_file_ends_in_lines_and_the_other_verdicts_stay(repository, capsys, monkeypatch):
    """A record, a result, the sealed list, its signature, numbers, configuration or cache; see `mutations`."""
    status, text, _ = ask(repository, capsys, monkeypatch, "--json")
    whole = json.loads(text)
    assert status == 0 and all(node["verdict"] == "VERIFIED" for node in whole["nodes"])
    files = sorted(path for path in (repository.folder / S).rglob("*") if path.is_file())
    files += [cache_file(repository.folder), repository.signers, repository.folder / "envs/requirements.lock"]
    files += [repository.folder / "data/labels.npy", repository.folder / "scripts/draw.py"]
    faults = []
    for number in range(MUTATIONS):
        chance = random.Random(number)
        path = chance.choice(files)
        done, restore = mutate(path, chance)
        case = f"mutation {number} of {path.name} ({done})"
        began = time.monotonic()
        said = [ask(repository, capsys, monkeypatch, *arguments) for arguments in QUESTIONS]
        if os.environ.get("TIMES") and time.monotonic() - began > 0.5:
            faults.append(f"{case}: {time.monotonic() - began:.1f} s")
        restore()
        faults += [f"{case}: {text}" for text in (*badly_told(said), *changed_verdicts(repository, path, said, whole))]
    if faults:
        pytest.fail("\n".join(faults))


QUESTIONS = (("--json",), ("first",), ("Tc", "--html", "../page.html"))
"""All as data, a figure in words, and a number as a page."""


def badly_told(said):
    """Answers that no user should read: tracebacks, control characters, words instead of a verdict."""
    for question, (status, answer, complaint) in zip(QUESTIONS, said, strict=True):
        if "Traceback" in complaint or re.match(r"\w+(Error|Exception)\b", complaint):
            yield f"{question}: {complaint[-300:]}"
        if not all(sign.isprintable() or sign == "\n" for sign in answer + complaint):
            yield f"{question}: signs that steer a terminal"
        if status not in (0, 1) and not (status == 2 and question[0] == "Tc"):  # that number may be gone
            yield f"{question}: no answer: {complaint}"
        if status == 1 and not answer:
            yield f"{question}: {complaint}"


def changed_verdicts(repository, path, said, whole):
    """Nodes that have nothing to do with the mutated file and are not verified any more."""
    name = os.path.relpath(path, repository.folder)
    if name.startswith(("..", "envs", "scripts")) or "/seal/" in name or not said[0][1]:
        return
    after = {node["path"]: node for node in json.loads(said[0][1])["nodes"]}
    reasons = [reason["text"] for node in after.values() for reason in node["reasons"]]
    if any("claim" in text or "hangs on itself" in text for text in reasons):
        return  # a record that claims the files of another, or hangs on what hangs on it, concerns both
    for node in whole["nodes"]:
        now = after.get(node["path"], node)
        if name not in (now["path"], *now["files"], *now["inputs"]) and now["verdict"] != "VERIFIED":
            yield f"{now['path']} is {now['verdict']}: {now['reasons']}"
