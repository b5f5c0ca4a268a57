// Keys stand on the controls: data-key="a", "shift+h", or "g c" for one after the other. Pressing one does
// what the control does. Enter presses the page's one primary button.

const CHORD_MS = 1500;
const WRITING = "input:not([type=radio]):not([type=checkbox]), textarea, select";
const TYPED_INTO = "form textarea, form input:not([type=radio], [type=checkbox], [type=hidden])";
const ANSWERS_ENTER = "a[href], button, summary, textarea, select, input:not([type=radio])";
const SETTING = "safehold.keys";

let begun = "";
let begunAt = 0;

export function keysAreOn() {
  return localStorage.getItem(SETTING) !== "off";
}

export function switchKeys(on) {
  localStorage.setItem(SETTING, on ? "on" : "off");
}

/** The name of what was pressed, as data-key writes it; empty for combinations that belong to the browser. */
export function nameOf(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return "";
  const key = event.key.toLowerCase();
  const isLetter = key.length === 1 && key !== key.toUpperCase();
  return event.shiftKey && isLetter ? `shift+${key}` : key;
}

export function isWriting(event) {
  return event.target instanceof Element && event.target.matches(WRITING);
}

/** Whether the first of two keys was just pressed: what comes next belongs to it. */
export function isBegun() {
  return begun !== "" && performance.now() - begunAt < CHORD_MS;
}

export function listenForKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.repeat || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter") {
      pressPrimary(event);
      return;
    }
    if (event.key === "Escape" && isWriting(event)) {
      event.target.blur();
      return;
    }
    if (isWriting(event) || !keysAreOn()) return;
    const control = controlFor(nameOf(event));
    if (!control) return;
    event.preventDefault();
    use(control);
  });
}

function pressPrimary(event) {
  if (event.target instanceof Element && event.target.closest(ANSWERS_ENTER)) return;
  const primary = document.querySelector("[data-primary]");
  if (!primary || nameOf(event) !== "enter") return;
  event.preventDefault();
  primary.click();
}

function controlFor(name) {
  if (!name) return null;
  const whole = isBegun() ? `${begun} ${name}` : name;
  begun = "";
  const control = find(whole) ?? find(name);
  if (!control && shown(`[data-key^="${CSS.escape(name)} "]`)) {
    begun = name;
    begunAt = performance.now();
  }
  return control;
}

function find(key) {
  return shown(`[data-key="${CSS.escape(key)}"]`);
}

/**
 * Whether a control is there to be used: a question that does not apply is not, and its keys rest. What the bar's
 * menu folds away is there all the same.
 */
export function isThere(control) {
  return control.getClientRects().length > 0 || control.closest(".more") !== null;
}

function shown(selector) {
  return [...document.querySelectorAll(selector)].find(isThere);
}

function use(control) {
  if (control.matches("input[type=radio]")) {
    control.checked = true;
    control.focus();
  } else if (control.matches("summary")) {
    const part = control.parentElement;
    part.open = !part.open;
    // What is typed next belongs into the field that was asked for: elsewhere it would be keys of the page.
    const first = part.querySelector(TYPED_INTO) ?? part.querySelector("form button");
    (part.open && first ? first : control).focus();
  } else if (control.matches(WRITING)) {
    control.focus();
  } else {
    control.click();
  }
}
