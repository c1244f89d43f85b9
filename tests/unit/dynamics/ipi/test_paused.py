"""A path integral that was ended goes on in another place as it would have gone on in its own."""

import hashlib
import json
import lzma
import re
import shutil
import tarfile

import pandas as pd
import pytest
import specifications
from crystals import lah10

from qcrystal.crystal.cells import supercell
from qcrystal.dynamics.ipi import launcher, paused
from qcrystal.dynamics.ipi.input import DRIVER

pytestmark = pytest.mark.engine
CODE = "0123456789abcdef"


@pytest.fixture(scope="module")
def begun(released_model, tmp_path_factory):
    """A short path integral that ended, and its folder as it was when it was killed behind step 5."""
    folder = tmp_path_factory.mktemp("runs") / "trial"
    spec = specifications.specification(
        run="trial", method="pimd", timestep=0.25, steps=12, sample_every=2, checkpoint_every=5, beads=4
    )
    structure = supercell(lah10(4.95), (1, 1, 1), ["La", "H"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launcher.shutil, "rmtree", lambda *args, **kwargs: None)
        launcher.run(spec, structure, released_model, folder)
    for later in ("RESTART", "run.checkpoint_2"):
        (folder / "ipi" / later).unlink()
    return spec, structure, folder


@pytest.fixture
def packed(begun, released_model, tmp_path):
    """Packed runs, and the run as another place plans it."""
    _, _, folder = begun
    packs = paused.pack([paused.Run(folder, released_model, CODE, False)], tmp_path / "packs")
    assert [(pack.run, pack.step) for pack in packs] == [("trial", 5)]
    return tmp_path / "packs", paused.Run(tmp_path / "elsewhere" / "trial", released_model, CODE, False)


def test_it_goes_on_as_the_undisturbed_one(begun, packed, released_model):
    """i-PI's restart files round the last digits, which seven steps do not amplify beyond 1e-9."""
    spec, structure, folder = begun
    place, run = packed
    done, kept = paused.unpack([run], place)
    assert [(pack.run, pack.step) for pack in done] == [("trial", 5)] and not kept
    launcher.run(spec, structure, released_model, run.folder)
    assert json.loads((run.folder / "timing.json").read_text())["continued_from_step"] == 5
    expected, found = (pd.read_csv(path / "thermo.csv") for path in (folder, run.folder))
    assert found.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9, abs=1e-9)


def test_no_place_of_this_machine_is_packed(begun, packed, monkeypatch):
    """The library may lie elsewhere there: the driver's place is put in when a run is unpacked."""
    place, run = packed
    content = lzma.decompress((place / "trial.tar.xz").read_bytes())
    assert str(DRIVER).encode() not in content and str(begun[2]).encode() not in content
    monkeypatch.setattr(paused, "DRIVER", "/opt/elsewhere/driver.py")
    paused.unpack([run], place)
    for name in ("input.xml", "RESTART"):
        assert re.search(
            r"<pes_path>\s*/opt/elsewhere/driver.py\s*</pes_path>", (run.folder / "ipi" / name).read_text()
        )
    inputs = [(run.folder / "ipi" / name).read_text() for name in ("input.xml", "start.xyz")]
    mark = hashlib.sha256("\0".join(inputs).encode() + run.model.read_bytes()).hexdigest()
    assert (run.folder / "ipi" / "identity").read_text() == mark


def test_equal_states_have_equal_packs(begun, packed, released_model, tmp_path):
    place, _ = packed
    paused.pack([paused.Run(begun[2], released_model, CODE, False)], tmp_path / "again")
    assert (tmp_path / "again" / "trial.tar.xz").read_bytes() == (place / "trial.tar.xz").read_bytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [({"code": "f" * 16}, "begun by other code (0123456789abcdef, today ffffffffffffffff)"), ({}, "is there already")],
)
def test_what_cannot_go_on_stays_packed(packed, change, said):
    """Other code would go on with another's samples; a folder that is there is never replaced."""
    place, run = packed
    if not change:
        run.folder.mkdir(parents=True)
    done, kept = paused.unpack([run._replace(**change)], place)
    assert not done and len(kept) == 1 and said in kept[0]
    assert (place / "trial.tar.xz").is_file() and not (run.folder / "ipi").exists()


def test_changed_samples_are_not_packed(begun, released_model, tmp_path):
    """What vouches for the checkpoint tells that a sample before it is another one."""
    folder = tmp_path / "trial"
    shutil.copytree(begun[2] / "ipi", folder / "ipi")
    content = bytearray((folder / "ipi" / "run.centroid.bin").read_bytes())
    content[100] ^= 1
    (folder / "ipi" / "run.centroid.bin").write_bytes(content)
    assert paused.pack([paused.Run(folder, released_model, CODE, False)], tmp_path / "packs") == []


def test_another_potential_is_refused_and_an_ended_run_is_unpacked_no_more(begun, packed, tmp_path):
    place, _ = packed
    other = tmp_path / "other.pb"
    other.write_bytes(b"another potential")
    with pytest.raises(paused.PausedError, match="begun with another potential than .*other.pb; remove"):
        paused.pack([paused.Run(begun[2], other, CODE, False)], place)
    assert paused.pack([paused.Run(begun[2], other, CODE, True)], place) == []
    with pytest.raises(paused.PausedError, match="no runs are packed"):
        paused.unpack([], place)


def torn(path):
    path.write_bytes(path.read_bytes()[:-30])


def outside(path):
    """A pack whose samples would land beside its folder."""
    (path.parent / "about.json").write_text("{}")
    with tarfile.open(path, "w:xz") as archive:
        archive.add(path.parent / "about.json", "run.x/../../planted")
    (path.parent / "about.json").unlink()


def linked(path):
    with tarfile.open(path, "w:xz") as archive:
        entry = tarfile.TarInfo("run.thermo")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)


def bomb(path):
    path.write_bytes(lzma.compress(bytes(20_000_000)))


@pytest.mark.parametrize("damage", [torn, outside, linked, bomb, lambda path: path.write_bytes(b"")])
def test_a_damaged_pack_is_one_line_and_leaves_nothing(packed, damage, monkeypatch):
    place, run = packed
    monkeypatch.setattr(paused, "LARGEST", 10_000_000)
    damage(place / "trial.tar.xz")
    with pytest.raises(paused.PausedError, match="trial.tar.xz: damaged .* bring it back from git") as error:
        paused.unpack([run], place)
    assert "\n" not in str(error.value) and not run.folder.parent.exists()
