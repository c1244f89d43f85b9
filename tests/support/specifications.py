"""Run specifications of the tests."""

from crystals import MASSES

from qcrystal.dynamics.spec import RunSpec


def specification(**changes) -> RunSpec:
    """A short classical run of LaH10; ``changes`` are fields of `RunSpec`."""
    values = {
        "run": "test",
        "system": "LaH10",
        "method": "classical",
        "repeat": (1, 1, 1),
        "species": ("La", "H"),
        "masses": MASSES,
        "temperature": 300,
        "pressure": 150,
        "timestep": 0.5,
        "steps": 60,
        "sample_every": 5,
        "checkpoint_every": 20,
        "seed": 3,
    }
    return RunSpec(**(values | changes))


def at_fixed_cell(method: str, masses: dict, steps: int, **values) -> RunSpec:
    """A run at fixed cell, of the species of ``masses`` (u), in one piece: its only checkpoint is its end.

    ``values`` are the other fields of `RunSpec`: temperature (K), timestep (fs), sample_every (steps), seed, ...
    """
    common = {"run": method, "system": "none", "ensemble": "nvt", "pressure": None, "checkpoint_every": steps}
    return specification(method=method, species=tuple(masses), masses=masses, steps=steps, **(common | values))
