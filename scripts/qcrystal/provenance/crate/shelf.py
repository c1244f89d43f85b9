"""The files of a crate and their descriptions; each is compared with the records that name it before it is put in."""

from __future__ import annotations

import base64
import mimetypes
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from qcrystal.files import file_digest, files_below
from qcrystal.provenance.crate.jobs import CrateError, Job, foreign, part_of
from qcrystal.provenance.record import Entry

NAMED = "ni:///sha-256;"
TRAJECTORY = ".h5"
# Defined in the crate itself: RO-Crate 1.1's context is then the only document that a reader has to have.
TERMS = {
    term: f"https://w3id.org/ro/terms/workflow-run#{term}"
    for term in ("sha256", "ParameterConnection", "connection", "sourceParameter", "targetParameter")
}
LICENCES = {
    "https://creativecommons.org/licenses/by/4.0/": (
        "CC BY 4.0",
        ("data/lah10-gpaw/", "data/h3s-gpaw/", "data/lithium-gpaw/", "models/"),
    )
}
FORMATS = {
    **dict.fromkeys(("", ".smk", ".in", ".lock", ".j2"), "text/plain"),
    **dict.fromkeys((".yaml", ".cff"), "application/yaml"),
    ".md": "text/markdown",
    ".h5": "application/x-hdf5",
    ".extxyz": "chemical/x-xyz",
}


class Shelf:
    """Entities of a crate by the paths that records know.

    Parameters
    ----------
    left_out
        Digests of files that reduced results leave out, by path; these are named by digest, too.
    """

    def __init__(self, root: Path, jobs: list[Job], with_trajectories: bool, left_out: Mapping[str, str]):
        from rocrate.rocrate import ROCrate  # a heavy import, and nothing else needs it

        self.root, self.with_trajectories, self.left_out = root, with_trajectories, left_out
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_terms.update(TERMS)
        self.paths: dict[str, tuple[str, object]] = {}  # path in records: digest, entity
        self.examples: dict[str, dict] = defaultdict(dict)  # formal parameter: files and folders that took its place
        self.outside = self._outside(jobs)

    def _outside(self, jobs: list[Job]) -> set[str]:
        """Paths that are not to be put in: what is not of this repository or is of others, and folders made from such data."""
        outside, before = {entry.path for job in jobs for entry in job.inputs if foreign(entry.path)}, None
        while outside != before:
            before = set(outside)
            for job in jobs:
                if any(part_of(entry.path, outside) for entry in job.inputs):
                    outside |= {entry.path for entry in job.outputs if (self.root / entry.path).is_dir()}
        return outside

    def add(self, identifier: str, kind: str, **properties):
        """An entity that is no file."""
        from rocrate.model.contextentity import ContextEntity

        return self.crate.add(ContextEntity(self.crate, identifier, properties={"@type": kind, **properties}))

    def file(self, path: str, digest: str | None = None):
        """The entity of a file of the repository, added the first time; its digest is taken if it is not known yet."""
        if path not in self.paths:
            properties = file_properties(path, digest or file_digest(self.root / path))
            entity = self.crate.add_file(self.root / path, path, properties=properties, record_size=True)
            self.paths[path] = properties["sha256"], entity
        return self.paths[path][1]

    def payload(self, entry: Entry, job: Job):
        """The entity of an input or output, compared with what the record says of it."""
        path, digest = entry.path, entry.sha256
        if path in self.paths and self.paths[path][0] == digest:
            return self.paths[path][1]
        inside = (
            not part_of(path, self.outside)
            and not foreign(path)
            and (self.with_trajectories or not path.endswith(TRAJECTORY))
            and ((self.root / path).exists() or self.left_out.get(path) != digest)
        )
        if (self.root / path).exists():
            if self._digest(path) != digest or (self.root / path).is_dir() != (entry.kind == "folder"):
                raise CrateError(
                    f"{path}: not the file that {job.path} describes (SHA-256 {digest}); restore it, or run the job again"
                )
        elif inside:
            raise CrateError(f"{path}: missing, and {job.path} names it; run the job again")
        if not inside:
            self.paths[path] = digest, self._named_by_digest(entry)
        elif (self.root / path).is_dir():
            self.paths[path] = digest, self._folder(path)
        else:
            self.file(path, digest)
        return self.paths[path][1]

    def _digest(self, path: str) -> str:
        try:
            return file_digest(self.root / path)
        except ValueError as error:
            raise CrateError(str(error)) from None

    def _folder(self, path: str):
        folder = self.crate.add_dataset(dest_path=path, properties={"name": path})
        inside = [f"{path}/{file.relative_to(self.root / path).as_posix()}" for file in files_below(self.root / path)]
        folder["hasPart"] = one([self.file(file) for file in inside])
        return folder

    def _named_by_digest(self, entry: Entry):
        """A file that is not in the crate; of a folder the digest is that of its sorted names and digests."""
        from rocrate.model.data_entity import DataEntity

        properties = file_properties(entry.path, entry.sha256)
        kind = "Dataset" if entry.kind == "folder" else "File"
        properties |= {"@type": kind, "contentSize": str(entry.size)}
        name = f"{named_information(entry.sha256)}?path={quote(entry.path)}"
        return self.crate.add(DataEntity(self.crate, name, properties))


def file_properties(path: str, digest: str) -> dict:
    """Properties of a file in a crate: name, format, digest, licence."""
    kind = FORMATS.get(PurePosixPath(path).suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    licences = [{"@id": url} for url, (_, parts) in LICENCES.items() if path.startswith(parts)]
    return {"name": path, "encodingFormat": kind, "sha256": digest, **({"license": one(licences)} if licences else {})}


def named_information(digest: str) -> str:
    """A digest as a name of the thing itself (RFC 6920)."""
    return f"{NAMED}{base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip('=')}"


def iso(time: datetime) -> str:
    """A time as RO-Crate writes it."""
    return time.isoformat(timespec="seconds")


def one(values: list):
    """RO-Crate's way to write lists: a single value stands alone."""
    return values[0] if len(values) == 1 else values
