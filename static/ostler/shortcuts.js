/* The keyboard of the agent portal. Single keys act only while no field has the focus and no dialog is open;
   each key clicks or focuses something that is on the page, so nothing here can do what the page does not offer. */
(() => {
  "use strict";
  const QUEUE_KEYS = { o: "open", a: "open-answered", m: "my-tickets", v: "open-overdue", c: "closed", k: "tasks" };
  const BUSY = "dialog[open], [popover]:popover-open, #dialog-place[data-waiting]";
  const GO_PREFIX_MILLISECONDS = 1200;
  let goPressedAt = -Infinity;

  const find = (name) => document.querySelector(`[data-shortcut="${name}"]`);
  const isField = (element) =>
    element.isContentEditable || element.matches?.("input:not([type=checkbox], [type=radio]), textarea, select");

  function focusRow(step) {
    const links = [...document.querySelectorAll(".subject-link")];
    const here = links.indexOf(document.activeElement?.closest(".queue-row")?.querySelector(".subject-link"));
    const next = links[here < 0 ? (step > 0 ? 0 : links.length - 1) : here + step];
    next?.focus();
    next?.closest(".queue-row").scrollIntoView({ block: "nearest" });
    return Boolean(links.length);
  }

  function focusEntry(step) {
    const entries = [...document.querySelectorAll(".entry")];
    const here = entries.indexOf(document.activeElement?.closest(".entry"));
    const next = entries[here < 0 ? (step > 0 ? 0 : entries.length - 1) : here + step];
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
  }

  function openFocusedTicket(fragment) {
    const link = document.activeElement?.closest(".queue-row")?.querySelector(".subject-link");
    if (link) location.assign(link.href + fragment);
    return Boolean(link);
  }

  /* What the page offers under a key: buttons of a ticket, or of the chosen rows of a queue (bulk.js). */
  function press(key) {
    const offered = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!offered) return false;
    const bar = offered.closest("[data-bulk-bar]");
    if (bar && !bar.dispatchEvent(new CustomEvent("bulk:wanted", { cancelable: true }))) return false;
    offered.click();
    return true;
  }

  /* From the search box down into what it offers, around, and with Escape back. */
  function moveInSuggestions(event) {
    const search = event.target.closest?.(".app-search");
    const stops = search ? [search.querySelector("input"), ...search.querySelectorAll(".suggestion")] : [];
    const here = stops.indexOf(event.target);
    const step = { ArrowDown: 1, ArrowUp: -1, Escape: -here }[event.key];
    if (here < 0 || stops.length < 2 || !step || event.isComposing) return false;
    stops.at((here + step) % stops.length).focus();
    event.preventDefault();
    return true;
  }

  function goTo(key) {
    document.querySelector(`[data-queue-key="${QUEUE_KEYS[key]}"]`)?.click();
  }

  const KEYS = {
    j: () => focusRow(1) || focusEntry(1),
    k: () => focusRow(-1) || focusEntry(-1),
    o: () => openFocusedTicket(""),
    r: () => openFocusedTicket("#write-reply") || find("reply")?.click(),
    n: () => openFocusedTicket("#write-note") || find("note")?.click(),
    t: () => find("new-ticket")?.click(),
    u: () => document.querySelector('.rail-link[aria-current], [data-shortcut="back"]')?.click(),
    "[": () => find("newer")?.click(),
    "]": () => find("older")?.click(),
    "/": () => find("search")?.select(),
    "?": () => document.getElementById("shortcut-help")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (moveInSuggestions(event)) return;
    if (event.key === "Escape" && isField(event.target)) return event.target.blur();
    if (isField(event.target) || document.querySelector(BUSY)) return;

    const followsGo = performance.now() - goPressedAt < GO_PREFIX_MILLISECONDS;
    goPressedAt = event.key === "g" && !followsGo ? performance.now() : -Infinity;
    if (followsGo && event.key in QUEUE_KEYS) goTo(event.key);
    else if (event.key in KEYS) KEYS[event.key]();
    else if (!press(event.key)) return;
    event.preventDefault();
  });
})();
