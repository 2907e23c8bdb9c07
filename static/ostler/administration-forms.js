// Rows can be dragged into another order; what they post is the order of their hidden inputs. Without this script, and by
// keyboard, the buttons up and down do the same. Buttons with data-confirm ask first.

for (const body of document.querySelectorAll("[data-sortable]")) {
  const form = body.closest("form");
  let dragged = null;
  body.classList.add("adf-sorts");

  for (const handle of body.querySelectorAll(".adf-handle")) {
    const row = [...body.children].find((each) => each.contains(handle));
    handle.addEventListener("pointerdown", () => {
      row.draggable = true;
    });
    row.addEventListener("dragstart", (event) => {
      dragged = row;
      row.classList.add("adf-dragged");
      event.dataTransfer.effectAllowed = "move";
    });
    row.addEventListener("dragend", () => {
      row.draggable = false;
      row.classList.remove("adf-dragged");
      dragged = null;
    });
  }

  body.addEventListener("dragover", (event) => {
    if (!dragged) return;
    event.preventDefault();
    const below = [...body.children].find((each) => {
      const box = each.getBoundingClientRect();
      return each !== dragged && event.clientY < box.top + box.height / 2;
    });
    body.insertBefore(dragged, below ?? null);
  });

  body.addEventListener("drop", (event) => {
    if (!dragged) return;
    event.preventDefault();
    const action = document.createElement("input");
    action.type = "hidden";
    action.name = "action";
    action.value = "order";
    form.append(action);
    form.submit();
  });
}

// Browsers drop autofocus now and then after a form was sent by keyboard; the next press must move the same row again.
document.querySelector(".adf-moves [autofocus]")?.focus();

// A page of several forms comes back at its top: what is wrong may stand far below.
document.querySelector(".adf-field:has(.errorlist) :is(input, select, textarea)")?.focus();

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-confirm]");
  if (button && !window.confirm(button.dataset.confirm)) event.preventDefault();
});
