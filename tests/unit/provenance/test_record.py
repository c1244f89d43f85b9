"""The code digest follows what the code does, not how it is written."""

import ast
import base64
import hashlib
import importlib.util
import json
import marshal
import os
import re
import shutil
import struct
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from qcrystal.files import file_digest
from qcrystal.provenance import code, elsewhere, environment
from qcrystal.provenance import record as provenance
from qcrystal.provenance.code import code_digest, local_imports, named_files, syntax_digest
from qcrystal.provenance.embedded import UnreadableError, embedded_identifier

WITHOUT_ENGINES = ["statics/equation_of_state.py", "dft/frames.py", "analysis/observe.py", "analysis/collect.py"]


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
    monkeypatch.setattr(code, "SCRIPTS", tmp_path)
    return tmp_path


def digest():
    named_files.cache_clear()
    return code_digest("job.py")


def test_constant_in_an_imported_module_changes_the_digest(scripts):
    before = digest()
    (scripts / "qcrystal" / "b.py").write_text("CONSTANT = 2\n")
    assert digest() != before


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The file of what was read before, in a place of its own, and a process that has read nothing yet."""
    monkeypatch.setattr(code, "KEPT", tmp_path / "kept.json")
    monkeypatch.setattr(code, "_KNOWN", {})
    return code.KEPT


def test_a_later_process_takes_over_what_was_read_and_sees_each_change(scripts, kept, monkeypatch):
    before = digest()
    code.keep()
    code._KNOWN.clear()  # as in a new process
    code.recall()
    with monkeypatch.context() as patch:
        patch.setattr(code.ast, "parse", None)  # nothing is read again
        assert digest() == before
    (scripts / "qcrystal" / "b.py").write_text("CONSTANT = 2\n")
    assert digest() != before


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"x": 1}', "[" * 100000, '{"KEY": {"a": 1}}', '{"KEY": 3}', "\x00"]
)
def test_a_file_of_kept_readings_that_holds_anything_else_counts_as_none(scripts, kept, monkeypatch, content):
    before = digest()
    kept.write_text(content.replace("KEY", code._reader()))
    code._KNOWN.clear()  # as in a new process
    code.recall()
    assert code._KNOWN == {}
    assert digest() == before


def test_where_nothing_can_be_kept_nothing_is_said(scripts, kept, monkeypatch):
    monkeypatch.setattr(code, "KEPT", scripts / "job.py" / "kept.json")
    digest()
    code.keep()


def test_comment_docstring_and_formatting_do_not(scripts):
    before = digest()
    (scripts / "qcrystal" / "b.py").write_text('"""Now with words."""\n# and a comment\nCONSTANT = (\n    1\n)\n')
    assert digest() == before


def test_unrelated_module_does_not(scripts):
    before = digest()
    (scripts / "qcrystal" / "c.py").write_text("X = 3\n")
    assert digest() == before


WORDLESS = """
import a.b as c, d
async def f(x, /, y: int = 1, *rest, z=..., **more) -> None:
    global g
    g = [i async for i in x if not -i] + [*rest] or {**more, None: 0x10, 'k': b'"'} and (y := 1.5e300j)
    match x:
        case [1, *_] | {'a': 2, **rest} | C(x=True) if x < y <= z: await x
        case None: return
    try: pass
    except* (E, F) as e: raise e from None
    else: del x[1:2, ::3]
    finally: lambda *, a=1: f'{a!r:>{y}} "q"'
@d(1)
class C(B, metaclass=M):
    x: int
    while x: break
    else: assert x, 'why'
"""


def test_the_digest_of_a_module_is_that_of_its_syntax_tree(tmp_path):
    """Python's own dump of the tree is what other versions of this library have hashed: no edit of it may rerun every job."""
    (tmp_path / "wordless.py").write_text(WORDLESS)
    expected = hashlib.sha256(ast.dump(ast.parse(WORDLESS)).encode()).hexdigest()
    assert syntax_digest(tmp_path / "wordless.py") == expected[:16]


def test_a_template_beside_a_module_that_names_it_changes_the_digest(scripts):
    (scripts / "qcrystal" / "b.py").write_text('CONSTANT = "page.html.j2"\n')
    for name in ("page.html.j2", "other.j2"):
        (scripts / "qcrystal" / name).write_text("{{ one }}\n")
    before = digest()
    (scripts / "qcrystal" / "other.j2").write_text("{{ two }}\n")
    assert digest() == before
    (scripts / "qcrystal" / "page.html.j2").write_text("{{ two }}\n")
    assert digest() != before


