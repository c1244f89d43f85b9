"""The order parameter that survives hops among variants, on series whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from ase import units
from ase.build import bulk
from ase.calculators.emt import EMT

from qcrystal.analysis.phases import phases
from qcrystal.analysis.variants import ALIGNED, SHELL, angle_width, orders, remarks, variant_order, with_variants

VARIANTS = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], float)
WIDTH = 0.5  # degrees


def noise(rng: np.random.Generator, count: int, memory: float = 0.0) -> np.ndarray:
    """Gaussian fluctuations (count, 3) of the width `WIDTH` with the correlation memory^t."""
    found = rng.normal(size=(count, 3)) * WIDTH
    for step in range(1, count):
        found[step] = memory * found[step - 1] + np.sqrt(1 - memory**2) * found[step]
    return found


def hopping(rng: np.random.Generator, count: int, distortion: float, dwell: int, kinds: int = 4) -> np.ndarray:
    """Angles of a cell that takes another of its variants after ``dwell`` frames on average."""
    variant, place = [], 0
    for _ in range(count):
        if rng.random() < 1.0 / dwell:
            place = int(rng.integers(kinds))
        variant.append(place)
    return 90.0 + distortion * VARIANTS[variant] + noise(rng, count, 0.6)


def test_the_line_is_where_four_gaussians_have_their_maximum_at_the_cube():
    """At d = s the density's second derivative along each angle vanishes; both thresholds are averages over that density."""
    place = np.linspace(-0.3, 0.3, 13)

    def density(distance: float) -> np.ndarray:
        return sum(np.exp(-0.5 * ((place - distance * x) ** 2 + 2 * distance**2)) for x in (1, 1, -1, -1))

    assert density(0.9).argmax() == 6 and density(1.1).argmin() == 6
    x = np.random.default_rng(5).normal(size=(1_000_000, 3)) + 1.0
    square = (x**2).sum(axis=1)
    aligned = np.sqrt(27) * x.prod(axis=1) / square**1.5  # scatters by 0.50, so that the mean has an error of 0.0005
    assert aligned.mean() == pytest.approx(ALIGNED, abs=0.002)
    assert (square**2).mean() / square.mean() ** 2 == pytest.approx(SHELL, abs=0.006)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("memory", [0.0, 0.8])
def test_a_gaussian_about_the_cube_is_symmetric(seed, memory):
    """Alignment 0 and shell 5/3, within five errors in each of six series (a chance of 1e-5 by Gaussian errors)."""
    found = variant_order(90.0 + noise(np.random.default_rng(seed), 1500, memory))
    assert found.phase == "symmetric"
    assert abs(found.alignment.value) < found.alignment.reach(5)
    assert abs(found.shell.value - 5 / 3) < found.shell.reach(5)


@pytest.mark.parametrize("distortion", [1.4, -1.4])
@pytest.mark.parametrize("dwell, kinds", [(20, 4), (130, 4), (130, 2), (10**9, 1)])
def test_a_distorted_crystal_is_distorted_however_often_it_hops(distortion, dwell, kinds):
    """Often among four variants, seldom, between two, never. <δαδβδγ> is d³ exactly, so the cube root is d."""
    found = variant_order(hopping(np.random.default_rng(7), 400, distortion, dwell, kinds))
    assert found.phase == "distorted"
    assert abs(found.distortion.value - distortion) < found.distortion.reach(4)
    assert found.alignment.value * distortion > 0


def test_hops_change_no_value():
    """A symmetry of the cube in each frame, drawn at random, changes mean angles and none of the three averages."""
    rng = np.random.default_rng(3)
    one = hopping(rng, 300, 1.4, 10**9, 1) - 90.0
    turned = np.array([rng.permutation(shift) for shift in one * VARIANTS[rng.integers(4, size=300)]])
    assert abs(turned.mean()) < 0.2 < 1.0 < one.mean()
    before, after = variant_order(90.0 + one), variant_order(90.0 + turned)
    for a, b in zip(before, after, strict=True):
        assert a == pytest.approx(b, rel=1e-9)


def test_few_frames_decide_nothing():
    rng = np.random.default_rng(2)
    for count in (0, 1, 3, 8):
        found = variant_order(hopping(rng, count, 1.4, 100) if count else np.empty((0, 3)))
        assert found.phase == "undecided"
    slow = 90.0 + noise(rng, 200, 0.99)  # about one correlation time
    assert variant_order(slow).phase == "undecided"
    few = 90.0 + noise(rng, 12)
    assert variant_order(few).phase != "distorted"


def test_a_cell_of_fixed_shape_tells_nothing():
    """Rounding moves its angles by 1e-14 degrees."""
    rng = np.random.default_rng(29)
    for angles in (np.full((50, 3), 90.0), 90.0 + 1e-14 * rng.normal(size=(500, 3))):
        found = variant_order(angles)
        assert found.phase == "undecided" and np.isnan(found.alignment.value)


