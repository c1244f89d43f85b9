"""Parameters and the state of a training on disk: files that appear whole, from which training goes on to the last digit."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import jax
import numpy as np

from qcrystal.files import write_whole
from qcrystal.variational.double import in_double
from qcrystal.variational.errors import VariationalError


def save(path: Path, tree: Any, about: dict[str, Any]) -> None:
    """Write the arrays of a tree, and what they belong to."""
    leaves: dict[str, Any] = {
        f"leaf{number:04d}": np.asarray(leaf) for number, leaf in enumerate(jax.tree.leaves(tree))
    }
    buffer = io.BytesIO()
    header = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
    np.savez(buffer, about=header, **leaves)
    write_whole(path, buffer.getvalue())


@in_double
def load(path: Path, like: Any, about: dict[str, Any]) -> Any:
    """The tree that `save` wrote, in the form of ``like``.

    Raises
    ------
    VariationalError
        If the file is damaged, or belongs to something else than ``about`` says.
    """
    leaves, form = jax.tree.flatten(like)
    try:
        with np.load(path, allow_pickle=False) as file:
            found = json.loads(file["about"].tobytes())
            values = [file[name] for name in sorted(file.files) if name.startswith("leaf")]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise VariationalError(f"{path}: damaged ({' '.join(str(error).split())}); delete it to begin anew") from error
    for key, value in about.items():
        if found.get(key) != value:
            raise VariationalError(
                f"{path}: its {key} is {found.get(key)!r}, this run's is {value!r}; delete it to begin anew"
            )
    if len(values) != len(leaves):
        raise VariationalError(f"{path}: holds {len(values)} arrays, not {len(leaves)}; delete it to begin anew")
    return jax.tree.unflatten(form, [jax.numpy.asarray(value) for value in values])