LIBRARY = {
    "helper.py": "def f():\n    return 1\n",
    "pkg/__init__.py": "",
    "pkg/near.py": "from . import data\nfrom ..helper import f\n",
    "pkg/data.py": "X = 1\n",
    "pkg/typed.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from qcrystal.c import X\n",
    "pkg/said.py": 'import logging\nlog = logging.getLogger()\nlog.info("%s atoms", 3)\n',
    "pkg/named.py": 'from importlib import import_module\nimport_module("qcrystal.c")\n',
    "provenance/record.py": "X = 1\n",
    "processes.py": "X = 1\n",
    "errors.py": "X = 1\n",
}


@pytest.mark.parametrize(
    ("job", "edited", "text", "counts"),
    [
        ("from qcrystal.pkg import near\n", "pkg/data.py", "X = 2\n", True),
        ("from qcrystal.pkg import near\n", "helper.py", "def f():\n    return 2\n", True),
        ("from qcrystal.pkg import near\n", "pkg/typed.py", "X = 2\n", False),
        ("import qcrystal.pkg.data\n", "pkg/__init__.py", "X = 2\n", True),
        ("from qcrystal.pkg.typed import TYPE_CHECKING\n", "c.py", "X = 2\n", False),
        ("from qcrystal.pkg import named\n", "c.py", "X = 2\n", True),
        ("def g():\n    from qcrystal.c import X\n", "c.py", "X = 2\n", True),
        ("from qcrystal.pkg import said\n", "pkg/said.py", LIBRARY["pkg/said.py"].replace("atoms", "ions"), False),
        ("from qcrystal.pkg import said\n", "pkg/said.py", LIBRARY["pkg/said.py"].replace("3", "next(it)"), True),
        ("from qcrystal.provenance import record\n", "provenance/record.py", "X = 2\n", False),
        ("from qcrystal import processes, errors\n", "processes.py", "X = 2\n", False),
        ("from qcrystal import processes, errors\n", "errors.py", "X = 2\n", False),
    ],
)
def test_what_counts_and_what_does_not(scripts, job, edited, text, counts):
    """Relative imports, packages, imports by name and within functions count; types, plain logging and tools do not."""
    for name, content in LIBRARY.items():
        (scripts / "qcrystal" / name).parent.mkdir(exist_ok=True)
        (scripts / "qcrystal" / name).write_text(content)
    (scripts / "job.py").write_text(job)
    before = digest()
    (scripts / "qcrystal" / edited).write_text(text)
    assert (digest() != before) == counts


def rules_of(root):
    """Name of each rule that has code, and the files that its `code(...)` names."""
    found = {}
    for path in sorted((root / "rules").glob("*.smk")):
        for block in re.split(r"^ *(?:use )?rule ", path.read_text(), flags=re.M)[1:]:
            name = re.match(r"\w*", block)[0]
            for call in re.findall(r"\*\*code\(([^)]*)\)", block):
                if "{" not in call:
                    found[f"{path.stem}:{name}"] = re.findall(r'"([^"]+)"', call)
    return found


def users(root, module):
    """Rules in whose code a file of the library counts."""
    file = root / "scripts" / "qcrystal" / module
    scripts = root / "scripts"
    return {rule for rule, files in rules_of(root).items() if any(file in local_imports(scripts / f) for f in files)}


@pytest.mark.engine
def test_an_edit_of_records_audits_tools_or_processes_reruns_nothing(root):
    watching = [f"provenance/{path.name}" for path in (root / "scripts/qcrystal/provenance").glob("*.py")]
    tools = [f"commands/{path.name}" for path in (root / "scripts/qcrystal/commands").glob("*.py")]
    for module in (*watching, *tools, "processes.py", "errors.py", "__main__.py"):
        assert users(root, module) == set(), module


def test_an_edit_of_the_integrator_reruns_all_dynamics_and_no_labels(root):
    """Snakemake itself reruns the jobs that follow: outputs of these are inputs of those."""
    found = users(root, "dynamics/bath/thermal.py")
    assert {"dynamics:run", "learning:learning_explore"} <= found
    assert not {rule for rule in found if rule.split(":")[0] in ("dft", "dataset", "statics", "search", "figures")}


