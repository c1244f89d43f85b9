"""The table of claims: every published value beside ours, with a verdict by the rule of `qcrystal.analysis.verdicts`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qcrystal.analysis.phases import Boundary, boundary, phases
from qcrystal.analysis.statistics import MINIMUM_SAMPLES
from qcrystal.analysis.sweeps import CONDITION, combine_replicas, corrected, every_run
from qcrystal.analysis.variants import MEANS, orders, remarks, with_variants
from qcrystal.analysis.verdicts import (
    FEWEST_SAMPLES,
    Evidence,
    Judged,
    judge_boundary,
    judge_events,
    judge_limit,
    judge_lowest,
    judge_number,
    judge_peaks,
    judge_phases,
    too_weak,
    undecided,
)
from qcrystal.figures.enthalpies import crystals
from qcrystal.figures.kinds import Inputs
from qcrystal.figures.offsets import offsets
from qcrystal.figures.options import Claim, Claims
from qcrystal.figures.style import METHODS
from qcrystal.io.tables import TableError, source_of
from qcrystal.manuscript.published import Cited
from qcrystal.manuscript.uncertainty import scientific_text, value_text
from qcrystal.units import MEV_PER_EV

SMALLEST_PLAIN = 1e-3  # smaller values are printed with a power of ten
NOTHING = Evidence(np.nan, np.nan)
WORDS = {"symmetric": "cubic", "distorted": "distorted"}
Found = tuple[Evidence, str, Judged]
"""Our evidence, how it is printed, and the verdict."""


def sweep_name(table: pd.DataFrame) -> str:
    """Name of the sweep that a table is of."""
    return Path(source_of(table)).parent.name.removeprefix("sweep:")


def runs_of(claim: Claim, tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Rows of the claim's sweeps within its ranges of pressure and temperature; at least one of them has ended."""
    rows = every_run([table for table in tables if sweep_name(table) in claim.sweeps])
    for column, span in (("pressure_target", claim.pressures), ("temperature_target", claim.temperatures)):
        if span is not None:
            rows = rows[rows[column].between(*span)]
    return rows


def evidence(claim: Claim, rows: pd.DataFrame) -> Evidence:
    """The claim's observable at the condition with the largest cell, replicas averaged, without a bath's friction."""
    rows = corrected(rows, claim.observable)
    wanted = rows[rows["observable"] == claim.observable]
    if claim.species is not None:
        wanted = wanted[wanted["species"] == claim.species]
    if wanted.empty:
        return NOTHING
    mean = combine_replicas(wanted, CONDITION).sort_values("atoms").iloc[-1]
    same = np.logical_and.reduce([wanted[column] == mean[column] for column in CONDITION])
    lengths = rows.loc[rows["observable"] == "production_length"].set_index("run")["value"]
    runs = wanted.loc[same, "run"]
    length = lengths.reindex(runs).max() if len(lengths) else wanted.loc[same, "length_ps"].max()
    return Evidence(
        value=claim.factor * float(mean["value"]),
        error=claim.factor * float(mean["error"]),
        unit=claim.unit,
        method=str(mean["method"]),
        atoms=int(mean["atoms"]),
        length=float(length),
        samples=float(wanted.loc[same, "n_effective"].sum()),
        limit=claim.factor * float(mean["limit"]),
        freedom=float(mean["freedom"]),
    )


def shown(value: float, error: float | None) -> str:
    """Value(error), with a power of ten where it is small."""
    small = np.isfinite(value) and 0 < abs(value) < SMALLEST_PLAIN
    return scientific_text(value, error) if small else value_text(value, error)


def number(claim: Claim, inputs: Inputs, known: Cited) -> Found:
    """An observable of a sweep against a published number."""
    found = evidence(claim, runs_of(claim, inputs["summaries"]))
    text = f"< {shown(found.limit, None)}" if np.isfinite(found.limit) else shown(found.value, found.error)
    return found, text, judge_number(found, known.number, claim.uncertainty, claim.least_length)


