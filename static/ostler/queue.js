/* Keeps an open queue fresh and gives the agent back the row that was left. */
(() => {
  "use strict";
  const queue = document.getElementById("queue");
  const remembered = `queue-row:${location.pathname}`;
  let focused = null;

  document.addEventListener("click", (event) => {
    const link = event.target.closest(".subject-link");
    if (link) sessionStorage.setItem(remembered, link.id);
  });

  /* Coming back from a ticket: focus where one was, so that j goes on from there. */
  const last = sessionStorage.getItem(remembered);
  if (last && document.activeElement === document.body) {
    document.getElementById(last)?.focus({ preventScroll: false });
  }
  sessionStorage.removeItem(remembered);

  function refresh() {
    if (document.hidden || document.querySelector("dialog[open], details.menu[open]")) return;
    htmx.ajax("GET", location.href, { target: "#queue", swap: "innerHTML" });
  }
  setInterval(refresh, Number(queue.dataset.refreshSeconds) * 1000);

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
