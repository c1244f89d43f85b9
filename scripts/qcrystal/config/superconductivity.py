"""Superconductivity: couplings, critical temperatures, pseudopotentials, and a model of T_c."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from qcrystal.crystal.prototype import Prototype
from qcrystal.crystal.soap import SoapSettings
from qcrystal.errors import Problem
from qcrystal.fields import Count, Element, FilePath, Name, NotNegative, Number, Positive, Pressure, Strict, Text
from qcrystal.manuscript.published import PublishedError, read_published
from qcrystal.superconductivity.critical_temperature import TcError, check_mu_star
from qcrystal.superconductivity.electron_phonon import FILES as COUPLING_FILES
from qcrystal.superconductivity.pseudopotentials import RECIPES, PseudopotentialError, check_recipe, recipe_of


def pseudopotentials_repel(mu_star: list[float]) -> Iterator[Problem]:
    """Every μ* is possible."""
    for value in mu_star:
        try:
            check_mu_star(value)
        except TcError as error:
            yield from error.problems


def dense_mesh_holds_the_coarse_one(k: int, dense_k: int, q: int) -> Iterator[Problem]:
    """Interpolation needs meshes that are multiples of each other."""
    if dense_k % k:
        yield Problem("", "dense_k", f"{dense_k} is no multiple of k, {k}", f"take {k * max(2, round(dense_k / k))}")
    if k % q:
        yield Problem("", "q", f"{q} does not divide k, {k}", "take a divisor of k")


class Meshes(Strict):
    """Points along each reciprocal vector."""

    checks = (dense_mesh_holds_the_coarse_one,)

    k: Count
    """Of the charge density and the phonons."""
    dense_k: Count
    """Of the mesh on which the coupling is summed; a multiple of ``k``."""
    q: Count
    """Of the phonons' wave vectors; a divisor of ``k``."""


class GivenCoupling(Strict):
    """Couplings that were computed before."""

    path: FilePath
    """Folder of ``elph.inp_lambda`` files of ph.x, or a table of α²F (``frequency`` in THz, ``alpha2f``)."""
    meshes: Meshes | None = None
    """Meshes that it was computed with; null: not known."""


def couplings_come_from_somewhere(
    couplings: list[GivenCoupling], crystal: Prototype | None, pressure: float | None
) -> Iterator[Problem]:
    """A compound has couplings, or a crystal at a pressure of which they are computed."""
    if not couplings and crystal is None:
        yield Problem("", "couplings", "nothing to compute T_c from", "name a folder of ph.x, or give a crystal")
    if crystal is not None and pressure is None:
        yield Problem("", "pressure", "a crystal is to be relaxed, at no pressure", "give one (GPa)")


class Compound(Strict):
    """A compound whose T_c is computed."""

    checks = (couplings_come_from_somewhere,)

    prototype: Name
    """Name of its structure; one prototype may have many compounds."""
    formula: Name
    """Chemical formula."""
    couplings: list[GivenCoupling] = []
    """Couplings that were computed before, each with other meshes."""
    crystal: Prototype | None = None
    """Start of its relaxation by pw.x; null: nothing is computed here."""
    pressure: Pressure | None = None
    """GPa, of the relaxation."""


def broadenings_reach_the_range(sigma: float, sigmas: int, converged_sigmas: tuple[float, float]) -> Iterator[Problem]:
    """Some broadenings are within the range that convergence is judged in."""
    low, high = converged_sigmas
    if low > high:
        yield Problem("", "converged_sigmas", f"from {low:g} to {high:g}", "put the smaller first")
    elif not any(low - 1e-9 <= sigma * number <= high + 1e-9 for number in range(1, sigmas + 1)):
        found = f"no multiple of sigma, {sigma:g} Ry, is within it"
        yield Problem("", "converged_sigmas", found, f"they reach from {sigma:g} to {sigma * sigmas:g} Ry")


