"""Label the frames of a data folder's recipes by DFT; a killed run goes on where it was."""

import hashlib
import json
import logging
import shutil
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
import yaml
from ase.io import read

from qcrystal.commands._options import application
from qcrystal.config.dft import Goals, Recipe, StructureRecipe, recipe_names
from qcrystal.crystal.prototype import Prototype
from qcrystal.dataset.checks import Limits, check_dataset
from qcrystal.dataset.deepmd_npy import read_dataset, write_deepmd
from qcrystal.dataset.labelled_frames import summary
from qcrystal.dft.convergence import comparisons, convergence_table, settings_to_label
from qcrystal.dft.frames import Draw, displaced_frames, displaced_structures
from qcrystal.dft.gpaw_process import generate_paw, gpaw_python, run_program
from qcrystal.dft.labels import labels_to_systems, read_labels
from qcrystal.errors import QcrystalError
from qcrystal.files import write_whole
from qcrystal.io.structures import write_structures
from qcrystal.io.tables import write_table

app = application()
PARTS = {"train": "set.000", "test": "set.001"}
SETTINGS = ("functional", "cutoff", "kpoint_length", "width", "energy_convergence", "force_convergence")


def read_recipes(path):
    """The recipes' file, in which no two recipes would draw the same random numbers."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    problems = list(recipe_names([recipe["name"] for recipe in document["dft"]["recipes"]]))
    if problems:
        raise QcrystalError(*(problem.within("dft").of(str(path)) for problem in problems))
    return document


def paw_sets(dft, folder):
    """Generate the PAW sets that the recipes name; those that exist are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for element, options in dft.get("paw", {}).items():
        if not (folder / f"{element}.{dft['functional']}").exists():
            generate_paw(gpaw_python(None), element, dft["functional"], folder, options.split())
    return folder


def drawn(recipe, document, folder):
    """The frames of one recipe."""
    recipe = dict(recipe)
    dft = document["dft"]
    draw = Draw(document["species"], dft["frequencies"], dft["seed"], mobile=document.get("mobile"))
    if "structures" in recipe:
        given = list(read(folder / recipe["structures"], ":"))
        keep = recipe.pop("select", None)
        if keep is not None:
            given = [atoms for atoms in given if atoms.info["name"] in keep]
        return displaced_structures(StructureRecipe(**recipe), given, draw)
    prototype = Prototype(**document["prototypes"][recipe.pop("prototype", document.get("prototype"))])
    return displaced_frames(prototype, Recipe(**recipe), draw)


def frames(document, folder, work):
    """Write one file of frames per recipe."""
    paw_sets(document["dft"], work / "paw")
    for number, recipe in enumerate(document["dft"]["recipes"]):
        path = work / "frames" / f"{number:02d}-{recipe['name']}.extxyz"
        path.parent.mkdir(parents=True, exist_ok=True)
        drawing = drawn(recipe, document, folder)
        write_structures(drawing, path)
        print(path, len(drawing), "frames")


def identity_of(work):
    """Text that changes with the PAW sets that were generated."""
    sets = sorted((work / "paw").glob("*.*"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sets)).hexdigest()[:16]


def run_labeller(frames_path, settings, work, output):
    """Label one file of frames."""
    output.parent.mkdir(parents=True, exist_ok=True)
    run_program(gpaw_python(None), "label.py", frames_path, work / "paw", settings, output, identity_of(work))


def settings_of(dft):
    """Settings of the DFT labeller, from section `dft` of recipes.yaml."""
    return {key: dft[key] for key in (*SETTINGS, "smearing", "symmetry") if key in dft}


def label(document, folder, work, only):
    """Label all recipes, or those that are named."""
    for path in sorted((work / "frames").glob("*.extxyz")):
        if not only or path.stem.split("-", 1)[1] in only:
            run_labeller(path, settings_of(document["dft"]), work, work / "labels" / f"{path.stem}.json")


