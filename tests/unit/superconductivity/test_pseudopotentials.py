"""Pseudopotentials by ld1.x: those of the recipes pass their tests, bad ones are refused and leave no file."""

import re
import shutil

import numpy as np
import pytest

from qcrystal.superconductivity.pseudopotentials import (
    RECIPES,
    Channel,
    PseudopotentialError,
    Recipe,
    check_recipe,
    generate,
    recipe_of,
    screening,
    settings_of,
)

pytestmark = pytest.mark.engine

needs_ld1 = pytest.mark.skipif(shutil.which("ld1.x") is None, reason="Quantum ESPRESSO is not installed")


@needs_ld1
@pytest.mark.parametrize("element", RECIPES)
def test_recipes_make_pseudopotentials_that_pass(element, tmp_path):
    path = generate(RECIPES[element], tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / f"{element}.UPF"] == [path]
    assert re.search(rf'element="\s*{element}\s*"', path.read_text())


@pytest.mark.parametrize("element", RECIPES)
def test_a_recipe_is_the_same_from_a_file(element):
    check_recipe(RECIPES[element])
    assert recipe_of(element, settings_of(RECIPES[element])) == RECIPES[element]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"configuration": "[Ne] 3s2 3p6 4s1 3d0"},
            "Ca: configuration: 4S holds 1 electrons that are neither core nor in a channel",
        ),
        ({"configuration": "[Ne] 3s2 3p5 3d0"}, "Ca: channels: 3P holds 6 electrons, and the configuration has 5"),
        ({"configuration": "[Ne] 3s2 3p6"}, "Ca: channels: 3D holds 0 electrons, and the configuration lacks it"),
        ({"configuration": "[Nx] 3s2 3p6 3d0"}, r"Ca: configuration: '\[Nx\]' is no core"),
        ({"configuration": "[Kr] 3s2 3p6 3d0"}, "Ca: configuration: 44 electrons, and Ca has 20"),
        ({"configuration": "[Ne] 3s2' rel=2 3p6 3d0"}, 'Ca: configuration: "3s2\'" is no level with its electrons'),
        ({"excited": ("3s2 3p6 3x1",)}, "Ca: excited: '3x1' is no level"),
        (
            {"channels": (*RECIPES["Ca"].channels, Channel("4S", 0, 1.1))},
            "Ca: channels: two of one angular momentum",
        ),
    ],
)
def test_a_recipe_that_forgets_electrons_is_refused(changes, words):
    with pytest.raises(PseudopotentialError, match=words):
        check_recipe(RECIPES["Ca"]._replace(**changes))


@needs_ld1
def test_a_ghost_state_is_refused(tmp_path):
    """Copper with d as its local channel: its levels agree to 1 mRy, and a ghost of s lies 13 Ry below them."""
    channels = (Channel("4S", 1, 2.0), Channel("4P", 0, 2.0), Channel("3D", 10, 1.6))
    copper = Recipe("Cu", "[Ar] 3d10 4s1 4p0", channels, ("4s0.5 4p0.5 3d10",))
    with pytest.raises(PseudopotentialError, match=r"a ghost state at -1\d\.\d+ Ry in the channel s, level -0.36 Ry"):
        generate(copper, tmp_path)
    assert not list(tmp_path.glob("*.UPF"))


@needs_ld1
def test_radii_that_are_too_large_are_refused(tmp_path):
    recipe = RECIPES["H"]
    wide = recipe._replace(channels=tuple(channel._replace(radius=2.4) for channel in recipe.channels))
    with pytest.raises(PseudopotentialError, match=r"H: the level 1S of an excited atom is off by .* mRy, more than 5"):
        generate(wide, tmp_path)
    assert not list(tmp_path.glob("*.UPF"))


def test_without_the_program_one_line_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        PseudopotentialError, match="ld1.x is not installed; on Debian: apt-get install quantum-espresso"
    ):
        generate(RECIPES["H"], tmp_path / "work")


def test_the_hartree_potential_of_hydrogen_is_exact():
    """n = e^{-2r}/π: V_H = 2/r − 2 e^{-2r} (1 + 1/r) Ry; exchange and correlation lower it everywhere."""
    grid = np.linspace(0, 12, 1002)[1:-1]
    exact = 2 / grid - 2 * np.exp(-2 * grid) * (1 + 1 / grid)
    number = np.exp(-2 * grid) / np.pi
    exchange = -2 * (3 * number / np.pi) ** (1 / 3)
    found = screening(grid, 4 * np.pi * grid**2 * number)
    inner = grid < 6
    correlation = (found - exact - exchange)[inner]
    assert np.all(correlation < 0.02) and np.all(correlation > -0.2)  # Perdew-Zunger: −0.16 to −0.03 Ry here
