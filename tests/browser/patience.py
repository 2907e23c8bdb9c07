"""What a test does on a page waits until the page is ready for it, as a person would who sees it being loaded.

After a navigation the elements of the new page are there before the scripts that act on them: a key pressed or a
choice made in between meets a page that does not listen yet. Therefore each action first waits for its element, for
the page that this belongs to (deferred scripts, modules and htmx stand when it is loaded), and for what htmx puts in
at the moment. Whoever opens a page with `goto(..., wait_until="commit")` means to be early and does not wait.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import pytest
from playwright.sync_api import Locator, Page

ON_ELEMENTS = (
    "check",
    "click",
    "dblclick",
    "dispatch_event",
    "fill",
    "focus",
    "hover",
    "press",
    "select_option",
    "set_input_files",
    "type",
    "uncheck",
)
ON_LOCATORS = (*ON_ELEMENTS, "clear", "drag_to", "evaluate", "press_sequentially")
ON_KEYBOARD = ("insert_text", "press", "type")
HTMX_IS_AT_REST = "html:not(:has(.htmx-swapping, .htmx-settling))"

Action = Callable[..., Any]
_early: WeakSet[Page] = WeakSet()


def wait_until_ready(page: Page) -> None:
    """Wait until the page is loaded and nothing is being put in, unless the test means to be early on it."""
    if page in _early:
        return
    page.wait_for_load_state("load")
    page.locator(HTMX_IS_AT_REST).wait_for(state="attached")


@contextmanager
def patience() -> Iterator[None]:
    """Let the actions of all pages wait."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ON_ELEMENTS:
            patch.setattr(Page, name, _of_page(getattr(Page, name)))
        for name in ON_LOCATORS:
            patch.setattr(Locator, name, _of_locator(getattr(Locator, name)))
        patch.setattr(Page, "evaluate", _of_ready_page(Page.evaluate))
        patch.setattr(Page, "goto", _noting_who_is_early(Page.goto))
        yield


def lend_patience_to_keyboard(page: Page) -> None:
    """Let the keyboard of a page wait, too; it does not know its page."""
    for name in ON_KEYBOARD:
        setattr(page.keyboard, name, _of_keyboard(page, getattr(page.keyboard, name)))


def _of_page(action: Action) -> Action:
    @functools.wraps(action)
    def patient(page: Page, selector: str, *args: Any, **kwargs: Any) -> Any:
        _wait_for(page.locator(selector))
        return action(page, selector, *args, **kwargs)

    return patient


def _of_locator(action: Action) -> Action:
    @functools.wraps(action)
    def patient(locator: Locator, *args: Any, **kwargs: Any) -> Any:
        _wait_for(locator)
        return action(locator, *args, **kwargs)

    return patient


def _of_ready_page(action: Action) -> Action:
    @functools.wraps(action)
    def patient(page: Page, *args: Any, **kwargs: Any) -> Any:
        wait_until_ready(page)
        return action(page, *args, **kwargs)

    return patient


def _of_keyboard(page: Page, action: Action) -> Action:
    @functools.wraps(action)
    def patient(*args: Any, **kwargs: Any) -> Any:
        wait_until_ready(page)
        return action(*args, **kwargs)

    return patient


def _noting_who_is_early(goto: Action) -> Action:
    @functools.wraps(goto)
    def noting(page: Page, *args: Any, **kwargs: Any) -> Any:
        (_early.add if kwargs.get("wait_until") == "commit" else _early.discard)(page)
        return goto(page, *args, **kwargs)

    return noting


def _wait_for(locator: Locator) -> None:
    locator.first.wait_for(state="attached")
    wait_until_ready(locator.page)