def test_imports_are_found_through_packages(root):
    names = {
        path.relative_to(root / "scripts").as_posix()
        for path in local_imports(root / "scripts" / "dynamics" / "run.py")
    }
    assert {
        "dynamics/run.py",
        "qcrystal/dynamics/__init__.py",
        "qcrystal/dynamics/spec.py",
        "qcrystal/crystal/cells.py",
    } <= names
    assert {"qcrystal/dynamics/lammps/launcher.py", "qcrystal/dynamics/ipi/launcher.py"} <= names
    assert "qcrystal/dynamics/ipi/input.xml.j2" in names


@pytest.mark.parametrize(
    "script", ["statics/equation_of_state.py", "dft/frames.py", "analysis/observe.py", "analysis/collect.py"]
)
def test_engines_are_no_part_of_what_does_not_run_them(root, script):
    names = {path.name for path in local_imports(root / "scripts" / script)}
    assert not names & {"launcher.py", "worker.py", "thermal.py"}


def test_syntax_digest_sees_a_renamed_variable(tmp_path):
    (tmp_path / "one.py").write_text("a = 1\n")
    (tmp_path / "two.py").write_text("b = 1\n")
    assert syntax_digest(tmp_path / "one.py") != syntax_digest(tmp_path / "two.py")


def test_file_digest_is_sha256(tmp_path):
    # FIPS 180-2, the digest of "abc"
    (tmp_path / "abc").write_text("abc")
    assert file_digest(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def record(source, **parameters):
    return provenance.Recorder("rule", {"run": "x"}, {"n": 1, **parameters}, [source], [], "out.prov.json", [])


def test_record_has_the_same_identifier_for_the_same_inputs(tmp_path, monkeypatch):
    source = tmp_path / "in"
    source.write_text("1")
    first = record(source)
    monkeypatch.setattr(provenance.time, "time", lambda: first.started + 1e3)
    assert record(source).identifier == first.identifier
    assert record(source, n=2).identifier != first.identifier
    source.write_text("2")
    assert record(source).identifier != first.identifier
    provenance.parse(first.document([]), "out.prov.json")


def test_record_names_its_seeds_and_lacks_no_package(tmp_path):
    (tmp_path / "in").write_text("1")
    given = record(tmp_path / "in", specification={"seed": 7, "steps": 3}, seed=5).deterministic
    assert given["seeds"] == {"specification.seed": 7, "seed": 5}
    assert set(environment.PACKAGES) <= set(given["versions"])


def test_programs_are_named_before_the_identifier_is_used(tmp_path):
    (tmp_path / "in").write_text("1")
    one, other = record(tmp_path / "in"), record(tmp_path / "in")
    one.add_program("gpaw", "25.7.0")
    assert one.identifier != other.identifier
    with pytest.raises(RuntimeError, match="gpaw"):
        other.add_program("gpaw", "25.7.0")


def git(folder, *arguments):
    name = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    subprocess.run(["git", *name, *arguments], cwd=folder, check=True, capture_output=True)


def test_uncommitted_changes_have_a_digest(tmp_path, monkeypatch):
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "a.py").write_text("a = 1\n")
    monkeypatch.setattr(code, "SCRIPTS", scripts)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    clean = environment.commit()
    assert len(clean["commit"]) == 40 and clean["uncommitted"] is None
    (scripts / "a.py").write_text("a = 2\n")
    edited = environment.commit()["uncommitted"]
    (scripts / "new.py").write_text("b = 1\n")
    assert edited and environment.commit()["uncommitted"] not in (None, edited)


JOB = """
import sys
import sysconfig
import zipfile
from types import SimpleNamespace
from qcrystal.provenance.job import job
class Named(list):
    def __init__(self, **items):
        super().__init__(items.values()); self.__dict__.update(items); self.items = items.items; self.get = items.get
snakemake = SimpleNamespace(rule="r", wildcards=Named(), params=Named(modules=[], code=""), input=Named(a="results/s/a"),
    output=Named(b="results/s/t/b", prov="results/s/t/b.prov.json"), log=Named(), threads=1, resources=Named())
with job(snakemake):
    for path in sys.argv[1:]:
        open(path).read()
    open("results/s/t/b.partial", "w").write("b")
    open("results/s/t/b.partial").read()
    import os
    os.replace("results/s/t/b.partial", "results/s/t/b")
"""


