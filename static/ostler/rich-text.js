/* Text with markup: takes over every textarea with data-rich-text. What is written goes back into the textarea as HTML,
   so that forms post and drafts save it as before; without this file people write plain text or the HTML itself. With
   data-format-name the form says under that name that it sends html; with data-rich-source the HTML itself can be written,
   too; where the editor would drop some of a text's markup a note says so, and with data-rich-source="first" the HTML is
   shown first. What nobody touched is sent as it came. The buttons come from the template #rich-text-tools of the page
   (components/rich_text_tools.html). */
import Squire from "../vendor/squire/squire.js";

const ALLOWED = {
  A: ["href"], B: [], BLOCKQUOTE: [], BR: [], CODE: [], DIV: [], EM: [], H1: [], H2: [], H3: [], H4: [], HR: [], I: [],
  IMG: ["src", "alt", "width", "height"], LI: [], OL: [], P: [], PRE: [], S: [], STRONG: [], SUB: [], SUP: [], TABLE: [],
  TBODY: [], TD: ["colspan", "rowspan"], TH: ["colspan", "rowspan"], THEAD: [], TR: [], U: [], UL: [],
};
const DROPPED = new Set(["SCRIPT", "STYLE", "IFRAME", "OBJECT", "EMBED", "NOSCRIPT", "TEMPLATE", "HEAD", "TITLE", "META", "LINK"]);
/* An address may be a variable, which the server replaces and judges then. */
const LINKS = /^(?:https?:|mailto:|tel:|\/|#|%\{[\w.-]+\})/i;
const IMAGES = /^(?:https?:|cid:|data:image\/(?:png|jpe?g|gif|webp);base64,|\/)/i;
const MARKUP = /<\/?[a-z][^<>]*>|&(?:#\w+|\w+);/i;
const LARGEST_IMAGE = 2 * 1024 * 1024;

/* The server cleans everything again; this keeps what is pasted from looking like what it came from. */
function cleaned(node, into) {
  for (const child of [...node.childNodes]) {
    if (child.nodeType === Node.TEXT_NODE) {
      into.append(child.cloneNode());
    } else if (child.nodeType === Node.ELEMENT_NODE && !DROPPED.has(child.nodeName)) {
      const attributes = ALLOWED[child.nodeName];
      const target = attributes ? document.createElement(child.nodeName) : into;
      for (const name of attributes ?? []) {
        const value = child.getAttribute(name);
        const fits = name === "href" ? LINKS : name === "src" ? IMAGES : /^/;
        if (value !== null && fits.test(value.trim())) target.setAttribute(name, value);
      }
      cleaned(child, target);
      if (attributes) into.append(target);
    }
  }
  return into;
}

/* Styles under another name: pages have a policy that complains of each one, even where it is only read. */
function parsed(html) {
  const inert = html.replace(/(<[a-z][^<>]*?\s)style(?=\s*=)/gi, "$1data-style");
  return new DOMParser().parseFromString(inert, "text/html").body;
}

function fragment(html) {
  return cleaned(parsed(html), document.createDocumentFragment());
}

/* Whether the editor would drop markup that readers see: not what the pages that show it set themselves. */
const UNSEEN = /^(?:target|rel|loading|data-(?!style$).*)$/;
function loses(html) {
  const box = document.createElement("div");
  box.append(fragment(html));
  const all = parsed(html);
  for (const element of all.querySelectorAll("*")) {
    for (const name of element.getAttributeNames()) if (UNSEEN.test(name)) element.removeAttribute(name);
    if (element.nodeName === "SPAN" && !element.attributes.length) element.replaceWith(...element.childNodes);
  }
  return box.innerHTML !== all.innerHTML;
}

function asDataAddress(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.addEventListener("error", reject);
    reader.readAsDataURL(file);
  });
}

/* Text without any markup, as drafts of plain fields and pages without script hold it, keeps its lines. */
function asHtml(text) {
  if (!text.trim() || MARKUP.test(text)) return text;
  const box = document.createElement("div");
  for (const part of text.replace(/\r\n?/g, "\n").split(/\n{2,}/)) {
    const paragraph = document.createElement("p");
    part.split("\n").forEach((line, number) => paragraph.append(...(number ? [document.createElement("br")] : []), line));
    box.append(paragraph);
  }
  return box.innerHTML;
}

