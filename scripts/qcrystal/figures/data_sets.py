"""The systems of the data sets of labels, as a table."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from qcrystal.dataset.quality import distance_columns
from qcrystal.figures.kinds import Inputs, Options
from qcrystal.manuscript.published import Cited


def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> pd.DataFrame:
    """One row per system: frames, ranges of volume and pressure, forces, shortest distances, outliers, duplicates, verdict.

    Systems of the data set come first, then those of the set that a released potential was trained on, if another.
    """
    parts = {"labels": inputs["systems"]}
    if "potential" in inputs:
        parts["the potential's"] = inputs["potential"]
    rows = pd.concat([part.assign(set=name) for name, part in parts.items()], ignore_index=True)
    columns = {
        "set": rows["set"],
        "system": rows["system"],
        "formula": rows["formula"],
        "train": rows["train"],
        "test": rows["test"],
        "volume_(Å³/atom)": _range(rows, "volume", 2),
        "pressure_(GPa)": _range(rows, "pressure", 0),
        "rms_force_(eV/Å)": [f"{value:.2f}" for value in rows["force_rms"]],
    }
    for column in distance_columns(rows):
        pair = column.removeprefix("nearest_").replace("_", "-")
        columns[f"nearest_{pair}_(Å)"] = [f"{value:.2f}" for value in rows[column]]
    columns |= {
        "outliers": rows["outliers"],
        "duplicates": rows["duplicates"],
        "independent_test_frames": rows["test_independent"],
        "verdict": rows["verdict"],
    }
    return pd.DataFrame(columns)


def _range(rows: pd.DataFrame, name: str, digits: int) -> list[str]:
    """``82 to 215``: the range of a quantity in each system."""
    return [
        f"{low:z.{digits}f} to {high:z.{digits}f}"
        for low, high in zip(rows[f"{name}_min"], rows[f"{name}_max"], strict=True)
    ]
