"""Variables of the Makefile, checked before an environment is built for them: run as a file, by any Python 3.

The Makefile hands them over in the environment, `SAID` with the names that its command line gave.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

KNOWN = ("CRYSTAL", "SCALE", "START", "DEVICE", "CORES", "PYTHON", "T", "HTML", "JSON", "CACHE", "KEY")
CHOICES = {"START": ("model", "labels", "dft"), "DEVICE": ("cpu", "cuda")}


def problems(variables: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Yield what is wrong with the variables, a line each.

    Parameters
    ----------
    variables
        Such as ``os.environ``.
    folder
        The repository.
    """
    for name in variables.get("SAID", "").split():
        if name not in KNOWN:
            yield "{}: no such variable; there are {}".format(name, " ".join(KNOWN))
    for name, choices in CHOICES.items():
        if variables[name] not in choices:
            yield "{}={}: take {} or {}".format(name, variables[name], ", ".join(choices[:-1]), choices[-1])
    cores = variables["CORES"]
    if cores != "all" and not (cores.isdecimal() and int(cores) > 0):
        yield f"CORES={cores}: take a number of cores from 1, or all"
    crystal, scale = variables["CRYSTAL"], variables["SCALE"]
    crystals = sorted(path.parent.name for path in folder.glob("config/crystals/*/crystal.yaml"))
    if crystal not in crystals and (crystal != "all" or variables.get("GOALS") != "figures"):
        yield "CRYSTAL={}: take one of {}{}".format(
            crystal, ", ".join(crystals), "; all is for `make figures` alone" if crystal == "all" else ""
        )
    scales = sorted(path.stem for path in folder.glob("config/scales/*.yaml"))
    if (
        scale not in scales
        and not ("/" in scale and (folder / scale).is_file())
        and not _has_results(folder, crystal, scale)
    ):
        yield "SCALE={}: take one of {}, or the path of a file".format(scale, ", ".join(scales))


def _has_results(folder: Path, crystal: str, scale: str) -> bool:
    """Whether there are results of a scale that is not configured any more."""
    return (
        bool(scale)
        and "/" not in scale
        and not scale.startswith(".")
        and (folder / "results" / crystal / scale).is_dir()
    )


if __name__ == "__main__":
    found = list(problems(os.environ, Path.cwd()))
    sys.stderr.write("".join(line + "\n" for line in found))
    sys.exit(2 if found else 0)
