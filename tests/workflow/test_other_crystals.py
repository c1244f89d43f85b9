"""H3S from its shipped labels to every figure, at the smallest size; nothing of LaH10 is read."""

import json

import pytest
import yaml

from qcrystal.config.layers import put_over

pytestmark = [pytest.mark.timeout(1800), pytest.mark.slow]


@pytest.fixture(scope="module")
def h3s(root, shared_workspace):
    general, own = (root / "config/scales/smoke.yaml", root / "config/crystals/h3s/scales/smoke.yaml")
    scale = put_over(*(yaml.safe_load(path.read_text()) for path in (general, own)))
    scale["training"].update(steps=1000, checkpoint_every=500)
    for sweep in scale["sweeps"].values():
        sweep["temperatures"] = [300]
    (shared_workspace.folder / "smoke.yaml").write_text(yaml.safe_dump(scale))
    arguments = ("--config", "crystal=h3s", "scale=./smoke.yaml", "start=labels")
    process = shared_workspace.snakemake(*arguments)
    assert process.returncode == 0, (process.stdout + process.stderr)[-4000:]
    return shared_workspace, arguments


def test_every_figure_is_drawn_and_none_reads_a_file_of_another_crystal(h3s, root):
    workspace, _ = h3s
    folder = workspace.folder / "results" / "h3s" / "smoke" / "figures"
    figures = yaml.safe_load((root / "config/crystals/h3s/figures.yaml").read_text())["figures"]
    for name in figures:
        assert {path.suffix for path in folder.glob(f"{name}.*")} & {".png", ".csv"}, name
        given = json.loads((folder / f"{name}.prov.json").read_text())["deterministic"]["inputs"]
        assert not [entry["path"] for entry in given if "lah10" in entry["path"] or "lithium" in entry["path"]]


def test_a_second_run_has_nothing_to_do_and_another_potential_is_refused(h3s):
    workspace, arguments = h3s
    assert workspace.planned(*arguments) == {}
    process = workspace.snakemake("-n", *arguments, "dataset=other")
    assert process.returncode != 0
