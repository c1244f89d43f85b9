"""Drawings of crystals: cells and the hydrogen cage in orthographic projection [Qin et al. 2023, fig. 1(b)]."""

from __future__ import annotations

import itertools

import numpy as np
from ase import Atoms
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon

from qcrystal.analysis.sweeps import table
from qcrystal.figures.enthalpies import CUBIC
from qcrystal.figures.style import add_note, new_figure, phase_name, styled
from qcrystal.io.tables import TableError

CENTRE = "La"
CELL_CENTRES = 4  # La atoms of the cubic conventional cell
CAGE_SIZE = 32
QUADRILATERALS = 6
RADIUS = {"La": 0.50, "H": 0.20}  # Å, of the drawn spheres
COLOR = {"La": "#4C9F9F", "H": "#E8E8E8"}
QUADRILATERAL_COLOR = "#E69F00"
BOND_FACTOR = 1.25  # a bond is at most this times the shortest H-H distance of the cubic crystal
VIEW = {"azimuth": 24.0, "elevation": 14.0}  # degrees


def projection(azimuth: float, elevation: float) -> np.ndarray:
    """Rows: right, up and towards the viewer (unit vectors) of an orthographic view; angles in degrees."""
    a, e = np.radians([azimuth, elevation])
    towards = np.array([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e)])
    right = np.array([np.cos(a), np.sin(a), 0.0])
    return np.array([right, np.cross(towards, right), towards])


def nearly_cubic_cell(atoms: Atoms) -> Atoms:
    """The lattice's cell with four La atoms that is nearest to a cube, La at the origin.

    Searched among the integer combinations -1, 0, 1 of the Minkowski-reduced vectors. The structure keeps its own
    (reduced) cell where no combination has four La atoms.
    """
    vectors = np.array(atoms.cell.minkowski_reduce()[0])
    multiple = CELL_CENTRES / atoms.get_chemical_symbols().count(CENTRE)
    choices = np.array(list(itertools.product((-1, 0, 1), repeat=9))).reshape(-1, 3, 3)
    choices = choices[np.isclose(np.linalg.det(choices), multiple)]
    if len(choices):
        edge = np.cbrt(abs(np.linalg.det(vectors)) * multiple)
        cells = choices @ vectors
        metric = cells @ cells.transpose(0, 2, 1) / edge**2
        vectors = cells[np.argmin(((metric - np.eye(3)) ** 2).sum((1, 2)))]
    if np.linalg.det(vectors) < 0:
        vectors = -vectors
    return upright(fill(atoms, vectors))


def fill(atoms: Atoms, vectors: np.ndarray) -> Atoms:
    """Atoms of a crystal in another of its cells, given by its row vectors (Å), with one La at the origin."""
    symbols = np.array(atoms.get_chemical_symbols())
    origin = atoms.positions[np.flatnonzero(symbols == CENTRE)[0]]
    reach = range(-4, 5)
    shifts = np.array(list(itertools.product(reach, repeat=3))) @ atoms.cell.array
    positions = (atoms.positions[None] - origin + shifts[:, None]).reshape(-1, 3)
    fractions = positions @ np.linalg.inv(vectors)
    inside = np.all((fractions > -1e-3) & (fractions < 1 - 1e-3), axis=1)
    return Atoms(np.tile(symbols, len(shifts))[inside], positions=positions[inside], cell=vectors, pbc=True)


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


def cage(atoms: Atoms) -> tuple[np.ndarray, np.ndarray]:
    """The La atom nearest to the middle of a 3x3x3 supercell (3,) and its 32 nearest hydrogens (32, 3), in Å."""
    repeated = atoms.repeat(3)
    symbols = np.array(repeated.get_chemical_symbols())
    middle = repeated.cell.array.sum(0) / 2
    centres = repeated.positions[symbols == CENTRE]
    centre = centres[np.argmin(np.linalg.norm(centres - middle, axis=1))]
    hydrogens = repeated.positions[symbols != CENTRE]
    order = np.argsort(np.linalg.norm(hydrogens - centre, axis=1), kind="stable")
    return centre, hydrogens[order[:CAGE_SIZE]]


