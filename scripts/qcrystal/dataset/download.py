"""Download of a public data set. Every file is verified against its SHA-256."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests

from qcrystal.dataset.labelled_frames import DatasetError
from qcrystal.files import file_digest, put_in_place, write_whole

SERVER = "https://raw.githubusercontent.com"
FOLDER = "data/full/"
"""Folder of the repository that holds the labelled frames."""
CONNECTIONS = 8
RETRIES = 2


@dataclass(frozen=True)
class FetchReport:
    """Result of `fetch_ly2022`.

    Attributes
    ----------
    source : str
        Folder or address that the files came from.
    verified : int
        Number of files whose checksum was verified.
    missing_test_sets : list of str
        Test sets that a local copy lacks.
    """

    source: str
    verified: int
    missing_test_sets: list[str]


def fetch_ly2022(
    destination: Path,
    local: Path | None,
    sha256sums: Path,
    repository: str,
    commit: str,
    server: str = SERVER,
    key: str = "datasets.ly2022.path",
) -> FetchReport:
    """Bring [Ly]'s labelled frames to ``destination``.

    Files come from the folder ``local``, which is laid out as the repository. If ``local`` is None they come from the
    public repository. A file that ``destination`` already holds with the right checksum is kept, so a broken-off download
    continues. The last ``set.*`` of each system is the published test split. A local copy may lack it; the report names it.

    Parameters
    ----------
    destination, local
        Folders.
    sha256sums
        Lines ``<sha256>  data/full/<file>``, one for each file of the data set.
    repository, commit
        Owner and name of the public repository, and the commit.
    server
        Address of the server that holds the repository's files.
    key
        Key of the configuration that names a local copy. Messages name it.

    Raises
    ------
    DatasetError
        A wrong checksum, any other missing file, or no connection. The message names the file.
    """
    expected = _read_checksums(Path(sha256sums))
    missing: list[str] = []
    source = f"{server}/{repository}/{commit}" if local is None else str(local)
    if local is not None:
        if not Path(local).is_dir():
            raise DatasetError(f"{local}: no such folder; {key} must name a copy of {repository} at commit {commit}")
        absent = {name for name in expected if not (Path(local) / name).is_file()}
        missing = _missing_test_sets(absent, expected, Path(local))
        expected = {name: digest for name, digest in expected.items() if name not in absent}
    _fetch(Path(destination), source, expected, _copy if local else pooch.HTTPDownloader(timeout=60), key)
    return FetchReport(source, len(expected), missing)


def download(folder: Path, source: dict, key: str) -> FetchReport:
    """Bring a configured data set to ``folder``, which appears whole.

    Files gather in a hidden folder beside it, which Snakemake does not remove after a failure. So a broken-off download
    continues, unless the source has changed since.

    Parameters
    ----------
    source
        Entry of ``datasets`` in the configuration: path, checksums, repository, commit.
    key
        See `fetch_ly2022`.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    mark, wanted = partial / "source.json", json.dumps([source, file_digest(source["checksums"])], sort_keys=True)
    if not mark.is_file() or mark.read_text() != wanted:
        shutil.rmtree(partial, ignore_errors=True)
        write_whole(mark, wanted)
    local, sums = Path(source["path"]) if source["path"] else None, Path(source["checksums"])
    report = fetch_ly2022(partial / "files", local, sums, source["repository"], source["commit"], key=key)
    put_in_place(partial / "files", folder)
    shutil.rmtree(partial)
    return report


def _fetch(destination: Path, source: str, expected: dict[str, str], downloader, key: str) -> None:
    registry = {name.removeprefix(FOLDER): f"sha256:{digest}" for name, digest in expected.items()}
    retries = 0 if downloader is _copy else RETRIES
    store = pooch.create(destination, f"{source}/{FOLDER}", registry=registry, retry_if_failed=retries)
    pooch.get_logger().setLevel("WARNING")  # otherwise it logs a line for each of a thousand files

    def fetch(name: str) -> None:
        try:
            store.fetch(name, downloader=downloader)
        except requests.HTTPError as error:
            raise DatasetError(
                f"{store.get_url(name)}: the server answers {error.response.status_code}; check repository and commit"
            ) from None
        except requests.RequestException as error:
            reason = getattr(error.args[0] if error.args else None, "reason", error)
            raise DatasetError(
                f"{store.get_url(name)}: cannot be fetched ({reason}); name a local copy in the configuration, {key}"
            ) from None
        except ValueError:
            raise DatasetError(
                f"{store.get_url(name)}: SHA-256 is not the listed one, {registry[name][7:23]}...; fetch this file again"
            ) from None

    for folder in {(destination / name).parent for name in registry}:  # two threads of pooch may not make one folder
        folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=CONNECTIONS) as pool:
        futures = [pool.submit(fetch, name) for name in sorted(registry)]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _copy(url: str, output_file: str, _store: pooch.Pooch) -> None:
    """Downloader of files that lie in a local folder."""
    shutil.copyfile(url, output_file)


def _read_checksums(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise DatasetError(f"{path}: missing; it lists the SHA-256 of every file of the data set")
    lines = [line.split(maxsplit=1) for line in path.read_text().splitlines() if line.strip()]
    for number, line in enumerate(lines, 1):
        if len(line) != 2 or len(line[0]) != 64 or not line[1].startswith(FOLDER):
            raise DatasetError(f"{path}: line {number} is not '<sha256>  {FOLDER}<file>'; restore this file")
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
