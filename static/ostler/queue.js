/* Keeps an open queue fresh and gives the agent back the row that was left. */
(() => {
  "use strict";
  const queue = document.getElementById("queue");
  const remembered = `queue-row:${location.pathname}`;
  let focused = null;

  /* Coming back from a ticket: focus where one was, so that j goes on from there. */
  addEventListener("pagehide", () => {
    const row = document.activeElement?.closest(".queue-row");
    if (row) sessionStorage.setItem(remembered, row.querySelector(".subject-link").id);
  });
  addEventListener("pageshow", () => {
    const last = sessionStorage.getItem(remembered);
    sessionStorage.removeItem(remembered);
    if (last && document.activeElement === document.body) document.getElementById(last)?.focus();
  });

  function refresh() {
    if (document.hidden || document.querySelector("dialog[open], details.menu[open], .queue :checked")) return;
    /* The header says that nobody is at the keyboard: an idle session ends in spite of this (accounts/gate.py). */
    htmx.ajax("GET", location.href, { target: "#queue", swap: "innerHTML", headers: { "X-Self-Refresh": "1" } });
  }
  /* Something was done to tickets of this list. */
  document.addEventListener("queue:changed", () =>
    htmx.ajax("GET", location.href, { target: "#queue", swap: "innerHTML" }),
  );
  const seconds = Number(queue.dataset.refreshSeconds);
  if (seconds > 0) setInterval(refresh, seconds * 1000);

  /* A swap replaces the focused row; put the focus back on the same ticket, or on the first after paging. */
  queue.addEventListener("htmx:beforeSwap", () => {
    focused = queue.contains(document.activeElement) ? document.activeElement.id : null;
  });
  queue.addEventListener("htmx:afterSettle", (event) => {
    if (focused === null) return;
    const same = focused && document.getElementById(focused);
    (same || queue.querySelector(".subject-link"))?.focus({ preventScroll: Boolean(same) });
    if (!same && event.detail.requestConfig?.path !== location.pathname) scrollTo({ top: 0 });
  });
})();