def bonds(points: np.ndarray, longest: float) -> np.ndarray:
    """Pairs of points nearer than ``longest`` (Å): indices (n, 2)."""
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    return np.argwhere(np.triu(distances < longest, k=1))


def longest_bond(cubic: Atoms) -> float:
    """Longest H-H distance (Å) that is drawn as a bond, from the shortest one of the cubic crystal."""
    _, points = cage(cubic)
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    return BOND_FACTOR * float(distances[np.triu_indices(len(points), 1)].min())


def quadrilaterals(points: np.ndarray, longest: float) -> np.ndarray:
    """Rings of four bonded hydrogens of a cage: indices (n, 4) in ring order."""
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


def draw_spheres(axes: Axes, points: np.ndarray, symbols: list[str], scale: float = 1.0) -> None:
    """Draw projected spheres (points: right, up, towards the viewer, Å), the near over the far."""
    for (right, up, depth), symbol in zip(points, symbols, strict=True):
        radius = scale * RADIUS[symbol]
        axes.add_patch(
            Circle((right, up), radius, facecolor=COLOR[symbol], edgecolor="0.2", linewidth=0.4, zorder=depth)
        )
        glint = (right - 0.3 * radius, up + 0.35 * radius)
        axes.add_patch(Circle(glint, 0.25 * radius, facecolor="white", linewidth=0, alpha=0.8, zorder=depth))


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
    axes.set_title(title, fontsize=7.5)


def draw_edge(axes: Axes, ends: np.ndarray, pieces: int = 6) -> None:
    """Draw an edge of the cell in pieces, each at its own depth and behind the spheres at its ends."""
    points = np.linspace(*ends, pieces + 1)
    for piece in zip(points[:-1], points[1:], strict=True):
        piece = np.array(piece)
        axes.plot(*piece[:, :2].T, color="0.2", linewidth=0.6, zorder=piece[:, 2].min() - RADIUS[CENTRE])


def draw_cell(axes: Axes, atoms: Atoms, longest: float, title: str) -> None:
    """Draw a nearly cubic cell with its edges, spheres and H-H bonds."""
    view = projection(**VIEW)
    positions, symbols = with_boundary_images(atoms)
    points = positions @ view.T
    for start in itertools.product((0, 1), repeat=3):
        for axis in np.flatnonzero(np.array(start) == 0):
            end = np.array(start)
            end[axis] = 1
            edge = np.array([start, end]) @ atoms.cell.array @ view.T
            draw_edge(axes, edge)
    hydrogens = np.flatnonzero(np.array(symbols) != CENTRE)
    draw_bonds(axes, points, hydrogens[bonds(positions[hydrogens], longest)])
    draw_spheres(axes, points, symbols)
    prepare(axes, points, title)


def draw_cage(axes: Axes, atoms: Atoms, longest: float, title: str) -> None:
    """Draw the H32 cage about one La with its quadrilaterals shaded."""
    view = projection(**VIEW)
    centre, hydrogens = cage(atoms)
    points = (hydrogens - centre) @ view.T
    for ring in quadrilaterals(hydrogens, longest):
        depth = points[ring, 2].mean()
        face = Polygon(points[ring, :2], facecolor=QUADRILATERAL_COLOR, alpha=0.65 if depth > 0 else 0.3, linewidth=0)
        face.set_zorder(depth - 0.1)
        axes.add_patch(face)
    draw_bonds(axes, points, bonds(hydrogens, longest))
    draw_spheres(axes, np.vstack([points, np.zeros(3)]), ["H"] * len(points) + [CENTRE])
    prepare(axes, points, title)


