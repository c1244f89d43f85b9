"""The shipped configuration is valid and complete, and the table of runs is what the sweeps say."""

import re

import pytest
import yaml
from configurations import scale as scale_of
from figure_drawing import FIGURES

from qcrystal.config.dynamics import Dynamics
from qcrystal.config.load import load
from qcrystal.config.messages import ConfigError, validate
from qcrystal.config.sweep import Sweep
from qcrystal.config.wildcards import one_of
from qcrystal.provenance import reduced


def settings(root, **changes):
    return {**yaml.safe_load((root / "config" / "config.yaml").read_text()), "start": "dft", **changes}


@pytest.mark.parametrize("scale", ["smoke", "laptop", "workstation", "paper"])
def test_shipped_scales_are_valid_and_hold_the_sweeps_of_every_figure(root, scale):
    loaded = load(settings(root, scale=scale), root)
    needed = {sweep for figure in FIGURES.values() for sweep in figure.sweeps}
    assert needed <= set(loaded.sweeps)


def test_runs_are_the_product_of_the_conditions(root):
    loaded = load(settings(root, scale="smoke"), root)
    runs = [loaded.runs[name] for name in loaded.sweeps["qtb_grid"]]
    assert {(r.pressure, r.temperature) for r in runs} == {(150, 100), (150, 300), (200, 100), (200, 300)}
    assert len({r.seed for r in loaded.runs.values()}) == len(loaded.runs)


def test_the_whole_plan_is_read_while_the_list_of_what_has_not_ended_stays(root, monkeypatch):
    """Commands that pack or list unfinished runs ask for it; planned are all runs either way."""
    given = {**settings(root, scale="reference"), "start": "model"}
    part = load(given, root)
    monkeypatch.setattr(reduced, "_everything", [])
    reduced.count_everything()
    whole = load(given, root)
    ended = [set().union(*loaded.sweeps.values()) for loaded in (part, whole)]
    assert ended[0] < ended[1] == set(whole.planned) == set(part.planned)


def test_runs_that_have_not_ended_are_left_out_of_sweeps_and_stay_planned(root, tmp_path):
    scale = scale_of(root, "smoke")
    whole = load(settings(root, scale="smoke"), root)
    left_out = whole.sweeps["qtb_grid"][:1] + whole.sweeps["ly_deuterium"]
    scale["unfinished"] = {"runs": left_out}
    path = tmp_path / "part.yaml"
    path.write_text(yaml.safe_dump(scale))
    part = load(settings(root, scale=str(path)), root)
    assert part.sweeps["qtb_grid"] == whole.sweeps["qtb_grid"][1:] and part.sweeps["ly_deuterium"] == []
    assert part.planned == whole.planned  # seeds and settings included: what has ended stays valid
    assert set(part.planned) - set(part.runs) == set(left_out)
    scale["unfinished"] = {"runs": ["qtb-of-another-plan"]}
    path.write_text(yaml.safe_dump(scale))
    with pytest.raises(ConfigError, match=r"part.yaml: unfinished.runs: no sweep has a run 'qtb-of-another-plan'"):
        load(settings(root, scale=str(path)), root)


def test_an_architecture_without_steps_is_named(root, tmp_path):
    scale = scale_of(root, "workstation")
    scale["training"]["steps"] = {"fast": 10}
    path = tmp_path / "steps.yaml"
    path.write_text(yaml.safe_dump(scale))
    assert load(settings(root, scale=str(path), training="fast"), root).scale.training.steps == {"fast": 10}
    with pytest.raises(ConfigError, match=r"steps.yaml: training.steps: no entry for 'accurate'; add one"):
        load(settings(root, scale=str(path), training="accurate"), root)


def test_frictions_of_a_sweep_are_runs_of_their_own(root):
    """The system's own friction keeps the plain name, so that two sweeps share the run."""
    loaded = load(settings(root, scale="smoke"), root)
    runs = [loaded.runs[name] for name in loaded.sweeps["leakage_qtb"]]
    assert [run.bath.gamma for run in runs] == [10.0, 20.0]
    assert [run.run.endswith("-20perps-r0") for run in runs] == [False, True]
    assert runs[0].run in loaded.sweeps["compared_qtb"]


def test_a_fixed_cell_is_that_of_the_run_at_its_pressure_and_nearest_temperature(root, tmp_path):
    """Whatever the order of the sweeps in the file, the method and the size; without ``cell_of`` there is none."""
    scale = scale_of(root, "smoke")
    fixed = {
        "method": "trpmd",
        "ensemble": "nvt",
        "repeat": [2, 1, 1],
        "pressures": [150, 200],
        "temperatures": [190, 600],
    }
    fixed |= {"length": 0.1, "cell_of": "qtb_grid"}
    free = {key: value for key, value in fixed.items() if key != "cell_of"} | {"method": "qtb"}
    scale["sweeps"] = {"fixed": fixed, "free": free, **scale["sweeps"]}
    path = tmp_path / "cells.yaml"
    path.write_text(yaml.safe_dump(scale, sort_keys=False))
    loaded = load(settings(root, scale=str(path)), root)
    assert list(loaded.sweeps) == list(scale["sweeps"])
    found = {
        (loaded.runs[run].pressure, loaded.runs[run].temperature): loaded.runs[run].cell_of
        for run in loaded.sweeps["fixed"]
    }
    assert found == {
        (pressure, temperature): f"qtb-H-cubic-44-npt-{pressure}GPa-{nearest}K-r0"
        for pressure in (150, 200)
        for temperature, nearest in ((190, 100), (600, 300))
    }
    assert all(loaded.runs[run].cell_of is None for run in loaded.sweeps["free"])


