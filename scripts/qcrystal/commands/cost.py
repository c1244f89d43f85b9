"""What the dynamics of a scale costs, sweep by sweep, from a measured step time: hours and disk.

    python -m qcrystal.commands.cost --scale paper
    python -m qcrystal.commands.cost --scale paper --us-per-atom-step 1.5 --machine "one GPU of ours"

The step time is that of the potential's card, measured on one processor core, unless another one is given: measure it with
`qcrystal.commands.bench_potential` on the machine in question. A bead of a path integral counts as an
atom-step, since all beads are
evaluated in one batch. A run that belongs to several sweeps is counted in the first.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
import yaml

from qcrystal.config.load import load
from qcrystal.config.messages import ConfigError
from qcrystal.config.runs import Configuration
from qcrystal.dynamics.spec import PATH_INTEGRAL_METHODS, RunSpec

COORDINATES = 12  # bytes of an atom in a frame: three single-precision numbers; path integrals hold centroid and a bead
FRAME = 400  # bytes of a frame besides: cell, step, time, index


def bytes_of(spec: RunSpec) -> float:
    """Size of a run's trajectory."""
    sets = 2 if spec.method in PATH_INTEGRAL_METHODS else 1
    return (spec.steps / spec.sample_every + 1) * (sets * COORDINATES * spec.atoms + FRAME)


def costs(loaded: Configuration, us_per_atom_step: float) -> pd.DataFrame:
    """Runs, atoms, bead-atom-steps (10⁹), hours and disk (GB) of each sweep, and their sum."""
    seen, rows = set(), []
    for name, runs in loaded.sweeps.items():
        new = [loaded.runs[run] for run in runs if run not in seen]
        seen.update(runs)
        if not new:
            continue
        work = sum(spec.steps * spec.beads * spec.atoms for spec in new)
        rows.append(
            {
                "sweep": name,
                "runs": len(new),
                "atoms": max(spec.atoms for spec in new),
                "beads": max(spec.beads for spec in new),
                "10^9 atom-steps": work / 1e9,
                "hours": work * us_per_atom_step / 3.6e9,
                "longest run (h)": max(s.steps * s.beads * s.atoms for s in new) * us_per_atom_step / 3.6e9,
                "GB": sum(map(bytes_of, new)) / 1e9,
            }
        )
    table = pd.DataFrame(rows)
    total = table[["runs", "10^9 atom-steps", "hours", "GB"]].sum()
    return pd.concat([table, pd.DataFrame([{"sweep": "all", **total.to_dict()}])], ignore_index=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="paper")
    parser.add_argument("--us-per-atom-step", type=float, help="microseconds; by default from the potential's card")
    parser.add_argument("--machine", default="one core", help="what has this step time")
    settings = parser.parse_args()
    root = Path.cwd()
    values = yaml.safe_load((root / "config" / "config.yaml").read_text(encoding="utf-8")) | {"scale": settings.scale}
    try:
        loaded = load(values, root)
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    step, source = settings.us_per_atom_step, "given"
    if step is None:
        source = f"{loaded.main.model}/card.yaml"
        step = yaml.safe_load((root / source).read_text(encoding="utf-8"))["speed"]["us_per_step_per_atom"]
    table = costs(loaded, step)
    print(f"Scale {settings.scale}, {step:g} microseconds per step and atom on {settings.machine} ({source}):\n")
    formats = {name: "{:.3g}".format for name in ("10^9 atom-steps", "hours", "longest run (h)", "GB")}
    formats |= {name: "{:.0f}".format for name in ("runs", "atoms", "beads")}
    print(table.to_string(index=False, formatters=formats, na_rep=""))


if __name__ == "__main__":
    main()
