"""Pages of origin say what the records say: nothing is left out of the lineage, and no verdict is claimed."""

import json
import re
from pathlib import Path

import pytest
from browser import BROWSER, assert_fits
from small_repository import S, edit_record, small_repository
from snakemake_stand_in import Job, Named

from qcrystal.errors import QcrystalError
from qcrystal.files import file_digest
from qcrystal.manuscript.origin_pages import Subject, write_pages
from qcrystal.provenance.verdicts import VERDICTS

COMMAND = "make audit SCALE=smoke"


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """A function that writes the pages of a small repository and gives their text by name."""
    repository = small_repository(tmp_path, monkeypatch)
    entry = {
        "value": 1.5,
        "error": None,
        "unit": "K",
        "text": "1.5",
        "meaning": "a $T_c$",
        "source": f"{S}/tables/sweep.csv",
    }
    numbers = Path(S, "manuscript", "numbers.json")

    def write_numbers(path):
        path.write_text(json.dumps({"numbers": {"Critical": entry}}))

    repository.job("numbers", [f"{S}/tables/sweep.csv"], [str(numbers)], write_numbers, "draw.py")

    def write(name="first"):
        picture = Path(S, "figures", f"{name}.png")
        caption = picture.with_suffix(".caption.json")
        caption.write_text(json.dumps({"caption": "LaH10 <at> rest.", "notes": []}))
        folder = Path(S, "audit")
        write_pages([Subject(name, picture.with_suffix(".prov.json"), picture, caption)], numbers, COMMAND, folder)
        return {page.stem: page.read_text(encoding="utf-8") for page in folder.glob("*.html")}

    write.repository = repository
    return write


def test_every_file_behind_a_figure_stands_there_with_its_checksum(pages):
    text = pages()["first"]
    for name in ("figures/first.png", "figures/first.pdf", "tables/sweep.csv", "model/model.pb"):
        assert f"{S}/{name}" in text and file_digest(Path(S, name)) in text
    assert "data/labels.npy" in text and file_digest(Path("data/labels.npy")) in text
    assert "figures/second.png" not in text
    assert "LaH<sub>10</sub> &lt;at&gt; rest." in text and f"{COMMAND} T=first" in text
    assert re.search(r"Behind it</dt><dd>3 jobs, 1 file of the repository", text)


def test_a_page_claims_no_verdict_and_needs_no_network(pages):
    for text in pages().values():
        assert not [verdict for verdict in VERDICTS if re.search(rf"\b{verdict}\b", text)]
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text) and "do not belong together" not in text


def test_links_lead_to_what_is_there(pages):
    for text in pages().values():
        targets = set(re.findall(r' id="([^"]+)"', text))
        links = set(re.findall(r'href="([^"]+)"', text))
        assert {link[1:] for link in links if link.startswith("#")} <= targets
        records = [link for link in links if link.endswith(".prov.json")]
        assert records and all(Path(S, "audit", link).is_file() for link in records)


def test_each_number_has_its_place_and_its_source(pages):
    text = pages()["numbers"]
    assert 'id="Critical"' in text and "1.5 K" in text and f"{S}/tables/sweep.csv" in text


def test_an_input_that_was_made_as_another_file_is_said(pages):
    """The figure was drawn from a table; then the table's job ran again, and its record is of another file."""
    other = "0" * 64

    def made_again(record):
        record["outputs"][0]["sha256"] = other

    edit_record(Path(S, "tables", "sweep.prov.json"), made_again)
    text = pages()["first"]
    assert "do not belong together" in text and other[:12] in text


def test_a_figure_without_a_record_is_refused(pages):
    Path(S, "figures", "second.prov.json").unlink()
    with pytest.raises(QcrystalError, match=r"second.prov.json: there is no record; make second again"):
        pages("second")


def test_the_rules_script_writes_the_same_pages(pages):
    before = pages()
    for page in Path(S, "audit").glob("*.html"):
        page.unlink()
    job = Job(Path().resolve(), "manuscript/origin_pages")
    figure = [f"{S}/figures/first.png", f"{S}/figures/first.pdf"]
    job.params = Named(entries=[{"name": "first", "files": figure}], command=COMMAND)
    job.input, job.output = Named(numbers=f"{S}/manuscript/numbers.json"), [f"{S}/audit/first.html"]
    job.run()
    assert {page.stem: page.read_text(encoding="utf-8") for page in Path(S, "audit").glob("*.html")} == before


def test_pages_beside_the_results_do_not_change_what_an_audit_finds(pages):
    pages()
    found = pages.repository.verdicts()
    assert not [path for path in found if "audit" in path]


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="no Chromium: apt-get install chromium (pages are not tried in a browser)")
@pytest.mark.parametrize("width", [320, 1280])
def test_a_page_fits_the_window_of_a_browser(pages, width, tmp_path):
    pages()
    assert_fits(Path(S, "audit", "first.html").resolve(), width, tmp_path / "profile")
