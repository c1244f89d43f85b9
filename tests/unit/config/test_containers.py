"""The containers' recipes: well formed, from the lock files, with the Debian packages that CI installs. None is built here."""

import re
import subprocess

import pytest

INSTRUCTIONS = {"FROM", "ARG", "RUN", "COPY", "ENV", "WORKDIR", "ENTRYPOINT"}
# What CI needs beyond an environment, and what an empty Debian lacks for downloads.
OF_CI = {"make", "git", "slurm-wlm", "munge", "chromium"}
OF_CONTAINERS = {"ca-certificates"}
BASE = "debian:bookworm-slim"  # its python3 is 3.11, that of the lock file


def uncommented(path):
    return "\n".join(line for line in path.read_text().splitlines() if not line.startswith("#"))


@pytest.fixture(scope="module")
def docker(root):
    """Instructions of the Dockerfile: pairs of name and rest, continued lines joined."""
    text = uncommented(root / "envs" / "Dockerfile").replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line]


@pytest.fixture(scope="module")
def apptainer(root):
    """Sections of Apptainer's definition by name; its header under ``""``."""
    parts = re.split(r"^%(\w+)\n", uncommented(root / "envs" / "apptainer.def"), flags=re.M)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


@pytest.fixture(scope="module")
def shell(docker, apptainer):
    """Commands that a shell runs while a container is built."""
    return {"docker": "\n".join(rest for name, rest in docker if name == "RUN"), "apptainer": apptainer["post"]}


def test_the_dockerfile_has_known_instructions_and_copies_a_lock_file(root, docker):
    assert {name for name, _ in docker} == INSTRUCTIONS
    assert docker[0] == ("FROM", BASE)
    said = dict(docker)
    default = said["ARG"].removeprefix("LOCK=")
    assert (root / "envs" / default).is_file()
    assert said["COPY"] == "${LOCK} /opt/requirements.lock"
    assert said["ENV"] == "PATH=/opt/lah10/bin:$PATH"


def test_the_definition_has_apptainers_sections_and_copies_a_lock_file(root, apptainer):
    assert set(apptainer) == {"", "arguments", "files", "post", "environment", "runscript"}
    assert dict(re.findall(r"^(\w+): (\S+)$", apptainer[""], re.M)) == {"Bootstrap": "docker", "From": BASE}
    default = apptainer["arguments"].strip().removeprefix("LOCK=")
    source, target = apptainer["files"].replace("{{ LOCK }}", default).split()
    assert (root / source).is_file() and target == "/opt/requirements.lock"


@pytest.mark.parametrize("kind", ["docker", "apptainer"])
def test_the_commands_of_a_recipe_are_a_shells(shell, kind):
    subprocess.run(["sh", "-n"], input=shell[kind], text=True, check=True)
    assert "pip install --no-cache-dir --disable-pip-version-check --require-hashes" in shell[kind]


@pytest.mark.parametrize("kind", ["docker", "apptainer"])
def test_a_container_has_the_debian_packages_that_ci_tests_with(root, shell, kind):
    (of_ci,) = re.findall(r"^packages=\((.*)\)$", (root / ".ci" / "run").read_text(), re.M)
    (installed,) = re.findall(r"--no-install-recommends((?:[ \\\n]+[a-z][\w-]+)+)", shell[kind])
    packages = set(re.findall(r"[a-z][\w-]+", installed)) - {"rm"}
    assert packages == set(of_ci.split()) - OF_CI | OF_CONTAINERS
