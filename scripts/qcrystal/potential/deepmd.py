"""Training a deep potential with DeePMD-kit, measuring it, and describing it.

`render_input` writes DeePMD's input, `train` runs it to a frozen and compressed ``model.pb``, `parity` compares a
potential with labels, `model_card` collects what a user of the potential must know.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.files import write_whole
from qcrystal.potential.calculator import load_potential
from qcrystal.potential.moments import invariants
from qcrystal.potential.tensorflow_graph import complete_input, finish
from qcrystal.processes import exit_on_request, tensorflow_package

logger = logging.getLogger(__name__)

LEARNING_CURVE_COLUMNS = {
    "step": "step",
    "rmse_val": "rmse_valid",
    "rmse_trn": "rmse_train",
    "rmse_e_val": "rmse_e_valid",
    "rmse_e_trn": "rmse_e_train",
    "rmse_f_val": "rmse_f_valid",
    "rmse_f_trn": "rmse_f_train",
    "rmse_v_val": "rmse_v_valid",
    "rmse_v_trn": "rmse_v_train",
    "lr": "lr",
}
UNITS = {"energy": "eV/atom", "force": "eV/Å", "virial": "eV/atom"}
NOTE = (
    "test: frames never trained on; their errors steer no training, but those on ly2022 chose the shipped architectures"
)
BIN_WIDTHS = {"energy": 0.005, "force": 0.2}


class TrainingError(RuntimeError):
    """A training that failed; one line that names the log and the cause."""


class Seeds(BaseModel):
    """Seeds of the descriptor's and the fitting net's first weights, and of the order of the batches."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    descriptor: int = 11
    fitting: int = 12
    batches: int = 13


