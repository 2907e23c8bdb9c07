"""The results of a run: as a table in Markdown, as JSON, and compared with an earlier run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.aims import (
    GROWTH,
    QUEUE_STATEMENTS,
    TICKET_STATEMENTS,
    WORKER_MB,
    PageBySize,
    engines_compared,
    grown,
    judged_otherwise,
    judged_pages,
    not_comparable,
    pages_by_size,
    too_many_statements,
    usual_ms,
)

PAGE, DATABASE = "median_ms", "database_ms"
"""What an aim is for: the whole page, or the time in the database."""
AIMS: tuple[tuple[str, int, str], ...] = (
    ("ticket", 80, PAGE),
    ("typing", 50, PAGE),
    ("two words, newest", 150, PAGE),
    ("two words, ranked", 400, PAGE),
    ("words apart", 400, PAGE),
    ("common words", 500, PAGE),
    ("all numbers, anew", 20, DATABASE),
    ("statistics", 2000, PAGE),
    ("", 60, PAGE),
)
"""Milliseconds for the pages whose names begin so; the first that fits counts."""
NOT_COMPARABLE = "not comparable, as at every smaller size other numbers of tickets are shown:"
OVERDUE_AIM_SECONDS, NONE_OVERDUE_AIM_MS = 10, 50
SENDING_AIM = 200
LARGE_MAIL_AIM_MB = 300
REPLY_AIM_MS, SUBMIT_AIM_MS, BULK_AIM_MS = 120, 120, 3000

_EXPLANATION = (
    "Times are those of the whole page in the process of the application (WSGI handler with all middleware, gzip, "
    "signed in, warm), without network: median / 95th percentile in ms. CPU is the processor time of that process "
    "alone, which other programs on the machine disturb less; it holds the database's work on SQLite only. “Read” "
    "is what the engine reads for all statements of the page, in a unit of its own; on SQLite that is not rows, which "
    "it does not count, but steps of its virtual machine, of which each row takes several, so that its figures compare "
    "with themselves only. “db” is the time in the database of one request. “Usual” is the median of each request's ms "
    "divided by how many times slower than usual the machine ran right before it (bench/pace.py: a table of fixed "
    "content). “Rows” are the tickets that a page shows. The pages of all "
    "sizes are measured in turn, in several passes whose times are joined, so that a slow minute of the machine does "
    "not look like growth. The ratios compare the largest size with the one named beside them; that of ms is one of "
    "usual ms. Aims are for the median of the page, of "
    "“all numbers, anew” for the time in the database, which is the median of seven requests."
)
_FURTHER_AIMS = (
    f"Pages of queues may ask {QUEUE_STATEMENTS} statements, those of a ticket {TICKET_STATEMENTS}, counted as the "
    "fewest of three requests, of several passes the most; their usual ms (of older runs their ms) may differ by "
    f"{GROWTH:.0%} between the largest size and the smallest at which they show as many tickets: a short page and a "
    "full one differ whatever the history. Pages that at no smaller size show as many are not comparable, and named. "
    "Each page is full where the agent's list holds a page: “end” begins a page before the end of this list, "
    f"“middle” in its middle. A web worker takes less than {WORKER_MB} MB (RSS)."
)
Figures = Mapping[str, Any]
"""What `bench measure` wrote about one database."""


def markdown(run: Figures) -> str:
    """Give the whole report."""
    parts = [
        f"# Pages with a long history, {run['date']}",
        "",
        f"Commit {run['commit']}, {run['machine']}, load average at the start {run['load']}.",
        "",
        _EXPLANATION,
        "",
        _FURTHER_AIMS,
    ]
    if otherwise := judged_otherwise(run):
        parts += ["", "Judged by milliseconds alone:", "", *(f"- {line}" for line in otherwise)]
    for engine in dict.fromkeys(figures["engine"] for figures in run["databases"]):
        parts += ["", *_engine_table([figures for figures in run["databases"] if figures["engine"] == engine])]
    if apart := list(_not_comparable(run)):
        parts += ["", "## Pages that are not comparable", "", *(f"- {line}" for line in apart)]
    if run.get("memory"):
        parts += ["", *_memory_table(run["memory"])]
    if run.get("creating"):
        parts += ["", *_creating_table(run["creating"])]
    if any("work" in figures for figures in run.get("creating", ())):
        parts += ["", *_work_table(run["creating"])]
    if run.get("overdue"):
        parts += ["", *_overdue_table(run["overdue"])]
    if run.get("fetching"):
        parts += ["", *_fetching_table(run["fetching"])]
    if run.get("sending"):
        parts += ["", *_sending_table(run["sending"])]
    return "\n".join(parts) + "\n"


def _engine_table(databases: Sequence[Figures]) -> Iterator[str]:
    databases = sorted(databases, key=lambda figures: figures["tickets"])
    sizes = [f"{figures['tickets']:,}" for figures in databases]
    yield f"## {databases[0]['engine']} {databases[0]['version']}"
    yield ""
    yield f"Read: {databases[0]['unit']}."
    yield ""
    heads = [f"{what} {size}" for size in sizes for what in ("rows", "ms", "usual", "CPU", "db", "read")]
    ratios = ["compared with", "ratio of CPU", "ratio of ms"] if len(databases) > 1 else []
    yield _row(["page", "agent", "aim", "statements", *heads, *ratios])
    yield _row(["---"] * (4 + len(heads) + len(ratios)))
    for page in pages_by_size(databases):
        smaller = [page.smaller.get(figures["tickets"]) for figures in databases[:-1]]
        about = [page.name, page.agent, _aim(page.name), str(page.largest["statements"])]
        yield _row([*about, *_cells([*smaller, page.largest]), *(_compared_cells(page) if ratios else ())])


def _aim_of(name: str) -> tuple[int, str]:
    return next((limit, what) for beginning, limit, what in AIMS if name.startswith(beginning))


def _aim(name: str) -> str:
    limit, what = _aim_of(name)
    return f"{limit} ms{' db' if what == DATABASE else ''}"


def _misses(case: Figures) -> str:
    """Say by how much a page misses its aim, '' when it does not."""
    limit, what = _aim_of(case["key"])
    value = case.get(what, 0)
    if value <= limit:
        return ""
    usual = f" ({case['usual_ms']} at the usual pace)" if what == PAGE and "usual_ms" in case else ""
    return f"{value} ms{usual}{' in the database' if what == DATABASE else ''}, aim {limit} ms"


def _cells(cases: Sequence[Figures | None]) -> Iterator[str]:
    for case in cases:
        if case is None:
            yield from [""] * 6
        else:
            yield str(case.get("rows", ""))
            yield f"{case['median_ms']} / {case['p95_ms']}"
            yield str(case.get("usual_ms", ""))
            yield str(case["cpu_ms"])
            yield str(case.get("database_ms", ""))
            yield f"{case['read']:,}"


def _compared_cells(page: PageBySize) -> Iterator[str]:
    before = page.compared
    if before is None:
        yield from ("not comparable", "", "")
        return
    yield f"{page.compared_size:,}"
    yield _ratio(page.largest["cpu_ms"], before["cpu_ms"])
    yield _ratio(usual_ms(page.largest), usual_ms(before))


def _ratio(after: float, before: float) -> str:
    return f"{after / before:.2f}" if before else ""


def _memory_table(memory: Sequence[Figures]) -> Iterator[str]:
    yield "## Memory of one web worker (granian) after the pages, in MB"
    yield ""
    yield _row(["database", "RSS", "PSS"])
    yield _row(["---", "---", "---"])
    for figures in memory:
        yield _row([f"{figures['engine']}, {figures['tickets']:,}", str(figures["rss_mb"]), str(figures["pss_mb"])])


def _creating_table(creating: Sequence[Figures]) -> Iterator[str]:
    yield "## Tickets opened over POST /api/tickets.json, by threads of one process"
    yield ""
    yield _row(["database", "filters", "clients", "tickets/s", "CPU per ticket", "ms", "statements"])
    yield _row(["---"] * 7)
    for figures in creating:
        for one in figures["creates"]:
            times = f"{one['median_ms']} / {one['p95_ms']}"
            filters = one.get("filters", 0)
            cells = [filters, one["clients"], one["per_second"], f"{one['cpu_ms']} ms", times, one["statements"]]
            yield _row([f"{figures['engine']}, {figures['tickets']:,}", *map(str, cells)])


def _fetching_table(fetching: Sequence[Figures]) -> Iterator[str]:
    yield "## Fetching mail by IMAP, one worker"
    yield ""
    aim = f"less than {LARGE_MAIL_AIM_MB} MB of memory, by a process that does nothing else"
    yield f"Aim: a mail of 25 MB is read in {aim}."
    yield ""
    yield "| database | mails | per second | processor, per mail | statements, per mail | memory | mail of 25 MB |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for figures in fetching:
        one = figures["fetching"]
        large = f"{one['large_mail_mb']} MB" if "large_mail_mb" in one else ""
        yield (
            f"| {figures['engine']}, {figures['tickets']:,} | {one['mails']:,} | {one['per_second']} "
            f"| {one['cpu_ms']} ms | {one['statements']} | {one['memory_mb']} MB | {large} |"
        )


def _sending_table(sending: Sequence[Figures]) -> Iterator[str]:
    yield "## Sending mail to a local server"
    yield ""
    yield f"Aim: {SENDING_AIM} mails per second by two workers."
    yield ""
    yield _row(["database", "mails", "per second, one worker", "two workers", "processor, per mail", "statements"])
    yield _row(["---", *["---:"] * 5])
    for figures in sending:
        one = figures["sending"]
        cells = [f"{one['mails']:,}", f"{one['per_second']}", f"{one['per_second_together']}", f"{one['cpu_ms']} ms"]
        yield _row([f"{figures['engine']}, {figures['tickets']:,}", *cells, f"{one['statements']}"])


def _overdue_table(overdue: Sequence[Figures]) -> Iterator[str]:
    yield "## The job that marks overdue tickets"
    yield ""
    yield f"Aims: {NONE_OVERDUE_AIM_MS} ms with nothing due, {OVERDUE_AIM_SECONDS} seconds for 50,000 tickets."
    yield ""
    yield _row(["database", "nothing due, ms", "tickets due", "seconds", "CPU", "ms of a transaction"])
    yield _row(["---"] * 6)
    for figures in overdue:
        one = figures["overdue"]
        cells = [one["none_ms"], f"{one['due']:,}", one["seconds"], f"{one['cpu_seconds']} s", one["slice_ms"]]
        yield _row([f"{figures['engine']}, {figures['tickets']:,}", *map(str, cells)])


def _work_table(creating: Sequence[Figures]) -> Iterator[str]:
    yield "## What agents do, by the services that pages and programs call, and a guest's submission as a whole request"
    yield ""
    aims = f"a reply in {REPLY_AIM_MS} ms, a submission in {SUBMIT_AIM_MS} ms, 500 closed in {BULK_AIM_MS / 1000:g} s"
    yield f"Aims: {aims}. ms: median / 95th percentile."
    yield ""
    yield _row(["database", "operation", "ms", "CPU", "statements"])
    yield _row(["---"] * 5)
    for figures in creating:
        for one in figures.get("work", ()):
            times, statements = f"{one['median_ms']} / {one['p95_ms']}", one["statements"]
            cells = [one["key"], times, f"{one['cpu_ms']} ms", "" if statements is None else str(statements)]
            yield _row([f"{figures['engine']}, {figures['tickets']:,}", *cells])


def comparison(run: Figures, earlier: Figures) -> str:
    """Compare with an earlier run, page by page: its median, the present one, and the ratio; likewise what is read."""
    before = {_place(figures, case): case for figures in earlier["databases"] for case in figures["cases"]}
    lines = [
        f"## Compared with {earlier['commit']} of {earlier['date']}",
        "",
        _row(["database", "page", "agent", "ms before", "ms now", "ratio", "read before", "read now", "statements"]),
        _row(["---"] * 9),
    ]
    for figures in run["databases"]:
        for case in figures["cases"]:
            old = before.get(_place(figures, case))
            if old is not None:
                lines.append(_compared(figures, case, old))
    return "\n".join(lines) + "\n"


def _place(figures: Figures, case: Figures) -> tuple[Any, ...]:
    return figures["engine"], figures["tickets"], case["key"], case["agent"]


def _compared(figures: Figures, case: Figures, old: Figures) -> str:
    ratio = case["median_ms"] / old["median_ms"] if old["median_ms"] else 0
    return _row(
        [
            f"{figures['engine']}, {figures['tickets']:,}",
            case["key"],
            case["agent"],
            str(old["median_ms"]),
            str(case["median_ms"]),
            f"{ratio:.2f}",
            f"{old['read']:,}",
            f"{case['read']:,}",
            f"{old['statements']} → {case['statements']}",
        ]
    )


def summary(run: Figures) -> Iterator[str]:
    """Say in a few lines which pages miss the aims, what else does, and which pages are not comparable or judged by ms
    alone."""
    for title, missed in _judged_pages(run):
        yield title
        yield from (f"  {line}" for line in missed)
    yield from _further_misses(run)
    if apart := list(_not_comparable(run)):
        yield NOT_COMPARABLE
        yield from (f"  {line}" for line in apart)
    if otherwise := judged_otherwise(run):
        yield "judged by milliseconds alone:"
        yield from (f"  {line}" for line in otherwise)


def misses(run: Figures) -> int:
    """Count the aims that the run misses."""
    return sum(len(missed) for _title, missed in _judged_pages(run)) + len(list(_further_misses(run)))


def _judged_pages(run: Figures) -> Iterator[tuple[str, list[str]]]:
    """Give for each aim of pages a title and the lines of those that miss it."""
    for figures in run["databases"]:
        place = f"{figures['engine']}, {figures['tickets']:,}"
        slow = [f"{case['key']} ({case['agent']}): {missed}" for case in figures["cases"] if (missed := _misses(case))]
        yield f"{place}: {len(slow)} of {len(figures['cases'])} pages above the aim", slow
        if pages := judged_pages(figures):
            many = list(too_many_statements(figures))
            yield f"{place}: {len(many)} of {pages} pages of queues and tickets ask too many statements", many
    for databases in engines_compared(run):
        judged = [page for page in pages_by_size(databases) if page.is_judged]
        if judged:
            comparable = sum(page.compared is not None for page in judged)
            other = list(grown(databases))
            found = f"{len(other)} of {comparable} comparable pages of queues and tickets differ by more than"
            yield f"{databases[0]['engine']}, {_sizes(databases)}: {found} {GROWTH:.0%}", other


def _sizes(databases: Sequence[Figures]) -> str:
    *others, last = sorted(int(figures["tickets"]) for figures in databases)
    return f"{', '.join(f'{size:,}' for size in others)} and {last:,}"


def _not_comparable(run: Figures) -> Iterator[str]:
    """Name the pages of queues and tickets that were not judged by their growth, as nothing fits."""
    for databases in engines_compared(run):
        yield from (f"{databases[0]['engine']}: {line}" for line in not_comparable(databases))


def _further_misses(run: Figures) -> Iterator[str]:
    for figures in run.get("memory", ()):
        if figures["rss_mb"] >= WORKER_MB:
            found = f"a web worker takes {figures['rss_mb']} MB, aim less than {WORKER_MB}"
            yield f"{figures['engine']}, {figures['tickets']:,}: {found}"
    for figures in run.get("overdue", ()):
        one = figures["overdue"]
        if one["seconds"] > OVERDUE_AIM_SECONDS or one["none_ms"] > NONE_OVERDUE_AIM_MS:
            found = f"{one['due']:,} tickets in {one['seconds']} s, none in {one['none_ms']} ms"
            yield f"{figures['engine']}, {figures['tickets']:,}: overdue job above the aim: {found}"
    for figures in run.get("fetching", ()):
        one = figures["fetching"]
        if one.get("large_mail_mb", 0) >= LARGE_MAIL_AIM_MB:
            found = f"a mail of 25 MB takes {one['large_mail_mb']} MB to read, aim less than {LARGE_MAIL_AIM_MB}"
            yield f"{figures['engine']}, {figures['tickets']:,}: {found}"
    for figures in run.get("sending", ()):
        one = figures["sending"]
        if max(one["per_second"], one["per_second_together"]) < SENDING_AIM:
            found = f"{one['per_second']} mails sent per second, {one['per_second_together']} by two workers"
            yield f"{figures['engine']}, {figures['tickets']:,}: {found}, aim {SENDING_AIM} by two workers"
    for figures in run.get("creating", ()):
        aims = {"reply": REPLY_AIM_MS, "portal submit": SUBMIT_AIM_MS, "close 500 at once": BULK_AIM_MS}
        late = [one for one in figures.get("work", ()) if one["median_ms"] > aims.get(one["key"], one["median_ms"])]
        yield from (
            f"{figures['engine']}, {figures['tickets']:,}: {one['key']} in {one['median_ms']} ms" for one in late
        )


def read_run(path: Path) -> Figures:
    """Read the JSON of a run. Raises ValueError for another file."""
    run = json.loads(path.read_text())
    if not isinstance(run, dict) or "databases" not in run:
        raise ValueError(f"{path} holds no results of the benchmark.")
    return run


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