function takeOver(textarea) {
  if ("richTextOn" in textarea.dataset) return;
  textarea.dataset.richTextOn = "";
  const tools = document.getElementById("rich-text-tools").content.firstElementChild.cloneNode(true);
  const area = document.createElement("div");
  area.className = "rich-text-area message-text form-control";
  area.id = `${textarea.id}_area`;
  if (textarea.placeholder) {
    area.dataset.placeholder = textarea.placeholder;
    area.setAttribute("aria-placeholder", textarea.placeholder);
  }
  area.setAttribute("role", "textbox");
  area.setAttribute("aria-multiline", "true");
  area.style.minHeight = `${(Number(textarea.rows) || 6) * 1.5}rem`;
  for (const name of ["aria-describedby", "aria-invalid"]) {
    if (textarea.hasAttribute(name)) area.setAttribute(name, textarea.getAttribute(name));
  }
  const label = textarea.labels[0];
  if (label) {
    label.id ||= `${textarea.id}_label`;
    area.setAttribute("aria-labelledby", label.id);
    label.addEventListener("click", () => textarea.focus());
  }
  const box = document.createElement("div");
  box.className = "rich-text";
  textarea.before(box);
  box.append(tools, area);
  textarea.hidden = true;
  if (textarea.dataset.formatName) {
    const format = document.createElement("input");
    Object.assign(format, { type: "hidden", name: textarea.dataset.formatName, value: "html" });
    textarea.after(format);
  }
  textarea.required = false;

  const editor = new Squire(area, { blockTag: "P", sanitizeToDOMFragment: fragment });
  const isEmpty = () => area.textContent.trim() === "" && !area.querySelector("img,hr,table");
  const mayBeSource = "richSource" in textarea.dataset;
  let isSource = false;
  let untouched = null;
  const read = () => {
    editor.setHTML(asHtml(textarea.value));
    untouched = MARKUP.test(textarea.value) ? editor.getHTML() : null;
    area.toggleAttribute("data-empty", isEmpty());
  };
  read();

  const write = () => {
    if (isSource) return;
    area.toggleAttribute("data-empty", isEmpty() && !area.querySelector("ul,ol,blockquote,pre"));
    const html = isEmpty() ? "" : editor.getHTML();
    if (html === textarea.value || html === untouched) return;
    untouched = null;
    textarea.value = html;
    textarea.dispatchEvent(new Event("input", { bubbles: true }));
  };
  editor.addEventListener("input", write);

  const toggles = {
    bold: ["B", () => editor.bold(), () => editor.removeBold()],
    italic: ["I", () => editor.italic(), () => editor.removeItalic()],
    underline: ["U", () => editor.underline(), () => editor.removeUnderline()],
    strikethrough: ["S", () => editor.strikethrough(), () => editor.removeStrikethrough()],
    list: ["UL", () => editor.makeUnorderedList(), () => editor.removeList()],
    numbers: ["OL", () => editor.makeOrderedList(), () => editor.removeList()],
    quote: ["BLOCKQUOTE", () => editor.increaseQuoteLevel(), () => editor.decreaseQuoteLevel()],
    code: ["PRE", () => editor.code(), () => editor.removeCode()],
  };
  if (!mayBeSource) tools.querySelector("[data-tool=source]").remove();
  const buttons = [...tools.querySelectorAll("[data-tool]")];

  /* One stop for Tab, as the pattern of toolbars has it: the arrow keys lead from button to button. */
  const stopAt = (chosen) => buttons.forEach((button) => (button.tabIndex = button === chosen ? 0 : -1));
  stopAt(buttons[0]);
  tools.addEventListener("focusin", (event) => {
    if (buttons.includes(event.target)) stopAt(event.target);
  });
  tools.addEventListener("keydown", (event) => {
    const usable = buttons.filter((button) => !button.disabled);
    const at = usable.indexOf(event.target);
    const forwards = getComputedStyle(tools).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const backwards = forwards === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
    const to = { [forwards]: at + 1, [backwards]: at - 1, Home: 0, End: -1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    usable.at(to % usable.length).focus();
  });

  const show = () => {
    for (const button of buttons) {
      const toggle = toggles[button.dataset.tool];
      if (toggle) button.setAttribute("aria-pressed", String(editor.hasFormat(toggle[0])));
    }
  };
  editor.addEventListener("pathChange", show);
  editor.addEventListener("select", show);

  async function insertImages(files) {
    for (const file of files) {
      if (!file.type.startsWith("image/")) continue;
      if (file.size > LARGEST_IMAGE) {
        window.alert(tools.dataset.tooLarge);
        continue;
      }
      editor.insertImage(await asDataAddress(file), { alt: "" });
      write();
    }
  }

  const note = document.createElement("p");
  note.className = "rich-text-note meta";
  note.setAttribute("role", "status");
  if (mayBeSource) box.append(note);

  function showSource(on, words = "") {
    if (!on && loses(textarea.value) && !window.confirm(tools.dataset.sourceLoss)) return;
    write();
    isSource = on;
    area.hidden = on;
    textarea.hidden = !on;
    note.textContent = words;
    for (const button of buttons) {
      if (button.dataset.tool === "source") button.setAttribute("aria-pressed", String(on));
      else button.disabled = on;
    }
    stopAt(on ? buttons.at(-1) : buttons[0]);
    if (!on) read();
  }
  if (mayBeSource && loses(textarea.value)) {
    if (textarea.dataset.richSource === "first") showSource(true, tools.dataset.sourceNote);
    else note.textContent = tools.dataset.lossNote;
  }

  const use = {
    source: () => showSource(!isSource),
    link() {
      const address = window.prompt(tools.dataset.linkPrompt, "https://");
      if (address && LINKS.test(address.trim())) editor.makeLink(address.trim());
    },
    clear: () => editor.removeAllFormatting(),
    image: () => tools.querySelector("input[type=file]").click(),
  };
  const switchFormat = ([tag, on, off]) => (editor.hasFormat(tag) ? off : on)();
  /* Browsers send these for keys while Caps Lock is on and for menus of their own; Squire only ever switches them on. */
  const asked = { formatBold: "bold", formatItalic: "italic", formatUnderline: "underline", formatStrikeThrough: "strikethrough" };
  box.addEventListener("beforeinput", (event) => {
    const toggle = toggles[asked[event.inputType]];
    if (!toggle) return;
    event.preventDefault();
    event.stopPropagation();
    switchFormat(toggle);
    write();
    show();
  }, { capture: true });
  tools.addEventListener("mousedown", (event) => {
    if (event.target.closest("button")) event.preventDefault(); // the selection stays where it is
  });
  tools.addEventListener("click", (event) => {
    const name = event.target.closest("[data-tool]")?.dataset.tool;
    if (!name) return;
    const toggle = toggles[name];
    if (toggle) switchFormat(toggle);
    else use[name]();
    if (name === "source") return void textarea.focus();
    if (name !== "image") editor.focus();
    write();
    show();
  });
  tools.querySelector("input[type=file]").addEventListener("change", async (event) => {
    await insertImages(event.target.files);
    event.target.value = "";
    editor.focus();
  });
  editor.addEventListener("pasteImage", (event) => {
    const items = [...(event.detail?.clipboardData?.items ?? [])];
    insertImages(items.map((item) => item.getAsFile()).filter(Boolean));
  });
  area.addEventListener("drop", (event) => {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.some((file) => file.type.startsWith("image/"))) return;
    event.preventDefault();
    insertImages(files);
  });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      textarea.form?.requestSubmit();
    }
  });
  textarea.form?.addEventListener("submit", () => write(), { capture: true });
  textarea.form?.addEventListener("reset", () => setTimeout(read));
  area.addEventListener("blur", () => textarea.dispatchEvent(new Event("blur")));
  /* Others may put text in: a draft, a canned response. */
  textarea.addEventListener("rich-text:set", read);
  textarea.addEventListener("rich-text:insert", (event) => {
    editor.focus();
    editor.insertHTML(event.detail.html);
    write();
  });
  textarea.addEventListener("focus", () => isSource || area.focus());
  textarea.focus = (options) => (isSource ? HTMLElement.prototype.focus.call(textarea, options) : area.focus(options));
  if (document.activeElement === textarea) area.focus();
}

const takeOverAll = () => document.querySelectorAll("textarea[data-rich-text]").forEach(takeOver);
takeOverAll();
document.addEventListener("htmx:afterSwap", takeOverAll);
