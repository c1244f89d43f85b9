"""Write anew what the documentation says of the claims: docs/claims.md, and the table of results in README.md."""

from __future__ import annotations

from pathlib import Path

from qcrystal.commands._options import application
from qcrystal.docs.claims import claims_page, readme
from qcrystal.files import write_whole

app = application()


@app.command()
def main() -> None:
    """Write docs/claims.md and README's table of claims anew, from figures.yaml, published.yaml and the committed results.

    Run it in the repository's folder, after a change of these. A test fails where it is forgotten.

    Example: `python -m qcrystal claims`
    """
    pages = {Path("README.md"): readme(Path.cwd()), Path("docs/claims.md"): claims_page(Path.cwd())}
    for page, text in pages.items():
        write_whole(page, text)
        print(page)
