"""Figures that every crystal has: equation of state, phonon density of states, order parameters; of H3S as configured."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qcrystal.figures.draw import draw as draw_kind
from qcrystal.figures.registry import FigureSet
from qcrystal.io.tables import read_table
from qcrystal.io.yaml_files import read_mapping
from qcrystal.manuscript.published import read_published

FOLDER = Path(__file__).resolve().parents[3] / "config" / "crystals" / "h3s"
FIGURES = FigureSet.model_validate(read_mapping(FOLDER / "figures.yaml")).figures
LITERATURE = read_published(FOLDER / "published.yaml")


def draw(name, inputs):
    entry = FIGURES[name]
    published = {role: LITERATURE.cited(value) for role, value in entry.published.items()}
    return draw_kind(entry.kind, inputs, published, entry.options)


def summary(method, pressures, temperatures, offset, isotope="H"):
    """Summary of a sweep in which the offset (Å) is a function of pressure, with an error and a noise of 0.01 Å."""
    rows = []
    for pressure in pressures:
        for temperature in temperatures:
            head = {
                "run": f"{method}-{isotope}-{pressure}-{temperature}", "system": "h3s", "method": method, "isotope": isotope,
                "start": "cubic", "atoms": 16, "beads": 8 if method == "pimd" else 1, "friction": 10.0,
                "pressure_target": float(pressure), "temperature_target": float(temperature), "replica": 0, "length_ps": 0.2,
                "extrapolates": "no",
            }  # fmt: skip
            for observable, value in (
                ("bond_offset", offset(pressure)),
                ("bond_offset_noise", 0.01),
                ("exchanges", 0.0),
            ):
                rows.append(
                    head
                    | {
                        "observable": observable,
                        "species": "H",
                        "value": value,
                        "error": 0.005,
                        "n_effective": 20.0,
                        "unit": "Å",
                    }
                )
    return pd.DataFrame(rows)


def symmetric_above(pressure):
    return lambda p: 0.02 * np.sqrt(max(pressure - p, 0.0))


PRESSURES = [80, 100, 120, 150, 200]


@pytest.fixture
def sweeps():
    return [
        summary("classical", PRESSURES, [100, 300], symmetric_above(175)),
        summary("qtb", PRESSURES, [100, 300], symmetric_above(110)),
        summary("pimd", PRESSURES, [300], symmetric_above(103)),
        summary("pimd", PRESSURES, [300], symmetric_above(115), "D"),
    ]


def labels(picture):
    return [text for axes in picture.axes for text in axes.get_legend_handles_labels()[1]]


def test_each_method_and_isotope_is_a_curve_beside_the_published_transitions(sweeps):
    picture = draw("order_pressure", {"summaries": sweeps})
    (panel,) = picture.axes
    curves = {
        label: container
        for container, label in zip(*panel.get_legend_handles_labels(), strict=True)
        if not label.startswith("Errea")
    }
    assert set(curves) == {"classical, H", "QTB, H", "PIMD, H", "PIMD, D"}
    x, y = curves["PIMD, D"].lines[0].get_data()
    assert list(x) == PRESSURES and y == pytest.approx([symmetric_above(115)(p) for p in PRESSURES])
    assert {line.get_xdata()[0] for line in panel.lines if line.get_gid() == "published"} == {103, 115}
    assert panel.get_title() == "300 K"


def test_conditions_whose_offset_is_noise_are_marked(sweeps):
    picture = draw("order_pimd", {"summary": sweeps[2]})
    marked = [text.get_text() for text in picture.axes[0].texts if "‡" in text.get_text()]
    assert len(marked) == sum(p > 103 for p in PRESSURES)
    assert any("symmetric crystals" in note for note in picture.notes)


def test_labels_at_rest_lie_on_the_equation_of_state_whatever_their_zero_of_energy():
    volume = np.linspace(3.0, 4.2, 25)
    eos = pd.DataFrame({"volume": volume, "pressure": 400 * (4.3 - volume), "energy": 1.2 * (volume - 4.3) ** 2 - 9.0})
    eos = eos.assign(lattice_constant=(8 * volume) ** (1 / 3), beyond_training=np.clip(eos["pressure"] - 450, 0, None))
    frames = eos.iloc[::4].assign(system="static_H3S", energy=lambda rows: rows["energy"] + 7.0)
    others = frames.assign(system="R3m_H3S", pressure=0.0)
    picture = draw("equation_of_state", {"eos": eos, "frames": pd.concat([frames, others])})
    for panel, column in zip(picture.axes, ("pressure", "energy"), strict=True):
        curve = next(line for line in panel.lines if len(line.get_xdata()) == len(volume))
        points = next(line for line in panel.lines if line.get_marker() == "P")
        assert list(points.get_xdata()) == list(frames["volume"]), column
        on_curve = np.interp(points.get_xdata(), *curve.get_data())
        assert points.get_ydata() == pytest.approx(on_curve, abs=1e-9)
    assert any("beyond" in note for note in picture.notes)


def test_densities_of_states_add_up_and_imaginary_modes_are_told():
    frequency = np.arange(-20.0, 70.0, 0.2)

    def peak(middle, width):
        return np.exp(-0.5 * ((frequency - middle) / width) ** 2) / (width * np.sqrt(2 * np.pi))

    sulphur, hydrogen = 0.25 * peak(12, 3), 0.65 * peak(45, 6) + 0.1 * peak(-10, 2)
    dos = pd.DataFrame({"frequency": frequency, "dos": sulphur + hydrogen, "dos_S": sulphur, "dos_H": hydrogen})
    tables = [dos.assign(pressure=p) for p in (100.0, 125.0, 150.0, 175.0, 200.0)]
    picture = draw("phonons", {"dos": pd.concat(tables, ignore_index=True)})
    assert [panel.get_title(loc="left") for panel in picture.axes] == ["(a) 100 GPa", "(b) 150 GPa", "(c) 200 GPa"]
    assert any("10 % of the modes are imaginary" in note for note in picture.notes)
    assert picture.axes[0].get_xlim()[0] < -10


def test_convergence_of_labels_without_a_lattice_at_rest_is_a_table():
    """The shipped table of H3S has no static pressure; every other column is there, with its unit."""
    table = read_table(FOLDER.parents[2] / "data/h3s-gpaw/convergence.csv", "dft_convergence")
    made = draw("dft_convergence", {"convergence": table})
    assert "static_pressure_GPa" not in made and list(made["chosen"]).count("chosen") == 3
    check_columns = [column for column in made if column.endswith(("_eV", "_A", "_GPa", "_atom"))]
    assert len(made) == len(table) and len(check_columns) == 8