def test_a_file_that_was_read_and_is_not_declared_is_recorded(root, tmp_path):
    """In a process of its own, as jobs are. What the job wrote itself, and its input, are no such files."""
    scripts = tmp_path / "scripts" / "qcrystal"
    (scripts / "provenance").mkdir(parents=True)
    (scripts / "io").mkdir()
    own = ("begun", "code", "elsewhere", "embedded", "environment", "job", "reading", "record", "same_results")
    library = ("__init__.py", "errors.py", "files.py", "forks.py", "processes.py", "provenance/__init__.py")
    library += tuple(f"provenance/{name}.py" for name in own)
    for name in (*library, *(name.removeprefix("qcrystal/") for name in code.FRAME)):
        shutil.copy(root / "scripts" / "qcrystal" / name, scripts / name)
    for name in ("results/s/t", "config", "envs"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("results/s/a", "config/secret.yaml", "envs/requirements.lock", "results/s/other"):
        (tmp_path / name).write_text("")
    (tmp_path / "job.py").write_text(JOB)
    read = ["results/s/a", "config/secret.yaml", "results/s/other", "/etc/hostname"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "scripts")}
    subprocess.run([sys.executable, "job.py", *read], cwd=tmp_path, check=True, env=environment)
    undeclared = json.loads((tmp_path / "results/s/t/b.prov.json").read_text())["undeclared"]
    assert {"config/secret.yaml", "results/s/other"} <= set(undeclared)
    # the stand-in rule declares no modules, so that what counts of the library is undeclared too
    assert set(undeclared) - {"config/secret.yaml", "results/s/other"} == {
        "scripts/qcrystal/__init__.py",
        "scripts/qcrystal/files.py",
        f"{tmp_path}/job.py: code from outside of the environment",
    }


