"""Mutations of files: of their bytes, of the data that they hold, and of what stands in their place."""

import copy
import json
import os
import shutil
import socket

ZOO = [
    None,
    True,
    -1,
    0,
    0.5,
    10**30,
    1e308,
    "",
    "x" * 9999,
    "\x1b[2J\n\u202e",
    "../../etc/passwd",
    "/dev/zero",
    [],
    {},
]
ZOO += [
    ["a"],
    {"a": 1},
    [[]],
    "0" * 64,
    "2026-99-99T00:00:00Z",
    "\ud800",
    "a\0b",
    "results",
    "results/lah10/smoke",
    "x/" * 3000,
]
"""Values that no author of a record expects."""
TOKENS = [
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"NaN",
    b"-Infinity",
    b"[" * 5000,
    b'{"a":' * 5000,
    b"9" * 6000,
    b"\x1b]0;x\x07",
]
TOKENS += [
    b"1e999",
    b'"',
    b"}",
    b",",
    b"\\ud800",
    b"\r\n",
    b"&a [*a, *a]",
    b"!!python/object/apply:os.system [true]",
    b"\xe2\x80\xae",
]
"""Bytes that readers of JSON, YAML and text stumble over."""


def places(value, path=()):
    """Every place in plain data."""
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from places(member, (*path, key))


def mutated(document, chance):
    """Plain data with one to three places removed, exchanged, or given another name."""
    for _ in range(chance.randint(1, 3)):
        found = [place for place in places(document) if place]
        if not found:
            break
        path = chance.choice(found)
        holder = document
        for key in path[:-1]:
            holder = holder[key]
        choice = chance.random()
        if choice < 0.3:
            del holder[path[-1]]
        elif choice < 0.4 and isinstance(holder, dict):
            holder[chance.choice(["", "x", "\x1b", "results/x", "../x", "\ud800"])] = holder.pop(path[-1])
        else:
            holder[path[-1]] = copy.deepcopy(chance.choice(ZOO))
    return document


def mutated_bytes(content, chance):
    """Bytes that are flipped, cut off, doubled, taken out, or have something put in."""
    content = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        at, end = sorted(chance.randrange(len(content) + 1) for _ in range(2))
        choice = chance.randrange(6)
        if choice == 0 and content:
            content[min(at, len(content) - 1)] ^= 1 << chance.randrange(8)
        elif choice == 1:
            del content[at:]
        elif choice == 2:
            content[at:at] = content[at:end]
        elif choice == 3:
            del content[at:end]
        else:
            content[at:at] = chance.choice(TOKENS)
    return bytes(content)


def _link(target):
    return lambda path: path.symlink_to(target)


def _socket(path):
    here = os.getcwd()
    os.chdir(path.parent)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name[:90])
    os.chdir(here)
    if path.name[:90] != path.name:
        os.rename(path.parent / path.name[:90], path)


def _sparse(path):
    with open(path, "wb") as file:
        file.truncate(1 << 42)


def _folder(path):
    path.mkdir()
    (path / "inside").write_text("x")


def _nothing(path):
    pass


STANDS_THERE = {
    "nothing": _nothing,
    "a folder": _folder,
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "a link to nothing": _link("nowhere"),
    "a link to /dev/zero": _link("/dev/zero"),
    "a link to a terminal": _link("/dev/tty"),
    "a link to the folder above": _link(".."),
    "four terabytes of holes": _sparse,
}
"""Things that may stand in the place of a file, by their descriptions."""


def remove(path):
    """Remove whatever stands at a path."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def link_to_itself(path):
    """A link that leads to itself."""
    path.symlink_to(path.name)


STANDS_THERE["a link to itself"] = link_to_itself


def mutate(path, chance):
    """Mutate a file; returns what was done, in words, and a function that puts it back."""
    content, status = path.read_bytes(), path.stat()

    def restore():
        remove(path)
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    choice = chance.random()
    if choice < 0.5 and content[:1] in b"{[":
        path.write_bytes(json.dumps(mutated(json.loads(content), chance)).encode())
        return "data", restore
    if choice < 0.8:
        path.write_bytes(mutated_bytes(content, chance))
        return "bytes", restore
    words = chance.choice(list(STANDS_THERE))
    path.unlink()
    STANDS_THERE[words](path)
    return words, restore
