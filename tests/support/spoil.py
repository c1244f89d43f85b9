"""Edits that spoil a file below a folder: each is a function of the folder."""

import os


def write(path, content: bytes):
    """The file has another content."""
    return lambda folder: (folder / path).write_bytes(content)


def cut(path):
    """The second half of the file is gone."""
    return lambda folder: os.truncate(folder / path, (folder / path).stat().st_size // 2)
