"""Settings of the machine: ``workflow.yaml`` beside the profile that Snakemake was given."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from snakemake.cli import get_profile_dir

MACHINE_FILE = "workflow.yaml"


def machine_files(arguments: Sequence[str], environment: Mapping[str, str]) -> list[Path]:
    """The ``workflow.yaml`` of each profile in use, the last one that counts last.

    Snakemake's own ``configfile`` of a profile is dropped when the command line names another, so the workflow reads these
    files itself.

    Parameters
    ----------
    arguments
        Of Snakemake's command line.
    environment
        ``SNAKEMAKE_PROFILE`` names the profile where the command line names none.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--profile", action="append")
    parser.add_argument("--workflow-profile")
    given, _ = parser.parse_known_args(arguments)
    names = given.profile or [environment.get("SNAKEMAKE_PROFILE")]
    folders = [entry[0] for name in (*names, given.workflow_profile) if name and (entry := get_profile_dir(name))]
    return [path for folder in folders if (path := Path(folder) / MACHINE_FILE).is_file()]
