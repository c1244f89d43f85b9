"""Norm-conserving pseudopotentials by Quantum ESPRESSO's ``ld1.x``, tested before they are used. Ry, bohr.

Three things are refused. One is a level of the reference that is off by more than `REFERENCE_ERROR`. One is a level of an
excited atom that is off by more than `EXCITED_ERROR`. One is a ghost state.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy
from ase.data import atomic_numbers

from qcrystal.errors import Problem, QcrystalError
from qcrystal.files import write_whole
from qcrystal.superconductivity.espresso import INSTALL, note_version

REFERENCE_ERROR, EXCITED_ERROR = 1e-3, 5e-3
"""Ry: errors of eigenvalues that are accepted."""
POINTS, REACH = 1000, 12.0
"""Of the uniform radial grid (bohr) on which ghost states are looked for."""
GHOST_MARGIN = 0.1
"""Ry: a second state less than this above a channel's level is a ghost, as is one so far below zero of an unbound channel."""
CHANNELS = "SPDF"
NOBLE_GASES = ("He", "Ne", "Ar", "Kr", "Xe", "Rn")


class PseudopotentialError(QcrystalError, ValueError):
    """A pseudopotential that is not to be used, or cannot be made; one line."""


class Channel(NamedTuple):
    """One channel: its pseudo-level such as ``3S`` (n of the all-electron level), occupation, radius (bohr).

    An occupation below zero marks a level that is not bound; ``energy`` (Ry) is where it is taken then.
    """

    level: str
    occupation: float
    radius: float
    energy: float = 0.0


class Recipe(NamedTuple):
    """Recipe of a pseudopotential.

    Attributes
    ----------
    configuration : str
        Of the reference atom or ion, such as ``[Ne] 3s2 3p6 3d0``. Semicore potentials are made from the ion.
    channels : tuple of Channel
        The last is the local one.
    excited : tuple of str
        Valence configurations of the test, such as ``3s2 3p5 3d1``.
    """

    element: str
    configuration: str
    channels: tuple[Channel, ...]
    excited: tuple[str, ...]


RECIPES = {
    "H": Recipe("H", "1s1 2p-1", (Channel("1S", 1, 0.90), Channel("2P", -1, 0.90, 0.10)), ("1s0.8", "1s0.5 2p0.5")),
    "Ca": Recipe(
        "Ca",
        "[Ne] 3s2 3p6 3d0",
        (Channel("3P", 6, 1.20), Channel("3D", 0, 1.40), Channel("3S", 2, 1.10)),
        ("3s2 3p6 3d0.5", "3s2 3p5.5 3d0.5"),
    ),
    "Y": Recipe(
        "Y",
        "[Ar] 3d10 4s2 4p6 4d0",
        (Channel("4P", 6, 1.40), Channel("4D", 0, 1.70), Channel("4S", 2, 1.30)),
        ("4s2 4p6 4d1", "4s2 4p5.5 4d0.5"),
    ),
    "La": Recipe(
        "La",
        "[Kr] 4d10 5s2 5p6 5d0",
        (Channel("5P", 6, 1.50), Channel("5D", 0, 1.80), Channel("5S", 2, 1.40)),
        ("5s2 5p6 5d1", "5s2 5p5.5 5d0.5"),
    ),
    "S": Recipe(
        "S",
        "[Ne] 3s2 3p4 3d-2",
        (Channel("3S", 2, 1.40), Channel("3P", 4, 1.40), Channel("3D", -2, 1.40, 0.10)),
        ("3s2 3p3.5", "3s1.5 3p4"),
    ),
}
"""Troullier-Martins, PBE, scalar relativistic."""


def recipe_of(element: str, settings: Mapping[str, Any]) -> Recipe:
    """A recipe from its configuration: ``configuration``, ``channels`` and ``excited``."""
    channels = tuple(Channel(**channel) for channel in settings["channels"])
    return Recipe(element, settings["configuration"], channels, tuple(settings["excited"]))


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """A recipe as its configuration: the inverse of `recipe_of`."""
    channels = [channel._asdict() for channel in recipe.channels]
    return {"configuration": recipe.configuration, "channels": channels, "excited": list(recipe.excited)}


