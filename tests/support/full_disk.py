"""A disk that is full for one file: opening it for writing fails as the system would say it."""

import os

CODE = """
import errno, os
opened = os.open

def refused(path, flags, *rest, **named):
    if str(path).endswith({name!r}) and flags & os.O_CREAT:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    return opened(path, flags, *rest, **named)

os.open = refused
"""


def fill(monkeypatch, name):
    """In this process, for files whose path ends so; until ``monkeypatch.undo``."""
    space = {}
    monkeypatch.setattr(os, "open", os.open)
    exec(CODE.format(name=name), space)  # which exchanges os.open


def path_that_fills(folder, name):
    """A value of PYTHONPATH with which Python processes find the disk full for files whose path ends so."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(CODE.format(name=name))
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
