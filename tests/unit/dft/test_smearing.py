"""Occupation numbers that GPAW is told to use."""

import importlib.util

import pytest

from qcrystal.config.dft import PawSet
from qcrystal.dft.gpaw_process import paw_options


@pytest.fixture
def labeller(root):
    """scripts/dft/label.py, which runs under another interpreter."""
    spec = importlib.util.spec_from_file_location("label", root / "scripts" / "dft" / "label.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"width": 0.3}, {"name": "fermi-dirac", "width": 0.3}),
        (
            {"width": 0.2, "smearing": "methfessel-paxton"},
            {"name": "methfessel-paxton", "width": 0.2, "order": 1},
        ),
        ({"width": 0.2, "smearing": "marzari-vanderbilt"}, {"name": "marzari-vanderbilt", "width": 0.2}),
    ],
)
def test_smearing_is_fermi_dirac_unless_another_is_named(labeller, settings, expected):
    assert labeller.occupations(settings) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ""),
        ({"electrons": 3}, "-e 3"),
        ({"electrons": 11, "scalar_relativistic": True, "radius": 1.5}, "-e 11 -s -r 1.5"),
    ],
)
def test_options_of_a_paw_set_are_those_of_gpaw_dataset(options, expected):
    """As `gpaw dataset --help` names them: -e electrons, -s scalar-relativistic, -r radius in bohr."""
    assert " ".join(paw_options(PawSet(**options))) == expected
