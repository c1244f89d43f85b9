"""Couplings that Quantum ESPRESSO's ``ph.x`` leaves in its folder ``elph_dir``, one file per wave vector. THz, Ry."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qcrystal.errors import Problem, QcrystalError
from qcrystal.superconductivity.espresso import INSTALL
from qcrystal.superconductivity.spectra import RYDBERG, Spectrum, weighted

log = logging.getLogger(__name__)
FILES = "elph.inp_lambda.*"
DEGENERATE = 0.01
"""THz."""
STARS = "*.dyn*"
"""Dynamical matrices beside the couplings: they tell how many wave vectors a file stands for."""


class CouplingError(QcrystalError, ValueError):
    """Couplings that cannot be used; one line names the file and says what to do."""


class ImaginaryError(CouplingError):
    """A crystal that is not stable as it is; it has no T_c."""


NEGATIVE = 0.01
"""Couplings below zero may sum to this part of λ; they are errors of the interpolation, and count as 0."""


@dataclass(frozen=True)
class WaveVector:
    """The phonons of one wave vector and their couplings.

    Attributes
    ----------
    position : (3,) array
        In units of 2π/a.
    frequencies : (modes,) array
        THz; imaginary ones are negative.
    couplings : dict
        Broadening (Ry): λ of each mode, (modes,).
    weight : int
        Wave vectors of its star.
    """

    position: np.ndarray
    frequencies: np.ndarray
    couplings: dict[float, np.ndarray]
    weight: int


def read_couplings(path: Path, weight: int = 1) -> WaveVector:
    """One file ``elph.inp_lambda.N``.

    Raises
    ------
    CouplingError
        The file is missing, or was cut off, as by a ph.x that was killed.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        head = lines[0].split()
        position = np.array([float(value) for value in head[:3]])
        broadenings, modes = int(head[3]), int(head[4])
        squares: list[float] = []
        row = 1
        while len(squares) < modes:
            squares += [float(value) for value in re.findall(r"-?\d*\.\d+(?:[Ee][+-]?\d+)?", lines[row])]
            row += 1
        couplings: dict[float, np.ndarray] = {}
        sigma, values = float("nan"), list[float]()
        for line in lines[row:]:
            found = re.search(r"Gaussian Broadening:\s*([\d.]+)", line)
            if found:
                sigma, values = float(found[1]), []
                couplings[sigma] = np.full(modes, np.nan)
            found = re.search(r"lambda\(\s*\d+\)=\s*(\S+)\s+gamma", line)
            if found and not couplings:
                raise ValueError("a coupling before the first broadening")
            if found:
                values.append(float(found[1]))
                couplings[sigma][: len(values)] = values
    except (OSError, ValueError, IndexError) as error:
        raise _wrong(path, f"no couplings of ph.x ({error})") from error
    whole = sum(bool(np.all(np.isfinite(one))) for one in couplings.values())
    if not (len(couplings) == whole == broadenings):
        raise _wrong(path, f"only {whole} of {broadenings} broadenings have a number for each mode")
    square = np.array(squares)
    return WaveVector(position, RYDBERG * np.sign(square) * np.sqrt(np.abs(square)), couplings, weight)


def read_folder(folder: Path, q: int | None = None) -> list[WaveVector]:
    """Every wave vector of a calculation.

    Weights are the stars of the dynamical matrices, ``*.dynN`` beside the couplings or in the folder above.

    Parameters
    ----------
    q
        Wave vectors along each reciprocal vector of the mesh; None: not known.

    Raises
    ------
    CouplingError
        There are no couplings, or one was cut off. One has no dynamical matrix, or that of another wave vector. One is there
        twice. Wave vectors of the mesh lack.
    """
    files = _numbered(folder, FILES)
    if not files:
        raise CouplingError(Problem(str(folder), "", f"no file {FILES}", f"run ph.x there ({INSTALL})"))
    matrices = _numbered(Path(folder).parent, STARS) | _numbered(folder, STARS)
    lacking = sorted((set(range(1, max(files) + 1)) | (matrices.keys() - {0})) - files.keys())
    if lacking:
        found = f"no couplings of wave vector {lacking[0]}: no file {FILES.replace('*', str(lacking[0]))}"
        raise CouplingError(Problem(str(folder), "", found, "run ph.x for it"))
    points: list[WaveVector] = []
    for number, path in files.items():
        point = read_couplings(path)
        if any(np.allclose(point.position, other.position, atol=1e-5) for other in points):
            raise _wrong(path, "its wave vector is that of another file")
        points.append(replace(point, weight=_star(folder, matrices.get(number), number, point.position)))
    whole = sum(point.weight for point in points)
    if q is not None and whole != q**3:
        found = f"{whole} wave vectors with their stars, and a mesh of {q}³ has {q**3}"
        raise CouplingError(Problem(str(folder), "", found, "run ph.x for the others, or correct meshes.q"))
    return points


def _numbered(folder: Path, pattern: str) -> dict[int, Path]:
    """Files of a pattern that end in a number, by number; copies with other endings are passed over."""
    numbers = {path: re.search(r"(\d+)$", path.name) for path in Path(folder).glob(pattern)}
    found = {int(number[1]): path for path, number in numbers.items() if number}
    return dict(sorted(found.items()))


