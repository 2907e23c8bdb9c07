/* Applies and remembers the look. Loaded in <head> and small on purpose: it runs before the first paint.
   The choice lives in a cookie so that the server renders it; "auto" means what the operating system says. */
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  function apply(theme) {
    if (theme === "light" || theme === "dark") {
      root.dataset.bsTheme = theme;
    } else {
      delete root.dataset.bsTheme;
    }
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.value === theme));
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    event.preventDefault();
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${button.value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
    apply(button.value);
  });
})();
