"""Units of i-PI, which speaks atomic units throughout: a quantity in ours times its unit is in atomic ones."""

from __future__ import annotations

from ase import units
from scipy import constants

FEMTOSECOND = 1e-15 / constants.physical_constants["atomic unit of time"][0]
DALTON = constants.atomic_mass / constants.m_e
KELVIN = units.kB / units.Hartree
GIGAPASCAL = units.GPa * units.Bohr**3 / units.Hartree
