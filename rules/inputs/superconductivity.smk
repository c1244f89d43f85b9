# Compounds whose T_c is computed, and where their couplings come from.
from qcrystal.crystal.cells import primitive_cell
from qcrystal.superconductivity.coupling_run import irreducible_wave_vectors
from qcrystal.superconductivity.electron_phonon import files_of
from qcrystal.superconductivity.espresso import Mesh
from qcrystal.superconductivity.pseudopotentials import RECIPES as SHIPPED_RECIPES
from qcrystal.superconductivity.pseudopotentials import settings_of

SUPERCONDUCTIVITY = CRYSTAL.superconductivity
COMPOUNDS = SUPERCONDUCTIVITY.compounds if SUPERCONDUCTIVITY else {}
PSEUDOPOTENTIALS = {element: settings_of(recipe) for element, recipe in SHIPPED_RECIPES.items()}
if SUPERCONDUCTIVITY:
    PSEUDOPOTENTIALS |= {element: plain(recipe) for element, recipe in SUPERCONDUCTIVITY.pseudopotentials.items()}
EPC = "superconductivity/epc/{compound}"
EPC_MESHES = {Mesh(**plain(each)).name: plain(each) for each in SCALE.electron_phonon}
COMPUTED = {name: each for name, each in COMPOUNDS.items() if each.crystal and EPC_MESHES}


def wave_vectors(compound, meshes):
    """How many irreducible wave vectors a compound has on a mesh."""
    crystal = COMPUTED[compound].crystal
    return len(irreducible_wave_vectors(primitive_cell(crystal, crystal.lattice_constant), EPC_MESHES[meshes]["q"]))


def pseudopotential_files(wildcards):
    """Pseudopotentials of a compound's elements."""
    elements = sorted({site.element for site in COMPUTED[wildcards.compound].crystal.sites})
    return expand(results("superconductivity/pseudopotentials/{element}.UPF"), element=elements)


def unfinished(wildcards):
    """Folder in which a wave vector's calculation goes on after a kill."""
    return results(f"{EPC}/{{meshes}}/unfinished/q{{number}}".format(**wildcards))


def coupling_sources(name, computed=True):
    """Folders or files of a compound's couplings, each with its meshes: those that were given, then those computed here."""
    given = [{"path": each.path, "meshes": plain(each.meshes)} for each in COMPOUNDS[name].couplings]
    folder = results(EPC.format(compound=name))
    own = EPC_MESHES.items() if computed and name in COMPUTED else ()
    return given + [{"path": f"{folder}/{meshes}/elph_dir", "meshes": each} for meshes, each in own]


def coupling_files(name, computed=True):
    """Files behind a compound's couplings, those that are computed here only if asked for."""
    files = [file for each in COMPOUNDS[name].couplings for file in files_of(each.path)]
    for meshes in EPC_MESHES if computed and name in COMPUTED else ():
        folder = results(f"{EPC.format(compound=name)}/{meshes}")
        numbers = range(1, wave_vectors(name, meshes) + 1)
        files += expand(f"{folder}/elph_dir/elph.inp_lambda.{{number}}", number=numbers)
        files += expand(f"{folder}/x.dyn{{number}}", number=numbers)
    return files


# Compounds with couplings, as the tables take them; at this scale a crystal without meshes has none.
COUPLED = {
    name: {"prototype": each.prototype, "formula": each.formula, "sources": coupling_sources(name)}
    for name, each in COMPOUNDS.items()
    if coupling_sources(name)
}
# The compound whose phonons motion renormalises, where it has couplings at this scale.
QUANTUM = SUPERCONDUCTIVITY.quantum if SUPERCONDUCTIVITY else None
QUANTUM_SOURCES = coupling_sources(QUANTUM.compound, QUANTUM.computed) if QUANTUM else []
