"""Stands in for the interpreter that carries GPAW: the real labeller with a deep potential in place of DFT.

Called as that interpreter is: ``stand_in scripts/dft/label.py --frames ...``, ``stand_in -m gpaw dataset La -f PBE -w`` or
``stand_in -m gpaw --version``.
"""

import importlib.util
import os
import sys
import time
import types
from pathlib import Path


def pretend_gpaw():
    """A module that is imported as gpaw: as much of it as the labeller reads besides the calculator."""
    module, mpi = types.ModuleType("gpaw"), types.ModuleType("gpaw.mpi")
    module.__version__, module.setup_paths, module.mpi = "stand-in", [], mpi
    mpi.world = types.SimpleNamespace(rank=0)
    sys.modules.update({"gpaw": module, "gpaw.mpi": mpi})


def label(calculator):
    """The labeller's function of this name."""

    def labelled(atoms, settings, log):
        atoms.calc = calculator
        Path(log).write_text("no DFT\n")
        time.sleep(float(os.environ.get("STAND_IN_SECONDS", "0")))
        return {
            "energy": atoms.get_potential_energy(),
            "forces": atoms.get_forces().tolist(),
            "virial": (-atoms.get_volume() * atoms.get_stress(voigt=False)).tolist(),
            "cell": atoms.cell.array.tolist(),
            "positions": atoms.positions.tolist(),
            "symbols": atoms.get_chemical_symbols(),
            "origin": atoms.info["origin"],
            "kpoints": [1, 1, 1],
            "scf_iterations": 1,
            "seconds": 0.0,
        }

    return labelled


def main(arguments):
    if arguments[2:] == ["--version"]:
        print("gpaw-stand-in")
        return
    if arguments[0] == "-m":
        element, functional = arguments[3], arguments[5]
        Path(f"{element}.{functional}").write_text("no PAW set\n")
        return
    script = Path(arguments[0]).resolve()
    sys.path[:0] = [str(script.parent)]
    from qcrystal.potential.calculator import DeepPotential

    pretend_gpaw()
    spec = importlib.util.spec_from_file_location("label", script)
    labeller = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(labeller)
    labeller.label = label(DeepPotential(os.environ["STAND_IN_MODEL"]))
    sys.argv = arguments
    labeller.main()


if __name__ == "__main__":
    main(sys.argv[1:])
