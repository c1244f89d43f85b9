# The configuration that a run really used, as a file beside its results.
rule configuration:
    output:
        file=f"{S}/configuration.yaml",
        prov=f"{S}/configuration.prov.json",
    log:
        f"{S}/logs/configuration.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=time_limit(5),
        gpu=0,
    params:
        **code("provenance/configuration.py"),
        effective=CONFIG.effective(),
    script:
        "../scripts/provenance/configuration.py"
