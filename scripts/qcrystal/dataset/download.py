"""Download of a public data set, every file verified against its SHA-256."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from qcrystal.dataset.labelled_frames import DatasetError


@dataclass(frozen=True)
class FetchReport:
    """What `fetch_ly2022` did: where the files came from, how many were verified, and the test sets that the source
    does not have."""

    source: str
    verified: int
    missing_test_sets: list[str]


def fetch_ly2022(
    destination: Path,
    local: Path | None,
    sha256sums: Path,
    repository: str,
    commit: str,
    opener: Callable = urllib.request.urlopen,
    key: str = "datasets.ly2022.path",
) -> FetchReport:
    """Bring [Ly]'s labelled frames to ``destination``, every file verified against its SHA-256.

    Files come from the folder ``local`` (laid out as upstream) or, if that is None, from the public repository. A file
    that ``destination`` already holds with the right checksum is kept, so a broken-off download continues. The last
    ``set.*`` of each system is upstream's test split: a local copy may lack it, and the report says so.

    Raises
    ------
    DatasetError
        A wrong checksum, any other missing file, or no connection; the message names the file.
    """
    expected = _read_checksums(Path(sha256sums))
    if local is not None:
        local = Path(local)
        if not local.is_dir():
            raise DatasetError(f"{local}: no such folder; {key} must name a copy of {repository} at commit {commit}")
        absent = {name for name in expected if not (local / name).is_file()}
        missing = _missing_test_sets(absent, expected, local)
        source = str(local)
    else:
        absent, missing = set(), []
        source = f"https://raw.githubusercontent.com/{repository}/{commit}"

    def fetch(name: str) -> None:
        target = Path(destination) / Path(name).relative_to("data/full")
        if target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == expected[name]:
            return
        content = (local / name).read_bytes() if local else _download(f"{source}/{name}", opener, key)
        _verify(content, expected[name], f"{source}/{name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        partial.write_bytes(content)
        partial.replace(target)

    names = sorted(set(expected) - absent)
    with ThreadPoolExecutor(max_workers=1 if local else 8) as pool:
        futures = [pool.submit(fetch, name) for name in names]
        try:
            for future in futures:
                future.result()
        except DatasetError:
            pool.shutdown(cancel_futures=True)
            raise
    return FetchReport(source, len(names), missing)


def _read_checksums(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise DatasetError(f"{path}: missing; it lists the SHA-256 of every file of the data set")
    lines = [line.split(maxsplit=1) for line in path.read_text().splitlines() if line.strip()]
    for number, line in enumerate(lines, 1):
        if len(line) != 2 or len(line[0]) != 64 or not line[1].startswith("data/full/"):
            raise DatasetError(f"{path}: line {number} is not '<sha256>  data/full/<file>'; restore this file")
    return {name.strip(): digest for digest, name in lines}


def _missing_test_sets(absent: set[str], expected: dict[str, str], local: Path) -> list[str]:
    """Last sets of systems that are absent as a whole; any other absent file is an error."""
    sets: dict[str, set[str]] = {}
    for name in expected:
        folder = Path(name).parent
        if folder.name.startswith("set."):
            sets.setdefault(str(folder.parent), set()).add(folder.name)
    last = [f"{system}/{max(names)}" for system, names in sorted(sets.items())]
    missing = [folder for folder in last if {n for n in expected if n.startswith(f"{folder}/")} <= absent]
    unexplained = sorted(name for name in absent if str(Path(name).parent) not in missing)
    if unexplained:
        raise DatasetError(
            f"{local / unexplained[0]}: missing, and no test set; complete the copy ({len(unexplained)} files)"
        )
    return missing


def _download(address: str, opener: Callable, key: str, attempts: int = 3) -> bytes:
    for attempt in range(attempts):
        try:
            with opener(address, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == attempts - 1:
                raise DatasetError(f"{address}: the server answers {error.code}; check repository and commit") from None
        except (OSError, TimeoutError) as error:
            if attempt == attempts - 1:
                reason = getattr(error, "reason", error)
                raise DatasetError(
                    f"{address}: cannot be fetched ({reason}); name a local copy in the configuration, {key}"
                ) from None
    raise AssertionError("unreachable")


def _verify(content: bytes, expected: str, name: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise DatasetError(f"{name}: SHA-256 is {found[:16]}..., not {expected[:16]}...; fetch this file again")
