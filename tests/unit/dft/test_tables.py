"""Static pressures from labels of moving atoms, and the tables about the DFT labels."""

import numpy as np
import pandas as pd
import pytest
from ase import units
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from figure_drawing import draw

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.dft.label_pressures import label_pressures
from qcrystal.manuscript.published import Published

SITES = bulk("Al", "fcc", a=4.0, cubic=True).get_scaled_positions()
SOFT, MOVING = 80.0, 3000.0  # GPa at 4 Å; GPa/Å² of mean squared displacement


def at_rest(lattice_constant):
    """Pressure (GPa) of the model crystal at rest."""
    return SOFT * (4.0 / lattice_constant) ** 6


class Model(Calculator):
    """Pressure of the crystal at rest plus a term that the displacements add."""

    implemented_properties = ["energy", "stress"]

    def calculate(self, atoms=None, properties=("stress",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        a = np.cbrt(atoms.get_volume())
        displacement = atoms.positions - SITES @ atoms.cell.array
        pressure = at_rest(a) + MOVING * (displacement**2).mean()
        self.results = {"energy": 0.0, "stress": np.array([-pressure] * 3 + [0.0] * 3) * units.GPa}


def moving_frames(name, lattice_constants, amplitude, offset, shear=0.0):
    """Labelled frames of the model crystal, whose labels are ``offset`` GPa above the model's pressures."""
    rng = np.random.default_rng(len(name))
    cells = np.array([a * np.eye(3) for a in lattice_constants])
    cells[:, 0, 1] = shear * np.asarray(lattice_constants)
    shifts = rng.normal(scale=amplitude, size=(len(cells), 4, 3))
    positions = SITES @ cells + shifts
    volumes = np.linalg.det(cells)
    pressures = at_rest(np.cbrt(volumes)) + MOVING * (shifts**2).mean(axis=(1, 2)) + offset
    virials = (pressures * units.GPa * volumes)[:, None, None] * np.eye(3)
    frames = len(cells)
    return LabelledFrames(name, ["Al"] * 4, cells, positions, np.zeros(frames), np.zeros((frames, 4, 3)), virials)


def test_motion_is_taken_off_the_labels():
    systems = [moving_frames("fixed", [4.0] * 30, 0.05, 2.0), moving_frames("sheared", [3.9, 4.1], 0.0, 2.0, shear=0.1)]
    table = label_pressures(systems, Model(), at_rest, 1 / 4, frames=30).set_index("system")
    fixed, sheared = table.loc["fixed"], table.loc["sheared"]
    assert fixed["lattice_constant"] == pytest.approx(4.0) and fixed["lattice_constant_std"] == pytest.approx(
        0, abs=1e-9
    )
    assert fixed["cubic"] and not sheared["cubic"]
    # labels less motion are the pressure at rest and the 2 GPa by which the labels differ from the model
    assert fixed["pressure"] - fixed["motion"] == pytest.approx(SOFT + 2)
    assert fixed["dp_minus_labels"] == pytest.approx(-2)
    # <u²> = 0.05² Å²; 30 frames of 12 components: standard error sqrt(2/360) = 7 %, and the error bar says so
    assert fixed["motion"] == pytest.approx(MOVING * 0.05**2, rel=0.25)
    assert fixed["motion_error"] == pytest.approx(MOVING * 0.05**2 * np.sqrt(2 / 360), rel=0.5)
    assert sheared["motion"] == pytest.approx(0, abs=1e-6)


def test_few_frames_are_spread_over_the_system():
    rising = moving_frames("rising", np.linspace(3.9, 4.1, 20), 0.0, 0.0)
    row = label_pressures([rising], Model(), at_rest, 1 / 4, frames=4).iloc[0]
    # the labels' mean is over all frames, whatever number the potential is evaluated at
    assert row["frames"] == 20 and row["pressure"] == pytest.approx(rising.pressures.mean())


@pytest.fixture
def tables():
    a = np.array([4.7, 4.9, 5.103, 5.3])
    columns = ["x", "la_h1", "la_h2", "h_h1", "h_h2", "la_la"]
    lattice = pd.DataFrame({"lattice_constant": a, "pressure": 150 - 200 * (a - 5.103)}).assign(
        **dict.fromkeys(columns, 1.0)
    )
    labels = pd.DataFrame(
        {
            "system": ["fixed", "any volume", "sheared"],
            "frames": 10,
            "lattice_constant": [5.0, 5.0, 5.0],
            "lattice_constant_std": [0.0, 0.1, 0.0],
            "cubic": [True, True, False],
            "pressure": 180.0,
            "motion": 12.0,
        }
    )
    potential = lattice.assign(pressure=lattice["pressure"] - 4)
    return {"dft:lattice": lattice, "statics:eos": potential, "dft:label_pressures": labels}


PUBLISHED = Published(
    sources={"ly2022": "K. K. Ly, D. M. Ceperley, Phys. Rev. B 106, 054106 (2022)"},
    values={"ly_static_pressure": {"value": {"a": 5.103, "pressure": 145.5}, "where": "ly2022 somewhere"}},
    figures=[],
)


def test_equation_of_state_compares_at_equal_volume(tables):
    result = draw("dft_equation_of_state", tables, PUBLISHED)
    # four lattices at rest and the one system that is cubic and has one volume
    assert list(result["system"]) == ["lattice at rest"] * 4 + ["fixed"]
    assert np.allclose(result["dp_minus_gpaw"], -4)
    moving = result.iloc[-1]
    assert moving["gpaw"] == pytest.approx(150 + 200 * 0.103)
    assert moving["labels_minus_motion_minus_gpaw"] == pytest.approx(180 - 12 - moving["gpaw"])
    # the published potential stands beside the one lattice at which it was evaluated
    assert result["published_dp"].notna().tolist() == [False, False, True, False, False]


def test_equation_of_state_without_dft_is_that_of_the_others(tables):
    result = draw("dft_equation_of_state", {k: v for k, v in tables.items() if k != "dft:lattice"}, PUBLISHED)
    assert list(result["system"]) == ["fixed"] and result["gpaw"].isna().all()
