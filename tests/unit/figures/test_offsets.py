"""Errors of energies by system: what one rms hides is said."""

import numpy as np
import pandas as pd
import pytest

from qcrystal.figures.offsets import note_offsets, offsets


class Notes(list):
    note = list.append


def frames(means, scatter=1e-3, count=40):
    rng = np.random.default_rng(1)
    rows = [(f"s{k}", mean + scatter * value) for k, mean in enumerate(means) for value in rng.normal(size=count)]
    return pd.DataFrame(rows, columns=["system", "energy_error"])


def test_offsets_and_scatter_of_known_systems():
    """Means of 40 values of scatter 1 meV are right within 0.5 meV, their scatter within 0.3 meV."""
    found = offsets(frames([-0.004, 0.001, 0.003]))
    assert (found.low, found.high) == pytest.approx((-4.0, 3.0), abs=0.5) and found.scatter == pytest.approx(
        1.0, abs=0.3
    )


def test_a_figure_says_what_follows_and_is_silent_without_systems():
    notes = Notes()
    note_offsets(notes, frames([-0.004, 0.003]), "; so beware")
    assert "-4" in notes[0] and "meV/atom" in notes[0] and notes[0].endswith("; so beware")
    silent = Notes()
    note_offsets(silent, frames([0.002]))
    note_offsets(silent, None)
    assert offsets(frames([0.0, 0.1], count=2)) is None and not silent
