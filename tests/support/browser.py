"""A page in a real browser, as wide as a phone or a desktop."""

import html
import re
import shutil
import subprocess
from pathlib import Path

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FRAME = """<!DOCTYPE html><html><body style="margin: 0"><iframe id="page" width="{width}" height="900" style="border: 0"
srcdoc="{page}"></iframe><script>
addEventListener("load", () => {{
  const inner = document.getElementById("page").contentDocument;
  const images = [...inner.images].every(image => image.complete && image.naturalWidth > 0);
  const shown = [inner.documentElement.scrollWidth, inner.documentElement.clientWidth, images];
  document.documentElement.dataset.probe = shown.join(" ");
}});
</script></body></html>"""
"""The page in a frame as wide as a phone: a window of Chromium is at least 500 pixels wide."""


def assert_fits(page: Path, width: int, profile: Path) -> None:
    """Nothing but a frame within the page scrolls sideways, and every picture is drawn."""
    framed = page.with_name(f"framed-{page.name}")
    content = html.escape(page.read_text(encoding="utf-8"))
    framed.write_text(FRAME.format(width=width, page=content), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
    options += ["--window-size=1400,1000", "--virtual-time-budget=5000", "--dump-dom", framed.as_uri()]
    shown = subprocess.run([BROWSER, *options], capture_output=True, text=True, timeout=300, check=True).stdout
    content_width, frame_width, images = re.search(r'data-probe="(\d+) (\d+) (\w+)"', shown).groups()
    assert width - 20 <= int(frame_width) <= width  # less a scroll bar
    assert int(content_width) <= int(frame_width) and images == "true"
