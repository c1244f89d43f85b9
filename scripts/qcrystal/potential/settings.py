"""Settings of a training: one model for the configuration, for both trainers and for the potential's card."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from qcrystal.fields import Count, NotNegative, Positive, Strict, Whole, either

Probes = Annotated[Count, Field(le=16)]


class Invariants(Strict):
    """Cubic invariants of a deep potential; see `qcrystal.potential.moments.invariants`."""

    degree: Annotated[Count, Field(ge=2, le=4)]
    """Largest degree of the harmonics."""
    probes: either(Probes, list[Probes], list)  # type: ignore[valid-type]
    """Learnt combinations of channels: one number for all degrees, or one per degree."""

    @model_validator(mode="after")
    def _consistent(self) -> Invariants:
        if isinstance(self.probes, list) and len(self.probes) != self.degree:
            raise ValueError(
                f"probes: {len(self.probes)} numbers for {self.degree} degrees; give one number, or one per degree"
            )
        return self


class Architecture(Strict):
    """Network, loss and optimiser of a deep potential; names are DeePMD-kit's.

    The descriptor ``se_e2_a`` is that of L. Zhang et al., NeurIPS 31, 4436 (2018). ``se_atten`` is DPA-1 of D. Zhang et al., npj
    Comput. Mater. 10, 94 (2024), here without attention layers. One embedding network of it serves all species.
    """

    kind: Literal["se_e2_a", "se_atten"] = "se_e2_a"
    """Descriptor; ``se_atten`` needs ``trainer: deepmd``, and DeePMD-kit evaluates it."""
    trainer: Literal["deepmd", "moments"]
    """``deepmd``: DeePMD-kit's own (``dp train``). ``moments``: `qcrystal.potential.moments.trainer`, faster on a CPU."""
    optimizer: Literal["adam", "muon"]
    """Muon needs ``trainer: moments``."""
    weight_decay: NotNegative = 0
    """Share of each matrix that is taken off per unit of the learning rate; needs ``trainer: moments``."""
    average: Annotated[NotNegative, Field(lt=1)] = 0.999
    """Decay per step of the running average of the weights, which is the result; of ``trainer: moments``."""
    schedule: Literal["exp", "cosine"]
    """Schedule of the learning rate."""
    descriptor: list[Count] = Field(min_length=1)
    """Widths of the embedding networks' layers."""
    axis_neuron: Count
    """Channels of the second factor of the scalar products."""
    type_one_side: bool
    """Whether an embedding depends on the neighbour's species only."""
    sel: list[Count]
    """Largest number of neighbours within the cutoff, per species."""
    cutoff: Annotated[Positive, Field(le=20)]
    """Distance (Å) beyond which atoms do not see each other."""
    cutoff_smooth: Positive
    """Distance (Å) from which neighbours are switched off."""
    fitting: list[Count] = Field(min_length=1)
    """Widths of the fitting networks' layers."""
    invariants: Invariants | None = None
    """Products of three moments; needs ``trainer: moments``."""
    precision: Literal["float32", "float64"]
    """Of the networks."""
    start_lr: Positive
    """Learning rate at the start."""
    stop_lr: Positive
    """Learning rate at the end."""
    energy: tuple[NotNegative, NotNegative]
    """Prefactors of the energy error in the loss, at the start and at the end."""
    force: tuple[NotNegative, NotNegative] = (1000, 2)
    """The same of the force error."""
    virial: tuple[NotNegative, NotNegative] = (0.02, 0.5)
    """The same of the virial error."""
    batch_size: Count = 1
    """Frames per step."""
    table_spacing: Positive = 0.02
    """Spacing of the tables that replace the embedding networks of a compressed potential."""

    @model_validator(mode="after")
    def _consistent(self) -> Architecture:
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
        if self.optimizer != "adam" and self.trainer != "moments":
            raise ValueError(
                f"optimizer: trainer {self.trainer} has adam only; set optimizer: adam, or trainer: moments"
            )
        if self.kind != "se_e2_a" and self.trainer != "deepmd":
            raise ValueError(f"kind: trainer {self.trainer} knows se_e2_a alone, not {self.kind}; set trainer: deepmd")
        if self.stop_lr > self.start_lr:
            raise ValueError(f"stop_lr: {self.stop_lr:g} is above start_lr, {self.start_lr:g}; a learning rate falls")
        return self

    @model_serializer(mode="wrap")
    def _usual_kind_unsaid(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """All settings; the usual descriptor is left out, so that trainings from before there were two are the same."""
        found = whole(self)
        if self.kind == "se_e2_a":
            del found["kind"]
        return found


class Effort(Strict):
    """Length of a training, in steps."""

    steps: Count
    checkpoint_every: Count = 1000

    @property
    def decay_steps(self) -> int:
        """Steps between two falls of DeePMD-kit's exponential learning rate: a hundredth of the training."""
        return max(1, self.steps // 100)

    @property
    def report_every(self) -> int:
        """Steps between two lines of the learning curve: at most 200 lines."""
        return max(min(200, self.decay_steps), self.steps // 200)


class Seeds(Strict):
    """Seeds of the descriptor's first weights, of the fitting networks', and of the order of the batches."""

    descriptor: Whole
    fitting: Whole
    batches: Whole

    @classmethod
    def following(cls, seed: int) -> Seeds:
        """Three neighbouring seeds from one."""
        return cls(descriptor=seed, fitting=seed + 1, batches=seed + 2)


class Training(Strict):
    """Everything but the data that the result of a training depends on."""

    species: list[str] = Field(min_length=1)
    """Elements in the order of the potential's type map."""
    architecture: Architecture
    effort: Effort
    seeds: Seeds
    repulsion: dict[str, tuple[Positive, Positive]] = {}
    """Short-range repulsion (Å) by pair of species; see `qcrystal.potential.shortrange`."""

    @model_validator(mode="after")
    def _consistent(self) -> Training:
        if len(self.architecture.sel) != len(self.species):
            raise ValueError(
                f"architecture.sel: {len(self.architecture.sel)} numbers for {len(self.species)} species "
                f"({', '.join(self.species)}); give one per species"
            )
        return self
