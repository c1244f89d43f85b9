"""Couplings of a small run of ph.x: H3S at 196 GPa, Γ of a 2³ mesh, 60 Ry, 8³ and 16³ k-points, not converged."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from qcrystal.superconductivity.electron_phonon import (
    CouplingError,
    ImaginaryError,
    broadenings,
    degeneracy_error,
    files_of,
    read_couplings,
    read_folder,
    spectrum_of,
)
from qcrystal.superconductivity.spectra import RYDBERG
from qcrystal.superconductivity.tables import Convergence, compound_table, coupling_table, spectrum_table

H3S = Path(__file__).parents[3] / "data" / "h3s-couplings" / "k8-K16-q1"


def test_frequencies_are_those_of_the_dynamical_matrix():
    (point,) = read_folder(H3S)
    listed = re.findall(r"freq \(\s*\d+\) =\s+([\d.]+) \[THz\]", (H3S / "x.dyn1").read_text())
    np.testing.assert_allclose(point.frequencies, np.array(listed, float), atol=2e-4)  # squares have six digits
    assert point.weight == 1 and np.all(point.position == 0)


def test_couplings_follow_from_the_linewidths():
    """λ = γ / (π N ω²), N the states per spin at the Fermi energy: both stand in the file [P. B. Allen, PRB 6, 2577 (1972)]."""
    point = read_couplings(H3S / "elph.inp_lambda.1")
    text = (H3S / "elph.inp_lambda.1").read_text()
    states = [float(value) for value in re.findall(r"DOS =\s*([\d.]+)", text)]
    widths = np.array(re.findall(r"gamma=\s*([\d.]+)", text), float).reshape(10, 12)
    assert sorted(point.couplings) == pytest.approx(np.arange(0.005, 0.0501, 0.005))
    for sigma, number, gamma in zip(sorted(point.couplings), states, widths, strict=True):
        optical = slice(3, None)
        expected = 1e-3 * gamma[optical] * RYDBERG / (np.pi * number * point.frequencies[optical] ** 2)
        # λ has four decimals, γ two
        error = 5.1e-5 + expected * 0.005 / np.maximum(gamma[optical], 0.005)
        assert np.all(np.abs(point.couplings[sigma][optical] - expected) < error + 2e-4 * expected)


def test_acoustic_modes_at_gamma_do_not_count():
    points = read_folder(H3S)
    spectrum = spectrum_of(points, 0.05, 2.0, "H3S")
    assert len(spectrum.frequencies) == 9 and spectrum.frequencies.min() == pytest.approx(19.005, abs=1e-3)
    assert spectrum.strength == pytest.approx(points[0].couplings[0.05][3:].sum())


RULE = Convergence(0.02, 0.05, 0.1)


def compound(folder, meshes=None):
    return {"formula": "H3S", "prototype": "Im-3m", "sources": [{"path": str(folder), "meshes": meshes}]}


def test_a_table_holds_every_broadening_and_pseudopotential():
    table = compound_table("H3S", compound(H3S), [0.1, 0.13], 2.0, RULE)
    # at 0.005 Ry no level of the mesh is near enough to another: nothing couples
    assert sorted(set(table["sigma"])) == pytest.approx(np.arange(0.010, 0.0501, 0.005)) and len(table) == 18
    assert set(table["status"]) == {"not known: α²F was given, or its meshes were not"}
    assert np.all(table["allen_dynes"] >= table["mcmillan"])
    known = compound_table("H3S", compound(H3S, {"k": 8, "dense_k": 16, "q": 1}), [0.1], 2.0, RULE)
    assert set(known["status"].str.partition(": ")[0]) == {"not converged"}


def test_tables_of_couplings_and_spectra_sum_to_the_same_strength():
    """λ = 2 ∫ α²F/ω dω: peaks of 0.2 THz do not reach below 0, and a Gaussian of relative width w changes λ by w² (1e-4)."""
    couplings = coupling_table("H3S", compound(H3S))
    spectra = spectrum_table("H3S", compound(H3S), 2.0, 0.2)
    for sigma, part in spectra.groupby("sigma"):
        modes = couplings[(couplings["sigma"] == sigma) & (couplings["frequency"] > 2)]
        strength = (modes["weight"] * modes["coupling"]).sum()
        frequency, value = part["frequency"].to_numpy(), part["alpha2f"].to_numpy()
        ratio = np.divide(2 * value, frequency, out=np.zeros_like(value), where=frequency > 0)
        assert np.trapezoid(ratio, frequency) == pytest.approx(strength, rel=2e-3)


def test_an_imaginary_crystal_has_a_row_and_no_temperature(tmp_path):
    for name in ("elph.inp_lambda.1", "x.dyn1"):
        shutil.copy(H3S / name, tmp_path)
    path = tmp_path / "elph.inp_lambda.1"
    path.write_text(path.read_text().replace("0.333717E-04", "-0.333717E-04", 1))
    table = compound_table("H3S", compound(tmp_path), [0.1], 2.0, RULE)
    assert list(table["status"]) == ["imaginary: a mode of -19.00 THz at q = 0.000 0.000 0.000"]
    assert table["eliashberg"].isna().all()


def test_degenerate_modes_tell_that_the_mesh_is_too_coarse():
    """Optical modes at Γ of Im-3m are threefold. At 0.05 Ry the file has λ = 0.1993, 0.1813, 0.1651 for the lowest three."""
    points = read_folder(H3S)
    assert degeneracy_error(points, 0.05, 2.0) == pytest.approx(1 - 0.1651 / 0.1993)
    points[0].couplings[0.05][:] = 0.2
    assert degeneracy_error(points, 0.05, 2.0) == 0


def test_couplings_below_zero_are_refused_or_told(caplog):
    points = read_folder(H3S)
    points[0].couplings[0.05][3] = -0.001
    assert spectrum_of(points, 0.05, 2.0, "H3S").couplings.min() >= 0
    assert "H3S: couplings below 0 sum to -0.001 at 0.05 Ry and count as 0" in caplog.text
    points[0].couplings[0.05][3] = -0.1
    with pytest.raises(CouplingError, match=r"below 0 sum to -0.1 at a broadening of 0.05 Ry.* denser mesh"):
        spectrum_of(points, 0.05, 2.0, "H3S")


def test_wave_vectors_with_other_broadenings_are_refused():
    points = read_folder(H3S) + read_folder(H3S)
    del points[1].couplings[0.05]
    with pytest.raises(CouplingError, match="H3S: wave vector 2 has other broadenings than the first"):
        broadenings(points, "H3S")


def test_an_imaginary_mode_ends_a_compound(tmp_path):
    for name in ("elph.inp_lambda.1", "x.dyn1"):
        shutil.copy(H3S / name, tmp_path)
    path = tmp_path / "elph.inp_lambda.1"
    path.write_text(path.read_text().replace("0.333717E-04", "-0.333717E-04", 1))
    with pytest.raises(ImaginaryError, match=r"H3S: imaginary: a mode of -19.00 THz at q = 0.000 0.000 0.000; no T_c"):
        spectrum_of(read_folder(tmp_path), 0.05, 2.0, "H3S")


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.9])
def test_what_a_killed_run_leaves_is_refused_in_one_line(tmp_path, kept):
    shutil.copy(H3S / "x.dyn1", tmp_path)
    text = (H3S / "elph.inp_lambda.1").read_text()
    path = tmp_path / "elph.inp_lambda.1"
    path.write_text(text[: int(kept * len(text))])
    with pytest.raises(CouplingError) as error:
        read_folder(tmp_path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)
    assert "remove it and run ph.x again for this wave vector" in str(error.value)


def test_an_empty_folder_says_how_to_fill_it(tmp_path):
    with pytest.raises(CouplingError, match=r"no file elph.inp_lambda.\*; run ph.x there \(apt-get install quantum"):
        read_folder(tmp_path)
    shutil.copy(H3S / "elph.inp_lambda.1", tmp_path)
    with pytest.raises(CouplingError, match=r"no dynamical matrix \*.dyn1; keep it beside the couplings"):
        read_folder(tmp_path)


def without_couplings(folder):
    (folder / "elph_dir" / "elph.inp_lambda.2").unlink()


def without_the_last(folder):
    for path in (folder / "elph_dir" / "elph.inp_lambda.3", folder / "x.dyn3"):
        path.unlink()


def with_an_empty_matrix(folder):
    (folder / "x.dyn2").write_text("")


def with_an_unreadable_matrix(folder):
    (folder / "x.dyn2").write_bytes(bytes(range(256)))


def with_the_matrix_of_another(folder):
    shutil.copy(folder / "x.dyn1", folder / "x.dyn2")


def with_one_wave_vector_twice(folder):
    shutil.copy(folder / "elph_dir" / "elph.inp_lambda.2", folder / "elph_dir" / "elph.inp_lambda.3")


def with_frequencies_that_are_stars(folder):
    path = folder / "elph_dir" / "elph.inp_lambda.2"
    first, _, *rest = path.read_text().splitlines()
    path.write_text("\n".join([first, 80 * "*", *rest]))


def with_a_coupling_that_is_no_number(folder):
    path = folder / "elph_dir" / "elph.inp_lambda.2"
    path.write_text(re.sub(r"lambda\(    3\)=  0.9397", "lambda(    3)=     NaN", path.read_text(), count=1))


SMALL = H3S.parent / "k4-K8-q2"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (without_couplings, "no couplings of wave vector 2: no file elph.inp_lambda.2; run ph.x for it"),
        (without_the_last, "wave vectors with their stars, and a mesh of 2³ has 8; run ph.x for the others"),
        (with_an_empty_matrix, "x.dyn2: no dynamical matrix of ph.x"),
        (with_an_unreadable_matrix, r"x.dyn2: no dynamical matrix of ph.x \('utf-8' codec"),
        (with_the_matrix_of_another, "x.dyn2: is not of the wave vector -0.433 -0.433 0.000"),
        (with_one_wave_vector_twice, "elph.inp_lambda.3: its wave vector is that of another file"),
        (with_frequencies_that_are_stars, "elph.inp_lambda.2: no couplings of ph.x"),
        (with_a_coupling_that_is_no_number, "elph.inp_lambda.2: only 9 of 10 broadenings have a number for each mode"),
    ],
)
def test_wave_vectors_that_lack_or_are_wrong_are_named(tmp_path, spoil, words):
    """Without one of them λ is that of another sum: 1.43 instead of 1.19."""
    folder = tmp_path / "run"
    shutil.copytree(SMALL, folder)
    spoil(folder)
    with pytest.raises(CouplingError, match=words) as error:
        read_folder(folder / "elph_dir", 2)
    assert "\n" not in str(error.value)


def test_a_mesh_that_is_none_of_the_folder_s_is_refused_and_copies_do_not_count(tmp_path):
    with pytest.raises(CouplingError, match="8 wave vectors with their stars, and a mesh of 4³ has 64"):
        compound_table("H3S", compound(SMALL / "elph_dir", {"k": 4, "dense_k": 8, "q": 4}), [0.1], 2.0, RULE)
    folder = tmp_path / "run"
    shutil.copytree(SMALL, folder)
    shutil.copy(folder / "elph_dir" / "elph.inp_lambda.2", folder / "elph_dir" / "elph.inp_lambda.bak")
    assert [point.weight for point in read_folder(folder / "elph_dir", 2)] == [1, 6, 1]
    assert not [path for path in files_of(str(folder / "elph_dir")) if path.endswith("bak")]
