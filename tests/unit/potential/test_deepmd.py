"""Training: the input, a real training that is killed and continued, accuracy measured on known errors, the card."""

import json
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from crystals import lah10
from trainings import training

from qcrystal.config.load import load
from qcrystal.dataset.deepmd_npy import write_deepmd
from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.potential.card import read_card, write_card
from qcrystal.potential.deepmd import TrainingError, checkpoint_step, render_input
from qcrystal.potential.engines import PotentialError
from qcrystal.potential.evaluate import FEWEST_BINS, bin_width, parity, sparse_histogram
from qcrystal.potential.model_card import model_card
from qcrystal.potential.settings import Seeds, Training
from qcrystal.potential.tensorflow_graph import kind
from qcrystal.potential.training import LEARNING_CURVE_COLUMNS, description, learning_curve, train

pytestmark = pytest.mark.engine

TINY = {
    "descriptor": [4, 8],
    "axis_neuron": 2,
    "fitting": [8, 8],
    "steps": 20,
    "checkpoint_every": 5,
    "precision": "float64",
}


def frames(count=4, seed=3, name="cubic"):
    """Primitive LaH10 cells with arbitrary labels."""
    generator = np.random.default_rng(seed)
    atoms = lah10(5.1, primitive=True).repeat((2, 1, 1))
    n = len(atoms)
    return LabelledFrames(
        name=name,
        symbols=atoms.get_chemical_symbols(),
        cells=np.repeat(atoms.cell.array[None], count, axis=0),
        positions=atoms.positions + generator.normal(0, 0.05, (count, n, 3)),
        energies=generator.normal(-168.7 * n, 0.1, count),
        forces=generator.normal(0, 1, (count, n, 3)),
        virials=np.repeat(65.0 * np.eye(3)[None], count, axis=0),
    )


@pytest.fixture(scope="module")
def labelled_by_the_model(released_model):
    """Frames whose labels are the released potential's own predictions."""
    if not released_model.is_file():
        pytest.skip(f"no released potential {released_model}")
    from deepmd.infer import DeepPot

    potential, system = DeepPot(str(released_model)), frames(5)
    types = [potential.get_type_map().index(s) for s in system.symbols]
    energies, forces, virials = potential.eval(
        system.positions.reshape(5, -1), system.cells.reshape(5, 9), types, atomic=False
    )
    return replace(system, energies=energies[:, 0], forces=forces.reshape(5, -1, 3), virials=virials.reshape(5, 3, 3))


def rmse(errors, quantity, split, species="all", system="all"):
    row = errors.query("quantity == @quantity and split == @split and species == @species and system == @system")
    assert len(row) == 1
    return row["rmse"].iloc[0]


def test_input_is_accepted_by_deepmd():
    from deepmd.utils.argcheck import normalize

    for settings in (training(steps=20_000, schedule="cosine"), training(**TINY)):
        accepted = normalize(json.loads(json.dumps(render_input(settings, ["a/train/s"], ["a/test/s"]))))
        assert accepted["model"]["descriptor"]["rcut"] == settings.architecture.cutoff
        assert accepted["training"]["numb_steps"] == settings.effort.steps
    assert "validation_data" not in render_input(training(**TINY), ["s"], [])["training"]