class ElectronPhonon(Strict):
    """Electron-phonon coupling by Quantum ESPRESSO. Ry."""

    checks = (broadenings_reach_the_range,)

    cutoff: Positive = 80
    """Of the plane waves."""
    width: Positive = 0.03
    """Of the Methfessel-Paxton smearing of occupations."""
    sigma: Positive = 0.005
    """Broadening of the electrons' energies in the sum of couplings; its first ``sigmas`` multiples are taken."""
    sigmas: Annotated[Count, Field(le=50)] = 10
    """How many broadenings."""
    threshold: Positive = 1e-13
    """Self-consistency of the phonons, ``tr2_ph``."""
    converged_sigmas: tuple[Positive, Positive] = (0.02, 0.05)
    """Broadenings at which T_c must agree; below them few states of a mesh are near the Fermi energy."""
    converged_change: Annotated[Positive, Field(lt=1)] = 0.1
    """Largest relative change of T_c, by any mesh and broadening, that is called converged."""
    phonon_width: Positive = 0.5
    """Standard deviation (THz) of the peaks of α²F in its table."""


class QuantumPhonons(Strict):
    """T_c with phonons that quantum and thermal motion renormalises, in place of the harmonic ones of ph.x."""

    compound: Name
    """A compound with couplings of ph.x; the potential of the crystal knows its elements."""
    temperature: NotNegative = 0.0
    """K, of the motion."""
    multiple: Annotated[Count, Field(le=10)] = 1
    """Repeats of the supercell of self-consistent phonons, over those of the mesh of wave vectors."""
    computed: bool = False
    """Whether couplings that the scale computes by ph.x are taken too; false: those that were given alone."""


def quantum_compound_is_there(quantum: QuantumPhonons | None, compounds: dict[str, Compound]) -> Iterator[Problem]:
    """What is renormalised is a compound."""
    if quantum is not None and quantum.compound not in compounds:
        known = ", ".join(compounds) or "none"
        yield Problem("", "quantum.compound", f"{quantum.compound!r} is none of the compounds", f"there are: {known}")
    elif quantum is not None and not (quantum.computed or compounds[quantum.compound].couplings):
        found = f"no couplings of {quantum.compound} are given, and computed ones are not taken"
        yield Problem("", "quantum.computed", found, "set it to true, or give couplings")


class KnownTc(Strict):
    """A compound whose T_c was published, for the model of T_c."""

    prototype: Name
    """Name of its structure; orderings of several metals on one lattice share a prototype."""
    crystal: Prototype
    """Its crystal. The lengths of its cell count relative to each other only."""
    published: Name
    """Value of the published values: ``tc_low`` and ``tc_high`` (K), of which the mean is taken."""


class TcSet(Strict):
    """A public set of compounds with a known T_c; see `qcrystal.superconductivity.tc_sets`."""

    path: FilePath
    """Extended XYZ with ``compound`` and ``tc`` (K) of each crystal; it is not shipped."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Of the file; another one is refused."""
    licence: Text
    """Under which it may be used, such as CC BY 4.0."""
    source: Text
    """Who published it, for the tables."""


class TcModel(Strict):
    """A model of T_c from the crystal alone: ridge regression on SOAP, judged on what it was not fitted to."""

    soap: SoapSettings = SoapSettings()
    """Descriptor, of crystals scaled to 2 Å³ per atom; all elements but hydrogen count as one."""
    known: dict[Name, KnownTc] = Field(min_length=3)
    """Compounds with a published T_c, by name; converged ones of this work take their place or are added."""
    sets: list[TcSet] = []
    """Public sets whose compounds are added; of those that ``known`` has, the value there counts."""


class PseudopotentialChannel(Strict):
    """One channel of a pseudopotential."""

    level: Annotated[str, Field(pattern=r"^[1-7][SPDF]$")]
    """Such as 3S: n of the level in the atom, and its angular momentum."""
    occupation: Number
    """Electrons in it; below zero: the level is not bound."""
    radius: Positive
    """Bohr, beyond which the pseudo-wave is that of the atom."""
    energy: Number = 0.0
    """Ry, at which a level that is not bound is taken."""


class PseudopotentialRecipe(Strict):
    """How ``ld1.x`` makes a norm-conserving pseudopotential; it is tested before it is used."""

    configuration: str
    """Of the atom or ion, such as ``[Ne] 3s2 3p6 3d0``. Take the ion where a shell below the valence is a channel too."""
    channels: list[PseudopotentialChannel] = Field(min_length=1)
    """One of each angular momentum; the last is the local one."""
    excited: list[str] = Field(min_length=1)
    """Valence configurations of the test, such as ``3s2 3p5 3d1``."""


