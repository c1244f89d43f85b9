"""Quality reports of data sets: what sticks out is found, copies are found, snapshots of one run are told from independent
frames, whatever the order of the atoms."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ase import units
from ase.spacegroup import crystal

from qcrystal.dataset.checks import check_dataset
from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.dataset.quality import (
    BIN_WIDTHS,
    DUPLICATE,
    INDEPENDENT,
    Environments,
    frame_table,
    histograms,
    nearest_frames,
    outliers,
    report,
    verdict,
)

SITES = [(0.5, 0.5, 0.5), (0.25, 0.25, 0.25), (0.1205, 0.1205, 0.1205)]
SLOPE = 150.0  # GPa/Å³ per atom by which the pressure falls with volume


def perfect(lattice_constant=5.0, repeat=(1, 1, 1), primitive=False):
    """Fm-3m LaH10."""
    cellpar = [lattice_constant] * 3 + [90] * 3
    return crystal(["La", "H", "H"], SITES, spacegroup=225, cellpar=cellpar, primitive_cell=primitive) * repeat


def labelled(positions, cells, symbols, name="cubic", seed=0) -> LabelledFrames:
    """Frames with energies and virials of P = 150 GPa - 150 GPa/Å³ (V - 2.85 Å³) and a scatter of 2 meV/atom."""
    rng = np.random.default_rng(seed)
    frames, atoms = len(positions), len(symbols)
    volumes = np.abs(np.linalg.det(cells)) / atoms
    x = volumes - 2.85
    pressures = (150 - SLOPE * x) * units.GPa
    energies = -168.0 - 150 * units.GPa * x + SLOPE * units.GPa * x**2 / 2 + rng.normal(0, 0.002, frames)
    return LabelledFrames(
        name=name,
        symbols=symbols,
        cells=np.array(cells),
        positions=np.array(positions),
        energies=atoms * energies,
        forces=rng.normal(0, 1, (frames, atoms, 3)),
        virials=(atoms * pressures * volumes)[:, None, None] * np.eye(3),
    )


def rattled(frames, seed, amplitude=0.08, name="cubic", volumes=False, **kwargs) -> LabelledFrames:
    """Independent frames: every atom displaced by a normal number of ``amplitude`` Å."""
    rng = np.random.default_rng(seed)
    constants = np.linspace(4.9, 5.2, frames) if volumes else np.full(frames, 5.0)
    crystals = [perfect(a, **kwargs) for a in constants]
    positions = [atoms.positions + rng.normal(0, amplitude, (len(atoms), 3)) for atoms in crystals]
    return labelled(positions, [atoms.cell.array for atoms in crystals], crystals[0].get_chemical_symbols(), name, seed)


def snapshots(of: LabelledFrames, noise: float, seed: int) -> LabelledFrames:
    """Copies of frames in which each atom moved on a little, their atoms shuffled and their cells turned and shifted."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(of.symbols))
    turn = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    moved = of.positions + rng.normal(0, noise, of.positions.shape) + rng.normal(0, 1, (len(of), 1, 3))
    return labelled(moved[:, order] @ turn, of.cells @ turn, of.symbols[order], of.name, seed)


def ratios(train: LabelledFrames, test: LabelledFrames) -> np.ndarray:
    """Ratios of the test frames to the nearest training frame."""
    trained = np.arange(len(train) + len(test)) < len(train)
    return nearest_frames(Environments([train, test]), trained)["ratio"].to_numpy()[len(train) :]


@pytest.mark.parametrize(("repeat", "primitive", "least"), [((2, 1, 1), True, INDEPENDENT), ((2, 2, 1), False, 0.9)])
def test_independent_frames_are_as_foreign_to_each_other_as_atoms_within_one(repeat, primitive, least):
    """By construction the expectation is 1 for many atoms; the minimum over 8 of 30 frames of few atoms lies lower."""
    cell = {"repeat": repeat, "primitive": primitive}
    found = ratios(rattled(30, 1, **cell), rattled(10, 2, **cell))
    assert found.min() > least and found.max() < 1.3


def test_snapshots_of_one_run_are_too_near_whatever_order_orientation_and_origin():
    """An atom that moved on by a fifth of its displacement: the environments differ by about that much."""
    train = rattled(20, 1, amplitude=0.1, repeat=(2, 1, 1))
    found = ratios(train, snapshots(train.take(range(6)), noise=0.02, seed=3))
    assert (found < INDEPENDENT).all() and (found > DUPLICATE).all()
    assert verdict(pd.Series(found)) == "too near"


def test_the_same_structure_twice_is_a_duplicate():
    train = rattled(8, 1, repeat=(2, 1, 1))
    assert ratios(train, snapshots(train.take([5]), noise=1e-4, seed=2))[0] < 0.02
    tables = report({"train": [train], "test": [snapshots(train.take([5]), noise=1e-4, seed=2)]})
    frames = tables["frames"]
    assert frames[frames["split"] == "test"]["nearest"].tolist() == ["train/cubic/5"]
    assert frames["duplicate"].tolist() == [False] * 8 + [True]
    assert tables["systems"]["duplicates"].tolist() == [1, 1]


