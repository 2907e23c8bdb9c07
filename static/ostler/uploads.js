/* Uploads files while the form is still being written: progress, removal, and what the help desk says against a file.
   For every file control with data-upload-url; without this file the form sends the files itself. */
(() => {
  "use strict";

  /* One after the other: a stranger's first file begins the session that all of them belong to. */
  const queue = [];
  let underWay = null;
  const sendNext = () => {
    underWay = queue.shift() ?? null;
    underWay?.();
  };
  const enqueue = (start) => {
    queue.push(start);
    if (!underWay) sendNext();
  };

  const sizeOf = (bytes) =>
    bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;

  function element(name, className, text = "") {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    return made;
  }

  /* In the field, right before it, or, where the form has but one control without a field, anywhere in the form. */
  function listOf(input) {
    const field = input.closest(".form-field");
    if (!field) return input.form.querySelector("[data-chosen-files]");
    const before = field.previousElementSibling;
    return field.querySelector("[data-chosen-files]") ?? (before?.matches("[data-chosen-files]") ? before : null);
  }

  function takeOver(input) {
    const form = input.form;
    const list = listOf(input);
    if (!list || input.dataset.takenOver) return;
    input.dataset.takenOver = "yes";
    const uploads = new Set();
    const isNeeded = input.required;
    let waiting = false;
    const settleNeed = () => {
      input.required = isNeeded && !list.querySelector("input");
    };

    const settle = (request) => {
      uploads.delete(request);
      if (!waiting || uploads.size) return;
      waiting = false;
      form.requestSubmit();
    };

    function remove(item, request) {
      request.abort();
      settle(request); // one that still waits in the queue says nothing of its end
      item.remove();
      list.hidden = !list.childElementCount;
      settleNeed();
      input.focus();
    }

    function send(file) {
      const item = element("li", "attachment upload");
      const progress = element("progress", "upload-progress");
      const button = element("button", "upload-remove");
      const request = new XMLHttpRequest();
      progress.max = 1;
      progress.value = 0;
      progress.setAttribute("aria-label", file.name);
      button.type = "button";
      button.setAttribute("aria-label", `${list.dataset.remove} ${file.name}`);
      button.addEventListener("click", () => remove(item, request));
      item.append(element("span", "attachment-name", `${file.name} · ${sizeOf(file.size)}`), progress, button);
      list.append(item);
      list.hidden = false;

      const fail = (reason) => {
        progress.remove();
        item.classList.add("upload-failed");
        item.querySelector(".attachment-name").textContent = reason || `${file.name}: ${list.dataset.failed}`;
      };
      const finish = () => {
        let answer = {};
        try {
          answer = JSON.parse(request.responseText);
        } catch {
          /* no answer of ours: the server or a proxy failed */
        }
        const [stored] = answer.files ?? [];
        if (!stored?.ticket) return fail(stored?.error ?? answer.message);
        const ticket = element("input", "");
        ticket.type = "hidden";
        ticket.name = input.name;
        ticket.value = stored.ticket;
        progress.remove();
        item.append(ticket);
        settleNeed();
      };
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) progress.value = event.loaded / event.total;
      });
      request.addEventListener("load", finish);
      request.addEventListener("error", () => fail());
      request.addEventListener("loadend", () => {
        settle(request);
        sendNext();
      });
      request.open("POST", input.dataset.uploadUrl);
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
      request.setRequestHeader("X-CSRFToken", form.querySelector("[name=csrfmiddlewaretoken]").value);
      const data = new FormData();
      data.append("files", file);
      uploads.add(request);
      enqueue(() => (uploads.has(request) ? request.send(data) : sendNext()));
    }

    input.addEventListener(
      "change",
      (event) => {
        event.stopImmediatePropagation();
        const files = [...input.files];
        input.value = "";
        files.forEach(send);
      },
      { capture: true },
    );
    form.addEventListener(
      "submit",
      (event) => {
        if (!uploads.size) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        waiting = true;
      },
      { capture: true },
    );
    form.addEventListener("reset", () => {
      for (const request of [...uploads]) {
        uploads.delete(request);
        request.abort();
      }
      waiting = false;
      list.replaceChildren();
      list.hidden = true;
    });
  }

  const takeOverAll = (part) => part.querySelectorAll("input[type=file][data-upload-url]").forEach(takeOver);
  takeOverAll(document);
  document.addEventListener("htmx:afterSwap", () => takeOverAll(document));
})();
