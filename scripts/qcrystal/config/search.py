"""Search for structures of low enthalpy: effort."""

from __future__ import annotations

from pydantic import Field

from qcrystal.fields import Count, Jobs, Strict


class SearchEffort(Strict):
    """Effort of the structure search: batches (jobs) of random starts, formula units per primitive cell, distorted starts per
    space group and cell, structures per pressure that are followed, structures that DFT checks."""

    batches: Jobs
    starts: Count
    formula_units: list[Count] = Field(min_length=1)
    distortions: Count
    keep: Count
    check: Count
