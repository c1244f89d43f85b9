# The configuration that a run really used, as a file beside its results.
rule configuration:
    output:
        file=results("provenance/configuration.yaml"),
        prov=results("provenance/configuration.prov.json"),
    log:
        logs("provenance/configuration.log"),
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
