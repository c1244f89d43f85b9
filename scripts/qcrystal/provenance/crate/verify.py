"""Verification of a crate: that it is as it was written, and that it has all that its profile requires.

A crate may come from anybody. Nothing is unpacked: members of an archive are read where they are. No path leads out of
the crate. An archive that would swell beyond all measure is refused.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import stat
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from collections import Counter
from importlib import resources
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from qcrystal.files import kind
from qcrystal.provenance.code import syntax_digest
from qcrystal.provenance.crate.jobs import CrateError, foreign, part_of
from qcrystal.provenance.crate.shelf import NAMED
from qcrystal.provenance.embedded import UnreadableError, carries, embedded_identifier
from qcrystal.provenance.nodes import printable
from qcrystal.provenance.record import SUFFIX, JobRecord, RecordError, parse, strict_json
from qcrystal.provenance.reduced import LEFT_OUT, TOP
from qcrystal.provenance.same_results import FILE as DECLARED
from qcrystal.provenance.same_results import Declared, SameResultsError

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
METADATA = "ro-crate-metadata.json"
PROFILE = "provenance-run-crate-0.5"
SWELLING = 300  # how many times its own size an archive may hold; deflate's limit is about 1000
SMALL = 100_000_000  # bytes that any archive may hold
LARGEST_DOCUMENT = 500_000_000  # bytes of metadata and records, which are read whole


HEADER = struct.Struct("<4s5H3I2H")  # of a member in its place; its name and extra field follow
KNOWN_LATER = 0x8  # flag: digest and sizes follow the member, and its header does not have them
UTF8 = 0x800  # flag: the name is UTF-8
LARGEST_SIZE = 0xFFFFFFFF  # in a header: the size stands in an extra field
EXTRA = (0x0001, 0x000A, 0x5455, 0x5855, 0x7875)
"""Extra fields of members that are harmless: large sizes, times and owners. Others may give a member another name."""
DESCRIPTORS = (0, 12, 16, 20, 24)
"""Bytes that may follow a member: its digest and sizes, where they were not known before."""
END, END_SIZE = b"PK\5\6", 22  # the last record of an archive without a comment


class Content:
    """The files of a crate, a folder or a zip archive, by their names; what is wrong with one is noted in ``wrong``."""

    def __init__(self, path: Path):
        self.path = path
        self.wrong: dict[str, str] = {}
        self.members: dict[str, Path | zipfile.ZipInfo] = {}
        self.archive: zipfile.ZipFile | None = None
        self._digests: dict[str, str] = {}
        if _kind(path) == "folder":
            self._list_folder()
        else:
            self._list_archive()

    def _list_folder(self) -> None:
        for file in sorted(self.path.rglob("*")):
            name = file.relative_to(self.path).as_posix()
            if file.is_symlink():
                self.wrong[name] = f"{name}: a link; a crate holds its files itself"
            elif not file.is_dir():
                self.members[name] = file

    def _list_archive(self) -> None:
        try:
            self.archive = zipfile.ZipFile(self.path)
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise CrateError(f"{self.path}: not a readable zip archive or folder ({error})") from error
        infos = self.archive.infolist()
        size, packed = sum(info.file_size for info in infos), self.path.stat().st_size
        if size > max(SMALL, SWELLING * packed):
            raise CrateError(f"{self.path}: claims to hold {size} bytes in {packed}; it is not unpacked")
        for info in infos:
            name = info.filename
            odd = self._oddity(info)
            if odd:
                self.wrong[name] = f"{name}: {odd}"
                continue
            if info.is_dir() and not _leads_out(name):
                if info.file_size or info.compress_size:
                    self.wrong[name] = f"{name}: called as a folder, and holds {info.file_size} bytes"
                continue
            if _leads_out(name):
                self.wrong[name] = f"{name}: its path leads out of the crate"
            elif stat.S_ISLNK(info.external_attr >> 16):
                self.wrong[name] = f"{name}: a link; a crate holds its files itself"
            elif name in self.members:
                self.wrong[name] = f"{name}: stands twice in the archive"
            else:
                self.members[name] = info
        self._find_alike()
        if self._holds_more(infos):
            self.wrong[""] = (
                f"{self.path}: holds bytes that belong to none of its files; other programs may unpack them"
            )

    def _oddity(self, info: zipfile.ZipInfo) -> str | None:
        """Why another program may unpack a member as something else than what is read here; None if it will not."""
        name, kind_of = info.filename, stat.S_IFMT(info.external_attr >> 16)
        if name.isascii() and info.orig_filename != name:
            return "its name goes on behind a zero byte"
        if not (name.isascii() or info.flag_bits & UTF8):
            return "its name is not UTF-8"
        if not _leads_out(name) and PurePosixPath(name).as_posix() != name.removesuffix("/"):
            return "its path is spelt in another way than that of a crate's file"
        if kind_of and kind_of not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
            return "neither a file nor a folder, but a pipe, a socket or a device"
        with open(self.path, "rb") as file:
            file.seek(info.header_offset)
            head = file.read(HEADER.size)
            if len(head) < HEADER.size:
                return "its header is cut off"
            mark, _, flags, method, _, _, crc, packed, size, long, more = HEADER.unpack(head)
            own, extra = file.read(long), file.read(more)
        if mark != b"PK\3\4" or (flags, method) != (info.flag_bits, info.compress_type):
            return "its header is not that of its entry in the archive's list"
        if own != info.orig_filename.encode("utf-8" if flags & UTF8 else "cp437"):
            return "its header has another name than its entry in the archive's list"
        if not (_harmless(info.extra) and _harmless(extra)):
            return "it has an extra field, by which other programs may name it"
        sizes = (info.compress_size, info.file_size)
        told = (crc, *(sizes if LARGEST_SIZE in (packed, size) else (packed, size)))
        if not flags & KNOWN_LATER and told != (info.CRC, *sizes):
            return "its header has another digest or size than its entry in the archive's list"
        return None

    def _holds_more(self, infos: list[zipfile.ZipInfo]) -> bool:
        """Whether bytes stand before, between or behind the files: who reads an archive from its front sees other files there."""
        expected = 0
        assert self.archive is not None
        with open(self.path, "rb") as file:
            for info in sorted(infos, key=lambda info: info.header_offset):
                if info.header_offset - expected not in DESCRIPTORS:
                    return True
                file.seek(info.header_offset)
                *_, name, extra = HEADER.unpack(file.read(HEADER.size).ljust(HEADER.size, b"\0"))
                expected = info.header_offset + HEADER.size + name + extra + info.compress_size
            file.seek(-END_SIZE, io.SEEK_END)
            ends = file.read(4) == END
        return not ends or self.archive.start_dir - expected not in DESCRIPTORS

    def _find_alike(self) -> None:
        """Names that are one on systems that do not tell upper from lower case, how an accent is written, or a last dot."""
        seen: dict[str, str] = {}
        for name in self.members:
            plain = "/".join(part.rstrip(" .") for part in unicodedata.normalize("NFC", name).casefold().split("/"))
            other = seen.setdefault(plain, name)
            if other != name:
                self.wrong[name] = f"{name}: overwrites {other} where upper and lower case are the same"

    def names(self) -> list[str]:
        """Names of the files that can be read."""
        return [name for name in self.members if name not in self.wrong]

    def read(self, name: str) -> bytes:
        """Content of a file that is small enough to be read whole."""
        member = self.members[name]
        size = member.file_size if isinstance(member, zipfile.ZipInfo) else member.stat().st_size
        if size > LARGEST_DOCUMENT:
            raise CrateError(f"{name}: too large to be read ({size} bytes)")
        with self._open(name) as file:
            return file.read(size + 1)

    def digest(self, name: str) -> str:
        """SHA-256 of a file."""
        if name not in self._digests:
            found = hashlib.sha256()
            with self._open(name) as file:
                while block := file.read(1 << 20):
                    found.update(block)
            self._digests[name] = found.hexdigest()
        return self._digests[name]

    def _open(self, name: str):
        member = self.members[name]
        if isinstance(member, zipfile.ZipInfo):
            assert self.archive is not None
            return self.archive.open(member)
        if kind(member) != "file":
            raise ValueError("no file")
        return open(member, "rb")

    def folder_digest(self, path: str) -> str:
        """Digest of a folder as `qcrystal.files.file_digest` takes it."""
        inside = sorted(PurePosixPath(name) for name in self.members if name.startswith(f"{path}/"))
        parts = [[p.relative_to(path).as_posix(), self.digest(p.as_posix())] for p in inside]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _kind(path: Path) -> str:
    """``file`` or ``folder``; `CrateError` for what can be no crate, such as a pipe, which would never end."""
    try:
        return kind(path)
    except FileNotFoundError:
        raise CrateError(f"{path}: no such crate") from None
    except (OSError, ValueError) as error:
        raise CrateError(f"{path}: no crate ({' '.join(str(error).split())})") from error


def _harmless(extra: bytes) -> bool:
    """Whether extra fields of a member name and link nothing."""
    while extra:
        if len(extra) < 4:
            return False
        kind_of, length = struct.unpack("<2H", extra[:4])
        if kind_of not in EXTRA or len(extra) < 4 + length:
            return False
        extra = extra[4 + length :]
    return True


def _leads_out(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name.split("/")[0]


DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError, OSError)


def verify(path: Path) -> list[str]:
    """Faults of a crate (a folder or a zip archive), one line per file; none if all is as it was written.

    Every file is compared with the digest in the crate's metadata, and with those in the records of the jobs that read
    or wrote it. Every figure and table is compared with the identifier of its record.

    Raises
    ------
    CrateError
        If there is no crate to look into.
    """
    content = Content(path)
    inside, outside = _described(content)
    for name, digest in inside.items():
        if name in content.wrong:
            continue
        if name not in content.members:
            content.wrong[name] = f"{name}: missing, and {METADATA} names it"
            continue
        try:
            if content.digest(name) != digest:
                content.wrong[name] = f"{name}: not the file that {METADATA} describes (SHA-256 {digest})"
        except DAMAGED as error:
            content.wrong[name] = f"{name}: damaged ({' '.join(str(error).split())})"
    for name in content.names():
        if name not in inside and name != METADATA:
            content.wrong[name] = f"{name}: {METADATA} does not name it"
    named: set[str] = set()
    modules: dict[str, dict[str, str]] = {}
    for name in [name for name in content.names() if name.endswith(SUFFIX)]:
        record = _compare_with_record(content, name, outside)
        named |= {name, *(entry.path for entry in record.outputs)} if record else {name}
        for module, made in record.deterministic.modules.items() if record else ():
            modules.setdefault(module, {}).setdefault(made.syntax, name)
    _compare_code(content, modules)
    all_read = not any(name.endswith(SUFFIX) for name in content.wrong)  # else it is unknown what the others name
    for name in content.names():
        unrecorded = "seal" in PurePosixPath(name).parts[3:4] or _is_list_of_reduced(name)
        if all_read and name.startswith("results/") and not unrecorded and not part_of(name, named):
            content.wrong[name] = f"{name}: no record tells how it was made"
    return [printable(line) for line in sorted(content.wrong.values())]


def _is_list_of_reduced(name: str) -> bool:
    """Whether a file is the list of what reduced results leave out, among the results or as it is committed."""
    parts = PurePosixPath(name).parts
    return parts[-1] == LEFT_OUT and (len(parts) == 4 or (len(parts) == 5 and name.startswith(f"{TOP}/")))


def _described(content: Content) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """Files that the metadata describes: digest of each inside, and path and digest of each that stays outside."""
    if METADATA in content.wrong or METADATA not in content.members:
        raise CrateError(content.wrong.get(METADATA, f"{content.path}: no {METADATA}, so not a crate"))
    try:
        graph = strict_json(content.read(METADATA))["@graph"]
        described = [(str(entity["@id"]), entity) for entity in graph if "sha256" in entity]
        names = [unquote(name) for name, _ in described if not name.startswith(NAMED)]
        inside = {unquote(name): str(entity["sha256"]) for name, entity in described if not name.startswith(NAMED)}
        outside = {(str(e["name"]), str(e["sha256"])) for name, e in described if name.startswith(NAMED)}
    except (*DAMAGED, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CrateError(f"{METADATA}: cannot be read ({' '.join(repr(error).split())})") from error
    for name, times in Counter(names).items():
        if times > 1:
            content.wrong[name] = f"{name}: {METADATA} describes it twice"
        elif _leads_out(name):
            content.wrong[name] = f"{name}: {METADATA} names a path that leads out of the crate"
    return inside, outside


def _compare_code(content: Content, modules: dict[str, dict[str, str]]) -> None:
    """The code of a crate is the one that its jobs ran, or one to which changes lead that the crate declares.

    Parameters
    ----------
    content
        The crate.
    modules
        By path below ``scripts/``: for each digest of what the module does, a record that names it.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name in content.names():
            if (name.startswith("scripts/") or name == DECLARED) and not name.endswith("/"):
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                try:
                    path.write_bytes(content.read(name))
                except (CrateError, *DAMAGED) as error:
                    content.wrong[name] = f"{name}: cannot be read ({' '.join(str(error).split())})"
        try:
            changes = Declared(Path(folder))
        except SameResultsError as error:
            content.wrong[DECLARED] = " ".join(str(error).split())
            return
        for module, digests in modules.items():
            name, path = f"scripts/{module}", Path(folder, "scripts", module)
            if foreign(module) or name in content.wrong:
                continue
            try:
                now = syntax_digest(path) if path.is_file() else None
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                now = "unreadable"
            for before, record in digests.items():
                if now is None:
                    content.wrong[name] = f"{name}: missing, and {record} names it"
                elif changes.between(module, before, now) is None:
                    content.wrong[name] = f"{name}: not the code that {record} was made with"


