# Structures of low enthalpy: random and distorted starts, their enthalpies, and their check by DFT.
SEARCH = SCALE.search
SEARCH_BATCHES = list(range(SEARCH.batches))
# What every rule of the search is told.
SEARCHED = {
    "prototype": prototype(),
    "pressures": CRYSTAL.search.pressures,
    "number_of_pressures": SEARCH.pressures,
    "shortest": CRYSTAL.search.shortest_distances,
    "max_steps": SEARCH.max_relaxation_steps,
}


rule search_random:
    input:
        model=f"{POTENTIAL}/model.pb",
        trained=results("potential/trained_pressures.csv"),
    output:
        structures=results("search/batches/{batch}.extxyz"),
        counts=results("search/batches/{batch}.csv"),
        prov=results("search/batches/{batch}.prov.json"),
    log:
        logs("search/{batch}.log"),
    benchmark:
        benchmarks("search/{batch}.tsv")
    wildcard_constraints:
        batch=one_of(SEARCH_BATCHES),
    conda:
        environment("search")
    threads: 1
    resources:
        **cpu(mem_mb=3000, minutes=max(20, SEARCH.starts * 5)),
    params:
        **code("search/random_crystals.py"),
        **SEARCHED,
        engine=ENGINE,
        starts=SEARCH.starts,
        formula_units=SEARCH.formula_units,
        space_groups=CRYSTAL.search.space_groups,
        window=CRYSTAL.search.window,
        seed=CONFIG.seed("search"),
    script:
        "../scripts/search/random_crystals.py"


rule search_distorted:
    input:
        model=f"{POTENTIAL}/model.pb",
        trained=results("potential/trained_pressures.csv"),
    output:
        structures=results("search/batches/distorted.extxyz"),
        counts=results("search/batches/distorted.csv"),
        modes=results("search/imaginary_modes.csv"),
        prov=results("search/batches/distorted.prov.json"),
    log:
        logs("search/distorted.log"),
    benchmark:
        benchmarks("search/distorted.tsv")
    conda:
        environment("search")
    threads: 1
    resources:
        **cpu(mem_mb=3000, minutes=30 + 30 * SEARCH.distortions),
    params:
        **code("search/distorted.py"),
        **SEARCHED,
        engine=ENGINE,
        phases=CRYSTAL.search.phases,
        distortions=SEARCH.distortions,
        primitive_cells=min(2, max(SEARCH.formula_units)),
        window=CRYSTAL.search.window,
        masses={element: CRYSTAL.isotopes[element].mass for element in CRYSTAL.species},
        seed=CONFIG.seed("distortions"),
    script:
        "../scripts/search/distorted.py"


rule enthalpy:
    input:
        model=f"{POTENTIAL}/model.pb",
        committee=potential_members(POTENTIAL),
        trained=results("potential/trained_pressures.csv"),
        candidates=expand(results("search/batches/{batch}.extxyz"), batch=[*SEARCH_BATCHES, "distorted"]),
        counts=expand(results("search/batches/{batch}.csv"), batch=[*SEARCH_BATCHES, "distorted"]),
    output:
        table=results("search/enthalpies.csv"),
        structures=results("search/structures.extxyz"),
        found=results("search/found.csv"),
        counts=results("search/counts.csv"),
        prov=results("search/enthalpies.prov.json"),
    log:
        logs("search/enthalpies.log"),
    benchmark:
        benchmarks("search/enthalpies.tsv")
    conda:
        environment("search")
    threads: 1
    resources:
        **cpu(mem_mb=3000, minutes=240),
    params:
        **code("search/enthalpies.py"),
        **SEARCHED,
        engine=ENGINE,
        beyond_training=CRYSTAL.statics.beyond_training,
        phases=CRYSTAL.search.phases,
        keep=SEARCH.keep,
    script:
        "../scripts/search/enthalpies.py"


rule dft_check_frames:
    input:
        table=results("search/enthalpies.csv"),
        structures=results("search/structures.extxyz"),
    output:
        frames=results("search/dft_check/frames.extxyz"),
        prov=results("search/dft_check/frames.prov.json"),
    log:
        logs("search/dft_check/frames.log"),
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=10),
    params:
        **code("search/dft_check_frames.py"),
        check=SEARCH.check,
    script:
        "../scripts/search/dft_check_frames.py"