def limit(claim: Claim, inputs: Inputs, known: Cited) -> Found:
    """An observable that is claimed to be at most a limit, in size."""
    found = evidence(claim, runs_of(claim, inputs["summaries"]))
    size = found._replace(value=abs(found.value))
    bound = claim.limit if claim.limit is not None else known.number
    return found, shown(found.value, found.error), judge_limit(size, bound, claim.least_length)


def events(claim: Claim, inputs: Inputs, known: Cited) -> Found:
    """Events that a sweep counts."""
    found = evidence(claim, runs_of(claim, inputs["summaries"]))
    return found, value_text(found.value, None, 0), judge_events(found, claim.least_length)


def with_limits(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows in which an upper limit has become a value that it is two errors above: half of it, with a quarter as error."""
    if "limit" not in rows:
        return rows
    unseen = rows["value"].isna() & rows["limit"].notna()
    filled = {
        "value": rows["limit"] / 2.0,
        "error": rows["limit"] / 4.0,
        "n_effective": FEWEST_SAMPLES,
        "freedom": np.inf,
    }
    return rows.assign(**{name: rows[name].mask(unseen, value) for name, value in filled.items() if name in rows})


def production_lengths(rows: pd.DataFrame) -> pd.Series:
    """Production length (ps) of each run, where its summary tells it."""
    told = rows[rows["observable"] == "production_length"].drop_duplicates("run")
    return told.set_index("run")["value"]


def decided_phases(claim: Claim, inputs: Inputs) -> tuple[pd.DataFrame, list[str]]:
    """Phases of the claim's runs, which may be none, and remarks on them; those of runs that are too short are undecided.

    Where instantaneous angles are known, no run that hops among variants of a distortion counts as symmetric.
    ``length_ps`` is that of the production part.
    """
    if claim.threshold is None:
        raise TableError(f"claim {claim.text!r}: a phase needs a threshold; add one in figures.yaml")
    every = runs_of(claim, inputs["summaries"])
    rows = with_limits(every[every["observable"] == claim.observable])
    if claim.species is not None:
        rows = rows[rows["species"] == claim.species]
    if rows.empty:
        return rows, []
    lengths = rows["run"].map(production_lengths(every)).fillna(rows["length_ps"])
    scaled = rows.assign(
        value=claim.factor * rows["value"], error=claim.factor * rows["error"], length_ps=lengths.astype(float)
    )
    found, said = phases(scaled, claim.observable, claim.threshold), []
    if claim.observable in MEANS:
        traces = inputs.get("traces", [])
        known = orders(pd.concat(traces, ignore_index=True), every) if traces else {}
        found = with_variants(found, rows, known)
        said = remarks(found, WORDS["symmetric"])
    found["error"] = found["error"].where(found["n_effective"] >= MINIMUM_SAMPLES)
    short = (found["length_ps"] < claim.least_length) | (found["n_effective"] < FEWEST_SAMPLES)
    found.loc[short, "phase"] = "undecided"
    return found, said


def runs_behind(found: pd.DataFrame) -> Evidence:
    """Method, largest cell and longest production of a table of phases."""
    longest = found.sort_values("length_ps").iloc[-1]
    samples = float(found["n_effective"].min())
    return Evidence(
        np.nan, np.nan, "", str(longest["method"]), int(found["atoms"].max()), float(longest["length_ps"]), samples
    )


def judged_phases(claim: Claim, found: pd.DataFrame, said: list[str], judged: Judged) -> Judged:
    """The verdict on phases with its remarks, or why the runs are too short or their cells too small for one."""
    longest, largest = float(found["length_ps"].max()), int(found["atoms"].max())
    if longest < claim.least_length:
        judged = undecided(f"The longest run has {longest:.3g} ps, and the claim needs {claim.least_length:g} ps.")
    elif largest < claim.least_atoms:
        judged = undecided(f"The largest cell has {largest} atoms, and the claim needs {claim.least_atoms}.")
    return judged._replace(reason=" ".join([judged.reason, *said]))


def phase_boundary(claim: Claim, inputs: Inputs, known: Cited) -> Found:
    """A boundary along pressure or temperature, between runs whose phases are decided."""
    found, said = decided_phases(claim, inputs)
    if found.empty:
        return NOTHING, value_text(np.nan, None), undecided("No run is within the claim's conditions.")
    other = {"distorted": "symmetric", "symmetric": "distorted"}
    turned = found["phase"].replace(other) if claim.rises else found["phase"]
    line: Boundary = boundary(found.assign(phase=turned, pressure_target=found[claim.along]))
    unit = "GPa" if claim.along == "pressure_target" else "K"
    judged = judge_boundary(line, known.number, claim.uncertainty, unit)
    if np.isfinite(line.middle):
        text = f"{line.middle:g}±{line.half_width:g} {unit}"
    elif np.isfinite(line.above):
        text = f"below {line.above:g} {unit}"
    else:
        text = f"above {line.below:g} {unit}" if np.isfinite(line.below) else value_text(np.nan, None)
    return runs_behind(found), text, judged_phases(claim, found, said, judged)


def phase(claim: Claim, inputs: Inputs, known: Cited) -> Found:
    """A claim that all runs of a range are in one phase."""
    found, said = decided_phases(claim, inputs)
    if found.empty:
        return NOTHING, value_text(np.nan, None), undecided("No run is within the claim's conditions.")
    counts = found["phase"].map(lambda one: WORDS.get(one, "not decided")).value_counts()
    text = ", ".join(f"{count} {name}" for name, count in counts.items())
    judged = judge_phases(list(found["phase"]), claim.phase, WORDS[claim.phase])
    return runs_behind(found), text, judged_phases(claim, found, said, judged)


def peaks(claim: Claim, inputs: Inputs, known: Cited) -> Found:
    """Highest peaks of two pair distributions: same places within the uncertainty (Å), and the second one lower.

    A place is that of a bin. Its standard error is the bin's width over √12.
    """
    found = []
    for name in claim.sweeps:
        table = next(one for one in inputs["curves"] if sweep_name(one) == name)
        curves = table[table["pair"] == claim.observable].groupby("r")
        curve, error = curves["g"].mean(), curves["error"].apply(lambda one: np.sqrt((one**2).sum()) / len(one))
        place, width = curve.idxmax(), float(np.diff(curve.index).mean())
        found.append((place, curve.max(), error[place], width))
    (first, high, high_error, width), (second, low, low_error, other_width) = found
    tables = [one for one in inputs["curves"] if sweep_name(one) in claim.sweeps]
    length = min(float(one["length_ps"].max()) for one in tables)
    method, atoms = str(table["method"].iloc[0]), int(table["atoms"].max())
    ours = Evidence(abs(first - second), np.hypot(width, other_width) / np.sqrt(12), "Å", method, atoms, length)
    text = f"{first:.2f} and {second:.2f} Å; heights {value_text(high, high_error)} and {value_text(low, low_error)}"
    weak = too_weak(ours, claim.least_length)
    return ours, text, weak or judge_peaks(ours, claim.uncertainty, high - low, float(np.hypot(high_error, low_error)))


def lowest(claim: Claim, inputs: Inputs, known: Cited) -> Found:
    """Phases of least enthalpy within a range of pressure, in a search of a hundred random starts or more.

    A phase that has relaxed to another symmetry counts as that one. Energies of whole systems of held-out frames are off by an
    offset. The standard deviation of these offsets, times √2, is the error of a difference of two phases. The reason names
    the pressures beyond the potential's training: the error there may be larger.
    """
    table = inputs["enthalpies"]
    if claim.pressures is not None:
        table = table[table["pressure"].between(*claim.pressures)]
    counts = inputs.get("counts")
    starts = 0 if counts is None else int(counts.loc[counts["origin"].str.startswith("random"), "number"].sum())
    if table.empty:
        return NOTHING, value_text(np.nan, None), undecided("No pressure of the range was searched.")
    table = table.assign(crystal=crystals(table))
    best = table.loc[table.groupby("pressure")["enthalpy"].idxmin(), ["pressure", "crystal"]]
    text = "; ".join(
        f"{name} at {', '.join(f'{one:g}' for one in here['pressure'])} GPa"
        for name, here in best.groupby("crystal", sort=False)
    )
    least = claim.limit or 1.0
    if starts < least:
        return NOTHING, text, undecided(f"The search has {starts} random starts, and the claim needs {least:g}.")
    groups = table["crystal"].str.split(" #").str[0]
    published = table[groups.isin(known.value)].groupby("pressure")["enthalpy"].min()
    above = MEV_PER_EV * (published - table.groupby("pressure")["enthalpy"].min())
    if above.isna().any():
        lacking = ", ".join(f"{pressure:g}" for pressure in above.index[above.isna()])
        return NOTHING, text, undecided(f"No published phase was found at {lacking} GPa.")
    found = offsets(inputs["frames"]) if "frames" in inputs else None
    if found is None:
        return NOTHING, text, undecided("The error of the potential's differences of enthalpy is not known.")
    judged = judge_lowest(list(above), np.sqrt(2.0) * found.spread, "meV/atom")
    beyond = table.loc[table["beyond_training"] > 0, "pressure"].unique() if "beyond_training" in table else ()
    if len(beyond):
        here = f"{', '.join(f'{one:g}' for one in sorted(beyond))} GPa"
        judged = judged._replace(reason=f"{judged.reason} The potential was not trained at {here}.")
    return NOTHING, text, judged


def _holds(eos: pd.DataFrame, a: float) -> bool:
    return bool(eos["lattice_constant"].min() <= a <= eos["lattice_constant"].max())


def _not_held(a: float) -> Found:
    return NOTHING, value_text(np.nan, None), undecided(f"The equation of state does not hold {a:g} Å.")


def lattice(claim: Claim, inputs: Inputs, known: Cited) -> Found:
    """Distances of the cubic lattice at the published lattice constant: the largest relative difference."""
    eos, a = inputs["eos"].sort_values("lattice_constant"), known.value["a"]
    if not _holds(eos, a):
        return _not_held(a)
    columns = {"la_h1": "La_H1", "la_h2": "La_H2", "h_h1": "H_H1", "h_h2": "H_H2", "la_la": "La_La"}
    ours = {theirs: np.interp(a, eos["lattice_constant"], eos[column]) for column, theirs in columns.items()}
    worst = max(ours, key=lambda name: abs(ours[name] / known.value[name] - 1.0))
    relative = abs(ours[worst] / known.value[worst] - 1.0)
    found = Evidence(relative, 0.0, "", "static", 11)
    judged = judge_limit(found, claim.uncertainty, claim.least_length)
    text = f"{worst.replace('_', '-')} = {ours[worst]:.4f} Å, {100 * relative:.2f} % off"
    return (
        found,
        text,
        judged._replace(reason=f"The largest relative difference of a distance is {relative:.2g}, by our potential."),
    )


def accuracy(claim: Claim, inputs: Inputs, known: Cited) -> Found:
    """The potential's error on held-out frames is claimed to be at most the published one.

    The standard error is that of systems: frames of one system resemble each other. It is that of a ratio of sums over clusters
    (W. G. Cochran, Sampling Techniques, 3rd ed., 1977, chapter 6).
    """
    errors = inputs["errors"]
    rows = errors[(errors["quantity"] == claim.observable) & (errors["split"] == "test") & (errors["species"] == "all")]
    total, systems = rows[rows["system"] == "all"], rows[rows["system"] != "all"]
    if total.empty:
        return NOTHING, value_text(np.nan, None), undecided("The potential's errors on held-out frames are not known.")
    rmse, number = claim.factor * float(total["rmse"].iloc[0]), len(systems)
    error = np.nan
    if number > 1:
        away = systems["n"] * ((claim.factor * systems["rmse"]) ** 2 - rmse**2)
        error = np.sqrt(number / (number - 1) * float((away**2).sum())) / (2.0 * rmse * float(total["n"].iloc[0]))
    found = Evidence(rmse, error, claim.unit, "potential", None, None, float(number))
    return found, shown(found.value, found.error), judge_limit(found, known.number, claim.least_length)


def static(claim: Claim, inputs: Inputs, known: Cited) -> Found:
    """Static pressure (GPa) of the cubic lattice at the published lattice constant."""
    eos, a = inputs["eos"].sort_values("lattice_constant"), known.value["a"]
    if not _holds(eos, a):
        return _not_held(a)
    value = float(np.interp(a, eos["lattice_constant"], eos["pressure"]))
    found = Evidence(value, 0.0, "GPa", "static", 11)
    return (
        found,
        f"{value:.1f} GPa",
        judge_number(found, known.value["pressure"], claim.uncertainty, claim.least_length),
    )


def setting(claim: Claim, inputs: Inputs, known: Cited) -> Found:
    """A setting of the published calculation."""
    return NOTHING, "–", undecided(claim.reason or "A setting of the published calculation; nothing is claimed by it.")


TESTS: dict[str, Callable[[Claim, Inputs, Cited], Found]] = {
    "number": number,
    "limit": limit,
    "events": events,
    "boundary": phase_boundary,
    "phase": phase,
    "peaks": peaks,
    "lowest": lowest,
    "lattice": lattice,
    "accuracy": accuracy,
    "static": static,
    "setting": setting,
}


def published_text(known: Cited) -> str:
    """A published value as text."""
    if isinstance(known.value, dict):
        return ", ".join(f"{name.replace('_', '-')} {value:g}" for name, value in known.value.items())
    if isinstance(known.value, list):
        return ", ".join(map(str, known.value))
    if isinstance(known.value, int | float):
        return scientific_text(known.value, None) if 0 < abs(known.value) < SMALLEST_PLAIN else f"{known.value:g}"
    return str(known.value)


def absent(claim: Claim, inputs: Inputs) -> list[str] | None:
    """Sweeps of a claim that have not ended; None if another table that it needs lacks."""
    if claim.test == "lowest":
        return [] if "enthalpies" in inputs else None
    tables = inputs.get("curves" if claim.test == "peaks" else "summaries", [])
    known = {sweep_name(table) for table in tables}
    return [name for name in claim.sweeps if name not in known]


def row(claim: Claim, inputs: Inputs, known: Cited) -> dict[str, Any]:
    """A row of the table."""
    lacking = absent(claim, inputs)
    if lacking is None or len(lacking) == len(claim.sweeps) > 0 or (lacking and claim.test == "peaks"):
        found, text, judged = NOTHING, value_text(np.nan, None), undecided("The calculation has not ended.")
    else:
        found, text, judged = TESTS[claim.test](claim, inputs, known)
        if lacking:
            judged = judged._replace(reason=f"{judged.reason} Not ended: {', '.join(lacking)}.")
    return {
        "claim": claim.text,
        "source": f"{known.label}, {known.where}",
        "published": published_text(known),
        "ours": text,
        "method": METHODS[found.method].label if found.method in METHODS else found.method,
        "atoms": found.atoms,
        "length_ps": found.length,
        "independent_samples": found.samples if np.isfinite(found.samples) and found.length is not None else None,
        "verdict": judged.verdict,
        "reason": judged.reason,
    }


def draw(inputs: Inputs, published: Mapping[str, Cited], options: Claims) -> pd.DataFrame:
    """One row per claim, in the order of the options."""
    rows = []
    for name, claim in options.claims.items():
        if claim.published not in published:
            raise TableError(
                f"figures.yaml: claim {name!r}: {claim.published!r} is not among its published values; add it"
            )
        rows.append(row(claim, inputs, published[claim.published]))
    return pd.DataFrame(rows).astype({"atoms": "Float64", "length_ps": float, "independent_samples": float})
