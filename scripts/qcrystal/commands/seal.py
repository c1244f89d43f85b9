"""Seal the results of a scale: list every file with its digest and sign the list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qcrystal.commands._options import SIGNERS, Crystal, Scale, Signers, application, results_folder
from qcrystal.provenance import seal

app = application()


@app.command()
def main(
    crystal: Crystal = "lah10",
    scale: Scale = "laptop",
    key: Annotated[Path, typer.Option(help="Your OpenSSH private key, which signs the list.")] = Path(
        "~/.ssh/id_ed25519"
    ),
    allowed_signers: Signers = SIGNERS,
) -> None:
    """Seal the results of a scale: list every file with its digest and sign the list.

    The audit then says who vouches for the results, and names each file that changed since or was never sealed.

    Example: `python -m qcrystal seal --scale laptop --key ~/.ssh/id_ed25519`
    """
    print(seal.write(Path.cwd(), results_folder(crystal, scale), key.expanduser(), allowed_signers))
