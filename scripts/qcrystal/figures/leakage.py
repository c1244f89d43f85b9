"""Quantum baths side by side on one potential: leakage of zero-point energy, and thermal averages beside path integrals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from ase import units
from matplotlib.figure import Figure

from qcrystal.analysis.sweeps import corrected_observable, measured_pressure, observable, one_condition, table
from qcrystal.figures.style import METHODS, add_note, draw_points, legend, new_figure, styled
from qcrystal.figures.vibrational_energy import (
    IMAGINARY,
    LEAST_SHARE,
    beads_text,
    imaginary_share,
    mode_energies,
    note_imaginary,
)

LEAKAGE_SWEEPS = ("sweep:leakage_qtb/summary", "sweep:leakage_adqtb/summary")
COMPARED_SWEEPS = tuple(f"sweep:compared_{method}/summary" for method in ("qtb", "adqtb", "pimd", "trpmd"))
TEMPERATURE = "temperature"
DEVIATION = "fluctuation_dissipation"


def harmonic_temperature(dos: pd.DataFrame, species: str, temperature: float, beads: int | None = None) -> float:
    """Kinetic temperature (K) of a species in the harmonic crystal, 2<K>/3k_B.

    Each mode has the kinetic energy θ(ν, T)/2, of which a species takes its share of the eigenvector. With a number of
    beads, θ is what so many hold of it.

    Parameters
    ----------
    dos
        Of ``statics/phonon_dos.csv``, at one pressure: frequency (THz), dos_<species>. Imaginary modes are left out.
    """
    real = dos[dos["frequency"] > IMAGINARY]
    weight = real[f"dos_{species}"].to_numpy(float)
    energy = mode_energies(real["frequency"].to_numpy(float), temperature, beads)
    return float(weight @ energy / weight.sum() / units.kB)


def at_pressure(dos: pd.DataFrame, pressure: float) -> pd.DataFrame | None:
    """Density of states at one of its pressures (GPa); None if there is none within 0.5 GPa."""
    chosen = dos[np.abs(dos["pressure"] - pressure) < 0.5]
    return None if chosen.empty else chosen


def kinetic_temperatures(tables: dict, name: str) -> pd.DataFrame:
    """Kinetic temperature of each species of a sweep: without what the bath's friction adds, where a run tells that."""
    rows = corrected_observable(tables, name, TEMPERATURE, also=("species", "friction", "beads"))
    return rows[rows["species"] != "all"]


@styled
def leakage(tables: dict, published_values: dict) -> Figure:
    """Kinetic temperature of each species and the bath's fluctuation-dissipation deviation against friction.

    Raises
    ------
    TableError
        The sweeps have more than one pressure and temperature.
    """
    pressure, temperature = one_condition(tables, LEAKAGE_SWEEPS)
    rows = pd.concat([kinetic_temperatures(tables, name) for name in LEAKAGE_SWEEPS], ignore_index=True)
    dos = table(tables, "statics:phonon_dos", ["pressure", "frequency"])
    elements = list(dict.fromkeys(rows.sort_values("value")["species"]))  # the heavy one, with the least, comes first
    figure, axes = new_figure(2, 2.5, panels=len(elements) + 1)
    phonons = at_pressure(dos, pressure)
    for panel, species in zip(axes[0], elements, strict=False):
        for method, chosen in rows[rows["species"] == species].groupby("method"):
            draw_points(
                panel, chosen["friction"], chosen["value"], chosen["error"], METHODS[method], METHODS[method].label
            )
        if phonons is not None:
            exact = harmonic_temperature(phonons, species, temperature)
            panel.axhline(exact, color=METHODS["harmonic"].color, linewidth=0.8, linestyle="--", label="phonons")
        panel.set_ylim(0.0, 1.25 * panel.get_ylim()[1])
        panel.set_ylabel(rf"$2\langle K_\mathrm{{{species}}}\rangle/3k_B$ (K)")
    last = axes[0, -1]
    told = [name for name in LEAKAGE_SWEEPS if (tables[name]["observable"] == DEVIATION).any()]
    if len(told) < len(LEAKAGE_SWEEPS):
        add_note(figure, "a bath tells its net power once a run has lasted a whole segment of it")
    for name in told:
        found = observable(tables, name, DEVIATION, also=("species", "friction"))
        for (method, species), chosen in found.groupby(["method", "species"]):
            style = METHODS[method]._replace(marker="osD^"[elements.index(species)])
            label = f"{METHODS[method].label}, {species}"
            draw_points(last, chosen["friction"], chosen["value"], chosen["error"], style, label)
    last.axhline(0.0, color="0.6", linewidth=0.8, linestyle="--")
    last.margins(y=0.3)
    last.set_ylabel(r"net power from the bath (of $2\gamma\langle K\rangle$)")
    for panel in axes[0]:
        panel.set_xscale("log")
        panel.set_xlabel(r"friction $\gamma$ (1/ps)")
        ticks = sorted(rows["friction"].unique())
        panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
        panel.set_xticks([], minor=True)
        panel.margins(x=0.12)
        if panel.get_legend_handles_labels()[0]:
            legend(panel, loc="best")
    axes[0, 0].set_title(f"{temperature:g} K, fixed cell, {measured_pressure(tables, LEAKAGE_SWEEPS)}")
    add_note(figure, "kinetic energies by the virial theorem, without the bath's broadening, where the run tells them")
    note_imaginary(figure, phonons)
    return figure


