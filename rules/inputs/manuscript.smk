# The numbers that the crystal's numbers.yaml lists, and what the page of results shows of a figure.
from qcrystal.manuscript.numbers import NumberSet

NUMBERS_FILE = str(Path(CONFIG.crystal_file).parent / "numbers.yaml")
try:
    listed = (
        read_yaml(ROOT / NUMBERS_FILE, NUMBERS_FILE, "file") if (ROOT / NUMBERS_FILE).is_file() else {"numbers": {}}
    )
    NUMBERS = validate(NumberSet, listed, NUMBERS_FILE).numbers
except ConfigError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
NUMBER_SOURCES = list(dict.fromkeys(entry.source for entry in NUMBERS.values()))


def manuscript(suffix):
    """A file of the crystal's manuscript; only some crystals have one."""

    def file(wildcards):
        path = f"manuscript/{CONFIG.crystal_name}{suffix}"
        if not (ROOT / path).is_file():
            print(f"{path}: no such file, so there is no paper on {CONFIG.crystal_name}; write one", file=sys.stderr)
            sys.exit(1)
        return path

    return file


def shown(figure_id):
    """A figure's entry on the page of results: its files, and those that it is drawn from."""
    entry = FIGURES[figure_id]
    files = [source_files(source) for sources in entry.sources.values() for source in sources]
    return {
        "name": figure_id,
        "category": entry.category,
        "files": [results(f"figures/{figure_id}{suffix}") for suffix in entry.suffixes],
        "sources": list(filter(None, files)),
    }


# A page for each figure and table, and one for the numbers.
ORIGIN_PAGES = [results(f"audit/{name}.html") for name in (*FIGURES, "numbers")]
