"""Checks of a complaint: one line that names the culprit, and no file that was there is touched."""

from pathlib import Path


def says(text: str, words: list[str]) -> None:
    """One line holds every word; nothing looks like a traceback."""
    assert text.strip() and "\n" not in text.strip(), text
    assert "Traceback" not in text and ".py" not in text, text
    assert all(word in text for word in words), f"{words} in {text}"


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file of a folder with what is in it, the logs left out."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".log" and not path.is_symlink()
    }
