"""The registry of actions: everything that a key, the key line, the palette, `:` and the help know.

Owns the stable ids, the default keys and the words. `hands` and `flows` say what each does. Loads no Textual.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that an operator can do. Its `id` is what a keymap names."""

    id: str
    key: str
    word: str
    """For the key line."""
    help: str
    group: str
    views: tuple[str, ...] = ()
    """Where it is offered; everywhere when empty. Its key answers in every view."""
    act: str = ""
    """The act that it sends, whose conditions decide whether its key is alive."""
    takes: bool = False
    keep: bool = False
    rank: int = 0
    """Its place in the key line; 0 stands nowhere in it."""
    on: tuple[str, ...] = ()
    """The collections of whose rows `:` takes one by its name or id."""
    argument: str = ""
    """What `:` takes after it: a column, a theme, a profile, a format."""
    shown: str = ""
    """What stands for its key where the table has that key."""

    def offered(self, view: str) -> bool:
        """Whether a view offers it."""
        return not self.views or view in self.views


_TABLES = ("approvals", "tasks", "leases", "grants", "stuck", "agents", "audit")
_AGENT = ("approvals", "tasks", "leases", "grants", "stuck", "agents", "audit")
_ROWS = ("approvals", "tasks", "leases", "grants", "agents")
_SIDES = ("leases", "grants", "stuck")
_STORIES = ("approvals", "tasks", "leases", "grants", "stuck")
VIEWS = (
    ("approvals", "1", "Approvals"),
    ("tasks", "2", "Tasks"),
    ("leases", "3", "Leases"),
    ("agents", "4", "Agents"),
    ("policies", "5", "Policies"),
    ("frameworks", "6", "Frameworks"),
    ("audit", "7", "Audit"),
    ("overview", "0", "Overview"),
)

