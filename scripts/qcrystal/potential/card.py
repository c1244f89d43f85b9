"""The card of a potential: what it is, which files it describes, and where it may be used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from qcrystal.errors import QcrystalError
from qcrystal.fields import Number
from qcrystal.files import file_digest, write_whole
from qcrystal.io.tables import TableError, check_table
from qcrystal.io.yaml_files import DocumentError, printable, read_mapping

TABLES = {
    "parity_errors.csv": "parity_errors",
    "parity_frames.csv": "held_out_frames",
    "parity_histograms.csv": "parity_histograms",
}
"""Tables beside a released potential, with their schemas."""
OPTIONAL_TABLES = {"data_quality.csv": "quality_systems"}
"""The same, of those that need not be there."""
RESTORE = "restore the potential's card"


class CardError(QcrystalError, ValueError):
    """A potential whose card is missing, broken or another's. The message is one line that names the file and the remedy."""


def _rising(values: tuple[float, float]) -> tuple[float, float]:
    if not values[0] < values[1]:
        raise ValueError("must be [lowest, highest]; it says where the potential may be used")
    return values


class _Part(BaseModel):
    """A part of a card. It may hold more than what is read of it."""

    model_config = ConfigDict(extra="allow", strict=False)


class Labels(_Part):
    """Labelled frames that a potential was trained on."""

    name: str | None = None
    repository: str | None = None
    commit: str | None = None
    pressure_GPa: Annotated[tuple[Number, Number], AfterValidator(_rising)]
    """Lowest and highest pressure of the frames, potential part."""


class Split(_Part):
    """One part of the data set."""

    systems: int | None = None
    frames: int | None = None


class Settings(_Part):
    """Part of the `qcrystal.potential.settings.Training` that an audit reports. The card holds all of it."""

    effort: dict[str, int] = {}
    seeds: dict[str, int] = {}


class Digests(_Part):
    """SHA-256 of files by name."""

    sha256: dict[str, str] = {}


class Card(_Part):
    """The card of a potential: what it is, what it was trained on, how accurate it is, and which files it describes.

    Attributes
    ----------
    species : list of str
        Elements in the order of the type map.
    accuracy : dict
        Root-mean-square errors by part of the data set.
    literature : dict
        Published accuracies by source.
    sha256 : str
        Of ``model.pb``.
    versions : dict
        Of the packages that trained it.
    committee, tables : Digests
        The committee's statistics and members, and the tables beside the potential.
    speed : dict
        Measured cost of a step.
    """

    name: str
    species: list[str]
    descriptor: str = "not stated"
    data: Labels
    split: dict[str, Split] = {}
    settings: Settings = Settings()
    accuracy: dict[str, Any] = {}
    accuracy_note: str | None = None
    literature: dict[str, dict[str, float]] = {}
    sha256: str
    versions: dict[str, str] = {}
    committee: Digests | None = None
    speed: dict[str, Any] | None = None
    tables: Digests | None = None

    def digests(self) -> dict[str, str]:
        """SHA-256 of every file that the card describes, by name."""
        members = self.committee.sha256 if self.committee else {}
        tables = self.tables.sha256 if self.tables else {}
        return {"model.pb": self.sha256, **members, **tables}

    def history(self) -> str:
        """The potential's data and training, as one line for an audit."""
        source = " at commit ".join(filter(None, [self.data.repository, self.data.commit]))
        seeds = ", ".join(f"{name} {seed}" for name, seed in self.settings.seeds.items())
        parts = [
            f"trained on {self.data.name}" + (f" ({source})" if source else ""),
            f"{self.settings.effort.get('steps')} steps",
            f"seeds {seeds or 'not told'}",
            ", ".join(f"{package} {version}" for package, version in self.versions.items()),
        ]
        return "; ".join(filter(None, parts))


def read_card(path: Path, shown: str | None = None) -> Card:
    """Read ``card.yaml``.

    Parameters
    ----------
    shown
        How messages name the file; None: by its path.

    Raises
    ------
    CardError
        It is missing, not YAML, or does not name the potential, its species and the pressures of its labels.
    """
    shown = shown or str(path)
    try:
        return Card.model_validate(read_mapping(path))
    except DocumentError as error:
        raise CardError(f"{shown}: {error}; {RESTORE}") from error
    except ValidationError as error:
        raise CardError(f"{shown}: {_problem(error)}; {RESTORE}") from error


def _problem(error: ValidationError) -> str:
    """The first thing that is wrong with a card: its key and its value."""
    first = error.errors()[0]
    *parents, last = first["loc"]
    if last == "[key]":
        return f"{'.'.join(map(str, parents[:-1]))} has the key {first['input']!r}, which is no text"
    key = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return f"{key} is missing"
    reason = f", but it {first['ctx']['error']}" if first["type"] == "value_error" else ""
    return printable(f"{key} is {first['input']!r:.60}{reason}")


def write_card(card: Card, path: Path) -> None:
    """Write a card as YAML."""
    document = card.model_dump(mode="json", exclude_none=True)
    document = {key: value for key, value in document.items() if value not in ({}, [])}
    write_whole(path, yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120))


def trained_pressures(path: Path) -> tuple[float, float]:
    """Lowest and highest pressure (GPa) of the frames that a potential was trained on, from its card."""
    return read_card(path).data.pressure_GPa


def check_potential(folder: Path, species: Sequence[str], shown: str) -> None:
    """Make sure that a folder holds the potential that its card describes, for a crystal, with whole tables of its errors.

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
        One line that names the file.
    """
    card = read_card(folder / "card.yaml", f"{shown}/card.yaml")
    if card.species != list(species):
        raise CardError(
            f"{shown}/card.yaml: species are {', '.join(card.species)}, but the crystal's are {', '.join(species)}, "
            "in this order; name a potential of this crystal, or correct the order of its species"
        )
    given = {name: schema for name, schema in OPTIONAL_TABLES.items() if (folder / name).is_file()}
    for name, schema in {**TABLES, **given}.items():
        rows = card.split.get("test", Split()).frames if name == "parity_frames.csv" else None
        try:
            check_table(folder / name, f"{shown}/{name}", schema, rows)
        except TableError as error:
            raise CardError(str(error)) from error
    for name, digest in card.digests().items():
        if not (folder / name).is_file():
            raise CardError(f"{shown}/{name}: missing, and card.yaml describes it; restore the file")
        if file_digest(folder / name) != digest:
            raise CardError(
                f"{shown}/{name}: not the file that card.yaml describes (its SHA-256); restore it, or its card"
            )