def convergence(document, folder, work):
    """Label the frames of `convergence` by every setting, compare them, and write `convergence.csv`."""
    dft = document["dft"]
    paw_sets(dft, work / "paw")
    tried: Any = SimpleNamespace(**dft["convergence"])
    frames_path = work / "convergence" / "frames.extxyz"
    frames_path.parent.mkdir(parents=True, exist_ok=True)
    recipes = dft["convergence"]["frames"]
    write_structures([frame for recipe in recipes for frame in drawn(recipe, document, folder)], frames_path)
    chosen = {key: dft[key] for key in ("cutoff", "kpoint_length", "width")}
    rows = comparisons(chosen, tried, None)
    labels = {}
    for name, values in settings_to_label(rows).items():
        output = work / "convergence" / f"{name}.json"
        run_labeller(frames_path, settings_of(dft) | values, work, output)
        labels[name] = read_labels(output).frames
    table = convergence_table(rows, labels, dict.fromkeys(labels, np.nan), Goals(**dft["convergence"]["goals"]), chosen)
    write_table(table.drop(columns="static_pressure"), folder / "convergence.csv", "dft_convergence")
    print(table.to_string())


def check(document, folder, work):
    """Compare forces and virial of one frame with finite differences of its energy, and write `check.csv`.

    The frame, `check.recipe` of the recipes' file, is moved by `displacement` (Å) along a random direction of all
    atoms. It is strained by `strain` along a random symmetric tensor. The cutoff is `check.cutoff`, as energies at
    equal cutoff have other plane waves in another cell (Pulay stress); few k-points are enough.
    """
    options, dft = document["check"], document["dft"]
    recipe = next(r for r in dft["recipes"] if r["name"] == options["recipe"])
    frame = drawn(recipe, document, folder)[options["frame"]]
    rng = np.random.default_rng(dft["seed"])
    direction = rng.normal(size=(len(frame), 3))
    direction -= direction.mean(0)
    strain = rng.normal(size=(3, 3))
    strain = (strain + strain.T) / np.linalg.norm(strain + strain.T)
    cells = [frame]
    for sign in (1, -1):
        cells.append(frame.copy())
        cells[-1].positions += sign * options["displacement"] * direction
    for sign in (1, -1):
        cells.append(frame.copy())
        cells[-1].set_cell(frame.cell.array @ (np.eye(3) + sign * options["strain"] * strain), scale_atoms=True)
    path = work / "check" / "frames.extxyz"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_structures(cells, path)
    settings = settings_of(dft) | {key: options[key] for key in ("cutoff", "kpoint_length")}
    settings |= {"energy_convergence": 1e-6, "force_convergence": 0.002}
    run_labeller(path, settings, work, path.with_name("labels.json"))
    labels = read_labels(path.with_name("labels.json")).frames
    if len({tuple(one.kpoints) for one in labels}) != 1:
        raise ValueError(f"{folder}/recipes.yaml: check: the strained cells have other k-points; choose another frame")
    energy = [one.energy for one in labels]
    rows = [
        {
            "quantity": "force along a direction",
            "unit": "eV/Å",
            "label": float((labels[0].forces * direction).sum()),
            "finite_difference": (energy[2] - energy[1]) / (2 * options["displacement"]),
        },
        {
            "quantity": "virial along a strain",
            "unit": "eV",
            "label": float((labels[0].virial * strain).sum()),
            "finite_difference": (energy[4] - energy[3]) / (2 * options["strain"]),
        },
    ]
    table = pd.DataFrame(rows).assign(frame=frame.info["origin"], cutoff=options["cutoff"])
    write_table(table, folder / "check.csv", "label_check")
    print(table.to_string())


def finished(work, settings):
    """One labels file of every finished frame of all recipes, also of batches that are not complete."""
    labels = []
    for path in sorted((work / "labels").glob("*.frames/*.json")):
        one = json.loads(path.read_text())
        if one["settings"] == settings:
            labels.append(one)
    versions = {one["key"].split()[-1] for one in labels}
    if len(versions) != 1:
        raise ValueError(f"{work}: labels of GPAW {sorted(versions)}; a data set has one version")
    path = work / "finished.json"
    path.write_text(json.dumps({"software": {"gpaw": versions.pop()}, "settings": settings, "frames": labels}))
    return path


def part_of(origin, fraction):
    """Whether a frame is to train or to test on: drawn by its origin alone, so that it stays as the set grows."""
    return "test" if int(hashlib.sha256(origin.encode()).hexdigest()[:8], 16) < fraction * 2**32 else "train"


