"""The card of a potential: what it is, which files it describes, and where it may be used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from qcrystal.files import file_digest
from qcrystal.io.tables import TableError, check_table
from qcrystal.io.yaml_files import DocumentError, printable, read_mapping

TABLES = {
    "parity_errors.csv": ("quantity", "split", "system", "species", "rmse", "n"),
    "parity_frames.csv": (
        *("system", "atoms", "pressure", "force_rms", "energy_error", "force_rmse", "deviation_max", "deviation_rms"),
    ),
    "parity_histograms.csv": ("quantity", "split", "species", "reference", "predicted", "count"),
}
"""Tables beside a released potential, with the columns that are read."""
OPTIONAL_TABLES = {
    "data_quality.csv": ("system", "level", "train", "test", "outliers", "duplicates", "test_independent", "verdict"),
}
"""The same, of those that need not be there."""
RESTORE = "restore the potential's card"
OPTIONAL = (("split",), ("split", "test"), ("settings",), ("settings", "seeds"), ("versions",), ("committee",))
"""Parts of a card that are mappings where they are there."""


class CardError(ValueError):
    """A potential whose card is missing, broken or that of another; one line that names the file and says what to do."""


def read_card(path: Path) -> dict:
    """Read ``card.yaml``.

    Raises
    ------
    CardError
        If it is missing, not YAML, or does not name the potential, its species and the pressures of its labels.
    """
    try:
        card = read_mapping(path)
    except DocumentError as error:
        raise CardError(f"{path}: {error}; {RESTORE}") from error
    for key, kind in (("name", str), ("species", list), ("data", dict), ("sha256", str)):
        if not isinstance(card.get(key), kind):
            raise CardError(f"{path}: {key} is {_shown(card.get(key))}; {RESTORE}")
    for keys in (*OPTIONAL, ("committee", "sha256"), ("tables", "sha256")):
        part = _part(card, *keys)
        if not isinstance(part, dict) or not all(isinstance(key, str) for key in part):
            raise CardError(f"{path}: {'.'.join(keys)} is {_shown(part)}; {RESTORE}")
        if keys[-1] == "sha256" and not all(isinstance(digest, str) for digest in part.values()):
            raise CardError(f"{path}: {'.'.join(keys)} holds what is no SHA-256, {_shown(part)}; {RESTORE}")
    pressures = card["data"].get("pressure_GPa")
    if not _is_range(pressures):
        raise CardError(
            f"{path}: data.pressure_GPa is {_shown(pressures)}, not [lowest, highest]; it says where the potential may be used"
        )
    return card


def trained_pressures(path: Path) -> tuple[float, float]:
    """Lowest and highest pressure (GPa) of the frames that a potential was trained on, from its card."""
    low, high = read_card(path)["data"]["pressure_GPa"]
    return float(low), float(high)


def check_potential(folder: Path, species: Sequence[str], shown: str) -> None:
    """Make sure that the files in a folder are those that its card describes, that they know a crystal's species, and that
    the tables of their errors are whole.

    Parameters
    ----------
    folder
        Holds ``card.yaml`` and ``model.pb``, the committee's ``model-2.pb``, ... that the card names, and `TABLES`.
    species
        Elements in the order of the type map.
    shown
        How messages name the folder.

    Raises
    ------
    CardError
        One line.
    """
    try:
        card = read_card(folder / "card.yaml")
    except CardError as error:
        raise CardError(str(error).replace(str(folder), shown)) from error
    if card["species"] != list(species):
        raise CardError(
            f"{shown}/card.yaml: species are {', '.join(map(str, card['species']))}, but the system's are "
            f"{', '.join(species)}, in this order; name a potential of this system, or correct the order of its species"
        )
    given = {name: columns for name, columns in OPTIONAL_TABLES.items() if (folder / name).is_file()}
    for name, columns in {**TABLES, **given}.items():
        rows = _part(card, "split", "test", "frames") if name == "parity_frames.csv" else None
        try:
            check_table(folder / name, f"{shown}/{name}", columns, rows if isinstance(rows, int) else None)
        except TableError as error:
            raise CardError(str(error)) from error
    sums = {**_part(card, "committee", "sha256"), **_part(card, "tables", "sha256")}
    for name, digest in {"model.pb": card["sha256"], **sums}.items():
        if not (folder / name).is_file():
            raise CardError(f"{shown}/{name}: missing, and card.yaml describes it; restore the file")
        if file_digest(folder / name) != digest:
            raise CardError(
                f"{shown}/{name}: not the file that card.yaml describes (its SHA-256); restore it, or its card"
            )


def history(card: dict) -> str:
    """What a potential was trained on and how, as one line for an audit."""
    data, settings, versions = (card.get(key) or {} for key in ("data", "settings", "versions"))
    source = " at commit ".join(filter(None, [data.get("repository"), data.get("commit")]))
    seeds = ", ".join(f"{name} {seed}" for name, seed in (settings.get("seeds") or {}).items())
    parts = [
        f"trained on {data.get('name')}" + (f" ({source})" if source else ""),
        f"{settings.get('steps')} steps",
        f"seeds {seeds or 'not told'}",
        ", ".join(f"{package} {version}" for package, version in versions.items()),
    ]
    return "; ".join(filter(None, parts))


def _is_range(values) -> bool:
    return (
        isinstance(values, list)
        and len(values) == 2
        and all(isinstance(value, int | float) and math.isfinite(value) for value in values)
        and values[0] < values[1]
    )


def _part(card: dict, *keys: str):
    """What stands in a card under keys within keys; nothing where a key is missing."""
    for key in keys:
        card = card.get(key, {}) if isinstance(card, dict) else card
    return card


def _shown(value) -> str:
    return printable(f"{value!r:.60}")
