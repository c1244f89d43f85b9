# What a run costs, and which run it takes its cell from.
def work(wildcards):
    """Effort of a run in bead-atom-steps."""
    spec = CONFIG.planned[wildcards.run]
    return spec.steps * spec.beads * spec.atoms


def cell_of(run):
    """The run whose mean volume a run keeps, as a list of one or none."""
    return list(filter(None, [CONFIG.planned[run].cell_of]))
