"""Recipes of a data folder draw the frames that the folder's labels are of."""

import json

import pytest
import yaml

from qcrystal.commands.label_recipes import frames, read_recipes, restore
from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.errors import QcrystalError
from qcrystal.io.structures import read_structures


def test_recipes_draw_the_frames_that_are_labelled(root, tmp_path):
    """Every shipped label finds its frame again, atom by atom and within the rounding of the file."""
    folder = root / "data" / "h3s-gpaw"
    document = yaml.safe_load((folder / "recipes.yaml").read_text(encoding="utf-8"))
    frames(document, folder, tmp_path)
    restore(document, folder, tmp_path)
    labels = {path: json.loads(path.read_text()) for path in tmp_path.glob("labels/*.frames/*.json")}
    assert len(labels) == sum(len(system) for system in read_dataset(folder, document["species"])) > 30
    for path, label in labels.items():
        drawn = read_structures(tmp_path / "frames" / f"{path.parent.stem}.extxyz")[int(path.stem)]
        assert drawn.get_chemical_symbols() == label["symbols"]
        assert abs(drawn.cell.array - label["cell"]).max() < 1e-6  # Å; extended XYZ has eight decimals


@pytest.mark.parametrize(("names", "says"), [(["hot_a", "hot_a"], "share a name"), (["ab_c", "cb_a"], "random seed")])
def test_recipes_that_would_draw_the_same_numbers_are_refused(tmp_path, names, says):
    path = tmp_path / "recipes.yaml"
    path.write_text(yaml.safe_dump({"dft": {"recipes": [{"name": name} for name in names]}}))
    with pytest.raises(QcrystalError, match=says) as refusal:
        read_recipes(path)
    (line,) = str(refusal.value).splitlines()
    assert line.startswith(f"{path}: dft.recipes: ")
