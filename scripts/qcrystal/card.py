"""The card of a potential: what it is, which files it describes, and where it may be used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import yaml

from qcrystal.provenance import file_digest


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
        card = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise CardError(f"{path}: cannot be read ({error.strerror}); restore the potential's card") from error
    except (yaml.YAMLError, ValueError) as error:
        raise CardError(f"{path}: is not valid YAML ({_reason(error)}); restore the potential's card") from error
    if not isinstance(card, dict):
        raise CardError(f"{path}: must hold keys with values, not {type(card).__name__}; restore the potential's card")
    for key, kind in (("name", str), ("species", list), ("data", dict), ("sha256", str)):
        if not isinstance(card.get(key), kind):
            raise CardError(f"{path}: {key} is {card.get(key)!r:.60}; restore the potential's card")
    pressures = card["data"].get("pressure_GPa")
    if not _is_range(pressures):
        raise CardError(
            f"{path}: data.pressure_GPa is {pressures!r:.60}, not [lowest, highest]; it says where the potential may be used"
        )
    return card


def trained_pressures(path: Path) -> tuple[float, float]:
    """Lowest and highest pressure (GPa) of the frames that a potential was trained on, from its card."""
    low, high = read_card(path)["data"]["pressure_GPa"]
    return float(low), float(high)


def check_potential(folder: Path, species: Sequence[str], shown: str) -> None:
    """Make sure that the files in a folder are those that its card describes, and that they know a crystal's species.

    Parameters
    ----------
    folder
        Holds ``card.yaml`` and ``model.pb``, and the committee's ``model-2.pb``, ... that the card names.
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
    committee = card.get("committee")
    others = committee.get("sha256", {}) if isinstance(committee, dict) else {}
    for name, digest in {"model.pb": card["sha256"], **others}.items():
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


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "problem", None) or error).split())
