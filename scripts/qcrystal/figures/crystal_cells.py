"""Drawings of crystals: cells, and a cage about an atom, in orthographic projection."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms
from ase.cell import Cell
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon

from qcrystal.crystal.neighbours import images_within
from qcrystal.figures.kinds import CrystalCells, Inputs
from qcrystal.figures.style import Picture, new_figure, phase_name, styled
from qcrystal.io.tables import TableError, source_of
from qcrystal.manuscript.published import Cited

QUADRILATERAL_COLOR = "#E69F00"
BOND_FACTOR = 1.25  # a bond is at most this times the shortest H-H distance of the high-symmetry crystal
SAME_ANGLE = 1e-6  # degrees
VIEW = {"azimuth": 24.0, "elevation": 14.0}  # degrees


def projection(azimuth: float, elevation: float) -> np.ndarray:
    """Rows: right, up and towards the viewer (unit vectors) of an orthographic view; angles in degrees."""
    a, e = np.radians([azimuth, elevation])
    towards = np.array([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e)])
    right = np.array([np.cos(a), np.sin(a), 0.0])
    return np.array([right, np.cross(towards, right), towards])


def nearly_cubic_cell(atoms: Atoms, centre: str, count: int) -> Atoms:
    """The lattice's cell with ``count`` atoms of species ``centre`` that is nearest to a cube, one of them at the origin.

    Searched among the integer combinations -1, 0, 1 of the Minkowski-reduced vectors. The structure keeps its own
    (reduced) cell where no combination has so many atoms.
    """
    vectors = np.array(atoms.cell.minkowski_reduce()[0])
    multiple = count / atoms.get_chemical_symbols().count(centre)
    choices = np.array(list(itertools.product((-1, 0, 1), repeat=9))).reshape(-1, 3, 3)
    choices = choices[np.isclose(np.linalg.det(choices), multiple)]
    if len(choices):
        edge = np.cbrt(abs(np.linalg.det(vectors)) * multiple)
        cells = choices @ vectors
        metric = cells @ cells.transpose(0, 2, 1) / edge**2
        vectors = cells[np.argmin(((metric - np.eye(3)) ** 2).sum((1, 2)))]
    return upright(fill(atoms, _most_alike(vectors), centre))


def _most_alike(vectors: np.ndarray) -> np.ndarray:
    """The vectors of a cell, some of them turned round: right-handed, and with angles as near to each other as they can be.

    A rhombohedral cell has three equal angles in one of the four settings, and two of 180 degrees less that angle in the others.
    """
    signs = [np.array(one) for one in itertools.product((1, -1), repeat=3)]
    right_handed = [vectors * one[:, None] for one in signs if np.linalg.det(vectors * one[:, None]) > 0]
    spreads = [float(np.ptp(Cell(one).angles())) for one in right_handed]
    return right_handed[next(k for k, spread in enumerate(spreads) if spread < min(spreads) + SAME_ANGLE)]


def fill(atoms: Atoms, vectors: np.ndarray, centre: str) -> Atoms:
    """Atoms of a crystal in another of its cells, given by its row vectors (Å), with one ``centre`` at the origin."""
    symbols, cell = np.array(atoms.get_chemical_symbols()), atoms.cell.array
    origin = atoms.positions[np.flatnonzero(symbols == centre)[0]]
    fractional = (atoms.positions - origin) @ np.linalg.inv(cell)
    positions, owner = images_within(fractional, cell, np.linalg.norm(vectors, axis=1).sum())
    fractions = positions @ np.linalg.inv(vectors)
    inside = np.all((fractions > -1e-3) & (fractions < 1 - 1e-3), axis=1)
    return Atoms(symbols[owner[inside]], positions=positions[inside], cell=vectors, pbc=True)


def upright(atoms: Atoms) -> Atoms:
    """Turn a crystal so that its first vector lies along x and its second in the xy plane."""
    turned = atoms.copy()
    turned.set_cell(atoms.cell.standard_form()[0], scale_atoms=True)
    return turned


def with_boundary_images(atoms: Atoms, margin: float = 0.06) -> tuple[np.ndarray, list[str]]:
    """Positions (Å) and symbols of the atoms of a cell and of those at its faces, drawn on both sides."""
    fractions = atoms.get_scaled_positions(wrap=True)
    fractions[fractions > 1 - margin] -= 1
    points, symbols = [], []
    for symbol, point in zip(atoms.get_chemical_symbols(), fractions, strict=True):
        images = list(itertools.product(*[(f, f + 1) if abs(f) < margin else (f,) for f in point]))
        points.extend(images)
        symbols.extend([symbol] * len(images))
    return np.array(points) @ atoms.cell.array, symbols


def cage(atoms: Atoms, centre: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The ``centre`` nearest to the middle of a 3x3x3 supercell (3,) and its nearest other atoms (size, 3), in Å."""
    repeated = atoms.repeat(3)
    symbols = np.array(repeated.get_chemical_symbols())
    middle = repeated.cell.array.sum(0) / 2
    centres = repeated.positions[symbols == centre]
    place = centres[np.argmin(np.linalg.norm(centres - middle, axis=1))]
    others = repeated.positions[symbols != centre]
    order = np.argsort(np.linalg.norm(others - place, axis=1), kind="stable")
    return place, others[order[:size]]