class TrainingSettings(BaseModel):
    """Architecture (``se_e2_a``), loss and effort.

    ``sel`` holds the largest number of neighbours within ``cutoff`` (Å) per species; ``cutoff_smooth`` (Å) is where the
    switching begins. ``invariants`` are the ``degree`` and the number of ``probes`` of cubic invariants
    (`qcrystal.potential.moments.invariants`), None for none. ``energy``, ``force`` and ``virial`` are the loss
    prefactors at the start and at
    the end.
    ``trainer`` is DeePMD-kit's own or `qcrystal.potential.moments.trainer`; ``optimizer``, ``weight_decay`` and
    ``average`` (decay of
    the running average of the weights) are the latter's. ``repulsion`` (Å) is `qcrystal.potential.shortrange`'s, by
    pair of species, and
    ``table_spacing`` that of the tables that replace the embedding networks of a compressed potential.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    species: list[str] = ["La", "H"]
    descriptor: list[int] = [16, 32, 64]
    axis_neuron: int = 12
    type_one_side: bool = True
    sel: list[int] = [13, 110]
    cutoff: float = 4.0
    cutoff_smooth: float = 2.0
    fitting: list[int] = [128, 128, 128]
    invariants: dict[str, int | list[int]] | None = None
    precision: str = "float32"
    trainer: Literal["deepmd", "moments"] = "deepmd"
    optimizer: Literal["adam", "muon"] = "adam"
    weight_decay: float = Field(0, ge=0)
    average: float = Field(0.999, ge=0, lt=1)
    schedule: Literal["exp", "cosine"] = "exp"
    start_lr: float = 2e-3
    stop_lr: float = 1e-6
    energy: tuple[float, float] = (0.02, 1)
    force: tuple[float, float] = (1000, 2)
    virial: tuple[float, float] = (0.02, 0.5)
    batch_size: int | str = 1
    steps: int = Field(20000, gt=0)
    checkpoint_every: int = Field(1000, gt=0)
    seeds: Seeds = Seeds()
    repulsion: dict[str, tuple[float, float]] = {}
    table_spacing: float = Field(0.02, gt=0)


def render_input(
    settings: TrainingSettings, train_systems: Sequence[str | Path], test_systems: Sequence[str | Path]
) -> dict:
    """Input of ``dp train``.

    Parameters
    ----------
    settings
        The learning rate decays 100 times over the training whatever its length.
    train_systems, test_systems
        Folders of DeePMD systems. The test systems are only evaluated, never trained on.
    """
    decay_steps = max(1, settings.steps // 100)
    document = {
        "model": {
            "type_map": list(settings.species),
            "descriptor": {
                "type": "se_e2_a",
                "sel": list(settings.sel),
                "rcut": settings.cutoff,
                "rcut_smth": settings.cutoff_smooth,
                "neuron": list(settings.descriptor),
                "axis_neuron": settings.axis_neuron,
                "type_one_side": settings.type_one_side,
                "resnet_dt": False,
                "precision": settings.precision,
                "seed": settings.seeds.descriptor,
            },
            "fitting_net": {
                "neuron": list(settings.fitting),
                "resnet_dt": True,
                "precision": settings.precision,
                "seed": settings.seeds.fitting,
            },
        },
        "learning_rate": {"type": settings.schedule, "start_lr": settings.start_lr, "stop_lr": settings.stop_lr},
        "loss": {
            "type": "ener",
            "start_pref_e": settings.energy[0],
            "limit_pref_e": settings.energy[1],
            "start_pref_f": settings.force[0],
            "limit_pref_f": settings.force[1],
            "start_pref_v": settings.virial[0],
            "limit_pref_v": settings.virial[1],
        },
        "training": {
            "training_data": {
                "systems": [str(path) for path in train_systems],
                "batch_size": settings.batch_size,
                "auto_prob": "prob_sys_size",
            },
            "numb_steps": settings.steps,
            "seed": settings.seeds.batches,
            "disp_file": "lcurve.out",
            "disp_freq": max(min(200, decay_steps), settings.steps // 200),
            "save_freq": settings.checkpoint_every,
            "save_ckpt": "model.ckpt",
        },
    }
    if settings.schedule == "exp":
        document["learning_rate"]["decay_steps"] = decay_steps
    if settings.trainer == "moments":
        document["training"] |= {
            "optimizer": settings.optimizer,
            "ema_decay": settings.average,
        }
        if settings.weight_decay:
            document["training"]["weight_decay"] = settings.weight_decay
    if settings.invariants:  # not DeePMD-kit's
        document["invariants"] = dict(settings.invariants)
    if test_systems:
        document["training"]["validation_data"] = {
            "systems": [str(path) for path in test_systems],
            "batch_size": settings.batch_size,
            "numb_btch": 2,
        }
    return document


def train(
    document: dict,
    directory: Path,
    threads: int = 1,
    identity: str = "",
    compress: bool = True,
    trainer: str = "deepmd",
    repulsion: Mapping[str, Sequence[float]] | None = None,
    table_spacing: float = 0.02,
) -> Path:
    """Train, freeze, if so wished compress, and finish; return ``directory/model.pb``.

    Parameters
    ----------
    document
        Input of ``dp train`` (see `render_input`); kept as ``input.json``. Relative paths in it start at ``directory``.
    directory
        A killed training continues with the last checkpoint that it finds here, if ``document`` (whatever the folders
        in front of its systems) and ``identity`` are what that training was begun with; otherwise the folder is removed
        and the training starts anew.
    threads
        CPU threads.
    identity
        What the input does not show of the training: the contents of the systems and the code.
    compress
        A compressed potential runs faster, and takes longer to make than a short training.
    trainer
        ``deepmd``: `dp train`; ``moments``: `qcrystal.potential.moments.trainer`, which is faster on a CPU and uses one thread.
    repulsion, table_spacing
        As in `TrainingSettings`.

    Raises
    ------
    TrainingError
        ``dp`` failed, or the loss is not a number.
    """
    directory = Path(directory)
    _begin(directory, json.dumps([portable_input(document, "data"), identity], sort_keys=True))
    (directory / "input.json").write_text(json.dumps(document, indent=1) + "\n")
    if trainer == "moments":
        from qcrystal.potential.moments import trainer as moment_training  # imports JAX

        moment_training.train(document, directory)
        _run_dp(["convert-backend", "model.dp", "frozen.pb"], directory, threads)
    else:
        _train_with_deepmd(document["training"]["numb_steps"], directory, threads)
        _run_dp(["freeze", "-c", ".", "-o", "frozen.pb"], directory, threads)
    export(directory, document["model"]["type_map"], repulsion or {}, threads, table_spacing if compress else None)
    learning_curve(directory).to_csv(directory / "learning_curve.csv", index=False)
    return directory / "model.pb"


def _train_with_deepmd(steps: int, directory: Path, threads: int) -> None:
    done = checkpoint_step(directory)
    if done < steps:
        restart = ["--restart", f"model.ckpt-{done}"] if done else []
        logger.info("training: %s, %d steps", f"continuing after step {done}" if done else "starting", steps)
        _run_dp(["train", "input.json", *restart], directory, threads, steps, done)


def _begin(directory: Path, description: str) -> None:
    """Make the folder of a training; remove what is there of one with another description."""
    mark, digest = directory / "identity", hashlib.sha256(description.encode()).hexdigest()
    if mark.is_file() and mark.read_text() == digest:
        return
    if directory.exists():
        logger.info("%s: not of this training, removed", directory)
        mark.unlink(missing_ok=True)  # first, so that a removal which is broken off is not taken for a whole folder
        shutil.rmtree(directory)
    write_whole(mark, digest)


def export(
    directory: Path,
    species: Sequence[str],
    repulsion: Mapping[str, Sequence[float]],
    threads: int = 1,
    table_spacing: float | None = 0.02,
) -> None:
    """Turn ``frozen.pb`` in ``directory``, and ``invariants.npz`` if it is there, into ``model.pb``.

    Parameters
    ----------
    species, repulsion
        See `qcrystal.potential.tensorflow_graph.finish`.
    table_spacing
        Spacing of the tables that replace the embedding networks, in units of the smooth inverse distance; None leaves
        the networks.
    """
    directory = Path(directory)
    source = directory / "frozen.pb" if table_spacing is None else tabulate(directory, threads, table_spacing)
    added = directory / invariants.FILE
    weights = invariants.load(added) if added.is_file() else None
    finish(source, directory / "finished.pb", species, repulsion, weights)
    (directory / "finished.pb").replace(directory / "model.pb")


def tabulate(directory: Path, threads: int = 1, table_spacing: float = 0.02) -> Path:
    """Replace the embedding networks of ``frozen.pb`` in ``directory`` by tables (`dp compress`): ``compressed.pb`` there."""
    complete_input(Path(directory) / "frozen.pb")
    arguments = ["compress", "-i", "frozen.pb", "-o", "compressed.pb", "-s", f"{table_spacing:g}"]
    _run_dp(arguments, directory, threads)
    return Path(directory) / "compressed.pb"


def untrained(settings: TrainingSettings, path: Path, closest: float = 0.5) -> None:
    """Write a potential (``.dp``) with random weights, for what does not depend on them: formats, and the cost of a step.

    ``closest`` (Å) is the smallest distance that the tables of its compressed form are to cover.
    """
    from deepmd.dpmodel.utils.serialization import save_dp_model

    from qcrystal.potential.moments.neighbourhoods import Environment
    from qcrystal.potential.moments.trainer import initial_model

    species = len(settings.species)
    environment = Environment(
        settings.cutoff,
        settings.cutoff_smooth,
        slots=np.array(settings.sel, float),
        shift=np.full(species, 0.05),  # 1/Å, as large as in LaH10
        scale=np.full(species, 0.1),
        scale_vector=np.full(species, 0.1),
        half=0.5,
        spacing=0.02,
        splines=48,
    )
    model = initial_model(render_input(settings, [], []), environment, np.zeros(species), closest)
    save_dp_model(str(path), model)


def checkpoint_step(directory: Path) -> int:
    """Step of the last checkpoint in ``directory`` of which every file is there, 0 if there is none.

    The links ``model.ckpt.*``, which DeePMD renews after each checkpoint, may be gone after a kill: only numbered files
    count.
    """
    parts = ("meta", "index", "data-00000-of-00001")
    steps = [int(path.stem.rpartition("-")[2]) for path in Path(directory).glob("model.ckpt-*.index")]
    whole = [step for step in steps if all((Path(directory) / f"model.ckpt-{step}.{part}").is_file() for part in parts)]
    return max(whole, default=0)


def _run_dp(arguments: list[str], directory: Path, threads: int, steps: int = 0, done: int = 0) -> None:
    """Run ``dp`` of this environment in ``directory``; its output goes to ``<command>.log`` there."""
    command = [str(Path(sys.executable).parent / "dp"), *arguments]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "DP_INTRA_OP_PARALLELISM_THREADS": str(threads),
        "DP_INTER_OP_PARALLELISM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    path = Path(directory) / f"{arguments[0]}.log"
    with path.open("a") as log, exit_on_request():
        try:
            process = subprocess.Popen(command, cwd=directory, env=environment, stdout=log, stderr=subprocess.STDOUT)
        except OSError as error:
            raise TrainingError(f"{command[0]}: cannot be started ({error}); install deepmd-kit") from None
        try:
            _follow(process, Path(directory), steps, done)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if process.returncode:
        raise TrainingError(f"{path}: dp {arguments[0]} failed ({process.returncode}): {_cause(path)}")


def _follow(process: subprocess.Popen, directory: Path, steps: int, done: int, interval: float = 20.0) -> None:
    """Log the progress every ``interval`` seconds until the process ends."""
    first: tuple[float, int] | None = None
    while True:
        try:
            process.wait(timeout=interval)
            return
        except subprocess.TimeoutExpired:
            step = max(done, last_step(directory / "lcurve.out"))
        if not steps:
            continue
        if step == done:
            logger.info("step %d/%d, starting", step, steps)
            continue
        first = first or (time.monotonic(), step)
        elapsed = time.monotonic() - first[0]
        rate = (step - first[1]) / elapsed if elapsed else 0.0
        left = f"{rate:.1f} steps/s, {(steps - step) / rate:.0f} s left" if rate else "measuring the speed"
        logger.info("step %d/%d, %s", step, steps, left)


def last_step(path: Path) -> int:
    """Last step that ``lcurve.out`` shows, 0 if none."""
    if not path.is_file():
        return 0
    numbers = [line.split()[0] for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return int(numbers[-1]) if numbers else 0


def _cause(path: Path) -> str:
    """The log's line that names the error, or its last one."""
    lines = [line.strip() for line in path.read_text(errors="replace").splitlines()]
    lines = [line for line in lines if line and not line.startswith("implib-gen")]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return (errors or lines or ["no output"])[-1][:300]


