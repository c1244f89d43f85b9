"""DeePMD-kit gets few atoms at once on a processor, and what it finds is put together in order."""

from types import SimpleNamespace

import numpy as np
import pytest

from qcrystal.potential.engines import Deepmd
from qcrystal.variational.energies import ATOMS_PER_CALL
from qcrystal.variational.small_batches import FEW_ATOMS, batched


class StandIn:
    """A potential as DeePMD-kit has it: its energy is the sum of squares. It notes how many frames each call has."""

    def __init__(self, gpu):
        self.calls = []
        self.deep_eval = SimpleNamespace(auto_batch_size=SimpleNamespace(is_gpu_available=lambda: gpu))

    def get_type_map(self):
        return ["Li"]

    def eval(self, coordinates, boxes, types):
        self.calls.append(len(coordinates))
        virials = np.tile(np.sum(coordinates, axis=1)[:, None], 9)
        return np.sum(coordinates**2, axis=1), -2 * coordinates, virials


@pytest.mark.parametrize(("atoms", "frames"), [(16, 10), (100, 3)])
def test_batches_are_small_and_keep_their_order(atoms, frames):
    positions = np.random.default_rng(1).normal(size=(frames, atoms, 3))
    small, large = StandIn(gpu=False), StandIn(gpu=True)
    found = batched(Deepmd(small), ["Li"] * atoms)(positions, np.eye(3))
    expected = batched(Deepmd(large), ["Li"] * atoms)(positions, np.eye(3))
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))
    assert max(small.calls) == max(1, FEW_ATOMS // atoms) and sum(small.calls) == frames
    assert large.calls == [frames]


def test_the_native_engine_keeps_its_batches():
    assert batched(SimpleNamespace(species=["Li"]), ["Li"]).frames_per_call == ATOMS_PER_CALL
    assert batched(Deepmd(StandIn(gpu=False)), ["Li"]).frames_per_call == FEW_ATOMS
