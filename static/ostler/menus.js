/* What native menus and dialogs leave open: closing on a click outside, one at a time, Escape, confirmations.
   Everything works without this file: <details> opens, forms post. */
(() => {
  "use strict";

  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== except) menu.open = false;
    }
  }

  document.addEventListener("click", (event) => {
    closeMenus(event.target.closest("details.menu"));

    const opener = event.target.closest("[data-opens-dialog]");
    if (opener) document.getElementById(opener.dataset.opensDialog).showModal();

    const dismisser = event.target.closest("[data-dismiss]");
    if (dismisser) dismisser.parentElement.remove();

    if (event.target instanceof HTMLDialogElement) event.target.close("cancel");
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details.menu[open]") ?? document.querySelector("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopImmediatePropagation();
  });

  document.addEventListener(
    "toggle",
    (event) => {
      const menu = event.target;
      if (!(menu instanceof HTMLDetailsElement) || !menu.open || !menu.classList.contains("menu")) return;
      closeMenus(menu);
      menu.querySelector(".menu-panel :is(select, input:not([type=hidden]), textarea)")?.focus();
    },
    true,
  );

  /* A button with data-confirms="<dialog>" acts only after the dialog has been answered with yes. */
  document.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest("[data-confirms]");
      if (!button || button.dataset.confirmed) return;
      event.preventDefault();
      event.stopPropagation();
      const dialog = document.getElementById(button.dataset.confirms);
      dialog.returnValue = "cancel";
      dialog.addEventListener(
        "close",
        () => {
          if (dialog.returnValue !== "confirm") return button.focus();
          button.dataset.confirmed = "yes";
          button.click();
          delete button.dataset.confirmed;
        },
        { once: true },
      );
      dialog.showModal();
    },
    true,
  );
})();