def compared(tables: dict, published_values: dict) -> pd.DataFrame:
    """Kinetic temperatures (K) and pressure (GPa) at one fixed cell by each method, and their differences to path integrals.

    The pressure of a bath is given without what friction adds to the kinetic energies where the run tells that. Rows of the
    harmonic crystal, with as many beads as the path integrals and with infinitely many, say what the beads leave out.
    """
    rows = []
    for name in COMPARED_SWEEPS:
        found = kinetic_temperatures(tables, name).assign(quantity="kinetic temperature", unit="K")
        pressure = corrected_observable(tables, name, "pressure", "all", also=("friction", "beads"))
        rows += [found, pressure.assign(quantity="pressure", species="all", unit="GPa")]
    frame = pd.concat(rows, ignore_index=True)
    keys = ["quantity", "species", "pressure_target", "temperature_target"]
    reference = frame[frame["method"] == "pimd"].set_index(keys)[["value", "error"]].add_suffix("_pimd")
    joined = frame.join(reference, on=keys)
    joined["minus_pimd"] = joined["value"] - joined["value_pimd"]
    joined["error_of_difference"] = np.hypot(joined["error"], joined["error_pimd"])
    joined.loc[joined["method"] == "pimd", ["minus_pimd", "error_of_difference"]] = np.nan
    joined["method"] = [
        ", ".join(filter(None, [METHODS[method].label, beads_text(one)]))
        for method, one in ((row.method, frame.iloc[[i]]) for i, row in enumerate(joined.itertuples()))
    ]
    joined = pd.concat([joined, _harmonic_rows(tables, frame)], ignore_index=True)
    columns = {
        "quantity": "quantity",
        "species": "species",
        "unit": "unit",
        "method": "method",
        "atoms": "atoms",
        "friction": "friction_per_ps",
        "pressure_target": "pressure_GPa",
        "temperature_target": "temperature_K",
        "value": "value",
        "error": "error",
        "minus_pimd": "minus_PIMD",
        "error_of_difference": "error_of_difference",
    }
    order = joined.sort_values(["quantity", "species", "pressure_target", "temperature_target"], kind="stable")
    return order[list(columns)].rename(columns=columns).reset_index(drop=True)


def _harmonic_rows(tables, frame):
    dos = table(tables, "statics:phonon_dos", ["pressure", "frequency", "dos"])
    kinetic = frame[frame["quantity"] == "kinetic temperature"]
    rows = []
    for (pressure, temperature, species), each in kinetic.groupby(["pressure_target", "temperature_target", "species"]):
        phonons = at_pressure(dos, pressure)
        if phonons is None:
            continue
        missing = imaginary_share(phonons)
        remark = f"{100 * missing:.0f} % of modes imaginary" if missing > LEAST_SHARE else ""
        for beads in [*sorted(set(each.loc[each["method"] == "pimd", "beads"].astype(int))), None]:
            value = harmonic_temperature(phonons, species, temperature, beads)
            text = [METHODS["harmonic"].label, f"{beads} beads" if beads else "", remark]
            label = ", ".join(filter(None, text))
            rows.append(("kinetic temperature", species, "K", label, pressure, temperature, value))
    columns = ["quantity", "species", "unit", "method", "pressure_target", "temperature_target", "value"]
    return pd.DataFrame(rows, columns=columns)
