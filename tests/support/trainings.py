"""Small trainings for tests."""

from qcrystal.potential.settings import Training

ARCHITECTURE = {
    "trainer": "deepmd",
    "optimizer": "adam",
    "schedule": "exp",
    "descriptor": [4, 8, 16],
    "axis_neuron": 4,
    "type_one_side": True,
    "sel": [18, 128],
    "cutoff": 4.0,
    "cutoff_smooth": 2.0,
    "fitting": [12, 12],
    "precision": "float32",
    "start_lr": 2e-3,
    "stop_lr": 1e-6,
    "energy": (0.02, 1),
}
PARTS = {"effort": ("steps", "checkpoint_every"), "": ("species", "seeds", "repulsion")}


def training(**changes) -> Training:
    """A training of LaH10 on DeePMD-kit with some settings changed, wherever in the model they stand."""
    given = {name: changes.pop(name) for name in (*PARTS["effort"], *PARTS[""]) if name in changes}
    effort = {"steps": 12} | {name: given.pop(name) for name in PARTS["effort"] if name in given}
    settings = {"species": ["La", "H"], "seeds": {"descriptor": 11, "fitting": 12, "batches": 13}} | given
    return Training(architecture=ARCHITECTURE | changes, effort=effort, **settings)