def bonds(points: np.ndarray, longest: float) -> np.ndarray:
    """Pairs of points nearer than ``longest`` (Å): indices (n, 2)."""
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    return np.argwhere(np.triu(distances < longest, k=1))


def longest_bond(points: np.ndarray) -> float:
    """Longest distance (Å) that is drawn as a bond, from the shortest one within a cage (n, 3)."""
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    return BOND_FACTOR * float(distances[np.triu_indices(len(points), 1)].min())


def quadrilaterals(points: np.ndarray, longest: float) -> np.ndarray:
    """Rings of four bonded atoms of a cage: indices (n, 4) in ring order."""
    bonded = np.zeros((len(points), len(points)), dtype=bool)
    first, second = bonds(points, longest).T
    bonded[first, second] = bonded[second, first] = True
    rings = {}
    for a, c in itertools.combinations(range(len(points)), 2):
        for b, d in itertools.combinations(np.flatnonzero(bonded[a] & bonded[c]), 2):
            rings[frozenset((a, int(b), c, int(d)))] = (a, int(b), c, int(d))
    return np.array(sorted(rings.values()), dtype=int).reshape(-1, 4)


def interior_angles(corners: np.ndarray) -> np.ndarray:
    """Interior angles (degrees) of quadrilaterals with corners (..., 4, 3) in ring order."""
    forward = np.roll(corners, -1, axis=-2) - corners
    backward = np.roll(corners, 1, axis=-2) - corners
    cosine = (forward * backward).sum(-1) / np.linalg.norm(forward, axis=-1) / np.linalg.norm(backward, axis=-1)
    return np.degrees(np.arccos(cosine))


class Drawing:
    """Draws crystals with the looks of their species, in one view."""

    def __init__(self, options: CrystalCells, longest: float) -> None:
        self.options, self.longest = options, longest
        self.view = projection(**VIEW)

    def spheres(self, axes: Axes, points: np.ndarray, symbols: list[str]) -> None:
        """Draw projected spheres (points: right, up, towards the viewer, Å), the near over the far."""
        for (right, up, depth), symbol in zip(points, symbols, strict=True):
            look = self.options.species[symbol]
            place = {"zorder": depth}
            axes.add_patch(
                Circle((right, up), look.radius, facecolor=look.color, edgecolor="0.2", linewidth=0.4, **place)
            )
            glint = (right - 0.3 * look.radius, up + 0.35 * look.radius)
            axes.add_patch(Circle(glint, 0.25 * look.radius, facecolor="white", linewidth=0, alpha=0.8, **place))

    def edge(self, axes: Axes, ends: np.ndarray, pieces: int = 6) -> None:
        """Draw an edge of the cell in pieces, each at its own depth and behind the spheres at its ends."""
        behind = self.options.species[self.options.centre].radius
        points = np.linspace(ends[0], ends[1], pieces + 1)
        for piece in zip(points[:-1], points[1:], strict=True):
            ends = np.array(piece)
            axes.plot(*ends[:, :2].T, color="0.2", linewidth=0.6, zorder=ends[:, 2].min() - behind)

    def cell(self, axes: Axes, atoms: Atoms, title: str) -> None:
        """Draw a nearly cubic cell with its edges, spheres, and bonds between all atoms but the centres."""
        positions, symbols = with_boundary_images(atoms)
        points = positions @ self.view.T
        for start in itertools.product((0, 1), repeat=3):
            for axis in np.flatnonzero(np.array(start) == 0):
                end = np.array(start)
                end[axis] = 1
                self.edge(axes, np.array([start, end]) @ atoms.cell.array @ self.view.T)
        others = np.flatnonzero(np.array(symbols) != self.options.centre)
        draw_bonds(axes, points, others[bonds(positions[others], self.longest)])
        self.spheres(axes, points, symbols)
        prepare(axes, points, title)

    def cage(self, axes: Axes, atoms: Atoms, title: str) -> None:
        """Draw the cage about one centre with its quadrilaterals shaded."""
        options = self.options
        centre, members = cage(atoms, options.centre, options.cage_atoms)
        points = (members - centre) @ self.view.T
        for ring in quadrilaterals(members, self.longest):
            depth = points[ring, 2].mean()
            look: dict[str, Any] = {
                "facecolor": QUADRILATERAL_COLOR,
                "alpha": 0.65 if depth > 0 else 0.3,
                "linewidth": 0,
            }
            axes.add_patch(Polygon(points[ring, :2], zorder=depth - 0.1, **look))
        draw_bonds(axes, points, bonds(members, self.longest))
        other = next(symbol for symbol in atoms.get_chemical_symbols() if symbol != options.centre)
        self.spheres(axes, np.vstack([points, np.zeros(3)]), [other] * len(points) + [options.centre])
        prepare(axes, points, title)

    def quadrilateral_text(self, atoms: Atoms) -> str:
        """Largest deviation of the cage's quadrilaterals from 90 degrees, if it has as many as it should."""
        _, members = cage(atoms, self.options.centre, self.options.cage_atoms)
        rings = quadrilaterals(members, self.longest)
        if len(rings) != self.options.quadrilaterals:
            return f"{len(rings)} of {self.options.quadrilaterals} quadrilaterals of bonds"
        deviation = np.abs(interior_angles(members[rings]) - 90.0).max()
        return rf"max$|\theta-90^\circ|$ = {deviation:.2f}$^\circ$"


