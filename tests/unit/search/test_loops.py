"""What both learning loops choose, and which geometries of a relaxation are kept."""

import numpy as np
import pandas as pd
import pytest
from ase import Atoms

from qcrystal.crystal.soap import SoapSettings
from qcrystal.search.loops import Loops, Recorder, chosen, progress
from qcrystal.search.stand_in import LennardJonesMixture
from qcrystal.statics.relax import Effort, relax

SOAP = SoapSettings(cutoff=4.0, radial=4, angular=2, width=0.4)
SPECIES = ["Ca", "H"]


def crystal(length: float, **info) -> Atoms:
    return Atoms("CaH", cell=[length] * 3, scaled_positions=[(0, 0, 0), (0.5, 0.5, 0.5)], pbc=True, info=info)


def test_evaluations_at_powers_of_two_are_kept_and_nothing_is_changed():
    potential = LennardJonesMixture({"Ca-Ca": (3.0, 0.8), "Ca-H": (2.0, 0.5), "H-H": (1.3, 0.2)})
    recorder = Recorder(potential)
    recorder.begin(origin="one")
    start = crystal(2.7)
    start.positions[1] += 0.2
    effort = Effort(fmax=0.005, max_steps=100, shortest=0.3)
    recorded, plain = relax(recorder, start, 50, effort), relax(potential, start, 50, effort)
    assert recorded.enthalpy == plain.enthalpy
    numbers = [frame.info["evaluation"] for frame in recorder.frames]
    assert numbers[0] == 1 and len(numbers) > 2
    assert numbers == [2**power for power in range(len(numbers))]
    assert np.allclose(recorder.frames[0].positions, start.positions)
    recorder.begin(origin="two")
    relax(recorder, start, 50, effort)
    assert {frame.info["origin"] for frame in recorder.frames} == {"two"}


def forces(deviation: float) -> np.ndarray:
    """Two members whose forces on the first atom are so far (eV/Å) from their mean."""
    found = np.zeros((2, 2, 3))
    found[:, 0, 0] = deviation, -deviation
    return found


def test_each_loop_has_its_rule_and_the_farthest_frame_comes_first():
    paths = [crystal(length, origin="a", evaluation=1) for length in (3.0, 3.5, 3.01, 4.0)]
    path_forces = [forces(each) for each in (0.3, 0.3, 0.3, 2.0)]  # the last one has failed
    ends = [crystal(length, name=str(length)) for length in (3.2, 3.3)]
    table, frames = chosen(
        paths,
        path_forces,
        ends,
        [forces(0.01)] * 2,
        [0.05, 0.2],
        [crystal(3.0)],
        SPECIES,
        SOAP,
        Loops((0.15, 1.5), 0.1, 1),
    )
    assert table["kind"].tolist() == ["candidate"] * 3 + ["failed"] + ["accurate"] * 2
    assert table["chosen"].tolist() == [False, True, False, False, True, False]  # 3.5 is far from 3.0 and 3.2
    assert [frame.info["origin"].split()[0] for frame in frames] == ["loop1", "loop2"]


def test_nothing_to_choose_is_no_fault():
    table, frames = chosen([], [], [], [], [], [], SPECIES, SOAP, Loops((0.15, 1.5), 0.1, 3))
    assert frames == [] and len(table) == 0
    found = progress(table, [], 0.015)
    assert found["ended"].tolist() == [True, False]


@pytest.mark.parametrize(("spread", "ended"), [(0.010, True), (0.020, False)])
def test_the_second_loop_ends_when_enthalpies_are_right(spread, ended):
    """An error that all frames share is none of a hull."""
    table = pd.DataFrame({"loop": [1, 2, 2], "kind": "candidate", "chosen": True})
    found = progress(table, [0.3, 0.5 + spread, 0.5 - spread], 0.015).set_index("loop")
    assert found.loc[2, "error"] == pytest.approx(spread)
    assert bool(found.loc[2, "ended"]) == ended and not found.loc[1, "ended"]
    assert found["chosen"].tolist() == [1, 2]