def check_recipe(recipe: Recipe) -> None:
    """Make sure that a recipe lists every electron outside of its core, in a channel of its own.

    A level is core if its n is below that of all channels. ``pw.x`` takes a potential that lacks other electrons without a word.

    Raises
    ------
    PseudopotentialError
        One line.
    """
    where, levels = recipe.element, {channel.level: channel.occupation for channel in recipe.channels}
    core, _, valence = recipe.configuration.rpartition("]")
    if core and core.removeprefix("[") not in NOBLE_GASES:
        raise PseudopotentialError(Problem(where, "configuration", f"{core + ']'!r} is no core", "write it as [Ne]"))
    configured = _occupations(where, "configuration", valence)
    electrons = sum(number for number in configured.values() if number > 0)
    electrons += atomic_numbers[core.removeprefix("[")] if core else 0
    if electrons > atomic_numbers[recipe.element]:
        found = f"{electrons:g} electrons, and {recipe.element} has {atomic_numbers[recipe.element]}"
        raise PseudopotentialError(Problem(where, "configuration", found, "take the atom or an ion of it"))
    for excited in recipe.excited:
        _occupations(where, "excited", excited)
    if len(levels) < len(recipe.channels) or len({level[1] for level in levels}) < len(levels):
        raise PseudopotentialError(Problem(where, "channels", "two of one angular momentum", "keep one of each"))
    for level, occupation in levels.items():
        if configured.get(level) != occupation:
            has = "lacks it" if level not in configured else f"has {configured[level]:g}"
            found = f"{level} holds {occupation:g} electrons, and the configuration {has}"
            raise PseudopotentialError(Problem(where, "channels", found, "give both the same"))
    lowest = min(int(level[0]) for level in levels)
    for level, occupation in configured.items():
        if occupation > 0 and level not in levels and int(level[0]) >= lowest:
            found = f"{level} holds {occupation:g} electrons that are neither core nor in a channel"
            raise PseudopotentialError(
                Problem(where, "configuration", found, "add the channel, or take the ion without them")
            )


def _occupations(where: str, key: str, text: str) -> dict[str, float]:
    """Electrons of each level, such as ``3P``, of a text such as ``3s2 3p6``."""
    counts = {}
    for word in text.split():
        parts = re.fullmatch(r"([1-7][spdf])(-?\d+(?:\.\d+)?)", word)
        if not parts:
            raise PseudopotentialError(
                Problem(where, key, f"{word!r:.40} is no level with its electrons", "write it as 3p6")
            )
        counts[parts[1].upper()] = float(parts[2])
    return counts


def generate(recipe: Recipe, folder: Path) -> Path:
    """Make the pseudopotential of a recipe, test it, and return its file ``<element>.UPF``.

    Raises
    ------
    PseudopotentialError
        The recipe lacks electrons, ``ld1.x`` is not installed or fails, an eigenvalue is wrong, or there is a ghost state.
        No file is left then.
    """
    check_recipe(recipe)
    with tempfile.TemporaryDirectory() as name:  # ld1.x names other files alike for all elements
        work = Path(name)
        check_levels(_run(_generation(recipe), work, recipe.element), recipe, REFERENCE_ERROR, "of the reference")
        check_levels(_run(_test(recipe), work, recipe.element), recipe, EXCITED_ERROR, "of an excited atom")
        made = work / f"{recipe.element}.UPF"
        check_ghosts(made)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / made.name, made.read_text(encoding="utf-8"))
    return folder / made.name


def _header(recipe: Recipe, switch: int) -> str:
    return (
        f" &input\n  title='{recipe.element}', zed={atomic_numbers[recipe.element]}., rel=1, dft='PBE',\n"
        f"  config='{recipe.configuration}', iswitch={switch}\n /\n"
    )


def _generation(recipe: Recipe) -> str:
    """Input of the generation; pseudo-levels are numbered from l + 1 on."""
    local = CHANNELS.index(recipe.channels[-1].level[1])
    lines = [f" &inputp\n  lloc={local}, pseudotype=1, file_pseudopw='{recipe.element}.UPF', tm=.true.\n /"]
    lines.append(str(len(recipe.channels)))
    for level, occupation, radius, energy in recipe.channels:
        l_number = CHANNELS.index(level[1])
        lines.append(f"{level} {l_number + 1} {l_number} {occupation:.2f} {energy:.2f} {radius:.2f} {radius:.2f} 0.0")
    return _header(recipe, 3) + "\n".join(lines) + "\n"


def _test(recipe: Recipe) -> str:
    """Input of the test on excited atoms."""
    lines = "".join(f"  configts({n})='{each}',\n" for n, each in enumerate(recipe.excited, 1))
    ending = f" &test\n  file_pseudo='{recipe.element}.UPF', nconf={len(recipe.excited)},\n{lines} /\n"
    return _header(recipe, 2) + ending


