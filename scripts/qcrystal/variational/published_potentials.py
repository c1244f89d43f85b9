"""Published potentials that are downloaded, never shipped: pinned by commit, verified by checksum.

Those of lithium [Zhang 2025] are under the Apache-2.0 licence, in the repository zhangqi94/lithium, folder ``src/dpmodel``.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pooch
import requests

from qcrystal.files import file_digest, put_in_place
from qcrystal.variational.errors import VariationalError

SERVER = "https://raw.githubusercontent.com"


class Published(NamedTuple):
    """Source of a published potential: repository, commit, file, SHA-256."""

    repository: str
    commit: str
    file: str
    digest: str

    @property
    def address(self) -> str:
        """Address of the file at the pinned commit."""
        return f"{SERVER}/{self.repository}/{self.commit}/{self.file}"


def fetch(potential: Published, destination: Path, local: str | None) -> Path:
    """Bring a potential to a file.

    Parameters
    ----------
    local
        Folder with a copy that is taken instead of the network's; None: download.

    Raises
    ------
    VariationalError
        If the copy is missing, the network does not answer, or the checksum is another.
    """
    name = Path(potential.file).name
    destination = Path(destination)
    destination.parent.mkdir(parents=True, exist_ok=True)
    partial = destination.with_name(destination.name + ".partial")
    if local:
        source = Path(local) / name
        if not source.is_file():
            raise VariationalError(f"{source}: no such potential; correct QCRYSTAL_LITHIUM, or unset it to download")
        partial.write_bytes(source.read_bytes())
    else:
        source = Path(potential.address)
        try:
            pooch.HTTPDownloader(timeout=60)(potential.address, str(partial), None)
        except (requests.RequestException, OSError) as error:
            partial.unlink(missing_ok=True)
            raise VariationalError(
                f"{potential.address}: cannot be downloaded ({type(error).__name__}); name a folder with a copy in the "
                "environment variable QCRYSTAL_LITHIUM"
            ) from error
    found = file_digest(partial)
    if found != potential.digest:
        partial.unlink()
        raise VariationalError(
            f"{source}: its SHA-256 is {found[:12]}…, not {potential.digest[:12]}…; get another copy"
        )
    put_in_place(partial, destination)
    return destination


COMMIT = "331b10d2fb9fbfdf9672f1e210c360e1b9f56ead"
LITHIUM = {
    "dp4": Published(
        "zhangqi94/lithium",
        COMMIT,
        "src/dpmodel/frozen_model_dp4.pb",
        "2c1cbb87f8528970c5b86434cca6b46fcb5de1a3c3bffa47fe3517b5db75ec6d",
    ),
    "dp0": Published(
        "zhangqi94/lithium",
        COMMIT,
        "src/dpmodel/frozen_model_dp0.pb",
        "35ba47681b0b18ded4b4d088839e7431d62bf2c59a54914be1744a15fd9abfd5",
    ),
}
"""Li-DP-Hyb3 (bcc, fcc) and Li-DP-Hyb2 (high pressure)."""
