"""Random symmetric crystals of Ca-Y-H, which recipes scale and displace.

    PYTHONPATH=scripts python data/ca-y-h-gpaw/random_crystals.py        writes random.extxyz beside itself

They are drawn as the search draws its starts (`qcrystal.search.generate`), binaries too.
"""

from pathlib import Path

import numpy as np
import yaml
from ase.formula import Formula
from ase.io import write

from qcrystal.search.generate import fitting_groups
from qcrystal.search.random_crystals import random_crystal

HERE = Path(__file__).resolve().parent
SEED = 2025
VOLUMES = {"Ca": 8.5, "Y": 10.6, "H": 1.8}
"""Å³ per atom, about those of the elements in hydrides at 200 GPa."""
WANTED = ("CaYH6", "CaYH6", "CaH4", "YH4", "CaYH8", "CaYH8", "CaH6", "YH6", "CaYH7", "CaYH10", "CaH8", "YH8")


def drawn(formula, number, search):
    """One crystal that fits its space group and keeps its atoms apart."""
    counts = Formula(formula).count()
    shortest = {tuple(pair.split("-")): distance for pair, distance in search["shortest_distances"].items()}
    volume = sum(VOLUMES[element] * count for element, count in counts.items()) / sum(counts.values())
    groups = fitting_groups(tuple(counts.values()), tuple(search["space_groups"]))
    rng = np.random.default_rng([SEED, number])
    while True:
        atoms = random_crystal(counts, int(rng.choice(groups)), volume, shortest, rng)
        if atoms is not None:
            return atoms


def main():
    crystal = HERE.parents[1] / "config" / "crystals" / "ca-y-h" / "crystal.yaml"
    search = yaml.safe_load(crystal.read_text(encoding="utf-8"))["search"]
    frames = []
    for number, formula in enumerate(WANTED):
        atoms = drawn(formula, number, search)
        atoms.info = {"name": f"{formula}-{WANTED[: number + 1].count(formula)}"}
        frames.append(atoms)
    write(HERE / "random.extxyz", frames, format="extxyz")


if __name__ == "__main__":
    main()
