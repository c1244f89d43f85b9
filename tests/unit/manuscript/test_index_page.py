"""The front page of the results: it is whole without a network, and fits a phone and a desktop in a real browser."""

import base64
import json
import re

import pytest
from browser import BROWSER, assert_fits
from matplotlib.figure import Figure

from qcrystal.manuscript.index_page import Item, index_page, write_index
from qcrystal.manuscript.prose import to_html

NUMBER = {"meaning": "zero-point energy", "value": 795.2, "error": 3.0, "unit": "K", "text": "795.2(3.0)"}


@pytest.fixture
def page(tmp_path):
    """A page of a narrow figure, a wide one, and a table of 60 columns, in the layout of the results."""
    folder = tmp_path / "figures"
    folder.mkdir()
    items = []
    for name, width in (("narrow", 3.375), ("wide", 7.0)):
        Figure(figsize=(width, 2)).savefig(folder / f"{name}.png", dpi=300)
        files = (folder / f"{name}.png", folder / f"{name}.pdf")
        items.append(Item(name, "Pictures", files, (tmp_path / "statics" / "eos.csv",)))
    head = ",".join(f"a_long_name_{number}" for number in range(60))
    row = ",".join(["1.23456789", *["4.6×$10^{-3}$"] * 59])
    (folder / "table.csv").write_text(f"# prov_id abc\n{head}\n{row}\n")
    items.append(Item("table", "Tables & more", (folder / "table.csv", folder / "table.tex")))
    for item in items:
        notes = ["short runs: 0.15 ps", "slope 8.3(1.0)×$10^{-7}$ <cm²/s>"]
        item.caption_file.write_text(json.dumps({"caption": f"The {item.name} of LaH10.", "notes": notes}))
    numbers = tmp_path / "manuscript" / "numbers.json"
    numbers.parent.mkdir()
    entry = NUMBER | {"source": str(tmp_path / "statics" / "phonons.csv")}
    told = {"meaning": "published value", "value": "3.5×$10^{-5}$", "text": "3.5×$10^{-5}$", "source": entry["source"]}
    numbers.write_text(json.dumps({"numbers": {"PhononZeroPoint": entry, "Published": told}}))
    write_index("LaH10: results", "three items", items, numbers, tmp_path / "index.html")
    return tmp_path / "index.html"


def test_the_page_holds_its_pictures_and_links_to_files_near_it(page):
    text = page.read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text)
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    assert [base64.b64decode(data)[:8] for data in pictures] == [b"\x89PNG\r\n\x1a\n"] * 2
    for address in ("figures/narrow.pdf", "figures/wide.png", "figures/table.tex", "audit/table.html"):
        assert f'href="{address}"' in text
    assert 'href="audit/numbers.html#PhononZeroPoint"' in text
    assert 'href="statics/eos.csv"' in text and 'href="statics/phonons.csv"' in text
    assert "795.2(3.0) K" in text and "LaH<sub>10</sub>" in text and "Tables &amp; more" in text
    assert "10<sup>−7</sup> &lt;cm²/s&gt;" in text and "1.2346" in text and "prov_id abc" not in text
    assert "3.5×10<sup>−5</sup>" in text and "4.6×10<sup>−3</sup>" in text and "$" not in text.partition("<body")[2]


def test_a_page_of_no_figures_is_a_page(tmp_path):
    assert "<h2" in index_page("A", "b", [], {"numbers": {}}, tmp_path)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"$Fm\bar{3}m$ and $C2/m$ #2", "<i>Fm</i>3̄<i>m</i> and <i>C</i>2/<i>m</i> #2"),
        (r"max$|\theta-90^\circ|$", "max|θ−90°|"),
        (r"$2\langle K_\mathrm{La}\rangle$", "2⟨<i>K</i><sub>La</sub>⟩"),
        ("LaH10 at 300 GPa by DFT, H$_{32}$", "LaH<sub>10</sub> at 300 GPa by DFT, H<sub>32</sub>"),
        ("a < b & c", "a &lt; b &amp; c"),
    ],
)
def test_mathematics_becomes_letters(text, shown):
    assert str(to_html(text)) == shown


@pytest.mark.browser
@pytest.mark.skipif(
    BROWSER is None, reason="no Chromium: apt-get install chromium (the page is not tried in a browser)"
)
@pytest.mark.parametrize("width", [320, 400, 1280])
def test_the_page_fits_the_window_of_a_browser(page, width, tmp_path):
    """Nothing but a table's own frame scrolls sideways, and every picture is drawn."""
    assert_fits(page, width, tmp_path / "profile")
