"""Verdicts on published claims. One rule turns numbers with errors into a verdict and one sentence of reason.

1. *Long enough.* A value from runs decides nothing unless the production part is as long as the claim asks, and it has ten
   independent samples at least. So no verdict follows from a run of a test. A phase may need a large cell, too.
2. *Sharp enough.* A value decides nothing if its standard error exceeds a quarter of the published value.
3. *Near or far.* σ is the root of the summed squares of both sides' errors. A claim is reproduced where the
   values differ by 2σ or less, and not reproduced where they differ by more than 3σ. Between, nothing is decided. Where few
   degrees of freedom are behind our error, Student's t widens both distances.
4. *Boundaries.* Ours lies between the last run on one side and the first on the other. The claim is reproduced where this
   interval overlaps the published value with its uncertainty, and not reproduced where they are disjoint. Intervals that only
   touch decide nothing, nor does one wider than four uncertainties.
5. *Lowest phases.* Where the lowest phase is no published one, the distance to the lowest published one is compared with the
   error of a difference of enthalpies. Up to 3σ it decides nothing.
6. *Hops among variants.* A small cell hops among variants of a distortion, and its mean angles look cubic. Where the angles of
   each frame are known, a run counts as cubic only if it is so at each moment (`qcrystal.analysis.variants`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from qcrystal.analysis.phases import Boundary
from qcrystal.analysis.statistics import Estimate

Verdict = Literal["reproduced", "not reproduced", "not decidable here"]
FEWEST_SAMPLES = 10.0
LARGEST_RELATIVE_ERROR = 0.25
NEAR, FAR = 2.0, 3.0


class Judged(NamedTuple):
    """A verdict, and the reason for it in one sentence."""

    verdict: Verdict
    reason: str


class Evidence(NamedTuple):
    """Our value beside a claim: standard error, unit, method, atoms, production length (ps) and independent samples.

    ``length`` is None of values that no run is behind. ``limit`` is the upper limit of what was not seen at all. ``freedom`` has
    the degrees of freedom of the error.
    """

    value: float
    error: float
    unit: str = ""
    method: str = ""
    atoms: int | None = None
    length: float | None = None
    samples: float = math.inf
    limit: float = math.nan
    freedom: float = math.inf

    def reach(self, sigmas: float) -> float:
        """As `qcrystal.analysis.statistics.Estimate.reach`."""
        return Estimate(self.value, self.error, self.samples, self.freedom).reach(sigmas)


def _short(value: float) -> str:
    """Two digits; a small number with a power of ten, which is mathematics between dollar signs."""
    digits, _, power = f"{value:.2g}".partition("e")
    return f"{digits}×$10^{{{int(power)}}}$" if power else digits


def undecided(reason: str) -> Judged:
    """A claim that cannot be decided here."""
    return Judged("not decidable here", reason)


def too_weak(evidence: Evidence, least_length: float) -> Judged | None:
    """Part 1 of the rule: a verdict if runs are too short or samples too few, else None."""
    if evidence.length is not None and evidence.length < least_length:
        return undecided(
            f"The longest run has {evidence.length:.3g} ps of production, and the claim needs {least_length:g} ps."
        )
    if evidence.samples < FEWEST_SAMPLES:
        return undecided(
            f"There are {evidence.samples:.0f} independent samples, and the rule needs {FEWEST_SAMPLES:g}."
        )
    if not math.isfinite(evidence.value):
        return undecided("No run gives this value.")
    return None


def judge_number(evidence: Evidence, published: float, uncertainty: float, least_length: float) -> Judged:
    """Parts 1 to 3: a number against a published one with its uncertainty, in the same unit."""
    if math.isfinite(evidence.limit):
        return _judge_nothing_seen(evidence, published, uncertainty, least_length)
    weak = too_weak(evidence, least_length)
    if weak:
        return weak
    if not math.isfinite(evidence.error):
        return undecided("The value has no error estimate.")
    if evidence.error > LARGEST_RELATIVE_ERROR * abs(published):
        return undecided(
            f"Our standard error of {_short(evidence.error)} {evidence.unit} exceeds a quarter of the published value."
        )
    sigma = math.hypot(evidence.error, uncertainty)
    distance = abs(evidence.value - published)
    many = distance / sigma if sigma else (0.0 if distance == 0 else math.inf)
    said = f"Both differ by {_short(distance)} {evidence.unit}, {many:.1f} times the combined error of {_short(sigma)}."
    if distance <= math.hypot(evidence.reach(NEAR), NEAR * uncertainty):
        return Judged("reproduced", said)
    far = distance > math.hypot(evidence.reach(FAR), FAR * uncertainty)
    if not far and many > FAR:
        few = f"{said.rstrip('.')}, but our error has {evidence.freedom:.2g} degrees of freedom, and Student's t widens it."
        return undecided(few)
    return Judged("not reproduced", said) if far else undecided(said)


def _judge_nothing_seen(evidence: Evidence, published: float, uncertainty: float, least_length: float) -> Judged:
    """A value of which no event was seen: its upper limit may exclude the published one, and never confirms it."""
    if evidence.length is not None and evidence.length < least_length:
        return undecided(f"The longest run has {evidence.length:.3g} ps, and the claim needs {least_length:g} ps.")
    said = f"No event was seen, so that the value is below {_short(evidence.limit)} {evidence.unit} (95 % confidence)."
    return Judged("not reproduced", said) if evidence.limit < published - FAR * uncertainty else undecided(said)


def judge_limit(evidence: Evidence, published: float, least_length: float) -> Judged:
    """A value that is claimed to be at most the published one, such as an error or a drift that vanishes."""
    weak = too_weak(evidence, least_length)
    if weak:
        return weak
    ours = f"{_short(evidence.value)} {evidence.unit}".strip()
    said = f"Our value is {ours} with an error of {_short(evidence.error)}; at most {published:g} is claimed."
    if evidence.value + evidence.reach(NEAR) <= published:  # never without an error, which is NaN
        return Judged("reproduced", said)
    return Judged("not reproduced", said) if evidence.value - evidence.reach(FAR) > published else undecided(said)


def judge_events(evidence: Evidence, least_length: float) -> Judged:
    """A claim that something happens: ten events are enough, none in a run that is long enough is too few."""
    if evidence.length is not None and evidence.length < least_length:
        return undecided(f"The longest run has {evidence.length:.3g} ps, and the claim needs {least_length:g} ps.")
    if not math.isfinite(evidence.value):
        return undecided("No run gives this value.")
    said = f"{evidence.value:.0f} {evidence.unit or 'events'} in {evidence.length or 0.0:.3g} ps."
    if evidence.value >= FEWEST_SAMPLES:
        return Judged("reproduced", said)
    return Judged("not reproduced", said) if evidence.value == 0 else undecided(said)


def judge_boundary(found: Boundary, published: float, uncertainty: float, unit: str) -> Judged:
    """Part 4: a boundary between decided runs against a published one; runs that are not decided say nothing."""
    low, high = published - uncertainty, published + uncertainty
    if found.contradicts:
        return undecided("Runs of both kinds overlap: hysteresis, or runs that are too short.")
    if math.isfinite(found.below) and found.below > high:
        return Judged(
            "not reproduced",
            f"A run beyond the published boundary, at {found.below:g} {unit}, is still on the near side.",
        )
    if math.isfinite(found.above) and found.above < low:
        return Judged(
            "not reproduced",
            f"A run short of the published boundary, at {found.above:g} {unit}, is already on the far side.",
        )
    if not (math.isfinite(found.below) and math.isfinite(found.above)):
        return undecided("No decided runs enclose the boundary.")
    if found.above - found.below > 4.0 * uncertainty:
        return undecided(f"Our interval, {found.below:g} to {found.above:g} {unit}, is too wide.")
    if not max(found.below, low) < min(found.above, high):
        return undecided(
            f"Our interval, {found.below:g} to {found.above:g} {unit}, only touches the published one, {low:g} to {high:g}."
        )
    return Judged(
        "reproduced",
        f"Our boundary is between {found.below:g} and {found.above:g} {unit}, the published one between {low:g} and {high:g}.",
    )


def judge_peaks(apart: Evidence, uncertainty: float, lower: float, error: float) -> Judged:
    """A claim that two curves have their highest peak at the same place, and that the second peak is lower.

    Parameters
    ----------
    apart
        Distance of both peaks.
    uncertainty
        Distance up to which their place is the same.
    lower, error
        By how much the second peak is lower, and its standard error.
    """
    said = f"The highest peaks are {_short(apart.value)}({_short(apart.error)}) {apart.unit} apart"
    if apart.value - apart.reach(FAR) > uncertainty:
        return Judged("not reproduced", f"{said}, and {uncertainty:g} {apart.unit} are allowed.")
    if apart.value + apart.reach(NEAR) > uncertainty:
        return undecided(f"{said}, which is too near to the {uncertainty:g} {apart.unit} that are allowed.")
    if not abs(lower) > FAR * error:
        return undecided(f"{said}, and their heights are within three errors of each other.")
    if lower < 0.0:
        return Judged("not reproduced", f"{said}, and the second is higher.")
    return Judged("reproduced", f"{said}, and the second is lower.")


def judge_phases(phases: Sequence[str], wanted: str, words: str) -> Judged:
    """A claim that every run of a range is in one phase (``symmetric`` or ``distorted``)."""
    decided = [phase for phase in phases if phase != "undecided"]
    like = sum(phase == wanted for phase in decided)
    said = f"{like} of {len(phases)} runs are {words}, {len(phases) - len(decided)} are not decided."
    if any(phase != wanted for phase in decided):
        return Judged("not reproduced", said)
    return Judged("reproduced", said) if decided and len(decided) == len(phases) else undecided(said)


def judge_lowest(above: Sequence[float], error: float, unit: str) -> Judged:
    """Part 5: how far the lowest published phase is above the lowest of all, at each pressure of a range.

    Parameters
    ----------
    above
        In ``unit``; 0 where a published phase is the lowest.
    error
        Standard error of a difference, in ``unit``.
    """
    first = sum(one <= 0.0 for one in above)
    said = f"A published phase is the lowest at {first} of {len(above)} pressures"
    if first == len(above):
        return Judged("reproduced", f"{said}.")
    said += (
        f", and elsewhere at most {_short(max(above))} {unit} above it; a difference errs by {_short(error)} {unit}."
    )
    return Judged("not reproduced", said) if max(above) > FAR * error else undecided(said)
