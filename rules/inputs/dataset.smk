# Where a data set's files are.
from qcrystal.dataset import deepmd_npy


def dataset_parts(folder):
    """Every file that a data set is read from: arrays, types, and the marks of its frames."""
    return [str(path) for path in deepmd_npy.dataset_files(Path(folder))]


def dataset_source(wildcards):
    """Folder of the data set: labelled by this workflow, public and checked against its checksums, or shipped."""
    if MAIN.start == "dft" and wildcards.dataset == MAIN.dataset:
        return results(f"learning/{CONFIG.crystal_name}")
    dataset = MAIN.datasets[wildcards.dataset]
    return f"results/downloads/{wildcards.dataset}" if dataset.repository else dataset.path


def dataset_files(wildcards):
    """The data set as input: a folder that a rule makes, or every file of one that is shipped (an edit touches no folder)."""
    source = dataset_source(wildcards)
    if source.startswith("results/"):
        return source
    return dataset_parts(source)
