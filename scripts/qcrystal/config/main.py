"""The main configuration: ``config/config.yaml``, and the sources of a crystal, ``config/crystals/<name>/sources.yaml``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from qcrystal.dataset.checks import Limits
from qcrystal.errors import Problem
from qcrystal.fields import Count, FilePath, Name, Positive, Strict, Text, Whole
from qcrystal.potential.engines import Engine


def data_come_from_somewhere(
    path: str | None, repository: str | None, commit: str | None, checksums: str | None
) -> Iterator[Problem]:
    """A folder, or everything that a download needs."""
    if path is None and None in (repository, commit, checksums):
        found = "null means a download, for which repository, commit and checksums are needed"
        yield Problem("", "path", found, "name the three, or a folder")


class Dataset(Strict):
    """A set of DFT labels: shipped with the repository (``path``), or public (``repository`` at ``commit``)."""

    checks = (data_come_from_somewhere,)

    path: FilePath | None = None
    """Folder that holds it; null: it is downloaded."""
    repository: Annotated[Text, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = None
    """Public repository, ``owner/name``."""
    commit: Annotated[Text, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    """Commit of the repository (40 digits)."""
    checksums: FilePath | None = None
    """File of the SHA-256 sums of what is downloaded."""
    test: Literal["last set", "fraction", "marked"] = "fraction"
    """Frames that are not trained on: each system's last set, a share of all frames, or those that ``provenance.json`` marks."""
    test_fraction: Annotated[Positive, Field(lt=1)] = 0.1
    """Share of the frames that a split by ``fraction`` keeps apart."""
    limits: Limits = Limits()
    """Ranges that labels must keep to; a label outside is an error."""


class Sources(Strict):
    """Sources of a crystal's workflow: potential, data sets, tables of reference. Null: there is none."""

    model: FilePath | None = None
    """Folder of the released potential (``start: model``)."""
    compared: list[FilePath] = []
    """Folders of other released potentials, whose answers at rest stand beside those of the crystal's own."""
    training: Name
    """Architecture that is trained (``start: labels`` or ``dft``), of the crystal's ``training``."""
    dataset: Name
    """Data set that is trained on (``start: labels``), of ``datasets``."""
    datasets: dict[Name, Dataset]
    """Data sets by name."""
    dft_reference: FilePath | None = None
    """Table of lattices relaxed by DFT (``start: model`` or ``labels``)."""
    label_pressures: FilePath | None = None
    """Table of the mean pressures of another data set's labels."""
    dft_convergence: FilePath | None = None
    """Table of errors of the labels by DFT settings (``start: model`` or ``labels``)."""
    dft_check: FilePath | None = None
    """Table of found structures checked by DFT (``start: model`` or ``labels``)."""
    learning_reference: FilePath | None = None
    """Folder of the tables of the generations that made the shipped data set (``start: model`` or ``labels``)."""
    learning_from: Literal["recipes", "dataset"] = "recipes"
    """First labels of concurrent learning: those of the recipes, or those of ``dataset``, which grows."""
    published: FilePath
    """Literature values that figures and tables stand beside."""


class Main(Sources):
    """The main configuration: ``config/config.yaml``, put over the sources of its crystal."""

    scale: FilePath
    """Size: a name (smoke, laptop, workstation, paper), or the path of a file of your own."""
    start: Literal["model", "labels", "dft"]
    """Beginning of the workflow: the released potential, a data set to train on, or DFT."""
    crystal: FilePath
    """Crystal: a folder of ``config/crystals``, or the path of a folder of your own."""
    seed: Whole
    """Every random number follows from it and from the name of its use."""
    device: Literal["cpu", "cuda"]
    """Whether training and dynamics jobs ask for a GPU."""
    engine: Engine = "native"
    """Engine that evaluates potentials on the CPU: this repository's, or DeePMD-kit. A GPU always has DeePMD-kit."""
    replace: bool = False
    """Whether results of another potential or crystal in the same folder are replaced; false: they are refused in one line."""
    longest_job: Count | None
    """Minutes that the machine gives a job; null: no limit. A run that needs more continues where it was stopped."""
    dft_python: FilePath | None
    """Python interpreter that imports GPAW; null: the one that the command ``gpaw`` names."""

    @property
    def evaluated_by(self) -> Engine:
        """The engine that evaluates potentials: a GPU has DeePMD-kit's."""
        return "deepmd" if self.device == "cuda" else self.engine
