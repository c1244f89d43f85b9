"""Data sets: round trips, checks that name the culprit, verified download, split, conversion of labels."""

import hashlib
import json
import os
import runpy
import threading
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from ase import units
from crystals import lah10

from qcrystal.dataset.checks import Limits, check, check_dataset
from qcrystal.dataset.deepmd_npy import read_dataset, read_deepmd, write_deepmd
from qcrystal.dataset.download import fetch_ly2022
from qcrystal.dataset.labelled_frames import DatasetError, LabelledFrames, nearest_distances, summary
from qcrystal.dataset.split import split, write_split
from qcrystal.dft.labels import labels_to_systems

SPECIES = ["La", "H"]
ROOT = Path(__file__).resolve().parents[3]


def lanthanum_hydride(frames=12, name="cubic", seed=1, lattice_constants=(4.9, 5.3), primitive=False):
    """LaH10 cells over a range of volumes: P = -dE/dV (P falls 150 GPa per Å³), and springs hold the atoms to their sites."""
    generator = np.random.default_rng(seed)
    cells, positions, displacements = [], [], []
    for a in np.linspace(*lattice_constants, frames):
        atoms = lah10(a, primitive=primitive)
        cells.append(atoms.cell.array)
        displacements.append(generator.normal(0, 0.03, (len(atoms), 3)))
        positions.append(atoms.positions + displacements[-1])
    cells, displacements = np.array(cells), np.array(displacements)
    volumes = np.abs(np.linalg.det(cells)) / len(atoms)
    pressures = (150 - 150 * (volumes - 3.02)) * units.GPa
    slope, middle = 150 * units.GPa, 3.02
    energies = -168.7 - 150 * units.GPa * (volumes - middle) + slope * (volumes - middle) ** 2 / 2
    n, spring = len(atoms), 20.0  # eV/Å²
    # springs: E = k u²/2, F = -k u, and under strain u grows with the cell: W = -dE/dε = -k Σ u u
    return LabelledFrames(
        name=name,
        symbols=atoms.get_chemical_symbols(),
        cells=cells,
        positions=np.array(positions),
        energies=n * energies + spring / 2 * (displacements**2).sum(axis=(1, 2)),
        forces=-spring * displacements,
        virials=(n * pressures * volumes)[:, None, None] * np.eye(3)
        - spring * np.einsum("fni,fnj->fij", displacements, displacements),
    )


def altered(system, frame=3, **changes):
    """A copy with ``array[frame] = change(array[frame])``."""
    arrays = {}
    for name, change in changes.items():
        array = getattr(system, name).copy()
        array[frame] = change(array[frame])
        arrays[name] = array
    return replace(system, **arrays)


def test_round_trip(tmp_path):
    system = lanthanum_hydride()
    first, second = system.take(range(5)), system.take(range(5, 12))
    write_deepmd(first, tmp_path / "a" / "b", "set.000", {"software": "none"})
    write_deepmd(second, tmp_path / "a" / "b", "set.001", {"software": "none"})
    (read,) = read_dataset(tmp_path, ["H", "La"])  # type_map.raw in the folder goes before this one
    assert read.name == "a_b" and read.provenance["software"] == "none"
    assert read.symbols.tolist() == system.symbols.tolist()
    assert read.sets.tolist() == ["set.000"] * 5 + ["set.001"] * 7
    for name in ("cells", "positions", "energies", "forces", "virials"):
        assert np.array_equal(getattr(read, name), getattr(system, name))  # float64 both ways: exact
    assert not list(tmp_path.rglob("*.partial"))


def test_type_map_of_the_configuration_where_the_folder_has_none(tmp_path):
    write_deepmd(lanthanum_hydride(frames=2), tmp_path)
    (tmp_path / "type_map.raw").unlink()
    assert (read_deepmd(tmp_path, ["La", "H"]).symbols == "La").sum() == 4
    assert (read_deepmd(tmp_path, ["H", "La"]).symbols == "La").sum() == 40


def test_pressure_of_a_known_virial():
    system = lanthanum_hydride()
    expected = 150 - 150 * (system.volumes / 44 - 3.02)
    springs = (system.forces**2).sum(axis=(1, 2)) / 20 / (3 * system.volumes) / units.GPa  # tr Σ k u u / 3V, in GPa
    assert system.pressures == pytest.approx(expected - springs, rel=1e-12)
    assert system.stoichiometry == "H10La" and system.formula == "H40La4"


