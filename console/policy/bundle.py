"""The bundle's format: which files it has, and what its tables say. Reading a folder is the caller's work.

It owns tools, resources, intents, limits and the parsed policies of one revision.
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError

from console.model.bundles import Finding
from console.model.canonical import digest
from console.policy.parsed import Policy, parse_policy
from console.policy.question import ResourceFacts
from console.policy.source import line_of, split_policies
from console.policy.tables import IntentTable, Limits, Manifest, ResourceRow, ResourceTable, TestFile, ToolTable

MANIFEST = "manifest.toml"
SCHEMA = "schema.cedarschema"
TOOLS = "data/tools.toml"
RESOURCES = "data/resources.toml"
INTENTS = "data/intents.toml"

MAX_FILES = 256
MAX_FILE_BYTES = 1_048_576
MAX_BYTES = 8 * 1_048_576
MAX_POLICIES = 5_000

_PATH = re.compile(
    r"^(manifest\.toml|schema\.cedarschema|README\.md|data/(tools|resources|intents)\.toml"
    r"|policies/([a-z0-9][a-z0-9_-]{0,63}/)?[a-z0-9][a-z0-9_-]{0,63}\.cedar|tests/[a-z0-9][a-z0-9_-]{0,63}\.toml)$"
)
_TOML_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
_DOTS = frozenset({"", ".", ".."})
_Table = TypeVar("_Table", bound=BaseModel)
_Row = TypeVar("_Row")


class BundleRefused(Exception):
    """A bundle with errors. `findings` are all that was found, warnings included."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        errors = [finding for finding in self.findings if finding.severity == "error"]
        first = f"{errors[0].file}: {errors[0].text}" if errors else "no error is named"
        super().__init__(f"The bundle has {len(errors)} errors; the first is in {first}")


@dataclass(frozen=True, slots=True)
class Tool:
    """What the bundle says of one action. `risk` is its base points, 0 to 100; `issuer` makes the credentials for it."""

    name: str
    owner: str
    action: str
    effect: Literal["read", "write", "send"]
    outward: bool
    risk: int
    issuer: str = "tokens"


@dataclass(frozen=True, slots=True)
class IntentFacts:
    """An intent that a task may declare, and the actions that belong to it."""

    name: str
    description: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParsedBundle:
    """A bundle as read: its tables by name and its policies in order of their files."""

    digest: str
    name: str
    description: str
    limits: Limits
    groups: tuple[str, ...]
    schema: str
    tools: Mapping[str, Tool]
    intents: Mapping[str, IntentFacts]
    resources: tuple[ResourceRow, ...]
    policies: tuple[Policy, ...]
    tests: Mapping[str, TestFile] = field(default_factory=dict)


class ResourceIndex:
    """Finds what the data says of a resource: the entry that names it, or else the longest pattern that covers it."""

    def __init__(self, rows: Iterable[ResourceRow]) -> None:
        self._exact: dict[str, ResourceRow] = {}
        self._prefixes: dict[str, ResourceRow] = {}
        for row in rows:
            if row.pattern.endswith("*"):
                self._prefixes[row.pattern[:-1]] = row
            else:
                self._exact[row.pattern] = row

    def find(self, name: str) -> ResourceFacts | None:
        """The facts of a resource, or None where nothing describes it.

        A name with an empty part, `.` or `..` between slashes is described by nothing: it could reach, past its beginning,
        something of a higher class.
        """
        if len(name) > 255 or not _DOTS.isdisjoint(name.split("/")):
            return None
        row = self._exact.get(name)
        if row is None:
            ends = range(len(name), -1, -1)
            row = next((self._prefixes[name[:end]] for end in ends if name[:end] in self._prefixes), None)
        if row is None:
            return None
        return ResourceFacts(name, row.data_class, row.audience, row.environment, row.owners, row.pattern)


