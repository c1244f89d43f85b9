# Inputs of variational free energies: potentials, tables of statics, runs that judge.


def potential_of(wildcards):
    """The published potential of a calculation, or that of the workflow."""
    published = CONFIG.variational[wildcards.nct].potential
    return f"results/downloads/lithium/{published}.pb" if published else f"{POTENTIAL}/model.pb"


def statics_of(table):
    """A table of statics, which knows the lattice of the crystal's own prototype by the workflow's potential alone."""

    def path(wildcards):
        spec = CONFIG.variational[wildcards.nct]
        return [] if spec.potential or spec.prototype != CRYSTAL.prototype else results(f"statics/{table}.csv")

    return path


def judges(table):
    """Tables of the runs of path integrals that judge a calculation."""
    return lambda wildcards: expand(
        results(f"analysis/runs/{{run}}/{table}.csv"), run=CONFIG.variational_judges.get(wildcards.nct, [])
    )


def of_sweep(table):
    """A table of all calculations of a sweep."""
    return lambda wildcards: expand(
        results(f"variational/{{nct}}/{table}.csv"), nct=CONFIG.variational_sweeps[wildcards.nct_sweep]
    )