def learning_curve(directory: Path) -> pd.DataFrame:
    """Learning curve of ``directory/lcurve.out`` with the columns of `LEARNING_CURVE_COLUMNS`.

    After a restart a step may stand twice in the file: the last one counts; half a line does not. Without test systems
    the ``valid`` columns are empty.

    Raises
    ------
    TrainingError
        No curve, or a loss that is not a number.
    """
    path = Path(directory) / "lcurve.out"
    if not path.is_file():
        raise TrainingError(f"{path}: missing; the training has not started")
    lines = path.read_text().splitlines()
    names = next((line.lstrip("# ").split() for line in lines if line.startswith("# step")), None)
    if names is None:
        raise TrainingError(f"{path}: no header line; remove the folder and train again")
    rows = [line.split() for line in lines if not line.startswith("#")]
    table = pd.DataFrame([row for row in rows if len(row) == len(names)], columns=names)
    table = table.astype(float).astype({"step": int}).drop_duplicates("step", keep="last").sort_values("step")
    table = table.rename(columns=LEARNING_CURVE_COLUMNS)
    bad = table[~np.isfinite(table["rmse_train"])]
    if len(bad):
        raise TrainingError(f"{path}: the loss is not a number at step {bad['step'].iloc[0]}; lower start_lr")
    return table.reindex(columns=list(LEARNING_CURVE_COLUMNS.values())).reset_index(drop=True)