def test_an_anharmonic_cube_is_symmetric():
    """exp(-r²/2 + b xyz - r⁴/40), with its one maximum at the cube: cubic symmetry allows the third-order term."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=(40_000, 3))
    square = (x**2).sum(axis=1)
    kept = x[rng.random(len(x)) < np.exp(0.15 * x.prod(axis=1) - square**2 / 40 - 0.6)]
    found = variant_order(90.0 + WIDTH * kept[:4000])
    assert 0.02 < found.alignment.value < ALIGNED
    assert found.phase == "symmetric"


def test_a_cube_that_is_distorted_for_a_tenth_of_the_time_is_not_called_distorted():
    """Its third moment is large, so the distortion alone would mislead; directions count each frame alike."""
    rng = np.random.default_rng(13)
    rare = rng.random(2000) < 0.1
    angles = 90.0 + noise(rng, 2000) + 2.5 * rare[:, None]
    found = variant_order(angles)
    assert found.distortion.value > 1.0
    assert found.phase != "distorted"


def test_another_distortion_that_hops_is_not_called_symmetric():
    """A monoclinic one, of one angle to either side, has no alignment."""
    rng = np.random.default_rng(17)
    angles = 90.0 + 0.3 * noise(rng, 2000)
    angles[np.arange(2000), rng.integers(3, size=2000)] += 1.4 * rng.choice([-1, 1], 2000)
    assert abs(variant_order(angles).alignment.value) < 0.1
    assert variant_order(angles).phase == "undecided"


def test_angles_of_a_cubic_crystal_fluctuate_as_its_elastic_constant_says():
    """Boltzmann's average over energies of sheared copper (EMT) against C44 from its stresses; 1 % is left to anharmonicity."""
    copper, temperature = bulk("Cu", a=3.5898256, cubic=True), 20.0
    copper.calc = EMT()
    assert abs(copper.get_stress()[0]) < 1e-4  # at rest: else the shear's change of volume would count

    def sheared(angle: float):
        atoms = copper.copy()
        cell = atoms.cell.array.copy()
        half = np.radians(angle - 90.0) / 2.0
        cell[1, 1:], cell[2, 1:] = (
            cell[1, 1] * np.array([np.cos(half), -np.sin(half)]),
            cell[2, 2] * np.array([-np.sin(half), np.cos(half)]),
        )
        atoms.set_cell(cell, scale_atoms=True)
        atoms.calc = EMT()
        return atoms

    small = 0.05
    slope = (sheared(90 - small).get_stress()[3] - sheared(90 + small).get_stress()[3]) / np.radians(2 * small)
    width = angle_width(slope / units.GPa, copper.get_volume(), temperature)
    shift = np.linspace(-6 * width, 6 * width, 81)
    energy = np.array([sheared(90.0 + x).get_potential_energy() for x in shift])
    weight = np.exp(-(energy - energy.min()) / (units.kB * temperature))
    assert np.sqrt((weight * shift**2).sum() / weight.sum()) == pytest.approx(width, rel=0.01)


HEAD = {
    "system": "x", "method": "pimd", "isotope": "H", "start": "rhombohedral", "atoms": 44, "pressure_target": 100.0,
    "temperature_target": 100.0, "length_ps": 10.0, "freedom": np.inf,
}  # fmt: skip


def summary(run: str, value: float, error: float, samples: float, **other: object) -> list[dict]:
    """Rows of a run's summary: the mean angles' deviation, and 8 of 10 ps that count."""
    head = {**HEAD, **other, "run": run}
    return [
        head | {"observable": "angle_deviation", "value": value, "error": error, "n_effective": samples},
        head | {"observable": "production_length", "value": 8.0, "error": 0.0, "n_effective": 1.0},
    ]


def trace(run: str, angles: np.ndarray) -> pd.DataFrame:
    """Angles of a run of 10 ps whose first fifth is far off, as before equilibration."""
    start = np.full((len(angles) // 4, 3), [99.0, 81.0, 90.0])
    every = np.concatenate([start, angles])
    table = pd.DataFrame(every, columns=["alpha", "beta", "gamma"])
    return table.assign(run=run, time=np.linspace(0.0, 10.0, len(every), endpoint=False) + 10.0 / len(every))


def decided(rows: list[dict], traces: list[pd.DataFrame]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    known = orders(pd.concat(traces), table) if traces else {}
    of_interest = table[table["observable"] == "angle_deviation"]
    return with_variants(phases(table, "angle_deviation", 0.3), of_interest, known)


def test_no_run_that_hops_is_called_cubic():
    rng = np.random.default_rng(19)
    hops, cubic = hopping(rng, 400, 1.4, 10), 90.0 + noise(rng, 400)
    assert np.abs(hops.mean(axis=0) - 90.0).mean() < 0.3  # as mean angles, it is cubic
    sharp, dull = (0.05, 0.03, 60.0), (0.2, np.nan, 0.5)
    found = decided(summary("a", *sharp), [trace("a", hops)])
    assert (found["phase"][0], found["hops"][0], found["n_effective"][0] > 60) == ("distorted", True, True)
    assert remarks(found, "cubic") == ["1 of 1 is distorted by 1.4° at each moment, and hops among variants."]
    assert decided(summary("a", *dull), [trace("a", hops)])["phase"][0] == "distorted"
    assert decided(summary("a", *sharp), [trace("a", cubic)])["phase"][0] == "symmetric"
    assert decided(summary("a", *sharp), [trace("a", cubic[:20])])["phase"][0] == "undecided"
    assert decided(summary("a", *dull), [trace("a", cubic)])["phase"][0] == "undecided"
    distorted = decided(summary("a", 1.4, 0.05, 60.0), [trace("a", cubic)])
    assert distorted["phase"][0] == "distorted" and not distorted["hops"][0]


def test_a_run_without_a_series_is_told():
    found = decided(summary("a", 0.05, 0.03, 60.0), [])
    assert found["phase"][0] == "symmetric" and not found["series"][0]
    assert remarks(found, "cubic") == ["1 of 1 is cubic by mean angles alone."]


def test_every_replica_counts():
    rng = np.random.default_rng(23)
    rows = summary("a", 0.05, 0.03, 60.0) + summary("b", 0.06, 0.03, 60.0)
    hops, cubic = trace("a", hopping(rng, 400, 1.4, 10)), trace("b", 90.0 + noise(rng, 400))
    assert decided(rows, [hops, cubic])["phase"][0] == "undecided"
    assert not decided(rows, [cubic])["series"][0]  # the series of one of them is not known
