"""Look up the numbers of the text and write them as JSON and as LaTeX macros."""

import json

from qcrystal.numbers import Number, look_up, macros
from qcrystal.provenance import job, write_whole
from qcrystal.statics import lattice_at_pressure
from qcrystal.tables import read_table


def parity_numbers(table, source):
    """Accuracy on frames that were not trained on."""
    names = {"energy": ("EnergyRmse", "meV/atom", 2), "force": ("ForceRmse", "meV/Å", 0)}
    for quantity, (name, unit, digits) in names.items():
        row = look_up(table, source, quantity=quantity, split="test", system="all", species="all")
        yield Number(name, 1e3 * row.rmse, None, unit, digits, source)
        yield Number(
            f"{name}Frames" if quantity == "energy" else f"{name}Components", float(row.n), None, "", 0, source
        )


def observable(name, table, source, unit, digits, **conditions):
    """One observable of one condition; replicas are averaged before, so there is one row."""
    row = look_up(table, source, **conditions)
    return Number(name, float(row.value), float(row.error), unit, digits, source)


with job(snakemake):
    files = dict(snakemake.input.items())
    table = {name: read_table(path) for name, path in files.items()}
    numbers = list(parity_numbers(table["parity"], files["parity"]))
    eos = table["eos"]
    numbers.append(
        Number("StaticLattice", float(lattice_at_pressure(eos, 200.0)), None, "Å", 3, files["eos"]),
    )
    row = look_up(table["phonons"], files["phonons"], pressure=200)
    numbers.append(Number("PhononZeroPoint", float(row.zero_point_temperature), None, "K", 0, files["phonons"]))
    numbers.append(Number("MaxFrequency", float(row.max_frequency), None, "THz", 1, files["phonons"]))
    bath, source = table["qtb_low_temperature"], files["qtb_low_temperature"]
    at = {"pressure_target": 200, "temperature_target": 5}
    for name, observed, species, digits in (
        ("QtbHydrogenTemperature", "temperature", "H", 0),
        ("QtbLanthanumTemperature", "temperature", "La", 0),
        ("QtbEnergyTemperature", "energy_over_3NkB", "all", 0),
    ):
        numbers.append(observable(name, bath, source, "K", digits, observable=observed, species=species, **at))
    diffusion, source = table["diffusion_qtb"], files["diffusion_qtb"]
    first = diffusion[diffusion.replica == 0]
    numbers.append(observable("QtbMsdSlope", first, source, "Å²/ps", 3, observable="msd_slope", species="H", **at))
    numbers.append(Number("DiffusionLength", float(first.length_ps.iloc[0]), None, "ps", 2, source))
    numbers.append(Number("DiffusionAtoms", float(first.atoms.iloc[0]), None, "", 0, source))
    document = {"scale": snakemake.params.scale, "numbers": {n.name: n.as_dict() for n in numbers}}
    write_whole(snakemake.output.numbers, json.dumps(document, indent=1) + "\n")
    write_whole(snakemake.output.macros, macros(numbers))
