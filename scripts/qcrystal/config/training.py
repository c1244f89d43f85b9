"""Effort of trainings. Their architectures are `qcrystal.potential.settings.Architecture`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from qcrystal.fields import Count, Name, Strict, either


class TrainingEffort(Strict):
    """Effort of the training; ``committee`` is the number of potentials that differ in their seeds only, ``steps`` one number
    or one by the name of each architecture."""

    committee: Annotated[Count, Field(le=100)]
    steps: either(Count, dict[Name, Count], dict)
    checkpoint_every: Count