def matrix_files(folder: Path) -> list[Path]:
    """Files of the dynamical matrices of a folder's couplings, in the order of `read_folder`."""
    matrices = _numbered(Path(folder).parent, STARS) | _numbered(folder, STARS)
    return [matrices[number] for number in _numbered(folder, FILES)]


def broadenings(points: list[WaveVector], where: str) -> list[float]:
    """Broadenings (Ry) at which something couples, from the smallest on.

    A mesh of k-points may be too coarse for the smallest: then nothing couples there.

    Raises
    ------
    CouplingError
        Wave vectors have other broadenings than the first one.
    """
    sigmas = sorted(points[0].couplings)
    for number, point in enumerate(points, 1):
        if sorted(point.couplings) != sigmas:
            found = f"wave vector {number} has other broadenings than the first"
            raise CouplingError(Problem(where, "", found, "run ph.x again with the same el_ph_sigma and el_ph_nsigma"))
    return [sigma for sigma in sigmas if any(point.couplings[sigma].any() for point in points)]


def files_of(coupling: str) -> list[str]:
    """Files of a compound's coupling: the file of α²F, or the files of a folder of ``ph.x`` and above it."""
    folder = Path(coupling)
    if not folder.is_dir():
        return [coupling]
    found = [_numbered(folder, FILES), _numbered(folder, STARS), _numbered(folder.parent, STARS)]
    return sorted(str(path) for each in found for path in each.values())


def _star(folder: Path, path: Path | None, number: int, position: np.ndarray) -> int:
    """Wave vectors of a star: the dynamical matrices of its file, one of which is at ``position``."""
    if path is None:
        raise CouplingError(
            Problem(str(folder), "", f"no dynamical matrix *.dyn{number}", "keep it beside the couplings")
        )
    try:
        text = path.read_text(encoding="utf-8").partition("Diagonalizing")[0]
        listed = re.findall(r"Dynamical\s+Matrix in cartesian axes\s+q = \(([^)]*)\)", text)
        star = np.array([[float(value) for value in one.split()] for one in listed]).reshape(-1, 3)
    except (OSError, ValueError) as error:
        raise _wrong(path, f"no dynamical matrix of ph.x ({error})") from error
    if not len(star):
        raise _wrong(path, "no dynamical matrix of ph.x")
    if not np.any(np.all(np.isclose(star, position, atol=1e-5), axis=1)):
        q = " ".join(f"{value:.3f}" for value in position)
        raise _wrong(path, f"is not of the wave vector {q} of the couplings with its number")
    return len(star)


def spectrum_of(points: list[WaveVector], sigma: float, lowest: float, where: str) -> Spectrum:
    """α²F of all wave vectors at one broadening.

    Parameters
    ----------
    lowest
        THz. Modes at Γ below it are acoustic and left out.

    Raises
    ------
    ImaginaryError
        A mode is imaginary elsewhere, or beyond ``lowest`` at Γ: the crystal is not stable as it is.
    CouplingError
        Couplings below zero sum to more than `NEGATIVE` of λ.
    """
    spectra, lost = [], 0.0
    for point in points:
        at_gamma = np.allclose(point.position, 0)
        imaginary = point.frequencies < (-lowest if at_gamma else 0)
        if imaginary.any():
            low = float(point.frequencies.min())
            q = " ".join(f"{value:.3f}" for value in point.position)
            found = f"imaginary: a mode of {low:.2f} THz at q = {q}"
            raise ImaginaryError(Problem(where, "", found, "no T_c without a stable crystal"))
        kept = point.frequencies >= (lowest if at_gamma else 1e-6)
        couplings = point.couplings[sigma][kept]
        lost -= point.weight * float(couplings[couplings < 0].sum())
        spectra.append(Spectrum(point.frequencies[kept], np.clip(couplings, 0, None)))
    weights = [point.weight for point in points]
    whole, lost = weighted(spectra, weights), lost / sum(weights)
    if lost > NEGATIVE * whole.strength:
        found = (
            f"couplings below 0 sum to -{lost:.3g} at a broadening of {sigma:g} Ry, beside a λ of {whole.strength:.3g}"
        )
        raise CouplingError(Problem(where, "", found, "take a denser mesh of k-points"))
    if lost:
        log.warning("%s: couplings below 0 sum to -%.2g at %g Ry and count as 0", where, lost, sigma)
    return Spectrum.of_peaks(whole.frequencies, whole.couplings, where)


def degeneracy_error(points: list[WaveVector], sigma: float, lowest: float) -> float:
    """Largest relative difference of the couplings of degenerate modes: 0 on a mesh of k-points that is dense enough.

    Modes within `DEGENERATE` THz of each other at one wave vector are taken for degenerate. Modes below ``lowest`` (THz), and
    those with less than a hundredth of the strongest coupling, do not count.
    """
    worst = 0.0
    strongest = max(float(point.couplings[sigma].max()) for point in points)
    for point in points:
        kept = point.frequencies > lowest
        order = np.argsort(point.frequencies[kept])
        frequency, coupling = point.frequencies[kept][order], point.couplings[sigma][kept][order]
        for group in np.split(coupling, np.flatnonzero(np.diff(frequency) > DEGENERATE) + 1):
            if len(group) and group.max() > 0.01 * strongest:
                worst = max(worst, float((group.max() - group.min()) / group.max()))
    return worst


def _wrong(path: Path, found: str) -> CouplingError:
    return CouplingError(Problem(str(path), "", found, "remove it and run ph.x again for this wave vector"))