def test_changes_that_git_was_told_not_to_see_are_seen(tmp_path, monkeypatch):
    """Hidden by ``--assume-unchanged`` or ``--skip-worktree``, by an exclude file of the clone, or by another repository."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for name in ("a.py", "b.py"):
        (scripts / name).write_text("a = 1\n")
    monkeypatch.setattr(code, "SCRIPTS", scripts)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    clean = environment.commit()
    assert clean["uncommitted"] is None
    for flag, back in (("--assume-unchanged", "--no-assume-unchanged"), ("--skip-worktree", "--no-skip-worktree")):
        git(tmp_path, "update-index", flag, "scripts/a.py")
        assert environment.commit() == clean
        (scripts / "a.py").write_text("a = 2\n")
        assert environment.commit()["uncommitted"]
        (scripts / "a.py").unlink()
        assert environment.commit()["uncommitted"]
        (scripts / "a.py").write_text("a = 1\n")
        git(tmp_path, "update-index", back, "scripts/a.py")
    (tmp_path / ".git/info/exclude").write_text("scripts/new.py\n")
    (scripts / "new.py").write_text("b = 1\n")
    assert environment.commit()["uncommitted"]
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert environment.commit()["commit"] == clean["commit"]


def edit(folder):
    (folder / "scripts/a.py").write_text("a = 2\n")


def by_a_filter(folder):
    """What git compares is what a program makes of the file."""
    edit(folder)
    (folder / ".git/info/attributes").write_text("*.py filter=hide\n")
    git(folder, "config", "filter.hide.clean", "git show HEAD:%f")


def by_another_object(folder):
    """``git replace`` puts the edited file in the place of the committed one."""
    before = subprocess.check_output(["git", "rev-parse", "HEAD:scripts/a.py"], cwd=folder, text=True).strip()
    edit(folder)
    after = subprocess.check_output(["git", "hash-object", "-w", "scripts/a.py"], cwd=folder, text=True).strip()
    git(folder, "replace", before, after)


def by_another_work_tree(folder):
    clean = folder.with_name(folder.name + "-clean")
    shutil.copytree(folder, clean, ignore=shutil.ignore_patterns(".git"))
    edit(folder)
    git(folder, "config", "core.worktree", str(clean))


def by_its_time(folder):
    """The file keeps its size and its time, and git is told that this suffices."""
    git(folder, "config", "core.checkStat", "minimal")
    git(folder, "config", "core.trustctime", "false")
    os.utime(folder / "scripts/a.py", (1e9, 1e9))
    git(folder, "update-index", "-q", "--refresh")
    edit(folder)
    os.utime(folder / "scripts/a.py", (1e9, 1e9))


def by_line_ends(folder):
    git(folder, "config", "core.autocrlf", "input")
    (folder / "scripts/a.py").write_bytes(b"a = 1\r\n")


def by_a_list_that_ignores_itself(folder):
    (folder / "scripts/.gitignore").write_text("c.py\n.gitignore\n")
    (folder / "scripts/c.py").write_text("c = 1\n")


def by_a_broken_index(folder):
    edit(folder)
    (folder / ".git/index").write_bytes(b"garbage")


HIDDEN = (
    by_a_filter,
    by_another_object,
    by_another_work_tree,
    by_its_time,
    by_line_ends,
    by_a_list_that_ignores_itself,
    by_a_broken_index,
)


@pytest.mark.parametrize("hide", HIDDEN, ids=[hide.__name__ for hide in HIDDEN])
def test_changes_that_settings_of_a_clone_hide_are_seen(tmp_path, monkeypatch, hide):
    """``git diff`` and ``git status`` say that nothing changed, or say nothing at all."""
    root = tmp_path / "repository"
    (root / "scripts").mkdir(parents=True)
    (root / "scripts/a.py").write_text("a = 1\n")
    monkeypatch.setattr(code, "SCRIPTS", root / "scripts")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    clean = environment.commit()
    assert clean["uncommitted"] is None
    hide(root)
    found = environment.commit()
    assert found["commit"] == clean["commit"] and found["uncommitted"]
    said = subprocess.run(["git", "diff", "HEAD"], cwd=root, capture_output=True, check=False)
    assert said.stdout == b""  # what is warned of is true


def test_code_that_no_package_installed_is_named(tmp_path, monkeypatch):
    """An environment with one package: its own file, an edited one, one that was added, and one from outside."""
    site, outside = tmp_path / "site", tmp_path / "outside"
    monkeypatch.setattr(code, "SCRIPTS", tmp_path / "scripts")  # a repository without a lock file
    for folder in (site / "good-1.dist-info", outside):
        folder.mkdir(parents=True)
    for name in ("good.py", "edited.py"):
        (site / name).write_text("x = 1\n")
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"x = 1\n").digest()).decode().rstrip("=")
    listed = "".join(f"{name},sha256={digest},6\n" for name in ("good.py", "edited.py"))
    (site / "good-1.dist-info/RECORD").write_text(listed + "good-1.dist-info/RECORD,,\n")
    (site / "edited.py").write_text("x = 2\n")
    (site / "sitecustomize.py").write_text("x = 1\n")
    (site / "start.pth").write_text("import sys\n")
    (outside / "ase.py").write_text("x = 1\n")
    real, own = elsewhere.sysconfig.get_paths, {"purelib": str(site), "platlib": str(site)}
    monkeypatch.setattr(elsewhere.sysconfig, "get_paths", lambda *given, **named: real(*given, **named) | own)
    files = [str(site / name) for name in ("good.py", "edited.py", "sitecustomize.py")]
    found = elsewhere.from_elsewhere([*files, str(outside / "ase.py"), json.__file__])
    assert found == [
        f"{outside}/ase.py: code from outside of the environment",
        f"{site}/edited.py: not the file that its package installed",
        f"{site}/sitecustomize.py: listed by no installed package",
        f"{site}/start.pth: listed by no installed package",
    ]


def installed(site, package, **files):
    """Install a package of modules, with its list."""
    (site / f"{package}.dist-info").mkdir(parents=True)
    lines = []
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        (site / f"{name}.py").write_text(text)
        lines.append(f"{name}.py,sha256={digest},{len(text)}\n")
    (site / f"{package}.dist-info/RECORD").write_text("".join(lines))


def test_packages_that_vouch_for_what_they_should_not_are_named(tmp_path, monkeypatch):
    """A package that no lock file names, one in another version, one that is there twice, one that lists another's file.

    A module in an archive is named too.
    """
    site, real = tmp_path / "site", elsewhere.sysconfig.get_paths
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs/requirements.lock").write_text("good==1 \\\nlister==1 \\\n")
    installed(site, "good-1", good="x = 1\n")
    installed(site, "Lister-1", good="x = 1\n#\n")
    installed(site, "good-2", sitecustomize="x = 1\n")
    installed(site, "planted-1", planted="x = 1\n")
    with zipfile.ZipFile(tmp_path / "modules.zip", "w") as archive:
        archive.writestr("ase.py", "x = 1\n")
    own = {"purelib": str(site), "platlib": str(site)}
    monkeypatch.setattr(elsewhere.sysconfig, "get_paths", lambda *given, **named: real(*given, **named) | own)
    monkeypatch.setattr(code, "SCRIPTS", tmp_path / "scripts")
    monkeypatch.setitem(sys.modules, "ase_in_an_archive", SimpleNamespace(__file__=f"{tmp_path}/modules.zip/ase.py"))
    files = [str(site / f"{name}.py") for name in ("good", "sitecustomize", "planted")]
    assert f"{tmp_path}/modules.zip/ase.py" in elsewhere.loaded_files()
    found = elsewhere.from_elsewhere([*files, f"{tmp_path}/modules.zip/ase.py"])
    assert found == [
        f"{tmp_path}/modules.zip/ase.py: code from outside of the environment",
        f"{site}/good.py: not the file that its package installed",
        f"{site}/good-2.dist-info: good is installed twice, as good-1.dist-info too",
        f"{site}/good-2.dist-info: the lock file names version 1",
        f"{site}/good.py: listed differently by Lister-1.dist-info and good-1.dist-info",
        f"{site}/planted-1.dist-info: a package that no lock file names",
    ]


def test_packages_of_the_python_below_the_environment_are_not_pythons_own(monkeypatch):
    """They stand in a folder of Python's library, and ``include-system-site-packages`` lets them in."""
    library = sysconfig.get_path("stdlib", vars={"base": sys.base_prefix})
    for folder in ("site-packages", "dist-packages"):
        file = f"{library}/{folder}/ase/atoms.py"
        assert elsewhere.from_elsewhere([file])[:1] == [f"{file}: code from outside of the environment"]
    assert elsewhere.from_elsewhere([json.__file__]) == []


