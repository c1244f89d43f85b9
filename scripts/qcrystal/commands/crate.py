"""Write results with their history as a Provenance Run Crate, or look whether a crate is still what was written.

python -m qcrystal.commands.crate results/lah10/laptop results/lah10/laptop/crate.zip
python -m qcrystal.commands.crate --verify results/lah10/laptop/crate.zip
python -m qcrystal.commands.crate --validate results/lah10/laptop/crate.zip
"""

from __future__ import annotations

import argparse
from pathlib import Path

from qcrystal.provenance import crate


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, nargs="?", help="folder results/<crystal>/<scale> of a finished workflow")
    parser.add_argument("output", type=Path, nargs="?", help="the crate: a .zip, which is replaced, or a new folder")
    parser.add_argument("--with-trajectories", action="store_true", help="put them in, not only their digests")
    parser.add_argument("--verify", type=Path, metavar="CRATE", help="compare every file with metadata and records")
    parser.add_argument(
        "--validate", type=Path, metavar="CRATE", help="what the profile requires, by rocrate-validator"
    )
    settings = parser.parse_args()
    if bool(settings.results and settings.output) == bool(settings.verify or settings.validate):
        parser.error("name results and output, or a crate to verify or validate")
    return settings


def main() -> None:
    settings = arguments()
    try:
        if settings.results:
            records = crate.read_records(settings.results)
            files = crate.write(records, settings.results, settings.output, settings.with_trajectories)
            print(f"{settings.output}: {files} files, {len(records)} jobs")
        wrong = crate.verify(settings.verify) if settings.verify else []
        if settings.verify and not wrong:
            print(f"{settings.verify}: every file is the one that metadata and records describe")
        issues = crate.required_issues(settings.validate) if settings.validate else []
        if settings.validate and not issues:
            print(f"{settings.validate}: all that {crate.PROFILE} requires")
    except (crate.CrateError, OSError) as error:
        raise SystemExit(str(error)) from None
    if wrong or issues:
        raise SystemExit("\n".join(wrong + issues))


if __name__ == "__main__":
    main()
