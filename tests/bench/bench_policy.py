"""Decisions a question: sliced against the full set, for 10, 100 and 1,000 policies. Run: python tests/bench/bench_policy.py

Every question is another one (agent, resource and facts change), entities are loaded anew, and nothing caches a decision.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from console.model.decisions import Outcome
from console.policy.compile import Compiled, compile_bundle
from console.policy.question import Answer, Principal, Question
from tests.policy.policy_sample import files_with, question

QUESTIONS = 2_000
ACTIONS = (("orders.read", "crm/orders"), ("notes.read", "crm/notes"), ("documents.read", "docs/public/a"))


def policies(count: int) -> str:
    """Permits of single agents, guards of single resources and actions, and a few that cover everything."""
    written = []
    for number in range(count - 1):
        head = f'@id("p-{number}") @reason("A policy among many.")'
        action, resource = ACTIONS[number % len(ACTIONS)]
        if number % 20 == 0:
            written.append(f"{head} forbid (principal, action, resource) when {{ context.risk > {80 + number % 20} }};")
        elif number % 3 == 0:
            scope = f'action == Action::"{action}", resource == Resource::"{resource}-{number}"'
            written.append(f"{head} forbid (principal, {scope}) when {{ context.chain.rows.restricted > {number} }};")
        else:
            scope = f'principal == Agent::"agent-{number}", action == Action::"{action}", resource'
            written.append(f"{head} permit ({scope}) when {{ context.task.fits_intent && resource.data_class <= 2 }};")
    return "\n".join(written)


def ask(bundle: Compiled, count: int) -> list[Question]:
    chance = random.Random(count)
    asked = []
    for number in range(QUESTIONS):
        action, resource = chance.choice(ACTIONS)
        principal = Principal(f"agent-{chance.randrange(count)}", "support", "executor", trust_domain=f"t{number}.example")
        changes = {"task": {"age_seconds": number}, "chain": {"reads": number}}
        asked.append(question(bundle, action, resource, principal=principal, changes=changes))
    return asked


def measure(decide: Callable[[Question], Answer], asked: list[Question]) -> tuple[float, float, int]:
    """p50 and p99 in microseconds, and how many were allowed."""
    spans, allowed = [], 0
    for each in asked:
        begun = time.perf_counter()
        answer = decide(each)
        spans.append((time.perf_counter() - begun) * 1e6)
        allowed += answer.outcome is Outcome.ALLOW
    cuts = statistics.quantiles(spans, n=100)
    return cuts[49], cuts[98], allowed


def main() -> None:
    print(f"{'policies':>8}  {'compile ms':>10}  {'sliced p50/p99 µs':>20}  {'full p50/p99 µs':>20}  {'allowed':>8}")
    for count in (10, 100, 1_000):
        begun = time.perf_counter()
        bundle = compile_bundle(files_with(policies(count)))
        compiled = (time.perf_counter() - begun) * 1e3
        asked = ask(bundle, count)
        full = measure(lambda each, b=bundle: b.decide(each, approved=frozenset(), sliced=False), asked)  # type: ignore[misc]
        fresh = compile_bundle(files_with(policies(count)))
        sliced = measure(lambda each, b=fresh: b.decide(each, approved=frozenset()), asked)  # type: ignore[misc]
        if full[2] != sliced[2]:
            raise SystemExit("the slices answered otherwise than the full set")
        print(
            f"{count:>8}  {compiled:>10.0f}  {f'{sliced[0]:.0f} / {sliced[1]:.0f}':>20}"
            f"  {f'{full[0]:.0f} / {full[1]:.0f}':>20}  {sliced[2]:>8}"
        )


if __name__ == "__main__":
    main()
