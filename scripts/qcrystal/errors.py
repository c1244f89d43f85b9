"""What a user reads when something goes wrong: one line that says what, and what to do."""

from __future__ import annotations

import errno
from pathlib import Path


def one_line(error: Exception) -> str:
    """What went wrong, and for a full disk what to do; the type too where the text alone would not say."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return full_disk(Path(error.filename).parent if error.filename else Path.cwd())
    text = " ".join(str(error).split())
    if isinstance(error, ValueError | RuntimeError | OSError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def full_disk(folder: Path) -> str:
    """What to do about a full disk."""
    return f"{folder}: no space left on this disk; make room, then start again: what is finished is kept"
