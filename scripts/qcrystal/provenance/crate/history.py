"""The workflow and its run as entities of a crate: steps, tools and connections, and an action for each job."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import PurePosixPath
from urllib.parse import quote

from qcrystal.files import file_digest
from qcrystal.provenance.crate.jobs import Job, part_of
from qcrystal.provenance.crate.shelf import Shelf, file_properties, iso, named_information, one
from qcrystal.provenance.environment import lock_file
from qcrystal.provenance.record import Entry

LOCKS = tuple(f"envs/{lock_file(cuda)}" for cuda in (False, True))
FINAL = ("figures", "manuscript", "provenance")  # folders of a scale with what a run is for


def describe_workflow(shelf: Shelf, title: str, results: str, jobs: list[Job]):
    """The Snakefile with a step and a tool for each rule, and the connections between them."""
    workflow = shelf.crate.add_workflow(
        shelf.root / "Snakefile",
        "Snakefile",
        main=True,
        lang="snakemake",
        record_size=True,
        properties={
            **file_properties("Snakefile", file_digest(shelf.root / "Snakefile")),
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "name": title,
            "conformsTo": {"@id": "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"},
            "version": one(sorted({str(job.given.commit) for job in jobs})),
            "softwareRequirements": _locks(shelf, jobs) + _required(shelf, jobs),
        },
    )
    workflow["input"] = _parameter(shelf, "workflow/input", "What was there before the workflow ran")
    workflow["output"] = _parameter(shelf, "workflow/output", "Figures, tables, numbers and the configuration")
    rules: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        rules[job.rule].append(job)
    for position, (rule, members) in enumerate(rules.items(), start=1):
        tool = _tool(shelf, rule, members)
        step = shelf.add(f"#step/{rule}", "HowToStep", name=rule, position=str(position), workExample=tool)
        workflow.append_to("hasPart", tool)
        workflow.append_to("step", step)
    _connect(shelf, workflow, results, rules)
    return workflow


def _software(shelf: Shelf, name: str, version: str | None):
    page = "https://www.python.org/downloads/" if name == "python" else f"https://pypi.org/project/{quote(name)}/"
    versioned = f"release/python-{version.replace('.', '')}/" if version and name == "python" else f"{version}/"
    identifier = page + (versioned if version else "")
    properties = {"softwareVersion": version} if version else {}
    return shelf.crate.get(identifier) or shelf.add(
        identifier, "SoftwareApplication", name=name, url=identifier, **properties
    )


def _required(shelf: Shelf, jobs: list[Job]) -> list:
    """Packages of jobs, in every version that there was."""
    versions = {item for job in jobs for item in job.given.versions.items()}
    return [_software(shelf, *item) for item in sorted(versions, key=str)]


def _locks(shelf: Shelf, jobs: list[Job]) -> list:
    """The lock file of each job's environment, or only its digest where the one that it was made with is no longer here."""
    here = {file_digest(shelf.root / name): name for name in LOCKS if (shelf.root / name).is_file()}
    return [
        shelf.file(here[digest])
        if digest in here
        else shelf.add(named_information(digest), "CreativeWork", name="a lock file, another version", sha256=digest)
        for digest in sorted({job.given.lock for job in jobs})
    ]


def _parameter(shelf: Shelf, name: str, text: str):
    return shelf.crate.add_formal_parameter(name, "File", identifier=f"#{name}", description=text)


def _tool(shelf: Shelf, rule: str, jobs: list[Job]):
    scripts = sorted({job.script for job in jobs})
    slots = {"output": _parameter(shelf, f"output/{rule}", f"What rule {rule} writes")}
    if any(job.inputs for job in jobs):
        slots["input"] = _parameter(shelf, f"input/{rule}", f"What rule {rule} reads")
    return shelf.add(
        f"#tool/{rule}",
        "SoftwareApplication",
        name=rule,
        description=f"Rule {rule} of the workflow, which runs {' and '.join(scripts)}",
        softwareVersion=one(sorted({job.code for job in jobs})),
        softwareRequirements=[shelf.file(script) for script in scripts] + _required(shelf, jobs),
        **slots,
    )


def _connect(shelf: Shelf, workflow, results: str, rules: dict[str, list[Job]]) -> None:
    maker = {entry.path: rule for rule, jobs in rules.items() for job in jobs for entry in job.outputs}
    for rule, jobs in rules.items():
        sources = {maker.get(part_of(entry.path, maker) or "") for job in jobs for entry in job.inputs}
        for source in sorted(sources, key=str):
            parameter = f"#output/{source}" if source else "#workflow/input"
            _connection(shelf, shelf.crate.get(f"#step/{rule}"), parameter, f"#input/{rule}")
    final = {rule for rule, jobs in rules.items() for job in jobs if any(_final(e, results) for e in job.outputs)}
    for rule in sorted(final):
        _connection(shelf, workflow, f"#output/{rule}", "#workflow/output")


