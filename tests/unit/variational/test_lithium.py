"""Published lithium potentials: how they come here, and what a frozen phonon of a known potential must give."""

import hashlib

import jax.numpy as jnp
import numpy as np
import pytest
from model_crystals import AnalyticEnergies

from qcrystal.variational.basis import HBAR_SQUARED
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.frozen_phonon import frozen_phonon, transverse_at_n
from qcrystal.variational.published_potentials import LITHIUM, Published, fetch

pytestmark = pytest.mark.engine


def test_a_copy_is_verified(tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "model.pb").write_bytes(b"weights")
    known = Published("owner/name", "0" * 40, "folder/model.pb", hashlib.sha256(b"weights").hexdigest())
    target = fetch(known, tmp_path / "here" / "model.pb", str(tmp_path / "copy"))
    assert target.read_bytes() == b"weights"
    other = known._replace(digest="0" * 64)
    with pytest.raises(VariationalError, match="its SHA-256 is .*, not 000000000000…; get another copy"):
        fetch(other, tmp_path / "there" / "model.pb", str(tmp_path / "copy"))
    assert list((tmp_path / "there").iterdir()) == []
    with pytest.raises(VariationalError, match="no such potential; correct QCRYSTAL_LITHIUM"):
        fetch(known, tmp_path / "there" / "model.pb", str(tmp_path / "nowhere"))
    assert all(len(one.commit) == 40 and len(one.digest) == 64 for one in LITHIUM.values())


def test_a_frozen_phonon_of_springs_has_the_frequency_of_the_springs():
    """Independent springs of constant k give ħ(k/m)^(1/2) at any amplitude; a quartic part raises it by its first order."""
    atoms, pattern = transverse_at_n("Li", 19.2, 6.941)
    rest, constant, quartic = jnp.array(atoms.positions), 0.7, 3.0
    assert np.linalg.norm(pattern, axis=1) == pytest.approx(np.ones(len(atoms)))
    assert pattern.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)

    def energy(positions, cell):
        square = jnp.sum((positions - rest) ** 2, axis=1)
        return jnp.sum(0.5 * constant * square + quartic * square**2)

    table = frozen_phonon(AnalyticEnergies(energy), atoms, pattern, [0.01, 0.1])
    expected = [1e3 * np.sqrt(HBAR_SQUARED * (constant + 2 * quartic * a**2) / 6.941) for a in (0.01, 0.1)]
    assert table["frequency"].tolist() == pytest.approx(expected, rel=1e-6)
