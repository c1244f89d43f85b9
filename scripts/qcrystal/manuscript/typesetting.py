"""Typeset a manuscript with latexmk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from qcrystal.errors import QcrystalError
from qcrystal.files import identifier, put_in_place
from qcrystal.manuscript.latex import escape_prose

INSTALL = "apt-get install latexmk texlive-publishers texlive-latex-recommended texlive-fonts-recommended"
# The keywords of the figures that are included are left out: those of the document are its identifier.
MARK = r"\pdfsuppressptexinfo=-1 \pdfobjcompresslevel=0 \pdfinfo{/Keywords (prov_id %s)}"
CAPTIONS = "captions.tex"


class TypesettingError(QcrystalError, RuntimeError):
    """A manuscript that cannot be typeset; the message says why, and what to do."""


def captions(files: Iterable[Path]) -> str:
    r"""LaTeX source that defines ``\figurecaption{<id>}`` and ``\ifresult{<id>}{yes}{no}``.

    The first is the caption of a figure or table, with its notes. The second prints ``yes`` where its runs gave it values, and
    ``no`` where it is blank. So a text leaves out what has not been computed.

    Parameters
    ----------
    files
        ``<id>.caption.json`` of each.
    """
    lines = [
        r"\DeclareRobustCommand{\figurecaption}[1]{\csname caption-#1\endcsname}",
        r"\newcommand{\ifresult}[3]{\ifcsname result-#1\endcsname #2\else #3\fi}",
    ]
    for file in files:
        told = json.loads(Path(file).read_text(encoding="utf-8"))
        notes = [note[:1].upper() + note[1:] for note in told["notes"]]
        text = escape_prose(" ".join([told["caption"], *(note.rstrip(".") + "." for note in notes)]))
        name = Path(file).name.removesuffix(".caption.json")
        lines.append(rf"\expandafter\def\csname caption-{name}\endcsname{{{text}}}")
        if not told["blank"]:
            lines.append(rf"\expandafter\def\csname result-{name}\endcsname{{}}")
    return "\n".join(lines) + "\n"


def typeset(text: Path, inputs: Iterable[Path], caption_files: Iterable[Path], pdf: Path) -> str:
    """Typeset a manuscript, and return what latexmk says.

    Parameters
    ----------
    text
        The manuscript.
    inputs
        All that it reads by name: bibliography, macros, figures, tables.
    caption_files
        See `captions`; the manuscript reads them as ``captions.tex``.

    Raises
    ------
    TypesettingError
        TeX is not installed, or latexmk fails.
    """
    if shutil.which("latexmk") is None or shutil.which("pdflatex") is None:
        raise TypesettingError(f"TeX is not installed; on Debian: {INSTALL}")
    folder = pdf.parent / "build"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in [text, *inputs]:
        shutil.copyfile(file, folder / Path(file).name)
    (folder / CAPTIONS).write_text(captions(caption_files), encoding="utf-8")
    mark = f"-usepretex={MARK % identifier()}"
    result = subprocess.run(
        ["latexmk", "-norc", "-pdf", "-interaction=nonstopmode", "-halt-on-error", mark, text.name],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"},
    )
    if result.returncode != 0:
        complaints = [line for line in result.stdout.splitlines() if line.startswith("!")]
        said = (complaints or result.stdout.splitlines()[-1:] or ["no word"])[0]
        raise TypesettingError(f"{text}: latexmk failed: {said}; its log is {folder / text.stem}.log")
    put_in_place(folder / f"{text.stem}.pdf", pdf)
    shutil.rmtree(folder)
    return result.stdout + result.stderr
