"""The scale: sizes and effort, no physics.

``config/scales/<name>.yaml`` holds what no crystal changes, ``config/crystals/<crystal>/scales/<name>.yaml`` the rest.
"""

from __future__ import annotations

from pydantic import field_validator

from qcrystal.config.dft import DftEffort
from qcrystal.config.dynamics import SamplingEffort
from qcrystal.config.hops import HopsEffort, InstantonEffort
from qcrystal.config.learning import LearningEffort
from qcrystal.config.search import SearchEffort
from qcrystal.config.statics import StaticsEffort
from qcrystal.config.superconductivity import Meshes
from qcrystal.config.sweep import Sweep
from qcrystal.config.ternary import TernaryEffort
from qcrystal.config.training import TrainingEffort
from qcrystal.config.variational import NctEffort
from qcrystal.fields import Name, Strict, Text

DEAR = ("search", "variational", "superconductivity")
"""Parts of a scale's results, besides runs, whose tables figures can do without until they have ended."""


class Unfinished(Strict):
    """Runs and tables of a long scale that are not there yet.

    ``python -m qcrystal reduced unfinished`` writes this list. Remove it before you run the rest.
    """

    runs: list[Text] = []
    """Names of runs that are left out of the sweeps."""
    tables: list[Text] = []
    """Tables, relative to the scale's results, that figures and numbers do without: of searches, variational calculations
    and superconductivity alone."""

    @field_validator("tables")
    @classmethod
    def _take_days(cls, tables: list[str]) -> list[str]:
        for table in tables:
            if table.partition("/")[0] not in DEAR or ".." in table.split("/"):
                raise ValueError(f"{table!r} is made in minutes; list tables of {', '.join(DEAR)} alone")
        return tables


class Scale(Strict):
    """Sizes and effort."""

    dft: DftEffort
    """Labelling by DFT."""
    training: TrainingEffort
    """Training of the potentials."""
    learning: LearningEffort
    """Concurrent learning."""
    statics: StaticsEffort
    """Equation of state and phonons."""
    search: SearchEffort
    """Structure search."""
    ternary: TernaryEffort | None = None
    """Search over compositions; null: the crystal has none."""
    electron_phonon: list[Meshes] = []
    """Meshes at which couplings of the crystal's compounds are computed; empty: none are."""
    sampling: SamplingEffort
    """Sampling of the dynamics."""
    sweeps: dict[Name, Sweep]
    """Tables of conditions at which dynamics runs, by name; figures name the sweeps that they show."""
    nct: NctEffort = NctEffort()
    """Variational free energies."""
    hops: HopsEffort = HopsEffort()
    """Paths of mobile atoms, and double wells."""
    instantons: InstantonEffort = InstantonEffort()
    """Tunnelling of these atoms in all dimensions."""
    left_out: list[Name] = []
    """Figures and tables of the crystal that this scale does not draw."""
    unfinished: Unfinished = Unfinished()
    """Runs and tables that are left out until they have ended: the file ``config/crystals/<name>/unfinished/<scale>.yaml``."""
