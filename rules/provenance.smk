# The configuration that a run really used, as a file beside its results.
rule configuration:
    output:
        file=results("provenance/configuration.yaml"),
        prov=results("provenance/configuration.prov.json"),
    log:
        logs("provenance/configuration.log"),
    conda:
        environment("provenance")
    threads: 1
    resources:
        **cpu(mem_mb=500, minutes=5),
    params:
        **code("provenance/configuration.py"),
        effective=CONFIG.effective(),
    script:
        "../scripts/provenance/configuration.py"
