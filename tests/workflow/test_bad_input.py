"""Bad input: one line that names the culprit and says what to do, no traceback, and nothing that was there is touched.

Most cases go in where the workflow meets them: the configuration through `qcrystal.config`, files through the rules' own scripts
with a stand-in for Snakemake's object. A few go through Snakemake, which takes seconds to start.
"""

import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from ase import units
from ase.spacegroup import crystal
from configurations import CRYSTAL, MAIN, PUBLISHED, SOURCES, scale, scale_files

from qcrystal.config import make_variables
from qcrystal.config.load import load
from qcrystal.config.messages import ConfigError, read_yaml
from qcrystal.config.preflight import check_places, check_surroundings
from qcrystal.dynamics.lammps import launcher as lammps
from qcrystal.dynamics.spec import RunError, RunSpec
from qcrystal.dynamics.trajectory import TrajectoryWriter
from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.engines import PotentialError

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).resolve().parents[2]
SCALE, SWEEPS = scale_files("smoke")
CARD = "models/lah10-fast/card.yaml"


def by_id(table):
    return pytest.mark.parametrize("case", table, ids=lambda case: case.replace(" ", "-"))


def contents(folder):
    """Every file of a folder with what is in it, the logs left out."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".log" and not path.is_symlink()
    }


def says(text, words):
    """One line holds every word; nothing looks like a traceback."""
    assert text.strip() and "\n" not in text.strip(), text
    assert "Traceback" not in text and ".py" not in text, text
    assert all(word in text for word in words), f"{words} in {text}"


# --- configuration ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """The files that a configuration names: copies of the small ones, links to the others."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "config", folder / "config")
    shutil.copytree(ROOT / "data", folder / "data", ignore=shutil.ignore_patterns("*H*La*"))
    for system in (ROOT / "data/lah10-gpaw").glob("*La*"):
        (folder / "data/lah10-gpaw" / system.name).symlink_to(system)
    shutil.copytree(ROOT / "models/lah10-fast", folder / "models/lah10-fast")
    main = folder / MAIN
    main.write_text(main.read_text().replace("scale: laptop", "scale: smoke"))
    return folder


def change(*path, to):
    """An edit of a document: the value at a path of keys becomes another; a function is called with the old one."""

    def edit(document):
        for key in path[:-1]:
            document = document[key]
        if to is remove:
            del document[path[-1]]
        else:
            document[path[-1]] = to(document[path[-1]]) if callable(to) else to

    return edit


def remove():
    """Marks what is taken out."""


def sweep(**changes):
    """Change a sweep of the smoke scale."""
    return lambda document: document["sweeps"]["qtb_grid"].update(changes)


def fixed(**changes):
    """Change a sweep of the smoke scale into one at fixed cells."""
    return sweep(ensemble="nvt", **changes)


def rename(*path, to):
    def edit(document):
        for key in path[:-1]:
            document = document[key]
        document[to] = document.pop(path[-1])

    return edit


def same_names(document):
    for recipe in document["dft"]["recipes"]:
        recipe["name"] = "same"


