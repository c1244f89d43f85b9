"""Errors of models of the critical temperature, published ones beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from qcrystal.figures.kinds import Inputs
from qcrystal.figures.options import TcModelErrors
from qcrystal.manuscript.published import Cited

COLUMNS = ["model", "split", "compounds", "prototypes", "mae", "error", "factor", "note"]


def draw(inputs: Inputs, published: Mapping[str, Cited], options: TcModelErrors) -> pd.DataFrame:
    """A row per model and split: mean absolute error (K), its standard error, and the typical factor; then the published row.

    Below ``enough`` compounds each row is called plumbing. A model that does not beat the constant is told so.
    """
    table = inputs["model"]
    constants = {split: _errors(own)[0] for split, own in table[table["model"] == "constant"].groupby("split")}
    rows: list[dict[str, Any]] = []
    for (split, model), own in table.groupby(["split", "model"], sort=False):
        mean, error, factor = _errors(own)
        notes = [f"plumbing, no prediction: {len(own)} compounds"] if len(own) < options.enough else []
        if model != "constant" and mean >= constants.get(split, np.inf):
            notes.append("no better than a constant")
        row = {"model": model, "split": split, "compounds": len(own), "prototypes": own["prototype"].nunique()}
        rows.append({**row, "mae": mean, "error": error, "factor": factor, "note": "; ".join(notes) or "prediction"})
    if "mae" in published:
        cited = published["mae"]
        row = {"model": cited.label, "mae": cited.value["mae"], "error": cited.value["error"]}
        rows.append({**row, "note": "published, other compounds and other folds"})
    return pd.DataFrame(rows, columns=COLUMNS).astype({"compounds": "Int64", "prototypes": "Int64"})


def _errors(own: pd.DataFrame) -> tuple[float, float, float]:
    """Mean absolute error (K), its standard error, and exp of the rms error of ln T_c."""
    predicted, known = own["predicted"].to_numpy(float), own["tc"].to_numpy(float)
    away, logarithm = np.abs(predicted - known), np.log(predicted / known)
    error = away.std(ddof=1) / np.sqrt(len(away)) if len(away) > 1 else np.nan
    return float(away.mean()), float(error), float(np.exp(np.sqrt(np.mean(logarithm**2))))
