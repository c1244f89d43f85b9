"""Effort of trainings. Their architectures are `qcrystal.potential.settings.Architecture`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from qcrystal.fields import Count, Name, Strict, either


class TrainingEffort(Strict):
    """Effort of the training."""

    committee: Annotated[Count, Field(le=100)]
    """Number of potentials, which differ in their seeds; the first one is what everything runs with."""
    steps: either(Count, dict[Name, Count], dict)  # type: ignore[valid-type]
    """Steps of a training: one number, or one by name of the architecture."""
    checkpoint_every: Count
    """Steps between checkpoints."""

    def steps_of(self, architecture: str) -> int | None:
        """Steps of an architecture's training; None if there is no entry."""
        return self.steps.get(architecture) if isinstance(self.steps, dict) else self.steps
