"""What the run specifications of the acceptance tests have in common."""

from qcrystal.dynamics.spec import RunSpec


def at_fixed_cell(method: str, masses: dict, steps: int, **values) -> RunSpec:
    """A run at fixed cell, of the species of ``masses`` (u), in one piece: its only checkpoint is its end.

    ``values`` are the other fields of `RunSpec`: temperature (K), timestep (fs), sample_every (steps), seed, ...
    """
    common = {"run": method, "system": "none", "ensemble": "nvt", "repeat": (1, 1, 1), "pressure": None}
    own = {"method": method, "species": tuple(masses), "masses": masses, "steps": steps, "checkpoint_every": steps}
    return RunSpec(**(common | own | values))
