"""LaH10 as the tests use it: Fm-3m, La on 4b, H on 8c and 32f."""

from ase import Atoms
from ase.spacegroup import crystal

from qcrystal.crystal.prototype import Prototype, Site

FREE = 0.1205  # x of 32f that [Qin] gives in table I
COORDINATES = (("La", 0.5), ("H", 0.25), ("H", FREE))
MASSES = {"La": 138.905, "H": 1.008}  # u


def lah10(lattice_constant: float, lanthanum: str = "La", primitive: bool = False) -> Atoms:
    """A cell of LaH10: 44 atoms, or 11 if primitive; the lattice constant is in Å."""
    symbols = [lanthanum if symbol == "La" else symbol for symbol, _ in COORDINATES]
    sites = [(x, x, x) for _, x in COORDINATES]
    cell = [lattice_constant] * 3 + [90.0] * 3
    return crystal(symbols, sites, spacegroup=225, cellpar=cell, primitive_cell=primitive)


def lah10_prototype(lattice_constant: float) -> Prototype:
    """LaH10 as a configuration names it; the lattice constant is in Å."""
    sites = [Site(element=symbol, position=(x, x, x)) for symbol, x in COORDINATES]
    return Prototype(spacegroup=225, sites=sites, lattice_constant=lattice_constant)
