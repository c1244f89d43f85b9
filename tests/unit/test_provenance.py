"""The code digest follows what the code does, not how it is written."""

import json

import pytest

from qcrystal import provenance
from qcrystal.provenance import code_digest, file_digest, local_imports, syntax_digest


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """A small scripts folder: job.py imports qcrystal.a, which imports qcrystal.b; qcrystal.c stands apart."""
    package = tmp_path / "qcrystal"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "b.py").write_text("CONSTANT = 1\n")
    (package / "a.py").write_text("from qcrystal import b\n\n\ndef f():\n    return b.CONSTANT\n")
    (package / "c.py").write_text("X = 1\n")
    (tmp_path / "job.py").write_text("from qcrystal.a import f\n\nf()\n")
    monkeypatch.setattr(provenance, "SCRIPTS", tmp_path)
    return tmp_path


def digest():
    local_imports.cache_clear()
    return code_digest("job.py")


def test_constant_in_an_imported_module_changes_the_digest(scripts):
    before = digest()
    (scripts / "qcrystal" / "b.py").write_text("CONSTANT = 2\n")
    assert digest() != before


def test_comment_docstring_and_formatting_do_not(scripts):
    before = digest()
    (scripts / "qcrystal" / "b.py").write_text('"""Now with words."""\n# and a comment\nCONSTANT = (\n    1\n)\n')
    assert digest() == before


def test_unrelated_module_does_not(scripts):
    before = digest()
    (scripts / "qcrystal" / "c.py").write_text("X = 3\n")
    assert digest() == before


def test_imports_are_found_through_packages(root):
    names = {path.relative_to(root / "scripts").as_posix() for path in local_imports(root / "scripts" / "run.py")}
    assert {"run.py", "qcrystal/engines/__init__.py", "qcrystal/engines/spec.py", "qcrystal/structures.py"} <= names
    assert {"qcrystal/engines/lammps.py", "qcrystal/engines/ipi.py"} <= names


@pytest.mark.parametrize("script", ["equation_of_state.py", "dft_frames.py", "observe.py", "collect.py"])
def test_engines_are_no_part_of_what_does_not_run_them(root, script):
    names = {path.name for path in local_imports(root / "scripts" / script)}
    assert not names & {"lammps.py", "lammps_worker.py", "ipi.py", "thermostats.py"}


def test_syntax_digest_sees_a_renamed_variable(tmp_path):
    (tmp_path / "one.py").write_text("a = 1\n")
    (tmp_path / "two.py").write_text("b = 1\n")
    assert syntax_digest(tmp_path / "one.py") != syntax_digest(tmp_path / "two.py")


def test_file_digest_is_sha256(tmp_path):
    # FIPS 180-2, the digest of "abc"
    (tmp_path / "abc").write_text("abc")
    assert file_digest(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_record_has_the_same_identifier_for_the_same_inputs(tmp_path):
    source = tmp_path / "in"
    source.write_text("1")
    records = [
        provenance.record("rule", {"run": "x"}, {"n": 1}, [source], [], [], started, 1) for started in (0.0, 1000.0)
    ]
    assert records[0]["prov_id"] == records[1]["prov_id"]
    source.write_text("2")
    changed = provenance.record("rule", {"run": "x"}, {"n": 1}, [source], [], [], 0.0, 1)
    assert changed["prov_id"] != records[0]["prov_id"]
    json.dumps(records)
