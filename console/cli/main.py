"""The command `leasehold`: its table of commands, and how errors become sentences and exit statuses."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from console.cli.failures import Failure, Status, failure_of
from console.cli.lazy import Entry, LazyGroup

ENTRIES = {
    "console": Entry("console.cli.console:console", "The console: approve, narrow, grant, revoke and contain by keys."),
    "demo": Entry("console.cli.demo:demo", "A living sample estate, and the console on it."),
    "serve": Entry("console.cli.serve:serve", "The authorization API and the broker API alone."),
    "doctor": Entry("console.cli.doctor:doctor", "Check configuration, keyring, connection, clock, policy and audit log."),
    "login": Entry("console.cli.login:login", "Sign in as an operator; the token goes into the keyring."),
    "logout": Entry("console.cli.login:logout", "Forget the token."),
    "whoami": Entry("console.cli.login:whoami", "Who you are, as the plane sees it."),
    "operators": Entry("console.cli.operators:operators", "Enrol, list and remove operators."),
    "agents": Entry("console.cli.agents:agents", "List, register, contain, release and retire agents."),
    "svid": Entry("console.cli.svid:svid", "Mint identities of the development trust domain."),
    "tasks": Entry("console.cli.tasks:tasks", "Tasks: list and stop them; open and end them as an agent."),
    "decide": Entry("console.cli.decide:decide", "Ask for one decision, as an agent."),
    "leases": Entry("console.cli.leases:leases", "Leases: list and revoke them; issue and renew them as an agent."),
    "issuers": Entry("console.cli.issuers:issuers", "The issuers, their health and what they have yet to revoke."),
    "approvals": Entry("console.cli.approvals:approvals", "Approval requests: list, show, approve, reject."),
    "grants": Entry("console.cli.grants:grants", "Grants: list, create, revoke, review."),
    "decisions": Entry("console.cli.decisions:decisions", "Decisions: list, show, explain."),
    "policy": Entry("console.cli.policy:policy", "Policy bundles: show, validate, test, compare, publish, roll back, history."),
    "frameworks": Entry("console.cli.frameworks:frameworks", "Frameworks with their live evidence."),
    "audit": Entry("console.cli.audit:audit", "The audit log: list, verify, export, checkpoint, erase a text."),
    "watch": Entry("console.cli.watch:watch", "The live event stream as lines, in words."),
    "overview": Entry("console.cli.overview:overview", "The pulse of the plane, in words."),
    "notices": Entry("console.cli.notices:notices", "Webhooks: how they stand, and a test of one."),
    "keys": Entry("console.cli.twins:keys", "What the console's keys do, and the same by command."),
}


class Program(LazyGroup):
    """The root. Owns the last word on errors: exactly one message on stderr and one of the seven exit statuses."""

    def main(self, args: Sequence[str] | None = None, *names: Any, **extra: Any) -> Any:
        """Run and exit."""
        given = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        try:
            answer = super().main(given, *names, **extra)
            sys.stdout.flush()
        except (click.Abort, KeyboardInterrupt):
            _stop(Failure(Status.FAILED, "Stopped. What was sent before is not taken back.", code="stopped"), given)
        except BrokenPipeError:
            # Whoever read has gone; the descriptor is pointed elsewhere so that the interpreter's own flush does not fail.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(Status.FAILED)
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            _stop(failure, given)
        sys.exit(answer if isinstance(answer, int) else Status.DONE)


def _stop(failure: Failure, args: Sequence[str]) -> None:
    print(failure.as_json() if "--json" in args else failure.as_text(), file=sys.stderr, flush=True)
    sys.exit(int(failure.status))


@click.group(
    cls=Program,
    entries=ENTRIES,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--profile", metavar="NAME", help="A profile of console.toml.")
@click.option("--data", type=click.Path(path_type=Path), metavar="DIR", help="The embedded plane of this data folder.")
@click.option("--as", "operator", metavar="NAME", help="As which operator, where several are signed in.")
@click.option("--theme", metavar="NAME", help="The console's theme.")
@click.option("--read-only", is_flag=True, help="The console sends nothing that changes anything.")
@click.version_option(package_name="leasehold", message="%(version)s")
@click.pass_context
def leasehold(ctx: click.Context, /, **_given: Any) -> None:
    """Govern the access of AI agents from a terminal. Without a command: the console.

    \b
    Exit status: 0 done, 1 failed, 2 usage, 3 not signed in or not allowed, 4 conflict,
    5 unreachable, 6 done only in part.
    """
    if ctx.invoked_subcommand is None:
        from console.cli.console import console  # noqa: PLC0415 (the screens load only when they are opened)

        ctx.invoke(console, **{name: ctx.params.get(name) for name in ("profile", "data", "operator", "theme", "read_only")})
