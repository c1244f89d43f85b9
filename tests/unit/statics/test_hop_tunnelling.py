"""Instantons of a hop from its relaxed path, on two atoms whose distance moves in a double well."""

import numpy as np
import pandas as pd
import pytest
from ase import Atoms, units

from qcrystal.io.table_schemas.registry import TABLES
from qcrystal.statics import instantons
from qcrystal.statics.errors import StaticsError
from qcrystal.statics.hop_path import Hop
from qcrystal.statics.hop_tunnelling import instanton_table
from qcrystal.statics.tunnelling import DoubleWell
from qcrystal.units import AMU_A2_PS2

MASSES = {"H": {"La": 138.905, "H": 1.008}, "D": {"La": 138.905, "H": 2.014}}
ACROSS = 300.0  # 1/ps, of the springs across for H
REDUCED = 1.008 * 138.905 / (1.008 + 138.905)
WELL = DoubleWell(barrier=0.35, quantum=0.12, mass=REDUCED)
REST = 2.0  # Å, distance of the two atoms at the top of the barrier


def forces_of_pair(places):
    """Double well along x, springs along y and z, of the vector between the two atoms."""
    bond = places[:, 1] - places[:, 0]
    x = bond[:, 0] - REST
    spring = REDUCED * AMU_A2_PS2 * ACROSS**2
    energies = WELL.energy(x) + 0.5 * spring * (bond[:, 1:] ** 2).sum(axis=1)
    pull = np.empty_like(bond)
    pull[:, 0] = WELL.acceleration(x) * REDUCED * AMU_A2_PS2
    pull[:, 1:] = -spring * bond[:, 1:]
    return energies, np.stack([-pull, pull], axis=1)


def constants(place, step=1e-4):
    moved = np.repeat(place[None], 12, axis=0).reshape(2, 6, 2, 3)
    for sign, part in zip((step, -step), moved, strict=True):
        part.reshape(6, 6)[np.diag_indices(6)] += sign
    _, forces = forces_of_pair(moved.reshape(12, 2, 3))
    up, down = forces.reshape(2, 6, 6)
    return (down - up) / (2 * step)


def hop(images=21):
    """The straight path, along which the light atom moves nearly alone."""
    distance = REST + np.linspace(-WELL.half_width, WELL.half_width, images)
    share = 1.008 / (1.008 + 138.905)  # the heavy one moves back by this, so that the centre of mass is at rest
    places = np.zeros((images, 2, 3))
    places[:, 0, 0], places[:, 1, 0] = -share * distance, (1 - share) * distance
    places += 5.0
    energies, forces = forces_of_pair(places)
    atoms = [Atoms("LaH", positions=place, cell=[30.0] * 3, pbc=True) for place in places]
    return Hop(atoms, energies, forces, constants(places[0]), constants(places[images // 2]))


def table(temperatures, beads=64, masses=MASSES):
    return instanton_table({"exchange": hop()}, lambda one: forces_of_pair, masses, temperatures, beads)


def test_on_a_straight_path_both_theories_of_tunnelling_agree():
    """Instantons and the transmission integrated over energies differ by terms of higher order in ħ alone: 0.1 of a decade.

    The second one is exact for a parabola, and was held to exact rates (test_tunnelling.py).
    """
    found = table([90.0, 135.0])
    TABLES["hop_instantons"].check(found)
    h, d = (found[found["isotope"] == isotope].set_index("temperature") for isotope in ("H", "D"))
    for one in (h.loc[135.0], d.loc[90.0]):
        assert one["remark"] == "" and one["log_rate"] == pytest.approx(one["log_rate_path"], abs=0.1)
    assert d.loc[90.0, "log_rate"] < h.loc[90.0, "log_rate"] - 1.0  # the deuteron tunnels far less


def test_an_orbit_below_the_lowest_level_is_said_to_be_too_fast():
    """The well's lowest level is 0.06 eV above its bottom. A thermal mean that begins there is exact, and lower."""
    found = table([60.0], masses={"H": MASSES["H"]}).iloc[0]
    assert found["orbit_energy"] < 0.06 and found["remark"] == "below the lowest level of the start: too large"
    assert found["log_rate"] > found["log_rate_path"] + 1.0


def test_the_crossover_is_that_of_the_top_and_no_instanton_is_above_it():
    """ħω_b = ħω_0/√2 in this well."""
    found = table([100.0, 400.0], beads=32, masses={"H": MASSES["H"]}).set_index("temperature")
    expected = 0.12 / np.sqrt(2) / (2 * np.pi * units.kB)
    assert found["crossover"].to_numpy() == pytest.approx(expected, rel=1e-3)  # second derivatives by differences
    assert found.loc[400.0, "remark"] == "above the crossover" and np.isnan(found.loc[400.0, "log_rate"])
    assert np.isfinite(found.loc[100.0, "log_rate"])


def test_a_start_that_is_no_minimum_has_no_rate_and_the_table_says_why():
    """The path's first image on the top of the barrier: its frequencies are no reactant's. Weak potentials have such starts."""
    whole = hop()
    top = whole._replace(images=[whole.images[10], *whole.images[1:]])
    found = instanton_table({"exchange": top}, lambda one: forces_of_pair, {"H": MASSES["H"]}, [100.0, 80.0], 32)
    TABLES["hop_instantons"].check(found)
    assert len(found) == 2 and found["log_rate"].isna().all()
    assert (
        found["remark"]
        .str.fullmatch(r"the start of the hop has a mode of -\d+\.\d+ THz, so it is not stable; .*")
        .all()
    )


def test_an_orbit_that_is_lost_takes_no_rate_from_warmer_ones(monkeypatch):
    """The rates above the temperature of the loss are those of a table that ends there."""
    whole, step = table([135.0, 90.0], masses={"H": MASSES["H"]}), instantons._stationary

    def loses(chain, path, temperature, curvatures):
        if temperature < 120.0:
            raise StaticsError(f"instanton at {temperature:g} K: not found")
        return step(chain, path, temperature, curvatures)

    monkeypatch.setattr(instantons, "_stationary", loses)
    found = table([135.0, 90.0], masses={"H": MASSES["H"]})
    pd.testing.assert_frame_equal(found[found["temperature"] == 135.0], whole[whole["temperature"] == 135.0])
    cold = found[found["temperature"] == 90.0].iloc[0]
    assert "not found" in cold["remark"] and np.isnan(cold["log_rate"]) and np.isfinite(cold["log_rate_path"])


def test_where_zero_point_energies_leave_no_barrier_there_is_no_rate():
    """Springs that are soft at the top leave nothing of a barrier of 0.35 eV if those of the start are stiff enough."""
    whole = hop()
    more = 8.0 * REDUCED * AMU_A2_PS2 * ACROSS**2  # frequencies across are three times as high, 0.6 eV each
    stiff = whole.start + more * np.kron([[1, -1], [-1, 1]], np.diag([0.0, 1.0, 1.0]))
    found = instanton_table(
        {"exchange": whole._replace(start=stiff)}, lambda one: forces_of_pair, {"H": MASSES["H"]}, [100.0], 32
    )
    assert found["remark"].tolist() == ["zero-point energies leave no barrier"]
    assert found[["log_rate", "log_rate_path"]].isna().all(axis=None)
