# Every figure and table of the paper, drawn from tidy tables.
from qcrystal.figures.registry import FIGURES

FIGURE_FILES = [
    results(f"figures/{id}.{ext}") for id, f in FIGURES.items() if f.kind == "figure" for ext in ("pdf", "png")
]
TABLE_FILES = [
    results(f"figures/{id}.{ext}") for id, f in FIGURES.items() if f.kind == "table" for ext in ("csv", "tex")
]

for figure_id, figure in FIGURES.items():

    rule:
        name:
            figure_id
        input:
            **{f"input{i}": logical_file(name) for i, name in enumerate(figure.inputs + figure.optional)},
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
                if figure.kind == "figure"
                else [results(f"figures/{figure_id}.csv"), results(f"figures/{figure_id}.tex")]
            ),
            prov=(
                results(f"figures/{figure_id}.prov.json")
                if figure.kind == "figure"
                else results(f"figures/{figure_id}.prov.json")
            ),
        log:
            logs(f"figures/{figure_id}.log"),
        group:
            "figures"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=time_limit(10),
            gpu=0,
        params:
            **code("figures/figure.py", f"qcrystal/figures/{figure.module}.py"),
            figure=figure_id,
            caption=figure.caption,
            names=list(figure.inputs + figure.optional),
            converged_length=SCALE.sampling.converged_length,
        script:
            "../scripts/figures/figure.py"
