"""Order parameters as plug-ins, on synthetic trajectories of crystals whose answer is known from their geometry."""

import numpy as np
import pandas as pd
import pytest

from qcrystal.analysis.observe import observe
from qcrystal.analysis.order_parameters.bond_centring import find_bonds
from qcrystal.analysis.order_parameters.registry import MEASURES
from qcrystal.analysis.production import ObserveSettings
from qcrystal.crystal.cells import conventional_cell, supercell, unit_cell
from qcrystal.crystal.order_parameters import OrderParameters
from qcrystal.crystal.prototype import Prototype
from qcrystal.dynamics.spec import RunSpec
from qcrystal.dynamics.trajectory import Trajectory, TrajectoryWriter

MASSES = {"S": 32.06, "H": 1.008, "Li": 6.94, "Mg": 24.305, "B": 10.81, "Ca": 40.078, "Ti": 47.867, "O": 15.999}
H3S = Prototype(
    spacegroup=229,
    sites=[{"element": "S", "position": (0, 0, 0)}, {"element": "H", "position": (0, 0.5, 0.5)}],
    lattice_constant=3.0,
)
MGB2 = Prototype(
    spacegroup=191,
    sites=[{"element": "Mg", "position": (0, 0, 0)}, {"element": "B", "position": (1 / 3, 2 / 3, 0.5)}],
    lattice_constant=3.09,
    c=3.52,
)
PEROVSKITE = Prototype(
    spacegroup=221,
    sites=[
        {"element": "Ca", "position": (0, 0, 0)},
        {"element": "Ti", "position": (0.5, 0.5, 0.5)},
        {"element": "O", "position": (0.5, 0.5, 0)},
    ],
    lattice_constant=3.84,
)
BONDS = OrderParameters(bond_centring={"bridge": "H", "ends": "S"}, cell_angles={})


def lithium(group, a):
    return Prototype(spacegroup=group, sites=[{"element": "Li", "position": (0, 0, 0)}], lattice_constant=a)


def run(
    folder, prototype, species, basis="conventional", repeat=(2, 2, 2), frames=60, shake=0.0, shift=None, mobile=None
):
    """A trajectory of a prototype's crystal, its atoms shaken (Å) and moved by ``shift(frame)`` (N, 3), and its table."""
    rng = np.random.default_rng(3)
    atoms = supercell(unit_cell(prototype, basis, prototype.lattice_constant), repeat, species)
    symbols = np.array(atoms.get_chemical_symbols())
    spec = RunSpec(
        run="test", system="x", method="classical", isotope=mobile, start="prototype", basis=basis, repeat=repeat,
        species=tuple(species), mobile=mobile, masses={s: MASSES[s] for s in species}, temperature=300, pressure=100,
        timestep=1, steps=10 * (frames - 1), sample_every=10, checkpoint_every=10, seed=1,
    )  # fmt: skip
    path = folder / "trajectory.h5"
    with TrajectoryWriter(path, spec, list(symbols), np.array([MASSES[s] for s in symbols])) as writer:
        for frame in range(frames):
            moved = atoms.positions + shake * rng.normal(size=atoms.positions.shape)
            moved += 0.0 if shift is None else shift(frame, symbols)
            writer.append(frame * 10, frame * 0.01, moved, atoms.cell.array)
    n, volume = len(atoms), atoms.get_volume()
    table = pd.DataFrame(
        {"time": np.arange(frames) * 0.01, "volume": volume, "pressure": 100 + rng.normal(size=frames)}
    )
    for name in species:
        table[f"kinetic_{name}"] = 0.04 + 0.001 * rng.normal(size=frames)
    table["kinetic_energy"], table["potential_energy"] = n * 0.04, -n + 0.01 * rng.normal(size=frames)
    eos = pd.DataFrame({"volume": np.linspace(0.8, 1.2, 9) * volume / n})
    return Trajectory(path), table, eos.assign(energy=-1.0 + (eos["volume"] / (volume / n) - 1.0) ** 2)


def value(tables, observable):
    rows = tables["summary"].query("observable == @observable")
    assert len(rows) == 1, observable
    return rows.iloc[0]["value"]


def towards_one_sulphur(distance):
    """Each H moved by a distance (Å) along the direction to its nearest S, taken with positive coordinates, as in R3m."""

    def shift(_, symbols):
        atoms = supercell(conventional_cell(H3S, 3.0), (2, 2, 2), ["S", "H"])
        moved = np.zeros((len(symbols), 3))
        for number in np.flatnonzero(symbols == "H"):
            vectors = atoms.get_distances(number, np.flatnonzero(symbols == "S"), mic=True, vector=True)
            nearest = vectors[np.argmin(np.linalg.norm(vectors, axis=1))]
            moved[number] = distance * np.abs(nearest) / 1.5
        return moved

    return shift


def test_every_order_parameter_that_can_be_named_is_measured():
    assert set(MEASURES) == set(OrderParameters.model_fields)


