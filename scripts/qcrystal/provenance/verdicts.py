"""Verdicts of the audit: their meanings, their order, and which of them a job or a file has."""

from collections.abc import Iterable

VERDICTS = {
    "MISSING": "a file or a record is not there",
    "INCOMPLETE": "the record lacks something",
    "TAMPERED": "a file is not the one that its record, or the sealed manifest, names",
    "UNDECLARED": "the job read a file that its rule does not name, or ran code from elsewhere",
    "UNTRACKED": "no record says where the file is from",
    "STALE": "an input is not the one that the job was given",
    "CONFIG-CHANGED": "the configuration gives other parameters now",
    "CODE-CHANGED": "the code is another one now",
    "ENV-CHANGED": "the environment is another one now",
    "VERIFIED": "everything still holds",
}
"""Verdicts, gravest first; a job or a file has the gravest of its faults."""


def gravest(faults: Iterable[str]) -> str:
    """The gravest of the verdicts of all faults that were found; ``VERIFIED`` where none was found."""
    found = set(faults)
    return next((verdict for verdict in VERDICTS if verdict in found), "VERIFIED")
