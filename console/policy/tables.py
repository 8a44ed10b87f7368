"""The tables of a bundle's TOML files, as their authors may write them. Unknown keys are refused."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from console.model.base import ActionName, Input, Json, Name
from console.model.rights import ResourcePattern
from console.model.scales import DataClass

Sentence = Annotated[str, StringConstraints(max_length=512)]


class ReadBudgets(Input):
    """The most rows that a chain of tasks may read of each class before the leases that read them are frozen."""

    public: int = Field(default=1_000_000, ge=0, le=1_000_000_000)
    internal: int = Field(default=50_000, ge=0, le=1_000_000_000)
    confidential: int = Field(default=5_000, ge=0, le=1_000_000_000)
    restricted: int = Field(default=1_000, ge=0, le=1_000_000_000)

    def of(self, data_class: DataClass) -> int:
        """The budget of one class, in rows."""
        return int(getattr(self, data_class.value))


class Limits(Input):
    """Bounds that the bundle lays down; all times are in seconds."""

    max_ttl_seconds: int = Field(default=900, ge=1, le=14_400)
    """The longest life of a lease where no permit says less."""
    offline_max_ttl_seconds: int = Field(default=300, ge=1, le=3_600)
    """The longest life of a token that is verified offline, and so cannot be taken back."""
    approval_deadline_seconds: int = Field(default=900, ge=1, le=86_400)
    """How long an approval request waits for its reviews."""
    approval_use_seconds: int = Field(default=600, ge=1, le=86_400)
    """How long an approval may be used once its quorum is met."""
    grant_max_seconds: int = Field(default=14_400, ge=1, le=86_400)
    break_glass_allowed: bool = False
    break_glass_group: Name = "security"
    """The group whose members may break the glass."""
    break_glass_max_seconds: int = Field(default=900, ge=1, le=3_600)
    break_glass_review_seconds: int = Field(default=86_400, ge=60, le=7 * 86_400)
    """By when another person must have reviewed it."""
    max_depth: int = Field(default=3, ge=0, le=16)
    """How many times a task may be delegated onwards."""
    read_budget: ReadBudgets = ReadBudgets()


class Manifest(Input):
    """`manifest.toml`."""

    name: Name
    description: Sentence = ""
    format: Literal[1] = 1
    groups: tuple[Name, ...] = Field(default=(), max_length=64)
    """Groups of operators that quorums may name; where the list is empty, any."""
    limits: Limits = Limits()


class ToolRow(Input):
    """One action and the tool that carries it out, in `data/tools.toml`."""

    action: ActionName
    name: Name
    owner: Name
    effect: Literal["read", "write", "send"]
    outward: bool = False
    risk: int = Field(ge=0, le=100)
    issuer: Name = "tokens"

    @model_validator(mode="after")
    def _only_sends_go_out(self) -> Self:
        if self.outward and self.effect != "send":
            raise ValueError("only an action whose effect is send can be outward")
        return self


class ToolTable(Input):
    """`data/tools.toml`."""

    tool: tuple[ToolRow, ...] = Field(min_length=1, max_length=512)


class ResourceRow(Input):
    """One resource, or all whose names begin alike, in `data/resources.toml`."""

    pattern: ResourcePattern
    data_class: DataClass = Field(alias="class")
    audience: Name
    environment: Name = "production"
    owners: tuple[Name, ...] = Field(min_length=1, max_length=16)


class ResourceTable(Input):
    """`data/resources.toml`."""

    resource: tuple[ResourceRow, ...] = Field(min_length=1, max_length=4096)


class IntentRow(Input):
    """One intent that a task may declare, in `data/intents.toml`."""

    name: Name
    description: Sentence
    actions: tuple[ActionName, ...] = Field(min_length=1, max_length=64)


class IntentTable(Input):
    """`data/intents.toml`."""

    intent: tuple[IntentRow, ...] = Field(min_length=1, max_length=512)


class TestAgent(Input):
    """An agent as tests describe it."""

    __test__ = False
    team: Name
    role: Name
    environment: Name = "production"
    critical: bool = False
    third_party: bool = False
    trust_domain: str = Field(default="example.org", max_length=255)


class TestCase(Input):
    """One question and the answer that is expected.

    `context` changes single facts of an unremarkable context; `approved` are policies whose quorum is met; `grants` are
    templates that a grant links to this agent and this resource. `policies`, where given, are exactly the determining ones.
    """

    __test__ = False
    name: Sentence
    agent: Name
    action: ActionName
    resource: str = Field(min_length=1, max_length=255)
    intent: Name
    context: dict[str, Json] = Field(default_factory=dict)
    approved: tuple[str, ...] = Field(default=(), max_length=32)
    grants: tuple[str, ...] = Field(default=(), max_length=16)
    expect: Literal["allow", "deny", "escalate"]
    code: str | None = None
    policies: tuple[str, ...] | None = None


class TestFile(Input):
    """One file of `tests/`."""

    __test__ = False
    agents: dict[Name, TestAgent] = Field(default_factory=dict)
    test: tuple[TestCase, ...] = Field(default=(), max_length=4096)
