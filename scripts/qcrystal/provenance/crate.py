"""Results with their history as a Provenance Run Crate (profile 0.5 of Workflow Run RO-Crate, on RO-Crate 1.1).

A record of a job becomes a ``CreateAction`` on the files that it read and wrote, a rule a ``HowToStep`` with its tool; the
workflow's run and Snakemake's part in it are a ``CreateAction`` and an ``OrganizeAction`` with a ``ControlAction`` for each job.
Files keep their paths relative to the repository and carry their SHA-256. What stays outside (trajectories unless they are asked
for, data that are not ours to pass on) is named by its digest (RFC 6920), so that whoever has it can tell that it is the same.
"""

from __future__ import annotations

import base64
import io
import json
import mimetypes
import os
import shutil
import tempfile
import zipfile
import zlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import quote, unquote

import yaml

from qcrystal.files import file_digest
from qcrystal.provenance.record import identifier_of, lock_file, syntax_digest

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
NAMED = "ni:///sha-256;"
METADATA = "ro-crate-metadata.json"
RECORD = ".prov.json"
TRAJECTORY = ".h5"
PROFILE = "provenance-run-crate-0.5"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
# Defined in the crate itself: RO-Crate 1.1's context is then the only document that a reader has to have.
TERMS = {
    term: f"https://w3id.org/ro/terms/workflow-run#{term}"
    for term in ("sha256", "ParameterConnection", "connection", "sourceParameter", "targetParameter")
}
CODE = (
    "rules/*.smk",
    "scripts/**/*.py",
    "config/**/*.yaml",
    "envs/*",
    "profiles/**/*.yaml",
    "README.md",
    "LICENSE",
    "CITATION.cff",
)
NOT_SHARED = ("config/local.yaml",)  # of one machine; git ignores it, too
LOCKS = tuple(f"envs/{lock_file(cuda)}" for cuda in (False, True))
DOWNLOADS = "results/downloads/"  # data of others, whose licence is not ours to give
FINAL = ("figures", "manuscript", "provenance")  # folders of a scale with what a run is for
LICENCES = {"https://creativecommons.org/licenses/by/4.0/": ("CC BY 4.0", ("data/lah10-gpaw/", "models/"))}
FORMATS = {
    **dict.fromkeys(("", ".smk", ".in", ".lock"), "text/plain"),
    **dict.fromkeys((".yaml", ".cff"), "application/yaml"),
    ".md": "text/markdown",
    ".h5": "application/x-hdf5",
    ".extxyz": "chemical/x-xyz",
}
STAMP = ".snakemake_timestamp"  # in each folder that Snakemake tracks; no part of a folder's digest


class CrateError(ValueError):
    """Results of which no crate can be made, or a crate that cannot be read; the message is one line that names the file."""


class Entry(NamedTuple):
    """A file or folder as a record describes it."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Job:
    """What a record tells of a job; ``record`` is its path relative to the repository, with slashes."""

    record: str
    identity: str
    rule: str
    script: str
    code: str
    inputs: list[Entry]
    outputs: list[Entry]
    started: datetime
    ended: datetime
    deterministic: dict

    @classmethod
    def of(cls, record: str, document: dict) -> Job:
        """The job of a record; `CrateError` names a record that is none."""
        try:
            deterministic, volatile = document["deterministic"], document["volatile"]
            started = datetime.fromisoformat(volatile["started"])
            return cls(
                record,
                document["prov_id"],
                deterministic["rule"],
                # a rule names its script first among the files of its code
                f"scripts/{deterministic['parameters']['modules'][0]}",
                deterministic["parameters"]["code"],
                [Entry(*(entry[field] for field in Entry._fields)) for entry in deterministic["inputs"]],
                [Entry(*(entry[field] for field in Entry._fields)) for entry in document["outputs"]],
                started,
                started + timedelta(seconds=volatile["seconds"]),
                deterministic,
            )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise CrateError(f"{record}: not a record of a job ({error!r}); remove it and run its job again") from error

    @property
    def name(self) -> str:
        return self.record.removesuffix(RECORD)


def read_records(results: Path) -> list[tuple[Path, dict]]:
    """Records below a folder of results, and those of downloads that they read: (path, document), sorted.

    Raises
    ------
    CrateError
        If there is none, or one that is not a record.
    """
    root = _repository(results)
    found = {path: _document(path) for path in sorted(results.rglob(f"*{RECORD}"))}
    if not found:
        raise CrateError(f"{results}: no records (*{RECORD}); run `make figures SCALE={results.name}` first")
    for path, document in list(found.items()):
        for entry in Job.of(str(path), document).inputs:
            download = root / f"{entry.path}{RECORD}"
            if entry.path.startswith(DOWNLOADS) and download.is_file():
                found[download] = _document(download)
    return sorted(found.items())


def _document(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CrateError(f"{path}: not a record of a job ({error}); remove it and run its job again") from error


def _repository(results: Path) -> Path:
    """The folder that paths in records are relative to: Snakemake's working directory, above ``results/<crystal>/<scale>``."""
    root = results.resolve().parents[2]
    if not (root / "Snakefile").is_file():
        raise CrateError(f"{results}: not results/<crystal>/<scale> beside a Snakefile; name that folder")
    return root