@pytest.mark.parametrize("primitive", [False, True])
def test_nearest_distances_agree_with_ase(primitive):
    from ase import Atoms

    system = lanthanum_hydride(frames=2, primitive=primitive)
    found = nearest_distances(system)
    atoms = Atoms(system.symbols, system.positions[1], cell=system.cells[1], pbc=True)
    distances = (atoms * (2, 2, 2)).get_all_distances(mic=True)  # a doubled cell holds each atom's images too
    np.fill_diagonal(distances, np.inf)
    symbols = np.array((atoms * (2, 2, 2)).get_chemical_symbols())
    for (a, b), values in found.items():
        assert values[1] == pytest.approx(distances[np.ix_(symbols == a, symbols == b)].min(), abs=1e-9)


def test_good_labels_pass():
    check(lanthanum_hydride())
    check_dataset([lanthanum_hydride(), lanthanum_hydride(frames=3, name="few", seed=2, primitive=True)])


BAD = {
    "not a number": (lambda s: altered(s, forces=lambda f: f * np.nan), r"cubic: frame 3: nan in forces"),
    "infinite": (lambda s: altered(s, energies=lambda e: -np.inf), r"cubic: frame 3: -inf in energies"),
    "shape": (lambda s: replace(s, forces=s.forces[:, :-1]), r"cubic: forces have shape \(12, 43, 3\)"),
    "no frames": (lambda s: s.take([]), r"cubic: no frames"),
    "flat cell": (lambda s: altered(s, cells=lambda c: c * [[1], [1], [0]]), r"cubic: frame 3: singular cell"),
    "parallel vectors": (lambda s: altered(s, cells=lambda c: c[[0, 1, 1]]), r"cubic: frame 3: singular cell"),
    "close atoms": (
        lambda s: altered(s, positions=lambda r: np.vstack([r[:-1], r[-2] + [0.1, 0, 0]])),
        r"cubic: frame 3: H and H are 0\.100 Å apart",
    ),
    "swapped types": (
        lambda s: replace(s, symbols=np.where(s.symbols == "La", "H", "La")),
        r"cubic: the nearest La and La .* types look swapped",
    ),
    "shuffled types": (
        lambda s: replace(s, symbols=np.roll(s.symbols, 7)),
        r"cubic: the nearest .* types look swapped",
    ),
    "energy": (
        lambda s: altered(s, energies=lambda e: e + 44),
        r"cubic: frame 3: energy .* \+(0\.99|1\.0)\d* eV/atom off",
    ),
    "force": (lambda s: altered(s, forces=lambda f: f * 200), r"cubic: frame 3: force of \d+\.\d eV/Å"),
    "moderately large forces": (lambda s: altered(s, forces=lambda f: f * 25), r"cubic: frame 3: rms force"),
    "virial's sign": (lambda s: replace(s, virials=-s.virials), r"cubic: the sign of the virials is wrong"),
    "one virial's sign": (lambda s: altered(s, virials=lambda v: -v), r"cubic: frame 3: .*check its sign"),
    "virial's unit": (lambda s: replace(s, virials=s.virials / units.GPa), r"cubic: virials look like GPa Å³"),
    "one virial's unit": (lambda s: altered(s, virials=lambda v: v * 160), r"cubic: frame 3: .*check its unit"),
    "forces' sign": (lambda s: replace(s, forces=-s.forces), r"cubic: .*the sign of the forces is wrong"),
    "duplicate": (
        lambda s: altered(s, cells=lambda c: s.cells[8], positions=lambda r: s.positions[8] + 4e-7),
        r"cubic: frame 8 is a duplicate of frame 3 of cubic",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_labels_are_named(case):
    spoil, message = BAD[case]
    with pytest.raises(DatasetError, match=message) as caught:
        check(spoil(lanthanum_hydride()))
    assert "\n" not in str(caught.value)


def test_limits_are_configurable():
    system = lanthanum_hydride()
    with pytest.raises(DatasetError, match=r"outside 0 to 130 GPa .*widen limits\.pressure"):
        check(system, Limits(pressure=(0, 130)))
    with pytest.raises(ValueError, match="distance"):
        Limits(distance=1)


def test_duplicates_and_energies_across_systems():
    system = lanthanum_hydride()
    with pytest.raises(DatasetError, match="other: frame 0 is a duplicate of frame 0 of cubic"):
        check_dataset([system, replace(system, name="other", source="other")])
    other = lanthanum_hydride(frames=3, name="other", seed=5)
    with pytest.raises(DatasetError, match="other: frame . *: energy"):
        check_dataset([system, replace(other, energies=other.energies + 50)])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: (d / "set.000/force.npy").unlink(), r"set\.000/force\.npy: missing"),
        (lambda d: (d / "type.raw").unlink(), "no DeePMD system"),
        (lambda d: (d / "type.raw").write_text("0 1 7\n"), r"type\.raw: types must lie in 0\.\.1"),
        (lambda d: (d / "type.raw").write_text("La H\n"), r"type\.raw: must hold one whole number per atom"),
        (lambda d: (d / "type.raw").write_text("0 1\n"), r"set\.000/coord\.npy: shape \(12, 132\)"),
        (lambda d: os.truncate(d / "set.000/coord.npy", 300), r"set\.000/coord\.npy: not a complete npy array"),
        (lambda d: (d / "set.000/box.npy").write_bytes(b"<html>"), r"set\.000/box\.npy: not a complete npy array"),
        (lambda d: np.save(d / "set.000/energy.npy", np.zeros(5)), r"frames, but energy\.npy has 5"),
        (lambda d: (d / "type_map.raw").write_text("Lanthanum\nH\n"), r"'Lanthanum' is not a chemical element"),
    ],
)
def test_bad_files_are_named(tmp_path, spoil, message):
    write_deepmd(lanthanum_hydride(), tmp_path / "system")
    spoil(tmp_path / "system")
    with pytest.raises(DatasetError, match=message):
        read_dataset(tmp_path, SPECIES)


