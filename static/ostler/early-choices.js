/* What was chosen before the page's scripts stood, or kept by the browser over a reload, is answered, too: the fields
   below a help topic come for the topic that is shown. A choice that the server has drawn itself says nothing. */
(() => {
  "use strict";

  const CHOICES = "select:is([hx-get], [hx-post])";

  function wasChosenHere(select) {
    const drawn = [...select.options].find((option) => option.defaultSelected) ?? select.options[0];
    return select.size <= 1 && !select.multiple && drawn !== undefined && select.value !== drawn.value;
  }

  document.addEventListener(
    "htmx:load",
    () => {
      for (const select of document.querySelectorAll(CHOICES)) {
        if (wasChosenHere(select)) select.dispatchEvent(new Event("change", { bubbles: true }));
      }
    },
    { once: true },
  );
})();
