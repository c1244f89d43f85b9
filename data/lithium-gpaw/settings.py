"""Static energies and pressures of bcc and fcc lithium by the settings of the labels: what `settings.csv` is made from.

    /usr/bin/python3 data/lithium-gpaw/settings.py data/lithium-gpaw/settings.csv            with GPAW's own set
    /usr/bin/python3 data/lithium-gpaw/settings.py data/lithium-gpaw/settings.csv PAW        also with the generated set in PAW

It takes the labeller of the workflow, `scripts/dft/label.py`. Cells are primitive, atoms at rest. Lines that the table has
are not computed again. The generated set has three valence electrons, GPAW's own has one.
"""

import sys
import time
from pathlib import Path

import gpaw
import numpy as np
from ase import units
from ase.build import bulk
from growing_table import fill, methfessel_paxton

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "dft"))
from label import label  # noqa: E402

VOLUMES = (17.0, 19.2, 21.0)  # Å³/atom
OWN = [(250, 30, 0.3), (300, 30, 0.3), (350, 30, 0.3), (450, 30, 0.3), (300, 30, 0.5), (250, 24, 0.5), (250, 24, 0.8)]
GENERATED = [(600, 30, 0.3)]
KEYS = ("electrons", "cutoff_eV", "kpoint_length_A", "width_eV", "volume_A3_per_atom")
VALUES = (
    "bcc_meV_per_atom",
    "fcc_meV_per_atom",
    "bcc_minus_fcc_meV_per_atom",
    "bcc_pressure_GPa",
    "fcc_pressure_GPa",
    "seconds",
)


def calculate(electrons, cutoff, length, width, volume):
    """One line: both phases by Methfessel-Paxton of first order."""
    settings = methfessel_paxton(cutoff, length, width, symmetry=True)
    started, energies, pressures = time.process_time(), [], []
    for phase, atoms_per_cube in (("bcc", 2), ("fcc", 4)):
        atoms = bulk("Li", phase, a=np.cbrt(atoms_per_cube * volume))
        atoms.info["origin"] = phase
        result = label(atoms, settings, None)
        energies.append(1e3 * result["energy"])
        pressures.append(np.trace(result["virial"]) / (3 * volume) / units.GPa)
    values = [*energies, energies[0] - energies[1], *pressures, time.process_time() - started]
    digits = (3, 3, 3, 4, 4, 1)
    shown = (f"{value:.{number}f}" for value, number in zip(values, digits, strict=True))
    return dict(zip((*KEYS, *VALUES), (electrons, cutoff, length, width, volume, *shown), strict=True))


def main():
    plan = [(1, *one) for one in OWN]
    if len(sys.argv) > 2:
        plan = [(3, *one) for one in GENERATED]
        gpaw.setup_paths.insert(0, str(Path(sys.argv[2]).resolve()))
    lines = [(*one, volume) for one in plan for volume in VOLUMES]
    fill(sys.argv[1], (*KEYS, *VALUES), KEYS, lines, calculate)


if __name__ == "__main__":
    main()