def test_split_is_deterministic_and_loses_nothing(tmp_path):
    systems = [lanthanum_hydride(name="a"), lanthanum_hydride(frames=2, name="b", seed=2)]
    train, test = split(systems, "fraction", 0.25, seed=7)
    again = split(systems, "fraction", 0.25, seed=7)[1]
    assert [len(s) for s in train] == [9, 1] and [len(s) for s in test] == [3, 1]
    assert np.array_equal(test[0].energies, again[0].energies)
    assert not np.array_equal(test[0].energies, split(systems, "fraction", 0.25, seed=8)[1][0].energies)
    write_split(train, test, tmp_path / "split", {"rule": "fraction"})
    back = read_dataset(tmp_path / "split", SPECIES)
    assert [s.name for s in back] == ["test_a", "test_b", "train_a", "train_b"]
    energies = np.concatenate([s.energies for s in back])
    assert sorted(energies) == sorted(np.concatenate([s.energies for s in systems]))


def test_systems_of_one_frame_are_split_together():
    frames = lanthanum_hydride(frames=20)
    singles = [replace(frames.take([i]), name=f"s{i:02d}") for i in range(20)]
    train, test = split(singles, "fraction", 0.1, seed=3)
    assert len(train) == 18 and len(test) == 2
    assert not {s.name for s in train} & {s.name for s in test}
    assert [s.name for s in split(singles, "fraction", 0.1, seed=3)[1]] == [s.name for s in test]
    train, test = split(singles[:2], "fraction", 0.1)  # one is drawn, however few there are
    assert len(train) == len(test) == 1
    with pytest.raises(DatasetError, match="leaves no frame of 1 to test on"):
        split(singles[:1], "fraction", 0.1)
    train, test = split(
        [frames, *singles], "fraction", 0.1, seed=3
    )  # both kinds: two frames of the one, two of the other
    assert sum(map(len, test)) == 4 and sum(map(len, train)) == 36


def test_last_set_is_the_test_split():
    system = lanthanum_hydride()
    system.sets = np.repeat(["set.000", "set.001", "set.002"], 4)
    train, test = split([system], "last set")
    assert np.array_equal(test[0].energies, system.energies[8:]) and len(train[0]) == 8
    with pytest.raises(DatasetError, match="only one set"):
        split([lanthanum_hydride()], "last set")
    with pytest.raises(DatasetError, match="unknown rule 'first set'"):
        split([system], "first set")


def label_document(system, origins, cutoff=500):
    frames = [
        {
            "energy": float(system.energies[i]),
            "forces": system.forces[i].tolist(),
            "virial": system.virials[i].tolist(),
            "cell": system.cells[i].tolist(),
            "positions": system.positions[i].tolist(),
            "symbols": system.symbols.tolist(),
            "origin": origin,
            "kpoints": [3, 3, 3],
        }
        for i, origin in enumerate(origins)
    ]
    return {"software": {"gpaw": "22.8.0"}, "settings": {"cutoff": cutoff}, "frames": frames}


