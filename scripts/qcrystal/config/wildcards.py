"""Patterns of the names that Snakemake may put into a rule's wildcard."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable


def one_of(values: Iterable) -> str:
    """Regular expression of a wildcard that is one of some values.

    Common beginnings stand in it once. Snakemake compares every file of a plan with every rule's pattern. An alternation of
    thousands of whole names would take longer than all the rest.
    """
    words = sorted({str(value) for value in values})
    return f"(?:{_alternation(words)})" if words else "(?!)"


def _alternation(words: list[str]) -> str:
    prefix = os.path.commonprefix(words)
    rest = [word[len(prefix) :] for word in words]
    branches = [] if rest[0] else [""]
    branches += [_alternation(list(group)) for _, group in itertools.groupby(filter(None, rest), lambda word: word[0])]
    return re.escape(prefix) + (f"(?:{'|'.join(branches)})" if len(branches) > 1 else branches[0])
