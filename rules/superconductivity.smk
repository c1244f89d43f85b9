# Critical temperatures from couplings, and what the formulas say of one Einstein peak.
from qcrystal.superconductivity.electron_phonon import files_of
from qcrystal.superconductivity.pseudopotentials import RECIPES as PSEUDOPOTENTIALS

SUPERCONDUCTIVITY = CRYSTAL.superconductivity

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

    if SUPERCONDUCTIVITY.compounds:

        rule tc:
            input:
                [file for each in SUPERCONDUCTIVITY.compounds.values() for file in files_of(each.coupling)],
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
                compounds={name: plain(each) for name, each in SUPERCONDUCTIVITY.compounds.items()},
                mu_star=SUPERCONDUCTIVITY.mu_star,
                lowest_frequency=SUPERCONDUCTIVITY.lowest_frequency,
            script:
                "../scripts/superconductivity/tc.py"