def test_labels_become_systems_by_recipe_and_composition(tmp_path):
    conventional, primitive = lanthanum_hydride(frames=4), lanthanum_hydride(frames=2, primitive=True)
    documents = [
        label_document(conventional, ["cubic a=1", "triclinic a=2", "cubic a=3", "triclinic a=4"]),
        label_document(primitive, ["cubic a=5", "cubic a=6"]),
    ]
    paths = [tmp_path / f"labels{i}.json" for i in range(2)]
    for path, document in zip(paths, documents, strict=True):
        path.write_text(json.dumps(document))
    systems = {s.name: s for s in labels_to_systems(paths)}
    assert sorted(systems) == ["cubic_H10La", "cubic_H40La4", "triclinic_H40La4"]
    cubic = systems["cubic_H40La4"]
    assert np.array_equal(cubic.forces, conventional.forces[[0, 2]])
    assert np.array_equal(cubic.virials, conventional.virials[[0, 2]])
    assert cubic.provenance["settings"] == {"cutoff": 500}
    assert [o["origin"] for o in cubic.take([1]).provenance["origins"]] == ["cubic a=3"]


def test_labels_that_do_not_belong_together_are_named(tmp_path):
    system = lanthanum_hydride(frames=1)
    good, other, broken = (tmp_path / name for name in ("good.json", "other.json", "broken.json"))
    good.write_text(json.dumps(label_document(system, ["cubic"])))
    other.write_text(json.dumps(label_document(system, ["cubic"], cutoff=300)))
    broken.write_text(good.read_text()[:100])
    with pytest.raises(DatasetError, match=r"other\.json: labelled with other settings"):
        labels_to_systems([good, other])
    with pytest.raises(DatasetError, match=r"broken\.json: not valid JSON"):
        labels_to_systems([broken])
    with pytest.raises(DatasetError, match=r"absent\.json: missing"):
        labels_to_systems([tmp_path / "absent.json"])
    document = label_document(system, ["cubic"])
    del document["frames"][0]["virial"]
    good.write_text(json.dumps(document))
    with pytest.raises(DatasetError, match=r"good\.json: frame 0 has no 'virial'"):
        labels_to_systems([good])


@pytest.fixture
def upstream(tmp_path):
    """A small public repository: one system of two sets, and its checksums."""
    system = lanthanum_hydride()
    folder = tmp_path / "upstream" / "data" / "full" / "e" / "1"
    for number, frames in enumerate((range(8), range(8, 12))):
        write_deepmd(system.take(frames), folder, f"set.00{number}")
    (folder / "provenance.json").unlink()
    files = sorted(p for p in (tmp_path / "upstream").rglob("*") if p.is_file())
    lines = [
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(tmp_path / 'upstream').as_posix()}\n"
        for p in files
    ]
    (tmp_path / "sums").write_text("".join(lines))
    return tmp_path / "upstream"


@pytest.fixture
def server(upstream, monkeypatch):
    """Address of a server on this machine that holds the public repository o/r at commit abc, and the files asked for."""
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def translate_path(self, path):
            asked.append(path.removeprefix("/o/r/abc/"))
            return str(upstream / asked[-1])

        def log_message(self, *_):
            pass

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_download_is_verified_and_continued(tmp_path, server):
    address, asked = server
    arguments = (tmp_path / "here", None, tmp_path / "sums", "o/r", "abc", address)
    report = fetch_ly2022(*arguments)
    assert report.verified == len(asked) == 12 and report.missing_test_sets == []
    assert len(read_dataset(tmp_path / "here", SPECIES)[0]) == 12
    (tmp_path / "here/e/1/type.raw").write_text("0\n")
    fetch_ly2022(*arguments)
    assert len(asked) == 13 and asked[-1] == "data/full/e/1/type.raw"  # only the spoiled file again


def test_failed_download_is_continued_where_nobody_removes_it(tmp_path, upstream, monkeypatch):
    """As under Snakemake, which removes the output of a failed job: the copy lacks a file, then has it."""
    monkeypatch.setattr("qcrystal.provenance.job._log_to", lambda path: None)
    folder, partial = tmp_path / "downloads/ly", tmp_path / "downloads/.ly.partial"
    source = {"path": str(upstream), "checksums": str(tmp_path / "sums"), "repository": "o/r", "commit": "abc"}

    def download(**changes):
        snakemake = SimpleNamespace(
            rule="download",
            resources={},
            log=[],
            wildcards=SimpleNamespace(dataset="ly"),
            output=SimpleNamespace(folder=str(folder)),
            params=SimpleNamespace(source=source | changes),
        )
        runpy.run_path(str(ROOT / "scripts/dataset/download.py"), {"snakemake": snakemake})

    broken, content = upstream / "data/full/e/1/type_map.raw", b"La\nH\n"
    broken.write_bytes(b"H\nLa\n")  # the last file
    with pytest.raises(SystemExit):
        download()
    fetched = partial / "files/e/1/set.000/box.npy"
    stamp = fetched.stat().st_mtime_ns
    assert not folder.exists()
    broken.write_bytes(content)
    download()
    assert not partial.exists()
    assert (folder / "e/1/set.000/box.npy").stat().st_mtime_ns == stamp  # not fetched again
    assert len(read_dataset(folder, SPECIES)[0]) == 12
    # what was left of another source does not get in
    broken.write_bytes(b"H\nLa\n")
    with pytest.raises(SystemExit):
        download()
    (partial / "files/foreign.npy").touch()
    broken.write_bytes(content)
    download(commit="def")
    assert not (folder / "foreign.npy").exists() and (folder / "e/1/type.raw").is_file()


