"""The Overview: the pulse of the plane in figures and plots. Every figure is a door to the rows behind it.

Pure. What costs a walk over all leases is counted once by `count_up` and handed in; what the mirror does not hold (the
audit log's signed heads) is handed in as `Known`, and said to be unknown until then. Imported by `tui.ui` only.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from console.tui.present.cells import bar, countdown, figure, percent, span_of_time, sparkline
from console.tui.present.inert import clip
from console.tui.present.layout import side_by_side
from console.tui.present.look import CLASS, RISK
from console.tui.present.plot import Band, bars, last_minutes
from console.tui.present.spans import Line, Span, Spans, Tone, clip_spans
from console.tui.present.views.view import Source
from console.tui.present.words import BLANK, REVOCABILITY, ago, kept, muted, plural, said, sign_of, strong, text, to, under
from console.tui.rows import LIVE_LEASES, AgentRow, SignedHeads

PULSE_SECONDS = 900
SOON = 900.0
MINUTES = 15
_FEWEST = 3
"""Fewer lines than these are no list."""
LONG_GRANT = 3600.0
"""A grant that goes on for longer than this is standing privilege."""
_LIVE = "state:pending,active"
_WIDE, _HUGE = 100, 160
_LISTED = 12
_AT_ONCE = 2_000
"""So many leases are counted in a step: about a millisecond."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was fetched beside the mirror. None is not known yet; `problem` says why, where there is a reason."""

    checkpoints: SignedHeads | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is counted over all live leases and running tasks at one instant."""

    tasks: int = 0
    chains: int = 0
    deepest: int = 0
    live: int = 0
    issuers: Mapping[str, int] = field(default_factory=dict)
    classes: Mapping[str, int] = field(default_factory=dict)
    minutes: tuple[int, ...] = (0,) * MINUTES
    """Expiries in each of the next minutes."""
    late: int = 0
    """Those that a revocation does not end before they expire."""
    busy: tuple[tuple[str, str, tuple[int, ...]], ...] = ()
    """Agents by how much was decided for them in the last minutes: id, name, decisions by the minute."""


def count_up(source: Source, now: float) -> Figures:
    """Count the live leases and the running tasks at once."""
    for figures in counting(source, now):
        if figures is not None:
            return figures
    return Figures()


def counting(source: Source, now: float) -> Iterator[Figures | None]:
    """The same in steps, between which something else may happen: None until the last, which brings the figures."""
    running = source.tasks.of("state", "running")
    chains = len({row.root_id for row in running})
    deepest = max((row.depth for row in running), default=0)
    issuers: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    minutes = [0] * MINUTES
    live = late = 0
    for state in LIVE_LEASES:
        for row in source.leases.of("state", state):
            live += 1
            if not live % _AT_ONCE:
                yield None
            issuers[row.issuer] += 1
            classes[row.data_class] += 1
            late += row.revocability == "at-expiry-only"
            left = row.expires_at - now
            if left < SOON:
                minutes[max(0, int(left // 60))] += 1
    named, busy = dict(issuers.most_common()), _busiest(source, now)
    yield Figures(len(running), chains, deepest, live, named, dict(classes), tuple(minutes), late, busy)


def _busiest(source: Source, now: float) -> tuple[tuple[str, str, tuple[int, ...]], ...]:
    counts: dict[str, list[int]] = {}
    for row in source.decisions.rows.values():
        minute = MINUTES - 1 - int((now - row.at) // 60)
        if 0 <= minute < MINUTES:
            counts.setdefault(row.agent_id, [0] * MINUTES)[minute] += 1
    most = sorted(counts, key=lambda id: (-sum(counts[id]), id))[:_LISTED]
    found = ((id, source.agents.get(id)) for id in most)
    return tuple((id, row.name, tuple(counts[id])) for id, row in found if row is not None)


def unbounded(source: Source) -> list[AgentRow]:
    """Agents that may ask for every action or for every resource."""
    return [
        row
        for row in source.agents.rows.values()
        if row.state != "retired" and any("*" in right.actions or "*" in right.resources for right in row.entitlement)
    ]


def overview(source: Source, now: float, figures: Figures, known: Known, width: int, height: int) -> tuple[Line, ...]:
    """What is wrong first, then the pulse, what lives and what ends, and how the plane itself stands."""
    wrong, plane = _wrong(source, now), _plane(source, now, known)
    if width < _WIDE:
        roomy = height >= 18
        lines = [*wrong, *([BLANK] if roomy else [])]
        lines += _decisions(source, now, width - 14 if roomy else 0)
        lines += [_tasks(figures), *_leases(figures, min(40, width - 40) if roomy else 0), *_expiring(figures, plain=True)]
        return (*lines, *([BLANK] if roomy else []), *plane)
    huge = width >= _HUGE
    left = width * 2 // 3 if huge else width * 3 // 5
    right = width - left - 4
    tall = max(6, min(14, height - 24)) if height >= 30 else 6
    pulse = [*_decisions(source, now, 0), *_pulse_plot(source, now, left, tall)]
    expiries = [*_expiring(figures), *_expiry_plot(figures, right, tall)]
    upper = side_by_side(((pulse, left), (expiries, right)))
    work = [_tasks(figures), *_leases(figures, (right if not huge else (width - 8) // 3) - 34)]
    if huge:
        third = (width - 8) // 3
        lower = side_by_side(((wrong, third), (work, third), (plane, third)))
    else:
        lower = side_by_side((([*wrong, BLANK, *plane], left), (work, right)))
    room = height - len(upper) - len(lower) - 3
    if room < _FEWEST:
        return (*upper, BLANK, *lower)
    lists = side_by_side(((_urgent(source, now, left, room), left), (_agents(figures, right, room), right)))
    return (*upper, BLANK, *lower, BLANK, *lists)


def _urgent(source: Source, now: float, width: int, room: int) -> list[Line]:
    """The requests that press most."""
    waiting = sorted(source.approvals.of("state", "pending"), key=lambda row: (-row.risk_score, row.deadline_at))
    title = Span("MOST PRESSING", Tone.BRASS, strong=True)
    if not waiting:
        return [Line((title, muted("   nobody waits for a person")))]
    lines, named = [Line((title,))], max(len(row.agent_name or row.entity.requested_by) for row in waiting)
    for row in waiting[: min(room - 1, _LISTED)]:
        sign, ask = sign_of(RISK, row.risk_level), row.entity.ask
        wants = f"{ask.action} {ask.resource}" if ask is not None else str(row.entity.kind)
        left = row.deadline_at - now
        spans = (
            Span(f"{sign.glyph:<3}", sign.tone, strong=sign.strong),
            Span(f"{countdown(left):>6}  ", Tone.WARN if left < 60 else Tone.TEXT),
            Span(f"{row.agent_name or row.entity.requested_by:<{min(24, named)}}  ", Tone.DELEGATION),
            text(wants),
        )
        lines.append(Line(to(f"approvals @{row.id}", *clip_spans(spans, width))))
    return lines


def _agents(figures: Figures, width: int, room: int) -> list[Line]:
    """Who asks most: decisions by the minute over the last quarter hour."""
    title = Span("BUSIEST AGENTS", Tone.BRASS, strong=True)
    if not figures.busy:
        return [Line((title, muted("   no decision")))]
    lines = [Line((title, muted("   decisions by the minute")))]
    name = min(max(len(one[1]) for one in figures.busy), width - MINUTES - 9)
    for id, agent, minutes in figures.busy[: room - 1]:
        spans = (
            text(f"{clip(agent, name):<{name}} "),
            strong(f"{figure(sum(minutes)):>6}  "),
            Span(sparkline(minutes, MINUTES), Tone.INFO),
        )
        lines.append(Line(to(f"agents @{id}", *clip_spans(spans, width))))
    return lines


def _wrong(source: Source, now: float) -> list[Line]:
    waiting = source.approvals.of("state", "pending")
    critical = sum(row.risk_level == "critical" for row in waiting)
    spans = [
        *to("approvals state:pending", strong(figure(len(waiting))), muted(f" approval{'' if len(waiting) == 1 else 's'}"))
    ]
    if critical:
        spans += [
            muted("   "),
            *to("approvals level:critical state:pending", Span(f"▲▲ {critical} critical", Tone.DANGER, True)),
        ]
    lines = [said("WAITING", *spans)]
    if waiting:
        oldest = min(waiting, key=lambda row: row.requested_at)
        soonest = min(waiting, key=lambda row: row.deadline_at)
        waits = (kept("the oldest for "), text(countdown(now - oldest.requested_at)))
        lapses = (kept("the next lapses in "), text(countdown(soonest.deadline_at - now)))
        lines.append(
            under(*to(f"approvals @{oldest.id}", *waits), muted("   "), *to(f"approvals @{soonest.id}", *lapses)),
        )
    stuck, revoking = source.leases.count("state", "irrevocable"), source.leases.count("state", "revoking")
    tone = Tone.DANGER if stuck else Tone.OK
    words = (Span(f"{'▲▲ ' if stuck else ''}{plural(stuck, 'revocation')}", tone, strong=bool(stuck)),)
    coming = to("leases state:revoking", text(figure(revoking)), muted(" on their way")) if revoking else ()
    lines.append(said("STUCK", *to("stuck ", *words), *((muted("   "),) if coming else ()), *coming))
    contained = [row.name for row in source.agents.of("state", "contained")]
    held = (Span(f"■ {_names(contained)}", Tone.DANGER, strong=True),) if contained else (Span("no agent", Tone.OK),)
    lines.append(said("CONTAINED", *to("agents state:contained", *held)))
    return [*lines, *_standing(source, now)]


def _standing(source: Source, now: float) -> list[Line]:
    """Standing privilege: what may be asked for without a bound, and what was granted for long."""
    wide = [row.name for row in unbounded(source)]
    grants = [row for row in source.grants.of("state", "active") if row.ends_at - now > LONG_GRANT]
    if not wide and not grants:
        return [said("STANDING", *to("agents ", Span("no privilege", Tone.OK), muted(" that nobody asked for anew")))]
    found: list[Line] = []
    if wide:
        named = "agents agent:" + ",".join(wide[:20])
        found.append(
            said("STANDING", *to(named, Span(f"▲ {plural(len(wide), 'agent')}", Tone.WARN), muted(" without a bound")))
        )
    if grants:
        spans = to("grants state:active expires:>1h", Span(f"▲ {plural(len(grants), 'grant')}", Tone.WARN), muted(" for hours"))
        found.append(under(*spans) if found else said("STANDING", *spans))
    return found


def _decisions(source: Source, now: float, spark: int) -> list[Line]:
    held, length = last_minutes(source.pulse, now, 60, 60)
    rate = sum(sum(one) for one in held) / (len(held) * length)
    counted = [counts for second, counts in source.pulse.items() if now - PULSE_SECONDS <= second <= now]
    allowed, denied, escalated = (sum(one[at] for one in counted) for at in range(3))
    total = allowed + denied + escalated
    every, of = "audit kind:decision.made age:<15m", "audit kind:decision.made age:<15m outcome:"
    if not total:
        return [said("DECISIONS", *to(every, muted("none in the last 15 minutes")))]
    line = said(
        "DECISIONS",
        *to(every, strong(f"{rate:.1f}"), muted(" a second   ")),
        *to(f"{of}deny", Span(f"✗ denied {percent(denied / total)}", Tone.DANGER if denied else Tone.MUTED), muted("   ")),
        *to(f"{of}escalate", Span(f"◆ escalated {percent(escalated / total)}", Tone.WARN if escalated else Tone.MUTED)),
    )
    if not spark:
        return [line]
    spans, _ = last_minutes(source.pulse, now, PULSE_SECONDS, spark)
    drawn = sparkline([sum(one) for one in spans], spark)
    return [line, under(*to(every, Span(drawn, Tone.INFO)))]


def _pulse_plot(source: Source, now: float, width: int, height: int) -> list[Line]:
    spans, seconds = last_minutes(source.pulse, now, PULSE_SECONDS, max(15, width - 12))
    if not any(sum(one) for one in spans):
        return []
    bands = [
        Band([one[at] / seconds for one in spans], tone) for at, tone in ((1, Tone.DANGER), (2, Tone.WARN), (0, Tone.INFO))
    ]
    words = ("15m ago", "10m", "5m", "now")
    return list(bars(bands, width, height, unit="/s", below=words, door="audit kind:decision.made age:<15m"))


def _tasks(figures: Figures) -> Line:
    door, deep = "tasks state:running", f", {figures.deepest} deep" if figures.deepest else ""
    return said(
        "TASKS", *to(door, strong(figure(figures.tasks)), muted(f" running in {plural(figures.chains, 'chain')}{deep}"))
    )


def _leases(figures: Figures, room: int) -> list[Line]:
    """By issuer and by class; with bars where there is `room` for them, in cells."""
    lines = [said("LEASES", *to(f"leases {_LIVE}", strong(figure(figures.live)), muted(" live")))]
    if not figures.live:
        return lines
    issuers: list[Span] = [muted("by issuer")]
    for name, count in list(figures.issuers.items())[:6]:
        issuers += [muted("   "), *to(f"leases issuer:{name} {_LIVE}", Span(f"{name} ", whole=True), strong(figure(count)))]
    lines.append(under(*issuers))
    known = [str(name) for name in CLASS]
    named = sorted(figures.classes, key=lambda name: known.index(name) if name in known else -1)
    if room < 8:
        classes: list[Span] = [muted("by class ")]
        for name in named:
            counted = (Span(f"{name} ", sign_of(CLASS, name).tone, whole=True), strong(figure(figures.classes[name])))
            classes += [muted("  "), *to(f"leases class:{name} {_LIVE}", *counted)]
        lines.append(under(*classes))
    else:
        for name in named:
            sign, count = sign_of(CLASS, name), figures.classes[name]
            full, _ = bar(count / figures.live, min(room, 30))
            words = (Span(f"{sign.glyph:<3}{sign.word:<13}", sign.tone), strong(f"{figure(count):>7} "), Span(full, sign.tone))
            lines.append(under(*to(f"leases class:{name} {_LIVE}", *words)))
    if figures.late:
        late = (
            Span(figure(figures.late), Tone.WARN, strong=True),
            muted(f" can be revoked {REVOCABILITY['at-expiry-only'][0]}"),
        )
        lines.append(under(*to(f"leases revocability:at-expiry-only {_LIVE}", *late)))
    return lines


def _expiring(figures: Figures, *, plain: bool = False) -> list[Line]:
    soon, door = sum(figures.minutes), f"leases expires:<15m {_LIVE}"
    spans = [*to(door, strong(figure(soon)), muted(f" within {span_of_time(SOON)}"))]
    if figures.minutes[0]:
        within = (Span(figure(figures.minutes[0]), Tone.WARN, strong=True), muted(" in a minute"))
        spans += [muted("   "), *to(f"leases expires:<1m {_LIVE}", *within)]
    if plain and soon:
        spans += [muted("   "), *to(door, Span(sparkline(figures.minutes, MINUTES), Tone.INFO))]
    return [said("EXPIRING", *spans)]


def _expiry_plot(figures: Figures, width: int, height: int) -> list[Line]:
    if not any(figures.minutes):
        return []
    bands = [Band((figures.minutes[0], *[0] * (MINUTES - 1)), Tone.WARN), Band((0, *figures.minutes[1:]), Tone.INFO)]
    return list(bars(bands, width, height, below=("now", "5m", "10m", "15m"), door=f"leases expires:<15m {_LIVE}"))


def _plane(source: Source, now: float, known: Known) -> list[Line]:
    published = max(source.bundles.of("state", "published"), key=lambda row: row.revision, default=None)
    if published is None:
        lines = [said("POLICY", *to("policies", Span("✗ none is published; everything is denied", Tone.DANGER)))]
    else:
        findings = f", {plural(published.findings, 'finding')}"
        since = "of an unknown age" if published.published_at is None else f"{countdown(now - published.published_at)} old"
        lines = [
            said(
                "POLICY",
                *to("policies", strong(f"r{published.revision}"), muted(f" {since}")),
                *to("policies", Span(findings, Tone.WARN if published.findings else Tone.MUTED)),
            )
        ]
    lines.append(said("AUDIT", *to("audit", *_audit(known, now))))
    running = source.grants.count("state", "active")
    broken = [row for row in source.grants.of("state", "active") if row.kind == "break-glass"]
    glass = to("grants kind:break-glass", Span(f"   ▲▲ {plural(len(broken), 'broken glass', 'broken glasses')}", Tone.DANGER))
    grants = to("grants state:active", strong(figure(running)), muted(" running"))
    lines.append(said("GRANTS", *grants, *(glass if broken else ())))
    agents = source.agents.count("state", "active")
    return [*lines, said("AGENTS", *to("agents state:active", strong(figure(agents)), muted(" active")))]


def _audit(known: Known, now: float) -> Spans:
    if known.checkpoints is None:
        return (muted(f"not known: {known.problem}" if known.problem else "not known yet"),)
    size, newest = known.checkpoints.size, next(iter(known.checkpoints.items), None)
    if newest is None:
        return (strong(figure(size)), muted(" records, "), Span("▲ none of them signed yet", Tone.WARN))
    behind = size - newest.size
    signed = Span("✓ signed ", Tone.OK)
    rest = f", {figure(behind)} since" if behind else ""
    return (strong(figure(size)), muted(" records   "), signed, muted(f"{ago(newest.at.timestamp(), now)}{rest}"))


def _names(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