def test_a_link_in_pythons_library_is_pythons_own(tmp_path, monkeypatch):
    """Debian's Python starts with ``sitecustomize.py``, a link of its library to a file of ``/etc``."""
    library, settings = tmp_path / "python3.11", tmp_path / "etc"
    library.mkdir()
    settings.mkdir()
    (settings / "sitecustomize.py").write_text("")
    (library / "sitecustomize.py").symlink_to(settings / "sitecustomize.py")
    paths = sysconfig.get_path
    monkeypatch.setattr(sysconfig, "get_path", lambda name, **more: str(library) if "vars" in more else paths(name))
    assert elsewhere.from_elsewhere([str(library / "sitecustomize.py")]) == []
    for file in (settings / "sitecustomize.py", library / ".." / "etc" / "sitecustomize.py"):
        assert elsewhere.from_elsewhere([str(file)]) == [f"{file}: code from outside of the environment"]


def compiled(source, text, flags=0):
    """A compiled file as Python takes it for a module, of another text."""
    status = source.stat()
    head = importlib.util.MAGIC_NUMBER + struct.pack("<I", flags)
    head += struct.pack("<2I", int(status.st_mtime), status.st_size) if not flags else b"\0" * 8
    path = Path(importlib.util.cache_from_source(str(source)))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(head + marshal.dumps(compile(text, str(source), "exec")))
    return path


def test_a_compiled_file_that_does_something_else_than_its_source_is_named(tmp_path, monkeypatch):
    """Python runs it where its header names time and size of the source, or says that it need not be checked."""
    monkeypatch.setattr(code, "SCRIPTS", tmp_path)
    source = tmp_path / "module.py"
    source.write_text("x = 1\n")

    def told():
        return [text for text in elsewhere.from_elsewhere([str(source)]) if "module" in text]

    assert told() == []
    for flags in (0, 1):
        path = compiled(source, "x = 1\n", flags)
        assert told() == []
        compiled(source, "x = 2\n", flags)
        command = [sys.executable, "-c", "import module; print(module.x)"]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert ran.stdout == "2\n"  # what is warned of is true
        assert told() == [f"{path}: does not do what its source says"]
    compiled(source, "x = 2\n")
    source.write_text("x = 1  # newer\n")  # the compiled file is stale now, and Python passes it over
    assert told() == []
    path.write_bytes(path.read_bytes()[:20])
    assert told() == []


