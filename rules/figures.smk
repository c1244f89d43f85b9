# Every figure and table of the paper, drawn from tidy tables: those that the crystal's figures.yaml lists.
include: "inputs/figures.smk"


def literal(value):
    """A parameter as it stands: Snakemake takes braces in a text for wildcards."""
    return lambda wildcards: value


for figure_id, figure in FIGURES.items():

    rule:
        name:
            f"figure_{figure_id}"
        input:
            **{
                role: [file for source in sources for file in [source_files(source)] if file]
                for role, sources in figure.sources.items()
            },
            published=MAIN.published,
        output:
            *(
                [
                    report(
                        results(f"figures/{figure_id}.png"),
                        category=figure.category,
                        caption="../manuscript/captions.rst",
                        labels={"figure": figure_id},
                    ),
                    results(f"figures/{figure_id}.pdf"),
                ]
                if figure.what.output == "figure"
                else [results(f"figures/{figure_id}.csv"), results(f"figures/{figure_id}.tex")]
            ),
            caption=results(f"figures/{figure_id}.caption.json"),
            prov=results(f"figures/{figure_id}.prov.json"),
        log:
            logs(f"figures/{figure_id}.log"),
        group:
            "figures"
        conda:
            environment("figures")
        threads: 1
        resources:
            **cpu(mem_mb=2000, minutes=10),
        params:
            **code("figures/figure.py", f"qcrystal/figures/{figure.kind}.py"),
            figure=figure_id,
            kind=figure.kind,
            roles=list(figure.sources),
            published=figure.published,
            options=literal(figure.options),
            caption=literal(figure.caption),
            converged_length=SCALE.sampling.converged_length,
            not_ended=not_ended(figure.sweeps),
        script:
            "../scripts/figures/figure.py"
