"""Committee deviation along runs: which frames are evaluated, and which runs leave what the potential knows."""

import runpy
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from ase import Atoms, units
from committees import Committee

from qcrystal.analysis.deviation import potential_pressure, run_deviation, run_summary
from qcrystal.dynamics.spec import RunSpec
from qcrystal.dynamics.trajectory import TrajectoryWriter
from qcrystal.io.table_schemas.runs import OBSERVABLES

SYMBOLS = ["La"] + ["H"] * 3


def trajectory(frames=50, beads=0, path_integral=False):
    """A trajectory of 4 atoms, one frame every 0.1 ps, its frame number the first coordinate of the first atom."""
    rng = np.random.default_rng(2)
    positions = rng.normal(0, 0.1, (frames, 4, 3))
    cell = np.repeat(np.eye(3)[None] * 3.0, frames, axis=0)
    return SimpleNamespace(
        time=0.1 * np.arange(frames),
        positions=positions,
        cell=cell,
        beads=rng.normal(0, 0.2, (frames, beads, 4, 3)) if beads else None,
        spec=SimpleNamespace(beads=8 if path_integral else 1, run="one"),
        atoms=lambda i: Atoms(SYMBOLS, positions[i], cell=cell[i], pbc=True),
    )


def test_frames_of_a_run_are_evenly_spaced_in_its_production_part():
    found = run_deviation(Committee([[0.3, 0, 0], [-0.3, 0, 0]]), trajectory(), start=1.0, count=5)
    assert found["time"].tolist() == pytest.approx([1.0, 2.0, 2.9, 3.9, 4.9], abs=0.11)
    assert found["time"].iloc[[0, -1]].tolist() == pytest.approx([1.0, 4.9])
    assert (found["configuration"] == "positions").all()
    assert found["deviation_max"].to_numpy() == pytest.approx(0.3)
    # relative: over the rms of the force vector of an atom
    assert found["deviation_relative"].to_numpy() == pytest.approx(0.3 / (np.sqrt(3) * found["force_rms"]))


def test_short_runs_have_fewer_frames_and_path_integrals_say_what_was_evaluated():
    committee = Committee([[0.3, 0, 0], [-0.3, 0, 0]])
    assert len(run_deviation(committee, trajectory(3), start=0.1, count=20)) == 2
    assert set(run_deviation(committee, trajectory(path_integral=True), 0.0, 4)["configuration"]) == {"centroid"}
    found = run_deviation(committee, trajectory(beads=8, path_integral=True), 0.0, 20)
    assert set(found["configuration"]) == {"bead"} and len(found) == 16
    # beads are spread by 0.2 Å, positions by 0.1 Å: twice the spring force (16 x 12 normal numbers: 5 %)
    assert np.sqrt((found["force_rms"] ** 2).mean()) == pytest.approx(0.4, rel=0.2)


@pytest.mark.parametrize("committee", [None, Committee([[0.3, 0, 0]])])
def test_without_a_committee_deviations_are_empty(committee):
    found = run_deviation(committee, trajectory(), 0.0, 4)
    assert len(found) == 4 and found.drop(columns=["time", "configuration"]).isna().all().all()


def thermo(pressure, kinetic=0.0, count=100):
    """A settled run of 12 Å³ with a pressure (GPa) and a kinetic energy (eV)."""
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.1, count)
    columns = {"time": 0.05 * np.arange(count), "pressure": pressure + noise, "volume": 12.0 + 1e-3 * noise}
    return pd.DataFrame(columns | {"potential_energy": -600 + noise, "kinetic_energy": kinetic})


def test_the_kinetic_part_of_the_pressure_is_that_of_the_ideal_gas():
    """4 atoms at 900 K in 12 Å³: N k T / V = 4.1 GPa."""
    kinetic = 1.5 * 4 * units.kB * 900
    expected = 200 - 4 * units.kB * 900 / 12 / units.GPa
    assert potential_pressure(thermo(200, kinetic)).value == pytest.approx(expected, abs=0.05)  # noise 0.1/√80


BOUNDS = pd.DataFrame(
    [("pressure_low", 82.1), ("pressure_high", 215.5), ("deviation", 1.0), ("deviation_rms", 0.3)],
    columns=["limit", "value"],
)


def frames_of(worst, rms, configuration="positions"):
    """The committee's deviation on the frames of a run, as `run_deviation` has it."""
    columns = {"deviation_max": worst, "deviation_rms": rms, "force_rms": 1.0, "deviation_relative": rms}
    return pd.DataFrame({"configuration": configuration, **columns})


@pytest.mark.parametrize(("worst", "expected"), [(0.9, "unknown"), (1.1, "deviation")])
def test_centroids_alone_certify_nothing(worst, expected):
    """They are smoother than the beads: within the limits they say nothing, beyond them they do."""
    assert run_summary(frames_of([worst] * 5, 0.1, "centroid"), thermo(150), BOUNDS)[1] == expected
    assert run_summary(frames_of([0.9] * 5, 0.1, "bead"), thermo(150), BOUNDS)[1] == "no"


@pytest.mark.parametrize(
    ("pressure", "worst", "rms", "expected"),
    [
        (150, 0.9, 0.29, "no"),
        (150, 1.1, 0.1, "deviation"),
        (150, 0.9, 0.31, "deviation"),
        (220, 0.5, 0.1, "pressure"),
        (70, 1.1, 0.1, "pressure and deviation"),
        (150, np.nan, np.nan, "unknown"),
        (70, np.nan, np.nan, "pressure"),
    ],
)
def test_verdicts(pressure, worst, rms, expected):
    deviation = frames_of([worst] * 5, rms)
    rows, found = run_summary(deviation, thermo(pressure), BOUNDS)
    assert found == expected
    value = rows.set_index("observable")["value"]
    assert value["committee_deviation"] == pytest.approx(worst, nan_ok=True)
    assert value["pressure_potential"] == pytest.approx(pressure, abs=0.05)


