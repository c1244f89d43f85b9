"""Accuracy per condition: errors against constructed ones, and limits."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ase import units
from committees import Committee, springs

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.io.tables import read_table, write_table
from qcrystal.potential.accuracy import binned, held_out_frames, limits

SYMBOLS = ["La"] + ["H"] * 3
PRESSURES = (82.1, 215.5)  # GPa


def labelled(frames, pressure, name="cubic", seed=1) -> LabelledFrames:
    """Frames of 4 atoms in 12 Å³ that obey ``springs``, at one pressure (GPa), with energies of 0.4 eV."""
    rng = np.random.default_rng(seed)
    positions = rng.normal(0, 0.1, (frames, 4, 3))
    cells = np.repeat(np.eye(3)[None] * 12 ** (1 / 3), frames, axis=0)
    virials = np.broadcast_to(pressure * units.GPa * 12.0 * np.eye(3), (frames, 3, 3))
    return LabelledFrames(name, SYMBOLS, cells, positions, np.full(frames, 0.4), springs(positions), virials)


def test_errors_and_deviations_of_held_out_frames_are_those_put_in():
    """First member: 0.3 eV/Å off along x; the other: 0.3 off along -x. So the error's rms per component is 0.3/√3, and
    each atom deviates by 0.3 from the mean (which is right)."""
    frames = held_out_frames(Committee([[0.3, 0, 0], [-0.3, 0, 0]]), [labelled(5, 150.0), labelled(3, 110.0, "hot")])
    assert frames["system"].tolist() == ["cubic"] * 5 + ["hot"] * 3
    assert frames["pressure"].tolist() == pytest.approx([150.0] * 5 + [110.0] * 3)
    for column in ("force_rmse", "force_rmse_La", "force_rmse_H"):
        assert frames[column].to_numpy() == pytest.approx(0.3 / np.sqrt(3))
    assert frames["force_error_max"].to_numpy() == pytest.approx(0.3)
    assert frames["energy_error"].to_numpy() == pytest.approx(-0.1)
    assert frames[["deviation_max", "deviation_rms"]].to_numpy() == pytest.approx(0.3)
    alone = held_out_frames(Committee([[0.3, 0, 0]]), [labelled(5, 150.0)])
    assert alone[["deviation_max", "deviation_rms"]].isna().all().all()
    assert alone["force_rmse"].to_numpy() == pytest.approx(0.3 / np.sqrt(3))


def test_frames_without_one_of_the_elements_are_written(tmp_path):
    """A system of hydrogen alone has no error of lanthanum: the cell stays empty, and the table is one."""
    pure = replace(labelled(2, 150.0, "hydrogen"), symbols=["H"] * 4)
    frames = held_out_frames(Committee([[0.3, 0, 0]]), [labelled(1, 150.0), pure])
    write_table(frames, tmp_path / "frames.csv", "held_out_frames")
    read = read_table(tmp_path / "frames.csv", "held_out_frames")
    assert read["force_rmse_La"].isna().tolist() == [False, True, True] and read["force_rmse_H"].notna().all()


def table(pressure, force_rms, rmse, deviation=np.nan, system="a", atoms=4) -> pd.DataFrame:
    """A table of held-out frames from arrays."""
    rows = {"system": system, "atoms": atoms, "pressure": pressure, "force_rms": force_rms, "force_rmse": rmse}
    rows |= {"energy_error": 0.002, "deviation_rms": deviation, "deviation_max": 2 * np.asarray(deviation)}
    return pd.DataFrame(rows)


def test_bins_hold_every_frame_once_and_the_rms_of_their_errors():
    rng = np.random.default_rng(4)
    count = 600
    pressure, force = rng.uniform(85, 215, count), rng.uniform(0.2, 2.0, count)
    frames = table(pressure, force, 0.1 * force, deviation=0.05 * force)
    found = binned(frames)
    assert found.groupby("by")["frames"].sum().eq(count).all()
    by_pressure = found[found["by"] == "pressure"]
    assert by_pressure["low"].tolist() == [80, 100, 120, 140, 160, 180, 200]
    inside = frames[(frames["pressure"] >= 140) & (frames["pressure"] < 160)]
    row = by_pressure[by_pressure["low"] == 140].iloc[0]
    assert row.force_rmse == pytest.approx(np.sqrt((inside["force_rmse"] ** 2).mean()))
    by_force = found[found["by"] == "force"]
    assert by_force["frames"].tolist() == [100] * 6
    # error and deviation are proportional to the force, so they are to each other in every bin
    assert (by_force["deviation_rms"] / by_force["force_rmse"]).to_numpy() == pytest.approx(0.5)
    # the force is drawn evenly from 0.2 to 2: <f²> = 1.48, <f⁴> - <f²>² = 1.40, so the error of the rms is known;
    # 15 %: the scatter of a variance from 600 numbers is 6 %
    whole = found[found["by"] == "all"].iloc[0]
    assert whole.force_rmse_error == pytest.approx(0.1 * np.sqrt(1.40 / count) / (2 * np.sqrt(1.48)), rel=0.15)


def test_large_frames_weigh_more():
    frames = pd.concat([table([150.0], [1.0], [0.1], atoms=300), table([150.0], [1.0], [0.2], atoms=100)])
    whole = binned(frames).iloc[0]
    assert whole.force_rmse == pytest.approx(np.sqrt((3 * 0.01 + 0.04) / 4))
    assert np.isnan(whole.force_rmse_error) and np.isnan(whole.deviation_rms)


def test_limits_are_those_of_card_and_held_out_frames():
    deviation = np.arange(1, 102) / 100.0
    bounds = limits(PRESSURES, table(np.full(101, 150.0), 1.0, 0.1, deviation=deviation)).set_index("limit")["value"]
    assert bounds["pressure_low"] == 82.1 and bounds["pressure_high"] == 215.5
    assert bounds["deviation_rms"] == pytest.approx(1.0) and bounds["deviation"] == pytest.approx(2.0)
    assert set(limits(PRESSURES, table([150.0], 1.0, 0.1))["limit"]) == {"pressure_low", "pressure_high"}


def test_the_released_potential_comes_with_its_held_out_frames(root):
    """The frames' errors add up to the error of the model card's table."""
    model = root / "models" / "lah10-accurate"
    whole = binned(pd.read_csv(model / "parity_frames.csv")).iloc[0]
    errors = pd.read_csv(model / "parity_errors.csv").query("split == 'test' and system == 'all' and species == 'all'")
    errors = errors.set_index("quantity")["rmse"]
    assert whole.force_rmse == pytest.approx(errors["force"], rel=1e-3)  # evaluated in single precision on two machines
    assert whole.energy_rmse == pytest.approx(errors["energy"], rel=1e-3)
