"""Quality of a data set of DFT labels: its contents, outliers, duplicates, and the distance of test from training frames.

Nothing here is an error: what makes labels unusable is refused by `qcrystal.dataset.checks.check_dataset`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from ase import Atoms
from scipy.spatial import cKDTree

from qcrystal.crystal.soap import SoapSettings
from qcrystal.dataset.checks import ENOUGH_FOR_TREND, robust_polynomial
from qcrystal.dataset.labelled_frames import LabelledFrames, nearest_distances

OUTLIER_Z = 6.0
"""Robust standard deviations beyond which a frame sticks out of its system; of 10 000 normal numbers none does."""
MARGINS = {"energy": 0.005, "pressure": 2.0, "force": 0.1, "distance": 0.05}
"""Least differences of a frame that sticks out: eV/atom, GPa, ln(rms force), Å. Smaller ones are noise of the labels."""
DUPLICATE = 0.1
"""Ratio of `nearest_frames` below which two frames are one structure twice."""
INDEPENDENT = 0.5
"""Ratio of `nearest_frames` from which a frame is independent. Independent frames have 0.9 to 1.1 in cells of 88 atoms and
more. In cells of 22 they begin at 0.6, in cells of 11 at 0.45. Neighbouring snapshots of one run have 0.05 to 0.5."""
BIN_WIDTHS = {"energy": 0.005, "force": 0.25}  # eV/atom, eV/Å
DESCRIPTOR = SoapSettings(cutoff=4.0, radial=4, angular=3, width=0.3)
COMPONENTS = 32
"""Principal components kept of an environment's spectrum: they hold 99.99 % of the variance of [Ly]'s environments."""
SAMPLE = 20000
"""Environments to which the principal components are fitted."""


# ---------------------------------------------------------------------------------------------------------------------
# frames


def frame_table(systems_by_split: Mapping[str, Sequence[LabelledFrames]]) -> pd.DataFrame:
    """One row per frame.

    Parameters
    ----------
    systems_by_split
        Systems of ``train`` and ``test``.

    Returns
    -------
    DataFrame
        - split, system, frame (its number within both), formula, stoichiometry, atoms
        - volume (Å³/atom), pressure (GPa, its potential part), energy (eV/atom)
        - force_rms (eV/Å, per component), force_max (eV/Å, of an atom)
        - nearest_A_B (Å) of each pair of species
    """
    parts = []
    for split, systems in systems_by_split.items():
        for system in systems:
            atoms = len(system.symbols)
            columns = {
                "split": split,
                "system": system.name,
                "frame": np.arange(len(system)),
                "formula": system.formula,
                "stoichiometry": system.stoichiometry,
                "atoms": atoms,
                "volume": system.volumes / atoms,
                "pressure": system.pressures,
                "energy": system.energies / atoms,
                "force_rms": np.sqrt((system.forces**2).mean(axis=(1, 2))),
                "force_max": np.linalg.norm(system.forces, axis=2).max(axis=1),
            }
            distances = {f"nearest_{a}_{b}": found for (a, b), found in nearest_distances(system).items()}
            parts.append(pd.DataFrame(columns | distances))
    return pd.concat(parts, ignore_index=True)


def distance_columns(frames: pd.DataFrame) -> list[str]:
    """Columns of a frame table that hold nearest distances."""
    return [name for name in frames.columns if name.startswith("nearest_") and name.count("_") == 2]


def outliers(frames: pd.DataFrame) -> pd.DataFrame:
    """Frames that stick out of their system, by robust statistics.

    Energy and pressure are taken off their trend with volume, the rms force by its logarithm; distances count where they
    are short. Each is compared with the scatter 1.4826 median|r| of its system's frames, training and test together;
    systems of fewer than `qcrystal.dataset.checks.ENOUGH_FOR_TREND` frames are not judged.

    Returns
    -------
    DataFrame
        In the order of ``frames``:

        - energy_z, pressure_z, force_z, distance_z (the shortest pair's, negative), in robust standard deviations. NaN where a
          frame is not judged.
        - outlier: the names of what is beyond both `OUTLIER_Z` and `MARGINS`, joined by blanks
    """
    names = list(MARGINS)
    z = pd.DataFrame(np.nan, index=frames.index, columns=[f"{name}_z" for name in names])
    beyond = pd.DataFrame(False, index=frames.index, columns=names)
    for _, rows in frames.groupby("system"):
        if len(rows) < ENOUGH_FOR_TREND:
            continue
        residuals = {
            "energy": _off_trend(rows, "energy"),
            "pressure": _off_trend(rows, "pressure"),
            "force": np.log(rows["force_rms"]) - np.log(rows["force_rms"]).median(),
        }
        for name, residual in residuals.items():
            found = residual / _scatter(residual)
            z.loc[rows.index, f"{name}_z"] = found
            beyond.loc[rows.index, name] = (found.abs() > OUTLIER_Z) & (residual.abs() > MARGINS[name])
        for column in distance_columns(rows):
            residual = rows[column] - rows[column].median()
            found = residual / _scatter(residual)
            z.loc[rows.index, "distance_z"] = np.fmin(z.loc[rows.index, "distance_z"], found)
            beyond.loc[rows.index, "distance"] |= (found < -OUTLIER_Z) & (residual < -MARGINS["distance"])
    return z.assign(outlier=[" ".join(name for name in names if row[name]) for _, row in beyond.iterrows()])


def _off_trend(rows: pd.DataFrame, name: str) -> pd.Series:
    """A quantity less its robust trend with volume: a parabola, a line or a constant, as the range of volumes asks for."""
    middle = rows["volume"].median()
    spread = np.ptp(rows["volume"]) / middle
    degree = 2 if spread > 0.05 else 1 if spread > 0.002 else 0
    x = (rows["volume"] - middle).to_numpy()
    coefficients, _ = robust_polynomial(x, rows[name].to_numpy(), degree)
    return rows[name] - np.polyval(coefficients, x)


def _scatter(residuals: pd.Series) -> float:
    """1.4826 median|r|, a robust standard deviation; not zero."""
    return max(1.4826 * float(residuals.abs().median()), np.finfo(float).tiny)


def histograms(systems_by_split: Mapping[str, Sequence[LabelledFrames]]) -> pd.DataFrame:
    """Histograms of energies and force components.

    Returns
    -------
    DataFrame
        quantity, split, group, centre, width, count: occupied bins. Energies (eV/atom) count from the median of all
        frames of their stoichiometry, which is the group; of forces (eV/Å, by component) it is the species.
    """
    systems = [system for part in systems_by_split.values() for system in part]
    energies: dict[str, list] = {kind: [] for kind in dict.fromkeys(system.stoichiometry for system in systems)}
    for system in systems:
        energies[system.stoichiometry].append(system.energies / len(system.symbols))
    zero = {kind: np.median(np.concatenate(values)) for kind, values in energies.items()}
    counts: dict[tuple, dict[int, int]] = {}
    for split, part in systems_by_split.items():
        for system in part:
            relative = system.energies / len(system.symbols) - zero[system.stoichiometry]
            _count(counts, ("energy", split, system.stoichiometry), relative)
            for species in dict.fromkeys(system.symbols.tolist()):
                _count(counts, ("force", split, species), system.forces[:, system.symbols == species])
    rows = [
        (*key, number * BIN_WIDTHS[key[0]], BIN_WIDTHS[key[0]], count)
        for key, bins in counts.items()
        for number, count in sorted(bins.items())
    ]
    return pd.DataFrame(rows, columns=["quantity", "split", "group", "centre", "width", "count"])


def _count(counts: dict, key: tuple, values: np.ndarray) -> None:
    """Add values to the histogram of a key, in bins that are multiples of its quantity's width."""
    bins = counts.setdefault(key, {})
    for number, count in zip(
        *np.unique(np.rint(values / BIN_WIDTHS[key[0]]).astype(int), return_counts=True), strict=True
    ):
        bins[int(number)] = bins.get(int(number), 0) + int(count)


# ---------------------------------------------------------------------------------------------------------------------
# how alike frames are


class Environments:
    """Environments of the atoms of many frames as short vectors: principal components of SOAP power spectra.

    Parameters
    ----------
    systems
        Systems in the order in which `frame_table` has their frames.
    settings
        Of the SOAP power spectra.

    Attributes
    ----------
    vectors : list of dict of str to (n, components) array, float32
        Of each frame, the environments of the atoms of each species.
    means : (F, species x components) array
        Mean environment per species of each frame, zero where it has no atom of a species.
    variety : (F,) array
        Sum over the atoms of each frame of the distance to the nearest environment of another atom of it.
    resolution : float
        Distance below which two environments are the same to single precision.
    """

    def __init__(self, systems: Sequence[LabelledFrames], settings: SoapSettings = DESCRIPTOR):
        from dscribe.descriptors import SOAP  # takes seconds: only those who describe pay for it

        self.species = sorted({symbol for system in systems for symbol in system.symbols.tolist()})
        self._soap = SOAP(
            species=self.species,
            r_cut=settings.cutoff,
            n_max=settings.radial,
            l_max=settings.angular,
            sigma=settings.width,
            periodic=True,
            dtype="float32",
        )
        self._fit(systems)
        self.vectors = [
            {s: projected[system.symbols == s] for s in self.species}
            for system in systems
            for projected in ((self._spectra(system, i) - self._mean) @ self._basis for i in range(len(system)))
        ]
        self.means = np.array([[_mean(frame[s]) for s in self.species] for frame in self.vectors], dtype=float)
        self.means = self.means.reshape(len(self.vectors), -1)
        self.variety = np.array([self._variety(frame) for frame in self.vectors])

    def _spectra(self, system: LabelledFrames, frame: int) -> np.ndarray:
        atoms = Atoms(system.symbols, system.positions[frame], cell=system.cells[frame], pbc=True)
        return self._soap.create(atoms)

    def _fit(self, systems: Sequence[LabelledFrames]) -> None:
        """Principal components of the environments in evenly spaced frames of every system."""
        total = sum(len(system) * len(system.symbols) for system in systems)
        every = max(1, total // SAMPLE)
        sample = np.concatenate(
            [self._spectra(s, i) for s in systems for i in range(every // 2 % len(s), len(s), every)]
        )
        self._mean = sample.mean(axis=0)
        singular, axes = np.linalg.svd(sample - self._mean, full_matrices=False)[1:]
        self._basis = axes[:COMPONENTS].T
        self.resolution = 1e-5 * float(singular[0]) / np.sqrt(len(sample))

    def ratio(self, frame: int, other: int) -> float:
        """How far the environments of a frame are from those of another one, in units of its own variety.

        The mean over the atoms of the distance from an environment to the nearest one (same species) in the other
        frame. It is divided by the same mean for the nearest one of another atom of its own frame. It needs no
        alignment and no order of atoms.

        - 1: the other frame's atoms are as foreign as the frame's own are to each other, as in independent frames of one
          ensemble.
        - Near 0: the other frame is a copy.
        - Large: the frame is near a perfect crystal, and the other not.
        """
        away = 0.0
        for species, here in self.vectors[frame].items():
            there = self.vectors[other][species]
            if len(here) > 1 and len(there):
                away += _distances(here, there).min(axis=1).sum()
        return float(away / self.variety[frame])

    def _variety(self, vectors: dict[str, np.ndarray]) -> float:
        """Sum over a frame's atoms of the distance to the nearest other environment of the species; not below precision."""
        own = 0.0
        for here in vectors.values():
            if len(here) > 1:
                among = _distances(here, here)
                np.fill_diagonal(among, np.inf)
                own += among.min(axis=1).sum()
        return max(own, self.resolution * sum(map(len, vectors.values())))


def _mean(vectors: np.ndarray) -> np.ndarray:
    return vectors.mean(axis=0) if len(vectors) else np.zeros(vectors.shape[1])


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Euclidean distances (n, m) between rows, in double precision: squares of short ones are small differences."""
    a, b = a.astype(float), b.astype(float)
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0.0))


def nearest_frames(environments: Environments, training: np.ndarray, candidates: int = 8) -> pd.DataFrame:
    """The training frame that is most like each frame, itself excluded.

    Parameters
    ----------
    training : (F,) array of bool
        Which of the frames are trained on.
    candidates
        Training frames nearest in the mean environments that are compared atom by atom.

    Returns
    -------
    DataFrame
        In the order of the frames: nearest (number of the training frame, -1 if there is none) and ratio
        (`Environments.ratio`, NaN if there is none).
    """
    numbers = np.flatnonzero(training)
    tree = cKDTree(environments.means[numbers])
    rows = []
    for frame, mean in enumerate(environments.means):
        found = np.atleast_1d(tree.query(mean, k=min(candidates + 1, len(numbers)))[1])
        others = [n for n in numbers[found] if n != frame][:candidates]
        ratios = [environments.ratio(frame, other) for other in others]
        best = int(np.argmin(ratios)) if ratios else None
        rows.append((-1, np.nan) if best is None else (int(others[best]), ratios[best]))
    return pd.DataFrame(rows, columns=["nearest", "ratio"])


# ---------------------------------------------------------------------------------------------------------------------
# the report


def report(
    systems_by_split: Mapping[str, Sequence[LabelledFrames]], settings: SoapSettings = DESCRIPTOR
) -> dict[str, pd.DataFrame]:
    """Everything about a data set as tidy tables.

    Returns
    -------
    dict of DataFrame
        ``frames``: `frame_table` with `outliers`, nearest (split/system/frame of the most similar training frame), ratio
        and duplicate. ``systems``: see `system_table`. ``histograms``: see `histograms`.
    """
    frames = frame_table(systems_by_split)
    systems = [system for part in systems_by_split.values() for system in part]
    found = nearest_frames(Environments(systems, settings), (frames["split"] == "train").to_numpy())
    names = np.append(frames["split"] + "/" + frames["system"] + "/" + frames["frame"].astype(str), "")
    frames = pd.concat([frames, outliers(frames)], axis=1)
    frames["nearest"], frames["ratio"] = names[found["nearest"]], found["ratio"]
    frames["duplicate"] = frames["ratio"] < DUPLICATE
    return {"frames": frames, "systems": system_table(frames), "histograms": histograms(systems_by_split)}


def system_table(frames: pd.DataFrame) -> pd.DataFrame:
    """One row per system, one for each of several stoichiometries, and one for all frames.

    Returns
    -------
    DataFrame
        - system, level (``system``, ``stoichiometry`` or ``all``), formula, atoms, train, test (frames)
        - ranges of volume (Å³/atom) and pressure (GPa)
        - energy_scatter (eV/atom, robust, about the median), force_rms and force_max (eV/Å)
        - nearest_A_B (Å, the shortest), outliers, duplicates (frames)
        - test_ratio (median of the test frames' `Environments.ratio`)
        - test_independent (test frames of at least `INDEPENDENT`), verdict (see `verdict`)
    """
    rows = [_system_row(str(name), "system", part) for name, part in frames.groupby("system", sort=True)]
    kinds = frames.groupby("stoichiometry", sort=True)
    if len(kinds) > 1:
        rows += [_system_row(str(name), "stoichiometry", part) for name, part in kinds]
    return pd.DataFrame([*rows, _system_row("all", "all", frames)])


def _system_row(name: str, level: str, frames: pd.DataFrame) -> dict:
    test = frames[frames["split"] == "test"]
    formulas, atoms = frames["formula"].unique(), frames["atoms"].unique()
    row = {
        "system": name,
        "level": level,
        "formula": " ".join(formulas),
        "atoms": " ".join(map(str, atoms)),
        "train": int((frames["split"] == "train").sum()),
        "test": len(test),
    }
    for column in ("volume", "pressure"):
        row[f"{column}_min"], row[f"{column}_max"] = frames[column].min(), frames[column].max()
    row["energy_scatter"] = 1.4826 * (frames["energy"] - frames["energy"].median()).abs().median()
    row["force_rms"] = float(np.sqrt(np.average(frames["force_rms"] ** 2, weights=frames["atoms"])))
    row["force_max"] = frames["force_max"].max()
    row |= {column: frames[column].min() for column in distance_columns(frames)}
    row["outliers"] = int((frames["outlier"] != "").sum())
    row["duplicates"] = int(frames["duplicate"].sum())
    row["test_ratio"] = test["ratio"].median()
    row["test_independent"] = int((test["ratio"] >= INDEPENDENT).sum())
    row["verdict"] = verdict(test["ratio"])
    return row


def verdict(ratios: pd.Series) -> str:
    """Meaning of an error on test frames with these ratios (`Environments.ratio`).

    ``independent`` where at least nine in ten are, ``partly near`` where at least half are, ``too near`` below.
    An error on frames that are too near is that of training frames in all but name. ``no test frames`` without any.
    """
    if ratios.notna().sum() == 0:
        return "no test frames"
    share = float((ratios.dropna() >= INDEPENDENT).mean())
    return "independent" if share >= 0.9 else "too near" if share < 0.5 else "partly near"
