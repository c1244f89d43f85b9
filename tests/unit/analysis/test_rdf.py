"""Pair distributions against an ideal gas and exact coordination numbers."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from qcrystal.analysis.rdf import bin_edges, frame_rdf, partial_rdfs


def test_ideal_gas_is_one():
    """Unlike pairs: 1; like pairs: (N-1)/N below the cell's size. Bins beyond 1 Å within 4 standard errors."""
    rng = np.random.default_rng(1)
    cell = np.array([[11.0, 0, 0], [3.0, 10.0, 0], [-2.0, 1.0, 12.0]])
    frames = 60
    species = np.array(["La"] * 60 + ["H"] * 120)
    table = partial_rdfs(rng.random((frames, 180, 3)), [cell] * frames, species, ["La", "H"], 6.0, 0.25)
    assert table["pair"].unique().tolist() == ["La-La", "La-H", "H-H"]
    for pair, expected in {"La-H": 1.0, "H-H": 119 / 120, "La-La": 59 / 60}.items():
        part = table[(table["pair"] == pair) & (table["r"] > 1.0)]
        assert (np.abs(part["g"] - expected) < 4.0 * part["error"]).all()


@pytest.mark.parametrize(("cell", "repeat"), [("cubic", 1), ("primitive", 1), ("primitive", 3)])
def test_fcc_shells_are_exact_including_images(cell, repeat):
    """12, 6, 24, 12 neighbours at a sqrt(n/2), whatever the cell: even one atom sees its own images."""
    a = 4.0
    atoms = bulk("La", "fcc", a=a, cubic=cell == "cubic") * (repeat, repeat, repeat)
    edges = bin_edges(6.0, 0.05)
    g = frame_rdf(atoms.get_scaled_positions(), atoms.cell.array, np.zeros(len(atoms), int), edges)[0, 0]
    density = len(atoms) / atoms.get_volume()
    number = np.cumsum(g * density * 4.0 / 3.0 * np.pi * np.diff(edges**3))
    for shell, total in enumerate(np.cumsum([12, 6, 24, 12]), start=1):
        middle = 0.5 * a * (np.sqrt(shell / 2) + np.sqrt((shell + 1) / 2))
        assert number[np.searchsorted(edges, middle) - 1] == pytest.approx(total, abs=1e-9)


def test_partial_numbers_of_rock_salt():
    """6 unlike neighbours at a/2, 12 like ones at a/sqrt(2), in the conventional cell with r_max beyond a."""
    atoms = bulk("NaCl", "rocksalt", a=4.4, cubic=True)
    kind = np.array([0 if s == "Na" else 1 for s in atoms.get_chemical_symbols()])
    edges = bin_edges(6.0, 0.05)
    g = frame_rdf(atoms.get_scaled_positions(), atoms.cell.array, kind, edges)
    shell = 4.0 / 3.0 * np.pi * np.diff(edges**3) * 4 / atoms.get_volume()
    below = edges[1:] < 2.6
    assert (g[0, 1] * shell)[below].sum() == pytest.approx(6.0, abs=1e-9)
    assert (g[1, 1] * shell)[edges[1:] < 3.5].sum() == pytest.approx(12.0, abs=1e-9)
    assert np.allclose(g[0, 1], g[1, 0])


def test_each_frame_is_normalised_with_its_own_volume():
    atoms = Atoms("La", cell=np.eye(3) * 3.0, pbc=True)
    cells = [np.eye(3) * 3.0, np.eye(3) * 3.1]
    table = partial_rdfs(np.zeros((2, 1, 3)), cells, np.array(["La"]), ["La"], 4.0, 0.1)
    one = [frame_rdf(atoms.get_scaled_positions(), c, np.zeros(1, int), bin_edges(4.0, 0.1))[0, 0] for c in cells]
    assert np.allclose(table["g"], np.mean(one, axis=0))
    assert table["error"].isna().any()  # two frames: no error bar where they differ
