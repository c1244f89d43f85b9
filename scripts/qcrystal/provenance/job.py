"""The frame around a rule's script: its log, its processor, one line for an error, and the record of what it did."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from qcrystal import processes
from qcrystal.errors import one_line
from qcrystal.files import identified, write_whole
from qcrystal.provenance import begun, code
from qcrystal.provenance.embedded import stamp
from qcrystal.provenance.reading import Watch, undeclared
from qcrystal.provenance.record import RUNNING, Recorder


def _log_to(path: str | None) -> None:
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        handlers = [logging.FileHandler(path, mode="a", encoding="utf-8")]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", handlers=handlers, force=True)
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of each glyph of each figure
    logging.raiseExceptions = False  # a full disk is reported once, by the job, not by each line that is lost


@contextmanager
def job(snakemake) -> Iterator[logging.Logger]:
    """Run the body of a rule's script, with the GPUs that its resources ask for and no others.

    The log goes to the rule's log file. An exception becomes one line on standard error (the traceback is in the log)
    and exit status 1. On success the record is written to the output named ``prov``.
    """
    log = snakemake.log[0] if len(snakemake.log) else None
    try:
        _log_to(log)
        processes.choose(snakemake.resources.get("gpu", 0))
        with _recorded(snakemake):
            yield logging.getLogger(snakemake.rule)
    except Exception as error:
        if log:
            logging.error(traceback.format_exc())
        print(f"{snakemake.rule}: {one_line(error)}" + (f" (details: {log})" if log else ""), file=sys.stderr)
        sys.exit(1)


@contextmanager
def _recorded(snakemake) -> Iterator[None]:
    """Watch the body, mark its tables, and write its record, if the rule has one."""
    prov = getattr(snakemake.output, "prov", None)
    if not prov:
        yield
        return
    processes.end_with_parent()
    code.recall()
    modules = sorted({m for file in snakemake.params.modules for m in code.local_imports(code.SCRIPTS / file)})
    outputs = [path for path in snakemake.output if path != prov]
    wildcards, parameters = dict(snakemake.wildcards.items()), dict(snakemake.params.items())
    continues = snakemake.rule in begun.RULES
    if continues:
        begun.begin(Path(prov).parent, snakemake.output, snakemake.params.code)
    recorder = Recorder(snakemake.rule, wildcards, parameters, snakemake.input, outputs, prov, modules)
    watch = Watch()
    with ExitStack() as stack:
        stack.callback(watch.close)
        stack.callback(RUNNING.reset, RUNNING.set(recorder))
        stack.enter_context(identified(lambda: recorder.identifier))
        yield
        for path in outputs:
            stamp(Path(path), recorder.identifier)
        unnamed = undeclared(watch, snakemake.input, [*snakemake.output, *snakemake.log], modules)
        document = recorder.document(unnamed, snakemake.threads, snakemake.resources.get("gpu", 0))
        write_whole(prov, json.dumps(document, indent=1, sort_keys=True) + "\n")
    if continues:
        begun.end(Path(prov).parent)
