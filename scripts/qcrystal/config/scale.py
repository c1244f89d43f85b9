"""The scale: sizes and effort, no physics, ``config/scales/<name>.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from qcrystal.config.dft import DftEffort
from qcrystal.config.learning import LearningEffort
from qcrystal.config.statics import StaticsEffort
from qcrystal.config.sweep import Sweep
from qcrystal.config.training import TrainingEffort
from qcrystal.fields import Count, Duration, Name, Strict


class SamplingEffort(Strict):
    """Times in ps between frames and between checkpoints, the run length from which a run is not called short, how many frames
    of each run the committee is asked about, and over how many jobs that is spread."""

    frame_interval: Duration
    checkpoint_interval: Annotated[Duration, Field(le=100)]
    converged_length: Duration
    deviation_frames: Count
    deviation_jobs: Count


class Scale(Strict):
    """Sizes and effort, no physics."""

    dft: DftEffort
    training: TrainingEffort
    learning: LearningEffort
    statics: StaticsEffort
    sampling: SamplingEffort
    sweeps: dict[Name, Sweep]
