"""The catalogues: whole, checked against the metrics, in the house's words; and the product's three rows."""

import re

import pytest

from console.evidence.catalogue import Catalogue, catalogues, check, resolve, seed_mapping
from console.evidence.metrics import COMPUTED, definitions

HEADLINE = {metric for row in seed_mapping().row for metric in row.headline_evidence}


@pytest.mark.parametrize("name", list(catalogues()))
def test_a_catalogue_is_sound_and_says_what_it_is(name):
    catalogue = catalogues()[name]
    check(catalogue, definitions())
    assert len(catalogue.control) == catalogue.framework.control_count
    assert all(control.source.startswith("https://") and control.summary for control in catalogue.control)


def test_the_four_of_the_products_rows_come_first_and_all_eleven_are_there():
    assert list(catalogues())[:4] == ["owasp_agentic_2026", "owasp_nhi_2025", "csa_maestro", "nist_ai_rmf_1_0"]
    assert len(catalogues()) == 11


def test_only_ids_that_the_publisher_does_not_give_are_local():
    assert {name for name, catalogue in catalogues().items() if catalogue.framework.ids_are_local} >= {"csa_maestro"}
    assert not catalogues()["owasp_nhi_2025"].framework.ids_are_local


def _changed(**changes) -> Catalogue:
    catalogue = catalogues()["owasp_nhi_2025"]
    first = catalogue.control[0].model_copy(update=changes)
    return catalogue.model_copy(update={"control": (first, *catalogue.control[1:])})


@pytest.mark.parametrize(
    ("catalogue", "message"),
    [
        (_changed(id="NHI2:2025"), "stands twice"),
        (_changed(evidence=("made_up",)), "made_up"),
        (_changed(coverage="none"), "out of scope"),
        (catalogues()["owasp_nhi_2025"].model_copy(update={"control": ()}), "0 entries and states 10"),
    ],
)
def test_an_unsound_catalogue_is_refused_by_name(catalogue, message):
    with pytest.raises(ValueError, match=message):
        check(catalogue, definitions())


def test_every_metric_has_a_unit_a_direction_and_a_target_unless_it_only_informs():
    assert len(definitions()) == 94
    assert set(COMPUTED) <= set(definitions())
    for definition in definitions().values():
        assert (definition.target is None) == (definition.direction == "info"), definition.id


@pytest.mark.parametrize("definition", definitions().values(), ids=list(definitions()))
def test_the_definitions_use_the_words_of_the_house(definition):
    told = f"{definition.title} {definition.definition} {definition.caution}"
    assert not re.search(
        r"\b(provider|suspen\w+|args_hash|argument hash|policy_version|permits?|ticket|bot)\b|:[a-z]\w+_s\b", told
    )


def test_the_headline_metrics_are_all_measured_but_the_one_without_an_inventory():
    assert HEADLINE - set(COMPUTED) == {"static_agent_secrets"}


def test_the_first_row_keeps_its_words_and_is_corrected_beside_them():
    first = seed_mapping().row[0]
    assert first.seed_reference == "NHI-03"
    assert first.primary == ("owasp_agentic_2026:ASI03", "owasp_nhi_2025:NHI7:2025")
    assert first.not_this == ("owasp_nhi_2025:NHI3:2025",)
    assert resolve("owasp_nhi_2025:NHI7:2025")[1].title == "Long-Lived Secrets"


def test_a_reference_to_nothing_is_an_error():
    with pytest.raises(KeyError):
        resolve("owasp_nhi_2025:NHI-03")
