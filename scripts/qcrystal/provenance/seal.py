"""A signed list of all results, so that not even a forgery that fits together in itself goes unseen.

`write` lists every file of a scale's results with its SHA-256 and signs the list with an OpenSSH key
(``ssh-keygen -Y sign``); `check` verifies the signature against the keys of ``config/allowed_signers``, which come with the
repository and not with the results, and compares every file. No network is needed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from qcrystal.files import write_whole
from qcrystal.provenance.audit import UNRECORDED, Audit, AuditError, Digests, Node

NAMESPACE = "lah10-results"
INSTALL = "ssh-keygen is not installed; on Debian: apt-get install openssh-client"


def sealed_files(root: Path, scale: str) -> list[str]:
    """Results of a scale, records included, relative to the repository; no logs, no times, nothing hidden."""
    top = root / scale
    return [
        path.relative_to(root).as_posix()
        for path in sorted(top.rglob("*"))
        if path.is_file() and path.relative_to(top).parts[0] not in UNRECORDED and not path.name.startswith(".")
    ]


def _places(root: Path, scale: str) -> tuple[Path, Path]:
    manifest = root / scale / "seal" / "manifest.json"
    return manifest, manifest.with_name("manifest.json.sig")


def write(root: Path, scale: str, key: Path, allowed: Path) -> str:
    """Write and sign the manifest of a scale (``results/<crystal>/<scale>``); returns what the sealer should know.

    Raises
    ------
    AuditError
        No ssh-keygen, no results, or a key that cannot sign.
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
        partial.unlink()
        raise AuditError(f"{key}: cannot sign ({' '.join(signed.stderr.split())})")
    signature.unlink(missing_ok=True)
    partial.replace(manifest)
    signature_of_partial.replace(signature)
    told = f"{len(files)} files sealed: {manifest.relative_to(root)}"
    if _principal(signature, allowed) is None:
        public = key.with_name(key.name + ".pub")
        text = " ".join(public.read_text().split()[:2]) if public.is_file() else f"<content of {public}>"
        told += f"\nThe key is not among those whose seals count; add to {allowed}:\n<your mail address> {text}"
    return told


def _principal(signature: Path, allowed: Path) -> str | None:
    """Whose key made a signature, of those allowed."""
    if not allowed.is_file():
        return None
    command = ["ssh-keygen", "-Y", "find-principals", "-s", str(signature), "-f", str(allowed)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return (found.stdout.split() or [None])[0] if found.returncode == 0 else None


def _signer(manifest: Path, signature: Path, allowed: Path) -> str:
    """Who signed the manifest as it is.

    Raises
    ------
    AuditError
        The signature does not hold.
    """
    if shutil.which("ssh-keygen") is None:
        raise AuditError(f"{signature.name} cannot be checked: {INSTALL}")
    if not signature.is_file():
        raise AuditError(f"{manifest.name} is not signed")
    principal = _principal(signature, allowed)
    if principal is None:
        raise AuditError(f"{signature.name} was made by no key of {allowed}")
    command = ["ssh-keygen", "-Y", "verify", "-f", str(allowed), "-I", principal, "-n", NAMESPACE, "-s", str(signature)]
    checked = subprocess.run(command, input=manifest.read_bytes(), capture_output=True, check=False)
    if checked.returncode:
        raise AuditError(f"the signature of {manifest.name} does not hold: it was changed after {principal} signed it")
    return principal


def check(audit: Audit, scale: str, allowed: Path) -> tuple[str, Node | None]:
    """Compare the results with their manifest, and the manifest with its signature; faults become reasons of nodes.

    Returns
    -------
    text, node
        What is known of the seal, and the node of the manifest; None where the results were never sealed.
    """
    manifest, signature = _places(audit.root, scale)
    name = manifest.relative_to(audit.root).as_posix()
    if not manifest.is_file() and not signature.is_file():
        return "not sealed", None
    node = audit.nodes[name] = Node(name)
    try:
        signer = _signer(manifest, signature, allowed)
        files = json.loads(manifest.read_text(encoding="utf-8"))["files"]
    except AuditError as error:
        node.say("TAMPERED", f"{name}: {error}")
        return f"seal broken: {error}", node
    except (ValueError, KeyError, OSError) as error:
        node.say("TAMPERED", f"{name}: cannot be read ({' '.join(str(error).split())})")
        return "seal broken", node
    for path, digest in files.items():
        now = audit.digests(path)
        if now == digest:
            continue
        owner = audit.nodes.get(path) or audit.made_by(path)
        if owner is None:
            owner = audit.nodes[path] = Node(path)
        if now is None:
            owner.say("MISSING", f"{path}: sealed, and not there")
        else:
            owner.say("TAMPERED", f"{path}: is {now[:12]}, was sealed as {digest[:12]}")
    return f"sealed by {signer}, {len(files)} files", node