def draw_bonds(axes: Axes, points: np.ndarray, pairs: np.ndarray) -> None:
    """Draw bonds between projected points, each at its mean depth."""
    for first, second in pairs:
        ends = points[[first, second]]
        axes.plot(*ends[:, :2].T, color="0.45", linewidth=1.0, solid_capstyle="round", zorder=ends[:, 2].mean() - 0.05)


def prepare(axes: Axes, points: np.ndarray, title: str) -> None:
    """Limits that show all projected points at equal scale, no frame."""
    axes.set_aspect("equal")
    axes.set_axis_off()
    low, high = points[:, :2].min(0) - 0.7, points[:, :2].max(0) + 0.7
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.set_title(title, fontsize=8)


def angles_text(atoms: Atoms) -> str:
    """Edge lengths and angles of a cell, shortened where all are equal."""
    parameters = atoms.cell.cellpar()
    lengths, angles = parameters[:3], parameters[3:]
    if np.ptp(lengths) < 5e-3 and np.abs(angles - 90).max() < 0.05:
        return f"$a$ = {lengths.mean():.3f} Å"
    a, b, c = (f"{value:.2f}" for value in lengths)
    alpha, beta, gamma = (f"{value:.1f}" for value in angles)
    return rf"$a, b, c$ = {a}, {b}, {c} Å; $\alpha, \beta, \gamma$ = {alpha}, {beta}, {gamma}$^\circ$"


def choose_low_symmetry(
    enthalpies: pd.DataFrame, available: set[tuple[str, float]], options: CrystalCells
) -> tuple[str, float] | None:
    """Phase and lowest pressure of the structure of least enthalpy that did not relax to the high-symmetry one."""
    same = [options.high_symmetry, str(options.space_group)]
    low = enthalpies[~enthalpies["spacegroup"].astype(str).isin(same)]
    low = low[[(phase, pressure) in available for phase, pressure in zip(low["phase"], low["pressure"], strict=True)]]
    if low.empty:
        return None
    chosen = low.sort_values(["pressure", "enthalpy"]).iloc[0]
    return chosen["phase"], chosen["pressure"]


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: CrystalCells) -> Picture:
    """The high-symmetry cell, the other cell of lowest enthalpy, and the cage with its quadrilaterals shaded."""
    frames = {}
    for atoms in inputs["structures"]:
        if not {"phase", "pressure"} <= set(atoms.info):
            raise TableError(
                "structures.extxyz: a structure has no phase or no pressure in its info; run its job again"
            )
        frames[atoms.info["phase"], float(atoms.info["pressure"])] = atoms
    symmetric = [pressure for phase, pressure in frames if phase == options.high_symmetry]
    if not symmetric:
        table = source_of(inputs["enthalpies"])
        raise TableError(f"{table}: the structures beside it have none of {options.high_symmetry}; correct the options")
    chosen = choose_low_symmetry(inputs["enthalpies"], set(frames), options)
    pressure = min(symmetric, key=lambda value: abs(value - (chosen[1] if chosen else min(symmetric))))

    def cell(key: tuple[str, float]) -> Atoms:
        return nearly_cubic_cell(frames[key], options.centre, options.cell_centres)

    crystal = cell((options.high_symmetry, pressure))
    drawing = Drawing(options, longest_bond(cage(crystal, options.centre, options.cage_atoms)[1]))
    figure, axes = new_figure(2, 2.75, 1, 3)
    left, middle, right = axes[0]
    name = phase_name(options.high_symmetry)
    lines = [f"(a) {name}, {pressure:g} GPa", angles_text(crystal), drawing.quadrilateral_text(crystal)]
    drawing.cell(left, crystal, "\n".join(lines))
    if chosen:
        distorted = cell(chosen)
        lines = [f"(b) {phase_name(chosen[0])}, {chosen[1]:g} GPa", angles_text(distorted)]
        drawing.cell(middle, distorted, "\n".join([*lines, drawing.quadrilateral_text(distorted)]))
    else:
        middle.set_axis_off()
        middle.set_title("(b)", fontsize=8)
        text = f"every structure\nrelaxed to {name}"
        middle.text(0.5, 0.5, text, transform=middle.transAxes, ha="center", va="center")
    drawing.cage(
        right, crystal, f"(c) cage of {options.cage_atoms} atoms about {options.centre}\nquadrilaterals shaded\n"
    )
    sizes = sorted(options.species, key=lambda symbol: options.species[symbol].radius, reverse=True)
    figure.note(f"static lattices relaxed with the deep potential; spheres from large to small: {', '.join(sizes)}")
    return figure
