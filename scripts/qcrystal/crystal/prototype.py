"""The crystal as it is configured: prototype and cage; apart from `qcrystal.config`, no change of which reruns dynamics."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

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


class Prototype(Strict):
    """A crystal by space group and sites."""

    spacegroup: Annotated[Count, Field(le=230)]
    """Number of the space group, in its standard setting."""
    sites: list[Site] = Field(min_length=1)
    """Wyckoff sites; symmetry makes the other atoms."""
    lattice_constant: LatticeConstant
    """Lattice constant (Å) from which relaxations start."""


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
