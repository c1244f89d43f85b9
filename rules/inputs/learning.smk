# What concurrent learning begins with, explores and labels.
from qcrystal.dataset.labelled_frames import DatasetError
from qcrystal.learning.explore import exploration
from qcrystal.learning.generations import generations_within
from qcrystal.potential.settings import Effort, Seeds, Training

LEARNING = CRYSTAL.learning
LEARNING_SOURCE = MAIN.datasets[MAIN.dataset].path if MAIN.learning_from == "dataset" else None
try:
    FIRST = generations_within(Path(LEARNING_SOURCE)) if LEARNING_SOURCE else 0
except DatasetError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
LAST = FIRST + SCALE.learning.generations
EXPLORATION = {g: {name: plain(spec) for name, spec in exploration(CONFIG, g).items()} for g in range(FIRST, LAST)}
RECIPES = {recipe.name: plain(recipe) for recipe in DFT.recipes}
COMMITTEE = list(range(1, LEARNING.committee + 1))
LEARNING_BATCHES = list(range(SCALE.learning.batches))
LEARNING_SOURCE_FILES = dataset_parts(LEARNING_SOURCE) if LEARNING_SOURCE else []


def learning_training(generation, member):
    """Settings of one member's training as plain data."""
    steps = SCALE.learning.training_steps
    return plain(
        Training(
            species=CRYSTAL.species,
            architecture=CRYSTAL.training[LEARNING.training],
            effort=Effort(steps=steps, checkpoint_every=max(1, steps // 4)),
            seeds=Seeds.following(CONFIG.seed("learning", generation, member)),
        )
    )


def labels_before(generation):
    """The labels that a generation's committee is trained on: those it all begins with and of all generations before it."""
    recipes = [] if LEARNING_SOURCE else expand(results("dft/labels/{batch}.json"), batch=DFT_BATCHES)
    earlier = range(FIRST, generation)
    return recipes + expand(results("learning/{earlier}/labels/{batch}.json"), earlier=earlier, batch=LEARNING_BATCHES)


def explored(suffix):
    """Files with a suffix of all runs of a generation."""
    return lambda wildcards: expand(
        results(f"learning/{wildcards.generation}/explore/{{run}}.{suffix}"), run=EXPLORATION[int(wildcards.generation)]
    )
