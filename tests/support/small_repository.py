"""A small repository of three jobs with real records: data -> model -> table -> figure (and another figure)."""

import json
import os
import subprocess

import pandas as pd
from any_table import ANY
from matplotlib.figure import Figure

from qcrystal.figures.style import save_figure
from qcrystal.files import identified, write_whole
from qcrystal.io.tables import write_table
from qcrystal.provenance import code, environment
from qcrystal.provenance import record as provenance
from qcrystal.provenance.audit import Audit
from qcrystal.provenance.nodes import Digests, Expected

S = "results/lah10/smoke"


class Repository:
    """A folder with code, a lock file, data, and jobs whose records are real ones."""

    def __init__(self, folder):
        self.folder, self.expected = folder, []
        package = folder / "scripts" / "qcrystal"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "helper.py").write_text("CONSTANT = 1\n")
        (folder / "scripts" / "train.py").write_text("from qcrystal import helper\n")
        (folder / "scripts" / "draw.py").write_text("import json\n")
        (folder / "envs").mkdir()
        pins = {name: version for name, version in environment.versions().items() if version and name != "python"}
        (folder / "envs" / "requirements.lock").write_text("".join(f"{n}=={v} \\\n" for n, v in pins.items()))
        (folder / "data").mkdir()
        (folder / "data" / "labels.npy").write_bytes(b"labels")

    def job(self, rule, inputs, outputs, write, script, **parameters):
        """Run a stand-in of a rule's script and leave its record, as `provenance.job` does."""
        modules = list(code.local_imports(self.folder / "scripts" / script))
        parameters |= {"code": code.code_digest(script), "modules": [script]}
        name = str((self.folder / outputs[0]).with_suffix(".prov.json").relative_to(self.folder))
        record = provenance.Recorder(rule, {}, parameters, inputs, outputs, name, modules)
        with identified(lambda: record.identifier):
            for output in outputs:
                (self.folder / output).parent.mkdir(parents=True, exist_ok=True)
            write(*(self.folder / output for output in outputs))
        write_whole(self.folder / name, json.dumps(record.document([])))
        self.expected = [e for e in self.expected if e.rule != rule]
        self.expected.append(Expected(rule, provenance.plain(parameters), tuple(inputs), (*outputs, name)))

    def audit(self, configured=True):
        return Audit(self.folder, [S], self.expected if configured else None, Digests(self.folder))

    def verdicts(self):
        """Path of each node that is not verified -> its verdict."""
        audit = self.audit()
        return {path: node.verdict for path, node in audit.nodes.items() if node.verdict != "VERIFIED"}

    def train(self, seed=1):
        def write(path):
            path.write_bytes(b"weights" * 300_000 + str(seed).encode())  # 2 MB

        self.job("train", ["data/labels.npy"], [f"{S}/model/model.pb"], write, "train.py", seed=seed)


def small_repository(folder, monkeypatch):
    """A finished repository in a folder, which becomes the current one and the one whose code counts."""
    monkeypatch.setattr(code, "SCRIPTS", folder / "scripts")
    for name in environment.SURROUNDINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    code.named_files.cache_clear()
    made = Repository(folder)
    made.train()
    table = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]})
    made.job(
        "collect", [f"{S}/model/model.pb"], [f"{S}/tables/sweep.csv"], lambda p: write_table(table, p, ANY), "draw.py"
    )
    draw_figures(made)
    return made


def draw_figures(repository):
    def figure(title):
        def write(png, _):
            drawn = Figure()
            drawn.suptitle(title)
            save_figure(drawn, png.with_suffix(""), 50)

        return write

    for name in ("first", "second"):
        files = [f"{S}/figures/{name}.png", f"{S}/figures/{name}.pdf"]
        repository.job(name, [f"{S}/tables/sweep.csv"], files, figure(name), "draw.py", figure=name)


def flip(path, byte=-1):
    """Change one byte and keep the modification time."""
    content, status = bytearray(path.read_bytes()), path.stat()
    content[byte] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def edit_record(path, change):
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def forge(path, change):
    """Change a record and give it the identifier that then belongs to it."""

    def forged(record):
        change(record)
        record["prov_id"] = provenance.identifier_of(record["deterministic"])

    edit_record(path, forged)


def forge_table(repository):
    """A forged table, and everything that was made from it made again: records and results agree."""
    table = pd.DataFrame({"x": [1.0], "y": [1013.0]})
    inputs, outputs = [f"{S}/model/model.pb"], [f"{S}/tables/sweep.csv"]
    repository.job("collect", inputs, outputs, lambda p: write_table(table, p, ANY), "draw.py")
    draw_figures(repository)


def make_keys(folder):
    """A key that is trusted, and one that is not, in a folder with the list of those that are."""
    folder.mkdir()
    for name in ("trusted", "other"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "allowed").write_text("author@example.org " + (folder / "trusted.pub").read_text())
    return folder
