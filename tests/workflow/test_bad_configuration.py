"""Bad configuration: one line that names the file, the key and the value, exit status not 0, no traceback, no job."""

import pytest
import yaml

pytestmark = pytest.mark.timeout(120)


def scale_with(**changes):
    """Change one sweep of the smoke scale."""

    def edit(document):
        document["sweeps"]["qtb_grid"].update(changes)

    return "scales/smoke.yaml", edit


def system_with(edit):
    return "systems/lah10.yaml", edit


def unknown_prototype_element(document):
    document["prototypes"]["Fm-3m"]["sites"][0]["element"] = "Ce"


def isotope_of_nothing(document):
    document["isotopes"]["T"] = {"element": "He", "mass": 3.0}


def negative_mass(document):
    document["isotopes"]["D"]["mass"] = -2


def cage_of_nothing(document):
    document["cage"]["centre"] = "X"


def one_name(document):
    for recipe in document["dft"]["recipes"]:
        recipe["name"] = "same"


def one_pressure(document):
    document["statics"]["phonon_pressures"] = [100]


IN_FILES = {
    "unknown key in a sweep": (scale_with(presure=[1]), ["config/scales/smoke.yaml", "presure", "pressures"]),
    "negative pressure": (scale_with(pressures=[150, -20]), ["config/scales/smoke.yaml", "pressures", "-20"]),
    "temperature below 0": (scale_with(temperatures=[-5]), ["config/scales/smoke.yaml", "temperatures", "-5"]),
    "two integers": (scale_with(repeat=[2, 2]), ["config/scales/smoke.yaml", "repeat"]),
    "a supercell of zero": (scale_with(repeat=[2, 0, 2]), ["config/scales/smoke.yaml", "repeat", "0"]),
    "a supercell of halves": (scale_with(repeat=[2, 1.5, 2]), ["config/scales/smoke.yaml", "repeat", "1.5"]),
    "a supercell of words": (scale_with(repeat="big"), ["config/scales/smoke.yaml", "repeat", "'big'"]),
    "undefined isotope": (scale_with(isotope="T"), ["config/scales/smoke.yaml", "isotope", "'T'", "La, H, D"]),
    "unknown method": (scale_with(method="magic"), ["config/scales/smoke.yaml", "method", "'magic'"]),
    "path integrals at 0 K": (scale_with(method="pimd", temperatures=[0]), ["config/scales/smoke.yaml", "above 0 K"]),
    "no length": (scale_with(length=0), ["config/scales/smoke.yaml", "length", "0"]),
    "infinite pressure": (scale_with(pressures=[float("inf")]), ["config/scales/smoke.yaml", "pressures", "inf"]),
    "no conditions": (scale_with(temperatures=[]), ["config/scales/smoke.yaml", "temperatures"]),
    "too many vacancies": (scale_with(vacancies=40), ["config/scales/smoke.yaml", "vacancies", "40 H"]),
    "the same pressure twice": (scale_with(pressures=[150, 150.0]), ["config/scales/smoke.yaml", "pressures", "twice"]),
    "friction of path integrals": (
        scale_with(method="pimd", temperatures=[300], frictions=[10]),
        ["config/scales/smoke.yaml", "frictions", "pimd"],
    ),
    "the same friction twice": (scale_with(frictions=[10, 10]), ["config/scales/smoke.yaml", "frictions", "10"]),
    "no friction": (scale_with(frictions=[0]), ["config/scales/smoke.yaml", "frictions", "0"]),
    "beads of a bath": (scale_with(beads=[8]), ["config/scales/smoke.yaml", "beads", "qtb has none"]),
    "beads twice over": (
        scale_with(method="pimd", temperatures=[300], beads=[8], bead_ratio=2),
        ["config/scales/smoke.yaml", "beads", "[8]", "bead_ratio", "2"],
    ),
    "half a bead": (
        scale_with(method="pimd", temperatures=[300], beads=[0.5]),
        ["config/scales/smoke.yaml", "beads", "0.5"],
    ),
    "the same beads twice": (
        scale_with(method="pimd", temperatures=[300], beads=[8, 8]),
        ["config/scales/smoke.yaml", "beads", "8 stands there twice"],
    ),
    "dynamics at a free cell": (scale_with(method="trpmd"), ["config/scales/smoke.yaml", "ensemble", "nvt"]),
    "yes as a length": (scale_with(length=True), ["config/scales/smoke.yaml", "length", "True"]),
    "cage of nothing": (system_with(cage_of_nothing), ["config/systems/lah10.yaml", "cage.centre", "'X'"]),
    "recipes of one name": (system_with(one_name), ["config/systems/lah10.yaml", "dft.recipes", "share a name"]),
    "one phonon pressure": (system_with(one_pressure), ["config/systems/lah10.yaml", "phonon_pressures"]),
    "element of no species": (system_with(unknown_prototype_element), ["config/systems/lah10.yaml", "'Ce'"]),
    "isotope of no species": (system_with(isotope_of_nothing), ["config/systems/lah10.yaml", "'He'"]),
    "negative mass": (system_with(negative_mass), ["config/systems/lah10.yaml", "isotopes.D.mass", "-2"]),
}
ON_COMMAND_LINE = {
    "unknown key": (["sacle=smoke"], ["config/config.yaml", "sacle", "did you mean 'scale'"]),
    "unknown scale": (["scale=latop"], ["config/scales/latop.yaml", "laptop"]),
    "unknown system": (["system=lah11"], ["config/systems/lah11.yaml", "lah10"]),
    "unknown start": (["start=middle"], ["config/config.yaml", "start", "'middle'"]),
    "missing model": (["model=models/nowhere", "start=model"], ["config/config.yaml", "model", "models/nowhere"]),
    "missing data set": (["dataset=other", "start=labels"], ["config/config.yaml", "dataset", "'other'"]),
    "missing data path": (
        ["start=labels", 'datasets={"lah10-gpaw": {"path": "data/nowhere"}}'],
        ["config/config.yaml", "datasets.lah10-gpaw.path", "data/nowhere"],
    ),
    "negative seed": (["seed=-1"], ["config/config.yaml", "seed", "-1"]),
    "missing literature": (["published=nowhere.yaml"], ["config/config.yaml", "published", "nowhere.yaml"]),
    "missing lattices": (["dft_reference=nowhere.csv"], ["config/config.yaml", "dft_reference", "nowhere.csv"]),
    "unknown device": (["device=abacus"], ["config/config.yaml", "device", "'abacus'"]),
}


