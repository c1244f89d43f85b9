"""Bragg reflections against pymatgen's powder pattern of the ideal crystal, and against the Debye-Waller factor."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from pymatgen.analysis.diffraction.xrd import XRDCalculator
from pymatgen.core import Lattice, Structure

from qcrystal.analysis.diffraction import diffraction_table, structure_factors
from qcrystal.figures.diffraction import powder_lines

FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


def supercell(repeat: int) -> np.ndarray:
    """Fractional coordinates (N, 3) of an fcc lattice in a repeated conventional cell."""
    grid = np.stack(np.meshgrid(*[np.arange(repeat)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    return ((grid + FCC) / repeat).reshape(-1, 3)


@pytest.mark.parametrize("angles", [(90.0, 90.0, 90.0), (90.9, 90.9, 90.9), (90.5, 90.0, 89.3)])
def test_lines_of_a_crystal_at_rest_are_those_of_pymatgen(angles):
    """Angles within 1e-4 degrees, intensities within 2e-4 of each: pymatgen joins lines nearer than 1e-5 degrees."""
    lattice = Lattice.from_parameters(5.1, 5.1, 5.1, *angles)
    frames = supercell(2)[None]
    table = structure_factors(frames, 2 * lattice.matrix, (2, 2, 2))
    ours = powder_lines(table.assign(species="La"), 0.3344)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = XRDCalculator(wavelength=0.3344).get_pattern(
            Structure(lattice, ["La"] * 4, FCC), scaled=False, two_theta_range=(0, 19.0)
        )
    for angle, intensity in zip(known.x, known.y, strict=True):
        near = ours[(ours["two_theta"] - angle).abs() < 1e-4]
        assert near["intensity"].sum() / 32 == pytest.approx(
            intensity / 16, rel=2e-4
        )  # S = 32 of 32 atoms, |F|² = 16 of 4
    assert ours.loc[ours["two_theta"] < 19.0, "intensity"].sum() / 32 == pytest.approx(sum(known.y) / 16, rel=1e-4)


def test_motion_weakens_reflections_as_debye_and_waller_say():
    """Independent Gaussian displacements: S/N = exp(-q² u²) plus 1/N (1 - exp(-q² u²)); 200 frames of 256 atoms give 1 %."""
    rng = np.random.default_rng(11)
    a, u = 5.1, 0.08
    frames = supercell(4) + rng.normal(scale=u / (4 * a), size=(200, 256, 3))
    table = structure_factors(frames, 4 * a * np.eye(3), (4, 4, 4))
    bright = table[table["structure_factor"] > 10]
    weak = np.exp(-((bright["q"] * u) ** 2))
    assert len(bright) > 80
    np.testing.assert_allclose(bright["structure_factor"], 256 * weak + 1 - weak, rtol=0.03)
    dark = table.drop(bright.index)
    np.testing.assert_allclose(dark["structure_factor"].mean(), (1 - np.exp(-((dark["q"] * u) ** 2))).mean(), rtol=0.03)
    pulls = (bright["structure_factor"] - (256 * weak + 1 - weak)) / bright["error"]
    assert 0.7 < np.sqrt((pulls**2).mean()) < 1.6  # errors from ten blocks


def test_the_light_species_is_left_out_unless_it_is_alone():
    frames = np.concatenate([supercell(2), supercell(2) + 0.125])[None]
    species = np.array(["La"] * 32 + ["H"] * 32)
    table = diffraction_table(frames, species, 10.2 * np.eye(3), (2, 2, 2), "H")
    assert set(table["species"]) == {"La"}
    assert set(diffraction_table(frames[:, :32], species[:32], 10.2 * np.eye(3), (2, 2, 2), "La")["species"]) == {"La"}
    assert pd.isna(table["error"]).all()
