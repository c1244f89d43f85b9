"""Couplings and critical temperatures of compounds, published ones beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from qcrystal.figures.kinds import Inputs
from qcrystal.figures.options import CompoundCouplings
from qcrystal.manuscript.published import Cited

OURS = ["k", "dense_k", "q", "sigma", "mu_star", "lambda", "omega_log", "allen_dynes", "eliashberg"]
PUBLISHED = ["tc_low", "tc_high"]


def draw(inputs: Inputs, published: Mapping[str, Cited], options: CompoundCouplings) -> pd.DataFrame:
    """A row per compound and μ*: with its finest meshes, at the broadening nearest to ``sigma``; then the published rows.

    The first word of a published role is its compound; its value has ``lambda``, ``tc_low`` and ``tc_high`` (K), or some of them.
    """
    rows: list[dict[str, Any]] = []
    for name, own in inputs["tc"].groupby("compound", sort=False):
        for mesh in ("q", "k"):
            size = own[mesh].fillna(0)
            own = own[size == size.max()]
        away = (own["sigma"] - options.sigma).abs()
        own = own[away.isna() | (away == away.min())]
        rows += [
            {"compound": name, "source": "this work", **row[OURS], "note": row["status"]} for _, row in own.iterrows()
        ]
    for role, cited in published.items():
        own_values = {key: cited.value[key] for key in ("lambda", *PUBLISHED) if key in cited.value}
        rows.append(
            {
                "compound": role.partition(" ")[0],
                "source": ", ".join(filter(None, (cited.label, cited.where))),
                **own_values,
                "note": "published",
            }
        )
    return pd.DataFrame(rows, columns=["compound", "source", *OURS, *PUBLISHED, "note"])
