"""Judge the explored frames by the committee, and choose those that are labelled next."""

from pathlib import Path

import numpy as np
import pandas as pd

from qcrystal.crystal.soap import SoapSettings, averaged_soap, farthest_points
from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.dynamics.spec import RunSpec
from qcrystal.io.structures import read_structures, write_structures
from qcrystal.io.tables import read_json, write_table
from qcrystal.learning.generations import (
    ACCURATE,
    CANDIDATE,
    FAILED,
    TEST,
    TRAIN,
    LearningError,
    classify,
    frames_of,
    origin_text,
)
from qcrystal.potential.committee import Committee, force_deviation, force_deviation_rms
from qcrystal.provenance.record import job

with job(snakemake) as log:
    parameters, data = snakemake.params, Path(snakemake.input.data)
    labelled = frames_of(read_dataset(data / TRAIN, list(parameters.species)))
    generation = int(snakemake.wildcards.generation)
    specs = [RunSpec(**specification) for specification in parameters.runs]
    committee = Committee(snakemake.input.models)
    frames, rows, ended = [], [], []
    for number, (spec, path, report) in enumerate(
        zip(specs, snakemake.input.frames, snakemake.input.reports, strict=True)
    ):
        ended.append(read_json(report)["ended"])
        run = read_structures(path)
        if not run:
            continue
        forces = committee.evaluate(run)[1]
        deviations = force_deviation(forces)
        for atoms, deviation, rms, kind in zip(
            run, deviations, force_deviation_rms(forces), classify(deviations, parameters.bounds), strict=True
        ):
            rows.append(
                {
                    "run": spec.run,
                    "start": spec.start,
                    "method": spec.method,
                    "pressure": spec.pressure,
                    "temperature": spec.temperature,
                    "time_ps": atoms.info["time"],
                    "part": TEST if number < parameters.test_runs else TRAIN,
                    "deviation": deviation,
                    "deviation_rms": rms,
                    "kind": kind,
                    "chosen": False,
                }
            )
            frames.append(atoms)
    if not frames:
        raise LearningError(f"generation {generation}: no run gave a frame; the first one: {ended[0]}")
    table = pd.DataFrame(rows)

    settings = SoapSettings(**parameters.soap)
    candidates = np.flatnonzero((table["part"] == TRAIN) & (table["kind"] == CANDIDATE))
    chosen = np.array([], dtype=int)
    if len(candidates):
        vectors = averaged_soap([frames[i] for i in candidates], parameters.species, settings)
        known = averaged_soap(labelled, parameters.species, settings)
        chosen = candidates[farthest_points(vectors, known, parameters.frames)]
    # Frames for testing are drawn blindly among all that are not failures, or they would test what the choice prefers.
    usable = np.flatnonzero((table["part"] == TEST) & (table["kind"] != FAILED))
    rng = np.random.default_rng(parameters.seed)
    apart = rng.permutation(usable)[: parameters.test_frames]
    picked = [*chosen, *sorted(apart)]
    batches = snakemake.output.batches
    if len(picked) < len(batches):
        counts = table["kind"].value_counts().to_dict()
        raise LearningError(
            f"generation {generation}: {len(picked)} frames to label for {len(batches)} jobs (explored: {counts}); "
            "lower learning.batches, or widen learning.bounds where all frames fail"
        )
    table.loc[picked, "chosen"] = True
    for index in picked:
        row = table.loc[index]
        frames[index].info = {
            "origin": origin_text(row.start, generation + 1, row.part, row.run, row.time_ps, row.deviation)
        }
    for number, path in enumerate(batches):
        write_structures([frames[i] for i in picked[number :: len(batches)]], Path(path))

    counts = {kind: int((table["kind"] == kind).sum()) for kind in (CANDIDATE, ACCURATE, FAILED)}
    summary = {
        "generation": generation,
        "labelled_train": len(labelled),
        "runs": len(specs),
        "runs_ended_early": sum(text != "complete" for text in ended),
        "explored": len(table),
        **counts,
        "deviation_median": table["deviation"].median(),
        "deviation_max": table["deviation"].max(),
        "chosen_train": len(chosen),
        "chosen_test": len(apart),
    }
    log.info(
        "generation %d: %d candidates, %d accurate, %d failed of %d explored frames (%d of %d runs ended early); "
        "%d are labelled to train on, %d to test on",
        generation, *counts.values(), len(table), summary["runs_ended_early"], len(specs), len(chosen), len(apart),
    )  # fmt: skip
    write_table(table, snakemake.output.frames)
    write_table(pd.DataFrame([summary]), snakemake.output.summary)