def _run(text: str, folder: Path, element: str) -> str:
    program = shutil.which("ld1.x")
    if program is None:
        raise PseudopotentialError(Problem("", "", "ld1.x is not installed", f"on Debian: {INSTALL}"))
    done = subprocess.run([program], input=text, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if "End of pseudopotential test" not in done.stdout:
        reason = " ".join(re.findall(r"%{4,}\s*(.*?)%{4,}", done.stdout, flags=re.DOTALL)[:1]).split()
        raise PseudopotentialError(f"{element}: ld1.x failed: {' '.join(reason) or 'no result'}; change the radii")
    note_version("ld1.x", done.stdout)
    return done.stdout


def check_levels(output: str, recipe: Recipe, allowed: float, what: str) -> None:
    """Refuse eigenvalues of the pseudo-atom that are off by more than ``allowed`` (Ry) in an output of ld1.x."""
    compared = "".join(part.partition("eps =")[0] for part in output.split("De AE-PS (Ry)")[1:])
    rows = re.findall(r"^\s+\d \d\s+(\d[SPDF])\s+1\(.*?\)\s+\S+\s+\S+\s+(\S+?)\s*!?\s*$", compared, flags=re.MULTILINE)
    if not rows:
        raise PseudopotentialError(f"{recipe.element}: ld1.x compares no level; change the recipe")
    for level, text in rows:
        error = float(text) if re.fullmatch(r"-?[\d.]+", text) else np.inf
        if abs(error) > allowed:
            found = f"the level {level} {what} is off by {1000 * error:.1f} mRy, more than {1000 * allowed:g}"
            raise PseudopotentialError(
                Problem(recipe.element, "", found, "take smaller radii or another local channel")
            )


def check_ghosts(path: Path) -> None:
    """Refuse a separable pseudopotential with a state below or near the reference level of its channel.

    The Hamiltonian of every channel with a projector is diagonalised on a radial grid. The local-density approximation screens
    it. That moves levels by some hundredths of a Ry, while ghosts are off by tenths or more.
    [X. Gonze, R. Stumpf, M. Scheffler, Phys. Rev. B 44, 8503 (1991)].
    """
    root = ElementTree.fromstring(path.read_text().replace("&", "&amp;"))
    radius, grid = _numbers(root, "PP_MESH/PP_R"), np.linspace(0, REACH, POINTS + 2)[1:-1]

    def on_grid(values: np.ndarray) -> np.ndarray:
        return np.interp(grid, radius, values)

    density = on_grid(_numbers(root, "PP_RHOATOM"))
    potential = on_grid(_numbers(root, "PP_LOCAL")) + screening(grid, density)
    strengths = _numbers(root, "PP_NONLOCAL/PP_DIJ")
    count = round(len(strengths) ** 0.5)
    step = grid[1] - grid[0]
    for number in range(count):
        beta = root.find(f"PP_NONLOCAL/PP_BETA.{number + 1}")
        l_number = int(beta.attrib["angular_momentum"]) if beta is not None else 0
        wave = _numbers(root, f"PP_PSWFC/PP_CHI.{number + 1}")
        projector = on_grid(_numbers(root, f"PP_NONLOCAL/PP_BETA.{number + 1}"))
        hamiltonian = np.diag(2 / step**2 + l_number * (l_number + 1) / grid**2 + potential)
        hamiltonian -= np.diag(np.full(POINTS - 1, 1 / step**2), 1) + np.diag(np.full(POINTS - 1, 1 / step**2), -1)
        hamiltonian += strengths[number * (count + 1)] * step * np.outer(projector, projector)
        state = on_grid(wave) / np.linalg.norm(on_grid(wave))
        level = state @ hamiltonian @ state
        found = scipy.linalg.eigh(hamiltonian, subset_by_index=[0, 3], eigvals_only=True)
        bound = level < 0  # a channel that is not bound in the reference has no state well below zero
        below = found[found < (level if bound else -2 * GHOST_MARGIN) + GHOST_MARGIN]
        if len(below) > bound:
            text = (
                f"a ghost state at {below[0]:.2f} Ry in the channel {CHANNELS[l_number].lower()}, level {level:.2f} Ry"
            )
            raise PseudopotentialError(Problem(path.stem, "", text, "take another local channel"))


def screening(grid: np.ndarray, density: np.ndarray) -> np.ndarray:
    """Hartree and exchange-correlation potential (Ry) of valence electrons, by the local-density approximation.

    Parameters
    ----------
    grid : (n,) array
        Uniform, bohr, from the step on.
    density : (n,) array
        4πr² n(r), electrons per bohr.
    """
    step = grid[1] - grid[0]
    inside = np.cumsum(density) * step
    hartree = 2 * (inside / grid + (np.cumsum((density / grid)[::-1])[::-1] * step - density / grid * step))
    number = np.maximum(density / (4 * np.pi * grid**2), 1e-12)
    spacing = (3 / (4 * np.pi * number)) ** (1 / 3)
    exchange = -2 * (3 * number / np.pi) ** (1 / 3)
    root = np.sqrt(spacing)  # J. P. Perdew, A. Zunger, PRB 23, 5048 (1981), unpolarised, in Hartree
    low = -0.1423 * (1 + 7 / 6 * 1.0529 * root + 4 / 3 * 0.3334 * spacing) / (1 + 1.0529 * root + 0.3334 * spacing) ** 2
    log = np.log(spacing)
    high = 0.0311 * log - 0.0584 + 2 / 3 * 0.0020 * spacing * log + (2 * -0.0116 - 0.0020) / 3 * spacing
    return hartree + exchange + 2 * np.where(spacing >= 1, low, high)


def _numbers(root: ElementTree.Element, place: str) -> np.ndarray:
    found = root.find(place)
    if found is None or not found.text:
        raise PseudopotentialError(f"no section {place} in the pseudopotential; make it again")
    return np.array(found.text.split(), float)
