/* Choosing rows of a queue: boxes, Shift for a range, x, Shift+X, * and Escape on the keyboard. What is chosen outlives
   the refreshing of the list. Without this file the boxes and buttons still form a plain form. */
(() => {
  "use strict";
  const queue = document.getElementById("queue");
  const chosen = new Set();
  let last = null;

  const bar = () => queue.querySelector("[data-bulk-bar]");
  const boxes = () => [...queue.querySelectorAll("input[name=ticket]")];
  const rowOf = (element) => element?.closest(".queue-row");

  function show() {
    const form = bar();
    if (!form) return;
    const all = boxes();
    const checked = all.filter((box) => box.checked);
    const whole = form.querySelector("[data-bulk-whole]");
    const isWhole = Boolean(form.querySelector("input[name=all]"));
    const count = form.querySelector("[data-bulk-count]");
    form.hidden = checked.length === 0;
    count.textContent = isWhole ? count.dataset.whole : count.dataset.some.replace("0", checked.length);
    if (whole) whole.hidden = isWhole || checked.length < all.length;
    const head = queue.querySelector("[data-bulk-all]");
    if (head) {
      head.checked = checked.length > 0 && checked.length === all.length;
      head.indeterminate = checked.length > 0 && checked.length < all.length;
    }
  }

  function set(box, on) {
    box.checked = on;
    if (on) chosen.add(box.value);
    else chosen.delete(box.value);
  }

  function changed() {
    bar()?.querySelector("input[name=all]")?.remove();
    show();
  }

  function setRange(to, on) {
    const all = boxes();
    const from = all.findIndex((box) => box.value === last);
    const end = all.indexOf(to);
    const [first, final] = from < 0 ? [end, end] : [Math.min(from, end), Math.max(from, end)];
    for (const box of all.slice(first, final + 1)) set(box, on);
    last = to.value;
    changed();
  }

  function setAll(on) {
    for (const box of boxes()) set(box, on);
    if (!on) chosen.clear();
    changed();
  }

  queue.addEventListener("click", (event) => {
    const box = event.target.closest("input[name=ticket]");
    if (box && event.shiftKey) return setRange(box, box.checked);
    if (box) {
      set(box, box.checked);
      last = box.value;
      return changed();
    }
    if (event.target.closest("[data-bulk-all]")) return setAll(event.target.checked);
    if (event.target.closest("[data-bulk-clear]")) return setAll(false);
    const whole = event.target.closest("[data-bulk-whole]");
    if (!whole) return;
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = "all";
    input.value = whole.dataset.bulkWhole;
    bar().append(input);
    show();
    bar().querySelector(".bulk-actions button")?.focus();
  });

  /* A key of an action: with nothing chosen it means the row with the focus. */
  queue.addEventListener(
    "bulk:wanted",
    (event) => {
      if (boxes().some((box) => box.checked)) return;
      const box = rowOf(document.activeElement)?.querySelector("input[name=ticket]");
      if (!box) return event.preventDefault();
      set(box, true);
      last = box.value;
      changed();
    },
    true,
  );

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open], [popover]:popover-open, details.menu[open]")) return;
    const isText = event.target.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable=true]");
    if (isText || !bar()) return;
    const box = rowOf(document.activeElement)?.querySelector("input[name=ticket]");
    if (event.key === "x" && box) {
      set(box, !box.checked);
      last = box.value;
      changed();
    } else if (event.key === "X" && box) setRange(box, true);
    else if (event.key === "*") setAll(true);
    else if (event.key === "Escape" && chosen.size) setAll(false);
    else return;
    event.preventDefault();
  });

  document.addEventListener("bulk:done", () => {
    setAll(false);
    document.dispatchEvent(new CustomEvent("queue:changed"));
  });

  queue.addEventListener("htmx:afterSettle", () => {
    const all = boxes();
    for (const box of all) box.checked = chosen.has(box.value);
    chosen.clear();
    for (const box of all) if (box.checked) chosen.add(box.value);
    show();
  });
  show();
  addEventListener("pageshow", () => {
    for (const box of boxes()) set(box, box.checked);
    show();
  });
})();