def write(records: list[tuple[Path, dict]], results: Path, output: Path, with_trajectories: bool = False) -> int:
    """Write results and their history as a crate, a zip archive if the output is called so and a folder otherwise.

    Parameters
    ----------
    records
        Path and document of the record of each job that the results come from.
    results
        Folder ``results/<crystal>/<scale>`` in its repository.
    output
        A zip archive is replaced; a folder must not be there yet.
    with_trajectories
        Whether HDF5 files are put in; otherwise they are named by digest.

    Returns
    -------
    int
        Number of files in the crate.

    Raises
    ------
    CrateError
        If a file is not the one that its record describes, is missing, or came from no recorded job.
    """
    if output.suffix != ".zip" and output.exists():
        raise CrateError(f"{output}: already there; remove it, or name another folder or a .zip")
    root = _repository(results)
    jobs = [Job.of(Path(path).resolve().relative_to(root).as_posix(), document) for path, document in records]
    jobs.sort(key=lambda job: (job.started, job.record))
    crate = _Builder(root, results.resolve().relative_to(root).as_posix(), jobs, with_trajectories).build()
    partial = output.with_name(f"{output.name}.partial")
    output.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(partial, ignore_errors=True)
    if output.suffix == ".zip":
        crate.write_zip(partial)
        with zipfile.ZipFile(partial, "a") as archive:  # a folder that is described is to be there, not only its files
            for entity in crate.get_by_type("Dataset"):
                if entity.id != "./" and not entity.id.startswith(NAMED):
                    archive.mkdir(unquote(entity.id))
    else:
        crate.write(partial)
    os.replace(partial, output)
    return sum(hasattr(entity, "source") and entity.source is not None for entity in crate.data_entities)


