"""The main configuration, ``config/config.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from qcrystal.fields import Count, FilePath, Name, Positive, Strict, Text, Whole


class Dataset(Strict):
    """A set of DFT labels: shipped with the repository (``path``), or public (``repository`` at ``commit``)."""

    path: FilePath | None = None
    repository: Annotated[Text, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = None
    commit: Annotated[Text, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    checksums: FilePath | None = None
    test: Literal["last set", "fraction", "marked"] = "fraction"
    test_fraction: Annotated[Positive, Field(lt=1)] = 0.1

    @model_validator(mode="after")
    def _consistent(self) -> Dataset:
        if self.path is None and None in (self.repository, self.commit, self.checksums):
            raise ValueError("path: null needs repository, commit and checksums to download from")
        return self


class Main(Strict):
    """``config/config.yaml``."""

    scale: FilePath
    start: Literal["model", "labels", "dft"]
    crystal: FilePath
    seed: Whole
    device: Literal["cpu", "cuda"]
    longest_job: Count | None
    model: FilePath
    training: Name
    dataset: Name
    datasets: dict[Name, Dataset]
    dft_reference: FilePath
    label_pressures: FilePath
    dft_convergence: FilePath
    dft_check: FilePath
    learning_reference: FilePath
    learning_from: Literal["recipes", "dataset"] = "recipes"
    dft_python: FilePath | None
    published: FilePath
