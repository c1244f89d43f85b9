"""Training of the potentials: architecture and effort."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from qcrystal.fields import Count, Name, NotNegative, Positive, Strict, either


class Invariants(Strict):
    """Cubic invariants of a deep potential; see `qcrystal.potential.moments.invariants`."""

    degree: Annotated[Count, Field(ge=2, le=4)]
    probes: either(Annotated[Count, Field(le=16)], list[Annotated[Count, Field(le=16)]], list)

    @model_validator(mode="after")
    def _consistent(self) -> Invariants:
        if isinstance(self.probes, list) and len(self.probes) != self.degree:
            raise ValueError(
                f"probes: {len(self.probes)} numbers for {self.degree} degrees; give one number, or one per degree"
            )
        return self


class Training(Strict):
    """Deep-potential architecture, loss and optimiser, DeePMD-kit's ``se_e2_a``.

    See `qcrystal.potential.deepmd.TrainingSettings`."""

    trainer: Literal["deepmd", "moments"]
    optimizer: Literal["adam", "muon"]
    weight_decay: NotNegative = 0
    schedule: Literal["exp", "cosine"]
    descriptor: list[Count] = Field(min_length=1)
    axis_neuron: Count
    type_one_side: bool
    sel: list[Count]
    cutoff: Annotated[Positive, Field(le=20)]
    cutoff_smooth: Positive
    fitting: list[Count] = Field(min_length=1)
    invariants: Invariants | None = None
    precision: Literal["float32", "float64"]
    start_lr: Positive
    stop_lr: Positive
    energy: tuple[Positive, Positive]

    @model_validator(mode="after")
    def _consistent(self) -> Training:
        if self.cutoff_smooth >= self.cutoff:
            raise ValueError(f"cutoff_smooth: {self.cutoff_smooth:g} Å must be below cutoff, {self.cutoff:g} Å")
        if self.axis_neuron > self.descriptor[-1]:
            raise ValueError(
                f"axis_neuron: {self.axis_neuron} is more than the last width of descriptor, {self.descriptor[-1]}"
            )
        if self.invariants and (self.trainer, self.precision) != ("moments", "float32"):
            raise ValueError(
                f"invariants: trainer {self.trainer} with {self.precision} has none; set trainer: moments, precision: float32"
            )
        if self.weight_decay and self.trainer != "moments":
            raise ValueError(
                f"weight_decay: trainer {self.trainer} takes none here; set trainer: moments, or take it out"
            )
        if self.stop_lr > self.start_lr:
            raise ValueError(f"stop_lr: {self.stop_lr:g} is above start_lr, {self.start_lr:g}; a learning rate falls")
        return self


class TrainingEffort(Strict):
    """Effort of the training; ``committee`` is the number of potentials that differ in their seeds only, ``steps`` one number
    or one by the name of each architecture."""

    committee: Annotated[Count, Field(le=100)]
    steps: either(Count, dict[Name, Count], dict)
    checkpoint_every: Count