def portable_input(document: dict, dataset: str) -> dict:
    """The input with its systems named by data set and name instead of by folders of one machine."""
    document = json.loads(json.dumps(document))
    for key, part in (("training_data", "train"), ("validation_data", "test")):
        if key in document["training"]:
            systems = document["training"][key]["systems"]
            document["training"][key]["systems"] = [f"{dataset}/{part}/{Path(path).name}" for path in systems]
    return document


# ---------------------------------------------------------------------------------------------------------------------
# accuracy


def predict(
    potential, system: LabelledFrames, atoms_per_batch: int = 3000
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Energies (F,) eV, forces (F, N, 3) eV/Å and virials (F, 3, 3) eV of a `deepmd.infer.DeepPot`.

    ``atoms_per_batch`` bounds the memory.
    """
    species = list(potential.get_type_map())
    unknown = sorted(set(system.symbols) - set(species))
    if unknown:
        raise TrainingError(f"{system.source}: species {unknown[0]} is not among the potential's {species}")
    types = [species.index(symbol) for symbol in system.symbols]
    frames, atoms = len(system), len(types)
    step = max(1, atoms_per_batch // atoms)
    parts = []
    for start in range(0, frames, step):
        chosen = slice(start, start + step)
        coordinates = system.positions[chosen].reshape(-1, 3 * atoms)
        parts.append(potential.eval(coordinates, system.cells[chosen].reshape(-1, 9), types)[:3])
    energies, forces, virials = (np.concatenate(values) for values in zip(*parts, strict=True))
    return energies.reshape(frames), forces.reshape(frames, atoms, 3), virials.reshape(frames, 3, 3)


def parity(
    model: Path, systems_by_split: Mapping[str, Sequence[LabelledFrames]], every: Mapping[str, int] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Errors of a potential on labelled frames.

    Parameters
    ----------
    model
        Frozen potential.
    systems_by_split
        Systems of ``train`` and ``test``.
    every
        Use every k-th frame of a split, for example ``{"train": 10}``; 1 if not given.

    Returns
    -------
    errors : DataFrame
        quantity, split, system (``all``: the whole split), species, rmse, mae, n, unit. Energies and virials are per
        atom; forces and virials count by component, energies by frame.
    histograms : DataFrame
        quantity, split, species, reference, predicted, count: occupied bins of `BIN_WIDTHS`, by their centres.
    """
    potential = load_potential(model)
    pieces: dict[tuple, list[tuple[np.ndarray, np.ndarray]]] = {}
    started = time.monotonic()
    for split, systems in systems_by_split.items():
        step = (every or {}).get(split, 1)
        for number, system in enumerate(systems):
            chosen = system.take(range(0, len(system), step))
            for (quantity, species), pair in _compared(potential, chosen).items():
                pieces.setdefault((quantity, split, species, system.name), []).append(pair)
                pieces.setdefault((quantity, split, species, "all"), []).append(pair)
            logger.info(
                "parity: %s %d/%d systems, %.0f s since the start",
                split,
                number + 1,
                len(systems),
                time.monotonic() - started,
            )
    errors, histograms = [], []
    for (quantity, split, species, system), pairs in sorted(pieces.items()):
        reference, predicted = (np.concatenate(values) for values in zip(*pairs, strict=True))
        deviation = predicted - reference
        errors.append(
            {
                "quantity": quantity,
                "split": split,
                "system": system,
                "species": species,
                "rmse": np.sqrt(np.mean(deviation**2)),
                "mae": np.mean(np.abs(deviation)),
                "n": len(deviation),
                "unit": UNITS[quantity],
            }
        )
        if system == "all" and quantity in BIN_WIDTHS:
            table = sparse_histogram(reference, predicted, BIN_WIDTHS[quantity])
            histograms.append(table.assign(quantity=quantity, split=split, species=species))
    columns = ["quantity", "split", "species", "reference", "predicted", "count"]
    return pd.DataFrame(errors), pd.concat(histograms, ignore_index=True)[columns]


def _compared(potential, system: LabelledFrames) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """Flat (reference, predicted) pairs by quantity and species."""
    atoms = len(system.symbols)
    energies, forces, virials = predict(potential, system)
    pairs = {
        ("energy", "all"): (system.energies / atoms, energies / atoms),
        ("virial", "all"): (system.virials.ravel() / atoms, virials.ravel() / atoms),
        ("force", "all"): (system.forces.ravel(), forces.ravel()),
    }
    for species in dict.fromkeys(system.symbols.tolist()):
        members = system.symbols == species
        pairs["force", species] = (system.forces[:, members].ravel(), forces[:, members].ravel())
    return pairs


def sparse_histogram(reference: np.ndarray, predicted: np.ndarray, width: float) -> pd.DataFrame:
    """Occupied bins of a two-dimensional histogram: centres (multiples of ``width``) and counts."""
    bins = np.rint(np.column_stack([reference, predicted]) / width).astype(int)
    occupied, counts = np.unique(bins, axis=0, return_counts=True)
    centres = np.round(occupied * width, 6)
    return pd.DataFrame({"reference": centres[:, 0], "predicted": centres[:, 1], "count": counts})


# ---------------------------------------------------------------------------------------------------------------------
# model card


def model_card(
    model: Path,
    name: str,
    settings: TrainingSettings,
    dataset: dict,
    systems_by_split: Mapping[str, Sequence[LabelledFrames]],
    errors: pd.DataFrame,
    every: Mapping[str, int] | None = None,
    literature: Mapping[str, Mapping[str, float]] | None = None,
    speed: dict | None = None,
    committee: dict | None = None,
    remarks: Mapping[str, object] | None = None,
) -> dict:
    """What a user of the potential must know, ready for ``card.yaml``.

    Parameters
    ----------
    dataset
        Name, source, commit and split rule of the labels, as plain data.
    literature
        Published accuracies by source: energy in meV/atom, force in meV/Å, virial in meV/atom.
    speed
        Measured cost, for example ``{"ms_per_step": 42, "atoms": 352, "device": "one CPU core"}``.
    committee
        Statistics of `qcrystal.potential.committee.deviation_statistics` on the test frames, and under ``sha256`` the
        members' sums
        by file name.
    remarks
        More entries, or other ones: what was tried before, where it is known to be wrong.
    """
    pressures = np.concatenate([s.pressures for systems in systems_by_split.values() for s in systems])
    split = {
        part: {"systems": len(systems), "frames": sum(len(s) for s in systems)}
        for part, systems in systems_by_split.items()
    }
    for part, step in (every or {}).items():
        if step > 1:
            split[part]["accuracy_from"] = f"one frame in {step}"
    card = {
        "name": name,
        "species": list(settings.species),
        "descriptor": "se_e2_a" + (" and cubic invariants" if settings.invariants else ""),
        "data": {**dataset, "pressure_GPa": [round(float(pressures.min()), 1), round(float(pressures.max()), 1)]},
        "split": split,
        "settings": settings.model_dump(mode="json"),
        "accuracy": {part: _accuracy(errors, part) for part in systems_by_split},
        "accuracy_note": NOTE,
        "literature": {source: dict(values) for source, values in (literature or {}).items()},
        "sha256": hashlib.sha256(Path(model).read_bytes()).hexdigest(),
        "versions": {package: version(package) for package in _packages(settings)},
    }
    for key, value in (("committee", committee), ("speed", speed)):
        if value:
            card[key] = value
    return card | dict(remarks or {})


def _packages(settings: TrainingSettings) -> list[str]:
    """What a training depends on."""
    return ["deepmd-kit", tensorflow_package(), "numpy", *(["jax", "optax"] if settings.trainer == "moments" else [])]


def _accuracy(errors: pd.DataFrame, split: str) -> dict:
    chosen = errors[(errors["split"] == split) & (errors["system"] == "all")]
    rmse = {(row.quantity, row.species): float(f"{1e3 * row.rmse:.4g}") for row in chosen.itertuples()}
    forces = {species: value for (quantity, species), value in sorted(rmse.items()) if quantity == "force"}
    return {
        "energy_meV_per_atom": rmse["energy", "all"],
        "force_meV_per_angstrom": forces,
        "virial_meV_per_atom": rmse["virial", "all"],
    }


def write_card(card: dict, path: Path) -> None:
    """Write the card as YAML."""
    Path(path).write_text(yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=120))
