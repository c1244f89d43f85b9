# Couplings between electrons and phonons, and critical temperatures from them; what the formulas say of one Einstein peak.
include: "inputs/superconductivity.smk"


if SUPERCONDUCTIVITY:

    rule pseudopotential:
        output:
            file=results("superconductivity/pseudopotentials/{element}.UPF"),
            prov=results("superconductivity/pseudopotentials/{element}.prov.json"),
        log:
            logs("superconductivity/pseudopotential-{element}.log"),
        wildcard_constraints:
            element=one_of(PSEUDOPOTENTIALS),
        conda:
            environment("superconductivity")
        threads: 1
        resources:
            **cpu(mem_mb=1000, minutes=10),
        params:
            **code("superconductivity/pseudopotential.py"),
            recipe=lambda wildcards: PSEUDOPOTENTIALS[wildcards.element],
        script:
            "../scripts/superconductivity/pseudopotential.py"

    rule tc_formulas:
        output:
            table=results("superconductivity/formulas.csv"),
            prov=results("superconductivity/formulas.prov.json"),
        log:
            logs("superconductivity/formulas.log"),
        conda:
            environment("superconductivity")
        threads: 1
        resources:
            **cpu(mem_mb=1000, minutes=10),
        params:
            **code("superconductivity/tc_formulas.py"),
            couplings=[0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0],
            mu_star=[0.0, *SUPERCONDUCTIVITY.mu_star],
        script:
            "../scripts/superconductivity/tc_formulas.py"

    if COMPUTED:
        EPC_SETTINGS = SUPERCONDUCTIVITY.electron_phonon

        wildcard_constraints:
            compound=one_of(COMPUTED),
            meshes=one_of(EPC_MESHES),

        rule epc_relax:
            input:
                pseudopotential_files,
            output:
                crystal=results(f"{EPC}/relaxed.extxyz"),
                folder=directory(results(f"{EPC}/relax")),
                prov=results(f"{EPC}/relaxed.prov.json"),
            log:
                logs("superconductivity/relax-{compound}.log"),
            conda:
                environment("superconductivity")
            threads: 1
            resources:
                **cpu(mem_mb=4000, minutes=240),
            params:
                **code("superconductivity/epc_relax.py"),
                crystal=lambda wildcards: plain(COMPUTED[wildcards.compound].crystal),
                pressure=lambda wildcards: COMPUTED[wildcards.compound].pressure,
                k=max(each["k"] for each in EPC_MESHES.values()),
                cutoff=EPC_SETTINGS.cutoff,
                width=EPC_SETTINGS.width,
            script:
                "../scripts/superconductivity/epc_relax.py"

        rule epc_scf:
            input:
                crystal=results(f"{EPC}/relaxed.extxyz"),
                pseudopotentials=pseudopotential_files,
            output:
                folder=directory(results(f"{EPC}/{{meshes}}/scf")),
                prov=results(f"{EPC}/{{meshes}}/scf.prov.json"),
            log:
                logs("superconductivity/scf-{compound}-{meshes}.log"),
            conda:
                environment("superconductivity")
            threads: 1
            resources:
                **cpu(mem_mb=4000, minutes=240),
            params:
                **code("superconductivity/epc_scf.py"),
                meshes=lambda wildcards: EPC_MESHES[wildcards.meshes],
                cutoff=EPC_SETTINGS.cutoff,
                width=EPC_SETTINGS.width,
            script:
                "../scripts/superconductivity/epc_scf.py"

        rule epc_q:
            input:
                folder=results(f"{EPC}/{{meshes}}/scf"),
            output:
                couplings=results(f"{EPC}/{{meshes}}/elph_dir/elph.inp_lambda.{{number}}"),
                matrix=results(f"{EPC}/{{meshes}}/x.dyn{{number}}"),
                prov=results(f"{EPC}/{{meshes}}/q{{number}}.prov.json"),
            log:
                logs("superconductivity/{compound}-{meshes}-q{number}.log"),
            benchmark:
                benchmarks("superconductivity/{compound}-{meshes}-q{number}.tsv")
            wildcard_constraints:
                number="[1-9][0-9]*",
            conda:
                environment("superconductivity")
            threads: 1
            resources:
                **cpu(mem_mb=4000, minutes=1440),
            params:
                **code("superconductivity/epc_q.py"),
                meshes=lambda wildcards: EPC_MESHES[wildcards.meshes],
                wave_vectors=lambda wildcards: wave_vectors(wildcards.compound, wildcards.meshes),
                sigma=EPC_SETTINGS.sigma,
                sigmas=EPC_SETTINGS.sigmas,
                threshold=EPC_SETTINGS.threshold,
                work=unfinished,
            script:
                "../scripts/superconductivity/epc_q.py"

    if COUPLED:

        rule epc_collect:
            input:
                [file for name in COUPLED for file in coupling_files(name)],
            output:
                couplings=results("superconductivity/couplings.csv"),
                spectra=results("superconductivity/spectra.csv"),
                prov=results("superconductivity/couplings.prov.json"),
            log:
                logs("superconductivity/couplings.log"),
            conda:
                environment("superconductivity")
            threads: 1
            resources:
                **cpu(mem_mb=1000, minutes=10),
            params:
                **code("superconductivity/epc_collect.py"),
                compounds=COUPLED,
                lowest_frequency=SUPERCONDUCTIVITY.lowest_frequency,
                phonon_width=SUPERCONDUCTIVITY.electron_phonon.phonon_width,
            script:
                "../scripts/superconductivity/epc_collect.py"

        rule tc:
            input:
                [file for name in COUPLED for file in coupling_files(name)],
            output:
                table=results("superconductivity/tc.csv"),
                prov=results("superconductivity/tc.prov.json"),
            log:
                logs("superconductivity/tc.log"),
            conda:
                environment("superconductivity")
            threads: 1
            resources:
                **cpu(mem_mb=1000, minutes=30),
            params:
                **code("superconductivity/tc.py"),
                compounds=COUPLED,
                mu_star=SUPERCONDUCTIVITY.mu_star,
                lowest_frequency=SUPERCONDUCTIVITY.lowest_frequency,
                converged_sigmas=list(SUPERCONDUCTIVITY.electron_phonon.converged_sigmas),
                converged_change=SUPERCONDUCTIVITY.electron_phonon.converged_change,
            script:
                "../scripts/superconductivity/tc.py"

    if QUANTUM_SOURCES:

        rule quantum_tc:
            input:
                coupling_files(QUANTUM.compound, QUANTUM.computed),
                model=f"{POTENTIAL}/model.pb",
            output:
                table=results("superconductivity/quantum_tc.csv"),
                prov=results("superconductivity/quantum_tc.prov.json"),
            log:
                logs("superconductivity/quantum_tc.log"),
            benchmark:
                benchmarks("superconductivity/quantum_tc.tsv")
            conda:
                environment("superconductivity")
            threads: 1
            resources:
                **cpu(mem_mb=4000, minutes=240),
            params:
                **code("superconductivity/quantum_tc.py"),
                engine=ENGINE,
                compound=QUANTUM.compound,
                sources=QUANTUM_SOURCES,
                temperature=QUANTUM.temperature,
                multiple=QUANTUM.multiple,
                effort=plain(SCALE.statics.self_consistent),
                mu_star=SUPERCONDUCTIVITY.mu_star,
                lowest_frequency=SUPERCONDUCTIVITY.lowest_frequency,
                seed=CONFIG.seed("superconductivity", "quantum phonons"),
            script:
                "../scripts/superconductivity/quantum_tc.py"

    if SUPERCONDUCTIVITY.tc_model:
        # Compounds whose crystals are relaxed here: their T_c joins the published ones once it is converged.
        RELAXED = [name for name in COMPUTED if name in COUPLED]

        rule tc_model:
            input:
                published=MAIN.published,
                tc=[results("superconductivity/tc.csv")] if RELAXED else [],
                crystals=[results(f"{EPC}/relaxed.extxyz").format(compound=name) for name in RELAXED],
                sets=[each.path for each in SUPERCONDUCTIVITY.tc_model.sets],
            output:
                table=results("superconductivity/tc_model.csv"),
                prov=results("superconductivity/tc_model.prov.json"),
            log:
                logs("superconductivity/tc_model.log"),
            conda:
                environment("superconductivity")
            threads: 1
            resources:
                **cpu(mem_mb=1000, minutes=10),
            params:
                **code("superconductivity/tc_model.py"),
                known={name: plain(each) for name, each in SUPERCONDUCTIVITY.tc_model.known.items()},
                soap=plain(SUPERCONDUCTIVITY.tc_model.soap),
                computed=RELAXED,
                sets=[plain(each) for each in SUPERCONDUCTIVITY.tc_model.sets],
                mu_star=SUPERCONDUCTIVITY.mu_star[0],
            script:
                "../scripts/superconductivity/tc_model.py"