def test_beads_of_a_sweep_are_runs_of_their_own(root, tmp_path):
    """They replace the rule's choice, which a sweep without them keeps; their runs, seeds and names differ in nothing else."""
    scale = scale_of(root, "smoke")
    like = {key: value for key, value in scale["sweeps"]["compared_pimd"].items() if key != "bead_ratio"}
    scale["sweeps"] |= {"some": like | {"beads": [4, 5, 64], "replicas": 2}, "ruled": like}
    del scale["sweeps"]["compared_pimd"]
    path = tmp_path / "beads.yaml"
    path.write_text(yaml.safe_dump(scale))
    loaded = load(settings(root, scale=str(path)), root)
    runs = [loaded.runs[name] for name in loaded.sweeps["some"]]
    assert [(run.beads, run.replica) for run in runs] == [(p, r) for p in (4, 5, 64) for r in (0, 1)]
    (ruled,) = (loaded.runs[name] for name in loaded.sweeps["ruled"])
    assert ruled.run == "pimd-H-cubic-44-nvt-200GPa-300K-r0"
    # βħω of 70 THz at 300 K is 11.2; twice that, rounded up to an even number
    assert ruled.beads == 24
    assert runs[0].run == "pimd-H-cubic-44-nvt-200GPa-300K-4beads-r0"
    own = {"run": ruled.run, "seed": ruled.seed, "beads": 24, "replica": 0}
    assert all(run.model_copy(update=own) == ruled for run in runs)
    assert len({run.seed for run in [*runs, ruled]}) == 7


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "qtb"}, "beads: qtb has none; take the line out"),
        ({"bead_ratio": 2.0}, r"beads: \[8\] and bead_ratio: 2 exclude each other"),
        ({"beads": []}, "beads"),
        ({"beads": [0]}, "beads"),
        ({"beads": [8, 8]}, "beads: 8 is given twice"),
    ],
)
def test_beads_that_make_no_sense_are_refused(changes, words):
    sweep = {
        "method": "pimd",
        "repeat": [1, 1, 1],
        "pressures": [200],
        "temperatures": [300],
        "length": 1.0,
        "beads": [8],
    }
    with pytest.raises(ConfigError, match=words):
        validate(Sweep, sweep | changes, "here")


def test_beads_follow_from_temperature(root):
    loaded = load(settings(root, scale="paper"), root)
    beads = {loaded.runs[name].temperature: loaded.runs[name].beads for name in loaded.sweeps["energy_pimd"]}
    assert beads[100] > beads[300] >= 16


def test_every_published_figure_of_qin_is_made(root):
    published = yaml.safe_load((root / "config" / "crystals" / "lah10" / "published.yaml").read_text())
    wanted = {figure["id"] for figure in published["figures"] if figure["id"].startswith("qin_")}
    assert wanted <= set(FIGURES)


def test_a_run_with_two_lengths_is_refused(root, tmp_path):
    scale = scale_of(root, "smoke")
    scale["sweeps"]["energy_classical"]["length"] = 1.0
    path = tmp_path / "twice.yaml"
    path.write_text(yaml.safe_dump(scale))
    with pytest.raises(ConfigError, match="already part of another sweep"):
        load(settings(root, scale=str(path)), root)


def dynamics(root, **bath):
    system = yaml.safe_load((root / "config" / "crystals" / "lah10" / "crystal.yaml").read_text())["dynamics"]
    return system | {"bath": system["bath"] | bath}


@pytest.mark.parametrize(
    ("bath", "words"),
    [
        ({"cutoff": 800}, r"here: bath.cutoff: 800 THz; take 84 THz.* to 636 THz, the most that the time steps of qtb"),
        ({"cutoff": 80}, "bath.cutoff: 80 THz; take 84 THz"),
        ({"segment": 0.2}, "bath.segment: 0.2 ps; take 0.25 to 5 ps"),
        ({"segment": 20}, "bath.segment: 20 ps; take 0.25 to 5 ps"),
    ],
)
def test_a_bath_that_dynamics_cannot_have_is_refused(root, bath, words):
    """Verlet's last oscillator at 0.5 fs has 1/(πΔt) = 636.6 THz."""
    with pytest.raises(ConfigError, match=words):
        validate(Dynamics, dynamics(root, **bath), "here")


def test_the_highest_cutoff_is_that_of_the_baths_time_steps(root):
    """A longer classical step, which has white noise, changes nothing."""
    settings = dynamics(root, cutoff=636)
    settings["timestep"] |= {"classical": 1.0}
    validate(Dynamics, settings, "here")
    settings["timestep"] |= {"adqtb": 1.0}
    with pytest.raises(ConfigError, match="to 318 THz"):
        validate(Dynamics, settings, "here")


def test_pattern_of_configured_names(root):
    scale = {**settings(root), "scale": "paper"}
    runs = list(load(scale, root).runs)
    for values in (runs, ["a"], ["", "-2", "-3"], ["a", "ab", "a.b"], range(12)):
        pattern, words = re.compile(one_of(values)), [str(value) for value in values]
        assert all(pattern.fullmatch(word) for word in words)
        others = [word + letter for word in words for letter in "x.2-"] + [word[:-1] for word in words] + ["axb"]
        assert not [word for word in others if word not in words and pattern.fullmatch(word)]
    assert not re.fullmatch(one_of([]), "")
