// Ctrl-K: one field over any page that takes an id, or a word of what the page's own controls do. What is
// filled in on the page stays, for nothing is left before something is chosen.

export function preparePalette() {
  const palette = document.getElementById("palette");
  if (!palette) return;
  const form = palette.querySelector("form");
  const field = form.elements.text;
  const found = palette.querySelector(".found");
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    if (event.key.toLowerCase() !== "k" || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    field.value = "";
    show(found, controlsThat(""), palette);
    palette.showModal();
    field.focus();
  });
  field.addEventListener("input", () => show(found, controlsThat(field.value), palette));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const first = found.querySelector("button");
    if (first && controlsThat(field.value).length && field.value.trim()) {
      first.click();
      return;
    }
    await search(form, found);
  });
}

/** The page's controls whose words have every word that was typed; all of them for nothing typed. */
function controlsThat(typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return [...document.querySelectorAll("[data-key][data-does]")].filter((control) => {
    const does = control.dataset.does.toLowerCase();
    return words.every((word) => does.includes(word));
  });
}

function show(found, controls, palette) {
  found.replaceChildren(
    ...controls.slice(0, 8).map((control) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "plain";
      button.textContent = control.dataset.does;
      button.addEventListener("click", () => {
        palette.close();
        if (control.matches("a, button, summary")) control.click();
        else control.focus();
      });
      return button;
    }),
  );
}

async function search(form, found) {
  const sent = new URLSearchParams(new FormData(form));
  sent.set("stay", "1");
  let page;
  try {
    const answer = await fetch(form.action, { method: "POST", body: sent });
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    form.submit();
    return;
  }
  const part = page.getElementById("found");
  if (!part) {
    form.submit();
    return;
  }
  found.replaceChildren(document.importNode(part, true));
  found.querySelector("a")?.focus();
}
