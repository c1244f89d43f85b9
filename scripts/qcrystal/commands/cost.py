"""Estimate what the dynamics of a scale costs, sweep by sweep: hours and disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
import yaml
from rich import box
from rich.table import Table

from qcrystal.commands._options import Crystal, Scale, application, console
from qcrystal.config.load import load
from qcrystal.config.messages import ConfigError
from qcrystal.config.runs import Configuration
from qcrystal.dynamics.spec import PATH_INTEGRAL_METHODS, RunSpec
from qcrystal.potential.card import read_card
from qcrystal.search.costs import OFFSET, PER_ATOM, search_costs

app = application()
COORDINATES = 12  # bytes of an atom in a frame: three single-precision numbers; path integrals hold centroid and a bead
SPEEDS = "docs/speed.csv"
WHOLE = ("runs", "atoms", "beads", "compositions", "structures", "largest")
FRAME = 400  # bytes of a frame besides: cell, step, time, index


def _atoms(spec: RunSpec) -> int:
    """Number of atoms of a run, which the configuration works out from the cell."""
    assert spec.atoms is not None
    return spec.atoms


def bytes_of(spec: RunSpec) -> float:
    """Size of a run's trajectory."""
    sets = 2 if spec.method in PATH_INTEGRAL_METHODS else 1
    return (spec.steps / spec.sample_every + 1) * (sets * COORDINATES * _atoms(spec) + FRAME)


def costs(loaded: Configuration, us_per_atom_step: float) -> pd.DataFrame:
    """Runs, atoms, bead-atom-steps (10⁹), hours and disk (GB) of each sweep, and their sum."""
    seen, rows = set(), []
    for name, runs in loaded.sweeps.items():
        new = [loaded.runs[run] for run in runs if run not in seen]
        seen.update(runs)
        if not new:
            continue
        work = sum(spec.steps * spec.beads * _atoms(spec) for spec in new)
        rows.append(
            {
                "sweep": name,
                "runs": len(new),
                "atoms": max(_atoms(spec) for spec in new),
                "beads": max(spec.beads for spec in new),
                "10^9 atom-steps": work / 1e9,
                "hours": work * us_per_atom_step / 3.6e9,
                "longest run (h)": max(s.steps * s.beads * _atoms(s) for s in new) * us_per_atom_step / 3.6e9,
                "GB": sum(map(bytes_of, new)) / 1e9,
            }
        )
    table = pd.DataFrame(rows)
    total = table[["runs", "10^9 atom-steps", "hours", "GB"]].sum()
    return pd.concat([table, pd.DataFrame([{"sweep": "all", **total.to_dict()}])], ignore_index=True)


def step_time(root: Path, model: str | None, engine: str) -> tuple[float, str]:
    """Microseconds per step and atom of a potential's largest crystal in docs/speed.csv, or of its card; and where they stand."""
    if model is None:
        raise ConfigError("this crystal names no potential: give its step time, --us-per-atom-step 20")
    table = pd.read_csv(root / SPEEDS)
    rows = table[(table["model"] == Path(model).name) & (table["engine"] == engine) & (table["beads"] == 1)]
    if len(rows):
        return float(rows.sort_values("atoms")["us_per_atom_step"].iloc[-1]), f"{SPEEDS}, engine {engine}"
    card = f"{model}/card.yaml"
    speed = read_card(root / card).speed
    if speed is None:
        raise ConfigError(f"{card}: has no speed: give the step time of this potential, --us-per-atom-step 20")
    return float(speed["us_per_step_per_atom"]), card


@app.command()
def main(
    scale: Scale = "paper",
    crystal: Crystal = "lah10",
    us_per_atom_step: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Step time in microseconds per step and atom. By default that of docs/speed.csv, or of the potential's card.",
        ),
    ] = None,
    machine: Annotated[str, typer.Option(help="What has this step time, for the heading.")] = "one core",
) -> None:
    """Estimate what the dynamics of a scale costs, sweep by sweep: hours and disk (GB).

    The step time is that of docs/speed.csv for the potential and the engine, measured on one processor core. A potential that is
    not in this table has its step time in its card. Measure it with `python -m qcrystal bench-potential` on another machine. A
    bead of a path integral counts as an atom-step. A run that belongs to several sweeps is counted in the first. A search over
    compositions has a table of its own.

    Example: `python -m qcrystal cost --scale paper --us-per-atom-step 1.5 --machine "one GPU of ours"`
    """
    root = Path.cwd()
    given = {"scale": scale, "crystal": crystal, "start": "dft"}  # no potential need be there
    values = yaml.safe_load((root / "config" / "config.yaml").read_text(encoding="utf-8")) | given
    loaded = load(values, root)
    ternary, effort = loaded.crystal.ternary, loaded.scale.ternary
    if loaded.sweeps or ternary is None:
        step, source = us_per_atom_step, "given"
        if step is None:
            step, source = step_time(root, loaded.main.model, loaded.main.evaluated_by)
        print(f"Scale {scale}, {step:g} microseconds per step and atom on {machine} ({source}):\n")
        _print(costs(loaded, step))
    if ternary is not None and effort is not None:
        print(
            f"Scale {scale}, relaxations of random starts, {OFFSET:g} + {PER_ATOM:g} N ms per step of N atoms on one core:\n"
        )
        space, steps = ternary.formula.space, effort.max_relaxation_steps
        _print(search_costs(ternary.elements, space, effort.max_atoms, effort.starts, steps))
        print("Ordered prototypes, phonons, labels and couplings are not counted.")


def _print(found: pd.DataFrame) -> None:
    table = Table(box=box.MARKDOWN)
    for name in found.columns:
        table.add_column(name, justify="left" if name == "sweep" else "right")
    for row in found.itertuples(index=False):
        table.add_row(*(_cell(*cell) for cell in zip(found.columns, row, strict=True)))
    console().print(table)


def _cell(name: str, value) -> str:
    if isinstance(value, str):
        return value
    if value != value:  # not a number: the sum has none
        return ""
    return f"{value:.0f}" if name in WHOLE else f"{value:.3g}"
