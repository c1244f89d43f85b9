"""Checkpoints from which a run continues bit for bit.

A checkpoint is LAMMPS's own file and an archive of what that file lacks. The archive holds the running means of the positions,
the state of the bath, and the atoms themselves. LAMMPS takes the atoms of a triclinic cell through fractional coordinates when it
reads its file, which changes their last digits. The archive has the digest of LAMMPS's file, so that the two cannot be mixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qcrystal.dynamics.bath.thermal import ThermalBath
from qcrystal.dynamics.lammps.box import Box
from qcrystal.dynamics.lammps.files import VOUCHED, Files
from qcrystal.dynamics.lammps.kinetics import Kinetics
from qcrystal.dynamics.lammps.samples import Samples
from qcrystal.files import file_digest, put_in_place, sync

FORM = 4
"""Form of what is in a checkpoint; one of another form is forgotten."""
ATOM_STATE = ("x", "v", "image")
"""LAMMPS's names of what moves: positions, velocities, and how often an atom crossed the cell's faces."""


def save(files: Files, box: Box, kinetics: Kinetics, bath: ThermalBath, samples: Samples) -> None:
    """Write the checkpoint of this step; the samples before it must be on the disk already, and it holds their digests.

    First the archive, then, in one rename, LAMMPS's file: a run that is killed in between continues from the checkpoint before.
    """
    partial = files.partial(files.checkpoint)
    box.write_checkpoint(partial)
    atoms = {name: box.all(name) for name in ATOM_STATE}
    if not box.writes:
        return
    state: dict[str, Any] = {**atoms, "means": kinetics.means, **bath.state()}
    archive = files.bath(box.step)
    np.savez(archive, checkpoint=file_digest(partial), start=file_digest(files.start), **samples.vouched(), **state)
    sync(archive)
    put_in_place(partial, files.checkpoint)
    for old in files.baths():
        if old != archive:
            old.unlink()


def restore(files: Files, box: Box, kinetics: Kinetics, bath: ThermalBath) -> int:
    """Take over the archive of the checkpoint that LAMMPS has read; returns the size (bytes) that the table had then."""
    with np.load(files.bath(box.step), allow_pickle=False) as arrays:
        state = dict(arrays)
    vouched = {name: state.pop(name) for name in VOUCHED}
    for name in ATOM_STATE:
        box.put(name, state.pop(name))
    kinetics.means = state.pop("means")
    if state:
        bath.restore(state)
    return int(vouched["thermo_size"])