class _Builder:
    """The entities of a crate. Every file is compared with the records that name it before it is put in."""

    def __init__(self, root: Path, results: str, jobs: list[Job], with_trajectories: bool):
        # a heavy import, and nothing but this class needs it
        from rocrate.rocrate import ROCrate

        self.root, self.results, self.jobs, self.with_trajectories = root, results, jobs, with_trajectories
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_terms.update(TERMS)
        self.about = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
        self.paths: dict[str, tuple[str, object]] = {}  # path in records: digest, entity
        self.examples = defaultdict(dict)  # formal parameter: the files and folders that took its place
        self.outside = self._outside()

    def build(self):
        """The crate with everything in it, not yet written."""
        self._check_origins()
        self._check_code()
        self._describe_root()
        self._add_code()
        for job in self.jobs:
            for entry in job.inputs + job.outputs:
                self._payload(entry, job)
            self._file(job.record)
        self._add_workflow()
        self._add_run()
        for parameter, entities in self.examples.items():
            self._tie(parameter, list(entities.values()))
        return self.crate

    def _outside(self) -> set[str]:
        """Paths that are not to be put in: what is not of this repository or is of others, and folders made from such data."""
        outside, before = {entry.path for job in self.jobs for entry in job.inputs if _foreign(entry.path)}, None
        while outside != before:
            before = set(outside)
            for job in self.jobs:
                if any(_part_of(entry.path, outside) for entry in job.inputs):
                    outside |= {entry.path for entry in job.outputs if (self.root / entry.path).is_dir()}
        return outside

    def _check_origins(self) -> None:
        made = {entry.path for job in self.jobs for entry in job.outputs}
        for job in self.jobs:
            for entry in job.inputs:
                if entry.path.startswith(f"{self.results}/") and not _part_of(entry.path, made):
                    raise CrateError(
                        f"{entry.path}: read by {job.record}, but no record tells how it was made; run its job again"
                    )
        for path in sorted((self.root / self.results / "figures").rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if path.is_file() and not name.endswith(RECORD) and not _part_of(name, made):
                raise CrateError(f"{name}: no record tells how it was made; remove it, or run its job again")

    def _check_code(self) -> None:
        digests = {}
        for job in self.jobs:
            for module, digest in job.deterministic["modules"].items():
                path = self.root / "scripts" / module
                if module not in digests:
                    digests[module] = syntax_digest(path) if path.is_file() else None
                if digests[module] != digest["syntax"]:
                    raise CrateError(
                        f"scripts/{module}: not the code that {job.record} was made with; run the workflow again"
                    )

    def _describe_root(self) -> None:
        licence = f"https://spdx.org/licenses/{self.about['license']}"
        self.crate.name = f"{self.about['title']}: {self.results}"
        self.crate.description = (
            f"Figures, tables and numbers of {self.results}, and of every job that led to them the inputs, the outputs, the "
            "parameters, the code and the versions of software."
        )
        self.crate.root_dataset["datePublished"] = _iso(max(job.ended for job in self.jobs))
        self._add(licence, "CreativeWork", name=f"{self.about['license']} licence", url=licence)
        self.crate.license = {"@id": licence}
        for url, (name, _) in LICENCES.items():
            self._add(url, "CreativeWork", name=name, url=url)
        for url, name in PROFILES.items():
            self._add(url, "CreativeWork", name=name, version=url.rsplit("/", 1)[1])
        self.crate.root_dataset["conformsTo"] = [{"@id": url} for url in PROFILES]
        self.crate.root_dataset["author"] = _one([self._author(entry) for entry in self.about["authors"]])

    def _author(self, entry: dict):
        """A person or an organisation of CITATION.cff; what has one name only is an organisation there."""
        if "name" in entry:
            return self._add(f"#author/{quote(entry['name'])}", "Organization", name=entry["name"])
        name = " ".join(filter(None, (entry.get("given-names"), entry.get("family-names"))))
        identifier = entry.get("orcid", f"#author/{quote(name)}")
        return self._add(identifier, "Person", name=name)

    def _add(self, identifier: str, kind: str, **properties):
        from rocrate.model.contextentity import ContextEntity

        return self.crate.add(ContextEntity(self.crate, identifier, properties={"@type": kind, **properties}))

    def _file(self, path: str, digest: str | None = None):
        """The entity of a file of the repository, added the first time; its digest is taken if it is not known yet."""
        if path not in self.paths:
            properties = _file_properties(path, digest or file_digest(self.root / path))
            entity = self.crate.add_file(self.root / path, path, properties=properties, record_size=True)
            self.paths[path] = properties["sha256"], entity
        return self.paths[path][1]

    def _payload(self, entry: Entry, job: Job):
        """The entity of an input or output, compared with what the record says of it."""
        path, digest = entry.path, entry.sha256
        if path in self.paths and self.paths[path][0] == digest:
            return self.paths[path][1]
        inside = (
            not _part_of(path, self.outside)
            and not _foreign(path)
            and (self.with_trajectories or not path.endswith(TRAJECTORY))
        )
        if (self.root / path).exists():
            if file_digest(self.root / path) != digest:
                raise CrateError(
                    f"{path}: not the file that {job.record} describes (SHA-256 {digest}); restore it, or run the job again"
                )
        elif inside:
            raise CrateError(f"{path}: missing, and {job.record} names it; run the job again")
        if not inside:
            self.paths[path] = digest, self._named_by_digest(entry)
        elif (self.root / path).is_dir():
            self.paths[path] = digest, self._folder(path)
        else:
            self._file(path, digest)
        return self.paths[path][1]

    def _folder(self, path: str):
        files = sorted(p for p in (self.root / path).rglob("*") if p.is_file() and p.name != STAMP)
        folder = self.crate.add_dataset(dest_path=path, properties={"name": path})
        folder["hasPart"] = _one([self._file(file.relative_to(self.root).as_posix()) for file in files])
        return folder

    def _named_by_digest(self, entry: Entry):
        """A file that is not in the crate; of a folder the digest is that of its sorted lines of names and digests."""
        from rocrate.model.data_entity import DataEntity

        path = self.root / entry.path
        properties = _file_properties(entry.path, entry.sha256)
        properties |= {"@type": "Dataset" if path.is_dir() else "File", "contentSize": str(entry.size)}
        name = f"{_named_information(entry.sha256)}?path={quote(entry.path)}"
        return self.crate.add(DataEntity(self.crate, name, properties))

    def _add_code(self) -> None:
        for pattern in CODE:
            for path in sorted(self.root.glob(pattern)):
                name = path.relative_to(self.root).as_posix()
                if path.is_file() and name not in NOT_SHARED:
                    self._file(name)
        self.crate.get("README.md")["about"] = self.crate.root_dataset

    def _software(self, name: str, version: str | None):
        page = "https://www.python.org/downloads/" if name == "python" else f"https://pypi.org/project/{quote(name)}/"
        versioned = f"release/python-{version.replace('.', '')}/" if version and name == "python" else f"{version}/"
        identifier = page + (versioned if version else "")
        properties = {"softwareVersion": version} if version else {}
        return self.crate.get(identifier) or self._add(
            identifier, "SoftwareApplication", name=name, url=identifier, **properties
        )

    def _required(self, jobs: list[Job]) -> list:
        """Packages of jobs, in every version that there was."""
        versions = {item for job in jobs for item in job.deterministic["versions"].items()}
        return [self._software(*item) for item in sorted(versions)]

    def _locks(self) -> list:
        """The lock file of each job's environment, or only its digest where the one that it was made with is no longer here."""
        here = {file_digest(self.root / name): name for name in LOCKS if (self.root / name).is_file()}
        return [
            self._file(here[digest])
            if digest in here
            else self._add(
                _named_information(digest), "CreativeWork", name="a lock file, another version", sha256=digest
            )
            for digest in sorted({job.deterministic["lock"] for job in self.jobs})
        ]

    def _parameter(self, name: str, text: str):
        return self.crate.add_formal_parameter(name, "File", identifier=f"#{name}", description=text)

    def _add_workflow(self) -> None:
        """The Snakefile with a step and a tool for each rule, and the connections between them."""
        commits = sorted({str(job.deterministic["commit"]) for job in self.jobs})
        self.workflow = self.crate.add_workflow(
            self.root / "Snakefile",
            "Snakefile",
            main=True,
            lang="snakemake",
            record_size=True,
            properties={
                **_file_properties("Snakefile", file_digest(self.root / "Snakefile")),
                "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
                "name": self.about["title"],
                "conformsTo": {"@id": "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"},
                "version": _one(commits),
                "softwareRequirements": self._locks() + self._required(self.jobs),
            },
        )
        self.workflow["input"] = self._parameter("workflow/input", "What was there before the workflow ran")
        self.workflow["output"] = self._parameter("workflow/output", "Figures, tables, numbers and the configuration")
        self.rules = defaultdict(list)
        for job in self.jobs:
            self.rules[job.rule].append(job)
        for position, (rule, jobs) in enumerate(self.rules.items(), start=1):
            tool = self._tool(rule, jobs)
            step = self._add(f"#step/{rule}", "HowToStep", name=rule, position=str(position), workExample=tool)
            self.workflow.append_to("hasPart", tool)
            self.workflow.append_to("step", step)
        self._connect()

    def _tool(self, rule: str, jobs: list[Job]):
        scripts = sorted({job.script for job in jobs})
        slots = {"output": self._parameter(f"output/{rule}", f"What rule {rule} writes")}
        if any(job.inputs for job in jobs):
            slots["input"] = self._parameter(f"input/{rule}", f"What rule {rule} reads")
        return self._add(
            f"#tool/{rule}",
            "SoftwareApplication",
            name=rule,
            description=f"Rule {rule} of the workflow, which runs {' and '.join(scripts)}",
            softwareVersion=_one(sorted({job.code for job in jobs})),
            softwareRequirements=[self._file(script) for script in scripts] + self._required(jobs),
            **slots,
        )

    def _connect(self) -> None:
        maker = {entry.path: job.rule for job in self.jobs for entry in job.outputs}
        for rule, jobs in self.rules.items():
            sources = {maker.get(_part_of(entry.path, maker)) for job in jobs for entry in job.inputs}
            for source in sorted(sources, key=str):
                parameter = f"#output/{source}" if source else "#workflow/input"
                self._connection(self.crate.get(f"#step/{rule}"), parameter, f"#input/{rule}")
        for rule in sorted({job.rule for job in self.jobs if any(map(self._final, job.outputs))}):
            self._connection(self.workflow, f"#output/{rule}", "#workflow/output")

    def _connection(self, holder, source: str, target: str) -> None:
        identifier = f"#connection/{source[1:]}/{target[1:]}"
        ends = {"sourceParameter": {"@id": source}, "targetParameter": {"@id": target}}
        holder.append_to("connection", self._add(identifier, "ParameterConnection", **ends), compact=True)

    def _final(self, entry: Entry) -> bool:
        """Whether a file is one of those that the workflow is for."""
        parent = PurePosixPath(entry.path).parent.as_posix()
        return parent in [f"{self.results}/{folder}".rstrip("/") for folder in FINAL]

    def _add_run(self) -> None:
        """The actions: of each job, of the workflow, and of Snakemake, which organised them."""
        made = {entry.path for job in self.jobs for entry in job.outputs}
        sources, results, actions, controls = {}, {}, [], []
        for job in self.jobs:
            action = self._action(job)
            step = {"@id": f"#step/{job.rule}"}
            controls.append(
                self._add(f"#control/{quote(job.name)}", "ControlAction", name=job.name, instrument=step, object=action)
            )
            actions.append(action)
            sources |= {e.path: self._payload(e, job) for e in job.inputs if not _part_of(e.path, made)}
            results |= {e.path: self._payload(e, job) for e in job.outputs if self._final(e)}
        self.examples["#workflow/input"], self.examples["#workflow/output"] = sources, results
        run = self.crate.add_action(
            self.workflow,
            identifier="#run",
            object=_one(list(sources.values())),
            result=_one(list(results.values())),
            properties={
                "name": f"The workflow's run for {self.results}",
                "description": f"Snakemake ran the rules of the Snakefile as {len(self.jobs)} jobs",
                **self._times(self.jobs),
            },
        )
        versions = sorted({job.deterministic["versions"].get("snakemake", "") for job in self.jobs} - {""})
        engines = [self._software("snakemake", version) for version in versions or [None]]
        organised = self._add(
            "#organized",
            "OrganizeAction",
            name="Snakemake ran the workflow",
            instrument=_one(engines),
            object=_one(controls),
            result=run,
            **self._times(self.jobs),
        )
        self.crate.root_dataset["mentions"] = [organised, run, *actions]

    def _action(self, job: Job):
        deterministic = job.deterministic
        settings = {k: v for k, v in deterministic["parameters"].items() if k not in ("modules", "code")}
        values = {"wildcards": deterministic["wildcards"], "parameters": settings}
        inputs = {entry.path: self._payload(entry, job) for entry in job.inputs}
        outputs = {entry.path: self._payload(entry, job) for entry in job.outputs}
        self.examples[f"#input/{job.rule}"].update(inputs)
        self.examples[f"#output/{job.rule}"].update(outputs)
        value = self._add(
            f"#values/{quote(job.name)}",
            "PropertyValue",
            name=f"Wildcards and parameters of {job.name}",
            value=json.dumps(values, sort_keys=True, ensure_ascii=False),
        )
        return self.crate.add_action(
            {"@id": f"#tool/{job.rule}"},
            identifier=f"#job/{quote(job.name)}",
            object=_one([*inputs.values(), value]),
            result=_one(list(outputs.values())),
            properties={
                "name": job.name,
                "description": f"Rule {job.rule} ran {job.script}",
                "identifier": job.identity,
                "subjectOf": self._file(job.record),
                **self._times([job]),
            },
        )

    @staticmethod
    def _times(jobs: list[Job]) -> dict:
        started, ended = min(job.started for job in jobs), max(job.ended for job in jobs)
        return {"startTime": _iso(started), "endTime": _iso(ended)}

    def _tie(self, parameter: str, entities: list) -> None:
        """Both directions between a formal parameter and what took its place."""
        formal = self.crate.get(parameter)
        if entities:
            formal["workExample"] = _one(entities)
            formal["additionalType"] = _one(
                sorted({entity.type for entity in entities if isinstance(entity.type, str)})
            )
        for entity in entities:
            entity.append_to("exampleOfWork", formal, compact=True)


def _foreign(path: str) -> bool:
    """Whether a path of a record is of others, or leads out of the repository."""
    return path.startswith(DOWNLOADS) or path.startswith("/") or ".." in PurePosixPath(path).parts


def _part_of(path: str, names) -> str | None:
    """The path itself or the folder above it that is among names."""
    above = (parent.as_posix() for parent in (PurePosixPath(path), *PurePosixPath(path).parents))
    return next((name for name in above if name in names), None)


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="seconds")


