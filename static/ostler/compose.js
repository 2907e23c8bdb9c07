/* The composer of a ticket: reply and note as tabs, growing text fields, Ctrl+Enter, no double sending,
   no silent loss of text. Without this file both forms simply stand below each other. */
(() => {
  "use strict";
  const composer = document.getElementById("compose");
  if (!composer) return;
  const panels = [...composer.querySelectorAll("[data-compose-panel]")];
  const forms = panels.map((panel) => panel.querySelector("form"));
  const tabs = [...composer.querySelectorAll("[data-tab]")];
  const textOf = (part) => part.querySelector("textarea");
  let sending = false;

  /* --- Tabs --- */

  function show(name, { focus = false } = {}) {
    const shown = panels.find((panel) => panel.dataset.composePanel === name) ?? panels[0];
    for (const panel of panels) panel.hidden = panel !== shown;
    for (const tab of tabs) {
      const active = tab.dataset.tab === shown.dataset.composePanel;
      tab.setAttribute("aria-selected", String(active));
      tab.tabIndex = active ? 0 : -1;
    }
    if (!focus) return;
    composer.scrollIntoView({ block: "nearest" });
    textOf(shown).focus({ preventScroll: true });
  }

  for (const panel of panels) {
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", `tab-${panel.dataset.composePanel}`);
  }
  for (const tab of tabs) {
    tab.addEventListener("click", () => show(tab.dataset.tab, { focus: true }));
    tab.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const other = tabs[(tabs.indexOf(tab) + 1) % tabs.length];
      show(other.dataset.tab);
      other.focus();
    });
  }
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-compose]");
    if (!opener) return;
    event.preventDefault();
    show(opener.dataset.compose, { focus: true });
  });

  /* #write-reply and #write-note come from the keyboard in a queue; data-active from a form that was refused. */
  const wanted = location.hash.match(/^#write-(\w+)$/)?.[1] || composer.dataset.active;
  show(wanted, { focus: Boolean(wanted) });

  /* --- Text --- */

  function grow(text) {
    if (text.hidden) return; /* rich-text.js shows an area that grows by itself */
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight + 2, innerHeight * 0.6)}px`;
  }

  const unsaved = () => !sending && forms.some((form) => !form.dataset.draftSaved && textOf(form).value.trim() !== "");

  for (const form of forms) {
    const text = textOf(form);
    text.addEventListener("input", () => grow(text));
    grow(text);
    form.addEventListener("reset", () =>
      setTimeout(() => {
        text.value = "";
        text.dispatchEvent(new Event("rich-text:set"));
        grow(text);
      }),
    );
    form.addEventListener("submit", (event) => {
      if (sending) return event.preventDefault();
      sending = true;
      for (const button of form.querySelectorAll('button[type="submit"]')) button.setAttribute("aria-busy", "true");
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
  }

  /* --- Files: the browser's own control stays in charge, this only shows what it holds --- */

  const sizeOf = (bytes) =>
    bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;

  function listFiles(form) {
    const list = form.querySelector("[data-chosen-files]");
    list.replaceChildren(
      ...[...form.querySelector("input[type=file]").files].map((file) => {
        const item = document.createElement("li");
        item.className = "attachment";
        item.textContent = `${file.name} · ${sizeOf(file.size)}`;
        return item;
      }),
    );
    list.hidden = !list.childElementCount;
  }

  for (const form of forms) {
    form.querySelector("input[type=file]").addEventListener("change", () => listFiles(form));
    form.addEventListener("reset", () => setTimeout(() => listFiles(form)));
  }

  /* --- Prepared answers: chosen in a dialog, put where the cursor is --- */

  async function insertAnswer(link) {
    const answer = await fetch(link.dataset.insertsAnswer, { headers: { Accept: "application/json" } });
    if (!answer.ok) return location.assign(link.href);
    const { text: inserted, html, files } = await answer.json();
    const form = document.querySelector("#reply form");
    const text = textOf(form);
    const dialog = link.closest("dialog");
    if (dialog) dialog.dataset.keepsFocus = "yes";
    dialog?.close();
    show("reply", { focus: true });
    if ("richTextOn" in text.dataset) {
      text.dispatchEvent(new CustomEvent("rich-text:insert", { detail: { html } }));
    } else {
      text.setRangeText(inserted, text.selectionStart, text.selectionEnd, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const list = form.querySelector("[data-chosen-files]");
    for (const file of files.filter((one) => one.ticket)) {
      const item = document.createElement("li");
      const label = document.createElement("label");
      const box = document.createElement("input");
      item.className = "attachment";
      Object.assign(box, { type: "checkbox", name: "attachments", value: file.ticket, checked: true });
      label.append(box, ` ${file.name} · ${sizeOf(file.size)}`);
      item.append(label);
      list.append(item);
      list.hidden = false;
    }
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-inserts-answer]");
    if (!link || !document.querySelector("#reply form")) return;
    event.preventDefault();
    insertAnswer(link).catch(() => location.assign(link.href));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.id !== "answer-key") return;
    event.preventDefault();
    document.querySelector("#answer-preview [data-inserts-answer]")?.click();
  });

  addEventListener("pageshow", (event) => {
    if (event.persisted) sending = false;
  });
  addEventListener("beforeunload", (event) => {
    if (unsaved()) event.preventDefault();
  });
})();