NAN, INF = float("nan"), float("inf")
PATH_INTEGRALS = {"method": "pimd", "ensemble": "npt"}
# what is wrong: (file, edit of its content, words of the line)
VALUES = {
    # sweeps
    "unknown key": (SWEEPS, sweep(presure=[1]), ["sweeps.qtb_grid.presure", "unknown key", "'pressures'"]),
    "misspelt key": (
        SWEEPS,
        rename("sweeps", "qtb_grid", "pressures", to="presures"),
        ["presures", "did you mean 'pressures'"],
    ),
    # training
    "no steps": (SCALE, change("training", "steps", to=0), ["training.steps: input should be greater than 0 (got 0)"]),
    "no steps of an architecture": (
        SCALE,
        change("training", "steps", to={"fast": 0}),
        ["training.steps.fast: ", "(got 0)"],
    ),
    "too many probes": (
        CRYSTAL,
        change("training", "fast", "invariants", "probes", to=17),
        ["invariants.probes: ", "(got 17)"],
    ),
    "probes of a degree missing": (
        CRYSTAL,
        change("training", "fast", "invariants", "probes", to=[4, 4]),
        ["training.fast.invariants: probes: 2 numbers for 3 degrees; give one number, or one per degree"],
    ),
    "endless weight decay": (
        CRYSTAL,
        change("training", "fast", "weight_decay", to=INF),
        ["training.fast.weight_decay: "],
    ),
    "true weight decay": (
        CRYSTAL,
        change("training", "fast", "weight_decay", to=True),
        ["must be a number, not true or false"],
    ),
    "weight decay of another trainer": (
        CRYSTAL,
        lambda document: document["training"]["pairs"].update(trainer="deepmd", weight_decay=0.1),
        ["training.pairs: weight_decay: trainer deepmd takes none"],
    ),
    "key of another crystal": (SWEEPS, sweep(molecules=0), ["sweeps.qtb_grid.molecules", "unknown key; remove it"]),
    "missing key": (
        SWEEPS,
        change("sweeps", "qtb_grid", "length", to=remove),
        ["sweeps.qtb_grid.length is missing; add it"],
    ),
    "missing section": (SCALE, lambda d: d.pop("sampling"), ["sampling is missing; add it"]),
    "negative pressure": (SWEEPS, sweep(pressures=[150, -20]), ["pressures.1", "-20"]),
    "pressure in Pa": (SWEEPS, sweep(pressures=[1.5e11]), ["pressures.0", "150000000000", "10000"]),
    "pressure with its unit": (SWEEPS, sweep(pressures=["150 GPa"]), ["pressures.0", "'150 GPa'"]),
    "one pressure without a list": (SWEEPS, sweep(pressures=150), ["pressures", "list", "150"]),
    "infinite pressure": (SWEEPS, sweep(pressures=[INF]), ["pressures.0", "inf"]),
    "pressure that is no number": (SWEEPS, sweep(pressures=[NAN]), ["pressures.0", "nan"]),
    "the same pressure twice": (
        SWEEPS,
        sweep(pressures=[150, 150.0]),
        ["pressures", "150 stands there twice", "replicas"],
    ),
    "negative temperature": (SWEEPS, sweep(temperatures=[-5]), ["temperatures.0", "-5"]),
    "temperature of a star": (SWEEPS, sweep(temperatures=[1e12]), ["temperatures.0", "20000"]),
    "no temperature": (SWEEPS, sweep(temperatures=[]), ["temperatures", "at least 1"]),
    "classical at 0 K": (
        SWEEPS,
        sweep(method="classical", temperatures=[0]),
        ["temperatures", "classical", "above 0 K"],
    ),
    "path integrals at 0 K": (SWEEPS, sweep(**PATH_INTEGRALS, temperatures=[0]), ["temperatures", "above 0 K"]),
    "path integrals near 0 K": (
        SWEEPS,
        sweep(**PATH_INTEGRALS, temperatures=[0.01]),
        ["sweeps.qtb_grid.temperatures", "0.01 K", "beads", "more than 10000"],
    ),
    "dynamics at a free cell": (SWEEPS, sweep(method="trpmd"), ["ensemble", "nvt"]),
    "another run's cell under constant pressure": (SWEEPS, sweep(cell_of="energy_qtb"), ["cell_of", "ensemble: nvt"]),
    "a cell of no sweep": (SWEEPS, fixed(cell_of="energy"), ["qtb_grid.cell_of", "'energy'", "energy_qtb"]),
    "a cell of a fixed cell": (SWEEPS, fixed(cell_of="compared_qtb"), ["cell_of", "fixed cells itself"]),
    "a cell of another crystal": (
        SWEEPS,
        fixed(cell_of="energy_qtb", pressures=[200], isotope="D"),
        ["cell_of", "isotope H, not D"],
    ),
    "a cell without vacancies": (
        SWEEPS,
        fixed(cell_of="energy_qtb", pressures=[200], vacancies=1),
        ["cell_of", "0 vacancies in 44 sites, not 1"],
    ),
    "a cell at no such pressure": (SWEEPS, fixed(cell_of="energy_qtb", pressures=[150]), ["cell_of", "150 GPa"]),
    "unknown method": (SWEEPS, sweep(method="magic"), ["method", "'magic'", "'qtb'"]),
    "two integers": (SWEEPS, sweep(repeat=[2, 2]), ["repeat.2 is missing"]),
    "a supercell of zero": (SWEEPS, sweep(repeat=[2, 0, 2]), ["repeat.1", "greater than 0"]),
    "a supercell of halves": (SWEEPS, sweep(repeat=[2, 1.5, 2]), ["repeat.1", "1.5"]),
    "a supercell of words": (SWEEPS, sweep(repeat="big"), ["repeat", "'big'"]),
    "a supercell of a gram": (SWEEPS, sweep(repeat=[10**8] * 3), ["sweeps.qtb_grid.repeat", "atoms", "take fewer"]),
    "unknown isotope": (SWEEPS, sweep(isotope="T"), ["isotope", "'T'", "known: La, H, D"]),
    "more vacancies than atoms": (SWEEPS, sweep(vacancies=40), ["vacancies", "40 H atoms", "take fewer"]),
    "replicas 0": (SWEEPS, sweep(replicas=0), ["replicas", "greater than 0"]),
    "a million replicas": (SWEEPS, sweep(replicas=10**6), ["replicas", "4000000 runs", "take fewer"]),
    "yes as a length": (SWEEPS, sweep(length=True), ["length", "must be a number", "True"]),
    "no length": (SWEEPS, sweep(length=0), ["length", "greater than 0"]),
    "length in fs": (SWEEPS, sweep(length=1e6), ["length", "2e+09 steps of 0.5 fs", "take less"]),
    "shorter than a frame": (SWEEPS, sweep(length=0.001), ["length", "0.001 ps", "sampling.frame_interval"]),
    "friction of path integrals": (SWEEPS, sweep(method="pimd", frictions=[10]), ["frictions", "pimd"]),
    "no friction": (SWEEPS, sweep(frictions=[0]), ["frictions.0", "greater than 0"]),
    "the same friction twice": (SWEEPS, sweep(frictions=[10, 10]), ["frictions", "10 stands there twice"]),
    "beads of a bath": (SWEEPS, sweep(beads=[8]), ["beads", "qtb has none"]),
    "beads twice over": (
        SWEEPS,
        sweep(method="pimd", temperatures=[300], beads=[8], bead_ratio=2),
        ["beads", "[8]", "bead_ratio: 2"],
    ),
    "half a bead": (SWEEPS, sweep(method="pimd", temperatures=[300], beads=[0.5]), ["beads", "0.5"]),
    "the same beads twice": (
        SWEEPS,
        sweep(method="pimd", temperatures=[300], beads=[8, 8]),
        ["beads", "8 stands there twice"],
    ),
    "name with a slash": (SWEEPS, rename("sweeps", "qtb_grid", to="qtb/grid"), ["sweeps", "'qtb/grid'", "letters"]),
    "name beyond ASCII": (SWEEPS, rename("sweeps", "qtb_grid", to="протоны"), ["sweeps", "'протоны'", "letters"]),
    "name that is a number": (SWEEPS, rename("sweeps", "qtb_grid", to=1), ["sweeps", "'1'", "string"]),
    "sweeps as a list": (SWEEPS, change("sweeps", to=[]), ["sweeps", "dictionary", "[]"]),
    "frames farther apart than a run is long": (
        SCALE,
        change("sampling", "frame_interval", to=5),
        ["sampling.frame_interval: 5 ps is longer than the runs of classical_grid, qtb_grid,"],
    ),
    "a billion points": (SCALE, change("statics", "eos_points", to=10**9), ["statics.eos_points", "10000"]),
    "a run of another length": (
        SWEEPS,
        change("sweeps", "energy_classical", "length", to=1.0),
        ["sweeps.energy_classical", "already part of another sweep", "steps 300 there, 2000 here"],
    ),
    # system
    "element of no species": (
        CRYSTAL,
        change("prototypes", "Fm-3m", "sites", 0, "element", to="Ce"),
        ["prototypes.Fm-3m", "'Ce'"],
    ),
    "no element": (CRYSTAL, change("species", to=["La", "Q"]), ["species", "'Q'", "not a chemical element"]),
    "species twice": (CRYSTAL, change("species", to=["La", "H", "H"]), ["species", "H stands there twice"]),
    "isotope of no species": (CRYSTAL, change("isotopes", "D", "element", to="He"), ["isotopes.D.element", "'He'"]),
    "negative mass": (CRYSTAL, change("isotopes", "D", "mass", to=-2), ["isotopes.D.mass", "-2"]),
    "no sites": (CRYSTAL, change("prototypes", "Fm-3m", "sites", to=[]), ["prototypes.Fm-3m.sites", "at least 1"]),
    "position that is no number": (
        CRYSTAL,
        change("prototypes", "Fm-3m", "sites", 1, "position", to=[NAN] * 3),
        ["prototypes.Fm-3m.sites.1.position.0", "nan"],
    ),
    "two atoms at one place": (
        CRYSTAL,
        change("prototypes", "Fm-3m", "sites", 2, "position", to=[0.251] * 3),
        ["prototypes.Fm-3m", "0.01 Å apart", "correct the sites"],
    ),
    "one site twice": (
        CRYSTAL,
        change("prototypes", "Fm-3m", "sites", to=lambda sites: [*sites, sites[1]]),
        ["prototypes.Fm-3m", "two of the sites are equivalent", "remove one"],
    ),
    "lattice constant in nm": (
        CRYSTAL,
        change("prototypes", "Fm-3m", "lattice_constant", to=0.495),
        ["lattice_constant", "0.495"],
    ),
    "space group 231": (CRYSTAL, change("prototypes", "Fm-3m", "spacegroup", to=231), ["spacegroup", "230"]),
    "cage of nothing": (CRYSTAL, change("cage", "centre", to="X"), ["cage.centre", "'X'"]),
    "recipes of one name": (CRYSTAL, same_names, ["dft.recipes", "share a name"]),
    "vacancies of a recipe": (
        CRYSTAL,
        change("dft", "recipes", 6, "vacancies", to=99),
        ["vacancy", "99 vacancies", "20 H atoms"],
    ),
    "learning from nothing": (
        CRYSTAL,
        change("learning", "starts", to=["x"]),
        ["learning.starts", "'x'", "cubic_zero_point"],
    ),
    "bounds upside down": (
        CRYSTAL,
        change("learning", "bounds", to=[1, 0.1]),
        ["learning", "bounds", "below the upper"],
    ),
    "time step too large": (
        CRYSTAL,
        change("dynamics", "timestep", "qtb", to=5),
        ["timestep.qtb", "5 fs", "take 1.2 fs or less"],
    ),
    "time step of none": (
        CRYSTAL,
        change("dynamics", "timestep", "adqtb", to=remove),
        ["dynamics.timestep", "'adqtb'"],
    ),
    "bath below the vibrations": (
        CRYSTAL,
        change("dynamics", "bath", "cutoff", to=20),
        ["bath.cutoff", "20 THz", "84 THz"],
    ),
    "infinite bath": (CRYSTAL, change("dynamics", "bath", "gamma", to=INF), ["dynamics.bath.gamma", "inf"]),
    "range upside down": (
        CRYSTAL,
        change("statics", "lattice_constants", to=[5.5, 4.7]),
        ["lattice_constants", "[5.5, 4.7]"],
    ),
    "one phonon pressure": (
        CRYSTAL,
        change("statics", "phonon_pressures", to=[100]),
        ["phonon_pressures", "at least 2"],
    ),
    "no such space group": (CRYSTAL, change("search", "phases", to=["R3x"]), ["search.phases", "'R3x'", "R-3m"]),
    "cutoffs crossed": (
        CRYSTAL,
        change("training", "fast", "cutoff_smooth", to=5),
        ["training.fast", "cutoff_smooth", "4 Å"],
    ),
    "learning rate that rises": (
        CRYSTAL,
        change("training", "fast", "stop_lr", to=1),
        ["training.fast", "stop_lr", "0.006"],
    ),
    "neighbours of one species": (
        CRYSTAL,
        change("training", "fast", "sel", to=[18]),
        ["training.fast.sel", "one number per species"],
    ),
    "repulsion upside down": (CRYSTAL, change("repulsion", "H-H", to=[0.4, 0.1]), ["repulsion H-H", "inner < outer"]),
    "yes as a space group": (CRYSTAL, change("prototypes", "Fm-3m", "spacegroup", to=True), ["spacegroup", "True"]),
    "yes among space groups": (CRYSTAL, change("search", "space_groups", to=[True]), ["space_groups.0", "True"]),
    "cutoff beyond reason": (CRYSTAL, change("dft", "cutoff", to=1e300), ["dft.cutoff", "1e+300", "5000"]),
    "cutoff in Rydberg": (CRYSTAL, change("dft", "cutoff", to=36.7), ["dft.cutoff", "36.7", "50"]),
    "width in K": (CRYSTAL, change("dft", "width", to=1e6), ["dft.width", "1000000", "10"]),
    "a trial beyond reason": (
        CRYSTAL,
        change("dft", "convergence", "cutoffs", to=[400, 1e300]),
        ["dft.convergence.cutoffs.1", "1e+300"],
    ),
    "a recipe of a million frames": (
        CRYSTAL,
        change("dft", "recipes", 0, "frames", to=10**6),
        ["dft.recipes.0.frames", "1000000"],
    ),
    "a recipe of a gram": (
        CRYSTAL,
        change("dft", "recipes", 0, "repeat", to=[10**7] * 3),
        ["dft.recipes: cubic: repeat", "atoms", "take fewer"],
    ),
    "checkpoints once in a million ps": (
        SCALE,
        change("sampling", "checkpoint_interval", to=1e6),
        ["sampling.checkpoint_interval", "1000000", "100"],
    ),
    # literature
    "published value without a source": (
        PUBLISHED,
        change("values", "qin_energy_rmse", "where", to=remove),
        ["values.qin_energy_rmse", "'where'"],
    ),
    "published figures gone": (PUBLISHED, change("figures", to=remove), ["'figures'", "restore it"]),
    # sources
    "a key of the main configuration": (
        SOURCES,
        lambda document: document.update(seed=1),
        ["seed", "belongs to config/config.yaml", "move it there"],
    ),
    "unknown source": (SOURCES, lambda document: document.update(modle="a"), ["modle", "did you mean 'model'"]),
    "no source of data": (SOURCES, change("dataset", to=remove), ["dataset is missing; add it"]),
    "no potential": (SOURCES, change("model", to=None), ["model", "start: model needs a potential", "set start"]),
    # main
    "unknown start": (MAIN, change("start", to="middle"), ["start", "'middle'", "'labels'"]),
    "seed below 0": (MAIN, change("seed", to=-1), ["seed", "-1"]),
    "unknown device": (MAIN, change("device", to="abacus"), ["device", "'abacus'", "'cuda'"]),
    "unknown training": (SOURCES, change("training", to="slow"), ["training", "'slow'", "accurate, fast"]),
    "missing data set": (SOURCES, change("dataset", to="other"), ["dataset", "'other'", "lah10-gpaw, ly2022"]),
    "missing literature": (SOURCES, change("published", to="nowhere.yaml"), ["published", "nowhere.yaml"]),
    "missing lattices": (SOURCES, change("dft_reference", to="nowhere.csv"), ["dft_reference", "nowhere.csv"]),
    "lattices that are no table": (
        SOURCES,
        change("dft_reference", to="config/config.yaml"),
        ["dft_reference: config/config.yaml", "no column 'lattice_constant'", "restore it"],
    ),
    "pressures that are no table": (
        SOURCES,
        change("label_pressures", to="config/crystals/lah10/published.yaml"),
        ["label_pressures: config/crystals/lah10/published.yaml", "no column 'system'"],
    ),
    "missing checksums": (
        SOURCES,
        lambda d: d.update(dataset="ly2022") or d["datasets"]["ly2022"].update(checksums="nowhere"),
        ["datasets.ly2022.checksums", "nowhere"],
    ),
    "branch instead of a commit": (
        SOURCES,
        change("datasets", "ly2022", "commit", to="main"),
        ["datasets.ly2022.commit", "'main'"],
    ),
    "data that are not there": (
        MAIN,
        lambda d: d.update(start="labels", datasets={"lah10-gpaw": {"path": "data/nowhere"}}),
        ["datasets.lah10-gpaw.path", "data/nowhere"],
    ),
    "data that are none": (
        MAIN,
        lambda d: d.update(start="labels", datasets={"lah10-gpaw": {"path": "config"}}),
        ["datasets.lah10-gpaw.path: config", "type.raw", "check this path"],
    ),
    "no interpreter": (MAIN, lambda d: d.update(start="dft", dft_python="/no/python"), ["dft_python", "/no/python"]),
    "missing potential": (SOURCES, change("model", to="models/nowhere"), ["model", "models/nowhere", "model.pb"]),
    "a name of 300 letters": (SOURCES, change("model", to=300 * "m"), ["model", "300 letters", "name another"]),
    "a table's name of 300 letters": (
        SOURCES,
        change("dft_check", to=f"data/{300 * 'm'}.csv"),
        ["dft_check", "letters"],
    ),
    "a path of 5000 letters": (
        SOURCES,
        change("published", to="a/" * 2500),
        ["published", "5000 letters", "name another"],
    ),
    "a scale of 300 letters": (MAIN, change("scale", to=300 * "m"), ["scale", "300 letters"]),
    "path with a line break": (SOURCES, change("model", to="models\n"), ["model", "one line of text"]),
}
TEXTS = {
    "a list": (SCALE, b"- a\n- b\n", ["must hold keys with values", "list"]),
    "nothing": (SCALE, b"", ["must hold keys with values"]),
    "a key twice": (SCALE, b"dft: {}\ntraining: {}\ndft: {}\n", ["line 3", "'dft' stands there twice"]),
    "a key twice in a sweep": (
        SCALE,
        b"sweeps:\n  a: {length: 1, length: 2}\n",
        ["line 2", "'length' stands there twice"],
    ),
    "a tab": (SCALE, b"dft:\n\t{batches: 1}\n", ["line 2", "'\\t'"]),
    "an open bracket": (SCALE, b"dft: {batches: 1\nsweeps: 1\n", ["line 2", "not valid YAML"]),
    "a date of no calendar": (SCALE, b"dft: 2020-13-45\n", ["month"]),
    "another encoding": (SCALE, "# Größe\n".encode("latin-1"), ["utf-8"]),
    "a binary file": (SCALE, b"\x89HDF\r\n\x1a\n\0\0", ["cannot be read"]),
    "endless nesting": (SCALE, b"dft: " + 3000 * b"[", ["recursion"]),
    "a system that is a list": (CRYSTAL, b"- La\n- H\n", ["must hold keys with values"]),
    "literature that is a text": (PUBLISHED, b"none\n", ["must hold keys with values", "str"]),
    "literature cut short": (PUBLISHED, b"sources: {a: b}\n", ["'values'", "restore it"]),
    "main that is a list": (MAIN, b"- scale\n", ["must hold keys with values", "list"]),
    "a card cut short": (CARD, b"name: lah10-fast\n", ["species", "restore the potential's card"]),
    "a card that is no YAML": (CARD, b"name: [", ["not valid YAML", "restore"]),
    "a card with a key twice": (CARD, b"name: a\nname: b\n", ["line 2", "'name' stands there twice", "restore"]),
    "a card of endless nesting": (CARD, b"name: " + 3000 * b"[", ["cannot be read", "recursion", "restore"]),
    "another potential behind the card": ("models/lah10-fast/model.pb", b"another", ["card.yaml describes", "SHA-256"]),
    "another member of the committee": ("models/lah10-fast/model-3.pb", b"another", ["card.yaml describes", "SHA-256"]),
}


