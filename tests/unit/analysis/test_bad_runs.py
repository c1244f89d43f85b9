"""A bad trajectory, table or report of a run gets one line that names the file; older observables stay.

Files go in where the workflow meets them: through the rule's script, with a stand-in for Snakemake's object.
"""

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from cases import by_name
from configurations import CRYSTAL
from crystals import MASSES, lah10
from snakemake_stand_in import Job, Named
from specifications import specification
from spoil import cut, write

from qcrystal.dynamics.trajectory import TrajectoryWriter
from qcrystal.io.table_schemas.runs import OBSERVABLES

ROOT = Path(__file__).resolve().parents[3]
NAN = float("nan")
RUN = "qtb-H-cubic-44-npt-200GPa-300K-r0"


@pytest.fixture
def observed(tmp_path):
    """The job that takes the observables of a run of 41 frames; older observables are there already."""
    run, observables = tmp_path / "runs" / RUN, tmp_path / "observables" / RUN
    run.mkdir(parents=True)
    observables.mkdir(parents=True)
    (observables / "summary.csv").write_text("an older result")
    atoms, rng = lah10(5.0), np.random.default_rng(1)
    masses = np.where(np.array(atoms.get_chemical_symbols()) == "La", MASSES["La"], MASSES["H"])
    spec = specification(run=RUN, system="lah10", pressure=200, steps=40, sample_every=1, checkpoint_every=10)
    rows = []
    with TrajectoryWriter(run / "trajectory.h5", spec, list(atoms.symbols), masses) as writer:
        for step in range(41):
            writer.append(step, step * 5e-4, atoms.positions + rng.normal(scale=0.05, size=(44, 3)), atoms.cell.array)
            rows.append(
                {"step": step, "time": step * 5e-4, "volume": atoms.get_volume(), "pressure": rng.normal(200, 2)}
            )
    thermo = pd.DataFrame(rows).assign(
        kinetic_energy=1.7, potential_energy=-160.0, kinetic_La=0.039, kinetic_H=0.039, temperature=300.0
    )
    thermo.to_csv(run / "thermo.csv", index=False)
    (run / "report.json").write_text("{}")
    lattice = {"volume": np.linspace(2.4, 3.4, 11), "energy": np.linspace(-3.9, -4.1, 11)}
    lattice |= {
        "lattice_constant": np.linspace(4.7, 5.3, 11),
        "pressure": np.linspace(300, 80, 11),
        "beyond_training": 0,
    }
    pd.DataFrame(lattice).to_csv(tmp_path / "eos.csv", index=False)
    system = yaml.safe_load((ROOT / CRYSTAL).read_text())
    job = Job(tmp_path, "analysis/observe")
    files = {name: str(run / file) for name, file in (("thermo", "thermo.csv"), ("report", "report.json"))}
    job.input = Named(trajectory=str(run / "trajectory.h5"), eos=str(tmp_path / "eos.csv"), **files)
    job.output = Named({name: str(observables / f"{name}.csv") for name in OBSERVABLES})
    job.params = Named(
        prototype=system["prototypes"]["Fm-3m"], cage=system["cage"], order_parameters={"cage_angles": {}}
    )
    job.wildcards = Named(run=RUN)
    return job


def hdf5(edit):
    def change_file(run):
        with h5py.File(run / "trajectory.h5", "a") as file:
            edit(file)

    return change_file


def attribute(**changes):
    """Change the specification within a trajectory."""

    def edit(file):
        file.attrs["specification"] = json.dumps(json.loads(file.attrs["specification"]) | changes)

    return hdf5(edit)


def shorter(file):
    for element in ("position", "box/edges"):
        for key in ("value", "step", "time"):
            file["particles/all"][element][key].resize(21, axis=0)


def not_a_number(file):
    file["particles/all/position/value"][7, 3, 1] = NAN


def beads(frames, wrong=None):
    """Add a bead to the first frames of a trajectory, with one value changed."""

    def edit(file):
        group = file["particles/all"]
        values = group["position/value"][:frames][:, None]
        if wrong is not None:
            values[7, 0, 3, 1] = wrong
        group.create_group("beads").create_dataset("value", data=values)

    return hdf5(edit)


