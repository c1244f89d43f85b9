"""What the tables of this folder share: GPAW's settings, and lines that are computed once."""

import csv
from pathlib import Path


def methfessel_paxton(cutoff, length, width, **others):
    """Settings of `scripts/dft/label.py`: cutoff (eV), length of k-points (Å) and width (eV)."""
    return {
        "cutoff": cutoff,
        "functional": "PBE",
        "kpoint_length": length,
        "width": width,
        "smearing": "methfessel-paxton",
        "energy_convergence": 1e-5,
        "force_convergence": 0.005,
        **others,
    }


def fill(path, columns, keys, lines, calculate):
    """Add the lines that a table lacks, each as soon as it is known. A run that was killed goes on where it was.

    ``lines`` are tuples of arguments of ``calculate``, which gives a line as a dictionary. Their first values are those of the
    columns ``keys``.
    """
    path = Path(path)
    rows = list(csv.DictReader(path.open())) if path.exists() else []
    known = {tuple(row[key] for key in keys) for row in rows}
    for line in lines:
        if tuple(str(value) for value in line[: len(keys)]) in known:
            continue
        rows.append(calculate(*line))
        print(rows[-1], flush=True)
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
