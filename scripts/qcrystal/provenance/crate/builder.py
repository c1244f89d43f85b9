"""Results with their history as a Provenance Run Crate (profile 0.5 of Workflow Run RO-Crate, on RO-Crate 1.1).

A record of a job becomes a ``CreateAction`` on the files that it read and wrote. A rule becomes a ``HowToStep`` with its tool.
The workflow's run is a ``CreateAction``, Snakemake's part in it an ``OrganizeAction`` with a ``ControlAction`` for each job.
Files keep their paths relative to the repository and carry their SHA-256. Trajectories stay outside unless they are asked for,
and so do data that are not ours to pass on. These are named by their digest (RFC 6920), so that whoever has them can check them.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from urllib.parse import quote, unquote

import yaml

from qcrystal.errors import while_writing
from qcrystal.files import put_in_place
from qcrystal.provenance.crate.history import describe_run, describe_workflow
from qcrystal.provenance.crate.jobs import CrateError, Job, check_code, check_origins, folder_of, read_jobs, repository
from qcrystal.provenance.crate.shelf import LICENCES, NAMED, Shelf, iso, one
from qcrystal.provenance.reduced import LEFT_OUT, committed_list, left_out

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
CODE = (
    "rules/*.smk",
    "rules/inputs/*.smk",
    "scripts/**/*.py",
    "scripts/**/*.j2",
    "config/**/*.yaml",
    "envs/*",
    "profiles/**/*.yaml",
    "README.md",
    "LICENSE",
    "CITATION.cff",
)
SEAL = ("seal/manifest.json", "seal/manifest.json.sig")
NOT_SHARED = ("config/local.yaml",)  # of one machine; git ignores it, too


def write(results: Path, output: Path, with_trajectories: bool = False) -> tuple[int, int]:
    """Write results and their history as a crate, a zip archive if the output is called so and a folder otherwise.

    Parameters
    ----------
    results
        Folder ``results/<crystal>/<scale>`` in its repository.
    output
        A zip archive is replaced; a folder must not be there yet.
    with_trajectories
        Whether HDF5 files are put in; otherwise they are named by digest.

    Returns
    -------
    files, jobs
        How many are in the crate.

    Raises
    ------
    CrateError
        If a file is not the one that its record describes, is missing, or came from no recorded job.
    """
    if output.suffix != ".zip" and output.exists():
        raise CrateError(f"{output}: already there; remove it, or name another folder or a .zip")
    jobs = read_jobs(results)
    root = repository(results)
    crate = _build(root, folder_of(results, root), jobs, with_trajectories)
    partial = output.with_name(f"{output.name}.partial")
    output.parent.mkdir(parents=True, exist_ok=True)
    _remove(partial)
    try:
        if output.suffix == ".zip":
            _pack(crate, partial)
            with zipfile.ZipFile(
                partial, "a"
            ) as archive:  # a folder that is described is to be there, not only its files
                for entity in crate.get_by_type("Dataset"):
                    if entity.id != "./" and not entity.id.startswith(NAMED):
                        archive.mkdir(unquote(entity.id))
        else:
            crate.write(partial)
        put_in_place(partial, output)
    except OSError as error:
        _remove(partial)
        raise while_writing(output, error) from error
    return sum(getattr(entity, "source", None) is not None for entity in crate.data_entities), len(jobs)


def _pack(crate, archive: Path) -> None:
    """Write a crate as a zip archive. Its stream is read to the end on a full disk, too: cut off, it prints tracebacks."""
    failed = None
    with open(archive, "wb") as file:
        for chunk in crate.stream_zip():
            try:
                if failed is None:
                    file.write(chunk)
            except OSError as error:
                failed = error
    if failed:
        raise failed


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _build(root: Path, results: str, jobs: list[Job], with_trajectories: bool):
    """The crate with everything in it, not yet written. Every file is compared with the records that name it."""
    known, fault = left_out(root, results)
    if fault:
        raise CrateError(fault)
    shelf = Shelf(root, jobs, with_trajectories, known)
    check_origins(root, results, jobs)
    check_code(root, jobs)
    about = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    _describe_root(shelf, about, results, jobs)
    for pattern in CODE:
        for path in sorted(root.glob(pattern)):
            name = path.relative_to(root).as_posix()
            if path.is_file() and name not in NOT_SHARED:
                shelf.file(name)
    shelf.crate.get("README.md")["about"] = shelf.crate.root_dataset
    for job in jobs:
        for entry in job.inputs + job.outputs:
            shelf.payload(entry, job)
        shelf.file(job.path)
    for name in (f"{results}/{LEFT_OUT}", committed_list(results)) if known else ():
        shelf.file(name)
    for name in SEAL:
        if (root / results / name).is_file():
            shelf.file(f"{results}/{name}")
    workflow = describe_workflow(shelf, about["title"], results, jobs)
    describe_run(shelf, workflow, results, jobs)
    return shelf.crate


def _describe_root(shelf: Shelf, about: dict, results: str, jobs: list[Job]) -> None:
    crate = shelf.crate
    licence = f"https://spdx.org/licenses/{about['license']}"
    crate.name = f"{about['title']}: {results}"
    crate.description = (
        f"Figures, tables and numbers of {results}, and of every job that led to them the inputs, the outputs, the "
        "parameters, the code and the versions of software."
    )
    crate.root_dataset["datePublished"] = iso(max(job.ended for job in jobs))
    shelf.add(licence, "CreativeWork", name=f"{about['license']} licence", url=licence)
    crate.license = {"@id": licence}
    for url, (name, _) in LICENCES.items():
        shelf.add(url, "CreativeWork", name=name, url=url)
    for url, name in PROFILES.items():
        shelf.add(url, "CreativeWork", name=name, version=url.rsplit("/", 1)[1])
    crate.root_dataset["conformsTo"] = [{"@id": url} for url in PROFILES]
    crate.root_dataset["author"] = one([_author(shelf, entry) for entry in about["authors"]])


def _author(shelf: Shelf, entry: dict):
    """A person or an organisation of CITATION.cff; what has one name only is an organisation there."""
    if "name" in entry:
        return shelf.add(f"#author/{quote(entry['name'])}", "Organization", name=entry["name"])
    name = " ".join(filter(None, (entry.get("given-names"), entry.get("family-names"))))
    identifier = entry.get("orcid", f"#author/{quote(name)}")
    return shelf.add(identifier, "Person", name=name)
