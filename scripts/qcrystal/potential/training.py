"""Training of a deep potential, whoever trains it, up to the file that everything runs with."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.files import file_digest, put_in_place, write_whole
from qcrystal.io.tables import write_table
from qcrystal.potential import deepmd
from qcrystal.potential.deepmd import TrainingError
from qcrystal.potential.moments import invariants
from qcrystal.potential.settings import Training
from qcrystal.potential.shortrange import refuse_overlap
from qcrystal.potential.tensorflow_graph import complete_input, finish

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


def train(
    training: Training,
    train_systems: Sequence[Path],
    test_systems: Sequence[Path],
    directory: Path,
    threads: int = 1,
    identity: str = "",
    compress: bool = True,
) -> Path:
    """Train a potential, and finish it; return ``directory/model.pb``.

    Parameters
    ----------
    training
        Its ``architecture.trainer`` says who trains.
    train_systems, test_systems
        Folders of DeePMD systems. The test systems are only evaluated, for the learning curve.
    directory
        A killed training continues from the last checkpoint here, if ``training``, the names of the systems and
        ``identity`` are those that it was begun with. Otherwise the folder is removed, and the training starts anew.
    threads
        CPU threads.
    identity
        What the settings do not show: the contents of the systems, and the code.
    compress
        Whether tables replace the embedding networks. A compressed potential runs faster; it takes longer to make than a
        short training.

    Raises
    ------
    TrainingError
        The training failed, or the loss is not a number.
    """
    names = [[path.name for path in systems] for systems in (train_systems, test_systems)]
    directory = Path(directory)
    _begin(directory, json.dumps([training.model_dump(mode="json"), names, identity], sort_keys=True))
    if training.architecture.trainer == "moments":
        from qcrystal.potential.moments import trainer  # imports JAX

        trainer.train(training, train_systems, test_systems, directory)
        deepmd.run_dp(["convert-backend", "model.dp", "frozen.pb"], directory, threads)
    else:
        deepmd.train(training, train_systems, test_systems, directory, threads)
    learning_curve(directory)  # raises if the loss is not a number
    spacing = training.architecture.table_spacing if compress else None
    export(directory, training.species, training.repulsion, threads, spacing)
    return directory / "model.pb"


def train_on_dataset(
    training: Training,
    data: Path,
    model: Path,
    curve: Path,
    threads: int = 1,
    identity: str = "",
    compress: bool = True,
    parts: Sequence[str] = ("train", "test"),
) -> None:
    """Train a potential on a split data set, and write it with its learning curve.

    Parameters
    ----------
    data
        Folder with ``train`` and ``test``.
    model
        The potential. A folder beside it, ``<name>.training``, keeps checkpoints until all is written.
    curve
        Table of the learning curve, see `learning_curve`.
    parts
        Parts of the data set that the training sees. Errors of ``test`` appear in the learning curve only.

    Raises
    ------
    TrainingError
        As of `train`.
    qcrystal.potential.shortrange.ShortRangeError
        The repulsion reaches into the distances of the labels.
    """
    folders = {part: sorted((data.resolve() / part).iterdir()) for part in parts}
    labelled = [system for part in parts for system in read_dataset(data / part, training.species)]
    refuse_overlap(training.repulsion, labelled, training.species)
    folder = model.with_suffix(".training")
    identity = f"{identity} {file_digest(data)}"
    finished = train(training, folders["train"], folders.get("test", []), folder, threads, identity, compress)
    put_in_place(finished, model)
    write_table(learning_curve(folder), curve, "learning_curve")
    shutil.rmtree(folder)


def description(training: Training, dataset: str, data: Path) -> dict[str, Any]:
    """A training as plain data: its settings and the names of its systems, without folders of one machine."""
    systems = {
        part: [f"{dataset}/{part}/{path.name}" for path in sorted((data / part).iterdir())]
        for part in ("train", "test")
    }
    return {"settings": training.model_dump(mode="json"), "systems": systems}


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
    """Replace the embedding networks of ``frozen.pb`` in ``directory`` by tables (``dp compress``); return ``compressed.pb``."""
    complete_input(directory / "frozen.pb")
    arguments = ["compress", "-i", "frozen.pb", "-o", "compressed.pb", "-s", f"{table_spacing:g}"]
    deepmd.run_dp(arguments, directory, threads)
    return directory / "compressed.pb"


def learning_curve(directory: Path) -> pd.DataFrame:
    """Learning curve of ``directory/lcurve.out`` with the columns of `LEARNING_CURVE_COLUMNS`.

    After a restart a step may stand twice in the file: the last one counts; half a line does not. Without test systems
    the ``valid`` columns are empty.

    Raises
    ------
    TrainingError
        No curve, or a loss that is not a number.
    """
    path = Path(directory) / deepmd.CURVE
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