GPAW, PRESSURES, FAST = "data/lah10-gpaw", "data/ly2022_pressures.csv", "models/lah10-fast"


def half(good):
    return good[: len(good) // 2]


def half_of_the_lines(good):
    lines = good.splitlines(keepends=True)
    return b"".join(lines[: len(lines) // 2])


def no_line(good):
    return good.splitlines(keepends=True)[0]


def other_name(good):
    return good.replace(b"pressure", b"presure")


def no_end(good):
    return good[:-1]


TABLES = {
    "half a table of errors": (
        f"{FAST}/parity_errors.csv",
        half_of_the_lines,
        ["card.yaml describes", "SHA-256", "restore it"],
    ),
    "half the frames": (f"{FAST}/parity_frames.csv", half, ["row", "not complete", "restore it"]),
    "half the lines of the frames": (f"{FAST}/parity_frames.csv", half_of_the_lines, ["129 rows, not 259"]),
    "a histogram without its end": (f"{FAST}/parity_histograms.csv", no_end, ["row", "not complete"]),
    "a binary table of errors": (f"{FAST}/parity_errors.csv", lambda good: b"\xff\0", ["not a readable table"]),
    "frames without their pressure": (f"{FAST}/parity_frames.csv", other_name, ["no column 'pressure'"]),
    "half the lattices": (f"{GPAW}/lattice.csv", half, ["dft_reference", "not complete"]),
    "half the lines of the lattices": (f"{GPAW}/lattice.csv", half_of_the_lines, ["dft_reference", "SHA256SUMS"]),
    "lattices of another kind": (f"{GPAW}/lattice.csv", other_name, ["no column 'pressure'"]),
    "half the convergence": (f"{GPAW}/convergence.csv", half, ["dft_convergence", "not complete"]),
    "half the checked structures": (f"{GPAW}/structures_check.csv", half, ["dft_check", "not complete"]),
    "half the generations": (f"{GPAW}/generations.csv", half, ["learning_reference", "not complete"]),
    "no generation": (f"{GPAW}/generations.csv", no_line, ["learning_reference", "no row"]),
    "half a map": (f"{GPAW}/structure_map.csv", half, ["learning_reference", "not complete"]),
    "half the pressures": (PRESSURES, half, ["label_pressures", "not complete"]),
    "pressures of no bytes": (PRESSURES, lambda good: b"", ["label_pressures", "no column 'system'"]),
}


@by_id(TABLES)
def test_bad_table_is_named_before_anything_starts(case, house):
    file, spoil, words = TABLES[case]
    path = house / file
    good = path.read_bytes()
    path.write_bytes(spoil(good))
    try:
        says(refusal(house), [file, *words])
    finally:
        path.write_bytes(good)


CARDS = {
    "sums that are none": (change("committee", to={"sha256": None}), ["committee.sha256 is None"]),
    "sums that are a list": (change("committee", to={"sha256": ["a"]}), ["committee.sha256 is ['a']"]),
    "a sum that is a number": (change("committee", to={"sha256": {"model.pb": 1}}), ["committee.sha256", "1"]),
    "a committee that is a text": (change("committee", to="three"), ["committee is 'three'"]),
    "a file that is a number": (change("committee", to={"sha256": {1: "a"}}), ["committee.sha256 has the key 1"]),
    "settings that are a list": (change("settings", to=[1]), ["settings is [1]"]),
    "seeds that are a number": (change("settings", "seeds", to=7), ["settings.seeds is 7"]),
    "versions that are a text": (change("versions", to="new"), ["versions is 'new'"]),
    "a text for species": (change("species", to="La"), ["species is 'La'"]),
    "table of another sum": (
        change("tables", to={"sha256": {"parity_errors.csv": "0"}}),
        ["parity_errors.csv", "SHA-256"],
    ),
}


@by_id(CARDS)
def test_malformed_card_is_named(case, house):
    edit, words = CARDS[case]
    path = house / CARD
    good = path.read_text()
    document = yaml.safe_load(good)
    edit(document)
    path.write_text(yaml.safe_dump(document))
    try:
        says(refusal(house), ["models/lah10-fast", *words])
    finally:
        path.write_text(good)


def refusal(house):
    """The line with which a configuration is refused; it has touched nothing."""
    before = contents(house)
    with pytest.raises(ConfigError) as caught:
        settings = read_yaml(house / MAIN, MAIN, "file")
        load(settings, house)
    assert contents(house) == before
    return str(caught.value)


@by_id(VALUES)
def test_bad_value_is_named(case, house):
    file, edit, words = VALUES[case]
    path = house / file
    good = path.read_text()
    document = yaml.safe_load(good)
    edit(document)
    path.write_text(yaml.safe_dump(document, allow_unicode=True))
    try:
        says(refusal(house), [file, *words])
    finally:
        path.write_text(good)


@by_id(TEXTS)
def test_bad_text_is_named(case, house):
    file, content, words = TEXTS[case]
    path = house / file
    good = path.read_bytes()
    path.write_bytes(content)
    try:
        says(refusal(house), [file, *words])
    finally:
        path.write_bytes(good)


def two_lattices_and_a_cage(document):
    document["statics"].update(lattice_constants=[5.5, 4.7], phonon_pressures=[100, 100])
    document["cage"].update(centre="Ce")


def test_all_problems_of_all_files_are_told_at_once(house):
    """Fields and what does not fit together, within a file and between files, each in a line of its own."""
    edits = {
        MAIN: change("seed", to=-1),
        SOURCES: change("label_pressures", to="nowhere.csv"),
        SCALE: change("statics", "eos_points", to=0),
        SWEEPS: sweep(isotope="T", vacancies=40),
        CRYSTAL: two_lattices_and_a_cage,
    }
    good = {file: (house / file).read_text() for file in edits}
    for file, edit in edits.items():
        document = yaml.safe_load(good[file])
        edit(document)
        (house / file).write_text(yaml.safe_dump(document))
    try:
        lines = refusal(house).splitlines()
    finally:
        for file, text in good.items():
            (house / file).write_text(text)
    wanted = {
        f"{MAIN}: seed: ",
        f"{SOURCES}: label_pressures: no file 'nowhere.csv'",
        f"{SCALE}: statics.eos_points: ",
        f"{SWEEPS}: sweeps.qtb_grid.isotope: nobody defined 'T'",
        f"{SWEEPS}: sweeps.qtb_grid.vacancies: 40 vacancies",
        f"{CRYSTAL}: statics.lattice_constants: [5.5, 4.7] must be",
        f"{CRYSTAL}: statics.phonon_pressures: 100 stands there twice",
        f"{CRYSTAL}: cage.centre: 'Ce'",
    }
    told = {beginning: [line for line in lines if line.startswith(beginning)] for beginning in wanted}
    assert all(len(found) == 1 for found in told.values()), (told, lines)
    assert len(lines) == len(wanted), lines


def test_files_of_a_potential_that_are_gone_are_named(house):
    for name in ("card.yaml", "model.pb", "model-2.pb", "parity_frames.csv"):
        path = house / "models/lah10-fast" / name
        path.rename(path.with_suffix(".away"))
        try:
            says(refusal(house), ["models/lah10-fast", name])
        finally:
            path.with_suffix(".away").rename(path)


def test_potential_of_another_order_of_species_is_named(house):
    card = house / CARD
    good = card.read_text()
    document = yaml.safe_load(good) | {"species": ["H", "La"]}
    card.write_text(yaml.safe_dump(document))
    try:
        says(refusal(house), [CARD, "H, La", "La, H", "order"])
    finally:
        card.write_text(good)


ORIGINS = {
    "a file": ({"over.yaml": {"start": "middle"}}, "over.yaml: start: "),
    "the command line": ({"over.yaml": {"start": "labels"}, "--config": {"start": "middle"}}, "--config: start: "),
    "another key": ({"over.yaml": {"seed": 1}, "--config": {}}, "config/config.yaml: start: "),
}


@by_id(ORIGINS)
def test_origin_of_a_bad_value_is_named(case, house):
    put_over, beginning = ORIGINS[case]
    settings = read_yaml(house / MAIN, MAIN, "file") | {"start": "middle"}
    with pytest.raises(ConfigError) as caught:
        load(settings, house, put_over)
    assert str(caught.value).startswith(beginning)


def test_origin_of_a_file_that_is_not_there_is_named(house):
    settings = read_yaml(house / MAIN, MAIN, "file") | {"label_pressures": "nowhere.csv"}
    with pytest.raises(ConfigError) as caught:
        load(settings, house, {"--config": {"label_pressures": "nowhere.csv"}})
    says(str(caught.value), ["--config: label_pressures: no file 'nowhere.csv'"])


ENVIRONMENT = {
    "threads that are a word": ({"OMP_NUM_THREADS": "abc"}, ["OMP_NUM_THREADS", "'abc'", "unset it"]),
    "no threads": ({"MKL_NUM_THREADS": "0"}, ["MKL_NUM_THREADS", "'0'"]),
    "empty": ({"OPENBLAS_NUM_THREADS": ""}, ["OPENBLAS_NUM_THREADS", "''"]),
    "negative": ({"DP_INTRA_OP_PARALLELISM_THREADS": "-1"}, ["DP_INTRA_OP_PARALLELISM_THREADS", "'-1'"]),
}


@by_id(ENVIRONMENT)
def test_bad_variable_is_named(case, tmp_path):
    environment, words = ENVIRONMENT[case]
    with pytest.raises(ConfigError) as caught:
        check_surroundings(environment, [tmp_path / "results"])
    says(str(caught.value), words)


PLACES = {
    "a space": ("/opt/a b/bin/python", "/opt/a b", ["/opt/a b/bin/python", "' '"]),
    "an ampersand": ("/opt/a&b/bin/python", "/opt/a&b", ["'&'"]),
    "a quote": ("/opt/a'b/bin/python", "/opt/a'b", ['"\'"']),
    "a dollar": ("/opt/a$b/bin/python", "/opt/a$b", ["'$'"]),
    "a colon": ("/opt/a:b/bin/python", "/opt/a:b", ["':'"]),
    "a brace": ("/usr/bin/python3", "/opt/{a}", ["/opt/{a}", "'{'"]),
}


@by_id(PLACES)
def test_path_that_the_shell_would_read_is_named(case):
    interpreter, root, words = PLACES[case]
    with pytest.raises(ConfigError) as caught:
        check_places(interpreter, root)
    says(str(caught.value), ["path", *words, "move the repository"])


def test_path_beyond_ascii_is_not_refused():
    check_places("/opt/Jürgen/é_ü+a@b,c=1%-/bin/python3.11", "/opt/a b & c's")


def test_results_that_are_no_folder_or_cannot_be_written_are_named(tmp_path, monkeypatch):
    results = tmp_path / "results"
    check_surroundings({}, [results])
    results.write_text("mine")
    with pytest.raises(ConfigError) as caught:
        check_surroundings({}, [results])
    says(str(caught.value), [str(results), "not a folder", "move it away"])
    assert results.read_text() == "mine"
    results.unlink()
    results.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(ConfigError) as caught:
        check_surroundings({}, [results])
    says(str(caught.value), [str(results), "cannot be written to", "permissions"])


# --- scripts of the rules --------------------------------------------------------------------------------------------


class Named(dict):
    """Snakemake's lists with names."""

    def __getattr__(self, name):
        if name not in self:
            raise AttributeError(name)
        return self[name]

    def __iter__(self):
        return iter(self.values())


class Job:
    """A rule's script, run with a stand-in for Snakemake's object."""

    def __init__(self, folder, script):
        self.folder, self.script = folder, ROOT / "scripts" / f"{script}.py"
        self.rule, self.threads = Path(script).name, 1
        self.log = [str(folder / f"{self.rule}.log")]
        self.input, self.output, self.params, self.wildcards = Named(), Named(), Named(), Named()
        self.resources = {}

    def run(self):
        runpy.run_path(str(self.script), {"snakemake": self})

    def fails(self, words, capsys):
        """It exits with status 1 and one line; what was in its folder is there as it was, and nothing else."""
        before = contents(self.folder)
        with pytest.raises(SystemExit) as caught:
            self.run()
        assert caught.value.code == 1
        says(capsys.readouterr().err, [f"{self.rule}: ", *words])
        assert contents(self.folder) == before


@pytest.fixture(autouse=True)
def own_logging(monkeypatch):
    """Logging stays pytest's."""
    monkeypatch.setattr("qcrystal.provenance.job._log_to", lambda path: None)


@pytest.fixture
def labels(tmp_path):
    """A rule's job on a copy of two systems of the shipped data set; an older result is there already."""
    data = tmp_path / "data"
    for name in ("triclinic_md_H10La", "vacancy_md_H19La2"):
        shutil.copytree(ROOT / "data/lah10-gpaw" / name, data / name)
    (tmp_path / "results/old").mkdir(parents=True)
    (tmp_path / "results/old/type.raw").write_text("an older result")
    job = Job(tmp_path, "dataset/split")
    job.output = Named(folder=str(tmp_path / "results"), summary=str(tmp_path / "results.csv"))
    job.params = Named(
        source=str(data),
        species=["La", "H"],
        settings={"test": "marked", "test_fraction": 0.1, "limits": {}},
        seed=1,
        modules=[],
    )
    job.wildcards = Named(dataset="mine")
    return job


def array(name, edit, system="triclinic_md_H10La"):
    """Change an array of every set of a system."""

    def change_files(data):
        for path in data.glob(f"{system}/set.*/{name}.npy"):
            np.save(path, edit(np.load(path)))

    return change_files


def stresses(data):
    """Stresses (eV/Å³) where virials belong."""
    for path in data.rglob("virial.npy"):
        volumes = np.abs(np.linalg.det(np.load(path.with_name("box.npy")).reshape(-1, 3, 3)))
        np.save(path, -np.load(path) / volumes[:, None])


def everywhere(**factors):
    """Other units: arrays times a factor."""

    def change_files(data):
        for name, factor in factors.items():
            array(name, lambda values, factor=factor: factor * values, "*")(data)

    return change_files


def at(frame, value):
    """An array whose frame holds a value."""

    def edit(values):
        values = values.copy()
        values[frame] = value
        return values

    return edit


def write(path, content):
    return lambda data: (data / path).write_bytes(content)


def cut(path):
    return lambda data: os.truncate(data / path, (data / path).stat().st_size // 2)


def first_frame_again(data):
    for name in ("coord", "box"):
        array(name, lambda values: np.vstack([values[:1], values[:1], values[2:]]))(data)


FIRST = "triclinic_md_H10La/set.000"
DATA = {
    "array cut short": (cut(f"{FIRST}/force.npy"), [f"{FIRST}/force.npy", "not a complete npy array", "again"]),
    "array that is a text": (
        write(f"{FIRST}/energy.npy", b"-167.2\n"),
        [f"{FIRST}/energy.npy", "not a complete npy array"],
    ),
    "array of words": (
        lambda data: np.save(data / FIRST / "energy.npy", np.array(["low"] * 9)),
        [f"{FIRST}/energy.npy", "<U3", "write it again"],
    ),
    "array of objects": (
        lambda data: np.save(data / FIRST / "energy.npy", np.array([{}] * 9), allow_pickle=True),
        [f"{FIRST}/energy.npy"],
    ),
    "complex numbers": (array("energy", lambda values: values + 1j), ["energy.npy", "complex128"]),
    "archive instead of an array": (
        lambda data: (
            np.savez(data / FIRST / "energy", x=[1])
            or (data / FIRST / "energy.npz").replace(data / FIRST / "energy.npy")
        ),
        [f"{FIRST}/energy.npy", "an archive"],
    ),
    "missing virial": (lambda data: (data / FIRST / "virial.npy").unlink(), [f"{FIRST}/virial.npy", "missing"]),
    "a frame too few": (
        lambda data: np.save(data / FIRST / "box.npy", np.load(data / FIRST / "box.npy")[1:]),
        [f"{FIRST}/box.npy", "frames", "energy.npy"],
    ),
    "an atom too few": (
        write("triclinic_md_H10La/type.raw", b"0\n" + 9 * b"1\n"),
        ["coord.npy", "30 numbers", "type.raw"],
    ),
    "types that are words": (write("triclinic_md_H10La/type.raw", b"La H H"), ["type.raw", "'La'", "whole number"]),
    "types beyond the map": (write("triclinic_md_H10La/type.raw", 11 * b"7\n"), ["type.raw", "0..1", "La"]),
    "types in another order": (
        write("triclinic_md_H10La/type_map.raw", b"H\nLa\n"),
        ["types look swapped", "type.raw"],
    ),
    "no element": (write("triclinic_md_H10La/type_map.raw", b"La\nQq\n"), ["type_map.raw", "'Qq'"]),
    "another crystal": (write("triclinic_md_H10La/type_map.raw", b"Ce\nH\n"), ["triclinic_md_H10La", "Ce", "La, H"]),
    "no types": (lambda data: [path.unlink() for path in data.rglob("type.raw")], ["data", "no DeePMD system"]),
    "a force that is no number": (array("force", at(3, NAN)), ["triclinic_md_H10La", "frame 3", "nan in forces"]),
    "an infinite energy": (array("energy", at(2, INF)), ["frame 2", "inf in energies"]),
    "a singular cell": (array("box", at(4, [5, 0, 0, 5, 0, 0, 0, 0, 5])), ["frame 4", "singular cell"]),
    "two atoms at one place": (
        array("coord", lambda values: np.hstack([values[:, :3], values[:, :3] + 0.1, values[:, 6:]])),
        ["triclinic_md_H10La", "Å apart", "remove this frame"],
    ),
    "lengths in Bohr": (everywhere(coord=1 / units.Bohr, box=1 / units.Bohr), ["do not look like Å", "box.npy"]),
    "lengths in nm": (everywhere(coord=0.1, box=0.1), ["Å apart"]),
    "forces in meV": (everywhere(force=1e3), ["frame", "eV/Å", "check the unit"]),
    "energies in Hartree": (everywhere(energy=1 / units.Hartree), ["energies look like Ha", "correct the labels"]),
    "virials in GPa": (everywhere(virial=1 / units.GPa), ["virials look like GPa Å³", "correct the labels"]),
    "stresses instead of virials": (stresses, ["virials look like stresses of the wrong sign"]),
    "the same frame twice": (first_frame_again, ["frame 1", "duplicate of frame 0", "remove one"]),
    "an energy off the trend": (
        array("energy", lambda values: values + 20 * (np.arange(len(values)) == 1)),
        ["frame 1", "off the trend"],
    ),
    "marks that are gone": (
        lambda data: [p.unlink() for p in data.rglob("provenance.json")],
        ["provenance.json", "use 'fraction'"],
    ),
    "marks that are broken": (
        write("triclinic_md_H10La/provenance.json", b"{"),
        ["provenance.json", "not valid JSON", "restore"],
    ),
    "marks of other frames": (
        write("triclinic_md_H10La/provenance.json", b'{"origins": [{}]}'),
        ["provenance.json", "1 origins for", "restore"],
    ),
}


@by_id(DATA)
def test_bad_labels_are_named(case, labels, capsys):
    edit, words = DATA[case]
    edit(labels.folder / "data")
    labels.fails(words, capsys)


def test_good_labels_are_not_refused(labels):
    """The cases above differ from this by their edit only."""
    labels.run()
    assert (labels.folder / "results/train").is_dir() and not (labels.folder / "results/old").exists()


RUN = "qtb-H-cubic-44-npt-200GPa-300K-r0"


def specification(**changes):
    values = {"run": RUN, "system": "lah10", "method": "classical", "repeat": (1, 1, 1), "species": ("La", "H")}
    values |= {"masses": {"La": 138.905, "H": 1.008}, "temperature": 300, "pressure": 200, "timestep": 0.5, "steps": 40}
    return RunSpec(**(values | {"sample_every": 1, "checkpoint_every": 10, "seed": 3} | changes))


def lah10(lanthanum="La"):
    sites = [(0.5, 0.5, 0.5), (0.25, 0.25, 0.25), (0.1205, 0.1205, 0.1205)]
    return crystal([lanthanum, "H", "H"], sites, spacegroup=225, cellpar=[5.0] * 3 + [90] * 3)


@pytest.fixture
def observed(tmp_path):
    """The job that takes the observables of a run of 41 frames; older observables are there already."""
    run, observables = tmp_path / "runs" / RUN, tmp_path / "observables" / RUN
    run.mkdir(parents=True)
    observables.mkdir(parents=True)
    (observables / "summary.csv").write_text("an older result")
    atoms, rng = lah10(), np.random.default_rng(1)
    masses = np.where(np.array(atoms.get_chemical_symbols()) == "La", 138.905, 1.008)
    rows = []
    with TrajectoryWriter(run / "trajectory.h5", specification(), list(atoms.symbols), masses) as writer:
        for step in range(41):
            writer.append(step, step * 5e-4, atoms.positions + rng.normal(scale=0.05, size=(44, 3)), atoms.cell.array)
            rows.append(
                {"step": step, "time": step * 5e-4, "volume": atoms.get_volume(), "pressure": rng.normal(200, 2)}
            )
    thermo = pd.DataFrame(rows).assign(
        kinetic_energy=1.7, potential_energy=-160.0, kinetic_La=0.039, kinetic_H=0.039, temperature=300.0
    )
    thermo.to_csv(run / "thermo.csv", index=False)
    (run / "report.json").write_text("{}")
    lattice = {"volume": np.linspace(2.4, 3.4, 11), "energy": np.linspace(-3.9, -4.1, 11)}
    lattice |= {
        "lattice_constant": np.linspace(4.7, 5.3, 11),
        "pressure": np.linspace(300, 80, 11),
        "beyond_training": 0,
    }
    pd.DataFrame(lattice).to_csv(tmp_path / "eos.csv", index=False)
    system = yaml.safe_load((ROOT / CRYSTAL).read_text())
    job = Job(tmp_path, "analysis/observe")
    files = {name: str(run / file) for name, file in (("thermo", "thermo.csv"), ("report", "report.json"))}
    job.input = Named(trajectory=str(run / "trajectory.h5"), eos=str(tmp_path / "eos.csv"), **files)
    job.output = Named({name: str(observables / f"{name}.csv") for name in ("summary", "msd", "rdf", "paths", "cell")})
    job.params = Named(prototype=system["prototypes"]["Fm-3m"], cage=system["cage"])
    job.wildcards = Named(run=RUN)
    return job


def hdf5(edit):
    def change_file(run):
        with h5py.File(run / "trajectory.h5", "a") as file:
            edit(file)

    return change_file


def attribute(**changes):
    """Change the specification within a trajectory."""

    def edit(file):
        file.attrs["specification"] = json.dumps(json.loads(file.attrs["specification"]) | changes)

    return hdf5(edit)


def shorter(file):
    for element in ("position", "box/edges"):
        for key in ("value", "step", "time"):
            file["particles/all"][element][key].resize(21, axis=0)


def not_a_number(file):
    file["particles/all/position/value"][7, 3, 1] = NAN


def beads(frames, wrong=None):
    """Add a bead to the first frames of a trajectory, with one value changed."""

    def edit(file):
        group = file["particles/all"]
        values = group["position/value"][:frames][:, None]
        if wrong is not None:
            values[7, 0, 3, 1] = wrong
        group.create_group("beads").create_dataset("value", data=values)

    return hdf5(edit)


def table(**columns):
    def change_file(run):
        thermo = pd.read_csv(run / "thermo.csv")
        thermo.assign(**columns).to_csv(run / "thermo.csv", index=False)

    return change_file


AGAIN = "run its dynamics job again"
RUNS = {
    "trajectory that is missing": (
        lambda run: (run / "trajectory.h5").unlink(),
        ["trajectory.h5", "No such file", AGAIN],
    ),
    "trajectory cut to half its bytes": (cut("trajectory.h5"), ["trajectory.h5", "not a complete trajectory", AGAIN]),
    "trajectory of no bytes": (write("trajectory.h5", b""), ["trajectory.h5", "not a complete trajectory", AGAIN]),
    "trajectory that is a text": (
        write("trajectory.h5", b"44\n\nLa 0 0 0\n"),
        ["trajectory.h5", "not a complete trajectory"],
    ),
    "trajectory that ends early": (hdf5(shorter), ["trajectory.h5", "ends at step 20 of 40", AGAIN]),
    "trajectory of another run": (attribute(run="another"), ["trajectory.h5", "is of run another", RUN, AGAIN]),
    "trajectory without specification": (
        hdf5(lambda file: file.attrs.pop("specification")),
        ["trajectory.h5", "specification"],
    ),
    "broken specification": (hdf5(lambda file: file.attrs.modify("specification", "{")), ["trajectory.h5", AGAIN]),
    "no positions": (
        hdf5(lambda file: file["particles/all"].pop("position")),
        ["trajectory.h5", "component not found", AGAIN],
    ),
    "times missing": (
        hdf5(lambda file: file["particles/all/position/step"].resize(5, 0)),
        ["trajectory.h5", "5 frames", AGAIN],
    ),
    "a position that is no number": (hdf5(not_a_number), ["trajectory.h5", "frame 7", "positions", AGAIN]),
    "beads of some frames": (beads(20), ["trajectory.h5", "beads", "41 frames", AGAIN]),
    "a bead that is no number": (beads(41, NAN), ["trajectory.h5", "frame 7", "beads", AGAIN]),
    "table that is missing": (lambda run: (run / "thermo.csv").unlink(), ["thermo.csv", "No such file", "again"]),
    "table of no bytes": (write("thermo.csv", b""), ["thermo.csv", "not a readable table", "again"]),
    "table that is binary": (write("thermo.csv", b"\xff\xfe\0\x81"), ["thermo.csv", "not a readable table"]),
    "table of another run": (
        table(step=np.arange(41) + 1),
        ["thermo.csv", "its steps are not those of trajectory.h5", AGAIN],
    ),
    "table with words": (table(pressure="high"), ["thermo.csv", "pressure", "not a number", "again"]),
    "table with gaps": (table(volume=NAN), ["thermo.csv", "volume", "no value", "again"]),
    "report cut short": (write("report.json", b'{"steps": '), ["report.json", "not readable JSON", "again"]),
    "report that is a list": (write("report.json", b"[]"), ["report.json", "list", "again"]),
    "static curve of other columns": (
        write("../../eos.csv", b"a,b\n1,2\n"),
        ["eos.csv", "no column 'lattice_constant'", "again"],
    ),
    "static curve elsewhere": (
        write(
            "../../eos.csv",
            b"volume,energy,lattice_constant,pressure,beyond_training\n9,1,7,9,0\n9.1,2,7.1,8,0\n9.2,3,7.2,7,0\n9.3,4,7.3,6,0\n",
        ),
        ["volume"],
    ),
}


@by_id(RUNS)
def test_bad_run_is_named(case, observed, capsys):
    edit, words = RUNS[case]
    edit(Path(observed.input.trajectory).parent)
    observed.fails(words, capsys)


def test_good_run_is_not_refused(observed):
    """The cases above differ from this by their edit only."""
    observed.run()
    assert "temperature" in Path(observed.output.summary).read_text()


def test_full_disk_is_said_once_and_leaves_what_was_there(tmp_path):
    """/dev/full refuses every byte, as a full disk does; the log is there too."""
    (tmp_path / "configuration.yaml").write_text("older")
    for name in ("configuration.yaml.partial", "configuration.log"):
        (tmp_path / name).symlink_to("/dev/full")
    code = (
        "from pathlib import Path; from test_bad_input import Job, Named; job = Job(Path(), 'provenance/configuration')\n"
        "job.output, job.params = Named(file='configuration.yaml'), Named(effective={'scale': 'smoke'}, modules=[])\n"
        "job.run()"
    )
    paths = os.pathsep.join(map(str, (ROOT / "scripts", ROOT / "tests" / "support", Path(__file__).parent)))
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 1
    says(process.stderr, ["configuration: ", "no space left", "make room", "what is finished is kept"])
    assert contents(tmp_path) == {Path("configuration.yaml"): b"older"}
    assert not (tmp_path / "configuration.yaml.partial").is_symlink()


def test_bug_is_one_line_and_its_traceback_is_in_the_log(tmp_path, monkeypatch, capsys):
    job = Job(tmp_path, "provenance/configuration")  # without the parameter that the script reads
    job.output = Named(file=str(tmp_path / "configuration.yaml"))
    monkeypatch.undo()
    job.fails(["AttributeError", "effective", f"details: {job.log[0]}"], capsys)
    assert "Traceback" in Path(job.log[0]).read_text()


# --- potentials and engines ------------------------------------------------------------------------------------------

POTENTIALS = {
    "missing": ("model.pb", None, ["no such potential"]),
    "cut short": ("model.pb", lambda good: good[: len(good) // 2], ["cannot read it", "freeze it again"]),
    "a text": ("model.pb", lambda good: b"a potential\n", ["cannot read it", "freeze it again"]),
    "of another backend": ("model.pth", lambda good: good, ["cannot read it"]),
    "of no backend": ("model.xyz", lambda good: good, ["cannot read it"]),
}


@by_id(POTENTIALS)
def test_bad_potential_is_named(case, tmp_path):
    name, content, words = POTENTIALS[case]
    if content:
        (tmp_path / name).write_bytes(content((ROOT / "models/lah10-fast/model.pb").read_bytes()))
    with pytest.raises(PotentialError) as caught:
        DeepPotential(tmp_path / name)
    says(str(caught.value), [str(tmp_path / name), *words])


def test_crystal_of_another_element_is_named():
    atoms = lah10("Ce")
    atoms.calc = DeepPotential(ROOT / "models/lah10-fast/model.pb")
    with pytest.raises(PotentialError) as caught:
        atoms.get_potential_energy()
    says(str(caught.value), ["model.pb", "knows La, H but not Ce", "trained for this crystal"])


def nowhere(atoms):
    atoms.positions[3] = NAN


def flat(atoms):
    atoms.cell[2] = 0


STARTS = {
    "no potential": ({}, None, "missing.pb", ["there is no potential", "missing.pb"]),
    "another element": ({"species": ("Ce", "H")}, None, "model.pb", ["the structure holds La", "Ce, H"]),
    "no mass": ({"masses": {"H": 1.008}}, None, "model.pb", ["no mass given for La"]),
    "an atom nowhere": ({}, nowhere, "model.pb", ["atom 3", "make it again"]),
    "a flat cell": ({}, flat, "model.pb", ["singular", "0 Å³"]),
}


@by_id(STARTS)
def test_run_that_cannot_start_is_refused_and_its_folder_stays(case, tmp_path):
    changes, edit, model, words = STARTS[case]
    atoms = lah10()
    if edit:
        edit(atoms)
    (tmp_path / "trajectory.h5").write_text("an older result")
    with pytest.raises(RunError) as caught:
        lammps.run(specification(**changes), atoms, ROOT / "models/lah10-fast" / model, tmp_path)
    says(str(caught.value), [RUN, *words])
    assert [path.name for path in tmp_path.iterdir()] == ["trajectory.h5"]


def test_full_disk_ends_a_run_and_what_it_has_is_kept(tmp_path):
    """The report cannot be written; when there is room again, the run goes on from its last checkpoint."""
    model = ROOT / "models/lah10-fast/model.pb"
    spec = specification(steps=20, ensemble="nvt")
    (tmp_path / "report.json.partial").symlink_to("/dev/full")
    with pytest.raises(RunError) as caught:
        lammps.run(spec, lah10(), model, tmp_path)
    says(str(caught.value), [RUN, str(tmp_path), "no space left", "make room"])
    (tmp_path / "report.json.partial").unlink()
    lammps.run(spec, lah10(), model, tmp_path)
    assert json.loads((tmp_path / "timing.json").read_text())["resumed_at"] == 20


# --- commands --------------------------------------------------------------------------------------------------------

COMMANDS = {
    "convert": (["missing.pb", "model.dp"], ["missing.pb", "no such potential"]),
    "finish": (["missing.pb", "model.pb", "--crystal", "missing.yaml"], ["missing.yaml", "no such system"]),
    "release": (["trained", "released"], ["trained/card.yaml", "no such file"]),
}


@by_id(COMMANDS)
def test_bad_argument_of_a_command_is_named(case, tmp_path):
    arguments, words = COMMANDS[case]
    command = [sys.executable, "-m", "qcrystal", case, *arguments]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert process.returncode == 1 and not list(tmp_path.iterdir())
    assert all(word in process.stderr for word in words) and "Traceback" not in process.stderr


# --- make ------------------------------------------------------------------------------------------------------------

MAKE = {
    "misspelt variable": ("SACLE=smoke", ["SACLE: no such variable", "SCALE"]),
    "unknown start": ("START=middle", ["START=middle", "model, labels or dft"]),
    "two starts": ("START=model labels", ["START=model labels"]),
    "unknown device": ("DEVICE=abacus", ["DEVICE=abacus", "cpu or cuda"]),
    "no cores": ("CORES=0", ["CORES=0", "from 1"]),
    "cores that are a word": ("CORES=many", ["CORES=many", "from 1"]),
    "cores below 0": ("CORES=-1", ["CORES=-1", "from 1"]),
    "misspelt scale": ("SCALE=latop", ["SCALE=latop", "laptop", "smoke"]),
    "scale with a space": ("SCALE=lap top", ["SCALE=lap top", "laptop"]),
}


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """What make looks at before it builds an environment."""
    folder = tmp_path_factory.mktemp("bare")
    for name in ("config", "envs"):
        shutil.copytree(ROOT / name, folder / name)
    script = "scripts/qcrystal/config/make_variables.py"
    (folder / script).parent.mkdir(parents=True)
    shutil.copy(ROOT / script, folder / script)
    shutil.copy(ROOT / "Makefile", folder)
    return folder


def make(folder, *arguments):
    command = ["make", *arguments]
    outside = {
        name: value for name, value in os.environ.items() if not name.startswith("MAKE")
    }  # these tests run in a make
    return subprocess.run(command, cwd=folder, env=outside, capture_output=True, text=True)


@by_id(MAKE)
def test_bad_variable_of_make_is_named_before_an_environment_is_built(case, bare):
    variable, words = MAKE[case]
    process = make(bare, "figures", variable)
    assert process.returncode == 2 and not (bare / ".venv").exists()
    said, *others = process.stderr.strip().splitlines()
    says(said, words)
    assert len(others) == 1 and others[0].startswith("make: ***")  # make's own, of every recipe that fails


def test_all_bad_variables_of_make_are_named_at_once(bare):
    lines = make(bare, "figures", "SACLE=smoke", "START=middle", "CORES=0", "SCALE=latop").stderr.splitlines()
    for word in ("SACLE", "START=middle", "CORES=0", "SCALE=latop"):
        assert sum(line.startswith(word) for line in lines) == 1, lines


def test_variables_that_make_knows_are_those_that_are_checked():
    listed = re.search(r"^KNOWN := (.*)$", (ROOT / "Makefile").read_text(), re.M)[1].split()
    assert tuple(listed) == make_variables.KNOWN


INJECTED = [
    "$(shell touch pwned)",
    "`touch pwned`",
    "$$(touch pwned)",
    '"; touch pwned; "',
    "'; touch pwned; '",
    "x\ntouch pwned",
]


@pytest.mark.parametrize("text", INJECTED, ids=range(len(INJECTED)))
@pytest.mark.parametrize("name", ["T", "HTML", "KEY", "CORES", "SCALE", "CRYSTAL", "PYTHON", "JSON"])
def test_what_make_is_told_reaches_no_shell(bare, name, text):
    """Neither make's own functions nor the shell run what is said; a stand-in of Python writes down what arrives."""
    lock = (bare / "envs/requirements.lock").read_bytes()
    ready = bare / ".venv" / f"ready-{hashlib.sha256(lock).hexdigest()[:16]}"
    python = bare / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s\\0" "$@" >> said\n')
    python.chmod(0o755)
    ready.touch()
    try:
        for target in ("help", "audit", "seal"):
            make(bare, target, f"{name}={text}", *(["SCALE=smoke"] if name != "SCALE" else []))
        assert not (bare / "pwned").exists()
        if name in ("T", "HTML"):
            said = (bare / "said").read_text().split("\0")
            assert (text if name == "T" else f"--html={text}") in said
    finally:
        shutil.rmtree(bare / ".venv")
        (bare / "said").unlink(missing_ok=True)


def test_good_variables_of_make_are_not_refused(bare):
    for variables in ([], ["SCALE=smoke", "START=dft", "CORES=2"], ["SCALE=config/scales/smoke.yaml", "CORES=all"]):
        process = make(bare, "variables", *variables)
        assert process.returncode == 0 and not process.stderr, process.stderr


def test_date_of_the_lock_file_builds_no_environment(bare):
    lock = (bare / "envs/requirements.lock").read_bytes()
    ready = bare / ".venv" / f"ready-{hashlib.sha256(lock).hexdigest()[:16]}"
    ready.parent.mkdir()
    ready.touch()
    os.utime(ready, (0, 0))
    process = make(bare, "environment")
    shutil.rmtree(ready.parent)
    assert process.returncode == 0 and "Building" not in process.stdout, process.stdout + process.stderr


# --- through Snakemake -----------------------------------------------------------------------------------------------


def answers(process, words):
    """Snakemake ends with a status that is not 0, and one line holds every word."""
    text = process.stdout + process.stderr
    assert process.returncode != 0, text
    assert "Traceback" not in text and ".py" not in text, text
    assert sum(all(word in line for word in words) for line in text.splitlines()) == 1, text


def test_snakemake_says_the_line_and_starts_nothing(shared_workspace):
    dry = ["-n", "--quiet", "--config", "scale=smoke"]
    run = shared_workspace.snakemake
    answers(run(*dry, "sacle=smoke"), ["--config: sacle", "did you mean 'scale'"])
    over = shared_workspace.folder / "over.yaml"
    over.write_text("start: middle\n")
    answers(run("-n", "--configfile", over), ["over.yaml: start", "'middle'"])
    over.write_text("seed: 1\nseed: 2\n")
    answers(run("-n", "--configfile", over), ["over.yaml: line 2", "'seed' stands there twice"])
    over.unlink()
    answers(run("-n", "--config", "scale=latop"), ["config/scales/latop.yaml", "laptop"])
    answers(run(*dry, OMP_NUM_THREADS="abc"), ["OMP_NUM_THREADS", "'abc'"])
    array = shared_workspace.folder / "data/lah10-gpaw/C2_H10La/set.000/force.npy"
    whole = array.read_bytes()
    array.write_bytes(whole[:-8])
    older = shared_workspace.folder / "results/lah10/smoke/dataset/lah10-gpaw/train/type.raw"
    older.parent.mkdir(parents=True)
    older.write_text("an older result")
    answers(run("--config", "scale=smoke", "start=labels"), ["C2_H10La/set.000/force.npy", "not a complete npy array"])
    array.write_bytes(whole)
    assert contents(shared_workspace.folder / "results") == {
        Path("lah10/smoke/dataset/lah10-gpaw/train/type.raw"): b"an older result"
    }
    main = shared_workspace.folder / MAIN
    good = main.read_text()
    main.write_text(good + "seed: 1\n")
    try:
        answers(run(*dry), [MAIN, "'seed' stands there twice"])
    finally:
        main.write_text(good)
    assert older.read_text() == "an older result"


# what nobody configured: (target, start)
TARGETS = [
    ("dynamics/qtb-H-cubic-44-npt-200GPa-301K-r0/report.json", "model"),
    ("analysis/runs/nosuch/summary.csv", "model"),
    ("analysis/sweeps/nosuch/summary.csv", "model"),
    ("search/batches/99.csv", "model"),
    ("analysis/deviation/99/runs.csv", "model"),
    ("dataset/nosuch", "labels"),
    ("potential/nosuch/model.pb", "labels"),
    ("potential/lah10-gpaw/model-9.pb", "labels"),
    ("learning/99/frames.csv", "dft"),
    ("learning/0/explore/nosuch.extxyz", "dft"),
    ("../../downloads/lah10-gpaw", "model"),
]


@pytest.mark.parametrize(("target", "start"), TARGETS)
def test_target_that_nobody_configured_has_no_rule(shared_workspace, target, start):
    target = os.path.normpath(f"results/lah10/smoke/{target}")
    process = shared_workspace.snakemake(target, "-n", "--quiet", "--config", "scale=smoke", f"start={start}")
    answers(process, [target, "No rule to produce"])


def test_odd_surroundings_do_no_harm(shared_workspace, tmp_path):
    """Paths with spaces, a backend of matplotlib that does not exist, a locale of ASCII, a GPU that is not there."""
    folder = tmp_path / "my sizes"
    folder.mkdir()
    (folder / "tiny.yaml").write_text(yaml.safe_dump(scale(ROOT, "smoke")))
    model = tmp_path / "my models" / "fast"
    shutil.copytree(ROOT / "models/lah10-fast", model)
    process = shared_workspace.snakemake(
        *("-n", "--quiet", "--config", f"scale={folder / 'tiny.yaml'}", f"model={model}", "device=cuda"),
        **{"MPLBACKEND": "nonsense", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    )
    assert process.returncode == 0, process.stderr