@pytest.mark.engine
def test_the_offset_of_shifted_hydrogens_comes_back(tmp_path):
    """Every H 0.15 Å along its bond, as in R3m: an offset of 0.15; the ends are 3 Å apart."""
    trajectory, thermo, eos = run(tmp_path, H3S, ["S", "H"], shake=0.05, shift=towards_one_sulphur(0.15), mobile="H")
    tables = observe(trajectory, thermo, eos, ObserveSettings(H3S, order_parameters=BONDS))
    # error of a bond's mean offset: 0.05 sqrt(3/2) Å over 24 or more frames and 16 copies; five of these
    assert value(tables, "bond_offset") == pytest.approx(0.15, abs=5 * 0.05 * np.sqrt(1.5 / (24 * 16)))
    assert value(tables, "bond_offset_noise") < 0.02
    # of one sample along the bond: 0.15² + 1.5 x 0.05²
    assert value(tables, "bond_offset_rms") == pytest.approx(np.sqrt(0.15**2 + 1.5 * 0.05**2), rel=0.05)
    assert value(tables, "bond_length") == pytest.approx(3.0, abs=0.02)
    assert value(tables, "angle_deviation") == pytest.approx(0.0, abs=1e-9)
    assert value(tables, "bonds_left_out") == 0


@pytest.mark.engine
def test_hydrogens_that_hop_from_side_to_side_are_centred_on_average(tmp_path):
    sides = towards_one_sulphur(0.15)
    trajectory, thermo, eos = run(
        tmp_path, H3S, ["S", "H"], shake=0.02, shift=lambda frame, s: (-1) ** frame * sides(frame, s), mobile="H"
    )
    tables = observe(trajectory, thermo, eos, ObserveSettings(H3S, order_parameters=BONDS))
    assert value(tables, "bond_offset") < 0.01
    assert value(tables, "bond_offset_rms") == pytest.approx(0.15, rel=0.05)


@pytest.mark.parametrize(
    ("basis", "repeat"), [("conventional", (1, 1, 1)), ("primitive", (1, 1, 1)), ("primitive", (2, 1, 3))]
)
def test_small_cells_have_the_bonds_of_large_ones(basis, repeat):
    """Each H of H3S has two S at a/2 on both sides, and the primitive cell has three bonds, one along each axis."""
    ideal = supercell(unit_cell(H3S, basis, 3.0), repeat, ["S", "H"])
    bonds = find_bonds(ideal, H3S, "H", "S")
    lengths = np.linalg.norm(bonds.step @ ideal.cell.array, axis=-1)
    assert lengths == pytest.approx(np.full((len(bonds.bridge), 2), 1.5))
    assert sorted(set(bonds.kind)) == [0, 1, 2]


def test_a_bond_without_two_ends_is_refused():
    with pytest.raises(ValueError, match="Mg atom 0 of the prototype has not two nearest B"):
        find_bonds(conventional_cell(MGB2, 3.09), MGB2, "Mg", "B")
    with pytest.raises(ValueError, match="no H-O bond"):
        find_bonds(conventional_cell(H3S, 3.0), H3S, "H", "O")


@pytest.mark.parametrize(("group", "a", "neighbours"), [(229, 3.374, 14), (225, 4.251, 12)])
def test_neighbours_of_bcc_and_fcc_are_counted(tmp_path, group, a, neighbours):
    """Within 3.6 Å: the first two shells of bcc (8 and 6), the first of fcc (12); one species without other atoms."""
    prototype = lithium(group, a)
    order = OrderParameters(coordination={"centre": "Li", "neighbour": "Li", "cutoff": 3.6})
    settings = ObserveSettings(prototype, order_parameters=order)
    tables = observe(*run(tmp_path, prototype, ["Li"], repeat=(1, 1, 1), shake=0.01, mobile="Li"), settings)
    assert value(tables, "coordination") == neighbours
    assert set(tables["rdf"]["pair"]) == {"Li-Li"} and set(tables["paths"]["category"]) == {"no exchange"}


def test_angles_of_a_hexagonal_cell_are_compared_with_its_own(tmp_path):
    """γ of MgB2 is 120 degrees: nothing deviates, and nothing needs a cage or a mobile species."""
    tables = observe(
        *run(tmp_path, MGB2, ["Mg", "B"], shake=0.02),
        ObserveSettings(MGB2, order_parameters=OrderParameters(cell_angles={})),
    )
    assert value(tables, "angle_gamma") == pytest.approx(120.0, abs=1e-9)
    assert value(tables, "angle_deviation") == pytest.approx(0.0, abs=1e-9)
    assert "exchanges" not in set(tables["summary"]["observable"]) and tables["paths"].empty


def test_three_species_without_any_order_parameter_have_observables(tmp_path):
    tables = observe(*run(tmp_path, PEROVSKITE, ["Ca", "Ti", "O"], shake=0.02, mobile="O"), ObserveSettings(PEROVSKITE))
    assert len(set(tables["rdf"]["pair"])) == 6
    assert {"Ca", "Ti", "O", "all"} <= set(tables["summary"]["species"])
    assert not tables["summary"]["observable"].str.contains("angle|bond|coordination").any()


def test_a_cage_angle_needs_a_cage(tmp_path):
    settings = ObserveSettings(H3S, order_parameters=OrderParameters(cage_angles={}))
    with pytest.raises(ValueError, match="describe it under cage"):
        observe(*run(tmp_path, H3S, ["S", "H"], frames=20, mobile="H"), settings)
