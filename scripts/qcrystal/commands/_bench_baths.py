"""What a bath alone costs in each step, without forces and without LAMMPS."""

from __future__ import annotations

import json
import time

import numpy as np
from ase import units

from qcrystal.commands.bench_potential import MASSES, TEMPERATURE, TIMESTEP, lanthanum_decahydride
from qcrystal.dynamics.bath.adaptive import AdaptiveBath
from qcrystal.dynamics.bath.parameters import Bath
from qcrystal.dynamics.bath.thermal import ThermalBath
from qcrystal.dynamics.lammps.compiled_bath import CompiledBath
from qcrystal.units import AMU_A2_PS2

METHODS = {"classical": (ThermalBath, False), "qtb": (ThermalBath, True), "adqtb": (AdaptiveBath, True)}


def alone(repeat: list[int], rounds: int) -> str:
    """Processor time (ms) of a step of each bath, as JSON: smallest of the rounds, each a segment with its noise and its end."""
    atoms = lanthanum_decahydride(repeat)
    kinds = np.array([list(MASSES).index(symbol) for symbol in atoms.get_chemical_symbols()])
    masses = np.array([MASSES[symbol] for symbol in atoms.get_chemical_symbols()])
    thermal = np.sqrt(units.kB * TEMPERATURE / (AMU_A2_PS2 * masses))[:, None]
    rng, step = np.random.default_rng(6), TIMESTEP * 1e3
    tags = np.arange(1, len(atoms) + 1, dtype=np.int32)
    found = {}
    for name, (kind, quantum) in METHODS.items():
        bath = kind(Bath(), TEMPERATURE, step, masses, 5, quantum, kinds)
        bath.prepare()
        compiled = CompiledBath(bath, 0.5 * TIMESTEP / AMU_A2_PS2)
        velocities = thermal * rng.normal(size=(len(atoms), 3))
        forces, length = np.zeros_like(velocities), bath.segment_steps
        compiled.kick(length - 1, tags, velocities, forces)
        best = np.inf
        for number in range(1, rounds + 1):
            started = time.process_time()
            for now in range(number * length, (number + 1) * length):
                compiled.kick(now, tags, velocities, forces)
            best = min(best, (time.process_time() - started) / length)
        found[name] = 1e3 * best
    return json.dumps(found)
