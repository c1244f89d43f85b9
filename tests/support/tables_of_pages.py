"""Tables of the documentation that tests make: a page shows what was tried, and nothing else."""

import os
from pathlib import Path


def shows(page: Path, name: str, table: str) -> None:
    """Assert that a page has a table between its marks ``name``; with ``WRITE_PAGES=1`` put it there."""
    begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    shown, _, after = rest.partition(end)
    if os.environ.get("WRITE_PAGES"):
        page.write_text(before + begin + table + end + after, encoding="utf-8")
    else:
        assert shown == table
