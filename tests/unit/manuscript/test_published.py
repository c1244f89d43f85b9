"""Literature values: every value of a shipped crystal names its source, and accuracies are found by their names."""

import pytest

from qcrystal.manuscript.published import Published, PublishedError, published_accuracies, read_published


def test_shipped_values_name_their_sources(root):
    for path in (root / "config/crystals").glob("*/published.yaml"):
        literature = read_published(path)
        assert all(literature.cited(name).label for name in literature.values)


def document(**values):
    return Published.model_validate(
        {"sources": {"a2020": "A. Author, Some Journal 1, 2 (2020)"}, "values": values, "figures": []}
    )


def test_accuracies_are_those_of_studies_that_print_both():
    energy, force = {"value": 2.5, "where": "a2020, table I"}, {"value": 0.12, "where": "a2020 table I"}
    literature = document(one_energy_rmse=energy, one_force_rmse=force, other_energy_rmse=energy)
    expected = {"energy_meV_per_atom": 2.5, "force_meV_per_angstrom": pytest.approx(120)}
    assert published_accuracies(literature) == {"a2020": expected}
    assert published_accuracies(document()) == {}
    with pytest.raises(PublishedError, match="begins with 'the', which is not among sources"):
        published_accuracies(document(one_energy_rmse=energy | {"where": "the table"}, one_force_rmse=force))