def _connection(shelf: Shelf, holder, source: str, target: str) -> None:
    identifier = f"#connection/{source[1:]}/{target[1:]}"
    ends = {"sourceParameter": {"@id": source}, "targetParameter": {"@id": target}}
    holder.append_to("connection", shelf.add(identifier, "ParameterConnection", **ends), compact=True)


def _final(entry: Entry, results: str) -> bool:
    """Whether a file is one of those that the workflow is for."""
    return PurePosixPath(entry.path).parent.as_posix() in [f"{results}/{folder}" for folder in FINAL]


def describe_run(shelf: Shelf, workflow, results: str, jobs: list[Job]) -> None:
    """The actions: of each job, of the workflow, and of Snakemake, which organised them."""
    made = {entry.path for job in jobs for entry in job.outputs}
    before: dict[str, object] = {}
    final: dict[str, object] = {}
    actions, controls = [], []
    for job in jobs:
        action = _action(shelf, job)
        step = {"@id": f"#step/{job.rule}"}
        controls.append(
            shelf.add(f"#control/{quote(job.name)}", "ControlAction", name=job.name, instrument=step, object=action)
        )
        actions.append(action)
        before |= {e.path: shelf.payload(e, job) for e in job.inputs if not part_of(e.path, made)}
        final |= {e.path: shelf.payload(e, job) for e in job.outputs if _final(e, results)}
    shelf.examples["#workflow/input"], shelf.examples["#workflow/output"] = before, final
    run = shelf.crate.add_action(
        workflow,
        identifier="#run",
        object=one(list(before.values())),
        result=one(list(final.values())),
        properties={
            "name": f"The workflow's run for {results}",
            "description": f"Snakemake ran the rules of the Snakefile as {len(jobs)} jobs",
            **_times(jobs),
        },
    )
    versions = sorted({job.given.versions.get("snakemake") or "" for job in jobs} - {""})
    engines = [_software(shelf, "snakemake", version) for version in versions] or [_software(shelf, "snakemake", None)]
    organised = shelf.add(
        "#organized",
        "OrganizeAction",
        name="Snakemake ran the workflow",
        instrument=one(engines),
        object=one(controls),
        result=run,
        **_times(jobs),
    )
    shelf.crate.root_dataset["mentions"] = [organised, run, *actions]
    for parameter, entities in shelf.examples.items():
        _tie(shelf, parameter, list(entities.values()))


def _action(shelf: Shelf, job: Job):
    settings = {k: v for k, v in job.given.parameters.items() if k not in ("modules", "code")}
    values = {"wildcards": job.given.wildcards, "parameters": settings}
    inputs = {entry.path: shelf.payload(entry, job) for entry in job.inputs}
    outputs = {entry.path: shelf.payload(entry, job) for entry in job.outputs}
    shelf.examples[f"#input/{job.rule}"].update(inputs)
    shelf.examples[f"#output/{job.rule}"].update(outputs)
    value = shelf.add(
        f"#values/{quote(job.name)}",
        "PropertyValue",
        name=f"Wildcards and parameters of {job.name}",
        value=json.dumps(values, sort_keys=True, ensure_ascii=False),
    )
    return shelf.crate.add_action(
        {"@id": f"#tool/{job.rule}"},
        identifier=f"#job/{quote(job.name)}",
        object=one([*inputs.values(), value]),
        result=one(list(outputs.values())),
        properties={
            "name": job.name,
            "description": f"Rule {job.rule} ran {job.script}",
            "identifier": job.record.prov_id,
            "subjectOf": shelf.file(job.path),
            **_times([job]),
        },
    )


def _times(jobs: list[Job]) -> dict:
    started, ended = min(job.started for job in jobs), max(job.ended for job in jobs)
    return {"startTime": iso(started), "endTime": iso(ended)}


def _tie(shelf: Shelf, parameter: str, entities: list) -> None:
    """Both directions between a formal parameter and what took its place."""
    formal = shelf.crate.get(parameter)
    if entities:
        formal["workExample"] = one(entities)
        formal["additionalType"] = one(sorted({entity.type for entity in entities if isinstance(entity.type, str)}))
    for entity in entities:
        entity.append_to("exampleOfWork", formal, compact=True)
