/* Finds a person while one types: an ARIA combobox over the search that the button does without script. */
(() => {
  "use strict";
  const WAIT_MILLISECONDS = 180;
  const SHORTEST = 2;

  function takeOver(picker) {
    if (picker.dataset.takenOver) return;
    picker.dataset.takenOver = "yes";
    const input = picker.querySelector("#id_person");
    const list = picker.querySelector("#person-list");
    const choices = picker.querySelector("[data-person-choices]");
    const status = picker.querySelector("[data-person-status]");
    let timer = 0;
    let request = null;

    for (const [name, value] of Object.entries({
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-controls": list.id,
      "aria-expanded": "false",
    }))
      input.setAttribute(name, value);

    const options = () => [...list.children];
    const active = () => options().find((option) => option.getAttribute("aria-selected") === "true");

    function close() {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function activate(option) {
      for (const each of options()) each.setAttribute("aria-selected", String(each === option));
      if (!option) return input.removeAttribute("aria-activedescendant");
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    }

    function choose(option) {
      const row = document.createElement("div");
      const radio = document.createElement("input");
      const label = document.createElement("label");
      row.className = "form-check";
      radio.className = "form-check-input";
      radio.type = "radio";
      radio.name = "uid";
      radio.value = option.dataset.id;
      radio.id = `id_uid_${option.dataset.id}`;
      radio.checked = true;
      label.className = "form-check-label";
      label.htmlFor = radio.id;
      label.textContent = option.textContent;
      row.append(radio, label);
      choices.replaceChildren(row);
      input.value = option.dataset.name;
      close();
    }

    function show(people) {
      list.replaceChildren(
        ...people.map((person) => {
          const option = document.createElement("li");
          option.id = `person-option-${person.id}`;
          option.setAttribute("role", "option");
          option.setAttribute("aria-selected", "false");
          option.dataset.id = person.id;
          option.dataset.name = person.name;
          option.textContent = person.label;
          option.addEventListener("pointerdown", (event) => event.preventDefault());
          option.addEventListener("click", () => choose(option));
          return option;
        }),
      );
      status.textContent = people.length ? `${people.length} ${picker.dataset.some}` : picker.dataset.none;
      if (!people.length) return close();
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      activate(null);
    }

    async function search() {
      request?.abort();
      const text = input.value.trim();
      if (text.length < SHORTEST) return close();
      request = new AbortController();
      try {
        const answer = await fetch(`${picker.dataset.url}?q=${encodeURIComponent(text)}`, {
          signal: request.signal,
          headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
        });
        if (answer.ok) show((await answer.json()).people);
      } catch (error) {
        if (error.name !== "AbortError") close();
      }
    }

    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(search, WAIT_MILLISECONDS);
    });
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      const isOpen = !list.hidden;
      const all = options();
      const here = all.indexOf(active());
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (!isOpen) return void search();
        const step = event.key === "ArrowDown" ? 1 : -1;
        activate(all[(here < 0 ? (step > 0 ? 0 : all.length - 1) : here + step + all.length) % all.length]);
      } else if (event.key === "Enter") {
        event.preventDefault(); /* never sends the form from here */
        if (isOpen && active()) choose(active());
        else search();
      } else if (event.key === "Escape" && isOpen) {
        event.preventDefault();
        event.stopPropagation();
        close();
      }
    });
  }

  const takeOverAll = () => document.querySelectorAll("[data-person-picker]").forEach(takeOver);
  takeOverAll();
  document.addEventListener("htmx:afterSwap", takeOverAll);
})();
