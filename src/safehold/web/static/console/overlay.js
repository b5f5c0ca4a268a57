// The overlay that lists every key of this page. It is made from the controls, so it cannot be wrong.
import { isThere, keysAreOn, switchKeys } from "./keys.js";

export function prepareOverlay() {
  const overlay = document.getElementById("keys");
  if (!overlay) return;
  const single = document.getElementById("single-keys");
  single.checked = keysAreOn();
  single.addEventListener("change", () => switchKeys(single.checked));
  document.getElementById("show-keys").addEventListener("click", () => {
    overlay.querySelector(".keys").replaceChildren(...lines());
    overlay.showModal();
  });
}

function lines() {
  const primary = [...document.querySelectorAll("[data-primary]")].map((control) => line("enter", control));
  const held = [...document.querySelectorAll('[data-hold]:not([data-hold=""])')].map((control) => line(control.dataset.hold, control));
  const there = [...document.querySelectorAll("[data-key]")].filter(isThere);
  const keyed = there.map((control) => line(control.dataset.key, control));
  return [...primary, ...held, ...keyed];
}

function line(key, control) {
  const row = document.createElement("div");
  const does = document.createElement("span");
  does.textContent = control.dataset.does;
  const caps = document.createElement("span");
  for (const part of key.split(" ")) {
    const cap = document.createElement("kbd");
    cap.textContent = part.replace("shift+", "Shift ").replace(/(^|\s)\w/g, (first) => first.toUpperCase());
    caps.append(cap, " ");
  }
  row.append(does, caps);
  return row;
}