use rule dft_label as dft_check_label with:
    input:
        frames=results("search/dft_check/frames.extxyz"),
        setups=results("dft/paw"),
    output:
        labels=results("search/dft_check/{batch}.json"),
        prov=results("search/dft_check/{batch}.prov.json"),
    log:
        logs("search/dft_check/{batch}.log"),
    benchmark:
        benchmarks("search/dft_check/{batch}.tsv")
    wildcard_constraints:
        batch="labels",


rule dft_check:
    input:
        frames=results("search/dft_check/frames.extxyz"),
        labels=results("search/dft_check/labels.json"),
        card=f"{POTENTIAL}/card.yaml",
    output:
        table=results("search/dft_check.csv"),
        structures=results("search/dft_check.extxyz"),
        prov=results("search/dft_check.prov.json"),
    log:
        logs("search/dft_check/table.log"),
    conda:
        environment("analysis")
    threads: 1
    resources:
        **cpu(mem_mb=1000, minutes=10),
    params:
        **code("search/dft_check.py"),
    script:
        "../scripts/search/dft_check.py"


# The search over compositions of ternary hydrides, of crystals that have one.
include: "inputs/search.smk"


if TERNARY:
    # The search over compositions of ternary hydrides: from the list of compositions to the funnel and what it loses.
    TOLD = ternary_parameters()
    RANDOM_BATCHES = ternary_batches()
    TERNARY_BATCHES = [*RANDOM_BATCHES, *TERNARY.prototypes]
    # Whether the stand-in labels what the compared trainers learn.
    STAND_IN_LABELS = TERNARY_EFFORT.stand_in and not TERNARY_EFFORT.trained_on_data
    # How starts are made, in every turn.
    STARTS = {
        "elements": TERNARY.elements,
        "groups": CRYSTAL.search.space_groups,
        "shortest": CRYSTAL.search.shortest_distances,
        "metals": TERNARY_EFFORT.ordered_metals,
        "seed": CONFIG.seed("ternary"),
    }
    # The trained potential, if no stand-in takes its place.
    SEARCH_MODEL = [] if TERNARY_EFFORT.stand_in else [f"{POTENTIAL}/model.pb"]
    # Whether DFT, or its stand-in, tests what the funnel keeps and rejects.
    DFT_TESTS = ternary_dft_tests()

    rule ternary_compositions:
        output:
            table=results("search/ternary/compositions.csv"),
            prov=results("search/ternary/compositions.prov.json"),
        log:
            logs("search/ternary/compositions.log"),
        conda:
            environment("search")
        threads: 1
        resources:
            **cpu(mem_mb=1000, minutes=10),
        params:
            **code("search/ternary_compositions.py"),
            elements=TERNARY.elements,
            space=list(TERNARY.formula.space),
            max_atoms=TERNARY_EFFORT.max_atoms,
        script:
            "../scripts/search/ternary_compositions.py"

    rule ternary_references:
        input:
            model=SEARCH_MODEL,
        output:
            table=results("search/ternary/references.csv"),
            structures=results("search/ternary/references.extxyz"),
            prov=results("search/ternary/references.prov.json"),
        log:
            logs("search/ternary/references.log"),
        conda:
            environment("search")
        threads: 1
        resources:
            **cpu(mem_mb=2000, minutes=60),
        params:
            **code("search/ternary_references.py"),
            **TOLD,
            references={name: plain(each) for name, each in TERNARY.references.items()},
            repulsion=CRYSTAL.repulsion,
        script:
            "../scripts/search/ternary_references.py"

    rule ternary_generate:
        input:
            compositions=results("search/ternary/compositions.csv"),
            references=results("search/ternary/references.csv"),
            crystals=results("search/ternary/references.extxyz"),
        output:
            structures=results("search/ternary/starts/{batch}.extxyz"),
            prov=results("search/ternary/starts/{batch}.prov.json"),
        log:
            logs("search/ternary/generate-{batch}.log"),
        wildcard_constraints:
            batch=one_of(TERNARY_BATCHES),
        conda:
            environment("search")
        threads: 1
        resources:
            **cpu(mem_mb=2000, minutes=120),
        params:
            **code("search/ternary_generate.py"),
            **STARTS,
            numbers=lambda wildcards: RANDOM_BATCHES.get(wildcards.batch),
            prototype=lambda wildcards: plain(CRYSTAL.prototypes.get(wildcards.batch)),
        script:
            "../scripts/search/ternary_generate.py"

    rule ternary_relax:
        input:
            model=SEARCH_MODEL,
            starts=results("search/ternary/starts/{batch}.extxyz"),
        output:
            structures=results("search/ternary/relaxed/{batch}.extxyz"),
            counts=results("search/ternary/relaxed/{batch}.csv"),
            paths=results("search/ternary/paths/{batch}.extxyz"),
            prov=results("search/ternary/relaxed/{batch}.prov.json"),
        log:
            logs("search/ternary/relax-{batch}.log"),
        benchmark:
            benchmarks("search/ternary/{batch}.tsv")
        wildcard_constraints:
            batch=one_of(TERNARY_BATCHES),
        conda:
            environment("search")
        threads: 1
        resources:
            **cpu(mem_mb=2000, minutes=240),
        params:
            **code("search/ternary_relax.py"),
            **TOLD,
            fmax=TERNARY_EFFORT.fmax,
        script:
            "../scripts/search/ternary_relax.py"

    rule ternary_hull:
        input:
            references=results("search/ternary/references.csv"),
            crystals=results("search/ternary/references.extxyz"),
            candidates=expand(results("search/ternary/relaxed/{batch}.extxyz"), batch=TERNARY_BATCHES),
            card=[] if TERNARY_EFFORT.stand_in else f"{POTENTIAL}/card.yaml",
        output:
            table=results("search/ternary/candidates.csv"),
            structures=results("search/ternary/candidates.extxyz"),
            prov=results("search/ternary/candidates.prov.json"),
        log:
            logs("search/ternary/hull.log"),
        conda:
            environment("search")
        threads: 1
        resources:
            **cpu(mem_mb=3000, minutes=60),
        params:
            **code("search/ternary_hull.py"),
            stand_in=TERNARY_EFFORT.stand_in,
            elements=TERNARY.elements,
            thresholds=TOLD["thresholds"],
            error=TERNARY.model_error,
            draws=TERNARY_EFFORT.draws,
            seed=CONFIG.seed("ternary hull"),
        script:
            "../scripts/search/ternary_hull.py"

    rule ternary_phonons:
        input:
            model=SEARCH_MODEL,
            table=results("search/ternary/candidates.csv"),
            structures=results("search/ternary/candidates.extxyz"),
        output:
            table=results("search/ternary/phonons.csv"),
            prov=results("search/ternary/phonons.prov.json"),
        log:
            logs("search/ternary/phonons.log"),
        conda:
            environment("search")
        threads: 1
        resources:
            **cpu(mem_mb=3000, minutes=480),
        params:
            **code("search/ternary_phonons.py"),
            **TOLD,
            supercell=TERNARY_EFFORT.supercell,
        script:
            "../scripts/search/ternary_phonons.py"

    rule ternary_dft_frames:
        input:
            references=results("search/ternary/references.csv"),
            crystals=results("search/ternary/references.extxyz"),
            table=results("search/ternary/candidates.csv"),
            structures=results("search/ternary/candidates.extxyz"),
            phonons=results("search/ternary/phonons.csv"),
        output:
            frames=results("search/ternary/dft/frames.extxyz"),
            prov=results("search/ternary/dft/frames.prov.json"),
        log:
            logs("search/ternary/dft_frames.log"),
        conda:
            environment("analysis")
        threads: 1
        resources:
            **cpu(mem_mb=1000, minutes=10),
        params:
            **code("search/ternary_dft_frames.py"),
            thresholds=TOLD["thresholds"],
            tested={
                "rejects": TERNARY_EFFORT.rejects,
                "survivors": TERNARY_EFFORT.survivors,
                "atoms": TERNARY_EFFORT.dft_atoms,
            },
            seed=CONFIG.seed("ternary rejects"),
        script:
            "../scripts/search/ternary_dft_frames.py"

    use rule dft_label as ternary_label with:
        input:
            frames=results("search/ternary/dft/frames.extxyz"),
            setups=results("dft/paw"),
        output:
            labels=results("search/ternary/dft/{batch}.json"),
            prov=results("search/ternary/dft/{batch}.prov.json"),
        log:
            logs("search/ternary/dft-{batch}.log"),
        benchmark:
            benchmarks("search/ternary/dft-{batch}.tsv")
        wildcard_constraints:
            batch="labels",

    rule ternary_dft_check:
        input:
            frames=results("search/ternary/dft/frames.extxyz"),
            labels=results("search/ternary/dft/labels.json") if DFT_TESTS and not TERNARY_EFFORT.stand_in else [],
        output:
            table=results("search/ternary/dft.csv"),
            prov=results("search/ternary/dft.prov.json"),
        log:
            logs("search/ternary/dft_check.log"),
        conda:
            environment("analysis")
        threads: 1
        resources:
            **cpu(mem_mb=1000, minutes=10),
        params:
            **code("search/ternary_dft_check.py"),
            **TOLD,
            dft=DFT_TESTS,
        script:
            "../scripts/search/ternary_dft_check.py"

    rule ternary_funnel:
        input:
            candidates=results("search/ternary/candidates.csv"),
            phonons=results("search/ternary/phonons.csv"),
            dft=results("search/ternary/dft.csv"),
        output:
            table=results("search/ternary/funnel.csv"),
            all=results("search/ternary/all.csv"),
            prov=results("search/ternary/funnel.prov.json"),
        log:
            logs("search/ternary/funnel.log"),
        conda:
            environment("analysis")
        threads: 1
        resources:
            **cpu(mem_mb=1000, minutes=10),
        params:
            **code("search/ternary_funnel.py"),
            thresholds=TOLD["thresholds"],
        script:
            "../scripts/search/ternary_funnel.py"

    rule ternary_committee:
        input:
            models=[] if TERNARY_EFFORT.stand_in else potential_members(POTENTIAL),
            structures=[results("search/ternary/candidates.extxyz"), results("search/ternary/references.extxyz")],
        output:
            table=results("search/ternary/committee.csv"),
            prov=results("search/ternary/committee.prov.json"),
        log:
            logs("search/ternary/committee.log"),
        conda:
            environment("search")
        threads: 1
        resources:
            **cpu(mem_mb=3000, minutes=60),
        params:
            **code("search/ternary_committee.py"),
            **TOLD,
        script:
            "../scripts/search/ternary_committee.py"

    # Both loops of the paper: what they label next, its labels, and how far they are. The search is their first turn.
    rule ternary_select:
        input:
            models=[] if TERNARY_EFFORT.stand_in else potential_members(POTENTIAL),
            labelled=[] if TERNARY_EFFORT.stand_in else results(f"dataset/{MAIN.dataset}"),
            earlier=[],
            paths=expand(results("search/ternary/paths/{batch}.extxyz"), batch=TERNARY_BATCHES),
            table=results("search/ternary/candidates.csv"),
            structures=results("search/ternary/candidates.extxyz"),
        output:
            table=results("search/ternary/loops/frames.csv"),
            frames=results("search/ternary/loops/frames.extxyz"),
            prov=results("search/ternary/loops/frames.prov.json"),
        log:
            logs("search/ternary/select.log"),
        conda:
            environment("search")
        threads: 1
        resources:
            **cpu(mem_mb=4000, minutes=120),
        params:
            **code("search/ternary_select.py"),
            **TOLD,
            species=CRYSTAL.species,
            soap=plain(CRYSTAL.learning.soap),
            loops=[CRYSTAL.learning.bounds, TERNARY.endpoint_height, TERNARY_EFFORT.loop_frames],
        script:
            "../scripts/search/ternary_select.py"

    use rule dft_label as ternary_loop_label with:
        input:
            frames=results("search/ternary/loops/frames.extxyz"),
            setups=results("dft/paw"),
        output:
            labels=results("search/ternary/loops/{batch}.json"),
            prov=results("search/ternary/loops/{batch}.prov.json"),
        log:
            logs("search/ternary/loop-{batch}.log"),
        benchmark:
            benchmarks("search/ternary/loop-{batch}.tsv")
        wildcard_constraints:
            batch="labels",

    rule ternary_loops:
        input:
            model=SEARCH_MODEL,
            table=results("search/ternary/loops/frames.csv"),
            frames=results("search/ternary/loops/frames.extxyz"),
            labels=[] if TERNARY_EFFORT.stand_in else results("search/ternary/loops/labels.json"),
        output:
            table=results("search/ternary/loops/progress.csv"),
            prov=results("search/ternary/loops/progress.prov.json"),
        log:
            logs("search/ternary/loops.log"),
        conda:
            environment("search")
        threads: 1
        resources:
            **cpu(mem_mb=2000, minutes=30),
        params:
            **code("search/ternary_loops.py"),
            **TOLD,
            goal=TERNARY.enthalpy_goal,
        script:
            "../scripts/search/ternary_loops.py"

    # Later turns: the same search by a potential that has learnt the labels of all turns before, from other random starts.
    # Each has a folder of its own, so that one turn more runs none again.
    wildcard_constraints:
        turn=one_of(range(2, TERNARY_EFFORT.turns + 1)),

    if TERNARY_EFFORT.stand_in:

        rule ternary_turn_stand_in:
            input:
                frames=of_earlier_turns("loops/frames.extxyz"),
            output:
                model=results("search/ternary/turns/{turn}/stand_in.json"),
                prov=results("search/ternary/turns/{turn}/stand_in.prov.json"),
            log:
                logs("search/ternary/turns/{turn}/stand_in.log"),
            conda:
                environment("search")
            threads: 1
            resources:
                **cpu(mem_mb=1000, minutes=10),
            params:
                **code("search/ternary_turn_stand_in.py"),
                **TOLD,
                seed=lambda wildcards: CONFIG.seed("ternary turn", wildcards.turn),
            script:
                "../scripts/search/ternary_turn_stand_in.py"

    else:

        rule ternary_turn_data:
            input:
                data=results(f"dataset/{MAIN.dataset}"),
                labels=of_earlier_turns("loops/labels.json"),
            output:
                folder=directory(results("search/ternary/turns/{turn}/data")),
                prov=results("search/ternary/turns/{turn}/data.prov.json"),
            log:
                logs("search/ternary/turns/{turn}/data.log"),
            conda:
                environment("learning")
            threads: 1
            resources:
                **cpu(mem_mb=2000, minutes=10),
            params:
                **code("search/ternary_turn_data.py"),
                species=CRYSTAL.species,
                limits=plain(MAIN.datasets[MAIN.dataset].limits),
            script:
                "../scripts/search/ternary_turn_data.py"

        use rule learning_train as ternary_turn_train with:
            input:
                data=results("search/ternary/turns/{turn}/data"),
            output:
                model=results("search/ternary/turns/{turn}/model{suffix}.pb"),
                curve=results("search/ternary/turns/{turn}/learning_curve{suffix}.csv"),
                prov=results("search/ternary/turns/{turn}/model{suffix}.prov.json"),
            log:
                logs("search/ternary/turns/{turn}/train{suffix}.log"),
            benchmark:
                benchmarks("search/ternary/turns/{turn}/train{suffix}.tsv")
            params:
                **code("learning/train.py"),
                training=lambda wildcards: training(f"ternary turn {wildcards.turn}{wildcards.suffix}"),

    use rule ternary_references as ternary_turn_references with:
        input:
            model=turn_model,
        output:
            table=results("search/ternary/turns/{turn}/references.csv"),
            structures=results("search/ternary/turns/{turn}/references.extxyz"),
            prov=results("search/ternary/turns/{turn}/references.prov.json"),
        log:
            logs("search/ternary/turns/{turn}/references.log"),

    use rule ternary_generate as ternary_turn_generate with:
        input:
            compositions=results("search/ternary/compositions.csv"),
            references=results("search/ternary/turns/{turn}/references.csv"),
            crystals=results("search/ternary/turns/{turn}/references.extxyz"),
        output:
            structures=results("search/ternary/turns/{turn}/starts/{batch}.extxyz"),
            prov=results("search/ternary/turns/{turn}/starts/{batch}.prov.json"),
        log:
            logs("search/ternary/turns/{turn}/generate-{batch}.log"),
        params:
            **code("search/ternary_generate.py"),
            **STARTS,
            numbers=lambda wildcards: ternary_batches(int(wildcards.turn)).get(wildcards.batch),
            prototype=lambda wildcards: plain(CRYSTAL.prototypes.get(wildcards.batch)),

    use rule ternary_relax as ternary_turn_relax with:
        input:
            model=turn_model,
            starts=results("search/ternary/turns/{turn}/starts/{batch}.extxyz"),
        output:
            structures=results("search/ternary/turns/{turn}/relaxed/{batch}.extxyz"),
            counts=results("search/ternary/turns/{turn}/relaxed/{batch}.csv"),
            paths=results("search/ternary/turns/{turn}/paths/{batch}.extxyz"),
            prov=results("search/ternary/turns/{turn}/relaxed/{batch}.prov.json"),
        log:
            logs("search/ternary/turns/{turn}/relax-{batch}.log"),
        benchmark:
            benchmarks("search/ternary/turns/{turn}/{batch}.tsv")

    use rule ternary_hull as ternary_turn_hull with:
        input:
            references=results("search/ternary/turns/{turn}/references.csv"),
            crystals=results("search/ternary/turns/{turn}/references.extxyz"),
            candidates=expand(results("search/ternary/turns/{{turn}}/relaxed/{batch}.extxyz"), batch=TERNARY_BATCHES),
        output:
            table=results("search/ternary/turns/{turn}/candidates.csv"),
            structures=results("search/ternary/turns/{turn}/candidates.extxyz"),
            prov=results("search/ternary/turns/{turn}/candidates.prov.json"),
        log:
            logs("search/ternary/turns/{turn}/hull.log"),

    use rule ternary_select as ternary_turn_select with:
        input:
            models=turn_committee,
            labelled=[] if TERNARY_EFFORT.stand_in else results(f"dataset/{MAIN.dataset}"),
            earlier=of_earlier_turns("loops/frames.extxyz"),
            paths=expand(results("search/ternary/turns/{{turn}}/paths/{batch}.extxyz"), batch=TERNARY_BATCHES),
            table=results("search/ternary/turns/{turn}/candidates.csv"),
            structures=results("search/ternary/turns/{turn}/candidates.extxyz"),
        output:
            table=results("search/ternary/turns/{turn}/loops/frames.csv"),
            frames=results("search/ternary/turns/{turn}/loops/frames.extxyz"),
            prov=results("search/ternary/turns/{turn}/loops/frames.prov.json"),
        log:
            logs("search/ternary/turns/{turn}/select.log"),

    use rule dft_label as ternary_turn_label with:
        input:
            frames=results("search/ternary/turns/{turn}/loops/frames.extxyz"),
            setups=results("dft/paw"),
        output:
            labels=results("search/ternary/turns/{turn}/loops/{batch}.json"),
            prov=results("search/ternary/turns/{turn}/loops/{batch}.prov.json"),
        log:
            logs("search/ternary/turns/{turn}/loop-{batch}.log"),
        benchmark:
            benchmarks("search/ternary/turns/{turn}/loop-{batch}.tsv")
        wildcard_constraints:
            batch="labels",

    use rule ternary_loops as ternary_turn_loops with:
        input:
            model=turn_model,
            table=results("search/ternary/turns/{turn}/loops/frames.csv"),
            frames=results("search/ternary/turns/{turn}/loops/frames.extxyz"),
            labels=[] if TERNARY_EFFORT.stand_in else results("search/ternary/turns/{turn}/loops/labels.json"),
        output:
            table=results("search/ternary/turns/{turn}/loops/progress.csv"),
            prov=results("search/ternary/turns/{turn}/loops/progress.prov.json"),
        log:
            logs("search/ternary/turns/{turn}/loops.log"),

    # All turns so far; asked for by name.
    rule ternary_turns:
        input:
            [of_turn(turn, "loops/progress.csv") for turn in range(1, TERNARY_EFFORT.turns + 1)],
        output:
            table=results("search/ternary/loops.csv"),
            prov=results("search/ternary/loops.prov.json"),
        log:
            logs("search/ternary/turns.log"),
        localrule: True
        conda:
            environment("search")
        threads: 1
        resources:
            **cpu(mem_mb=500, minutes=10),
        params:
            **code("search/ternary_turns.py"),
        script:
            "../scripts/search/ternary_turns.py"

    rule ternary_hull_errors:
        input:
            all=results("search/ternary/all.csv"),
            references=results("search/ternary/references.csv"),
            dft=results("search/ternary/dft.csv"),
            committee=results("search/ternary/committee.csv"),
        output:
            losses=results("search/ternary/hull_errors.csv"),
            range=results("search/ternary/funnel_range.csv"),
            prov=results("search/ternary/hull_errors.prov.json"),
        log:
            logs("search/ternary/hull_errors.log"),
        conda:
            environment("search")
        threads: 1
        resources:
            **cpu(mem_mb=3000, minutes=240),
        params:
            **code("search/ternary_hull_errors.py"),
            thresholds=TOLD["thresholds"],
            error=TERNARY.model_error,
            draws=TERNARY_EFFORT.draws,
            seed=CONFIG.seed("ternary hull errors"),
        script:
            "../scripts/search/ternary_hull_errors.py"

    rule ternary_rejects:
        input:
            all=results("search/ternary/all.csv"),
            dft=results("search/ternary/dft.csv"),
        output:
            table=results("search/ternary/rejects.csv"),
            prov=results("search/ternary/rejects.prov.json"),
        log:
            logs("search/ternary/rejects.log"),
        conda:
            environment("analysis")
        threads: 1
        resources:
            **cpu(mem_mb=1000, minutes=10),
        params:
            **code("search/ternary_rejects.py"),
            thresholds=TOLD["thresholds"],
            dft_atoms=TERNARY_EFFORT.dft_atoms,
        script:
            "../scripts/search/ternary_rejects.py"

    if STAND_IN_LABELS:

        rule ternary_stand_in_labels:
            input:
                crystals=results("search/ternary/references.extxyz"),
            output:
                folder=directory(results("search/ternary/labels")),
                prov=results("search/ternary/labels.prov.json"),
            log:
                logs("search/ternary/labels.log"),
            conda:
                environment("search")
            threads: 1
            resources:
                **cpu(mem_mb=1000, minutes=10),
            params:
                **code("search/ternary_stand_in_labels.py"),
                **TOLD,
                frames=TERNARY_EFFORT.stand_in_frames,
                systems=TERNARY_EFFORT.stand_in_systems,
                test_fraction=CRYSTAL.learning.test_fraction,
                seed=CONFIG.seed("ternary labels"),
            script:
                "../scripts/search/ternary_stand_in_labels.py"

    if TERNARY_EFFORT.trainings:

        rule ternary_trainer:
            input:
                data=results("search/ternary/labels" if STAND_IN_LABELS else f"dataset/{MAIN.dataset}"),
            output:
                model=results("search/ternary/trainers/{trained}.pb"),
                curve=results("search/ternary/trainers/{trained}_curve.csv"),
                table=results("search/ternary/trainers/{trained}.csv"),
                prov=results("search/ternary/trainers/{trained}.prov.json"),
            log:
                logs("search/ternary/trainer-{trained}.log"),
            benchmark:
                benchmarks("search/ternary/trainer-{trained}.tsv")
            wildcard_constraints:
                trained=one_of(TERNARY_EFFORT.trainings),
            conda:
                environment("potential")
            threads: 1
            resources:
                **gpu(mem_mb=8000, minutes=1440),
            params:
                **code("search/ternary_trainer.py"),
                training=lambda wildcards: compared_training(wildcards.trained),
                labels="stand-in" if STAND_IN_LABELS else MAIN.dataset,
            script:
                "../scripts/search/ternary_trainer.py"

        rule ternary_trainers:
            input:
                expand(results("search/ternary/trainers/{trained}.csv"), trained=TERNARY_EFFORT.trainings),
            output:
                table=results("search/ternary/trainers.csv"),
                prov=results("search/ternary/trainers.prov.json"),
            log:
                logs("search/ternary/trainers.log"),
            localrule: True
            conda:
                environment("analysis")
            threads: 1
            resources:
                **cpu(mem_mb=500, minutes=10),
            params:
                **code("search/ternary_trainers.py"),
            script:
                "../scripts/search/ternary_trainers.py"
