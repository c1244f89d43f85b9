"""Seal the results of a scale: list every file with its digest and sign the list.

python -m qcrystal.commands.seal --scale laptop --key ~/.ssh/id_ed25519
"""

import argparse
import sys
from pathlib import Path

from qcrystal.provenance import seal
from qcrystal.provenance.audit import AuditError

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crystal", default="lah10")
    parser.add_argument("--scale", default="laptop")
    parser.add_argument("--key", type=Path, default=Path.home() / ".ssh" / "id_ed25519", help="OpenSSH private key")
    parser.add_argument("--allowed-signers", type=Path, default=Path("config/allowed_signers"))
    settings = parser.parse_args()
    try:
        print(
            seal.write(
                Path.cwd(),
                f"results/{settings.crystal}/{settings.scale}",
                settings.key.expanduser(),
                settings.allowed_signers,
            )
        )
    except AuditError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
