// Options that only matter beside others come and go while one chooses: data-shown-when, written by
// helpdesk/forms/conditions.py. Without this script they are all there, and the server ignores what does not apply.

const FIELDS = "[data-shown-when]";

function valueOf(form, name) {
  const controls = [...form.elements].filter((each) => each.name === name);
  if (controls.length === 0 || controls[0].closest("[data-condition-row]")?.hidden) return null;
  const control = controls[0];
  if (control.type === "checkbox") return control.checked ? "1" : "";
  return control.value;
}

function holds(form, prefix, condition) {
  if (condition.parts) {
    const judged = condition.parts.map((part) => holds(form, prefix, part));
    return condition.anyOf ? judged.some(Boolean) : judged.every(Boolean);
  }
  const value = valueOf(form, prefix + condition.field);
  return value !== null && condition.values.includes(value) !== condition.negated;
}

function update(form) {
  for (const control of form.querySelectorAll(FIELDS)) {
    const row = control.closest("[data-condition-row]");
    const prefix = control.name.slice(0, control.name.indexOf("-") + 1);
    if (row) row.hidden = !holds(form, prefix, JSON.parse(control.dataset.shownWhen));
  }
}

for (const form of new Set([...document.querySelectorAll(FIELDS)].map((each) => each.form))) {
  form.addEventListener("change", () => update(form));
  update(form);
}
