# What the search over compositions is told, where the crystal has one.
from qcrystal.dft.gpaw_process import DftError, gpaw_python
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


def ternary_dft_tests():
    """Whether DFT tests candidates: the scale asks for it, and GPAW or its labels are there; its stand-in always is.

    Without GPAW the figures are drawn all the same, and one line says what they lack.
    """
    if not TERNARY_EFFORT.dft or TERNARY_EFFORT.stand_in or Path(results("search/ternary/dft/labels.json")).is_file():
        return TERNARY_EFFORT.dft
    if workflow.deployment_settings.deployment_method:  # jobs have environments of their own, with GPAW
        return True
    try:
        gpaw_python(MAIN.dft_python)
    except DftError as error:
        if workflow.is_main_process:
            print(f"the search over compositions leaves F5 and the rejects untested: {error}", file=sys.stderr)
        return False
    return True


def ternary_batches(turn=1):
    """Batches of random starts of a turn, the first and last number of each, by name. Later turns have other numbers."""
    found = list(compositions(TERNARY.elements, TERNARY.formula.space, TERNARY_EFFORT.max_atoms))
    total, size = len(found) * TERNARY_EFFORT.starts, TERNARY_EFFORT.batch
    first = (turn - 1) * total
    return {f"random-{n // size}": (first + n, first + min(n + size, total)) for n in range(0, total, size)}


def of_turn(turn, path):
    """A file of a turn of the learning loops; the first turn is the search itself."""
    return results(f"search/ternary/{path}" if int(turn) == 1 else f"search/ternary/turns/{turn}/{path}")


def of_earlier_turns(path):
    """The same files of all turns before."""
    return lambda wildcards: [of_turn(turn, path) for turn in range(1, int(wildcards.turn))]


def turn_model(wildcards):
    """What searches in a later turn: the first of a committee, or the stand-in that was fitted to earlier labels."""
    return [
        results(f"search/ternary/turns/{wildcards.turn}/{'stand_in.json' if TERNARY_EFFORT.stand_in else 'model.pb'}")
    ]


def turn_committee(wildcards):
    """Committee of a later turn; a fitted stand-in has its own in one file."""
    if TERNARY_EFFORT.stand_in:
        return turn_model(wildcards)
    return potential_members(results(f"search/ternary/turns/{wildcards.turn}"))


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
