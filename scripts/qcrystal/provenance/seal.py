"""A signed manifest of all results. It exposes tampering even if every record was rewritten consistently.

`write` lists every file of a scale's results with its SHA-256 and signs the list with an OpenSSH key
(``ssh-keygen -Y sign``). `check` verifies the signature against the keys of ``config/allowed_signers``, which come with the
repository and not with the results, and compares every file. A seal vouches for the files that it lists, of the scale that it
names, and for nothing else. Any other file among the results is a fault. No network is needed.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from pathlib import Path

from qcrystal.files import is_stamp, put_in_place, walk, write_whole
from qcrystal.provenance.audit import Audit
from qcrystal.provenance.nodes import UNRECORDED, AuditError, Digests, Node, is_listed, printable
from qcrystal.provenance.record import RecordError, read_json

NAMESPACE = "qcrystal-results"
LARGEST = 1 << 20  # bytes of a signature or of the list of keys
INSTALL = "ssh-keygen is not installed; on Debian: apt-get install openssh-client"


def sealed_files(root: Path, scale: str) -> list[str]:
    """Results of a scale, records and hidden files included, relative to the repository; no logs and no times."""
    top = root / scale
    return [
        path.relative_to(root).as_posix()
        for path in walk(top)
        if path.relative_to(top).parts[0] not in UNRECORDED and not is_stamp(path)
    ]


def _places(root: Path, scale: str) -> tuple[Path, Path]:
    manifest = root / scale / "seal" / "manifest.json"
    return manifest, manifest.with_name("manifest.json.sig")


def write(root: Path, scale: str, key: Path, allowed: Path) -> str:
    """Write and sign the manifest of a scale (``results/<crystal>/<scale>``); returns what the sealer should know.

    Raises
    ------
    AuditError
        No ssh-keygen, no results, a file that cannot be read, or a key that cannot sign.
    OSError
        The disk is full; nothing is left beside a former seal.
    """
    if shutil.which("ssh-keygen") is None:
        raise AuditError(INSTALL)
    digests, files = Digests(root), sealed_files(root, scale)
    if not files:
        raise AuditError(f"{scale}: there are no results to seal")
    if not key.is_file():
        raise AuditError(
            f"{key}: no such key; make one (ssh-keygen -t ed25519 -f {key}) or name yours: make seal KEY=..."
        )
    for name in files:
        found = digests.at(name)
        if found is None or found.kind != "file":
            raise AuditError(f"{name}: cannot be sealed ({found.problem if found else 'a link that leads nowhere'})")
    manifest, signature = _places(root, scale)
    partial = manifest.with_name("manifest.partial")
    write_whole(
        partial, json.dumps({"scale": scale, "files": {name: digests(name) for name in files}}, indent=1) + "\n"
    )
    signature_of_partial = partial.with_name(partial.name + ".sig")
    signature_of_partial.unlink(missing_ok=True)
    command = ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(partial)]
    signed = subprocess.run(command, capture_output=True, text=True, check=False)
    if signed.returncode:
        for path in (partial, signature_of_partial):
            path.unlink(missing_ok=True)
        if os.strerror(errno.ENOSPC) in signed.stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(signature))
        raise AuditError(f"{key}: cannot sign ({' '.join(signed.stderr.split())})")
    signature.unlink(missing_ok=True)
    put_in_place(partial, manifest)
    put_in_place(signature_of_partial, signature)
    told = f"{len(files)} files sealed: {manifest.relative_to(root)}"
    if _principal(signature, allowed) is None:
        public = key.with_name(key.name + ".pub")
        text = " ".join(public.read_text().split()[:2]) if public.is_file() else f"<content of {public}>"
        told += f"\nThe key is not among those whose seals count; add to {allowed}:\n<your mail address> {text}"
    return told


def _principal(signature: Path, allowed: Path) -> str | None:
    """Name of the allowed key that made a signature; None if none of them did."""
    if not allowed.is_file():
        return None
    command = ["ssh-keygen", "-Y", "find-principals", "-s", str(signature), "-f", str(allowed)]
    found = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return next(iter(found.stdout.split()), None) if found.returncode == 0 else None


def _signer(manifest: Path, signature: Path, allowed: Path) -> str:
    """Name of the signer of the manifest as it is.

    Raises
    ------
    AuditError
        The signature does not hold.
    """
    if shutil.which("ssh-keygen") is None:
        raise AuditError(f"{signature.name} cannot be checked: {INSTALL}")
    if not manifest.is_file():
        raise AuditError(f"{manifest.name} is not there, and its signature is")
    if not signature.is_file():
        raise AuditError(f"{manifest.name} is not signed")
    for path in (signature, allowed):
        if path.is_file() and path.stat().st_size > LARGEST:
            raise AuditError(
                f"{path.name} has more than 1 MiB, so it is none; bring it back from git or from its author"
            )
    principal = _principal(signature, allowed)
    if principal is None:
        raise AuditError(f"{signature.name} was made by no key of {allowed}")
    command = ["ssh-keygen", "-Y", "verify", "-f", str(allowed), "-I", principal, "-n", NAMESPACE, "-s", str(signature)]
    checked = subprocess.run(command, input=manifest.read_bytes(), capture_output=True, check=False)
    if checked.returncode:
        raise AuditError(f"the signature of {manifest.name} does not hold: it was changed after {principal} signed it")
    return principal


def _listed(manifest: Path, name: str, scale: str) -> dict[str, str]:
    """Files of a manifest that is one of this scale.

    Raises
    ------
    AuditError
        It is not a manifest, is of another scale, or lists nothing.
    """
    try:
        document = read_json(manifest, name)
    except RecordError as error:
        raise AuditError(str(error)) from None
    files = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, dict) or not all(is_listed(path, digest, scale) for path, digest in files.items()):
        raise AuditError(f"{name}: not a list of files of {scale} with their SHA-256")
    if document.get("scale") != scale:
        raise AuditError(f"{name}: seals {document.get('scale')}, and these are the results of {scale}")
    if not files:
        raise AuditError(f"{name}: lists no file, so it seals nothing")
    return files


def check(audit: Audit, scale: str, allowed: Path) -> tuple[str, list[Node]]:
    """Compare the results with their manifest, and the manifest with its signature; faults become reasons of nodes.

    Returns
    -------
    text, nodes
        What is known of the seal, and the nodes that it adds. These are the manifest, and the files that it does not list
        and that no job made. There are none where the results were never sealed.
    """
    manifest, signature = _places(audit.root, scale)
    name = manifest.relative_to(audit.root).as_posix()
    if not manifest.exists() and not signature.exists():
        return "not sealed", []
    node = audit.nodes[name] = Node(name)
    try:
        files = _listed(manifest, name, scale) if manifest.exists() else {}
        signer = _signer(manifest, signature, allowed)
    except (AuditError, OSError) as error:
        text = " ".join(str(error).split())
        node.say("TAMPERED", f"{name}: {text.removeprefix(f'{name}: ')}")
        return f"seal broken: {printable(text)}", [node]
    for path, digest in files.items():
        now = audit.digests(path)
        if now is None:
            _owner(audit, path).say("MISSING", f"{path}: sealed, and not there")
        elif now != digest:
            _owner(audit, path).say("TAMPERED", f"{path}: is {now[:12]}, was sealed as {digest[:12]}")
    others = [path for path in sealed_files(audit.root, scale) if path not in files]
    for path in others:
        _owner(audit, path).say("UNTRACKED", f"{path}: among the results, and not sealed")
    holds = not others and all(audit.digests(path) == digest for path, digest in files.items())
    told = f"{len(files)} files" + (f"; {len(others)} more are not sealed" if others else "")
    return f"{'sealed' if holds else 'seal broken: the list was signed'} by {printable(signer)}, {told}", [node]


def _owner(audit: Audit, path: str) -> Node:
    """The node that a fault of a sealed file is told of."""
    owner = audit.nodes.get(path) or audit.made_by(path)
    if owner is None:
        owner = audit.nodes[path] = Node(path)
    return owner
