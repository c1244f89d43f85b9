"""Models for a crystal's prototype and cage.

They stand apart from `qcrystal.config`, so that an edit of the configuration's schema does not rerun the dynamics.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from qcrystal.fields import Count, Element, Number, Positive, Strict

Length = Annotated[Positive, Field(le=100)]
"""Å."""
LatticeConstant = Annotated[Length, Field(ge=1)]
Fraction = Annotated[Number, Field(ge=-1, le=1)]
"""Of a cell vector."""


class Site(Strict):
    """One Wyckoff site."""

    element: Element
    """Chemical symbol."""
    position: tuple[Fraction, Fraction, Fraction]
    """Fractional coordinates of one of its atoms."""


Angle = Annotated[Positive, Field(lt=180)]
"""Degrees."""


class LatticeSystem(NamedTuple):
    """A crystal system: the space groups up to ``last``, what they leave free of the cell, and what they fix.

    Attributes
    ----------
    free : tuple of str
        Parameters that a crystal must be given besides a.
    equal : tuple of str
        Lengths that are a.
    angles : dict
        Degrees, of the angles that are fixed.
    """

    name: str
    last: int
    free: tuple[str, ...]
    equal: tuple[str, ...]
    angles: dict[str, float]


RIGHT = {"alpha": 90.0, "beta": 90.0, "gamma": 90.0}
LATTICE_SYSTEMS = (
    LatticeSystem("triclinic", 2, ("b", "c", "alpha", "beta", "gamma"), (), {}),
    LatticeSystem("monoclinic", 15, ("b", "c", "beta"), (), {"alpha": 90.0, "gamma": 90.0}),
    LatticeSystem("orthorhombic", 74, ("b", "c"), (), RIGHT),
    LatticeSystem("tetragonal", 142, ("c",), ("b",), RIGHT),
    LatticeSystem("trigonal", 167, ("c",), ("b",), RIGHT | {"gamma": 120.0}),
    LatticeSystem("hexagonal", 194, ("c",), ("b",), RIGHT | {"gamma": 120.0}),
    LatticeSystem("cubic", 230, (), ("b", "c"), RIGHT),
)
"""In the standard setting: unique axis b of monoclinic groups, hexagonal axes of trigonal ones, the first origin choice."""


class CellParameters(NamedTuple):
    """Lengths (Å) and angles (degrees) of a conventional cell."""

    a: float
    b: float
    c: float
    alpha: float
    beta: float
    gamma: float

    @property
    def volume(self) -> float:
        """Å³; NaN if no cell has such angles."""
        x, y, z = (math.cos(math.radians(angle)) for angle in self[3:])
        squared = 1.0 - x * x - y * y - z * z + 2.0 * x * y * z
        return self.a * self.b * self.c * math.sqrt(squared) if squared > 0 else math.nan


class Prototype(Strict):
    """A crystal by space group, Wyckoff sites and a starting cell, in the standard setting of the space group.

    ``lattice_constant`` is a (Å). ``b``, ``c`` (Å), ``alpha``, ``beta``, ``gamma`` (degrees) are given where the lattice system
    leaves them free. A cubic crystal needs none of them, a tetragonal or hexagonal one needs c. `LATTICE_SYSTEMS` lists all.
    """

    spacegroup: Annotated[Count, Field(le=230)]
    """Number of the space group, in its standard setting."""
    sites: list[Site] = Field(min_length=1)
    """Wyckoff sites; symmetry makes the other atoms."""
    lattice_constant: LatticeConstant
    """Lattice constant a (Å) from which relaxations start."""
    b: LatticeConstant | None = None
    """Length of the second cell vector (Å); null where the space group fixes it."""
    c: LatticeConstant | None = None
    """Length of the third cell vector (Å); null where the space group fixes it."""
    alpha: Angle | None = None
    """Angle between the second and third vector (degrees); null where the space group fixes it."""
    beta: Angle | None = None
    """Angle between the first and third vector (degrees); null where the space group fixes it."""
    gamma: Angle | None = None
    """Angle between the first and second vector (degrees); null where the space group fixes it."""

    @model_validator(mode="after")
    def _fits_the_lattice_system(self) -> Prototype:
        system, group = self.lattice_system, self.spacegroup
        missing = [name for name in system.free if getattr(self, name) is None]
        if missing:
            units = " (Å)" if missing[0] in "bc" else " (degrees)"
            raise ValueError(f"{missing[0]}: space group {group} is {system.name}; give {' and '.join(missing)}{units}")
        fixed = dict.fromkeys(system.equal, self.lattice_constant) | system.angles
        for name, value in fixed.items():
            given = getattr(self, name)
            if given is not None and abs(given - value) > 1e-6:
                raise ValueError(
                    f"{name}: space group {group} is {system.name}, so it is {value:g}, not {given:g}; take it out"
                )
        if math.isnan(self.cell_parameters(self.lattice_constant).volume):
            raise ValueError("alpha, beta and gamma: no cell has such angles; correct them")
        return self

    @property
    def lattice_system(self) -> LatticeSystem:
        """The crystal system of the space group, with what it fixes of the cell."""
        return next(system for system in LATTICE_SYSTEMS if self.spacegroup <= system.last)

    @property
    def cubic(self) -> bool:
        """Whether the space group is cubic."""
        return self.lattice_system.name == "cubic"

    def cell_parameters(self, lattice_constant: float) -> CellParameters:
        """The prototype's cell, scaled without a change of shape until a is ``lattice_constant`` (Å)."""
        a, values = (
            self.lattice_constant,
            self.lattice_system.angles | self.model_dump(include=set(self.lattice_system.free)),
        )
        b, c = (lattice_constant * (values[name] / a) if name in values else lattice_constant for name in "bc")
        return CellParameters(lattice_constant, b, c, values["alpha"], values["beta"], values["gamma"])

    def with_cell(self, cell: CellParameters) -> Prototype:
        """The same crystal with another cell; what the lattice system fixes stays fixed."""
        own = {name: getattr(cell, name) for name in self.lattice_system.free}
        return self.model_copy(update={"lattice_constant": cell.a, **own})


class Cage(Strict):
    """The cage around each centre atom whose quadrilaterals are the order parameter of [Qin]."""

    centre: Element
    """Element at the centre."""
    member: Element
    """Element at the corners."""
    members: Annotated[Count, Field(le=500)]
    """Corners of a cage."""
    quadrilaterals: Annotated[Count, Field(le=500)]
    """Faces with four corners."""
    hexagons: Annotated[Count, Field(le=500)]
    """Faces with six corners."""
