/* Keeps what is being written: a draft on the server while one types, and the lock of the ticket where there are locks.
   For every [data-writing] inside a form (components/writing.html). Without this file nothing is kept, and the page takes
   the lock when the form is sent. */
(() => {
  "use strict";
  const WAIT_MILLISECONDS = 1500;
  const EMBEDDED_IMAGE = /<img\b[^>]*\bsrc="data:[^>]*>/gi; /* too large for a draft; it goes with the form */
  const LONGEST_WAIT_MILLISECONDS = 10_000;

  function takeOver(part) {
    if (part.dataset.takenOver) return;
    part.dataset.takenOver = "yes";
    const form = part.closest("form");
    const text = form.elements[part.dataset.field];
    const status = part.querySelector("[data-writing-status]");
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    let saved = text.value;
    let timer = 0;
    let waitingSince = 0;
    let saving = Promise.resolve();
    let isSent = false;

    const isRich = () => "richTextOn" in text.dataset; /* rich-text.js has taken the field over: it holds HTML */
    const format = () => (isRich() ? "html" : "text");

    const say = (words, isProblem = false) => {
      status.textContent = words;
      status.classList.toggle("is-problem", isProblem);
    };
    const post = (url, values, options = {}) =>
      fetch(url, {
        method: "POST",
        body: new URLSearchParams(values),
        headers: { Accept: "application/json", "X-CSRFToken": token, "X-Requested-With": "XMLHttpRequest" },
        ...options,
      });

    /* --- The draft --- */

    const markSaved = (isSaved) => {
      if (isSaved) form.dataset.draftSaved = "yes";
      else delete form.dataset.draftSaved;
    };

    async function save(options = {}) {
      clearTimeout(timer);
      waitingSince = 0;
      const body = text.value;
      if (isSent || body === saved || !text.isConnected) return; /* a swapped form has a successor that saves */
      const kept = isRich() ? body.replace(EMBEDDED_IMAGE, "") : body;
      try {
        const answer = await post(part.dataset.draftUrl, { body: kept, format: format() }, options);
        if (!answer.ok) throw new Error(answer.status);
        saved = body;
        markSaved(text.value === saved && kept === body);
        say(kept !== body ? part.dataset.keptWithoutImagesText : body.trim() ? part.dataset.savedText : "");
      } catch {
        say(part.dataset.unsavedText, true);
      }
    }
    const saveInTurn = (options) => (saving = saving.then(() => save(options)));

    function saveSoon() {
      markSaved(text.value === saved);
      waitingSince ||= Date.now();
      clearTimeout(timer);
      timer = setTimeout(saveInTurn, Math.min(WAIT_MILLISECONDS, waitingSince + LONGEST_WAIT_MILLISECONDS - Date.now()));
    }

    async function restore() {
      if (text.value) return; /* the page shows what was entered before */
      const answer = await fetch(`${part.dataset.draftUrl}?format=${format()}`, { headers: { Accept: "application/json" } });
      if (answer.status !== 200 || text.value) return;
      saved = text.value = (await answer.json()).body;
      markSaved(true);
      if (isRich()) text.dispatchEvent(new Event("rich-text:set"));
      text.dispatchEvent(new Event("input", { bubbles: true }));
      say(part.dataset.restoredText);
    }

    /* --- The lock --- */

    const code = part.querySelector("[data-lock-code]");
    let lock = null;
    let lockEnds = 0;
    let acquiring = null;

    async function acquire() {
      const url = lock ? part.dataset.lockRenewUrl.replace("/0/", `/${lock}/`) : part.dataset.lockUrl;
      try {
        const answer = await post(url, {});
        const held = await answer.json();
        lock = held.id || null;
        code.value = held.code ?? "";
        lockEnds = lock ? Date.now() + held.time * 1000 : 0;
        if (held.msg) say(held.msg, true);
        if (!lock && held.retry === "acquire") await acquire();
      } catch {
        lock = null; /* no connection: tried again with the next letter, and by the page that takes the form */
      }
    }

    function keepLock() {
      if (!code || acquiring || isSent) return;
      const left = lockEnds - Date.now();
      if (lock && left > 60_000) return;
      acquiring = acquire().finally(() => (acquiring = null));
    }

    /* --- What happens --- */

    text.addEventListener("input", () => {
      keepLock();
      saveSoon();
    });
    text.addEventListener("blur", () => saveInTurn());
    form.addEventListener("reset", () => setTimeout(saveInTurn));
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented || isSent) return;
      clearTimeout(timer);
      isSent = true; /* the service deletes the draft; nothing must put it back */
    });
    addEventListener("pageshow", (event) => {
      if (event.persisted) isSent = false;
    });
    addEventListener("pagehide", () => {
      if (isSent) return;
      save({ keepalive: true });
      if (lock) post(part.dataset.lockReleaseUrl.replace("/0/", `/${lock}/`), {}, { keepalive: true });
      lock = null;
    });

    restore().catch(() => {});
    if (code && part.dataset.lockMode === "1") keepLock();
  }

  const takeOverAll = () => document.querySelectorAll("[data-writing]").forEach(takeOver);
  takeOverAll();
  document.addEventListener("htmx:afterSwap", takeOverAll);
})();
