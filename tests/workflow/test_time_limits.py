"""Time that a job asks a cluster for: more with every attempt, never more than the machine gives."""

import re

import pytest

pytestmark = pytest.mark.timeout(300)


def test_time_limits_grow_with_the_attempt_up_to_that_of_the_machine(workspace):
    process = workspace.snakemake("-n", "--attempt", "2", "--config", "scale=smoke", "longest_job=50")
    assert process.returncode == 0, process.stderr[-2000:]
    limits = dict(re.findall(r"^rule (\w+):.*?runtime=(\d+)", process.stdout, flags=re.M | re.S))
    # first attempts have 10, 20, 30 and 120 minutes (rules/*.smk)
    assert {rule: int(limits[rule]) for rule in ("accuracy", "equation_of_state", "run", "phonons")} == {
        "accuracy": 20,
        "equation_of_state": 40,
        "run": 50,
        "phonons": 50,
    }
