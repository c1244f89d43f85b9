"""Literature values that figures and tables stand beside."""

from __future__ import annotations

import math
from pathlib import Path

import yaml


class PublishedError(ValueError):
    """Literature values that cannot be used; the message names the file and the value."""


NUMBERS = ("qin_energy_rmse", "qin_force_rmse", "ly_energy_rmse", "ly_force_rmse", "qin_classical_boundary")
NUMBERS += (
    "qin_classical_transition_150GPa",
    "qin_qtb_boundary",
    "qin_zero_point_temperature",
    "qin_diffusion_5K_200GPa",
)
TABLES = {
    "qin_table1_dft": ("a", "alpha", "La_H1", "La_H2", "H_H1", "H_H2", "La_La"),
    "ly_static_pressure": ("a", "pressure"),
}
TABLES["qin_table1_dp"] = TABLES["qin_table1_dft"]
"""Values that figures and tables compute with: numbers, and tables of numbers by name."""


def read_published(path: Path) -> dict:
    """Read ``published.yaml``: ``sources``, ``values`` by id, ``figures``.

    Raises
    ------
    PublishedError
        If it cannot be read; see `check_published`.
    """
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(getattr(error, "problem", None) or error).split())
        raise PublishedError(f"{path}: is not valid YAML ({reason}); restore it") from error
    check_published(document, str(path))
    return document


def check_published(document: object, where: str) -> None:
    """Make sure that every value says what it is and which of the sources prints it.

    Raises
    ------
    PublishedError
        One line that begins with ``where``.
    """
    for section, kind in (("sources", dict), ("values", dict), ("figures", list)):
        if not isinstance(document, dict) or not isinstance(document.get(section), kind):
            form = "keys with values" if kind is dict else "a list"
            raise PublishedError(f"{where}: section {section!r} is missing or not {form}; restore it")
    for name, entry in document["values"].items():
        for key in ("value", "where"):
            if not isinstance(entry, dict) or entry.get(key) is None:
                raise PublishedError(f"{where}: values.{name}: {key!r} is missing; say it")
        if not isinstance(entry["where"], str):
            raise PublishedError(
                f"{where}: values.{name}.where is {entry['where']!r:.60}, not a text; say where it is printed"
            )
        _check_kind(entry["value"], name, where)
    for number, figure in enumerate(document["figures"]):
        if not isinstance(figure, dict) or not isinstance(figure.get("id"), str):
            raise PublishedError(f"{where}: figures.{number}: 'id' is missing; say which figure it is")


def published_entry(document: dict, name: str) -> dict:
    """The entry of a value.

    Raises
    ------
    PublishedError
        If there is none.
    """
    if name not in document["values"]:
        raise PublishedError(
            f"config/crystals/lah10/published.yaml: values has no {name!r}; add it or correct the name"
        )
    return document["values"][name]


def published_accuracies(document: dict) -> dict[str, dict[str, float]]:
    """Published errors of a potential by source: energy in meV/atom, force in meV/Å.

    Raises
    ------
    PublishedError
        If one is missing.
    """
    return {
        source: {
            "energy_meV_per_atom": published_entry(document, f"{study}_energy_rmse")["value"],
            "force_meV_per_angstrom": 1e3 * published_entry(document, f"{study}_force_rmse")["value"],
        }
        for source, study in (("qin2023", "qin"), ("ly2022", "ly"))
    }


def _check_kind(value: object, name: str, where: str) -> None:
    if name in NUMBERS and not _is_number(value):
        raise PublishedError(f"{where}: values.{name}.value is {value!r:.60}, not a number; restore it")
    for key in TABLES.get(name, ()):
        if not isinstance(value, dict) or not _is_number(value.get(key)):
            raise PublishedError(f"{where}: values.{name}.value has no number {key!r}; restore it")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