def test_wrong_checksums_are_named(tmp_path, upstream, server, monkeypatch):
    monkeypatch.setattr("qcrystal.dataset.download.RETRIES", 0)
    with (upstream / "data/full/e/1/set.001/force.npy").open("ab") as file:
        file.write(b"x")
    for local in (upstream, None):
        with pytest.raises(DatasetError, match=r"set\.001/force\.npy: SHA-256 is"):
            fetch_ly2022(tmp_path / "here", local, tmp_path / "sums", "o/r", "abc", server[0])


def test_local_copy_may_lack_the_last_set_only(tmp_path, upstream):
    folder = upstream / "data/full/e/1"
    last = folder / "set.001"
    for path in list(last.iterdir()):
        path.unlink()
    report = fetch_ly2022(tmp_path / "here", upstream, tmp_path / "sums", "o/r", "abc")
    assert report.missing_test_sets == ["data/full/e/1/set.001"] and report.verified == 7
    (folder / "set.000/box.npy").unlink()
    with pytest.raises(DatasetError, match=r"set\.000/box\.npy: missing"):
        fetch_ly2022(tmp_path / "here", upstream, tmp_path / "sums", "o/r", "abc")


def test_no_connection_names_the_key_that_takes_a_local_copy(tmp_path, upstream, server, monkeypatch):
    monkeypatch.setattr("qcrystal.dataset.download.RETRIES", 0)
    arguments = (tmp_path / "here", None, tmp_path / "sums", "o/r")
    with pytest.raises(DatasetError, match="answers 404; check repository and commit"):
        fetch_ly2022(*arguments, "abd", server[0])
    closed = "http://127.0.0.1:1"
    with pytest.raises(DatasetError, match=r"cannot be fetched .*datasets\.ly2022\.path") as caught:
        fetch_ly2022(*arguments, "abc", closed)
    assert "\n" not in str(caught.value)
    with pytest.raises(DatasetError, match=r"datasets\.ly2022\.path must name a copy"):
        fetch_ly2022(tmp_path / "here", tmp_path / "nowhere", tmp_path / "sums", "o/r", "abc")


def test_shipped_checksums_are_of_the_labels_only():
    lines = (ROOT / "data/ly2022.sha256").read_text().splitlines()
    assert len(lines) == 1145 and all(line[66:].startswith("data/full/") for line in lines)


def test_summary_holds_the_ranges():
    row = summary([lanthanum_hydride()]).iloc[0]
    assert (row["frames"], row["atoms"]) == (12, 44)
    assert row["volume_min"] == pytest.approx(4.9**3 / 44) and row["volume_max"] == pytest.approx(5.3**3 / 44)
    assert row["pressure_max"] > row["pressure_min"] > 80


@pytest.mark.skipif("QCRYSTAL_LY2022" not in os.environ, reason="QCRYSTAL_LY2022 names no copy of [Ly]'s data")
def test_labels_of_ly_and_ceperley_pass():
    folder = Path(os.environ["QCRYSTAL_LY2022"]) / "data/full"
    names = ("aimd", "ensemble14", "r3m")
    systems = [read_deepmd(folder / name, SPECIES) for name in names]  # hottest, widest and non-cubic ones
    check_dataset(systems)
    pressures = np.concatenate([s.pressures for s in systems])
    assert pressures.min() == pytest.approx(82, abs=1) and pressures.max() < 215  # GPa, as stated with the data
    with pytest.raises(DatasetError, match="sign"):
        check(replace(systems[2], virials=-systems[2].virials))
    with pytest.raises(DatasetError, match="types look swapped"):
        check(read_deepmd(folder / "r3m", ["H", "La"]))