def _one(values: list):
    """RO-Crate's way to write lists: a single value stands alone."""
    return values[0] if len(values) == 1 else values


def _named_information(digest: str) -> str:
    """A digest as a name of the thing itself (RFC 6920)."""
    return f"{NAMED}{base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip('=')}"


def _file_properties(path: str, digest: str) -> dict:
    kind = FORMATS.get(PurePosixPath(path).suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    licences = [{"@id": url} for url, (_, parts) in LICENCES.items() if path.startswith(parts)]
    return {"name": path, "encodingFormat": kind, "sha256": digest, **({"license": _one(licences)} if licences else {})}


def verify(path: Path) -> list[str]:
    """What is wrong with a crate (a folder or a zip archive), a line for each file; nothing if all is as it was written.

    Every file is compared with the digest in the crate's metadata and with those in the records of the jobs that read or
    wrote it.

    Raises
    ------
    CrateError
        If there is no crate to look into.
    """
    if path.is_dir():
        return _verify_folder(path, {})
    with tempfile.TemporaryDirectory() as folder:
        return _verify_folder(Path(folder), _unpack(path, Path(folder)))


def _unpack(archive: Path, folder: Path) -> dict[str, str]:
    """Unpack an archive; returns what is wrong with files that cannot be unpacked, by name."""
    damaged = {}
    try:
        with zipfile.ZipFile(archive) as file:
            for name in file.namelist():
                try:
                    file.extract(name, folder)
                except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
                    damaged[name] = f"{name}: damaged in the archive ({error})"
    except (OSError, zipfile.BadZipFile) as error:
        raise CrateError(f"{archive}: not a readable zip archive or folder ({error})") from error
    return damaged


def _verify_folder(folder: Path, damaged: dict[str, str]) -> list[str]:
    wrong = dict(damaged)
    if METADATA in wrong or not (folder / METADATA).is_file():
        raise CrateError(wrong.get(METADATA, f"{folder}: no {METADATA}, so not a crate"))
    try:
        graph = json.loads((folder / METADATA).read_text(encoding="utf-8"))["@graph"]
        described = {entity["@id"]: entity for entity in graph if "sha256" in entity}
    except (ValueError, KeyError, TypeError) as error:
        raise CrateError(f"{METADATA}: cannot be read ({error!r})") from error
    inside = {unquote(name): entity["sha256"] for name, entity in described.items() if not name.startswith(NAMED)}
    outside = {(entity["name"], entity["sha256"]) for name, entity in described.items() if name.startswith(NAMED)}
    for name, digest in inside.items():
        if name not in wrong and not (folder / name).is_file():
            wrong[name] = f"{name}: missing, and {METADATA} names it"
        elif name not in wrong and file_digest(folder / name) != digest:
            wrong[name] = f"{name}: not the file that {METADATA} describes (SHA-256 {digest})"
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = file.relative_to(folder).as_posix()
        if name not in inside and name not in wrong and name != METADATA:
            wrong[name] = f"{name}: {METADATA} does not name it"
    for record in sorted(name for name in inside if name.endswith(RECORD) and name not in wrong):
        _compare_with_record(folder, record, outside, wrong)
    return sorted(wrong.values())


def _compare_with_record(folder: Path, record: str, outside: set, wrong: dict[str, str]) -> None:
    job = Job.of(record, _document(folder / record))
    if identifier_of(job.deterministic) != job.identity:
        wrong[record] = f"{record}: does not have its own identifier ({job.identity[:12]})"
    for entry in job.inputs + job.outputs:
        path, digest = entry.path, entry.sha256
        known_wrong = any(_part_of(name, {path}) for name in wrong)
        if known_wrong or (path, digest) in outside:
            continue
        if _foreign(path) or not (folder / path).exists():
            wrong[path] = f"{path}: missing, and {record} names it"
        elif file_digest(folder / path) != digest:
            wrong[path] = f"{path}: not the file that {record} describes (SHA-256 {digest})"


def required_issues(path: Path) -> list[str]:
    """What rocrate-validator finds wrong that the Provenance Run profile and those below it REQUIRE; a line for each.

    Nothing is fetched: the only remote document, RO-Crate's context, is the one that comes with the package ``rocrate``.
    """
    if not path.exists():
        raise CrateError(f"{path}: no such crate")
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
