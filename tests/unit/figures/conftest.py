"""Tables and figures that the tests of several modules share."""

import warnings

import pytest
from figure_drawing import LITERATURE, draw
from matplotlib.figure import Figure
from synthetic_tables import SIZES, synthetic

from qcrystal.figures import style
from qcrystal.manuscript.published import Published


class Drawn(dict):
    """Figures by name and size of their tables, each drawn and laid out when it is asked for; a warning is an error.

    The layout is found once, in two passes, as `save_figure` finds it: each pass takes longer than what a test asks.
    """

    def __init__(self, inputs: dict, literature: Published):
        self.inputs, self.literature = inputs, literature

    def __missing__(self, key: tuple):
        name, size = key
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = draw(name, self.inputs[size], self.literature)
            if isinstance(result, Figure):
                for _ in range(2):
                    style.styled(result.draw_without_rendering)()
                result.set_layout_engine("none")
        self[key] = result
        return self[key]


@pytest.fixture(scope="session")
def inputs() -> dict:
    """Synthetic tables by size and source."""
    return {size: synthetic(size) for size in SIZES}


@pytest.fixture(scope="session")
def literature() -> Published:
    """Published values of LaH10."""
    return LITERATURE


@pytest.fixture(scope="session")
def figures(inputs, literature) -> Drawn:
    """Every figure at both sizes."""
    return Drawn(inputs, literature)