def table(**columns):
    def change_file(run):
        thermo = pd.read_csv(run / "thermo.csv")
        thermo.assign(**columns).to_csv(run / "thermo.csv", index=False)

    return change_file


AGAIN = "run its dynamics job again"
RUNS = {
    "trajectory that is missing": (
        lambda run: (run / "trajectory.h5").unlink(),
        ["trajectory.h5", "No such file", AGAIN],
    ),
    "trajectory cut to half its bytes": (cut("trajectory.h5"), ["trajectory.h5", "not a complete trajectory", AGAIN]),
    "trajectory of no bytes": (write("trajectory.h5", b""), ["trajectory.h5", "not a complete trajectory", AGAIN]),
    "trajectory that is a text": (
        write("trajectory.h5", b"44\n\nLa 0 0 0\n"),
        ["trajectory.h5", "not a complete trajectory"],
    ),
    "trajectory that ends early": (hdf5(shorter), ["trajectory.h5", "ends at step 20 of 40", AGAIN]),
    "trajectory of another run": (attribute(run="another"), ["trajectory.h5", "is of run another", RUN, AGAIN]),
    "trajectory without specification": (
        hdf5(lambda file: file.attrs.pop("specification")),
        ["trajectory.h5", "specification"],
    ),
    "broken specification": (hdf5(lambda file: file.attrs.modify("specification", "{")), ["trajectory.h5", AGAIN]),
    "no positions": (
        hdf5(lambda file: file["particles/all"].pop("position")),
        ["trajectory.h5", "component not found", AGAIN],
    ),
    "times missing": (
        hdf5(lambda file: file["particles/all/position/step"].resize(5, 0)),
        ["trajectory.h5", "5 frames", AGAIN],
    ),
    "a position that is no number": (hdf5(not_a_number), ["trajectory.h5", "frame 7", "positions", AGAIN]),
    "beads of some frames": (beads(20), ["trajectory.h5", "beads", "41 frames", AGAIN]),
    "a bead that is no number": (beads(41, NAN), ["trajectory.h5", "frame 7", "beads", AGAIN]),
    "table that is missing": (lambda run: (run / "thermo.csv").unlink(), ["thermo.csv", "No such file", "again"]),
    "table of no bytes": (write("thermo.csv", b""), ["thermo.csv", "not a readable table", "again"]),
    "table that is binary": (write("thermo.csv", b"\xff\xfe\0\x81"), ["thermo.csv", "not a readable table"]),
    "table of another run": (
        table(step=np.arange(41) + 1),
        ["thermo.csv", "its steps are not those of trajectory.h5", AGAIN],
    ),
    "table with words": (table(pressure="high"), ["thermo.csv", "pressure", "not a number", "again"]),
    "table with gaps": (table(volume=NAN), ["thermo.csv", "volume", "no value", "again"]),
    "report cut short": (write("report.json", b'{"steps": '), ["report.json", "not readable JSON", "again"]),
    "report that is a list": (write("report.json", b"[]"), ["report.json", "list", "again"]),
    "static curve of other columns": (
        write("../../eos.csv", b"a,b\n1,2\n"),
        ["eos.csv", "no column 'lattice_constant'", "again"],
    ),
    "static curve elsewhere": (
        write(
            "../../eos.csv",
            b"volume,energy,lattice_constant,pressure,beyond_training\n9,1,7,9,0\n9.1,2,7.1,8,0\n9.2,3,7.2,7,0\n9.3,4,7.3,6,0\n",
        ),
        ["volume"],
    ),
}


@by_name(RUNS)
def test_bad_run_is_named(case, observed, capsys):
    edit, words = case
    edit(Path(observed.input.trajectory).parent)
    observed.fails(words, capsys)


def test_good_run_is_not_refused(observed):
    """The cases above differ from this by their edit only."""
    observed.run()
    assert "temperature" in Path(observed.output.summary).read_text()