def test_one_odd_frame_does_not_make_a_run_extrapolate_but_is_on_record():
    rows, found = run_summary(frames_of([0.5] * 4 + [3.0], 0.1), thermo(150), BOUNDS)
    assert found == "no"
    assert rows.set_index("observable")["value"]["committee_deviation_largest"] == 3.0


def specification(pressure) -> RunSpec:
    """A classical run of 100 frames, 0.05 ps apart, at a pressure (GPa)."""
    conditions = {"system": "LaH3", "method": "classical", "atoms": 4, "temperature": 300, "pressure": pressure}
    length = {"timestep": 0.5, "steps": 10000, "sample_every": 100, "checkpoint_every": 1000}
    crystal = {"repeat": (1, 1, 1), "species": ("La", "H"), "masses": {"La": 138.9, "H": 1.008}}
    return RunSpec(run=f"classical-{pressure}GPa", seed=1, **conditions, **length, **crystal)


def write_run(folder, spec) -> None:
    """Trajectory, thermodynamics and observables of a run."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(3)
    with TrajectoryWriter(folder / "trajectory.h5", spec, SYMBOLS, [138.9] + [1.008] * 3) as writer:
        for frame in range(101):
            writer.append(100 * frame, 0.05 * frame, rng.normal(0, 0.1, (4, 3)), 3.0 * np.eye(3))
    table = thermo(spec.pressure, count=101)
    table.assign(step=100 * np.arange(101), temperature=300.0).to_csv(folder / "thermo.csv", index=False)
    rows = {
        "msd": {"time": 0.0, "species": "H", "kind": "standard", "msd": 0.0, "error": 0.0},
        "rdf": {"r": 1.0, "pair": "H-H", "g": 0.0, "error": 0.0},
        "paths": {"proton": 1, "time": 0.0, "x": 0.0, "y": 0.0, "z": 0.0, "category": "no exchange"},
        "cell": {"time": 0.0, "alpha": 90.0, "beta": 90.0, "gamma": 90.0},
        "diffraction": {"species": "La", "h": 1, "k": 1, "l": 1, "q": 2.2, "structure_factor": 4.0, "error": 0.1},
    }
    summary = {"observable": "volume", "species": "all", "value": 3.0, "error": 0.1, "n_effective": 9.0}
    rows["summary"] = {**summary, "unit": "Å3/atom"}
    for name, row in rows.items():
        pd.DataFrame([row]).to_csv(folder / f"{name}.csv", index=False)


def run_script(root, name, inputs, outputs, wildcards=MappingProxyType({}), **params) -> None:
    """Run a rule's script as Snakemake does, without a log and a record."""
    snakemake = SimpleNamespace(
        rule=name,
        log=[],
        resources={},
        input=SimpleNamespace(**inputs),
        output=_Outputs(outputs),
        wildcards=SimpleNamespace(**wildcards),
        params=SimpleNamespace(**params),
    )
    runpy.run_path(str(root / "scripts" / f"{name}.py"), {"snakemake": snakemake})


class _Outputs(dict):
    __getattr__ = dict.get


@pytest.mark.parametrize(
    ("models", "expected"), [(["a.pb"], ["unknown", "pressure"]), (["a.pb", "b.pb"], ["no", "pressure"])]
)
def test_tables_of_a_sweep_carry_deviation_and_verdict(root, tmp_path, monkeypatch, models, expected):
    monkeypatch.setattr("qcrystal.provenance.job._log_to", lambda path: None)
    monkeypatch.setattr(
        "qcrystal.potential.committee.Committee", lambda paths, *_: Committee([[0.1, 0, 0], [-0.1, 0, 0]])
    )
    specs = [specification(150), specification(250)]
    folders = [tmp_path / "runs" / spec.run for spec in specs]
    for folder, spec in zip(folders, specs, strict=True):
        write_run(folder, spec)
    BOUNDS.assign(unit="", rule="").to_csv(tmp_path / "limits.csv", index=False)
    trajectories = [str(folder / "trajectory.h5") for folder in folders]
    inputs = {"models": models, "limits": tmp_path / "limits.csv", "trajectories": trajectories}
    outputs = {"frames": tmp_path / "frames.csv", "runs": tmp_path / "runs.csv"}
    run_script(root, "analysis/deviation", inputs, outputs, frames=5, engine="deepmd")
    assert pd.read_csv(tmp_path / "frames.csv").groupby("run").size().tolist() == [5, 5]

    outputs = {name: tmp_path / "sweep" / f"{name}.csv" for name in OBSERVABLES}
    for name, output in outputs.items():
        run_script(
            root,
            "analysis/collect",
            {"observables": [str(folder / f"{name}.csv") for folder in folders], "deviation": [tmp_path / "runs.csv"]},
            {"table": output},
            {"table": name},
            runs=[spec.model_dump(mode="json") for spec in specs],
        )
    for name in OBSERVABLES:
        table = pd.read_csv(outputs[name])
        assert table.drop_duplicates("run")["extrapolates"].tolist() == expected
    summary = pd.read_csv(outputs["summary"]).query("observable == 'committee_deviation'")
    assert summary["pressure_target"].tolist() == [150, 250]
    assert summary["value"].tolist() == pytest.approx([0.1 if len(models) > 1 else np.nan] * 2, nan_ok=True)