def test_this_environment_is_as_it_was_installed():
    """No file of a good environment is called foreign: a check that does so would be of no use."""
    import ase
    import numpy

    loaded = elsewhere.loaded_files()
    assert {ase.__file__, numpy.__file__} <= loaded
    packages = [file for file in loaded if "site-packages" in file]
    assert elsewhere.from_elsewhere(packages) == []


def test_what_a_worker_reads_is_told_to_its_job(root, tmp_path):
    """A process that the job started; its own files are not among what it read."""
    scripts = tmp_path / "scripts"
    shutil.copytree(root / "scripts" / "qcrystal", scripts / "qcrystal", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "secret").write_text("1")
    told = tmp_path.with_name(tmp_path.name + "-told")
    told.mkdir()
    worker = "from qcrystal.provenance.reading import watch_for_job; watch_for_job(); open('secret').read()\n"
    worker += "open('own', 'w').write('1'); open('own').read()"
    variables = {**os.environ, "PYTHONPATH": str(scripts), "QCRYSTAL_READS": str(told)}
    subprocess.run([sys.executable, "-P", "-c", worker], cwd=tmp_path, env=variables, check=True)
    (file,) = told.glob("*.json")
    said = json.loads(file.read_text())
    assert str(tmp_path / "secret") in said["read"] and str(tmp_path / "own") not in said["read"]
    assert str(scripts / "qcrystal/provenance/reading.py") in said["loaded"]


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '["]", ' * 100_000], ids=["lists", "objects", "texts"]
)
def test_deep_nesting_is_one_line_where_a_library_has_raised_the_limit_of_recursion(tmp_path, text):
    """The parser is compiled: beyond Python's usual limit it exhausts the stack, and the process dies without a word."""
    (tmp_path / "deep.json").write_text(text)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    try:
        with pytest.raises(provenance.RecordError, match="nested too deeply"):
            provenance.read_json(tmp_path / "deep.json", "deep.json")
        with pytest.raises(UnreadableError, match="nested more than"):
            embedded_identifier(tmp_path / "deep.json")
    finally:
        sys.setrecursionlimit(before)


def test_brackets_in_texts_are_no_nesting(tmp_path):
    (tmp_path / "flat.json").write_text(json.dumps({"[" * 500: ["\\" + '"{' * 500, [[]]]}))
    assert provenance.read_json(tmp_path / "flat.json", "flat.json") == {"[" * 500: ["\\" + '"{' * 500, [[]]]}


def test_the_frame_around_a_job_adds_no_file_to_what_it_read(root):
    """Each rule imports the frame: what it loads and the rule does not name would be told as undeclared in every record."""
    command = (
        "import sys, qcrystal.provenance.job; print(*(getattr(m, '__file__', '') or '' for m in sys.modules.values()))"
    )
    loaded = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout.split()
    ours = [Path(path) for path in loaded if path.startswith(str(code.SCRIPTS) + os.sep)]
    counted = {path for path in ours if code.counts(path)} - {code.SCRIPTS / name for name in code.FRAME}
    for script in sorted(code.SCRIPTS.glob("*/*.py")):
        if "with job(snakemake)" in script.read_text(encoding="utf-8"):
            assert counted <= set(code.local_imports(script)), script


@pytest.mark.parametrize(
    ("described", "told"),
    [
        (
            "processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\nflags\t\t: fpu avx avx2 fma avx512f\n"
            "processor\t: 1\ncpu family\t: 6\nmodel\t\t: 3\nmodel name\t: other\nflags\t\t: fpu\n",
            "AMD EPYC, family 25, model 17, fma avx2 avx512f",
        ),
        ("model name\t: Some\nflags\t\t: fpu avx\n", "Some"),
    ],
    ids=["x86", "without vectors"],
)
def test_a_processor_is_told_from_others_of_its_name(tmp_path, described, told):
    """Kinds of processors share a name, and differ in what compiled code they run."""
    (tmp_path / "cpuinfo").write_text(described)
    assert environment.processor(tmp_path / "cpuinfo") == told
    assert environment.processor()
