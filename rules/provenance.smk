from qcrystal.provenance.environment import refresh_index


# Every job asks git whether files have changed. A limit on jobs per second, which is for clusters, costs a look at all waiting
# jobs each second, and after n jobs n of them: Snakemake 9 starts a timer with each job, and each timer starts the next.
onstart:
    refresh_index()
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


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