def _compare_with_record(content: Content, name: str, outside: set[tuple[str, str]]) -> JobRecord | None:
    """Compare what a record names with what is there; returns the record, None if it is none."""
    wrong = content.wrong
    try:
        record = parse(strict_json(content.read(name)), name)
    except (RecordError, RecursionError, *DAMAGED) as error:
        wrong[name] = str(error) if isinstance(error, RecordError) else f"{name}: not a record of a job ({error})"
        return None
    if not record.holds():
        wrong[name] = f"{name}: does not have its own identifier ({record.prov_id[:12]})"
    elif record.deterministic.record != name:
        wrong[name] = f"{name}: the record says that it is {record.deterministic.record}"
    elif {entry.path for entry in record.outputs} != set(record.deterministic.outputs):
        wrong[name] = f"{name}: the outputs that it describes are not those of its job"
    for entry in record.deterministic.inputs + record.outputs:
        path, folder = entry.path, any(other.startswith(f"{entry.path}/") for other in content.members)
        if path in wrong or any(other.startswith(f"{path}/") for other in wrong):
            continue
        if path not in content.members and not folder:
            if (path, entry.sha256) not in outside:
                wrong[path] = f"{path}: missing, and {name} names it"
            elif PurePosixPath(path).parts[3:4] == ("figures",):
                wrong[path] = f"{path}: missing, and {METADATA} says that it stays outside: no figure or table may"
        elif folder != (entry.kind == "folder"):
            wrong[path] = f"{path}: not the {entry.kind} that {name} describes"
        elif foreign(path):
            wrong[path] = f"{path}: {name} names a path that leads out of the crate"
        elif (content.folder_digest(path) if folder else content.digest(path)) != entry.sha256:
            wrong[path] = f"{path}: not the file that {name} describes (SHA-256 {entry.sha256})"
    for entry in record.outputs:
        if entry.path in content.members and entry.path not in wrong and carries(entry.path):
            _compare_mark(content, entry.path, record)
    return record


