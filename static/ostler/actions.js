/* Dialogs of actions: htmx brings them into #dialog-place, this opens them, keeps the focus right and closes them again.
   Without this file every action is a page of its own. */
(() => {
  "use strict";
  const place = document.getElementById("dialog-place");
  if (!place) return;
  let opener = null;
  let awaited = null; /* the request whose dialog is not there yet */

  /* Another one may have been asked for meanwhile: only what it waits for ends the waiting. */
  function stopWaiting(request) {
    if (request !== awaited) return;
    awaited = null;
    delete place.dataset.waiting;
  }

  /* A refusal (4xx) is the dialog again, with what is wrong. */
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target } = event.detail;
    if (target !== place || xhr.status < 400 || xhr.status >= 500) return;
    if (!(xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/html")) return;
    if (!xhr.responseText.includes('id="action-dialog"')) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target !== place || place.contains(event.detail.elt)) return;
    awaited = event.detail.xhr;
    place.dataset.waiting = "";
    opener = event.detail.elt.id || event.detail.elt.querySelector("[id^=do-]")?.id || null;
  });

  /* What is typed before the dialog is there means the dialog: shortcuts.js lets single keys rest meanwhile. */
  document.addEventListener("htmx:afterRequest", (event) => {
    const { target, xhr } = event.detail;
    if (target === place) setTimeout(() => stopWaiting(xhr), 100);
  });

  function focusFirst(dialog) {
    const wrong = dialog.querySelector("[aria-invalid=true]");
    const first = dialog.querySelector("form :is(select, textarea, input:not([type=hidden]):not([type=checkbox]))");
    (wrong ?? dialog.querySelector("[autofocus]") ?? first ?? dialog.querySelector(".dialog-actions .btn:last-child"))?.focus();
  }

  function focusOpener() {
    const button = opener && document.getElementById(opener);
    const menu = button?.closest("details:not([open])");
    (menu?.querySelector("summary") ?? button ?? document.getElementById("ticket-actions"))?.focus();
  }

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target !== place) return;
    const dialog = place.querySelector("dialog");
    stopWaiting(event.detail.xhr);
    if (!dialog) return focusOpener();
    for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
    if (!dialog.open) dialog.showModal();
    focusFirst(dialog);
    dialog.addEventListener("close", () => {
      if (!place.contains(dialog)) return;
      for (const form of dialog.querySelectorAll("form")) htmx.trigger(form, "htmx:abort");
      place.replaceChildren();
      if (!("keepsFocus" in dialog.dataset)) focusOpener();
      if ("changed" in dialog.dataset) document.dispatchEvent(new CustomEvent("bulk:done"));
    });
  });

  document.addEventListener("click", (event) => {
    const closer = event.target.closest("[data-closes-dialog]");
    const dialog = closer?.closest("dialog");
    if (!dialog) return;
    event.preventDefault();
    dialog.close();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const form = event.target.closest?.("dialog .action-form");
    if (!form) return;
    event.preventDefault();
    form.requestSubmit();
  });

  /* People for what is typed into a field with data-people: names and addresses to choose from. */
  let asked = 0;
  document.addEventListener("input", async (event) => {
    const input = event.target.closest?.("[data-people]");
    if (!input || input.value.trim().length < 2) return;
    const turn = ++asked;
    await new Promise((resolve) => setTimeout(resolve, 180));
    if (turn !== asked) return;
    const answer = await fetch(`${input.dataset.people}?q=${encodeURIComponent(input.value.trim())}`, {
      headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
    }).catch(() => null);
    if (!answer?.ok || turn !== asked) return;
    const { people } = await answer.json();
    let list = input.list;
    if (!list) {
      list = document.createElement("datalist");
      list.id = `${input.id}-people`;
      input.after(list);
      input.setAttribute("list", list.id);
    }
    list.replaceChildren(...people.map((person) => new Option(person.label, person.address ?? person.name)));
  });

  for (const kind of ["htmx:sendError", "htmx:responseError"]) {
    document.addEventListener(kind, (event) => {
      if (event.detail.target !== place) return;
      for (const failed of document.querySelectorAll("[data-action-failed]")) failed.hidden = false;
    });
  }
})();
