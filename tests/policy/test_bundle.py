"""The bundle's format: what it takes, what it refuses and where, and how a resource is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.bundles import Finding
from console.model.scales import DataClass
from console.policy.bundle import (
    MAX_FILE_BYTES,
    MAX_FILES,
    BundleRefused,
    ResourceIndex,
    bundle_digest,
    read_bundle,
)
from console.policy.source import nesting, split_policies
from console.policy.tables import ResourceRow
from tests.policy.policy_sample import files_with, sample_files


def refused(**changes: str) -> list[Finding]:
    with pytest.raises(BundleRefused) as error:
        read_bundle({**sample_files(), **changes})
    assert all(finding.text and finding.fix and finding.file for finding in error.value.findings)
    return list(error.value.findings)


def row(pattern: str, data_class: DataClass) -> ResourceRow:
    return ResourceRow.model_validate({"pattern": pattern, "class": data_class, "audience": "docs", "owners": ("omar",)})


def test_the_sample_bundle_reads() -> None:
    bundle = read_bundle(sample_files())
    assert bundle.name == "sample-estate"
    assert bundle.limits.read_budget.of(DataClass.RESTRICTED) == 1000
    assert bundle.tools["mail.send"].outward
    assert "mail.send" in bundle.intents["answer-customer"].actions


def test_the_longest_pattern_describes_a_resource_and_its_name_comes_first() -> None:
    index = ResourceIndex(
        [
            row("docs/*", DataClass.INTERNAL),
            row("docs/board/*", DataClass.RESTRICTED),
            row("docs/board/agenda.md", DataClass.PUBLIC),
        ]
    )
    found = {name: index.find(name) for name in ("docs/a", "docs/board/minutes.md", "docs/board/agenda.md", "other/a")}
    assert {name: facts and facts.data_class for name, facts in found.items()} == {
        "docs/a": DataClass.INTERNAL,
        "docs/board/minutes.md": DataClass.RESTRICTED,
        "docs/board/agenda.md": DataClass.PUBLIC,
        "other/a": None,
    }
    facts = found["docs/board/minutes.md"]
    assert facts is not None
    assert (facts.name, facts.pattern, facts.owners) == ("docs/board/minutes.md", "docs/board/*", ("omar",))


@pytest.mark.parametrize(
    "name", ["docs/public/../board/a", "docs/./board", "docs//board", "docs/public/..", "", "/docs/a", "d" * 256]
)
def test_a_name_that_could_reach_elsewhere_is_described_by_nothing(name: str) -> None:
    assert ResourceIndex([row("*", DataClass.PUBLIC), row("docs/public/*", DataClass.PUBLIC)]).find(name) is None


def test_the_digest_follows_every_path_and_every_text() -> None:
    files = sample_files()
    first = bundle_digest(files)
    assert bundle_digest(dict(reversed(files.items()))) == first
    assert bundle_digest({**files, "README.md": ""}) != first
    assert bundle_digest({**files, "manifest.toml": files["manifest.toml"] + "\n"}) != first
    moved = {("policies/moved.cedar" if path == "policies/guards.cedar" else path): text for path, text in files.items()}
    assert bundle_digest(moved) != first


@pytest.mark.parametrize(
    "path",
    [
        "../policies/a.cedar",
        "/etc/passwd",
        "policies/../a.cedar",
        "policies/a.ceder",
        "data/more.toml",
        "tests/a/b.toml",
        "x" * 9999,
    ],
)
def test_a_file_that_has_no_place_is_refused(path: str) -> None:
    assert [finding.code for finding in refused(**{path: ""})] == ["file_unknown"]


def test_files_are_bounded() -> None:
    assert [finding.code for finding in refused(**{"policies/big.cedar": "/" * (MAX_FILE_BYTES + 1)})] == ["file_too_large"]
    many = {f"policies/p{number}.cedar": "" for number in range(MAX_FILES)}
    assert [finding.code for finding in refused(**many)] == ["too_many_files"]
    large = {f"policies/p{number}.cedar": "/" * MAX_FILE_BYTES for number in range(8)}
    assert [finding.code for finding in refused(**large)] == ["bundle_too_large"]
    assert [finding.code for finding in refused(**{"policies/odd.cedar": "\udcff"})] == ["file_text"]


@pytest.mark.parametrize("path", ["manifest.toml", "schema.cedarschema", "data/tools.toml", "data/resources.toml"])
def test_a_missing_file_is_named(path: str) -> None:
    files = {name: text for name, text in sample_files().items() if name != path}
    with pytest.raises(BundleRefused) as error:
        read_bundle(files)
    assert [(finding.code, finding.file) for finding in error.value.findings] == [("file_missing", path)]


@pytest.mark.parametrize(
    ("path", "text", "code", "line"),
    [
        ("manifest.toml", 'name = "a"\nlimits = [', "toml_syntax", 2),
        ("manifest.toml", 'name = "a"\n\nlimit = 3\n', "table", 3),
        ("manifest.toml", 'name = "a"\n[limits]\nmax_ttl_seconds = 99999\n', "table", 3),
        ("manifest.toml", 'name = "A b"\n', "table", 1),
        ("manifest.toml", "deep = " + "[" * 5000, "toml_syntax", None),
        ("tests/own.toml", '[[test]]\nname = "x"\n', "table", 1),
    ],
)
def test_a_bad_table_says_where(path: str, text: str, code: str, line: int | None) -> None:
    found = refused(**{path: text})
    assert code in [finding.code for finding in found]
    assert found[0].file == path
    assert line is None or found[0].line == line


def test_an_unknown_key_is_found_in_its_entry() -> None:
    tools = sample_files()["data/tools.toml"].replace('owner = "omar"', 'owner = "omar"\ncolour = "red"', 1)
    (finding,) = refused(**{"data/tools.toml": tools})
    lines = tools.splitlines()
    assert finding.code == "table"
    assert finding.line is not None
    assert lines[finding.line - 1] == "[[tool]]"
    assert lines[finding.line] == 'action = "documents.read"'


@pytest.mark.parametrize(
    ("path", "addition", "code"),
    [
        ("data/tools.toml", '[[tool]]\naction="mail.send"\nname="a"\nowner="b"\neffect="send"\nrisk=1', "entry_twice"),
        ("data/tools.toml", '[[tool]]\naction="a.b"\nname="a"\nowner="b"\neffect="read"\noutward=true\nrisk=1', "table"),
        ("data/resources.toml", '[[resource]]\npattern="crm/notes"\nclass="public"\naudience="a"\nowners=["b"]', "entry_twice"),
        ("data/resources.toml", '[[resource]]\npattern="docs/../*"\nclass="public"\naudience="a"\nowners=["b"]', "pattern"),
        ("data/resources.toml", '[[resource]]\npattern="crm/x"\nclass="secret"\naudience="a"\nowners=["b"]', "table"),
        ("data/resources.toml", '[[resource]]\npattern="crm/x"\nclass="public"\naudience="a"\nowners=[]', "table"),
        ("data/intents.toml", '[[intent]]\nname="x"\ndescription="d"\nactions=["no.such"]', "action_unknown"),
        ("data/intents.toml", '[[intent]]\nname="board-pack"\ndescription="d"\nactions=["mail.send"]', "entry_twice"),
    ],
)
def test_tables_that_do_not_hold_together_are_refused(path: str, addition: str, code: str) -> None:
    assert [finding.code for finding in refused(**{path: f"{sample_files()[path]}\n{addition}\n"})] == [code]


def test_policies_are_cut_at_their_semicolons_and_nowhere_else() -> None:
    text = (
        '// a; b\n@id("a;b") permit (principal, action, resource);\n\n// c\nforbid (principal, // ;\n action, resource); permit'
    )
    found = list(split_policies("policies/a.cedar", text))
    assert [(source.line, source.complete) for source in found] == [(2, True), (5, True), (6, False)]
    assert found[0].text == '@id("a;b") permit (principal, action, resource);'


@given(st.lists(st.sampled_from(['"', "\\", ";", "//", "\n", "a", "(", ")", " ", "/", "é"]), max_size=60).map("".join))
def test_every_piece_stands_on_the_line_that_is_told(text: str) -> None:
    sources = list(split_policies("policies/a.cedar", text))
    lines = text.split("\n")
    for source in sources:
        begins = "\n".join(lines[source.line - 1 :]).find(source.text)
        assert 0 <= begins <= len(lines[source.line - 1])
    assert sorted(source.line for source in sources) == [source.line for source in sources]
    assert all(source.complete for source in sources[:-1])


def test_nesting_counts_brackets_outside_strings_and_comments() -> None:
    assert nesting('a(b[c{d}]) "((((" // ((((\n (x)') == 3
    assert nesting("Set<Set<A>>", "<", ">") == 2


def test_a_group_that_the_manifest_does_not_list_is_no_matter_of_form() -> None:
    assert read_bundle(files_with("")).groups == ("security", "finance", "data-owners")