def test_perfect_crystals_have_no_variety_and_give_finite_ratios():
    """All environments of a species' sites are equal: 0/0 but for the floor of precision."""
    atoms = perfect(5.0)
    same = labelled([atoms.positions] * 2, [atoms.cell.array] * 2, atoms.get_chemical_symbols())
    found = ratios(same.take([0]), same.take([1]))
    assert np.isfinite(found).all() and found[0] < 10  # both numerators and floor are rounding errors
    assert ratios(rattled(4, 1, amplitude=0.15), same)[0] > 10  # nothing like it


def test_no_training_frame_to_compare_with():
    found = nearest_frames(Environments([rattled(3, 1)]), np.array([True, False, False]))
    assert found["nearest"].tolist() == [-1, 0, 0] and np.isnan(found["ratio"][0])
    assert verdict(pd.Series([np.nan])) == "no test frames"


@pytest.mark.parametrize(
    ("shares", "expected"),
    [((9, 1), "independent"), ((8, 2), "partly near"), ((5, 5), "partly near"), ((4, 6), "too near")],
)
def test_verdicts(shares, expected):
    assert verdict(pd.Series([1.0] * shares[0] + [0.2] * shares[1])) == expected


def spoilt(system: LabelledFrames, frame: int, **changes) -> LabelledFrames:
    """A copy with ``array[frame]`` changed."""
    arrays = {name: getattr(system, name).copy() for name in changes}
    for name, change in changes.items():
        arrays[name][frame] = change(arrays[name][frame])
    return replace(system, **arrays)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"energies": lambda e: e + 44 * 0.05}, "energy"),
        ({"virials": lambda v: v * 1.2}, "pressure"),
        ({"forces": lambda f: f * 3}, "force"),
        ({"positions": lambda r: r + (r[1] - r[0]) * 0.9 * np.eye(1, len(r), 0).T}, "distance"),
    ],
)
def test_what_sticks_out_is_found_and_nothing_else(changes, expected):
    """Each change is many of the scatters of `labelled` (2 meV/atom; forces of 132 normal components: 6 %) and above the
    margin, yet the trend over a seventh of the volume range hides none of it."""
    system = spoilt(rattled(24, 5, amplitude=0.02, volumes=True), 11, **changes)
    found = outliers(frame_table({"train": [system.take(range(20))], "test": [system.take(range(20, 24))]}))
    assert found["outlier"].tolist() == [""] * 11 + [expected] + [""] * 12


def test_small_systems_are_not_judged():
    found = outliers(frame_table({"train": [spoilt(rattled(5, 5), 2, energies=lambda e: e + 100)]}))
    assert (found["outlier"] == "").all() and found["energy_z"].isna().all()


def test_histograms_hold_every_frame_and_component():
    train, test = rattled(9, 1), rattled(3, 2)
    table = histograms({"train": [train], "test": [test]})
    counts = table.groupby(["quantity", "split", "group"])["count"].sum()
    assert counts["energy", "train", "H10La"] == 9 and counts["energy", "test", "H10La"] == 3
    assert counts["force", "train", "H"] == 9 * 40 * 3 and counts["force", "test", "La"] == 3 * 4 * 3
    rows = table[(table["quantity"] == "force") & (table["split"] == "train") & (table["group"] == "La")]
    values = train.forces[:, train.symbols == "La"].ravel()
    mean = np.average(rows["centre"], weights=rows["count"])
    # a bin's centre is at most half a width from its values
    assert mean == pytest.approx(values.mean(), abs=BIN_WIDTHS["force"] / 2)


def test_a_data_set_with_vacancy_cells_is_checked_and_reported_apart():
    """La2H19 next to La2H20: another energy per atom, and no error."""
    whole = rattled(12, 1, repeat=(2, 1, 1), primitive=True, volumes=True)
    fewer = rattled(12, 2, repeat=(2, 1, 1), primitive=True, volumes=True, name="vacancy")
    kept = np.arange(len(fewer.symbols)) != len(fewer.symbols) - 1
    vacancy = replace(
        fewer,
        symbols=fewer.symbols[kept],
        positions=fewer.positions[:, kept],
        forces=fewer.forces[:, kept],
        energies=fewer.energies * 21 / 22 - 3.0,
    )
    check_dataset([whole, vacancy])
    systems = report({"train": [whole.take(range(9)), vacancy.take(range(9))], "test": [vacancy.take([9, 10, 11])]})[
        "systems"
    ]
    assert systems["system"].tolist() == ["cubic", "vacancy", "H10La", "H19La2", "all"]
    assert systems["verdict"].tolist()[:2] == ["no test frames", "independent"]
    # the energies per atom of the two stoichiometries differ by 0.14 eV; each about its own trend, none sticks out
    assert systems["outliers"].tolist() == [0] * 5
    assert systems.set_index("system").loc["vacancy", "formula"] == "H19La2"


def test_the_shipped_data_set(root):
    from qcrystal.dataset.deepmd_npy import read_dataset
    from qcrystal.dataset.split import split

    systems = read_dataset(root / "data" / "lah10-gpaw", ["La", "H"])
    train, test = split(systems, "fraction", 0.1, 1)
    tables = report({"train": train, "test": test})
    frames, total = tables["frames"], tables["systems"].set_index("system").loc["all"]
    assert total["train"] + total["test"] == sum(map(len, systems)) == len(frames)
    assert total["duplicates"] == 0
    assert frames["nearest_H_H"].min() > 0.35 and frames["volume"].between(2, 5).all()
