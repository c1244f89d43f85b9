# Settings of a training, and the files of a potential.
from qcrystal.potential.settings import Effort, Seeds, Training

ARCHITECTURE = CRYSTAL.training[MAIN.training]


def training(member):
    """Settings of a training as plain data; ``member`` names the data set and the potential's place in its committee."""
    return plain(
        Training(
            species=CRYSTAL.species,
            architecture=ARCHITECTURE,
            effort=Effort(
                steps=SCALE.training.steps_of(MAIN.training),
                checkpoint_every=SCALE.training.checkpoint_every,
            ),
            seeds=Seeds.following(CONFIG.seed("training", member)),
            repulsion=CRYSTAL.repulsion,
        )
    )


def released_members(folder):
    """Files of a released potential and of its committee."""
    return [f"{folder}/model.pb", *sorted(str(path) for path in Path(folder).glob("model-*.pb"))]


def potential_members(folder):
    """Files of a potential and of its committee: those of a released one that are there, those of one that is trained here."""
    if folder == MAIN.model:
        return released_members(folder)
    return [f"{folder}/model.pb", *(f"{folder}/model-{member}.pb" for member in range(2, SCALE.training.committee + 1))]
