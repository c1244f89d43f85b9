"""Look up the numbers of the text and write them as JSON and as LaTeX macros."""

import json
from dataclasses import replace

from qcrystal.files import identifier, write_whole
from qcrystal.io.tables import prov_id, read_table
from qcrystal.manuscript.numbers import Number, Text, look_up, macros, observed
from qcrystal.potential.card import read_card
from qcrystal.provenance.job import job
from qcrystal.statics.equation_of_state import lattice_at_pressure


def parity_numbers(table, source):
    """Accuracy on frames that were not trained on."""
    names = {"energy": ("EnergyRmse", "meV/atom", 2), "force": ("ForceRmse", "meV/Å", 0)}
    for quantity, (name, unit, digits) in names.items():
        row = look_up(table, source, quantity=quantity, split="test", system="all", species="all")
        yield Number(name, 1e3 * row.rmse, None, unit, digits, source)
        yield Number(
            f"{name}Frames" if quantity == "energy" else f"{name}Components", float(row.n), None, "", 0, source
        )


def potential_numbers(path):
    """Name and descriptor of the potential and the pressures of the frames that it was trained on."""
    card = read_card(path)
    low, high = card.data.pressure_GPa
    yield Text("PotentialName", card.name, path)
    yield Text("PotentialDescriptor", card.descriptor, path)
    yield Number("TrainingPressureLow", float(low), None, "", 0, path)
    yield Number("TrainingPressureHigh", float(high), None, "GPa", 0, path)


with job(snakemake):
    files = dict(snakemake.input.items())
    numbers = list(potential_numbers(files.pop("card")))
    table = {name: read_table(path) for name, path in files.items()}
    numbers += parity_numbers(table["parity"], files["parity"])
    eos = table["eos"]
    numbers.append(
        Number("StaticLattice", float(lattice_at_pressure(eos, 200.0)), None, "Å", 3, files["eos"]),
    )
    row = look_up(table["phonons"], files["phonons"], pressure=200)
    numbers.append(Number("PhononZeroPoint", float(row.zero_point_temperature), None, "K", 0, files["phonons"]))
    numbers.append(Number("MaxFrequency", float(row.max_frequency), None, "THz", 1, files["phonons"]))
    bath, source = table["qtb_low_temperature"], files["qtb_low_temperature"]
    at = {"pressure_target": 200, "temperature_target": 5}
    for name, quantity, species in (
        ("QtbHydrogenTemperature", "temperature", "H"),
        ("QtbLanthanumTemperature", "temperature", "La"),
        ("QtbEnergyTemperature", "energy_over_3NkB", "all"),
    ):
        numbers.append(observed(name, bath, source, quantity, "K", 0, species=species, **at))
    diffusion, source = table["diffusion_qtb"], files["diffusion_qtb"]
    numbers.append(observed("QtbMsdSlope", diffusion, source, "msd_slope", "Å²/ps", 3, species="H", **at))
    length = observed("DiffusionLength", diffusion, source, "production_length", "ps", 2, species="all", **at)
    numbers.append(replace(length, error=None))
    numbers.append(Number("DiffusionAtoms", float(diffusion.atoms.iloc[0]), None, "", 0, source))
    marks = {path: prov_id(path) for path in snakemake.input}
    document = {
        "prov_id": identifier(),
        "scale": snakemake.params.scale,
        "numbers": {n.name: {**n.as_dict(), "prov_id": marks[n.source]} for n in numbers},
    }
    write_whole(snakemake.output.numbers, json.dumps(document, indent=1) + "\n")
    write_whole(snakemake.output.macros, f"% prov_id {identifier()}\n" + macros(numbers))
