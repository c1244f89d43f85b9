"""Profiles name rules, groups and configuration keys as the workflow does."""

import re

import pytest
import yaml
from snakemake_executor_plugin_slurm.partitions import read_partition_file

from qcrystal.config.machine import machine_files
from qcrystal.config.main import Main


@pytest.fixture(scope="module")
def profile(root):
    return yaml.safe_load((root / "profiles" / "slurm" / "config.yaml").read_text())


@pytest.fixture(scope="module")
def rules(root):
    """The text of each rule, by its name (none for the figures'); what is made from a rule follows in its text."""
    text = "\n".join(path.read_text() for path in sorted((root / "rules").glob("*.smk")))
    parts = re.split(r"^ *rule ?(\w*):$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_model_of_the_gpu_is_named_for_every_rule_that_asks_for_one(profile, rules):
    asking = {name for name, text in rules.items() if "**gpu(" in text}
    assert set(profile["set-resources"]) == asking and "run" in asking
    assert len({settings["gpu_model"] for settings in profile["set-resources"].values()}) == 1


def test_every_group_is_submitted_together(profile, rules):
    groups = {name for text in rules.values() for name in re.findall(r'group:\n +"(\w+)"', text)}
    assert set(profile["group-components"]) == groups


def test_the_workflow_knows_the_keys_that_the_profile_sets(root):
    assert set(yaml.safe_load((root / "profiles" / "slurm" / "workflow.yaml").read_text())) <= set(Main.model_fields)


def test_no_profile_sets_what_the_default_one_would_override(root, profile):
    """Snakemake reads profiles/default after the profile that is asked for, and the last one wins."""
    default = yaml.safe_load((root / "profiles" / "default" / "config.yaml").read_text())
    assert not set(default) & set(profile)


def test_every_job_fits_a_partition_for_as_long_as_it_may_take(root):
    known = {p.name: p.limits for p in read_partition_file(root / "profiles" / "slurm" / "partitions.yaml")}
    longest = yaml.safe_load((root / "profiles" / "slurm" / "workflow.yaml").read_text())["longest_job"]
    assert {name: limits.max_gpu > 0 for name, limits in known.items()} == {"cpu": False, "gpu": True}
    assert all(limits.max_runtime >= longest for limits in known.values())


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["--profile", "profiles/slurm", "--configfile", "mine.yaml"], {}),
        (["--profile=profiles/slurm/config.yaml"], {}),
        (["--workflow-profile", "profiles/slurm"], {}),
        (["figures"], {"SNAKEMAKE_PROFILE": "profiles/slurm"}),
    ],
)
def test_settings_of_the_machine_are_those_of_the_profile(root, monkeypatch, arguments, environment):
    monkeypatch.chdir(root)
    (found,) = machine_files(arguments, environment)
    assert found.resolve() == root / "profiles" / "slurm" / "workflow.yaml"
    assert machine_files(["--cores", "2"], {}) == machine_files(["--profile", "none"], {}) == []
