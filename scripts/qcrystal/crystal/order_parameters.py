"""Order parameters of a crystal: their names and options. `qcrystal.analysis.order_parameters` measures them.

They stand apart from `qcrystal.config`, so that an edit of the configuration's schema does not rerun the analysis.
"""

from __future__ import annotations

from qcrystal.crystal.prototype import Length
from qcrystal.fields import Element, Strict


class CageAngles(Strict):
    """Angles of the quadrilaterals of the crystal's ``cage`` [Qin et al. 2023]: 90 degrees in the cubic phase."""

    fold: bool = True
    """Average the cages over the lattice before angles are taken."""


class CellAngles(Strict):
    """Angles of the conventional cell, and how far they are from those that the lattice system of the prototype fixes."""


class BondCentring(Strict):
    """How far an atom is from the middle between its two nearest ends, such as H of S-H-S: 0 in a symmetric bond."""

    bridge: Element
    """Element in the middle of the bond."""
    ends: Element
    """Element at both ends of the bond."""


class Coordination(Strict):
    """Mean number of neighbours within a distance."""

    centre: Element
    """Element whose neighbours are counted."""
    neighbour: Element
    """Element that is counted."""
    cutoff: Length
    """Distance (Å) up to which atoms are neighbours."""


class OrderParameters(Strict):
    """Order parameters that are measured of each run, by name; without any, runs have the other observables only."""

    cage_angles: CageAngles | None = None
    """Angles of the cage's quadrilaterals; null: not measured."""
    cell_angles: CellAngles | None = None
    """Angles of the conventional cell; null: not measured."""
    bond_centring: BondCentring | None = None
    """Distance of a bridging atom from the middle of its bond; null: not measured."""
    coordination: Coordination | None = None
    """Number of neighbours; null: not measured."""

    @property
    def elements(self) -> dict[str, str]:
        """Every element that an option names, by the option's key."""
        chosen = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            f"{name}.{key}": value
            for name, options in chosen.items()
            if options is not None
            for key, value in options
            if isinstance(value, str)
        }