def quadrilateral_text(atoms: Atoms, longest: float) -> str:
    """Largest deviation of the cage's quadrilaterals from 90 degrees, if it has its six quadrilaterals."""
    _, hydrogens = cage(atoms)
    rings = quadrilaterals(hydrogens, longest)
    if len(rings) != QUADRILATERALS:
        return f"{len(rings)} of {QUADRILATERALS} quadrilaterals of bonds"
    deviation = np.abs(interior_angles(hydrogens[rings]) - 90.0).max()
    return rf"max$|\theta-90^\circ|$ = {deviation:.2f}$^\circ$"


def angles_text(atoms: Atoms) -> str:
    """Edge lengths and angles of a cell, shortened where all are equal."""
    parameters = atoms.cell.cellpar()
    lengths, angles = parameters[:3], parameters[3:]
    if np.ptp(lengths) < 5e-3 and np.abs(angles - 90).max() < 0.05:
        return f"$a$ = {lengths.mean():.3f} Å"
    a, b, c = (f"{value:.2f}" for value in lengths)
    alpha, beta, gamma = (f"{value:.1f}" for value in angles)
    return rf"$a, b, c$ = {a}, {b}, {c} Å; $\alpha, \beta, \gamma$ = {alpha}, {beta}, {gamma}$^\circ$"


def choose_low_symmetry(enthalpies, available: set) -> tuple[str, float] | None:
    """Phase and pressure (the lowest there is) of the lowest-enthalpy structure that did not relax to the cubic one."""
    low = enthalpies[~enthalpies["spacegroup"].astype(str).isin([CUBIC, "225"])]
    low = low[[(phase, pressure) in available for phase, pressure in zip(low["phase"], low["pressure"], strict=True)]]
    if low.empty:
        return None
    chosen = low.sort_values(["pressure", "enthalpy"]).iloc[0]
    return chosen["phase"], chosen["pressure"]


@styled
def structures(tables: dict, published_values: dict) -> Figure:
    """The cubic cell, the low-symmetry cell of lowest enthalpy and the H32 cage with its quadrilaterals shaded."""
    if "search:structures" not in tables:
        raise TableError("table 'search:structures' was not given")
    frames = {}
    for atoms in tables["search:structures"]:
        if not {"phase", "pressure"} <= set(atoms.info):
            raise TableError("table 'search:structures' has a structure without phase and pressure in its info")
        frames[atoms.info["phase"], float(atoms.info["pressure"])] = atoms
    enthalpies = table(tables, "search:enthalpies", ["phase", "pressure", "enthalpy", "spacegroup"])
    chosen = choose_low_symmetry(enthalpies, set(frames))
    cubic = [pressure for phase, pressure in frames if phase == CUBIC]
    if not cubic:
        raise TableError(f"table 'search:structures' has no structure of phase {CUBIC}")
    pressure = min(cubic, key=lambda value: abs(value - (chosen[1] if chosen else min(cubic))))
    crystal = nearly_cubic_cell(frames[CUBIC, pressure])
    longest = longest_bond(crystal)
    figure, axes = new_figure(2, 2.75, 1, 3)
    left, middle, right = axes[0]
    name = phase_name(CUBIC)
    lines = [f"(a) {name}, {pressure:g} GPa", angles_text(crystal), quadrilateral_text(crystal, longest)]
    draw_cell(left, crystal, longest, "\n".join(lines))
    if chosen:
        distorted = nearly_cubic_cell(frames[chosen])
        lines = [f"(b) {phase_name(chosen[0])}, {chosen[1]:g} GPa", angles_text(distorted)]
        draw_cell(middle, distorted, longest, "\n".join([*lines, quadrilateral_text(distorted, longest)]))
    else:
        middle.set_axis_off()
        middle.set_title("(b)", fontsize=7.5)
        text = f"every structure\nrelaxed to {name}"
        middle.text(0.5, 0.5, text, transform=middle.transAxes, ha="center", va="center")
    draw_cage(right, crystal, longest, rf"(c) H$_{{32}}$ cage about {CENTRE}" + "\nquadrilaterals shaded\n")
    add_note(figure, "static lattices relaxed with the deep potential; large spheres La, small spheres H")
    return figure
