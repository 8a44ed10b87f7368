"""Policies as parsed: what their annotations say, and Cedar's own JSON of them. It owns the meaning of the annotations.

`@id`, `@reason`, `@approval`, `@grantable`, `@max_ttl`, `@obligation` and `@control` mean something; others are refused.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import cedarpy

from console.model.bundles import Finding, PolicyView
from console.model.decisions import PolicyReason, QuorumPart
from console.model.quorum import RESOURCE_OWNER, parse_quorum
from console.policy.source import MAX_NESTING, MAX_POLICY_CHARACTERS, PolicySource, nesting

ANNOTATIONS = frozenset({"id", "reason", "approval", "grantable", "max_ttl", "obligation", "control"})

_ID = re.compile(r"^[a-z][a-z0-9-]{0,79}$")
_CONTROL = re.compile(r"^[a-z][a-z0-9_]{0,63}:[A-Za-z0-9][A-Za-z0-9 .:()/@_-]{0,79}$")
_OBLIGATION = re.compile(r"^[a-z][a-z0-9_-]{0,63}$")
_SPAN = re.compile(r"^([1-9][0-9]{0,4})([smh]?)$")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_LONGEST_TTL = 14_400


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy or template of a bundle. `est` is Cedar's JSON of it; treat it as read-only."""

    id: str
    effect: Literal["permit", "forbid"]
    template: bool
    source: PolicySource
    est: Mapping[str, Any]
    reason: str = ""
    quorum: tuple[QuorumPart, ...] = ()
    grantable: tuple[QuorumPart, ...] = ()
    max_ttl_seconds: int | None = None
    obligations: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()

    def view(self) -> PolicyView:
        """The policy as people read it."""
        return PolicyView(
            policy_id=self.id,
            effect=self.effect,
            file=self.source.file,
            reason=self.reason,
            approval=quorum_text(self.quorum or self.grantable),
            grantable=bool(self.grantable),
            template=self.template,
            controls=self.controls,
            text=self.source.text,
        )

    def as_reason(self, policy_id: str, owners: tuple[str, ...]) -> PolicyReason:
        """The policy as a reason of a decision about a resource of these owners, under its own or a link's id."""
        quorum = tuple(
            part.model_copy(update={"people": owners}) if part.group == RESOURCE_OWNER else part for part in self.quorum
        )
        return PolicyReason(policy_id=policy_id, effect=self.effect, text=self.reason, quorum=quorum)


def quorum_text(quorum: tuple[QuorumPart, ...]) -> str:
    """A quorum as it is written in an annotation."""
    return ", ".join(f"{part.group}:{part.count}" for part in quorum)


def parse_policy(source: PolicySource) -> tuple[Policy | None, tuple[Finding, ...]]:
    """One policy from its text, and what is wrong with its syntax or its annotations."""
    if len(source.text) > MAX_POLICY_CHARACTERS or nesting(source.text) > MAX_NESTING:
        text = f"The policy has more than {MAX_POLICY_CHARACTERS} characters, or brackets nested more than {MAX_NESTING} deep."
        return None, (_finding(source, "policy_too_large", text, "Split it, or move what it lists into data."),)
    try:
        written = cedarpy.policies_to_json_str(source.text)
    except ValueError as error:
        text = str(error) if source.complete else f"{error}, or the policy has no semicolon at its end"
        fix = "Correct the policy that begins on this line."
        return None, (_finding(source, "policy_syntax", f"The policy does not parse: {text}.", fix),)
    try:
        cedarpy.PolicySet.from_json_str(written, release_gil=True)
    except ValueError:
        fix = "Split it into several policies, or use a set and contains() instead of a long chain."
        return None, (_finding(source, "policy_too_large", "The conditions are chained too long for the engine.", fix),)
    document = json.loads(written)
    found = [(entry, False) for entry in document["staticPolicies"].values()]
    found += [(entry, True) for entry in document["templates"].values()]
    if len(found) != 1:
        return None, (_finding(source, "policy_syntax", "There is a semicolon without a policy.", "Remove it."),)
    est, template = found[0]
    notes = est.get("annotations", {})
    policy_id = notes.get("id") or ""
    if not _ID.match(policy_id):
        sentence = "The policy has no @id." if not policy_id else "The @id is not of the form lower-case-words-with-hyphens."
        fix = 'Give it one of its own, such as @id("restricted-read").'
        return None, (_finding(source, "policy_id", sentence, fix),)
    reader = _Annotations(source, policy_id, {key: value or "" for key, value in notes.items()})
    policy = Policy(
        id=policy_id,
        effect=est["effect"],
        template=template,
        source=source,
        est=est,
        reason=reader.reason(),
        quorum=reader.quorum("approval"),
        grantable=reader.quorum("grantable"),
        max_ttl_seconds=reader.max_ttl(),
        obligations=reader.names("obligation", _OBLIGATION, "keep_copy_of_message"),
        controls=reader.names("control", _CONTROL, "owasp_nhi_2025:NHI7:2025"),
    )
    reader.refuse_unknown()
    return policy, tuple(reader.findings)


class _Annotations:
    """Reads the annotations of one policy and gathers what is wrong with them."""

    def __init__(self, source: PolicySource, policy_id: str, notes: Mapping[str, str]) -> None:
        self._source = source
        self._id = policy_id
        self._notes = notes
        self.findings: list[Finding] = []

    def reason(self) -> str:
        text = self._notes.get("reason", "").strip()
        if not text or len(text) > 512:
            fix = "Say in a sentence why it is there."
            self._refuse("policy_reason", "The policy has no @reason of 1 to 512 characters.", fix)
        return text

    def quorum(self, key: str) -> tuple[QuorumPart, ...]:
        if key not in self._notes:
            return ()
        try:
            return parse_quorum(self._notes[key])
        except ValueError as error:
            self._refuse("policy_quorum", f"The quorum of @{key} cannot be read: {error}.", f'Write @{key}("security:1").')
            return ()

    def max_ttl(self) -> int | None:
        if "max_ttl" not in self._notes:
            return None
        found = _SPAN.match(self._notes["max_ttl"])
        seconds = int(found[1]) * _UNITS[found[2]] if found else 0
        if not 0 < seconds <= _LONGEST_TTL:
            fix = 'Write @max_ttl("900s") or @max_ttl("15m").'
            self._refuse("policy_max_ttl", "The @max_ttl is not a time of 1 second to 4 hours.", fix)
            return None
        return seconds

    def names(self, key: str, form: re.Pattern[str], example: str) -> tuple[str, ...]:
        if key not in self._notes:
            return ()
        pieces = tuple(piece.strip() for piece in self._notes[key].split(","))
        wrong = [piece for piece in pieces if not form.match(piece)]
        if wrong:
            text = f"{wrong[0]!r} is not a name that @{key} can hold."
            self._refuse(f"policy_{key}", text, f'Write @{key}("{example}").')
        return pieces

    def refuse_unknown(self) -> None:
        for key in sorted(set(self._notes) - ANNOTATIONS):
            known = ", ".join(f"@{name}" for name in sorted(ANNOTATIONS))
            self._refuse("policy_annotation", f"The annotation @{key} means nothing here.", f"Use one of {known}.")

    def _refuse(self, code: str, text: str, fix: str) -> None:
        self.findings.append(_finding(self._source, code, text, fix, self._id))


def _finding(source: PolicySource, code: str, text: str, fix: str, policy_id: str | None = None) -> Finding:
    return Finding(severity="error", code=code, file=source.file, line=source.line, policy_id=policy_id, text=text, fix=fix)