def test_input_follows_the_settings():
    document = render_input(training(steps=400_000, seeds=Seeds.following(5)), ["x"], [])
    assert document["learning_rate"]["decay_steps"] == 4000  # a hundredth of the steps
    assert document["training"]["disp_freq"] == 2000  # a two-hundredth
    seeds = (document["model"]["descriptor"]["seed"], document["model"]["fitting_net"]["seed"])
    assert (*seeds, document["training"]["seed"]) == (5, 6, 7)
    with pytest.raises(ValueError, match="neurons"):
        training(neurons=[1])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sel": [1]}, "1 numbers for 2 species"),
        ({"cutoff_smooth": 5.0}, "cutoff_smooth: 5 Å must be below cutoff"),
        ({"optimizer": "muon"}, "optimizer: trainer deepmd has adam only"),
        ({"weight_decay": 0.1}, "weight_decay: trainer deepmd takes none"),
        ({"invariants": {"degree": 2, "probes": 2}}, "invariants: trainer deepmd"),
        (
            {"trainer": "moments", "invariants": {"degree": 3, "probes": [1]}},
            "1 numbers for 3 degrees; give one",
        ),
        ({"batch_size": "auto"}, "batch_size"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        training(**change)


@pytest.mark.parametrize("name", ["accurate", "fast"])
def test_released_training_is_what_the_configuration_gives(root, name):
    document = json.loads((root / f"models/lah10-{name}/training.json").read_text())
    released = Training.model_validate(document["settings"])
    loaded = load({**yaml.safe_load((root / "config/config.yaml").read_text()), "scale": "laptop"}, root)
    assert released.architecture == loaded.crystal.training[name]
    assert released.species == loaded.crystal.species and released.repulsion == loaded.crystal.repulsion
    card = yaml.safe_load((root / f"models/lah10-{name}/card.yaml").read_text())
    assert Training.model_validate(card["settings"]) == released
    assert all(system.startswith("ly2022/") for systems in document["systems"].values() for system in systems)


def test_description_names_no_folders(tmp_path):
    for part in ("train", "test"):
        (tmp_path / part / "cubic").mkdir(parents=True)
    document = description(training(**TINY), "labels", tmp_path)
    assert document["systems"] == {"train": ["labels/train/cubic"], "test": ["labels/test/cubic"]}
    assert Training.model_validate(json.loads(json.dumps(document))["settings"]) == training(**TINY)


def test_perfect_labels_have_no_error(released_model, labelled_by_the_model):
    errors, histograms = parity(released_model, {"test": [labelled_by_the_model]})
    assert list(errors) == ["quantity", "split", "system", "species", "rmse", "mae", "offset", "scatter", "n", "unit"]
    assert list(histograms) == ["quantity", "split", "species", "reference", "predicted", "count"]
    # single-precision network: batches of another size may differ in the last bits
    assert errors["rmse"].max() < 1e-5
    assert (histograms["reference"] == histograms["predicted"]).mean() > 0.95
    totals = histograms.groupby(["quantity", "species"])["count"].sum()
    assert totals["energy", "all"] == 5 and totals["force", "all"] == 5 * 22 * 3 and totals["force", "La"] == 5 * 2 * 3


def test_planted_errors_are_found(released_model, labelled_by_the_model):
    good = labelled_by_the_model
    la = good.symbols == "La"
    forces = good.forces.copy()
    forces[:, la] += 0.3  # La by 0.3, H by 0.1 eV/Å in every component
    forces[:, ~la] -= 0.1
    energies = good.energies + 22 * 0.010 * np.array([1, -1, 1, -1, 1])
    bad = replace(good, name="bad", forces=forces, energies=energies, virials=good.virials + 22 * 0.02)
    errors, _ = parity(released_model, {"train": [good], "test": [good, bad]}, every={"train": 2})
    known = {
        ("energy", "all"): 0.010,
        ("virial", "all"): 0.020,
        ("force", "La"): 0.3,
        ("force", "H"): 0.1,
        ("force", "all"): np.sqrt((2 * 0.3**2 + 20 * 0.1**2) / 22),
    }
    for (quantity, species), value in known.items():
        assert rmse(errors, quantity, "test", species, "bad") == pytest.approx(value, rel=1e-3)
        # half of the test frames are perfect
        assert rmse(errors, quantity, "test", species) == pytest.approx(value / np.sqrt(2), rel=1e-3)
        assert rmse(errors, quantity, "train", species) < 1e-5
    # energies off by +10, -10, +10, -10, +10 meV/atom: an offset of 2, a scatter of sqrt(10² - 2²)
    energy = errors.query("quantity == 'energy' and split == 'test' and system == 'bad'").iloc[0]
    assert [energy["offset"], energy["scatter"]] == pytest.approx([-0.002, np.sqrt(96) * 1e-3], rel=1e-3)
    assert errors.query("quantity == 'energy' and split == 'train'")["n"].tolist() == [3, 3]  # every second of five


def test_foreign_species_are_named(released_model, labelled_by_the_model):
    foreign = replace(labelled_by_the_model, symbols=np.array(["Y"] + ["H"] * 21))
    with pytest.raises(PotentialError, match="species Y is not among the potential's"):
        parity(released_model, {"test": [foreign]})


def test_sparse_histogram_counts_every_point():
    generator = np.random.default_rng(0)
    x, y = generator.normal(0, 3, (2, 1000))
    table = sparse_histogram(x, y, 0.5)
    assert table["count"].sum() == 1000
    # bin centres reproduce the mean to within the binning noise, 0.5/sqrt(12 * 1000)
    assert np.average(table["reference"], weights=table["count"]) == pytest.approx(x.mean(), abs=3 * 0.5 / 110)


@pytest.mark.parametrize("span", [0.013, 0.15, 2.6, 14.9, 15.0])
def test_bins_are_as_narrow_as_the_forces_ask_for(span):
    """Between `FEWEST_BINS` and 2.5 times as many, as 2, 5 and 10 follow 1, 2 and 5; a width reads as 1, 2 or 5."""
    width = bin_width(np.array([-0.4 * span, 0.1 * span, 0.6 * span]), 0.2)
    assert FEWEST_BINS <= span / width * (1 + 1e-9) and span / width <= 2.5 * FEWEST_BINS * (1 + 1e-9)
    assert f"{width:e}"[0] in "125" and float(f"{width:e}"[1:].split("e")[0]) == 0.0


def test_bins_are_no_wider_than_the_widest():
    assert bin_width(np.array([-30.0, 30.0]), 0.2) == 0.2
    assert bin_width(np.array([1.5]), 0.2) == 0.2  # one value spans nothing


def test_learning_curve_keeps_the_last_of_repeated_steps(tmp_path):
    head = "# step  rmse_val rmse_trn rmse_e_val rmse_e_trn rmse_f_val rmse_f_trn rmse_v_val rmse_v_trn lr\n"
    rows = [
        "0 9 9 9 9 9 9 9 9 1e-3",
        "10 5 5 5 5 5 5 5 5 1e-3",
        "20 4 4 4 4 4 4 4 4 1e-4",
        "20 3 3 3 3 3 3 3 3 1e-4",
        "30 2",
    ]
    (tmp_path / "lcurve.out").write_text(head + "# note\n" + "\n".join(rows) + "\n")
    curve = learning_curve(tmp_path)
    assert list(curve) == list(LEARNING_CURVE_COLUMNS.values())
    assert curve["step"].tolist() == [0, 10, 20] and curve["rmse_f_valid"].tolist() == [9, 5, 3]
    (tmp_path / "lcurve.out").write_text(head + rows[0] + "\n10 nan nan nan nan nan nan nan nan 1e-3\n")
    with pytest.raises(TrainingError, match="not a number at step 10; lower start_lr"):
        learning_curve(tmp_path)


def test_failed_training_is_one_line_with_the_cause(tmp_path):
    with pytest.raises(TrainingError, match=r"train\.log: dp train failed") as caught:
        train(training(**TINY), [tmp_path / "absent"], [], tmp_path / "work")
    assert "\n" not in str(caught.value) and "absent" in str(caught.value)


CURVE_HEAD = "# step rmse_val rmse_trn rmse_e_val rmse_e_trn rmse_f_val rmse_f_trn rmse_v_val rmse_v_trn lr\n"


@pytest.fixture
def commands(monkeypatch):
    """Arguments of each call of ``dp``, kept by a stand-in that leaves a checkpoint of the last step."""
    asked = []

    def stand_in(arguments, directory, threads, steps=0, done=0):
        asked.append(arguments)
        if arguments[0] == "train":
            for part in ("meta", "index", "data-00000-of-00001"):
                (directory / f"model.ckpt-{steps}.{part}").touch()
            (directory / "lcurve.out").write_text(f"{CURVE_HEAD}{steps} 1 1 1 1 1 1 1 1 1e-3\n")
        elif arguments[0] == "freeze":
            (directory / "frozen.pb").write_text("frozen")
        elif arguments[0] == "compress":
            (directory / "compressed.pb").write_text("compressed")

    def finished(source, target, *_):
        target.write_text(f"finished {source.name}")

    monkeypatch.setattr("qcrystal.potential.deepmd.run_dp", stand_in)
    monkeypatch.setattr("qcrystal.potential.training.complete_input", lambda path: None)
    monkeypatch.setattr(
        "qcrystal.potential.training.finish", lambda source, target, *rest: target.write_text(f"finished {source.name}")
    )
    return asked


def test_another_training_starts_anew(tmp_path, commands):
    def trained(settings, folder, identity):
        """Whether there was anything to train."""
        commands.clear()
        train(settings, [Path(f"{folder}/train/cubic")], [], tmp_path / "work", identity=identity)
        return ["train", "input.json"] in commands  # from the beginning, without --restart

    tiny = training(**TINY)
    assert trained(tiny, "/here", "data 1")
    (tmp_path / "work/left").touch()
    assert not trained(tiny, "/here", "data 1")
    assert not trained(tiny, "/there", "data 1") and (tmp_path / "work/left").exists()  # only moved
    assert trained(tiny, "/here", "data 2") and not (tmp_path / "work/left").exists()
    assert trained(training(**TINY, start_lr=1e-3), "/here", "data 2")
    assert trained(training(**TINY | {"steps": 10}), "/here", "data 2")
    (tmp_path / "work/identity").unlink()
    assert trained(training(**TINY | {"steps": 10}), "/here", "data 2")


@pytest.mark.parametrize(("suffix", "compress", "source"), [("", True, "compressed.pb"), ("-2", False, "frozen.pb")])
def test_finished_training_leaves_its_outputs_only(tmp_path, commands, root, monkeypatch, suffix, compress, source):
    """The potential that everything runs with is compressed, the other members of its committee are not."""
    monkeypatch.setattr("qcrystal.provenance.job._log_to", lambda path: None)
    for part in ("train", "test"):
        write_deepmd(frames(2, 1), tmp_path / "data" / part / "cubic")
    folder = tmp_path / "potential"
    snakemake = SimpleNamespace(
        rule="train",
        resources={},
        log=[],
        threads=1,
        wildcards=SimpleNamespace(dataset="labels", suffix=suffix),
        input=SimpleNamespace(data=str(tmp_path / "data")),
        output=SimpleNamespace(
            model=str(folder / f"model{suffix}.pb"),
            settings=str(folder / f"training{suffix}.json"),
            curve=str(folder / f"learning_curve{suffix}.csv"),
        ),
        params=SimpleNamespace(
            training=training(**TINY, seeds=Seeds.following(1), repulsion={"H-H": (0.15, 0.2)}).model_dump(mode="json"),
            compress=compress,
            code="digest of the code",
        ),
    )
    runpy.run_path(str(root / "scripts/potential/train.py"), {"snakemake": snakemake})
    names = [f"learning_curve{suffix}.csv", f"model{suffix}.pb", f"training{suffix}.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert (folder / f"model{suffix}.pb").read_text() == f"finished {source}"
    assert json.loads((folder / f"training{suffix}.json").read_text())["settings"]["seeds"]["batches"] == 3


@pytest.fixture
def tiny_training(tmp_path):
    """A training on six frames, with some settings changed: the arguments of `train`."""
    for part, seed in (("train", 1), ("test", 2)):
        write_deepmd(frames(6, seed), tmp_path / part / "cubic")
    systems = [tmp_path / "train/cubic"], [tmp_path / "test/cubic"]
    return lambda **changes: (training(**TINY | changes), *systems)


def continued_from(directory):
    """Step from which DeePMD says that it went on."""
    return int(re.findall(r"restart from model .*model\.ckpt-(\d+)", (directory / "train.log").read_text())[-1])


@pytest.mark.slow
def test_training_continues_with_the_last_checkpoint(tmp_path, tiny_training):
    train(*tiny_training(), tmp_path / "work", identity="labels")
    assert checkpoint_step(tmp_path / "work") == 20
    (tmp_path / "work/model.ckpt-20.index").unlink()  # killed while it wrote the last one
    model = train(*tiny_training(), tmp_path / "work", identity="labels")
    assert checkpoint_step(tmp_path / "work") == 20
    assert continued_from(tmp_path / "work") == 15
    curve = learning_curve(tmp_path / "work")
    assert curve["step"].iloc[0] == 0 and curve["step"].iloc[-1] == 20 and curve["step"].is_unique
    # the compressed potential is the frozen one but for its tables
    errors = [
        parity(path, {"test": [frames(3)]})[0]["rmse"].to_numpy() for path in (model, tmp_path / "work/frozen.pb")
    ]
    assert errors[0] == pytest.approx(errors[1], rel=1e-3)


@pytest.mark.slow
def test_the_other_trainer_ends_in_the_same_kind_of_file(tmp_path, tiny_training):
    """Weights of `qcrystal.potential.moments.trainer`, compressed and with the repulsion, as the frozen network has it."""
    repulsion = {"H-H": (0.2, 0.4), "La-H": (0.8, 1.3), "La-La": (1.4, 2.3)}
    given = tiny_training(trainer="moments", precision="float32", repulsion=repulsion)
    model = train(*given, tmp_path / "work")
    assert kind(model) == "finished" and kind(tmp_path / "work/frozen.pb") == "frozen"
    errors = [
        parity(path, {"test": [frames(3)]})[0]["rmse"].to_numpy() for path in (model, tmp_path / "work/frozen.pb")
    ]
    assert errors[0] == pytest.approx(errors[1], rel=1e-3)


@pytest.mark.slow
def test_killed_training_leaves_no_orphan_and_continues(tmp_path, tiny_training, root):
    steps = 4000
    long = tiny_training(steps=steps, checkpoint_every=20)
    settings, *systems = long
    (tmp_path / "job.py").write_text(
        "from pathlib import PosixPath\n"
        "from qcrystal.potential.settings import Training\n"
        "from qcrystal.potential.training import train\n"
        f"settings = Training.model_validate_json({settings.model_dump_json()!r})\n"
        f"train(settings, *{systems!r}, {str(tmp_path / 'work')!r})\n"
    )
    process = subprocess.Popen([sys.executable, str(tmp_path / "job.py")])
    waited = time.monotonic()
    while checkpoint_step(tmp_path / "work") < 20 and time.monotonic() - waited < 300:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    done = checkpoint_step(tmp_path / "work")
    assert 20 <= done < steps
    time.sleep(3)
    assert checkpoint_step(tmp_path / "work") == done  # nobody trains on
    train(*long, tmp_path / "work")
    assert checkpoint_step(tmp_path / "work") == steps
    assert continued_from(tmp_path / "work") == done


def test_model_card(tmp_path, released_model, labelled_by_the_model):
    good = labelled_by_the_model
    errors, _ = parity(released_model, {"train": [good], "test": [good]}, every={"train": 2})
    card = model_card(
        released_model,
        "tiny",
        training(),
        {"name": "ly2022", "rule": "last set"},
        {"train": [good], "test": [good]},
        errors,
        every={"train": 2},
        literature={"Ly": {"energy_meV_per_atom": 2.93, "force_meV_per_angstrom": 164}},
        speed={"ms_per_step": 42, "atoms": 352},
        committee={"members": 3, "frames": 5, "sha256": {"model.pb": "0", "model-2.pb": "1"}},
        remarks={"tried": "tried.csv"},
    )
    write_card(card, tmp_path / "card.yaml")
    read = yaml.safe_load((tmp_path / "card.yaml").read_text())
    assert read_card(tmp_path / "card.yaml") == card
    assert read["split"]["train"] == {"systems": 1, "frames": 5, "accuracy_from": "one frame in 2"}
    assert len(read["sha256"]) == 64 and read["literature"]["Ly"]["energy_meV_per_atom"] == 2.93
    assert read["accuracy"]["test"]["energy_meV_per_atom"] < 0.1
    assert read["committee"]["members"] == 3 and read["tried"] == "tried.csv"
    assert "jax" not in read["versions"]
    by_moments = training(trainer="moments", repulsion={"H-H": (0.2, 0.4)})
    card = model_card(released_model, "tiny", by_moments, {}, {"train": [good], "test": [good]}, errors)
    assert "jax" in card.versions and card.model_dump()["settings"]["repulsion"] == {"H-H": [0.2, 0.4]}


@pytest.mark.skipif("QCRYSTAL_LY2022" not in os.environ, reason="QCRYSTAL_LY2022 names no copy of [Ly]'s data")
def test_released_accuracy_is_what_the_card_says(root, released_model):
    from qcrystal.dataset.deepmd_npy import read_deepmd
    from qcrystal.dataset.split import split

    card = yaml.safe_load((root / "models/lah10-accurate/card.yaml").read_text())
    system = read_deepmd(os.path.join(os.environ["QCRYSTAL_LY2022"], "data/full/r3m"), ["La", "H"])
    _, test = split([system], "last set")
    errors, _ = parity(released_model, {"test": test})
    table = pd.read_csv(root / "models/lah10-accurate/parity_errors.csv")
    for quantity in ("energy", "force", "virial"):
        stated = rmse(table, quantity, "test", "all", "r3m")
        assert rmse(errors, quantity, "test") == pytest.approx(stated, rel=1e-3)
    assert card["accuracy"]["test"]["energy_meV_per_atom"] == pytest.approx(
        1e3 * rmse(table, "energy", "test"), rel=1e-3
    )
