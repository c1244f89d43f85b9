# Observables of each run, and tidy tables over each sweep.
OBSERVABLES = ("summary", "msd", "rdf", "paths", "cell")


rule observe:
    input:
        trajectory=f"{S}/runs/{{run}}/trajectory.h5",
        thermo=f"{S}/runs/{{run}}/thermo.csv",
        report=f"{S}/runs/{{run}}/report.json",
        eos=f"{STATICS}/eos.csv",
    output:
        **{name: f"{S}/observables/{{run}}/{name}.csv" for name in OBSERVABLES},
        prov=f"{S}/observables/{{run}}/observables.prov.json",
    log:
        f"{S}/logs/observables/{{run}}.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=lambda wildcards, attempt: 30 * attempt,
        gpu=0,
    params:
        **code("observe.py"),
        prototype=prototype(),
        cage=plain(SYSTEM.cage),
    script:
        "../scripts/observe.py"


rule collect:
    input:
        lambda wildcards: expand(
            f"{S}/observables/{{run}}/{{name}}.csv", run=CONFIG.sweeps[wildcards.sweep], name=OBSERVABLES
        ),
    output:
        **{name: f"{S}/tables/sweeps/{{sweep}}/{name}.csv" for name in OBSERVABLES},
        prov=f"{S}/tables/sweeps/{{sweep}}/sweep.prov.json",
    log:
        f"{S}/logs/sweeps/{{sweep}}.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
        gpu=0,
    params:
        **code("collect.py"),
        runs=lambda wildcards: [plain(CONFIG.runs[run]) for run in CONFIG.sweeps[wildcards.sweep]],
    script:
        "../scripts/collect.py"
