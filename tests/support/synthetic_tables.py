"""Synthetic tables in the layout of the workflow's own, at a rich and at a minimal size."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from ase import Atoms

from qcrystal.crystal.cells import conventional_cell, rhombohedral_strain
from qcrystal.crystal.prototype import Prototype, Site
from qcrystal.dataset.quality import system_table
from qcrystal.potential.accuracy import binned, limits

SIZES = ("rich", "minimal")
PRESSURES = {"rich": [100.0, 150.0, 200.0], "minimal": [150.0, 200.0]}
TEMPERATURES = {"rich": [100.0, 200.0, 300.0], "minimal": [100.0, 300.0]}


# Fm-3m LaH10 as in config/crystals/lah10/crystal.yaml.
PROTOTYPE = Prototype(
    spacegroup=225,
    sites=[Site(element=element, position=(x, x, x)) for element, x in (("La", 0.5), ("H", 0.25), ("H", 0.1205))],
    lattice_constant=4.95,
)


def condition(method, pressure, temperature, size, replica=0, start="cubic") -> dict:
    """Leading columns of a sweep's tables."""
    return {
        "run": f"{method}-H-{start}-{pressure:g}GPa-{temperature:g}K-{replica}",
        "system": "LaH10",
        "method": method,
        "isotope": "H",
        "start": start,
        "atoms": 44 if size == "minimal" else 352,
        "beads": 18 if method in ("pimd", "trpmd") else 1,
        "pressure_target": pressure,
        "temperature_target": temperature,
        "replica": replica,
        "length_ps": 0.15 if size == "minimal" else 5.0,
        "extrapolates": "no",
    }


def error_of(size: str, value: float) -> float:
    """Standard error: unknown in minimal tables."""
    return np.nan if size == "minimal" else value


def quadrilateral_rows(method, size, limit, starts=("cubic",)) -> pd.DataFrame:
    """Order parameter that leaves zero below a pressure, and the angles that belong to it."""
    rows = []
    grid = itertools.product(PRESSURES[size], TEMPERATURES[size], range(2 if size == "rich" else 1), starts)
    for pressure, temperature, replica, start in grid:
        deviation = max(0.05, 1.7 * (1 - temperature / 600) * (1 if pressure <= limit else 0.1)) + 0.01 * replica
        values = {
            "quadrilateral_deviation": (deviation, 0.04, "deg", "H"),
            "quadrilateral_large": (90 + 0.8 * deviation, 0.05, "deg", "H"),
            "quadrilateral_small": (90 - 0.8 * deviation, 0.05, "deg", "H"),
            "exchanges": (float(temperature == 300 and pressure == 200), np.nan, "1", "H"),
        }
        for name, (value, error, unit, species) in values.items():
            rows.append(
                condition(method, pressure, temperature, size, replica, start)
                | {"observable": name, "species": species, "value": value, "error": error_of(size, error)}
                | {"n_effective": 20.0, "unit": unit}
            )
    return pd.DataFrame(rows)


def energy_rows(method, size, pressures, temperatures, energy) -> pd.DataFrame:
    """Energies in kelvin of ``energy(pressure, temperature)`` with their errors, per species and for all."""
    rows = []
    for pressure, temperature in itertools.product(pressures, temperatures):
        for species, factor in (("all", 1.0), ("H", 1.05)):
            rows.append(
                condition(method, pressure, temperature, size)
                | {"observable": "energy_over_3NkB", "species": species}
                | {"value": factor * energy(pressure, temperature), "error": error_of(size, 8.0)}
                | {"n_effective": 20.0, "unit": "K"}
            )
    return pd.DataFrame(rows)


def quantum_energy(pressure, temperature) -> float:
    """A zero-point energy that grows with pressure, and a thermal part (K)."""
    zero = 800 + 0.5 * pressure
    return zero / np.tanh(zero / max(temperature, 1.0))


