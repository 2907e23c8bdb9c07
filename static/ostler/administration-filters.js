// The form of a ticket filter: rows are added and removed without asking the server, actions show their options, values
// are suggested for what is compared. Without this script the same buttons send the form and the page comes back.

const form = document.querySelector("[data-filter-form]");

function blank(selector, key) {
  const copy = form.querySelector(selector)?.content.cloneNode(true) ?? new DocumentFragment();
  for (const element of copy.querySelectorAll("*")) {
    for (const attribute of element.attributes) attribute.value = attribute.value.replaceAll("__key__", key);
  }
  return copy;
}

function keyOf(row) {
  return row.querySelector('input[type="hidden"]').value;
}

function freeKey(rows) {
  const used = [...rows.children].map((row) => Number(keyOf(row)) || 0);
  return String(Math.max(-1, ...used) + 1);
}

function suggest(select) {
  const value = select.closest("[data-row]").querySelector("[data-value]");
  const list = `values-${select.value}`;
  if (document.getElementById(list)) value.setAttribute("list", list);
  else value.removeAttribute("list");
}

if (form) {
  form.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add-row]");
    const remove = event.target.closest("[data-remove-row]");
    if (add) {
      event.preventDefault();
      const rows = form.querySelector(`[data-rows="${add.dataset.addRow}"]`);
      rows.append(blank(`[data-blank="${add.dataset.addRow}"]`, freeKey(rows)));
      rows.lastElementChild.querySelector("select").focus();
    } else if (remove) {
      event.preventDefault();
      const row = remove.closest("[data-row]");
      const next = row.nextElementSibling ?? row.previousElementSibling;
      const add = row.parentElement.parentElement.querySelector("[data-add-row]");
      row.remove();
      (next?.querySelector("[data-remove-row]") ?? add).focus();
    }
  });

  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-what]")) suggest(event.target);
    if (event.target.matches("[data-action-type]")) {
      const row = event.target.closest("[data-row]");
      const options = blank(`[data-options-of="${CSS.escape(event.target.value)}"]`, keyOf(row));
      row.querySelector("[data-options]").replaceChildren(options);
    }
  });
}
