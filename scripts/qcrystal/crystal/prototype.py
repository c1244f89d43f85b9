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
    """One Wyckoff site: element and fractional coordinates."""

    element: Element
    position: tuple[Fraction, Fraction, Fraction]


class Prototype(Strict):
    """A crystal by space group, sites and a starting lattice constant (Å)."""

    spacegroup: Annotated[Count, Field(le=230)]
    sites: list[Site] = Field(min_length=1)
    lattice_constant: LatticeConstant


class Cage(Strict):
    """The cage around each centre atom whose quadrilaterals are the order parameter of [Qin]."""

    centre: Element
    member: Element
    members: Annotated[Count, Field(le=500)]
    quadrilaterals: Annotated[Count, Field(le=500)]
    hexagons: Annotated[Count, Field(le=500)]
