"""A model of T_c from the crystal alone, judged on crystals and prototypes that it was not fitted to. K.

ln T_c is fitted by ridge regression on frozen descriptors, as X. Wang et al., arXiv 2502.16558 (2025), predict T_c from a
descriptor of the crystal. Theirs is a trained network's. Ours is SOAP, so that any element may occur. Two models without a
structure stand beside it: a constant, and composition alone. A model that is no better than these has learned nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from ase import Atoms
from pymatgen.core import Element
from sklearn.linear_model import RidgeCV

from qcrystal.crystal.cells import primitive_cell
from qcrystal.crystal.formulas import HYDROGEN
from qcrystal.crystal.prototype import Prototype
from qcrystal.crystal.soap import SoapSettings
from qcrystal.errors import QcrystalError
from qcrystal.manuscript.published import Published

STRENGTHS = 10.0 ** np.arange(-3, 4)
"""Ridge penalties, relative to the variance of a descriptor; the training data choose one by leave-one-out."""
METAL = "He"
"""Stands for every element but hydrogen in SOAP, so that crystals of any elements have one descriptor."""
VOLUME = 2.0
"""Å³ per atom to which crystals are scaled: pressures differ, and published works rarely tell the lattice constant."""
MODELS = ("constant", "composition", "descriptor", "descriptor and composition")
SPLITS = ("leave one compound out", "leave one prototype out")


class TcModelError(QcrystalError, ValueError):
    """Data from which no model can be made; one line."""


class Known(NamedTuple):
    """A compound with a known T_c.

    Attributes
    ----------
    prototype : str
        Orderings of several metals on one lattice share a prototype.
    tc : float
        K.
    source : str
        Who published it, or ``this work``.
    """

    compound: str
    prototype: str
    atoms: Atoms
    tc: float
    source: str


def structure_descriptor(atoms: Atoms, settings: SoapSettings) -> np.ndarray:
    """SOAP of a crystal, averaged over its hydrogen atoms and over the others; shape (2 D,).

    All elements but hydrogen count as one. The crystal is scaled to `VOLUME`.

    Raises
    ------
    TcModelError
        It lacks hydrogen, or has nothing else.
    """
    from dscribe.descriptors import SOAP  # takes seconds

    hydrogen = np.array(atoms.get_chemical_symbols()) == HYDROGEN
    if hydrogen.all() or not hydrogen.any():
        raise TcModelError(f"{atoms.symbols} is no hydride; leave it out")
    plain = Atoms(np.where(hydrogen, HYDROGEN, METAL), cell=atoms.cell, positions=atoms.positions, pbc=True)
    plain.set_cell(plain.cell * (VOLUME * len(plain) / plain.get_volume()) ** (1 / 3), scale_atoms=True)
    soap = SOAP(
        species=[HYDROGEN, METAL],
        periodic=True,
        r_cut=settings.cutoff,
        n_max=settings.radial,
        l_max=settings.angular,
        sigma=settings.width,
    )
    each = np.asarray(soap.create(plain), float)
    return np.concatenate([each[hydrogen].mean(axis=0), each[~hydrogen].mean(axis=0)])


def composition_descriptor(atoms: Atoms) -> np.ndarray:
    """Composition alone: the share of hydrogen; means over the other atoms of ln mass, electronegativity and group; (4,)."""
    symbols = atoms.get_chemical_symbols()
    others = [Element(symbol) for symbol in symbols if symbol != HYDROGEN]
    features = [(np.log(float(one.atomic_mass)), float(one.X), float(one.group)) for one in others]
    return np.array([1 - len(others) / len(symbols), *np.mean(features, axis=0)])


def fit(blocks: Sequence[np.ndarray], values: np.ndarray) -> Callable[[Sequence[np.ndarray]], np.ndarray]:
    """Ridge regression on standardised features; the penalty of `STRENGTHS` has the smallest leave-one-out error.

    Parameters
    ----------
    blocks : list of (n, D_i) arrays
        Kinds of features. Each kind has the same weight, however many features it has. None: a constant is fitted.
    values : (n,) array

    Returns
    -------
    callable
        Predictions (m,) for blocks of (m, D_i) features.
    """
    if not blocks:
        constant = float(np.mean(values))
        return lambda others: np.array(constant)
    scale = np.concatenate([_scale(block) for block in blocks]) / np.sqrt(len(blocks))
    model = RidgeCV(alphas=STRENGTHS * len(values)).fit(np.hstack(blocks) * scale, values)
    return lambda others: model.predict(np.hstack(others) * scale)


def _scale(block: np.ndarray) -> np.ndarray:
    """Factor of each feature by which the block's variances sum to one; 0 where a feature does not vary."""
    spread = block.std(axis=0)
    varies = spread > 1e-9 * np.maximum(np.abs(block).max(axis=0), 1e-3)
    return np.divide(varies, spread * np.sqrt(max(varies.sum(), 1)), out=np.zeros_like(spread), where=varies)