def bundle_digest(files: Mapping[str, str]) -> str:
    """The digest of a bundle: over the digest of each file's bytes, by path."""
    return digest({path: f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" for path, text in files.items()})


def read_bundle(files: Mapping[str, str]) -> ParsedBundle:
    """A bundle from its files' texts by path; looks at form and tables, not at what the policies mean.

    Raises BundleRefused with every error of form.
    """
    parsed, findings = parse_bundle(files)
    if parsed is None or has_errors(findings):
        raise BundleRefused(findings)
    return parsed


def parse_bundle(files: Mapping[str, str]) -> tuple[ParsedBundle | None, tuple[Finding, ...]]:
    """A bundle and what was found while reading it: no bundle where its tables cannot be read, else all that could be."""
    findings = _check_files(files)
    if findings:
        return None, tuple(findings)
    manifest = _read_table(files, MANIFEST, Manifest, findings)
    tools = _read_table(files, TOOLS, ToolTable, findings)
    resources = _read_table(files, RESOURCES, ResourceTable, findings)
    intents = _read_table(files, INTENTS, IntentTable, findings)
    if not files.get(SCHEMA, "").strip():
        findings.append(_error("file_missing", SCHEMA, "The schema is missing.", "Add it; nothing is decided without one."))
    tests: dict[str, TestFile] = {}
    for path in sorted(files):
        table = _read_table(files, path, TestFile, findings) if path.startswith("tests/") else None
        if table is not None:
            tests[path] = table
    policies = _read_policies(files, findings)
    if manifest is None or tools is None or resources is None or intents is None:
        return None, tuple(findings)
    findings += _check_tables(tools, resources, intents)
    parsed = ParsedBundle(
        digest=bundle_digest(files),
        name=manifest.name,
        description=manifest.description,
        limits=manifest.limits,
        groups=manifest.groups,
        schema=files.get(SCHEMA, ""),
        tools={
            row.action: Tool(row.name, row.owner, row.action, row.effect, row.outward, row.risk, row.issuer)
            for row in tools.tool
        },
        intents={row.name: IntentFacts(row.name, row.description, row.actions) for row in intents.intent},
        resources=resources.resource,
        policies=tuple(policies),
        tests=tests,
    )
    return parsed, tuple(findings)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether one of the findings keeps the bundle from being published."""
    return any(finding.severity == "error" for finding in findings)


def _check_files(files: Mapping[str, str]) -> list[Finding]:
    findings = []
    if len(files) > MAX_FILES:
        return [_error("too_many_files", MANIFEST, f"The bundle has more than {MAX_FILES} files.", "Join some of them.")]
    total = 0
    for path, text in files.items():
        shown = path if len(path) <= 255 else f"{path[:252]}..."
        if not _PATH.match(path):
            fix = "Its files are manifest.toml, schema.cedarschema, policies/*.cedar, data/*.toml and tests/*.toml."
            findings.append(_error("file_unknown", shown, "This file has no place in a bundle.", fix))
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            findings.append(_error("file_text", shown, "The file is not text in UTF-8.", "Save it as UTF-8."))
            continue
        total += size
        if size > MAX_FILE_BYTES:
            findings.append(_error("file_too_large", shown, f"The file has more than {MAX_FILE_BYTES} bytes.", "Split it."))
    if total > MAX_BYTES:
        findings.append(
            _error("bundle_too_large", MANIFEST, f"The bundle has more than {MAX_BYTES} bytes.", "Make it smaller.")
        )
    return findings


def _read_table(files: Mapping[str, str], path: str, model: type[_Table], findings: list[Finding]) -> _Table | None:
    text = files.get(path)
    if text is None:
        findings.append(_error("file_missing", path, "The file is missing.", "Add it."))
        return None
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line, column = (int(place[1]), int(place[2])) if place else (text.count("\n") + 1, None)
        sentence = f"The file is not TOML: {_TOML_PLACE.sub('', str(error)).strip()}."
        findings.append(_error("toml_syntax", path, sentence, "Correct it at this place.", line=line, column=column))
    except RecursionError:
        findings.append(_error("toml_syntax", path, "The file is nested too deeply.", "Make it flatter."))
    except ValidationError as error:
        for wrong in error.errors(include_url=False, include_input=False):
            where = ".".join(str(part) for part in wrong["loc"])
            unknown = wrong["type"] == "extra_forbidden"
            fix = "Remove it, or correct its spelling." if unknown else "Correct the value."
            sentence = f"{where or 'the file'}: {wrong['msg']}."
            findings.append(_error("table", path, sentence, fix, line=_line_of_entry(text, wrong["loc"])))
    return None


def _line_of_entry(text: str, loc: tuple[int | str, ...]) -> int | None:
    """The line of the table that an error is in: the n-th `[[name]]`, or `[name]`, or the key itself."""
    if not loc:
        return None
    name = re.escape(str(loc[0]))
    if len(loc) > 1 and isinstance(loc[1], int):
        headers = [number for number, line in enumerate(text.splitlines(), 1) if re.match(rf"\s*\[\[\s*{name}\s*\]\]", line)]
        return headers[loc[1]] if loc[1] < len(headers) else None
    return line_of(text, rf"^[ \t]*{re.escape(str(loc[-1]))}[ \t]*=") or line_of(text, rf"^[ \t]*(\[[ \t]*)?{name}\b")


def _read_policies(files: Mapping[str, str], findings: list[Finding]) -> list[Policy]:
    policies: dict[str, Policy] = {}
    count = 0
    for path in sorted(files):
        for source in split_policies(path, files[path]) if path.endswith(".cedar") else ():
            count += 1
            if count > MAX_POLICIES:
                text = f"The bundle has more than {MAX_POLICIES} policies."
                findings.append(_error("too_many_policies", path, text, "Join some of them.", line=source.line))
                return list(policies.values())
            policy, wrong = parse_policy(source)
            findings += wrong
            if policy is None:
                continue
            first = policies.get(policy.id)
            if first is not None:
                text = f"The id {policy.id} is also used in {first.source.file}, line {first.source.line}."
                fix = "Give each policy an id of its own."
                findings.append(_error("policy_id_twice", path, text, fix, line=source.line, policy_id=policy.id))
            else:
                policies[policy.id] = policy
    return list(policies.values())


def _check_tables(tools: ToolTable, resources: ResourceTable, intents: IntentTable) -> list[Finding]:
    actions = {row.action for row in tools.tool}
    findings = [
        *_twice(TOOLS, "action", tools.tool, lambda row: row.action),
        *_twice(RESOURCES, "pattern", resources.resource, lambda row: row.pattern),
        *_twice(INTENTS, "intent", intents.intent, lambda row: row.name),
    ]
    for row in intents.intent:
        for action in row.actions:
            if action not in actions:
                text = f"The intent {row.name} names the action {action}, which no tool carries out."
                findings.append(_error("action_unknown", INTENTS, text, f"Add it to {TOOLS}, or remove it here."))
    for spot in resources.resource:
        if not _DOTS.isdisjoint(spot.pattern.removesuffix("*").rstrip("/").split("/")) and spot.pattern != "*":
            text = f"The pattern {spot.pattern} has an empty part, a dot or two dots between slashes, so nothing matches it."
            findings.append(_error("pattern", RESOURCES, text, "Name the resource as its audience does."))
    return findings


def _twice(path: str, kind: str, rows: Iterable[_Row], key: Callable[[_Row], str]) -> list[Finding]:
    seen: set[str] = set()
    findings = []
    for row in rows:
        if key(row) in seen:
            findings.append(_error("entry_twice", path, f"The {kind} {key(row)} is described twice.", "Keep one of them."))
        seen.add(key(row))
    return findings


def _error(
    code: str,
    file: str,
    text: str,
    fix: str,
    *,
    line: int | None = None,
    column: int | None = None,
    policy_id: str | None = None,
) -> Finding:
    return Finding(severity="error", code=code, file=file, line=line, column=column, policy_id=policy_id, text=text, fix=fix)
