"""What a refusal means for an agent's work, how work is handed over, and how processes end."""

import asyncio
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.client import Refused, Unreachable
from console.client.errors import refusal
from console.demo import leash
from console.demo.cases import make_plan
from console.demo.spool import Handover, Reply, await_reply, hand_over, reply, take_work
from console.demo.work import Contained, Denied, Ended, Revoked, Trouble, Unsettled, Waits, trouble_in, trouble_of
from console.demo.workload import StepLog, put_private
from console.model.problems import ProblemError
from tests.demo.fake_plane import APPROVAL, TASK


def of_plane(code: str, **facts: Any) -> Trouble:
    refused = refusal(ProblemError(code, "So it is.", **facts).problem())
    assert isinstance(refused, Refused)
    return trouble_of(refused)


@pytest.mark.parametrize(
    ("trouble", "kind", "code"),
    [
        (of_plane("denied", decision_code="beyond_rights"), Denied, "beyond_rights"),
        (of_plane("denied", decision_code="locked"), Contained, "locked"),
        (of_plane("locked"), Contained, "locked"),
        (of_plane("denied", decision_code="task_not_running"), Ended, "task_not_running"),
        (of_plane("task_not_running"), Ended, "task_not_running"),
        (of_plane("needs_approval", approval_id=APPROVAL), Waits, "needs_approval"),
        (of_plane("lease_not_active"), Revoked, "lease_not_active"),
        (of_plane("store_full"), Unsettled, "unsettled"),
        (of_plane("credential_expired"), Unsettled, "unsettled"),
        (trouble_of(Unreachable("gone", unknown=True)), Unsettled, "unreachable"),
    ],
)
def test_what_the_plane_says_means(trouble: Trouble, kind: type[Trouble], code: str) -> None:
    assert type(trouble) is kind
    assert trouble.code == code


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"code": "lease_not_active"}, Revoked),
        (403, {"code": "needs_approval", "facts": {"approval_id": APPROVAL, "policies": ["p"]}}, Waits),
        (403, {"code": "denied", "facts": {"decision_code": "locked"}}, Contained),
        (403, {"code": "denied", "facts": {"decision_code": "forbidden", "policies": ["p"]}}, Denied),
        (503, {"code": "undecided"}, Unsettled),
        (403, {"code": "denied", "facts": "none"}, Denied),
        (403, {"code": "needs_approval", "facts": {"approval_id": 7}}, Denied),
    ],
)
def test_what_a_resource_server_says_means(status: int, body: dict[str, object], kind: type[Trouble]) -> None:
    assert type(trouble_in(httpx.Response(status, json=body))) is kind


def test_an_answer_that_is_no_problem_is_a_denial() -> None:
    assert type(trouble_in(httpx.Response(403, text="<html>"))) is Denied


async def test_work_is_handed_over_once_in_private_and_answered(tmp_path: Path) -> None:
    plan = make_plan(7, "support-planner-1", "support", "flow", 0, "")
    work = Handover(
        task_id=TASK, task_token="secret-token", deadline=1.0, number=0, lane="flow", purpose=plan.purpose,
        steps=plan.work, reply_to="support-planner-1",
    )  # fmt: skip
    assert "secret-token" not in repr(work)
    hand_over(tmp_path, work)
    assert (tmp_path / f"{TASK}.work").stat().st_mode & 0o777 == 0o600
    (tmp_path / "tk_broken.work").write_text("{")
    assert take_work(tmp_path) == [work]
    assert take_work(tmp_path) == []
    waiting = asyncio.ensure_future(await_reply(tmp_path, TASK, 10))
    reply(tmp_path, Reply(task_id=TASK, outcome="completed"))
    assert await waiting == Reply(task_id=TASK, outcome="completed")
    assert await await_reply(tmp_path, TASK, 0.01) is None


def test_a_log_line_is_inert_and_private(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with closing(StepLog(tmp_path, "a")) as log:
        log.write("read", "done", text="\x1b[31m\u202eevil\n")
    path = tmp_path / "logs/a.log"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().isascii()
    assert b"\x1b" not in path.read_bytes()
    assert path.read_text().count("\n") == 1


def test_a_private_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    for text in ("one", "two"):
        put_private(tmp_path / "svid", text)
    assert [path.name for path in tmp_path.iterdir()] == ["svid"]
    assert (tmp_path / "svid").read_text() == "two"


def test_the_leash_becomes_the_program_of_its_parent_and_of_no_other() -> None:
    program = [sys.executable, "-c", "print('here')"]
    for parent, said in ((os.getpid(), "here\n"), (1, "")):
        done = subprocess.run(
            [sys.executable, leash.__file__, str(parent), *program], capture_output=True, text=True, check=False
        )
        assert done.stdout == said
        assert (done.returncode == 0) is bool(said)