def recipes_list_their_electrons(pseudopotentials: dict[str, PseudopotentialRecipe]) -> Iterator[Problem]:
    """No electron is forgotten."""
    for element, settings in pseudopotentials.items():
        try:
            check_recipe(recipe_of(element, settings.model_dump()))
        except PseudopotentialError as error:
            for problem in error.problems:
                yield Problem("", f"pseudopotentials.{element}.{problem.key}", problem.found, problem.advice)


def elements_have_pseudopotentials(
    compounds: dict[str, Compound], pseudopotentials: dict[str, PseudopotentialRecipe]
) -> Iterator[Problem]:
    """What is computed has pseudopotentials."""
    known = {**RECIPES, **pseudopotentials}
    for name, compound in compounds.items():
        sites = compound.crystal.sites if compound.crystal else []
        for element in sorted({site.element for site in sites} - set(known)):
            found = f"no recipe of a pseudopotential for {element}, only for {', '.join(known)}"
            yield Problem("", f"compounds.{name}.crystal", found, f"add pseudopotentials.{element}")


class Superconductivity(Strict):
    """From couplings to critical temperatures."""

    checks = (
        pseudopotentials_repel,
        recipes_list_their_electrons,
        elements_have_pseudopotentials,
        quantum_compound_is_there,
    )

    mu_star: list[Number] = Field(min_length=1)
    """Coulomb pseudopotentials, for a cutoff of ten times the highest frequency."""
    lowest_frequency: NotNegative = 2.0
    """Modes at Γ below this (THz) are acoustic and left out."""
    electron_phonon: ElectronPhonon = ElectronPhonon()
    """Settings of pw.x and ph.x, and when T_c is called converged."""
    pseudopotentials: dict[Element, PseudopotentialRecipe] = {}
    """Recipes of elements that have none in the code (H, Ca, Y, La and S have), or other ones."""
    compounds: dict[Name, Compound] = {}
    """By name; empty: only what the formulas say of one peak."""
    quantum: QuantumPhonons | None = None
    """Compound whose T_c is computed with phonons that motion renormalises; null: none."""
    tc_model: TcModel | None = None
    """Model of T_c from the crystal alone; null: none."""


# ---------------------------------------------------------------------------------------------------------------------
# checks across sections and files; the parameters are named as in `qcrystal.config.preflight`


def known_temperatures_are_published(
    superconductivity: Superconductivity | None, main_published: str, root: Path
) -> Iterator[Problem]:
    """Every compound of the model of T_c has a value in the file of published values."""
    known = superconductivity.tc_model.known if superconductivity and superconductivity.tc_model else {}
    try:
        literature = read_published(root / main_published) if known else None
    except PublishedError:  # told by the check of that file
        return
    for name, one in known.items():
        key = f"superconductivity.tc_model.known.{name}.published"
        try:
            value = literature.cited(one.published).value if literature else None
        except PublishedError as error:
            yield Problem("crystal", key, str(error), "correct the name")
            continue
        if not isinstance(value, dict) or not 0 < value.get("tc_low", 0) <= value.get("tc_high", 0):
            found = f"{one.published!r} of {main_published} has no 0 < tc_low <= tc_high"
            yield Problem("crystal", key, found, "give both (K)")


def sets_are_there(superconductivity: Superconductivity | None, root: Path) -> Iterator[Problem]:
    """Files of public sets were put where the configuration says."""
    model = superconductivity.tc_model if superconductivity else None
    for number, one in enumerate(model.sets if model else ()):
        if not (root / one.path).is_file():
            key = f"superconductivity.tc_model.sets.{number}.path"
            yield Problem("crystal", key, f"no file {one.path!r}", f"put the set there ({one.licence}), or take it out")


def given_couplings_are_there(superconductivity: Superconductivity | None, root: Path) -> Iterator[Problem]:
    """Couplings that were computed before are a file, or a folder that holds some."""
    for name, compound in superconductivity.compounds.items() if superconductivity else ():
        for number, given in enumerate(compound.couplings):
            place, key = root / given.path, f"superconductivity.compounds.{name}.couplings.{number}.path"
            if not place.exists():
                found = f"no file or folder {given.path!r}"
                yield Problem("crystal", key, found, "name a folder of ph.x or a table of α²F")
            elif place.is_dir() and not any(place.glob(COUPLING_FILES)):
                found = f"no file {COUPLING_FILES} in {given.path!r}"
                yield Problem("crystal", key, found, "name the folder elph_dir of ph.x")


CHECKS = (given_couplings_are_there, known_temperatures_are_published, sets_are_there)
