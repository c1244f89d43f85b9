"""The shipped configuration as documents that a test may change."""

from pathlib import Path

import yaml

from qcrystal.config.layers import put_over

FOLDER = "config/crystals/lah10"
CRYSTAL, SOURCES, PUBLISHED = (f"{FOLDER}/{name}.yaml" for name in ("crystal", "sources", "published"))
MAIN = "config/config.yaml"


def scale_files(name: str) -> tuple[str, str]:
    """Files of a scale: that of all crystals, and that of LaH10."""
    return f"config/scales/{name}.yaml", f"{FOLDER}/scales/{name}.yaml"


def document(root: Path, file: str) -> dict:
    """Content of a file of the configuration."""
    return yaml.safe_load((root / file).read_text())


def scale(root: Path, name: str) -> dict:
    """A whole scale of LaH10, as a file of one's own holds it."""
    general, own = (document(root, file) for file in scale_files(name))
    return put_over(general, own)
