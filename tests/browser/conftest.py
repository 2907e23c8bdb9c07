"""A real Chromium on a real server. Every page that a test opens is watched: no error, no foreign request.

`OSTLER_NO_BROWSER=1` skips these tests on machines without Chromium; otherwise its absence is a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.browser.patience import lend_patience_to_keyboard, patience, wait_until_ready

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""Best first: the shell draws no window of a browser around each page, and takes half the time."""
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), "")
MILLISECONDS_TO_WAIT = 60_000
"""For what never comes; a machine that is busy otherwise may take its time."""

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder; what a browser shows does not depend on the database."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.once)


@dataclass
class Watch:
    """What went wrong on the pages of a test."""

    host: str
    problems: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        """Note errors and warnings; a page that answers 4xx on purpose is checked by its test."""
        if message.type in {"error", "warning"} and "the server responded with a status of 4" not in message.text:
            self.problems.append(f"console {message.type}: {message.text}")

    def request(self, request: Request) -> None:
        """Note what leaves for another host."""
        if not request.url.startswith((self.host, "data:", "about:")):
            self.problems.append(f"foreign request: {request.url}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the browser once."""
    if os.environ.get("OSTLER_NO_BROWSER") == "1":
        pytest.skip("OSTLER_NO_BROWSER=1")
    if not CHROMIUM:
        pytest.fail(
            "The browser tests need Chromium: apt-get install chromium-headless-shell (or chromium),"
            " or set OSTLER_NO_BROWSER=1 to skip them."
        )
    # Playwright's loop runs in this thread, which makes Django refuse its (perfectly synchronous) queries.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=MILLISECONDS_TO_WAIT)
    with patience(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """A browser window on the help desk."""

    context: BrowserContext
    page: Page
    address: str

    def open(self, path: str) -> Page:
        """Go to a path of the help desk."""
        self.page.goto(f"{self.address}{path}")
        return self.page

    def sign_in(self, userid: str, password: str) -> None:
        """Pass the agents' door by its form."""
        self.open("/scp/login.php")
        self.page.fill("[name=userid]", userid)
        self.page.fill("[name=passwd]", password)
        self.page.click("button[type=submit]")
        self.page.wait_for_url("**/scp/queues/**")

    def focused(self) -> str:
        """Give the id of what has the focus."""
        return str(self.page.evaluate("document.activeElement.id"))


@pytest.fixture
def visit(chromium: Browser, live_server: object) -> Iterator[Callable[..., Visitor]]:
    """Open windows: `visit(width=390, scheme="dark")`; afterwards fail for anything that went wrong in them."""
    address = str(live_server)
    watch = Watch(address)
    contexts: list[BrowserContext] = []

    def open_window(*, width: int = 1280, height: int = 800, scheme: str = "light", script: bool = True) -> Visitor:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=script,
            timezone_id="UTC",
            reduced_motion="reduce",  # colours are measured at rest
        )
        contexts.append(context)
        page = context.new_page()
        lend_patience_to_keyboard(page)
        page.set_default_timeout(MILLISECONDS_TO_WAIT)
        page.on("console", watch.console)
        page.on("pageerror", lambda error: watch.problems.append(f"page error: {error}"))
        page.on("request", watch.request)
        return Visitor(context, page, address)

    yield open_window
    for context in contexts:
        context.close()
    assert watch.problems == []


def accessibility_problems(page: Page) -> list[str]:
    """Give what axe finds on the page as it stands, one line per rule and place."""
    wait_until_ready(page)
    violations = Axe().run(page).response["violations"]
    return [
        f"{found['id']}: {node['target']} {node['failureSummary']}" for found in violations for node in found["nodes"]
    ]


def is_wider_than_the_window(page: Page) -> bool:
    """Whether the page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))