def _compare_mark(content: Content, path: str, record: JobRecord) -> None:
    """The identifier that a figure or a table carries."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, PurePosixPath(path).name)
        with content._open(path) as source, open(file, "wb") as target:
            shutil.copyfileobj(source, target)
        try:
            mark = embedded_identifier(file)
        except UnreadableError:
            content.wrong[path] = f"{path}: cannot be read as what it is called"
            return
    if mark != record.prov_id:
        told = mark[:12] if mark else "none"
        content.wrong[path] = f"{path}: carries the identifier {told}, its record {record.prov_id[:12]}"


def required_issues(path: Path) -> list[str]:
    """Violated requirements of the Provenance Run profile and those below it, as rocrate-validator finds them; a line each.

    Nothing is fetched: the only remote document, RO-Crate's context, is the one that comes with the package ``rocrate``.
    """
    _kind(path)
    from rocrate_validator.models import Severity, ValidationSettings
    from rocrate_validator.services import validate

    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        _prime(cache)
        settings = ValidationSettings(
            rocrate_uri=path,
            profile_identifier=PROFILE,
            requirement_severity=Severity.REQUIRED,
            offline=True,
            cache_path=cache,
        )
        issues = validate(settings).get_issues(Severity.REQUIRED)
    return [f"{issue.check.identifier}: {issue.violatingEntity}: {issue.message}" for issue in issues]


def _prime(cache: Path) -> None:
    """Put RO-Crate 1.1's context into an HTTP cache as if it had been fetched."""
    from requests import Request, Response
    from requests_cache import CachedSession
    from urllib3 import HTTPResponse

    context = resources.files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()
    url = json.loads(context)["@id"]
    if url != CONTEXT:
        raise CrateError(f"rocrate: holds {url}, not {CONTEXT}; install the version that the lock file names")
    response = Response()
    response.status_code, response.url, response.request = 200, url, Request("GET", url).prepare()
    response.headers["Content-Type"] = "application/ld+json"
    response.raw = HTTPResponse(io.BytesIO(context), status=200, request_url=url, preload_content=False)
    with CachedSession(str(cache), backend="sqlite") as session:
        session.cache.save_response(response)