def refused(process, words):
    """One line holds every word; nothing that looks like a traceback; exit status not 0."""
    text = process.stdout + process.stderr
    assert process.returncode != 0, text
    assert "Traceback" not in text and ".py" not in text, text
    assert any(all(word in line for word in words) for line in text.splitlines()), text


@pytest.mark.parametrize("case", IN_FILES, ids=lambda case: case.replace(" ", "-"))
def test_bad_value_in_a_file_is_named(case, shared_workspace):
    (name, edit), words = IN_FILES[case]
    path = shared_workspace.folder / "config" / name
    good = path.read_text()
    document = yaml.safe_load(good)
    edit(document)
    path.write_text(yaml.safe_dump(document))
    try:
        refused(shared_workspace.snakemake("-n", "--config", "scale=smoke"), words)
    finally:
        path.write_text(good)


@pytest.mark.parametrize("case", ON_COMMAND_LINE, ids=lambda case: case.replace(" ", "-"))
def test_bad_value_on_the_command_line_is_named(case, shared_workspace):
    arguments, words = ON_COMMAND_LINE[case]
    scale = [] if any(a.startswith("scale") for a in arguments) else ["scale=smoke"]
    refused(shared_workspace.snakemake("-n", "--config", *scale, *arguments), words)


def test_broken_yaml_is_named(shared_workspace):
    path = shared_workspace.folder / "config" / "scales" / "smoke.yaml"
    good = path.read_text()
    path.write_text(good + "\n  - : [")
    try:
        refused(shared_workspace.snakemake("-n", "--config", "scale=smoke"), ["config/scales/smoke.yaml", "line"])
    finally:
        path.write_text(good)


def test_shipped_configurations_are_valid(shared_workspace):
    for scale in ("smoke", "laptop", "workstation", "paper"):
        process = shared_workspace.snakemake("-n", "-q", "--config", f"scale={scale}", "start=dft")
        assert process.returncode == 0, process.stderr
