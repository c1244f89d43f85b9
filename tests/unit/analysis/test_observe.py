"""The tables of one run, from a synthetic trajectory file with known answers."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from ase import units
from crystals import lah10_prototype

from qcrystal.analysis.energy import energy_over_3nkb, kinetic_temperature, static_energy
from qcrystal.analysis.equilibration import production_start
from qcrystal.analysis.observe import observe
from qcrystal.analysis.production import ObserveSettings
from qcrystal.crystal.cells import rhombohedral_strain, supercell, unit_cell
from qcrystal.crystal.order_parameters import OrderParameters
from qcrystal.dynamics.spec import RunSpec
from qcrystal.dynamics.trajectory import Trajectory, TrajectoryWriter

PROTOTYPE = lah10_prototype(4.95)
CAGE = SimpleNamespace(centre="La", member="H", members=32, quadrilaterals=6, hexagons=12)
ORDER = OrderParameters(cage_angles={}, cell_angles={})
SETTINGS = ObserveSettings(PROTOTYPE, CAGE, ORDER)
COLUMNS = {
    "summary": ["observable", "species", "value", "error", "n_effective", "freedom", "unit", "limit"],
    "msd": ["time", "species", "kind", "msd", "error"],
    "rdf": ["r", "pair", "g", "error"],
    "paths": ["proton", "time", "x", "y", "z", "category"],
    "cell": ["time", "alpha", "beta", "gamma"],
    "diffraction": ["species", "h", "k", "l", "q", "structure_factor", "error"],
}


def static_curve(volume):
    """A solid of 200 GPa and bulk modulus 600 GPa at 2.8 Å³/atom: a parabola, eV/atom."""
    strain = np.asarray(volume) - 2.8
    return -4.0 - 200.0 * units.GPa * strain + 0.5 * 600.0 * units.GPa / 2.8 * strain**2


EOS = pd.DataFrame({"volume": np.linspace(2.5, 3.2, 15)})
EOS["energy"] = static_curve(EOS["volume"])
# The spline in V^(-2/3) through a parabola in V at 15 volumes is off by a few 1e-7 eV inside: in K, over 3 k_B.
INTERPOLATION = 0.01


def specification(**changes):
    """A classical run with a frame each 10 steps of 1 fs."""
    values = {
        "run": "test",
        "system": "LaH10",
        "method": "classical",
        "isotope": "D",
        "species": ("La", "H"),
        "mobile": "H",
    }
    values |= {"masses": {"La": 138.905, "H": 2.014}, "temperature": 300, "pressure": 150, "timestep": 1, "seed": 1}
    return RunSpec(**values, sample_every=10, checkpoint_every=10, **changes)


def run(directory, frames, angle=90.0, basis="conventional", repeat=(1, 1, 1), swap=False, vacancy=False, seed=1):
    """Write a trajectory of independent thermal displacements, with drift and a breathing cell, and its table."""
    rng = np.random.default_rng(seed)
    atoms = supercell(unit_cell(PROTOTYPE, basis, 5.0), repeat, ["La", "H"])
    if vacancy:
        del atoms[len(atoms) - 1]
    atoms = rhombohedral_strain(atoms, angle)
    masses = np.where(np.array(atoms.get_chemical_symbols()) == "La", 138.905, 2.014)
    spec = specification(basis=basis, repeat=repeat, vacancies=int(vacancy), steps=10 * (frames - 1))
    sites = atoms.get_scaled_positions(wrap=False)
    path = directory / "trajectory.h5"
    volumes = []
    with TrajectoryWriter(path, spec, atoms.get_chemical_symbols(), masses) as writer:
        for frame in range(frames):
            cell = atoms.cell.array * (1.0 + 0.002 * rng.normal())
            here = sites.copy()
            if swap and frame >= frames // 2:
                here[[-1, -2]] = here[[-2, -1]]
            shake = rng.normal(scale=0.06, size=sites.shape)
            writer.append(frame * 10, frame * 0.01, here @ cell + shake + 0.02 * frame, cell)
            volumes.append(abs(np.linalg.det(cell)))
    n = len(atoms)
    table = pd.DataFrame({"time": np.arange(frames) * 0.01, "volume": volumes})
    kinetic = 1.5 * units.kB * 300.0
    for name in ("kinetic_La", "kinetic_H"):
        table[name] = kinetic + 0.001 * rng.normal(size=frames)
    table["kinetic_energy"] = n * kinetic
    table["potential_energy"] = n * static_curve(table["volume"] / n) + (n - 1) * kinetic
    table["pressure"] = 150.0 + rng.normal(size=frames)
    return Trajectory(path), table


def value(tables, observable, species=None):
    summary = tables["summary"]
    rows = summary[summary["observable"] == observable]
    if species is not None:
        rows = rows[rows["species"] == species]
    assert len(rows) == 1, (observable, species)
    return rows.iloc[0]


def test_known_answers_come_back(tmp_path):
    """Equipartition at 300 K makes K, and with U = U_static + 3/2 kT, E/(3 N k_B) 300 K; angle 91 degrees; no hops."""
    tables = observe(*run(tmp_path, 120, angle=91.0), EOS, SETTINGS)
    assert {name: list(table.columns) for name, table in tables.items()} == COLUMNS
    for species in ("La", "H", "all"):
        row = value(tables, "temperature", species)
        assert abs(row["value"] - 300.0) <= 4.0 * row["error"] + 1e-6
    assert value(tables, "energy_over_3NkB")["value"] == pytest.approx(300.0, abs=INTERPOLATION)
    assert not tables["summary"]["observable"].str.endswith("_corrected").any()
    # 120 frames 0.01 ps apart, of which 0.2 to 0.6 are left out
    assert 0.4 * 1.2 - 0.02 <= value(tables, "production_length")["value"] <= 0.8 * 1.2
    assert value(tables, "volume")["value"] == pytest.approx(125.0 / 44, rel=5e-3)
    for name in ("alpha", "beta", "gamma"):
        assert value(tables, f"angle_{name}")["value"] == pytest.approx(91.0, abs=1e-9)
    assert value(tables, "angle_deviation")["value"] == pytest.approx(1.0, abs=1e-9)
    large = value(tables, "quadrilateral_large")
    assert abs(large["value"] - 91.0) < 4 * large["error"]
    assert value(tables, "exchanges")["value"] == 0
    slope = value(tables, "msd_slope", "H")
    assert abs(slope["value"]) < 4 * slope["error"]
    assert np.isnan(value(tables, "diffusion", "H")["value"])  # no hop is no diffusion
    msd = tables["msd"]
    assert set(zip(msd["species"], msd["kind"], strict=True)) == {
        ("La", "standard"),
        ("H", "standard"),
        ("H", "reordered"),
    }
    plateau = msd[(msd["species"] == "H") & (msd["kind"] == "standard") & (msd["time"] > 0)]["msd"]
    share = np.array([138.905] * 4 + [2.014] * 40) / (4 * 138.905 + 40 * 2.014)
    own = 1.0 + (share**2).sum() - 2.0 * share[-1]  # relative to the centre of mass, which shakes too
    assert plateau.mean() == pytest.approx(6 * 0.06**2 * own, rel=0.05)  # the drift of 2 Å/ps is gone
    assert set(tables["rdf"]["pair"]) == {"La-La", "La-H", "H-H"}
    assert len(tables["cell"]) == 120
    assert set(tables["paths"]["category"]) == {"no exchange", "La"}


@pytest.mark.engine
def test_kinetic_energies_of_a_bath_are_those_of_the_virial_theorem(tmp_path):
    """Friction has added 50 % to the kinetic energy of La and 10 % to that of H: rows without it, and a pressure without it."""
    trajectory, thermo = run(tmp_path, 120)
    thermo = thermo.assign(virial_kinetic_La=thermo["kinetic_La"] / 1.5, virial_kinetic_H=thermo["kinetic_H"] / 1.1)
    tables = observe(trajectory, thermo, EOS, SETTINGS, {"bath_state": {"segments": 0}})
    for species, ratio in (("La", 1 / 1.5), ("H", 1 / 1.1)):
        raw, corrected = (value(tables, name, species) for name in ("temperature", "temperature_corrected"))
        assert corrected[["value", "error"]].tolist() == pytest.approx((ratio * raw[["value", "error"]]).tolist())
    # 4 La and 40 H at 300 K; the noise of K is 0.001 eV per frame (8 K), over 48 frames or more, of La mostly 4/44
    everything = (4 * 200.0 + 40 * 300.0 / 1.1) / 44
    assert value(tables, "temperature_corrected", "all")["value"] == pytest.approx(everything, abs=0.5)
    energy = value(tables, "energy_over_3NkB_corrected")["value"]
    assert energy == pytest.approx(150.0 + 0.5 * everything, abs=0.5)
    assert value(tables, "energy_over_3NkB")["value"] == pytest.approx(300.0, abs=INTERPOLATION)
    # N k_B ΔT/V of the ideal gas, of 44 atoms in 125 Å³
    gas = 44 * units.kB * (300.0 - everything) / 125.0 / units.GPa
    plain, corrected = (value(tables, name)["value"] for name in ("pressure", "pressure_corrected"))
    assert plain - corrected == pytest.approx(gas, rel=0.02)
    for table, report in ((thermo, {"steps": 3}), (thermo.drop(columns="virial_kinetic_H"), {"bath_state": {}})):
        summary = observe(trajectory, table, EOS, SETTINGS, report)["summary"]
        assert not summary["observable"].str.endswith("_corrected").any()


@pytest.mark.engine
def test_a_bath_reports_its_net_power(tmp_path):
    """The later half of eight segments: mean as reported, error of four values by Student (1.197); of three it is not known."""
    trajectory, thermo = run(tmp_path, 40)
    history = [0.5, 0.4, 0.3, 0.2, -0.10, -0.20, -0.30, -0.20]
    for values, error in ((history, 1.197 * 0.0816 / np.sqrt(4)), (history[2:], np.nan)):
        entry = {"net": -0.21, "spectral": 0.3, "history": values}
        report = {"bath_state": {"segments": len(values), "fluctuation_dissipation": {"La": entry}}}
        found = value(observe(trajectory, thermo, EOS, SETTINGS, report), "fluctuation_dissipation", "La")
        assert found["value"] == -0.21 and found["n_effective"] == len(values) / 2
        assert found["error"] == pytest.approx(error, rel=1e-3, nan_ok=True)


def test_path_integrals_tell_the_frequency_by_which_beads_are_chosen(tmp_path):
    trajectory, thermo = run(tmp_path, 40)
    found = value(observe(trajectory, thermo, EOS, SETTINGS, {"max_frequency": 70.0}), "max_frequency", "all")
    assert found["value"] == 70.0 and found["unit"] == "THz"
    summary = observe(trajectory, thermo, EOS, SETTINGS)["summary"]
    assert "max_frequency" not in set(summary["observable"])


@pytest.mark.engine
def test_distances_of_path_integrals_are_those_of_the_beads(tmp_path):
    """The first La-La distance varies by 2 σ² along its axis, and by breathing and binning; σ as the centroids' and beads'."""
    trajectory, thermo = run(tmp_path, 200)
    positions, spread = (
        trajectory.positions,
        np.random.default_rng(2).normal(scale=0.1, size=trajectory.positions.shape),
    )
    rest = (0.002 * 5 / np.sqrt(2)) ** 2 + SETTINGS.rdf_dr**2 / 12
    for beads, variance in ((None, 0.06**2), ((positions + spread)[:, None], 0.06**2 + 0.1**2)):
        trajectory.beads = beads
        rdf = observe(trajectory, thermo, EOS, SETTINGS)["rdf"]
        peak = rdf[(rdf["pair"] == "La-La") & rdf["r"].between(2.7, 4.3)]
        weight = peak["g"] * peak["r"] ** 2
        mean = (weight * peak["r"]).sum() / weight.sum()
        # 24 distances of four atoms in some 150 frames: 12 x 150 independent ones, 3 % (one standard deviation)
        assert (weight * (peak["r"] - mean) ** 2).sum() / weight.sum() == pytest.approx(2 * variance + rest, rel=0.12)


def test_exchanged_protons_are_seen(tmp_path):
    """Two protons change places in the middle of the run: two exchanges, their quadrilaterals are left out."""
    settings = ObserveSettings(PROTOTYPE, CAGE, ORDER, discard=0.2, site_window=0.03)
    tables = observe(*run(tmp_path, 150, swap=True), EOS, settings)
    assert value(tables, "exchanges")["value"] == 2
    paths = tables["paths"]
    assert set(paths[paths["category"] == "one exchange"]["proton"]) == {42, 43}
    assert value(tables, "quadrilaterals_left_out")["value"] > 0
    msd = tables["msd"].groupby("kind")["msd"].max()
    assert msd["reordered"] < 0.05 < msd["standard"]


@pytest.mark.parametrize("frames", [2, 8, 20])
def test_short_runs_give_numbers_without_false_precision(tmp_path, frames):
    tables = observe(*run(tmp_path, frames), EOS, SETTINGS)
    summary = tables["summary"].set_index(["observable", "species"])
    assert np.isfinite(summary.loc[("temperature", "H"), "value"])
    assert np.isfinite(summary.loc[("quadrilateral_deviation", "H"), "value"])
    counted = ["quadrilaterals_left_out", "exchanges", "production_length", "hop_events"]
    measured = summary.drop(index=counted, level="observable")
    assert measured[measured["n_effective"] < 4]["error"].isna().all()
    assert np.isfinite(tables["rdf"]["g"]).all()


def test_primitive_supercell_and_vacancy(tmp_path):
    """A vacancy leaves the static reference undefined: no vibrational energy, three quadrilaterals fewer at most."""
    tables = observe(*run(tmp_path, 30, basis="primitive", repeat=(2, 2, 1), vacancy=True), EOS, SETTINGS)
    assert np.isnan(value(tables, "energy_over_3NkB")["value"])
    assert 0 < value(tables, "quadrilaterals_left_out")["value"] <= 3
    assert value(tables, "angle_alpha")["value"] == pytest.approx(90.0, abs=1e-6)


def test_equilibration_is_cut_from_the_energy():
    """A transient of 20 decay steps in 400: the cut lies in the allowed range and behind the transient."""
    rng = np.random.default_rng(1)
    time = np.arange(400) * 0.01
    thermo = pd.DataFrame({"time": time, "volume": 100.0})
    thermo["potential_energy"] = 50.0 * np.exp(-np.arange(400) / 20.0) + rng.normal(size=400)
    assert 0.8 <= production_start(thermo, None) <= 2.4
    assert production_start(thermo, 0.5) == pytest.approx(2.0)
    with pytest.raises(ValueError, match="no row"):
        production_start(thermo.iloc[:0], None)


def test_static_energy_reproduces_the_curve_and_knows_its_range():
    """Single volumes may lie just outside the curve, their mean may not; a curve linear in V^(-2/3) is held exactly."""
    volume = np.array([2.55, 2.81, 3.19, 3.22])
    linear = EOS.assign(energy=3.0 * EOS["volume"] ** (-2.0 / 3.0) - 4.0)
    assert np.allclose(static_energy(linear, volume), 3.0 * volume ** (-2.0 / 3.0) - 4.0, atol=1e-12)
    with pytest.raises(ValueError, match="3.4000.*widen statics.lattice_constants"):
        static_energy(EOS, 3.4)
    with pytest.raises(ValueError, match="has 3 points"):
        static_energy(EOS.iloc[:3], 2.8)


def test_classical_oscillators_at_temperature_t():
    """3N - 3 vibrations at 400 K and the crystal's motion as a whole: K = 3/2 N kT, U = 3/2 (N-1) kT, E/(3 N k_B) = 400 K."""
    thermo = pd.DataFrame({"volume": [30.0, 31.0]})
    thermo["kinetic_energy"] = 11 * 1.5 * units.kB * 400.0
    thermo["potential_energy"] = 10 * 1.5 * units.kB * 400.0 + 11 * static_curve(thermo["volume"] / 11)
    assert energy_over_3nkb(thermo, EOS, 11, 400.0) == pytest.approx([400.0, 400.0], abs=INTERPOLATION)
    assert kinetic_temperature(1.5 * units.kB * 400.0) == pytest.approx(400.0)
