"""DeePMD-kit's program ``dp``: its input, its runs, its checkpoints."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qcrystal.errors import QcrystalError
from qcrystal.potential.settings import Training
from qcrystal.processes import ProcessError, supervise, thread_environment

logger = logging.getLogger(__name__)

CURVE = "lcurve.out"
"""File of the learning curve, in DeePMD-kit's format, whichever trainer writes it."""
PROGRESS_INTERVAL = 20.0
"""Seconds between two lines of progress."""


class TrainingError(QcrystalError, RuntimeError):
    """A training that failed. The message is one line that names the log and the cause."""


def model_definition(training: Training) -> dict[str, Any]:
    """DeePMD-kit's definition of the model: type map, descriptor and fitting net."""
    architecture, seeds = training.architecture, training.seeds
    sel: dict[str, Any] = {"sel": list(architecture.sel)}
    if architecture.kind == "se_atten":  # all species share the neighbours' places and the networks
        sel = {"sel": sum(architecture.sel), "attn_layer": 0, "tebd_input_mode": "strip"}
    return {
        "type_map": list(training.species),
        "descriptor": {
            "type": architecture.kind,
            **sel,
            "rcut": architecture.cutoff,
            "rcut_smth": architecture.cutoff_smooth,
            "neuron": list(architecture.descriptor),
            "axis_neuron": architecture.axis_neuron,
            "type_one_side": architecture.type_one_side,
            "resnet_dt": False,
            "precision": architecture.precision,
            "seed": seeds.descriptor,
        },
        "fitting_net": {
            "neuron": list(architecture.fitting),
            "resnet_dt": True,
            "precision": architecture.precision,
            "seed": seeds.fitting,
        },
    }


def render_input(training: Training, train_systems: Sequence[Path], test_systems: Sequence[Path]) -> dict[str, Any]:
    """Input of ``dp train``.

    Parameters
    ----------
    training
        Of ``trainer: deepmd``. Its learning rate decays 100 times over the training whatever its length.
    train_systems, test_systems
        Folders of DeePMD systems. The test systems are only evaluated, never trained on.
    """
    architecture, effort = training.architecture, training.effort
    prefactors = {"e": architecture.energy, "f": architecture.force, "v": architecture.virial}
    document = {
        "model": model_definition(training),
        "learning_rate": {
            "type": architecture.schedule,
            "start_lr": architecture.start_lr,
            "stop_lr": architecture.stop_lr,
        },
        "loss": {"type": "ener"}
        | {f"start_pref_{key}": start for key, (start, _) in prefactors.items()}
        | {f"limit_pref_{key}": limit for key, (_, limit) in prefactors.items()},
        "training": {
            "training_data": {
                "systems": [str(path) for path in train_systems],
                "batch_size": architecture.batch_size,
                "auto_prob": "prob_sys_size",
            },
            "numb_steps": effort.steps,
            "seed": training.seeds.batches,
            "disp_file": CURVE,
            "disp_freq": effort.report_every,
            "save_freq": effort.checkpoint_every,
            "save_ckpt": "model.ckpt",
        },
    }
    if architecture.schedule == "exp":
        document["learning_rate"]["decay_steps"] = effort.decay_steps
    if test_systems:
        document["training"]["validation_data"] = {
            "systems": [str(path) for path in test_systems],
            "batch_size": architecture.batch_size,
            "numb_btch": 2,
        }
    return document


def train(
    training: Training, train_systems: Sequence[Path], test_systems: Sequence[Path], directory: Path, threads: int
) -> None:
    """Train with ``dp train`` in ``directory``, from its last checkpoint if there is one, to ``frozen.pb``.

    Raises
    ------
    TrainingError
        ``dp`` failed; the message names its log and the cause.
    """
    document = render_input(training, train_systems, test_systems)
    (directory / "input.json").write_text(json.dumps(document, indent=1) + "\n")
    done, steps = checkpoint_step(directory), training.effort.steps
    if done < steps:
        restart = ["--restart", f"model.ckpt-{done}"] if done else []
        logger.info("training: %s, %d steps", f"continuing after step {done}" if done else "starting", steps)
        run_dp(["train", "input.json", *restart], directory, threads, steps, done)
    run_dp(["freeze", "-c", ".", "-o", "frozen.pb"], directory, threads)


def checkpoint_step(directory: Path) -> int:
    """Step of the last complete checkpoint in ``directory``; 0 if there is none.

    Only numbered files count. DeePMD renews its links ``model.ckpt.*`` after each checkpoint, and a kill may take them away.
    """
    parts = ("meta", "index", "data-00000-of-00001")
    steps = [int(path.stem.rpartition("-")[2]) for path in Path(directory).glob("model.ckpt-*.index")]
    whole = [step for step in steps if all((Path(directory) / f"model.ckpt-{step}.{part}").is_file() for part in parts)]
    return max(whole, default=0)


def run_dp(arguments: list[str], directory: Path, threads: int, steps: int = 0, done: int = 0) -> None:
    """Run ``dp`` of this environment in ``directory``; its output goes to ``<command>.log`` there."""
    command = [str(Path(sys.executable).parent / "dp"), *arguments]
    path = Path(directory) / f"{arguments[0]}.log"
    progress = _Progress(Path(directory) / CURVE, steps, done)
    try:
        outcome = supervise(
            command,
            directory=Path(directory),
            environment={**os.environ, **thread_environment(threads)},
            log=path,
            on_tick=progress.tell if steps else None,
            interval=PROGRESS_INTERVAL,
        )
    except ProcessError as error:
        raise TrainingError(f"{error}; install deepmd-kit") from None
    if outcome.status:
        raise TrainingError(f"{path}: dp {arguments[0]} failed ({outcome.status}): {outcome.words}")


class _Progress:
    """Logs how far a training is, whose curve is at ``path``; it began after step ``done`` of ``steps``."""

    def __init__(self, path: Path, steps: int, done: int):
        self.path, self.steps, self.done = path, steps, done
        self.first: tuple[float, int] | None = None

    def tell(self) -> None:
        """Log one line."""
        step = max(self.done, last_step(self.path))
        if step == self.done:
            logger.info("step %d/%d, starting", step, self.steps)
            return
        self.first = self.first or (time.monotonic(), step)
        elapsed = time.monotonic() - self.first[0]
        rate = (step - self.first[1]) / elapsed if elapsed else 0.0
        left = f"{rate:.1f} steps/s, {(self.steps - step) / rate:.0f} s left" if rate else "measuring the speed"
        logger.info("step %d/%d, %s", step, self.steps, left)


def last_step(path: Path) -> int:
    """Last step in a file of a learning curve; 0 if there is none."""
    if not path.is_file():
        return 0
    numbers = [line.split()[0] for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return int(numbers[-1]) if numbers else 0
