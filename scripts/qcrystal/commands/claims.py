"""Write the page of claims anew: docs/claims.md."""

from __future__ import annotations

from pathlib import Path

from qcrystal.commands._options import application
from qcrystal.docs.claims import claims_page
from qcrystal.files import write_whole

app = application()


@app.command()
def main() -> None:
    """Write the page of claims anew, from figures.yaml, published.yaml and the committed reduced results.

    Run it in the repository's folder, after a change of these. A test fails where it is forgotten.

    Example: `python -m qcrystal claims`
    """
    page = Path("docs/claims.md")
    write_whole(page, claims_page(Path.cwd()))
    print(page)
