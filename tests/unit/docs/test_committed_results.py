"""What the pages say of the long runs, computed again from the committed tables with plain numpy, without the library's code."""

from __future__ import annotations

import csv
import re
from collections import defaultdict

import numpy as np
import pytest

FOLDER = "results/reference/lah10/reference"
PUBLISHED, UNCERTAINTY = 3.5e-5, 3.5e-6  # cm²/s, printed by Qin et al. 2023; read from two digits, to a tenth
CM2_PER_S = 1e-4  # of Å²/ps
BY_HOPS = "diffusion coefficient of H, 5 K, 200 GPa, bath, by hops (cm²/s)"
SUPERSCRIPTS = re.compile(r"×10<sup>−(\d+)</sup>")


def table(root, name: str) -> list[dict[str, str]]:
    path = root / FOLDER / name
    if not path.is_file():
        pytest.skip(f"{name} is not committed")
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def at_the_claim(rows: list[dict[str, str]], **wanted: str) -> list[dict[str, str]]:
    """Rows of the largest cell at 5 K and 200 GPa."""
    chosen = [row for row in rows if float(row["temperature_target"]) == 5 and float(row["pressure_target"]) == 200]
    largest = max(float(row["atoms"]) for row in chosen)
    return [row for row in chosen if float(row["atoms"]) == largest and wanted.items() <= row.items()]


def printed(text: str) -> tuple[float, float]:
    """Value and error of 1.46(25)×10<sup>−6</sup>: digits in brackets end where the value ends."""
    mantissa, power = SUPERSCRIPTS.sub("", text), SUPERSCRIPTS.search(text)
    value, error = re.fullmatch(r"(-?[\d.]+)\(([\d.]+)\)", mantissa.strip()).groups()
    decimals = len(value.partition(".")[2])
    scale = 10.0 ** -int(power[1]) if power else 1.0
    return float(value) * scale, float(error) * (1.0 if "." in error else 10.0**-decimals) * scale


def readme_row(root, claim: str) -> list[str]:
    """Cells of a claim's line in README: published, here, verdict."""
    line = next(one for one in (root / "README.md").read_text("utf-8").splitlines() if one.startswith(f"| {claim} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_the_readme_prints_the_mean_of_the_replicas_and_its_verdict(root):
    """Mean over replicas; the rule: more than three combined errors apart, each error sharp enough."""
    rows = at_the_claim(table(root, "analysis/sweeps/diffusion_qtb/summary.csv"), observable="diffusion", species="H")
    values = [float(row["value"]) for row in rows]
    published, ours, verdict = readme_row(root, BY_HOPS)
    value, error = printed(ours)
    assert float(SUPERSCRIPTS.sub(r"e-\1", published)) == PUBLISHED
    assert value == pytest.approx(np.mean(values), rel=0.01)  # three digits are printed
    far = abs(value - PUBLISHED) / np.hypot(error, UNCERTAINTY)
    assert (verdict == "not reproduced") == (far > 4)  # Student's t of the few replicas widens 3 to less than 4
    assert error < PUBLISHED / 4


def test_hops_and_displacements_tell_the_same_diffusion(root):
    """A sixth of the slope of the mean squared displacement is the coefficient that the hops between sites give.

    The first knows no sites, the second no vibrations. Their errors are not independent, so that the sum of both bounds the
    difference; lags from 2 ps to half of the curve.
    """
    curves = at_the_claim(table(root, "analysis/sweeps/diffusion_qtb/msd.csv"), species="H", kind="standard")
    by_run = defaultdict(list)
    for row in curves:
        by_run[row["run"]].append((float(row["time"]), float(row["msd"])))
    slopes = []
    for points in by_run.values():
        time, msd = np.array(sorted(points)).T
        chosen = (time >= 2.0) & (time <= time.max() / 2)
        slopes.append(np.polyfit(time[chosen], msd[chosen], 1)[0])
    coefficient, error = printed(readme_row(root, BY_HOPS)[1])
    spread = np.std(slopes, ddof=1) / np.sqrt(len(slopes)) if len(slopes) > 1 else 0.3 * np.mean(slopes)
    assert np.mean(slopes) / 6 * CM2_PER_S == pytest.approx(coefficient, abs=3 * (error + spread / 6 * CM2_PER_S))


def test_energy_of_the_cold_bath_is_that_of_its_parts(root):
    """E/3Nk_B is what README prints, and about twice its kinetic part, as the virial theorem asks of a harmonic crystal."""
    rows = table(root, "analysis/sweeps/qtb_low_temperature/summary.csv")
    found = at_the_claim(rows, observable="energy_over_3NkB_corrected", species="all")
    value, error = printed(readme_row(root, "E/3Nk_B near 0 K, bath, ours at 200 GPa (K)")[1])
    assert value == pytest.approx(np.mean([float(row["value"]) for row in found]), abs=0.1 + error)
    kinetic = {
        species: np.mean(
            [float(row["value"]) for row in at_the_claim(rows, observable="temperature_corrected", species=species)]
        )
        for species in ("La", "H")
    }
    half = (kinetic["La"] + 10 * kinetic["H"]) / 11 / 2  # the kinetic part of E/3Nk_B, in K
    # anharmonicity changes the potential part by less than a fifth
    assert value == pytest.approx(2 * half, rel=0.1)


def test_every_verdict_of_the_page_is_in_the_committed_table(root):
    rows = table(root, "figures/x_table_claims.csv")
    page = (root / "docs" / "claims.md").read_text(encoding="utf-8")
    for row in rows:
        line = next(one for one in page.splitlines() if one.startswith(f"| {row['claim']} |"))
        assert f"| {row['verdict']} |" in line and line.count("|") == 9
        assert row["method"] in line and row["length_ps"] in line


def test_the_run_that_hops_among_variants_is_distorted_at_each_moment(root):
    """Its committed angles, by numpy alone: directions of one variant in turn, as far as the pages say.

    The counter-test draws Gaussian angles of the same mean square: their alignment is 0 within 0.03, one error of 400 frames.
    """
    rows = [
        row for row in table(root, "analysis/sweeps/ly_quantum_cold/cell.csv") if "-44-npt-100GPa-100K" in row["run"]
    ]
    angles = np.array([[float(row[name]) for name in ("time", "alpha", "beta", "gamma")] for row in rows])
    shift = angles[angles[:, 0] > angles[-1, 0] - 7.99, 1:] - 90.0

    def alignment(x: np.ndarray) -> float:
        return float(np.mean(np.sqrt(27.0) * x.prod(axis=1) / np.linalg.norm(x, axis=1) ** 3))

    gaussian = np.random.default_rng(1).normal(size=shift.shape) * np.sqrt(np.mean(shift**2))
    assert alignment(shift) > 0.7 and abs(alignment(gaussian)) < 0.1
    assert np.abs(shift.mean(axis=0)).min() < 0.3  # a mean angle is close to 90 degrees
    size = np.cbrt(shift.prod(axis=1).mean())
    for page in ("docs/limitations.md", "docs/theory/cage-order.md"):
        assert f"{size:.2f}(1)°" in (root / page).read_text(encoding="utf-8")
