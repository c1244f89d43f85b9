"""Structure of a variational state: pair distribution functions and mean sites, from fresh samples that need no potential."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from ase import Atoms
from ase.constraints import FixSymmetry
from ase.geometry import minkowski_reduce

from qcrystal.analysis.rdf import bin_edges, frame_rdf
from qcrystal.crystal.cells import conventional_cells
from qcrystal.crystal.prototype import Prototype
from qcrystal.crystal.symmetry import EXACT
from qcrystal.variational.basis import Basis
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.estimators import Draws, antithetic, estimate, sample
from qcrystal.variational.spec import NctSpec
from qcrystal.variational.training import given_of, spec_state, trained_levels
from qcrystal.variational.wave_functions import Parameters

FARTHEST, WIDTH = 6.0, 0.05
"""Å: distances up to which g(r) is tabulated where the cell reaches as far, and the width of its bins."""
AT_REST = "harmonic"
"""Level of the rows that tell the sites of the crystal at rest."""
NEAR = 0.1
"""Fractional distance within which an atom belongs to a site of the prototype."""


def structure_tables(
    spec: NctSpec, basis: Basis, symbols: Sequence[str], weights: dict[str, Parameters], prototype: Prototype
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables ``nct_rdf`` and ``nct_sites`` of all levels, from the same normal vectors for each.

    Parameters
    ----------
    weights
        Parameters of each level.
    prototype
        The crystal's; its sites are those whose means are told.
    """
    draws = antithetic(spec.samples, len(basis.energies), spec.seed + 5)
    motions = SiteMotions(spec, basis, symbols, prototype)
    curves, sites = [], [motions.table(AT_REST)]
    for level in trained_levels(spec.level):
        x = sample(spec_state(spec, basis, level), weights[level], given_of(spec, basis), draws.normal)
        curves.append(rdf_table(basis, symbols, spec.species, x, draws).assign(run=spec.run, level=level))
        sites.append(motions.table(level, x, draws))
    return pd.concat(curves, ignore_index=True), pd.concat(sites, ignore_index=True)


def rdf_table(
    basis: Basis, symbols: Sequence[str], species: Sequence[str], x: np.ndarray, draws: Draws
) -> pd.DataFrame:
    """g(r) of each pair of ``species`` at coordinates ``x`` (n, D): columns r (Å), pair, g, error.

    Periodic images count where the radius exceeds half the cell. Bins end at the shortest vector of the cell's lattice.
    There an atom meets its own image, which moves alike: a spike that the crystal lacks.
    """
    present = [name for name in species if name in set(symbols)]
    kind = np.array([present.index(symbol) for symbol in symbols])
    edges = bin_edges(FARTHEST, WIDTH)
    edges = edges[edges < np.linalg.norm(minkowski_reduce(basis.cell)[0], axis=1).min()]
    fractional = basis.positions(x) @ np.linalg.inv(basis.cell)
    frames = np.array([frame_rdf(frame, basis.cell, kind, edges) for frame in fractional])
    rows = []
    for a, b in itertools.combinations_with_replacement(range(len(present)), 2):
        for place, centre in enumerate(0.5 * (edges[1:] + edges[:-1])):
            found = _of_pairs(frames[:, a, b, place], draws)
            rows.append({"r": centre, "pair": f"{present[a]}-{present[b]}", "g": found[0], "error": found[1]})
    return pd.DataFrame(rows)


def _of_pairs(values: np.ndarray, draws: Draws) -> tuple[float, float]:
    """Mean of counts and its error. Control variates would make empty bins negative."""
    means = np.bincount(draws.blocks, weights=values) / np.bincount(draws.blocks)
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(len(means)))


class SiteMotions:
    """Mean positions of a prototype's sites in the conventional cell, where symmetry leaves them free.

    The mean displacements of atoms that symmetry makes equal are averaged, each turned as its site is. So a coordinate that
    symmetry fixes does not move.

    Raises
    ------
    VariationalError
        If a site of the prototype has no atom near it.
    """

    def __init__(self, spec: NctSpec, basis: Basis, symbols: Sequence[str], prototype: Prototype):
        self.spec, self.volume = spec, abs(np.linalg.det(basis.cell)) / len(symbols)
        atoms = Atoms(symbols, basis.rest, cell=basis.cell, pbc=True)
        self.lattice = conventional_cells(basis.cell[None], prototype, spec.basis, spec.repeat)[0]
        fractional = basis.rest @ np.linalg.inv(self.lattice)
        self.sites = [(site.element, site.position) for site in prototype.sites]
        self.members = [self._member(fractional, symbols, *site) for site in self.sites]
        self.rest = [
            fractional[atom] - np.rint(fractional[atom] - site[1])
            for atom, site in zip(self.members, self.sites, strict=True)
        ]
        constraint = FixSymmetry(atoms, symprec=EXACT)
        fields = basis.displacements.T.reshape(-1, *basis.rest.shape).copy()
        for field in fields:
            constraint.adjust_forces(atoms, field)
        self.moves = fields @ np.linalg.inv(self.lattice)
        """(D, N, 3): symmetric part of the displacement per unit of each x, in fractions of the conventional cell."""

    def _member(self, fractional: np.ndarray, symbols: Sequence[str], element: str, position: Sequence[float]) -> int:
        """The atom that lies at a site of the prototype, free coordinates apart."""
        away = fractional - position
        distance = np.linalg.norm(away - np.rint(away), axis=1)
        distance[np.array(symbols) != element] = np.inf
        if distance.min() > NEAR:
            raise VariationalError(
                f"run {self.spec.run}: no {element} is at the site {tuple(position)} of prototype {self.spec.prototype}: the "
                "crystal has left it; take another volume"
            )
        return int(np.argmin(distance))

    def table(self, level: str, x: np.ndarray | None = None, draws: Draws | None = None) -> pd.DataFrame:
        """A row for each site: its number, element, and mean fractional coordinates with errors; at rest without ``x``."""
        rows = []
        for number, (atom, (element, _)) in enumerate(zip(self.members, self.sites, strict=True)):
            row = {
                "run": self.spec.run,
                "level": level,
                "temperature_target": self.spec.temperature,
                "volume": self.volume,
                "site": number,
                "species": element,
            }
            for axis, name in enumerate("xyz"):
                value, error = float(self.rest[number][axis]), 0.0
                if x is not None and draws is not None:
                    found = estimate(x @ self.moves[:, atom, axis], draws)
                    value, error = value + found.value, found.error
                row |= {name: value, f"{name}_error": error}
            rows.append(row)
        return pd.DataFrame(rows)


def without_refused_levels(table: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table of levels whose results were not refused, as the run's ``summary`` tells; the crystal at rest stays."""
    refused = summary.loc[summary["refused"].fillna("") != "", "level"]
    return table[~table["level"].isin(set(refused) - {AT_REST})].reset_index(drop=True)
