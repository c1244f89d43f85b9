"""Spectra of vibrations: of which runs, and how fine."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from qcrystal.fields import Name, Positive, Strict


class Vibrations(Strict):
    """Vibrational densities of states of runs in real time."""

    sweeps: list[Name] = Field(min_length=1)
    """Sweeps of classical dynamics, baths or ring-polymer dynamics, with a ``frame_interval`` that resolves their vibrations."""
    resolution: Annotated[Positive, Field(ge=0.01, le=100)] = 2.0
    """Width (THz) that a sharp line gets. Shorter runs have a coarser one."""