def check_known(known: Sequence[Known]) -> None:
    """Make sure that each split leaves two compounds to fit.

    Raises
    ------
    TcModelError
        Fewer than three compounds or two prototypes, a prototype of all but one compound, or T_c not above 0.
    """
    for one in known:
        if not (np.isfinite(one.tc) and one.tc > 0):
            raise TcModelError(f"{one.compound}: T_c is {one.tc:g} K, and its logarithm is fitted; leave it out")
    counts = pd.Series([one.prototype for one in known], dtype=object).value_counts()
    if len(known) < 3 or len(counts) < 2:
        found = f"{len(known)} compounds of {len(counts)} prototypes"
        raise TcModelError(f"tc_model.known: {found}, and a model needs three of two; add some")
    if len(known) - counts.iloc[0] < 2:
        found = f"all but {len(known) - counts.iloc[0]} of the compounds are {counts.index[0]}"
        raise TcModelError(f"tc_model.known: {found}; add two of other prototypes")


def predictions(known: Sequence[Known], settings: SoapSettings) -> pd.DataFrame:
    """T_c of every compound by every model, each fitted without it or without its prototype.

    Returns
    -------
    pandas.DataFrame
        compound, formula, prototype, tc, source, model, split, fitted (number of compounds), predicted. A row for each
        compound, model and split.

    Raises
    ------
    TcModelError
        See `check_known`.
    """
    check_known(known)
    structure = np.array([structure_descriptor(one.atoms, settings) for one in known])
    composition = np.array([composition_descriptor(one.atoms) for one in known])
    blocks = dict(zip(MODELS, ([], [composition], [structure], [structure, composition]), strict=True))
    values = np.log([one.tc for one in known])
    rows = []
    for split, groups in zip(SPLITS, ([one.compound for one in known], [one.prototype for one in known]), strict=True):
        for group, model in itertools.product(dict.fromkeys(groups), MODELS):
            left_out = np.array([each == group for each in groups])
            predict = fit([block[~left_out] for block in blocks[model]], values[~left_out])
            found = np.broadcast_to(predict([block[left_out] for block in blocks[model]]), left_out.sum())
            for number, value in zip(np.flatnonzero(left_out), found, strict=True):
                one = known[int(number)]
                row: dict[str, Any] = {
                    "compound": one.compound,
                    "formula": str(one.atoms.symbols),
                    "prototype": one.prototype,
                }
                row |= {"tc": one.tc, "source": one.source, "model": model, "split": split}
                rows.append({**row, "fitted": int((~left_out).sum()), "predicted": float(np.exp(value))})
    return pd.DataFrame(rows)


def published_values(entries: Mapping[str, Mapping[str, Any]], literature: Published) -> list[Known]:
    """Compounds with a published T_c, the mean of its ``tc_low`` and ``tc_high``.

    Parameters
    ----------
    entries
        By name: ``prototype``, ``crystal`` (as data of `Prototype`) and ``published`` (name of the value).
    """
    found = []
    for name, entry in entries.items():
        cited = literature.cited(entry["published"])
        prototype = Prototype.model_validate(entry["crystal"])
        atoms = primitive_cell(prototype, prototype.lattice_constant)
        mean = 0.5 * (cited.value["tc_low"] + cited.value["tc_high"])
        found.append(Known(name, entry["prototype"], atoms, mean, ", ".join(filter(None, (cited.label, cited.where)))))
    return found


def merged(published: Sequence[Known], own: Sequence[Known]) -> list[Known]:
    """All compounds; one of this work takes the place of a published one of its name, and the prototype that it has there."""
    prototypes = {one.compound: one.prototype for one in published}
    mine = {one.compound: one._replace(prototype=prototypes.get(one.compound, one.prototype)) for one in own}
    return [mine.pop(one.compound, one) for one in published] + list(mine.values())


def own_values(table: pd.DataFrame, crystals: Mapping[str, Atoms], mu_star: float) -> list[Known]:
    """Compounds of this work whose T_c is converged: mean over the broadenings of the finest meshes, by the Eliashberg equations.

    Parameters
    ----------
    table
        As of `qcrystal.superconductivity.tables.compound_table`.
    crystals
        Relaxed crystals by the name of the compound.
    mu_star
        Coulomb pseudopotential of the value that is taken.
    """
    found = []
    for name, atoms in crystals.items():
        own = table[
            (table["compound"] == name) & (table["status"] == "converged") & np.isclose(table["mu_star"], mu_star)
        ]
        if own.empty:
            continue
        for mesh in ("q", "k"):
            own = own[own[mesh] == own[mesh].max()]
        found.append(Known(name, str(own["prototype"].iloc[0]), atoms, float(own["eliashberg"].mean()), "this work"))
    return found
