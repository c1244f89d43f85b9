"""The plotting style and one module per group of figures; each reads tidy tables, never trajectories.

`FIGURES` is plain data, so that a workflow can read it without importing matplotlib: a figure's module is imported
when the figure is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

CONVERGED_LENGTH = 20.0  # ps; figures say so when their runs are shorter


@dataclass(frozen=True)
class Figure:
    """One figure or table of the paper.

    Attributes
    ----------
    module, function
        Where it is drawn: ``qcrystal.figures.<module>.<function>(tables, published)``.
    inputs, optional
        Logical names of the tables it reads: ``sweep:<sweep>/<table>``, ``statics:<table>``, ``potential:<table>``,
        ``quality:<table>``, ``accuracy:<table>``, ``dft:<table>``. An optional table may be left out of ``tables``.
    kind
        ``figure`` (PDF and PNG) or ``table`` (CSV and LaTeX).
    """

    module: str
    function: str
    inputs: tuple[str, ...]
    kind: str
    caption: str
    category: str
    optional: tuple[str, ...] = ()

    @property
    def sweeps(self) -> tuple[str, ...]:
        """Names of the sweeps whose tables are read."""
        names = [name.removeprefix("sweep:").split("/")[0] for name in self.inputs if name.startswith("sweep:")]
        return tuple(dict.fromkeys(names))

    @property
    def suffixes(self) -> tuple[str, str]:
        """Suffixes of the files that `write` leaves."""
        return (".pdf", ".png") if self.kind == "figure" else (".csv", ".tex")

    def draw(self, tables: dict, published: dict, converged_length: float = CONVERGED_LENGTH):
        """Draw the figure, and say on it when its runs are shorter than ``converged_length`` (ps) or extrapolate.

        Parameters
        ----------
        tables
            Logical input name -> ``pandas.DataFrame``, list of ``ase.Atoms`` or dict.
        published
            The whole of ``config/crystals/lah10/published.yaml``.

        Returns
        -------
        matplotlib.figure.Figure or pandas.DataFrame
        """
        result = getattr(import_module(f"qcrystal.figures.{self.module}"), self.function)(tables, published)
        if self.kind == "figure" and self.sweeps:
            from qcrystal.figures import style

            runs = [tables[name] for name in self.inputs if name.startswith("sweep:")]
            style.label_short_runs(result, runs, converged_length)
            style.label_extrapolating_runs(result, runs)
        return result

    def write(self, result, stem: Path) -> list[Path]:
        """Write what `draw` returned to ``stem`` with each of `suffixes`; files appear whole."""
        if self.kind == "figure":
            from qcrystal.figures.style import save_figure

            return save_figure(result, stem)
        from qcrystal.analysis.sweeps import save_table

        return save_table(result, stem, self.caption)


FIGURES: dict[str, Figure] = {
    "qin_fig1a_enthalpy": Figure(
        module="enthalpies",
        function="enthalpy",
        inputs=("search:enthalpies",),
        optional=("search:counts", "dft:structures", "accuracy:limits"),
        kind="figure",
        caption="Static enthalpy of the phases of LaH10 against pressure, relative to one of them.",
        category="Statics",
    ),
    "qin_fig1b_structures": Figure(
        module="crystal_cells",
        function="structures",
        inputs=("search:structures", "search:enthalpies"),
        kind="figure",
        caption="Cubic cell, low-symmetry cell of lowest enthalpy, and the H32 cage with its six quadrilaterals.",
        category="Statics",
    ),
    "qin_fig1c_energy_parity": Figure(
        module="parity",
        function="energy_parity",
        inputs=("potential:parity_errors", "potential:parity_histograms"),
        kind="figure",
        caption="Energies of the deep potential against DFT, training and test frames apart.",
        category="Potential",
    ),
    "qin_fig1d_force_parity": Figure(
        module="parity",
        function="force_parity",
        inputs=("potential:parity_errors", "potential:parity_histograms"),
        kind="figure",
        caption="Force components of the deep potential against DFT, per species, training and test frames apart.",
        category="Potential",
    ),
    "qin_table1_lattice": Figure(
        module="enthalpies",
        function="lattice",
        inputs=("statics:eos",),
        optional=("dft:lattice",),
        kind="table",
        caption="Lattice of cubic LaH10 at the published volume, or the nearest that the equation of state covers, and at the "
        "pressure that DFT has there: DFT and deep potential (DP), this work and published. Beyond training: by how much the "
        "pressure is outside those of the frames that the potential was trained on.",
        category="Statics",
    ),
    "dft_convergence": Figure(
        module="label_convergence",
        function="convergence",
        inputs=("dft:convergence",),
        kind="table",
        caption="Convergence of the DFT labels: errors of each setting against the last of its group, on displaced frames of "
        "11 atoms; goals are 5 meV/atom for energy differences and 20 meV/Å (rms) for forces.",
        category="Statics",
    ),
    "dft_equation_of_state": Figure(
        module="label_convergence",
        function="equation_of_state",
        inputs=("statics:eos", "dft:label_pressures"),
        optional=("dft:lattice",),
        kind="table",
        caption="Pressure (GPa) of cubic LaH10 at rest against lattice constant (Å): GPAW here, deep potential (DP) and what "
        "the labels of Ly and Ceperley (2022) say less what motion adds.",
        category="Statics",
    ),
    "qin_fig2a_phase_classical": Figure(
        module="phase_map",
        function="phase_classical",
        inputs=("sweep:classical_grid/summary",),
        kind="figure",
        caption="Largest deviation of the cage's quadrilaterals from 90 degrees, classical dynamics.",
        category="Phase diagram",
    ),
    "qin_fig2b_angles_150GPa": Figure(
        module="phase_map",
        function="angles",
        inputs=("sweep:classical_grid/summary",),
        kind="figure",
        caption="Large and small angles of the cage's quadrilaterals against temperature, classical dynamics.",
        category="Phase diagram",
    ),
    "qin_figS_phase_qtb": Figure(
        module="phase_map",
        function="phase_qtb",
        inputs=("sweep:qtb_grid/summary",),
        kind="figure",
        caption="Largest deviation of the cage's quadrilaterals from 90 degrees, quantum thermal bath.",
        category="Phase diagram",
    ),
    "qin_fig3a_energy": Figure(
        module="vibrational_energy",
        function="energy",
        inputs=(
            "sweep:energy_classical/summary",
            "sweep:energy_qtb/summary",
            "sweep:energy_pimd/summary",
            "statics:harmonic_energy",
            "statics:phonon_dos",
        ),
        kind="figure",
        caption="Vibrational energy per degree of freedom, in kelvin, against temperature.",
        category="Quantum energies",
    ),
    "qin_fig3b_zero_point": Figure(
        module="vibrational_energy",
        function="zero_point",
        inputs=(
            "sweep:qtb_low_temperature/summary",
            "sweep:zero_point_pimd/summary",
            "statics:phonons",
            "statics:phonon_dos",
        ),
        kind="figure",
        caption="Zero-point temperature against pressure.",
        category="Quantum energies",
    ),
    "qin_fig4_trajectories": Figure(
        module="trajectories",
        function="trajectories",
        inputs=("sweep:trajectories_qtb/paths",),
        kind="figure",
        caption="Proton trajectories with no, one and several exchanges among the La atoms, quantum thermal bath; "
        "of each category one proton, of the few nearest to the middle of the cell the one that moves farthest.",
        category="Protons",
    ),
    "qin_fig5_msd": Figure(
        module="trajectories",
        function="mean_squared_displacement",
        inputs=("sweep:diffusion_qtb/msd", "sweep:diffusion_qtb/summary"),
        kind="figure",
        caption="Mean squared displacement of H, standard and reordered, and of La.",
        category="Protons",
    ),
    "qin_fig6_rdf": Figure(
        module="trajectories",
        function="pair_distribution",
        inputs=("sweep:rdf_classical/rdf", "sweep:rdf_qtb/rdf"),
        kind="figure",
        caption="La-H pair distribution function, classical dynamics and quantum thermal bath.",
        category="Protons",
    ),
    "x_leakage": Figure(
        module="leakage",
        function="leakage",
        inputs=("sweep:leakage_qtb/summary", "sweep:leakage_adqtb/summary", "statics:phonon_dos"),
        kind="figure",
        caption="Leakage of zero-point energy from H to La under quantum baths: kinetic temperature of each species, and the "
        "net power that it takes from the bath, against friction.",
        category="Quantum baths",
    ),
    "x_table_methods": Figure(
        module="leakage",
        function="compared",
        inputs=(
            "sweep:compared_qtb/summary",
            "sweep:compared_adqtb/summary",
            "sweep:compared_pimd/summary",
            "sweep:compared_trpmd/summary",
            "statics:phonon_dos",
        ),
        kind="table",
        caption="Kinetic temperatures and pressure at one fixed cell by quantum baths, by path integrals and by ring-polymer "
        "dynamics.",
        category="Quantum baths",
    ),
    "x_beads": Figure(
        module="bead_convergence",
        function="convergence",
        inputs=("sweep:beads_pimd/summary", "statics:phonon_dos"),
        kind="figure",
        caption="Convergence of path integrals with the number of beads P: kinetic temperature of each species and vibrational "
        "energy, beside those of the harmonic crystal with P beads; the number that the rule chooses is marked.",
        category="Path integrals",
    ),
    "x_data_quality": Figure(
        module="data_quality",
        function="data_quality",
        inputs=("quality:frames", "quality:systems", "quality:histograms"),
        kind="figure",
        caption="The data set of labels: frames per system, pressures, energies, forces, shortest distances, and how far "
        "test frames are from training frames.",
        category="Potential",
    ),
    "x_table_data_quality": Figure(
        module="data_quality",
        function="systems",
        inputs=("quality:systems",),
        optional=("quality:potential",),
        kind="table",
        caption="The systems of the data set of labels, and of that which the potential was trained on.",
        category="Potential",
    ),
    "x_accuracy_map": Figure(
        module="accuracy_map",
        function="accuracy_map",
        inputs=(
            "sweep:classical_grid/summary",
            "sweep:qtb_grid/summary",
            "accuracy:conditions",
            "accuracy:limits",
            "potential:parity_frames",
        ),
        kind="figure",
        caption="Committee deviation over pressure and temperature, and errors of the potential on held-out frames.",
        category="Potential",
    ),
    "ly_fig1a_structure_map": Figure(
        module="structure_map",
        function="structure_map",
        inputs=("learning:structure_map",),
        kind="figure",
        caption="Labelled structures by the first two principal components of their structure-averaged SOAP vectors, by "
        "generation of concurrent learning and by pressure.",
        category="Potential",
    ),
    "ly_fig1b_rmse_generations": Figure(
        module="structure_map",
        function="rmse_generations",
        inputs=("learning:generation_errors", "learning:generations"),
        kind="figure",
        caption="Energy and force errors of the committee on frames never trained on, and how explored frames were judged, "
        "against the generation of concurrent learning.",
        category="Potential",
    ),
}
