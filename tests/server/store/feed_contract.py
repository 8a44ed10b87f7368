"""What every store promises of its feed, its snapshots, idempotency keys and restarts: the further half of the contract."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from console.model.base import Json
from console.model.canonical import canonical
from console.model.events import MIRRORED, Event
from console.model.leases import Lease
from console.model.problems import ProblemError
from console.model.tasks import Task
from console.server.ports import Once, Repeated, Store, StoredEvent, Transaction, once
from tests.server.store import sample
from tests.server.store.contract import Opener, Refused, keep, put, put_with
from tests.server.store.sample import PLANE, START, HandClock


class FeedContract:
    """Beside `StoreContract`, whose fixtures these tests use."""

    # The feed

    async def test_events_come_in_order_without_gaps_before_the_answer(self, store: Store) -> None:
        heard: list[StoredEvent] = []
        stop = store.subscribe(heard.extend)
        kept = await asyncio.gather(*(keep(store, sample.task()) for _ in range(300)))
        assert [event.cursor for event in heard] == list(range(1, 301))
        assert store.events(0) == heard
        assert store.head() == 300
        event = Event.model_validate(json.loads(heard[0].text))
        found = next(task for task in kept if task.id == event.id)
        assert event.body == found.model_dump(mode="json")
        assert (event.kind, event.collection, event.actor, event.audit_seq) == ("task.opened", "tasks", "plane", 0)
        stop()
        await keep(store, sample.lease(), "lease.active")
        assert len(heard) == 300
        assert [item.cursor for item in store.events(298)] == [299, 300, 301]
        assert [item.collection for item in store.events(0, collections=frozenset({"leases"}))] == ["leases"]
        assert len(store.events(0, limit=10)) == 10
        assert store.events(301) == []

    async def test_an_event_reads_back_as_it_was_told(self, store: Store) -> None:
        heard: list[StoredEvent] = []
        store.subscribe(heard.extend)
        extras: tuple[dict[str, Json], ...] = ({}, {"a": "ünd 😀"}, {"z": [1.5, "😀"], "étage": 1})
        for extra in extras:
            task = sample.task(end_reason="Grüße 😀 \u2028")
            await store.write(partial(put, task, "task.opened"))
            await store.write(partial(put_with, sample.lease(), extra))
        await store.write(lambda transaction: transaction.put(sample.task(), "task.heartbeat", PLANE, audit=False))
        assert store.events(0) == heard
        assert len(heard) == 7
        for event in heard:
            assert canonical(Event.model_validate_json(event.text)).decode() == event.text

    async def test_a_listener_that_fails_harms_nobody(self, store: Store) -> None:
        heard: list[StoredEvent] = []

        def fails(events: list[StoredEvent]) -> None:
            raise Refused

        store.subscribe(fails)
        store.subscribe(heard.extend)
        await keep(store, sample.task())
        assert len(heard) == 1

    async def test_events_may_be_left_out(self, store: Store) -> None:
        await store.write(lambda transaction: transaction.put(sample.task(), "task.heartbeat", PLANE, audit=False))
        await store.write(lambda transaction: transaction.put(sample.task(), "task.opened", PLANE, event=False))
        assert (store.head(), store.audit_size()) == (1, 1)
        assert json.loads(store.events(0)[0].text)["audit_seq"] is None

    async def test_events_no_longer_kept_call_for_a_new_snapshot(self, opener: Opener, clock: HandClock) -> None:
        store = opener(clock, keep_events=100)
        for _ in range(10):
            await asyncio.gather(*(keep(store, sample.task()) for _ in range(100)))
        assert store.head() == 1000
        kept = store.events(900)
        assert [event.cursor for event in kept] == list(range(901, 1001))
        for cursor in (0, 200, 1001):
            with pytest.raises(ProblemError) as caught:
                store.events(cursor)
            assert caught.value.code == "resync"

    # Snapshots

    async def test_a_snapshot_is_one_state_while_writing_goes_on(self, store: Store) -> None:
        await asyncio.gather(*(keep(store, sample.task()) for _ in range(20)))
        cursor, counts, rows = store.snapshot(MIRRORED)
        await asyncio.gather(*(keep(store, sample.task()) for _ in range(20)))
        found = [json.loads(body)["id"] for collection, body in rows if collection == "tasks"]
        assert (cursor, counts["tasks"], len(found)) == (20, 20, 20)
        mirrored = set(found) | {event.id for event in store.events(cursor)}
        assert mirrored == {task.id for task in store.find(Task)}
        with pytest.raises(ValueError, match="operator_tokens"):
            store.snapshot(["operator_tokens"])

    async def test_a_snapshot_by_columns_has_the_values_of_the_whole(self, store: Store) -> None:
        for _ in range(3):
            await keep(store, sample.task())
        columns = {"tasks": ("id", "version", "intent.purpose", "rights", "parent_id")}
        _, _, rows = store.snapshot(["tasks", "agents"], columns)
        _, _, whole = store.snapshot(["tasks"])
        bodies = [json.loads(body) for _, body in whole]
        assert [json.loads(values) for _, values in rows] == [
            [body["id"], body["version"], body["intent"]["purpose"], body["rights"], body["parent_id"]] for body in bodies
        ]

    async def test_a_snapshot_leaves_out_what_ended_long_ago(self, store: Store, clock: HandClock) -> None:
        running = await keep(store, sample.task())
        recent = await keep(store, sample.ended_task(START - timedelta(minutes=59)), "task.completed")
        await keep(store, sample.ended_task(START - timedelta(minutes=61)), "task.completed")
        _, counts, rows = store.snapshot(["tasks"])
        assert {json.loads(body)["id"] for _, body in rows} == {running.id, recent.id}
        assert counts == {"tasks": 2}
        clock.move(120)
        _, _, rows = store.snapshot(["tasks"])
        assert {json.loads(body)["id"] for _, body in rows} == {running.id}

    # Idempotency

    async def test_a_key_commits_once(self, store: Store) -> None:
        async def request(digest: str) -> Task:
            once.set(Once(owner="mara", key="key-1", request=digest))
            return await keep(store, sample.task())

        kept = await asyncio.create_task(request("first"))
        with pytest.raises(Repeated) as caught:
            await asyncio.create_task(request("second"))
        assert (caught.value.answered.request, caught.value.answered.id) == ("first", kept.id)
        assert caught.value.answered.collection == "tasks"
        assert store.count(Task) == 1
        await store.answer("mara", "key-1", 201, '{"a":1}')
        answered = store.answered("mara", "key-1")
        assert answered is not None
        assert (answered.status, answered.body) == (201, '{"a":1}')
        assert store.answered("jo", "key-1") is None

    async def test_equal_requests_at_the_same_time_commit_once(self, store: Store) -> None:
        async def request() -> Task:
            once.set(Once(owner="mara", key="key-1", request="same"))
            return await keep(store, sample.task())

        tasks = [asyncio.create_task(request()) for _ in range(20)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(result, Repeated) for result in results) == 19
        assert store.count(Task) == 1

    async def test_a_request_may_write_more_than_once(self, store: Store) -> None:
        async def request() -> Once:
            key = Once(owner="mara", key="key-1", request="same")
            once.set(key)
            await asyncio.gather(keep(store, sample.task()), keep(store, sample.task()))
            await keep(store, sample.task())
            return key

        key = await asyncio.create_task(request())
        assert key.used
        assert store.count(Task) == 3

    async def test_a_key_whose_verb_failed_is_free(self, store: Store) -> None:
        async def request(verb: Callable[[Transaction], object]) -> object:
            once.set(Once(owner="mara", key="key-1", request="same"))
            return await store.write(verb)

        def fails(transaction: Transaction) -> None:
            transaction.put(sample.task(), "task.opened", PLANE)
            raise Refused

        with pytest.raises(Refused):
            await asyncio.create_task(request(fails))
        assert store.answered("mara", "key-1") is None
        await asyncio.create_task(request(partial(put, sample.task(), "task.opened")))
        assert store.count(Task) == 1

    async def test_a_key_is_kept_for_a_day(self, store: Store, clock: HandClock) -> None:
        async def request() -> Task:
            once.set(Once(owner="mara", key="key-1", request="same"))
            return await keep(store, sample.task())

        await asyncio.create_task(request())
        clock.move(86_399)
        assert store.answered("mara", "key-1") is not None
        clock.move(2)
        assert store.answered("mara", "key-1") is None
        await asyncio.create_task(request())
        assert store.count(Task) == 2

    # Restart

    async def test_a_store_resumes_where_it_stopped(self, opener: Opener, clock: HandClock) -> None:
        store = opener(clock)
        clock.move(500)
        kept = await keep(store, sample.lease(), "lease.active")
        await store.write(lambda transaction: transaction.advance("locks"))
        before = store.events(0)
        await store.close()
        earlier = HandClock(START)
        store = opener(earlier)
        assert earlier.now() == clock.now()
        assert store.get(Lease, kept.id) == kept
        assert store.find(Lease, state="active") == [kept]
        assert (store.events(0), store.head(), store.audit_size(), store.fence("locks")) == (before, 1, 1, 1)
        await keep(store, kept, "lease.renewed")
        assert (store.head(), store.audit_size()) == (2, 2)

    async def test_what_was_asked_before_closing_is_committed_and_nothing_after(self, opener: Opener, clock: HandClock) -> None:
        store = opener(clock)
        asked = [asyncio.create_task(keep(store, sample.task())) for _ in range(500)]
        await asyncio.sleep(0)
        await store.close()
        assert {task.version for task in await asyncio.gather(*asked)} == {1}
        with pytest.raises(ProblemError) as caught:
            await keep(store, sample.task())
        assert caught.value.code == "store_unavailable"
        await store.close()
        assert opener(clock).count(Task) == 500
