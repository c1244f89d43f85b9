"""Find results that were typed into the manuscript by hand.

python -m qcrystal.commands.lint_manuscript manuscript/lah10.tex
"""

import sys
from pathlib import Path

from qcrystal.manuscript.typed_numbers import typed_numbers

if __name__ == "__main__":
    found = [(path, typed) for path in sys.argv[1:] for typed in typed_numbers(Path(path).read_text(encoding="utf-8"))]
    for path, typed in found:
        print(
            f"{path}:{typed.line}: {typed.text!r} is typed in; print a macro of numbers.json, or, if it is chosen and not found, "
            f"name it in a comment '% typed: {typed.text}'",
            file=sys.stderr,
        )
    sys.exit(bool(found))
