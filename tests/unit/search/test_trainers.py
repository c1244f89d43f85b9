"""Labels of the stand-in against finite differences, and two trainers on systems that lack species."""

import numpy as np
import pytest
from ase import Atoms

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.dataset.split import split, write_split
from qcrystal.potential.engines import Deepmd, open_potential
from qcrystal.potential.native.weights import WeightsError, read_weights
from qcrystal.potential.settings import Architecture, Effort, Seeds, Training
from qcrystal.potential.training import train_on_dataset
from qcrystal.search.stand_in import LennardJonesMixture
from qcrystal.search.stand_in_labels import labelled
from qcrystal.search.trainers import at_rest, blind_errors, trainer_row

PAIRS = {
    "Ca-Ca": (3.0, 0.8),
    "Ca-Y": (3.0, 0.85),
    "Y-Y": (3.0, 0.8),
    "Ca-H": (2.0, 0.5),
    "Y-H": (2.0, 0.52),
    "H-H": (1.3, 0.2),
}
SPECIES = ["Y", "Ca", "H"]


def crystal(symbols: str, name: str) -> Atoms:
    """The lattice of CsCl, its second site taken by the last symbol; hydrogen on faces."""
    places = [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5)]
    count = len(Atoms(symbols))
    return Atoms(symbols, cell=[3.4] * 3, scaled_positions=places[:count], pbc=True, info={"name": name})


CRYSTALS = [
    crystal("CaYH3", "both"),
    crystal("CaH3", "no-Y"),
    crystal("YH2", "no-Ca"),
    crystal("H2", "pure"),
    crystal("CaY", "no-H"),
]


def test_forces_and_virials_are_the_slopes_of_the_energy():
    """Central differences of 1e-4 Å and 1e-4 in strain err by less than 1e-4."""
    calculator = LennardJonesMixture(PAIRS)
    (system,) = labelled(CRYSTALS[:1], calculator, 2, seed=1)

    def energy(positions, cell):
        atoms = Atoms(system.symbols.tolist(), positions=positions, cell=cell, pbc=True)
        atoms.calc = calculator
        return atoms.get_potential_energy()

    cell, positions, step = system.cells[1], system.positions[1], 1e-4
    assert energy(positions, cell) == pytest.approx(system.energies[1])
    moved = np.zeros_like(positions)
    moved[3, 1] = step
    slope = (energy(positions + moved, cell) - energy(positions - moved, cell)) / (2 * step)
    assert system.forces[1, 3, 1] == pytest.approx(-slope, abs=1e-4)
    strain = np.zeros((3, 3))
    strain[0, 0] = step
    up, down = (energy(positions @ (np.eye(3) + sign * strain), cell @ (np.eye(3) + sign * strain)) for sign in (1, -1))
    assert system.virials[1, 0, 0] == pytest.approx(-(up - down) / (2 * step), abs=1e-3)
    assert system.pressures.shape == (2,)


def test_errors_without_a_potential_are_what_composition_leaves():
    """Energies that composition gives leave nothing; one frame off by 2 eV of 5 atoms leaves it. Forces are their own size."""
    systems = [
        system(symbols, energies, force)
        for symbols, energies, force in (
            ("CaYH3", [5 * 1.0, 5 * 1.0], 0.0),
            ("H2", [2 * 3.0], 0.04),
            ("CaY", [-4.0], 0.3),
        )
    ]
    assert blind_errors(systems, systems[1:]) == pytest.approx((0.0, np.sqrt((2 * 0.04**2 + 2 * 0.3**2) / 12)))
    off = [system("CaYH3", [5.0 + 2.0], 0.0)]
    assert blind_errors(systems, off)[0] == pytest.approx(0.4)
    assert at_rest(systems) == 3


def system(symbols: str, energies: list[float], force: float) -> LabelledFrames:
    """Frames with one force (eV/Å) on every atom, along x."""
    atoms = crystal(symbols, symbols)
    count, forces = len(energies), np.zeros((len(energies), len(atoms), 3))
    forces[:, :, 0] = force
    cells, positions = (np.repeat(each[None], count, 0) for each in (atoms.cell.array, atoms.positions))
    return LabelledFrames(
        symbols,
        np.array(atoms.get_chemical_symbols()),
        cells,
        positions,
        np.array(energies),
        forces,
        np.zeros((count, 3, 3)),
    )


def architecture(kind: str, trainer: str) -> Architecture:
    return Architecture(
        kind=kind, trainer=trainer, optimizer="adam", schedule="exp", descriptor=[4, 8], axis_neuron=4, type_one_side=False,
        sel=[40, 40, 120], cutoff=4.0, cutoff_smooth=2.0, fitting=[8, 8], precision="float32", start_lr=1e-2, stop_lr=1e-4,
        energy=(0.02, 2),
    )  # fmt: skip


@pytest.mark.slow
def test_one_network_for_all_species_learns_systems_that_lack_some(tmp_path):
    """DPA-1 through training, freezing and compression: its forces are the slopes of its energies, and errors fall."""
    train, test = split(labelled(CRYSTALS, LennardJonesMixture(PAIRS), 3, seed=2), "fraction", 0.3, seed=2)
    write_split(train, test, tmp_path / "data", {})
    rows = []
    for steps in (1, 60):
        training = Training(
            species=SPECIES,
            architecture=architecture("se_atten", "deepmd"),
            effort=Effort(steps=steps, checkpoint_every=1000),
            seeds=Seeds.following(3),
        )
        model = tmp_path / f"{steps}.pb"
        train_on_dataset(training, tmp_path / "data", model, tmp_path / f"{steps}.csv")
        rows.append(trainer_row("dpa1", training, model, train, test, "stand-in").iloc[0])
    assert rows[1]["force_rmse"] < rows[0]["force_rmse"]
    assert rows[1]["held_out"] == 5 and np.isfinite(rows[1]["force_rmse_lacking"])
    with pytest.raises(WeightsError, match=r"60\.pb: its descriptor\.type is 'se_atten', .*; set engine: deepmd"):
        read_weights(model)
    assert type(open_potential(model, "native")) is Deepmd
    potential, system = Deepmd(model), test[0]
    types = [SPECIES.index(symbol) for symbol in system.symbols.tolist()]
    moved = system.positions[:1].repeat(2, axis=0)
    moved[0, 0, 0] += 0.002
    moved[1, 0, 0] -= 0.002
    energies, _, _ = potential.evaluate(moved, system.cells[:1].repeat(2, axis=0), types)
    _, forces, _ = potential.evaluate(system.positions[:1], system.cells[:1], types)
    # networks in single precision: energies of some 10 eV are rounded by 1e-6, over 0.004 Å
    assert forces[0, 0, 0] == pytest.approx(-(energies[0] - energies[1]) / 0.004, abs=3e-3)


def test_the_usual_descriptor_is_left_out_of_settings():
    """Trainings from before there were two kinds keep their digest; other kinds are written and read again."""
    usual, other = architecture("se_e2_a", "moments"), architecture("se_atten", "deepmd")
    assert "kind" not in usual.model_dump(mode="json")
    assert Architecture.model_validate(other.model_dump(mode="json")) == other
    with pytest.raises(
        ValueError, match="kind: trainer moments knows se_e2_a alone, not se_atten; set trainer: deepmd"
    ):
        architecture("se_atten", "moments")