def collect(document, folder, work):
    """Write the data set: systems with a part for testing, the summary and the checksums."""
    systems = labels_to_systems([finished(work, settings_of(document["dft"]))])
    check_dataset(systems, Limits(**document.get("limits", {})))
    for old in folder.glob("*/type.raw"):
        shutil.rmtree(old.parent)
    counts = dict.fromkeys(PARTS, 0)
    for system in systems:
        origins = system.provenance["origins"]
        parts = np.array([part_of(entry["origin"], document["test_fraction"]) for entry in origins])
        ordered = [
            origins[i] | {"generation": 0, "part": part} for part in PARTS for i in np.flatnonzero(parts == part)
        ]
        for part, name in PARTS.items():
            chosen = np.flatnonzero(parts == part)
            counts[part] += len(chosen)
            if len(chosen):
                write_deepmd(system.take(chosen), folder / system.name, name, {"origins": ordered})
    write_table(summary(systems), folder / "summary.csv", "data_summary")
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in ("SHA256SUMS", "README.md"))
    sums = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder)}\n" for p in files]
    (folder / "SHA256SUMS").write_text("".join(sums))
    print(len(systems), "systems,", ", ".join(f"{number} frames to {part}" for part, number in counts.items()))


def restore(document, folder, work):
    """Put the data set's labels where the labeller keeps its own, so that only the missing frames are computed."""
    settings, known = settings_of(document["dft"]), {}
    for system in read_dataset(folder, document["species"]):
        if system.provenance["settings"] != settings:
            raise ValueError(f"{system.source}: labelled with other settings than recipes.yaml; keep it apart")
        key = f"{identity_of(work)} gpaw {system.provenance['software']['gpaw']}"
        for number, entry in enumerate(system.provenance["origins"]):
            known[entry["origin"]] = {
                "energy": float(system.energies[number]),
                "forces": system.forces[number].tolist(),
                "virial": system.virials[number].tolist(),
                "cell": system.cells[number].tolist(),
                "positions": system.positions[number].tolist(),
                "symbols": system.symbols.tolist(),
                "origin": entry["origin"],
                "kpoints": entry["kpoints"],
                "settings": settings,
                "key": key,
            }
    for path in sorted((work / "frames").glob("*.extxyz")):
        for number, frame in enumerate(read(path, ":")):
            one = known.pop(frame.info["origin"], None)
            if one and np.allclose(one["positions"], frame.positions, rtol=0, atol=1e-6):
                write_whole(work / "labels" / f"{path.stem}.frames" / f"{number:04d}.json", json.dumps(one))
    if known:
        raise ValueError(
            f"{folder}: {len(known)} labels belong to no frame of recipes.yaml, such as {next(iter(known))!r}; "
            "restore the recipes that made them"
        )


class Step(StrEnum):
    """Steps of labelling, each a command of its own."""

    frames = "frames"
    label = "label"
    convergence = "convergence"
    check = "check"
    restore = "restore"
    collect = "collect"


@app.command()
def main(
    step: Annotated[Step, typer.Argument(help="What to do: see above.")],
    folder: Annotated[Path, typer.Argument(help="Folder with recipes.yaml, such as data/h3s-gpaw.")],
    work: Annotated[Path, typer.Argument(help="Where frames, PAW sets and labels are kept.")],
    only: Annotated[
        list[str] | None, typer.Option(help="Name of a recipe to label; repeatable. All by default.")
    ] = None,
) -> None:
    """Label the frames of a data folder's recipes by DFT, in one process. A killed run goes on where it was.

    - **frames** draws the frames and generates the PAW sets, under WORK
    - **restore** takes the labels that the data set has, so that only the others are computed
    - **label** labels the frames; started again after a kill, it goes on where it was
    - **convergence** labels the frames of `convergence` by every setting and writes the table
    - **check** compares forces and virial of one frame with finite differences of its energy
    - **collect** turns all finished frames into the data set

    `recipes.yaml` in the data folder has the form of the `dft` section of `config/crystals/lah10/crystal.yaml`. It also
    holds `species`, `prototypes`, `limits` of the data set's checks and, per PAW set, the arguments of `gpaw dataset`.

    Example: `python -m qcrystal label-recipes label data/h3s-gpaw work`
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    document = read_recipes(folder / "recipes.yaml")
    if step is Step.label:
        label(document, folder, work, only)
    else:
        steps = {"frames": frames, "convergence": convergence, "check": check, "restore": restore, "collect": collect}
        steps[step.value](document, folder, work)
