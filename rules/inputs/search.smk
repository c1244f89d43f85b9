# What the search over compositions is told, where the crystal has one.
from qcrystal.potential.settings import Effort, Seeds, Training
from qcrystal.search.compositions import compositions

TERNARY, TERNARY_EFFORT = CRYSTAL.ternary, SCALE.ternary


def ternary_parameters():
    """Parameters that all rules of the search over compositions share."""
    stand_in = plain(TERNARY)["stand_in"] if TERNARY_EFFORT.stand_in else None
    return {
        "engine": ENGINE,
        "stand_in": stand_in,
        "pressure": TERNARY.pressure,
        "elements": TERNARY.elements,
        "max_steps": TERNARY_EFFORT.max_relaxation_steps,
        "shortest": CRYSTAL.search.shortest_distances,
        "thresholds": dict(TERNARY.funnel),
    }


def ternary_batches():
    """Batches of random starts, the first and last number of each, by name."""
    found = list(compositions(TERNARY.elements, TERNARY.formula.space, TERNARY_EFFORT.max_atoms))
    total, size = len(found) * TERNARY_EFFORT.starts, TERNARY_EFFORT.batch
    return {f"random-{n // size}": (n, min(n + size, total)) for n in range(0, total, size)}


def compared_training(name):
    """Settings of an architecture's training as plain data, for its comparison with others."""
    steps = TERNARY_EFFORT.training_steps or SCALE.training.steps_of(name)
    return plain(
        Training(
            species=CRYSTAL.species,
            architecture=CRYSTAL.training[name],
            effort=Effort(steps=steps, checkpoint_every=SCALE.training.checkpoint_every),
            seeds=Seeds.following(CONFIG.seed("ternary training", name)),
            repulsion={} if STAND_IN_LABELS else CRYSTAL.repulsion,
        )
    )
