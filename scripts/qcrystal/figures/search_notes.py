"""What figures and tables of a search say of the potential behind it."""

from __future__ import annotations

from typing import Any

import numpy as np

from qcrystal.figures.style import STAND_IN, Picture, searched_with_stand_in

ENOUGH = 300
"""Labelled frames below which a potential of three species is called none; the search plans 300 to 500."""


def remark(table: Any) -> str:
    """What is to be known of the potential of a search, by its table; empty if there is nothing.

    Parameters
    ----------
    table
        With the columns `qcrystal.search.funnel.SEARCHED_WITH`; a table without ``frames`` tells nothing of a trained one.
    """
    if searched_with_stand_in(table):
        return STAND_IN
    frames = table["frames"].dropna() if "frames" in table else []
    if not len(frames):
        return ""
    number = int(np.max(frames))
    few = ": plumbing and a coarse ranking, no prediction" if number < ENOUGH else ""
    return f"potential from {number} labelled frames{few}"


def note_potential(figure: Picture, table: Any) -> None:
    """Note the `remark` below a figure."""
    text = remark(table)
    if text:
        figure.note(text)