ACTIONS: tuple[Action, ...] = (
    Action(
        "approve",
        "a",
        "approve",
        "Approve what is asked, or all that is marked",
        "acts",
        ("approvals",),
        act="approval.approve",
        on=("approvals",),
        rank=1,
    ),
    Action(
        "reject",
        "r",
        "reject",
        "Reject what is asked, or all that is marked",
        "acts",
        ("approvals",),
        act="approval.reject",
        on=("approvals",),
        rank=2,
    ),
    Action(
        "narrow",
        "n",
        "narrow",
        "Approve less: shorter, fewer uses, fewer rows, a smaller scope",
        "acts",
        ("approvals",),
        act="approval.narrow",
        on=("approvals",),
        rank=3,
    ),
    Action(
        "grant",
        "e",
        "grant",
        "Grant elevated access to the row's agent or task",
        "acts",
        _AGENT,
        act="grant.create",
        on=("agents", "tasks"),
        rank=4,
    ),
    Action(
        "revoke",
        "X",
        "revoke",
        "Revoke the lease, the marked leases, or all leases of the row; end the grant",
        "acts",
        ("leases", "grants", "tasks", "agents"),
        act="lease.revoke",
        takes=True,
        on=("leases", "grants"),
        rank=5,
    ),
    Action(
        "contain",
        "K",
        "contain",
        "Contain the row's agent",
        "acts",
        _AGENT,
        act="agent.contain",
        takes=True,
        on=("agents",),
        rank=6,
    ),
    Action("release", "U", "release", "Release the row's agent", "acts", _AGENT, act="agent.release", on=("agents",), rank=7),
    Action(
        "stop",
        "S",
        "stop task",
        "Stop the row's task and those delegated from it",
        "acts",
        ("tasks", "approvals", "leases"),
        act="task.stop",
        takes=True,
        on=("tasks",),
        rank=8,
    ),
    Action(
        "retry",
        "R",
        "retry",
        "Retry a revocation that is stuck",
        "acts",
        ("leases", "stuck"),
        act="lease.retry",
        takes=True,
        on=("leases",),
        rank=9,
    ),
    Action(
        "review",
        "M",
        "mark reviewed",
        "Mark the row reviewed, with a note; it stays on the record",
        "acts",
        ("controls",),
        act="framework.review",
        rank=8,
    ),
    Action(
        "review-glass",
        "i",
        "reviewed",
        "Say what you found when you looked at a broken glass of somebody else",
        "acts",
        ("grants",),
        act="grant.review",
        rank=9,
    ),
    Action("undo", "z", "undo", "Take back the last grant or approval, for a minute", "acts"),
    Action("arm", "!", "arm", "Arm for five idle minutes what gives power; again to be SAFE", "acts"),
    Action("open", "", "open", "Open the row: the whole detail, or the rows behind it", "move", rank=10, shown="enter"),
    Action("turn", "tab", "grants", "Turn between leases, grants and stuck revocations", "move", _SIDES, rank=11),
    Action("back", "escape", "up", "Go up: close the detail, clear the filter, unmark", "move"),
    Action("last", "-", "last view", "Go to the view before this one", "move"),
    Action("earlier", "[", "earlier", "Go back in the history of views", "move"),
    Action("later", "]", "later", "Go forward in the history of views", "move"),
    *(Action(f"view.{name}", digit, title, f"Go to {title}", "move") for name, digit, title in VIEWS),
    Action(
        "filter", "/", "filter", "Filter the rows: words, field:value, comparisons, and, or, not", "find", keep=True, rank=20
    ),
    Action("command", ":", "command", "Type a command, with completion", "find", keep=True, rank=21),
    Action("palette", "ctrl+p", "palette", "Search every action, view and live object", "find"),
    Action(
        "sort",
        "s",
        "sort",
        "Sort by a column; again turns it round, a third time clears it",
        "show",
        _TABLES,
        rank=14,
        argument="column",
    ),
    Action("columns", "c", "columns", "Choose the columns", "show", argument="shown column"),
    Action("time", "t", "time", "Tell times as instants, or as how long ago and how soon", "show", rank=16),
    Action("watch", "w", "watch", "Watch the row: ring and say when it changes; again lets it go", "show", _ROWS, on=_ROWS),
    Action("watched", "W", "watched", "Show what is watched and what became of it", "show"),
    Action("pause", "p", "pause", "Hold the display still; what happens is still taken in", "show"),
    Action(
        "reread",
        "u",
        "read again",
        "Read again what is fetched, or try the plane again now",
        "show",
        ("policies", "frameworks", "controls", "measures", "examples", "audit"),
        rank=12,
    ),
    Action("prove", "V", "prove", "Prove the record against the last checkpoint, verified here", "show", ("audit",), rank=11),
    Action("story", "J", "story", "Tell the joined story of the record's task", "show", ("audit",), rank=11),
    Action(
        "edit",
        "E",
        "edit",
        "Edit the file under the cursor with your editor ($VISUAL, $EDITOR), in a draft kept on this machine",
        "acts",
        ("policies",),
        rank=6,
    ),
    Action("diff", "", "differences", "Show what the draft changes, file by file", "show", ("policies",)),
    Action(
        "publish",
        "B",
        "publish",
        "Ask for the publication of the draft; another policy author must approve it",
        "acts",
        ("policies",),
        act="bundle.request",
        rank=7,
    ),
    Action("discard", "D", "discard", "Discard the draft on this machine", "acts", ("policies",), rank=8),
    Action(
        "rollback",
        "Z",
        "roll back",
        "Put the earlier revision under the cursor in force again",
        "acts",
        ("policies",),
        act="bundle.rollback",
        rank=9,
    ),
    Action("source", "", "read file", "Read the file under the cursor, at its line", "show", ("policies",)),
    Action("finding", "f", "next finding", "Go to the next finding", "find", ("policies",), rank=11),
    Action("finding-before", "F", "finding before", "Go to the finding before", "find", ("policies",)),
    Action("theme", "T", "theme", "Choose a theme", "show", argument="theme"),
    Action(
        "profile",
        "P",
        "profile",
        "Go to another profile: another plane, safe, with nothing carried over",
        "move",
        argument="profile",
    ),
    Action("mute", "m", "mute", "Mute the bell, or unmute it", "show"),
    Action("copy", "y", "copy id", "Copy the row's id", "take out", rank=15),
    Action("copy-record", "Y", "copy JSON", "Copy the row as JSON", "take out"),
    Action("write", "o", "write out", "Write what is shown to a file", "take out", argument="format"),
    Action("fold", "d", "fold", "Fold the tasks delegated from this one, or unfold them", "show", ("tasks",), rank=13),
    Action("before", "b", "earlier entries", "Fetch the entries of the story before those that are shown", "show", _STORIES),
    Action("log", "L", "log", "Show what this console has sent", "show"),
    Action("help", "?", "help", "Help for this view", "find", keep=True, rank=22),
    Action("quit", "q", "quit", "Leave the console; agents work on", "find"),
)
BY_ID = {action.id: action for action in ACTIONS}
TITLES = {name: title for name, _, title in VIEWS} | {
    "grants": "Grants",
    "stuck": "Stuck",
    "controls": "Frameworks",
    "measures": "Frameworks",
    "examples": "Frameworks",
}

TABLE_KEYS: tuple[tuple[str, str, str], ...] = (
    ("table.down", "j ↓", "down"),
    ("table.up", "k ↑", "up"),
    ("table.page-down", "PgDn", "page down"),
    ("table.page-up", "PgUp", "page up"),
    ("table.first", "g", "first row"),
    ("table.last", "G", "last row"),
    ("table.open", "enter", "open the row"),
    ("table.mark", "space", "mark the row"),
    ("table.mark-range", "v", "mark up to here"),
    ("table.mark-all", "*", "mark all that is shown"),
)
"""The keys of every table: id, key and words. The table itself has them."""