def msd_tables(size) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mean squared displacements of a slow diffusion and the summary with its slope (Å²/ps)."""
    time = np.linspace(0.0, 5.0 if size == "rich" else 0.15, 60)
    plateau = 0.11 * (1 - np.exp(-time / 0.02))
    slope = 0.05
    curves = {
        ("H", "standard"): plateau + slope * time,
        ("H", "reordered"): plateau,
        ("La", "standard"): 0.02 * plateau,
    }
    head = condition("qtb", 200.0, 5.0, size)
    msd = pd.concat(
        pd.DataFrame({"time": time, "species": species, "kind": kind, "msd": y, "error": error_of(size, 0.05) * y})
        for (species, kind), y in curves.items()
    ).assign(**head)
    values = {"msd_slope": (slope, 0.006), "diffusion": (slope / 6e4, 1e-7)}
    summary = pd.DataFrame(
        head
        | {"observable": name, "species": "H", "value": v, "error": error_of(size, e), "n_effective": 4.0, "unit": ""}
        for name, (v, e) in values.items()
    )
    return msd, summary


def rdf_table(method, size, width) -> pd.DataFrame:
    """Two shells of La-H neighbours of a width (Å)."""
    r = np.linspace(0.05, 5.0, 199)
    g = sum(h * np.exp(-((r - c) ** 2) / 2 / width**2) for h, c in ((6, 2.02), (4, 3.4), (2.5, 3.9), (3, 4.5)))
    table = pd.DataFrame({"r": r, "pair": "La-H", "g": g * 0.1 / width, "error": error_of(size, 0.1)})
    return pd.concat([table, table.assign(pair="H-H")]).assign(**condition(method, 200.0, 1.0, size))


def paths_table(size) -> pd.DataFrame:
    """Protons that stay, hop once and hop often (rich) or only stay (minimal), and the La sites."""
    rng = np.random.default_rng(3)
    steps = 300
    time = np.linspace(1.0, 5.0, steps) if size == "rich" else np.linspace(0.05, 0.15, steps)
    hops = {"no exchange": [], "one exchange": [150], "multiple exchanges": [60, 130, 220]}
    frames = []
    for number, (category, moments) in enumerate(hops.items()):
        if size == "minimal" and category != "no exchange":
            continue
        path = np.array([2.0, 2.0, 2.0]) + rng.normal(scale=0.15, size=(steps, 3))
        for k, moment in enumerate(moments):
            path[moment:, k % 2] += 1.15
        frames.append(pd.DataFrame(path, columns=list("xyz")).assign(proton=number, time=time, category=category))
    sites = 4.95 / 2 * np.array([site for site in itertools.product(range(-1, 4), repeat=3) if sum(site) % 2 == 0])
    frames.append(pd.DataFrame(sites, columns=list("xyz")).assign(proton=range(len(sites)), time=np.nan, category="La"))
    return pd.concat(frames).assign(**condition("qtb", 200.0, 200.0, size))


def parity_tables(size) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Errors and sparse histograms of a potential with known scatter."""
    rng = np.random.default_rng(5)
    errors, histograms = [], []
    kinds = [
        ("energy", "all", -4.0, 0.08, 0.004, 0.002),
        ("force", "La", 0.0, 0.9, 0.1, 0.1),
        ("force", "H", 0.0, 1.5, 0.2, 0.1),
    ]
    for (quantity, species, mean, spread, scatter, width), split in itertools.product(kinds, ("train", "test")):
        n = {"rich": {"train": 20000, "test": 2000}, "minimal": {"train": 8, "test": 2}}[size][split]
        reference = rng.normal(mean, spread, n)
        predicted = reference + rng.normal(0, scatter, n)
        cells = pd.DataFrame(
            {"reference": (reference // width + 0.5) * width, "predicted": (predicted // width + 0.5) * width}
        )
        cells = cells.round(9).value_counts().reset_index()
        histograms.append(cells.assign(quantity=quantity, split=split, species=species))
        rmse = float(np.sqrt(np.mean((predicted - reference) ** 2)))
        for system, name in {("all", species), ("cubic", species), ("all", "all")}:
            if quantity == "force" and name == "all" and species == "H":
                continue
            errors.append({"quantity": quantity, "split": split, "system": system, "species": name, "rmse": rmse})
            errors[-1] |= {"mae": 0.8 * rmse, "n": n, "unit": ""}
    return pd.DataFrame(errors), pd.concat(histograms)


def quality_tables(size) -> dict[str, pd.DataFrame]:
    """Report on a data set; rich: two stoichiometries, an outlier, a copy, and a system whose test frames are too near."""
    rng = np.random.default_rng(8)
    rows = []
    for system, formula in (("cubic_H20La2", "H20La2"), ("vacancy", "H19La2"))[: 2 if size == "rich" else 1]:
        for split, count in (("train", 40), ("test", 6)):
            near = split == "test" and system == "vacancy"
            volume = rng.uniform(2.6, 3.5, count)
            columns = {"split": split, "system": system, "frame": np.arange(count), "formula": formula}
            columns |= {"stoichiometry": "H10La" if formula == "H20La2" else "H19La2", "atoms": 22, "volume": volume}
            columns |= {"pressure": 600 - 150 * volume, "energy": -168 - volume, "force_rms": 1.0, "force_max": 5.0}
            columns |= {"nearest_La_La": 3.4, "nearest_La_H": 1.7, "nearest_H_H": rng.uniform(0.6, 0.9, count)}
            columns |= {"outlier": "", "nearest": "train/cubic_H20La2/1", "duplicate": False}
            rows.append(pd.DataFrame(columns | {"ratio": rng.uniform(*((0.1, 0.4) if near else (0.8, 1.1)), count)}))
    frames = pd.concat(rows, ignore_index=True)
    if size == "rich":
        frames.loc[3, "outlier"], frames.loc[4, "duplicate"] = "energy force", True
    bins = itertools.product((("energy", "H10La", 0.005), ("force", "H", 0.25), ("force", "La", 0.25)), range(-20, 21))
    histograms = pd.DataFrame(
        {"quantity": q, "split": "train", "group": g, "centre": w * n, "width": w, "count": 21 - abs(n)}
        for (q, g, w), n in bins
    )
    return {"quality:frames": frames, "quality:systems": system_table(frames), "quality:histograms": histograms}


def accuracy_tables(size) -> dict[str, pd.DataFrame]:
    """Errors of held-out frames that grow with the force; a committee in the rich tables only."""
    force = np.linspace(0.3, 2.0, 90 if size == "rich" else 7)
    frames = {"system": np.where(force < 1, "cold", "hot"), "atoms": 352, "pressure": 100 + 50 * force}
    frames |= {"force_rms": force, "force_rmse": 0.15 * force, "energy_error": 0.003}
    deviation = 0.1 * force if size == "rich" else np.nan
    frames = pd.DataFrame(frames | {"deviation_rms": deviation, "deviation_max": 2 * deviation})
    return {
        "accuracy:conditions": binned(frames),
        "accuracy:limits": limits((82.0, 215.0), frames),
        "potential:parity_frames": frames,
    }


def deviation_rows(summary: pd.DataFrame, size) -> pd.DataFrame:
    """Rows of the committee's deviation (eV/Å) for every run of a summary: 1 meV/Å per kelvin, or unknown."""
    runs = summary.drop_duplicates("run")
    known = runs["temperature_target"] / 1000 if size == "rich" else np.nan
    rows = [runs.assign(observable="committee_deviation_rms", species="all", value=known, unit="eV/Å")]
    return pd.concat([*rows, runs.assign(observable="force_rms", species="all", value=5 * known, unit="eV/Å")])


def with_deviation(summary: pd.DataFrame, size) -> pd.DataFrame:
    """A summary with the rows of the committee's deviation."""
    return pd.concat([summary, deviation_rows(summary, size)], ignore_index=True)


def crystals_and_enthalpies(size) -> tuple[list[Atoms], pd.DataFrame]:
    """Relaxed structures and their enthalpies; minimal: every structure is cubic."""
    pressures = [100.0, 150.0, 200.0, 250.0, 300.0] if size == "rich" else [150.0, 200.0]
    offsets = (
        {"Fm-3m": 0.0, "R-3m": -0.004, "C2": -0.009, "P-1": -0.0085, "found-1": 0.02}
        if size == "rich"
        else {"Fm-3m": 0}
    )
    rows, frames = [], []
    for phase, pressure in itertools.product(offsets, pressures):
        cubic = phase == "Fm-3m" or pressure > 220 and phase != "found-1"
        atoms = conventional_cell(PROTOTYPE, 5.1 - 0.003 * (pressure - 150))
        if not cubic:
            atoms = rhombohedral_strain(atoms, 91.5)
            atoms.rattle(0.03, seed=1)
        atoms.info.update(phase=phase, pressure=pressure)
        frames.append(atoms)
        enthalpy = -4 + 0.01 * pressure + (0.0 if cubic else offsets[phase] * (300 - pressure) / 200)
        rows.append({"phase": phase, "pressure": pressure, "enthalpy": enthalpy, "volume": atoms.get_volume() / 44})
        rows[-1] |= {
            "spacegroup": "Fm-3m" if cubic else phase,
            "converged": not (phase == "found-1" and pressure == 100),
        }
    return frames, pd.DataFrame(rows)


def lattice_table(constants, shift=0.0) -> pd.DataFrame:
    """Cubic lattices with the geometry of Fm-3m at x = 0.12 + shift and a smooth pressure."""
    a = np.asarray(constants)
    x = 0.1205 + shift
    return pd.DataFrame(
        {
            "lattice_constant": a,
            "volume": a**3 / 44,
            "energy": -4 + (a - 5.3) ** 2,
            "pressure": 300 * np.exp(-2.5 * (a - 4.749)) + 1e3 * shift,
            "x": x,
            "la_h1": a * np.sqrt(2 * x**2 + (0.5 - x) ** 2),
            "la_h2": a * np.sqrt(3) / 4,
            "h_h1": 2 * x * a,
            "h_h2": np.sqrt(3) * (0.25 - x) * a,
            "la_la": a / np.sqrt(2),
            "beyond_training": 0.0,
        }
    )


def learning_tables(size) -> dict:
    """Generations of concurrent learning whose errors fall; minimal: one generation before the last, one member's worth."""
    generations = 3 if size == "rich" else 1
    rng = np.random.default_rng(6)
    errors, frames = [], []
    for generation, member in itertools.product(range(generations + 1), (1, 2, 3)):
        for quantity, rmse, n in (("energy", 0.02, 20), ("force", 0.6, 660), ("virial", 0.05, 180)):
            errors.append({"generation": generation, "member": member, "quantity": quantity, "n": n})
            errors[-1]["trained"] = 40 + 20 * generation
            errors[-1]["rmse"] = rmse * 0.7**generation * (1 + 0.1 * member)
        count = 20 if size == "rich" else 1
        part = ["test" if i % 5 == 4 else "train" for i in range(count)]
        table = pd.DataFrame(rng.normal(generation, 1, (count, 2)), columns=["component_1", "component_2"])
        frames.append(
            table.assign(generation=generation, part=part, system="cubic", pressure=np.linspace(80, 300, count))
        )
    counts = pd.DataFrame({"generation": range(generations), "explored": 200})
    counts["accurate"] = 20 + 60 * counts["generation"]
    counts["failed"] = 60 - 20 * counts["generation"]
    counts["candidate"] = counts["explored"] - counts["accurate"] - counts["failed"]
    return {
        "learning:generations": counts,
        "learning:generation_errors": pd.DataFrame(errors),
        "learning:structure_map": pd.concat(frames).assign(share_1=0.6, share_2=0.2),
    }


def dft_tables(size) -> dict:
    """Tables on the quality of the DFT labels; minimal: one comparison, one system of other labels."""
    count = 5 if size == "rich" else 1
    convergence = pd.DataFrame({"varied": ["cutoff"] * count, "cutoff": 400 + 100 * np.arange(count)})
    convergence = convergence.assign(kpoint_length=10.8, width=0.3, kpoints="4x4x4", reference="x", seconds=10.0)
    for column in ("energy_shift", "energy_difference", "force_rms", "force_max", "pressure", "static_pressure"):
        convergence[column] = np.linspace(3.0, 0.0, count)
    labels = pd.DataFrame({"system": [f"ensemble{i}" for i in range(count)], "frames": 80})
    labels["lattice_constant"] = np.linspace(5.1, 5.2, count)
    labels = labels.assign(lattice_constant_std=0.0, cubic=True, pressure=160.0, motion=12.0)
    return {
        "dft:convergence": convergence.assign(verdict="meets", chosen=convergence["cutoff"] == 500),
        "dft:label_pressures": labels,
    }


KINETIC = {
    "H": {"classical": 300.0, "qtb": 900.0, "adqtb": 950.0, "pimd": 955.0, "trpmd": 953.0},
    "La": {"classical": 300.0, "qtb": 300.0, "adqtb": 120.0, "pimd": 118.0, "trpmd": 117.0},
}


def bath_rows(method, size, temperature, frictions) -> pd.DataFrame:
    """Kinetic temperatures, 4 % lower after correction, pressure and net power of a bath; minimal: nothing corrected."""
    rows, bath = [], method in ("qtb", "adqtb")
    for friction, (species, known) in itertools.product(frictions, KINETIC.items()):
        head = condition(method, 200.0, temperature, size) | {"friction": friction, "unit": "K"}
        head["run"] += f"-{friction:g}"
        values = {"temperature": known[method] + (5 * friction if bath else 0)}
        if size == "rich" and bath:
            values |= {"temperature_corrected": 0.96 * values["temperature"]}
            values |= {"fluctuation_dissipation": (0.1 if species == "H" else -0.3) * (method == "qtb")}
        rows += [
            head | {"species": species, "observable": k, "value": v, "error": error_of(size, 4.0)}
            for k, v in values.items()
        ]
        if species == "H":
            rows.append(
                head | {"species": "all", "observable": "pressure", "value": 201.0, "error": error_of(size, 0.5)}
            )
    return pd.DataFrame(rows)


def bath_tables(size) -> dict:
    """Sweeps of quantum baths; minimal: one friction, runs shorter than a segment, no errors."""
    frictions = [5.0, 10.0, 20.0] if size == "rich" else [10.0]
    return {
        **{
            f"sweep:leakage_{m}/summary": with_deviation(bath_rows(m, size, 5.0, frictions), size)
            for m in ("qtb", "adqtb")
        },
        **{
            f"sweep:compared_{m}/summary": with_deviation(bath_rows(m, size, 300.0, [10.0]), size)
            for m in ("qtb", "adqtb")
        },
        **{
            f"sweep:compared_{m}/summary": with_deviation(bath_rows(m, size, 300.0, [np.nan]), size)
            for m in ("pimd", "trpmd")
        },
    }


def bead_rows(size) -> pd.DataFrame:
    """Path integrals whose values rise with the beads, and the frequency by which these are chosen; minimal: two numbers."""
    rows = []
    for beads in (8, 16, 32, 64) if size == "rich" else (8, 16):
        head = condition("pimd", 200.0, 300.0, size) | {"beads": beads, "friction": np.nan}
        head["run"] += f"-{beads}"
        values = {("temperature", "H"): 955.0, ("temperature", "La"): 320.0, ("temperature", "all"): 900.0}
        values |= {("energy_over_3NkB", "all"): 880.0}
        rows += [
            head | {"observable": name, "species": species, "value": value * (1 - 1 / beads**2), "unit": "K"}
            for (name, species), value in values.items()
        ]
        rows.append(head | {"observable": "max_frequency", "species": "all", "value": 70.0, "unit": "THz"})
    return pd.DataFrame(rows).assign(error=error_of(size, 4.0), n_effective=20.0)


def angle_tables(method, size, start, limit, isotope="H", temperatures=(300.0, 100.0)) -> dict[str, pd.DataFrame]:
    """Cell angles that are 90.9, 90.9 and 89.1 degrees up to a pressure and 90 above it: means, traces and reflections."""
    rows, traces, lines = [], [], []
    for pressure, temperature in itertools.product([100.0, 150.0, 200.0], temperatures):
        head = condition(method, pressure, temperature, size, start=start) | {"isotope": isotope}
        head["run"] += isotope
        off = 0.9 if pressure <= limit else 0.02
        values = {"alpha": 90 + off, "beta": 90 + off, "gamma": 90 - off}
        head |= {"species": "all", "unit": "deg", "n_effective": 30.0 if size == "rich" else 1.0}
        rows += [
            head | {"observable": f"angle_{name}", "value": value, "error": error_of(size, 0.03)}
            for name, value in values.items()
        ]
        rows.append(head | {"observable": "angle_deviation", "value": off, "error": error_of(size, 0.03)})
        time = np.linspace(0, head["length_ps"], 40)
        waves = {name: value + 0.1 * np.sin(9 * time + k) for k, (name, value) in enumerate(values.items())}
        traces.append(pd.DataFrame({"time": time, **waves}).assign(**condition(method, pressure, temperature, size)))
        traces[-1] = traces[-1].assign(run=head["run"], isotope=isotope, start=start)
        hkl = np.array([(1, 1, 1), (2, 0, 0), (2, 2, 0), (3, 1, 1)])
        reflections = pd.DataFrame(hkl, columns=["h", "k", "l"])
        reflections["q"] = 2 * np.pi / 5.1 * np.linalg.norm(hkl, axis=1)
        reflections = reflections.assign(structure_factor=30.0, error=error_of(size, 0.3))
        lines.append(reflections.assign(**condition(method, pressure, temperature, size, start=start)))
        lines[-1]["species"] = "La"
    return {"summary": pd.DataFrame(rows), "cell": pd.concat(traces), "diffraction": pd.concat(lines)}


def ly_tables(size) -> dict:
    """Sweeps of the phase diagram by cell angles; minimal: runs without errors, one temperature."""
    temperatures = (300.0, 100.0) if size == "rich" else (300.0,)
    sweeps = {
        "ly_classical": angle_tables("classical", size, "rhombohedral", 150, temperatures=temperatures),
        "ly_classical_cubic": angle_tables("classical", size, "cubic", 100, temperatures=temperatures),
        "ly_quantum": angle_tables("pimd", size, "rhombohedral", 100, temperatures=temperatures),
        "ly_quantum_cubic": angle_tables("pimd", size, "cubic", 50, temperatures=temperatures),
        "ly_quantum_cold": angle_tables("pimd", size, "rhombohedral", 100, temperatures=temperatures[-1:]),
        "ly_deuterium": angle_tables("pimd", size, "rhombohedral", 150, "D", temperatures=temperatures),
        "ly_small_cell": angle_tables("pimd", size, "rhombohedral", 100, temperatures=(300.0,)),
    }
    tables = {f"sweep:{name}/{table}": rows for name, tables in sweeps.items() for table, rows in tables.items()}
    _, diffusion = msd_tables(size)
    tables["sweep:onset_classical/summary"] = diffusion.assign(method="classical", temperature_target=1000.0)
    for name, method in (("adqtb", "adqtb"), ("trpmd", "trpmd")):
        tables[f"sweep:diffusion_{name}/summary"] = diffusion.assign(method=method, run=f"{method}-r0")
    for method in ("classical", "qtb"):
        head = {"method": method, "run": f"{method}-352-1vacancies-r0"}
        tables[f"sweep:vacancy_{method}/summary"] = diffusion.assign(**head)
        small = quadrilateral_rows(method, size, 160).query("pressure_target == 150 and temperature_target == 300")
        tables[f"sweep:size_{method}/summary"] = small
        tables[f"sweep:size_{method}_large/summary"] = small.assign(
            atoms=1188 if size == "rich" else 44, run=small["run"] + "-large"
        )
    tables["sweep:compared_classical/summary"] = bath_rows("classical", size, 300.0, [np.nan])
    tables["sweep:trajectories_qtb/summary"] = quadrilateral_rows("qtb", size, 110)
    return tables


def nct_table() -> pd.DataFrame:
    """Free energies that fall from level to level, at two pressures and with two seeds."""
    falls = {
        "harmonic": 204.0,
        "occupations": 237.0,
        "scha": 221.0,
        "flow_bose": 220.0,
        "nct": 219.8,
        "path_integrals": 218.0,
    }
    return pd.DataFrame(
        {
            "run": f"lah10-{level}-{pressure:g}-{seed}",
            "level": level,
            "refused": "",
            "atoms": 11,
            "temperature_target": 300.0,
            "pressure_target": pressure,
            "seed": seed,
            "volume": 2.8,
            "static_energy": -168.0,
            "free_energy": value + 0.1 * pressure + 0.2 * seed,
            "free_energy_error": 0.0 if level == "harmonic" else 0.2,
        }
        for pressure in (150.0, 200.0)
        for seed in (0, 1)
        for level, value in falls.items()
    )


def self_consistent_tables(pressures: list[float], dos: pd.DataFrame) -> dict:
    """Renormalised phonons at two temperatures."""
    temperatures = [0.0, 300.0]
    rows = pd.DataFrame(itertools.product(pressures, temperatures), columns=["pressure", "temperature"])
    rows["imaginary_fraction"], rows["atoms"], rows["frequency_change"] = 0.0, 88, 0.3  # THz: noise of the samples
    return {
        "statics:self_consistent_phonons": rows,
        "statics:self_consistent_dos": pd.concat(dos.assign(temperature=t) for t in temperatures),
    }


def potentials_table(size: str) -> pd.DataFrame:
    """Six quantities by the members of two potentials, or of one with one member."""
    units = {"lattice constant": "Å", "zero-point temperature": "K", "imaginary modes": "%"}
    units |= {"cell angles": "deg", "cage angles": "deg", "energy gain": "meV/atom"}
    named = [("lah10-fast", 1), ("lah10-fast", 2), ("lah10-accurate", 1)] if size == "rich" else [("lah10-fast", 1)]
    return pd.DataFrame(
        {"potential": name, "member": member, "quantity": quantity, "pressure": pressure, "unit": unit}
        | {
            "value": np.nan
            if quantity == "cage angles" and size == "minimal"
            else 5.0 + 0.01 * member - 0.002 * pressure
        }
        for (name, member), (quantity, unit), pressure in itertools.product(named, units.items(), PRESSURES[size])
    )


def hop_tables(size: str) -> dict:
    """A double well, and two paths with their saddles and rates, of one or two isotopes."""
    isotopes, temperatures = (["H", "D"], [100.0, 300.0, 1000.0]) if size == "rich" else (["H"], [300.0, 1000.0])
    fixed = {
        "barrier": 0.4,
        "quantum": 0.15,
        "barrier_quantum": 0.106,
        "mass": 1.008,
        "crossover": 196.0,
        "splitting": 2e-4,
    }
    known = {"classical_tst": 20.0, "quantum": 30.0, "classical": 15.0, "qtb": 40.0, "adqtb": 35.0}
    well = [
        {
            **fixed,
            "method": method,
            "temperature": temperature,
            "rate": scale * np.exp(-1500.0 / temperature),
            "error": error,
        }
        for method, scale in known.items()
        for temperature in temperatures
        for error in [np.nan if method in ("classical_tst", "quantum") else error_of(size, 1e-3)]
    ]
    never = {"rate": np.nan, "error": np.nan, "limit": 0.01}
    well.append({**fixed, "method": "classical", "temperature": 50.0, **never})
    paths, saddles, rates = [], [], []
    for mechanism, isotope in itertools.product(("vacancy", "exchange"), isotopes):
        named = {"mechanism": mechanism, "isotope": isotope, "atoms": 43 if mechanism == "vacancy" else 44}
        share, height = np.linspace(0.0, 1.0, 5), 0.6 if mechanism == "vacancy" else 1.4
        energies, slopes = height * np.sin(np.pi * share) ** 2, height * np.pi * np.sin(2.0 * np.pi * share)
        rows = zip(range(5), share, energies, slopes, strict=True)
        paths += [{**named, "image": i, "place": s, "energy": e, "slope": v} for i, s, e, v in rows]
        saddles.append(
            named
            | {"pressure": 200.0, "lattice_constant": 4.95, "barrier": height, "zero_point_barrier": height - 0.1}
            | {"reaction": 0.0, "barrier_quantum": 0.12, "crossover": 222.0, "imaginary_start": 0}
            | {"imaginary_saddle": 1 if mechanism == "vacancy" else 2, "length": 1.0}
        )
        rates += [
            {
                **named,
                "method": method,
                "temperature": temperature,
                "log_rate": 1.5 - height * 5040.0 / temperature + more,
            }
            for more, method in enumerate(("classical", "quantum", "tunnelling"))
            for temperature in temperatures
        ]
    orbits = [
        {"mechanism": "exchange", "isotope": isotope, "atoms": 44, "temperature": temperature, "beads": 64}
        | {
            "log_rate": rate,
            "log_rate_half": rate + 0.1,
            "log_rate_path": rate - 1.0,
            "action": 20.0,
            "orbit_energy": 0.1,
        }
        | {"crossover": 222.0, "remark": "" if rate == rate else "above the crossover"}
        for isotope in isotopes
        for temperature, rate in ((100.0, -8.0), (150.0, -7.0), (300.0, np.nan))
    ]
    return {
        "statics:hop_instantons": pd.DataFrame(orbits),
        "analysis:double_well": pd.DataFrame(well),
        "analysis:vibrations": vibrations_table(size),
        "analysis:potentials": potentials_table(size),
        "statics:hop_paths": pd.DataFrame(paths),
        "statics:hop_saddles": pd.DataFrame(saddles),
        "statics:hop_rates": pd.DataFrame(rates),
    }


def vibrations_table(size: str) -> pd.DataFrame:
    """Spectra of two species by four methods; of the minimal tables no run was long enough."""
    frequency = np.arange(0.0, 100.0, 1.0)
    rows = [
        pd.DataFrame(
            {
                **{"run": f"{method}-run", "method": method, "isotope": "H", "pressure": 200.0, "temperature": 300.0},
                **{"species": symbol, "frequency": frequency, "error": 0.001, "resolution": 2.0},
                "density": share * np.exp(-0.5 * ((frequency - middle - shift) / 5.0) ** 2) / 12.5,
            }
        )
        for shift, method in enumerate(("classical", "qtb", "adqtb", "trpmd"))
        for symbol, middle, share in (("La", 6.0, 1 / 11), ("H", 40.0, 10 / 11))
    ]
    table = pd.concat(rows, ignore_index=True)
    return table if size == "rich" else table.iloc[:0]


def synthetic(size: str) -> dict:
    """All tables that the figures read."""
    frames, enthalpies = crystals_and_enthalpies(size)
    errors, histograms = parity_tables(size)
    msd, diffusion = msd_tables(size)
    temperatures, pressures = TEMPERATURES[size], PRESSURES[size]
    harmonic = pd.DataFrame(itertools.product(pressures, range(0, 400, 20)), columns=["pressure", "temperature"])
    harmonic["energy_over_3NkB_quantum"] = [quantum_energy(*row) * 0.98 for row in harmonic.to_numpy()]
    harmonic["energy_over_3NkB_classical"] = harmonic["temperature"]
    frequency = np.arange(-1.0, 60.0, 0.5)
    dos = pd.concat(
        pd.DataFrame({"pressure": p, "frequency": frequency, "dos": 1 / 61, "dos_H": 1 / 64, "dos_La": 0.05 / 64})
        for p in pressures
    )
    phonons = pd.DataFrame({"pressure": pressures})
    phonons["zero_point_temperature"] = 820 + 0.5 * phonons["pressure"]
    phonons["beyond_training"] = 0.0
    phonons["imaginary_fraction"] = [0.02] + [0.0] * (len(pressures) - 1)
    return {
        "search:structures": frames,
        "search:enthalpies": enthalpies,
        "statics:eos": lattice_table(np.linspace(4.55, 5.55, 41)),
        "statics:harmonic_energy": harmonic,
        "statics:phonons": phonons,
        "statics:phonon_dos": dos,
        **self_consistent_tables(pressures, dos),
        "potential:parity_errors": errors,
        "potential:parity_histograms": histograms,
        **quality_tables(size),
        **accuracy_tables(size),
        "nct:free_energy/summary": nct_table(),
        "sweep:classical_grid/summary": with_deviation(quadrilateral_rows("classical", size, 160), size),
        "sweep:qtb_grid/summary": with_deviation(quadrilateral_rows("qtb", size, 110), size),
        "sweep:energy_classical/summary": energy_rows("classical", size, [200.0], temperatures, lambda p, t: 1.02 * t),
        "sweep:energy_qtb/summary": energy_rows("qtb", size, [200.0], [5.0, *temperatures], quantum_energy),
        "sweep:energy_pimd/summary": energy_rows(
            "pimd", size, [200.0], temperatures[-2:], lambda p, t: quantum_energy(p, t) - 20
        ),
        "sweep:qtb_low_temperature/summary": energy_rows("qtb", size, pressures, [5.0], quantum_energy),
        "sweep:zero_point_pimd/summary": energy_rows("pimd", size, pressures[-1:], [300.0, 600.0], quantum_energy),
        "sweep:trajectories_qtb/paths": paths_table(size),
        "sweep:diffusion_qtb/msd": msd,
        "sweep:diffusion_qtb/summary": diffusion,
        "sweep:rdf_classical/rdf": rdf_table("classical", size, 0.05),
        "sweep:rdf_qtb/rdf": rdf_table("qtb", size, 0.12),
        **bath_tables(size),
        "sweep:beads_pimd/summary": with_deviation(bead_rows(size), size),
        **learning_tables(size),
        **dft_tables(size),
        **ly_tables(size),
        **hop_tables(size),
    } | ({"dft:lattice": lattice_table([4.749, 4.95, 5.15], -0.0002)} if size == "rich" else {})
