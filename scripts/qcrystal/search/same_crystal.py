"""Recognition of one crystal in two pictures of it, as two starts of a search may end in the same place."""

from __future__ import annotations

from qcrystal.statics.relax import Relaxed

# eV/atom and relative: relaxed crystals further apart than this in enthalpy or volume are not the same; fmax leaves less.
SAME_ENTHALPY, SAME_VOLUME = 1e-3, 5e-3
# Of (V/N)^(1/3), relative, degrees: how far positions, lengths and angles of two pictures of one crystal may differ.
SAME_SITE, SAME_LENGTH, SAME_ANGLE = 0.1, 0.03, 2.0


def same_crystal(first: Relaxed, second: Relaxed) -> bool:
    """Whether two relaxed crystals are one: enthalpy, volume, and the atoms' places in any primitive cell, order and origin.

    The space group is not asked: it depends on a tolerance.
    """
    if abs(first.enthalpy - second.enthalpy) > SAME_ENTHALPY or abs(first.volume / second.volume - 1) > SAME_VOLUME:
        return False
    from pymatgen.analysis.structure_matcher import StructureMatcher  # takes seconds
    from pymatgen.io.ase import AseAtomsAdaptor

    matcher = StructureMatcher(
        ltol=SAME_LENGTH, stol=SAME_SITE, angle_tol=SAME_ANGLE, primitive_cell=False, scale=False
    )
    one, other = (AseAtomsAdaptor.get_structure(crystal.atoms) for crystal in (first, second))
    return bool(matcher.fit(one, other))
