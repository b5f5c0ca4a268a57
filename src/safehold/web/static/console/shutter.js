// The shutter: a picture is fetched and shown only while a key or a button is held, or, for those who chose so,
// for three seconds after a press. Each showing is asked for
// and logged first, then fetched once from an origin of its own, as a blob that is given back as soon as the
// key is let go, the page is hidden, or a minute is over.
import { isBegun, isWriting, keysAreOn, nameOf } from "./keys.js";

const token = () => document.querySelector("meta[name=form-token]").content;

let showing = null;

export function prepareShutter() {
  const panel = document.getElementById("panel");
  if (!panel) return;
  const lookers = document.getElementById("lookers");
  lookers.classList.add("ready");
  const buttons = [...lookers.querySelectorAll("[data-hold]")];
  for (const button of buttons) holdToLook(button, panel);
  document.addEventListener("keydown", (event) => {
    if (event.repeat || isWriting(event) || document.querySelector("dialog[open]")) return;
    // The second of two keys, as in "g r", asks for no picture; nor does any where a person switched keys off.
    if (isBegun() || !keysAreOn()) return;
    const button = buttons.find((each) => each.dataset.hold && each.dataset.hold === nameOf(event));
    if (!button) return;
    event.preventDefault();
    open(panel, button);
  });
  document.addEventListener("keyup", (event) => {
    if (isPressed(panel)) return;
    // Letting go of Shift ends a clear showing as well.
    if (["r", "shift"].includes(event.key.toLowerCase())) close();
  });
  window.addEventListener("blur", close);
  window.addEventListener("pagehide", close);
  document.addEventListener("visibilitychange", () => document.hidden && close());
}

/** Whether this person presses instead of holding. */
function isPressed(panel) {
  return "press" in panel.dataset;
}

function holdToLook(button, panel) {
  if (isPressed(panel)) {
    button.addEventListener("click", () => open(panel, button));
    return;
  }
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    button.focus();
    button.setPointerCapture(event.pointerId);
    open(panel, button);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) button.addEventListener(end, close);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) open(panel, button);
  });
  button.addEventListener("keyup", (event) => {
    if (event.key === " " || event.key === "Enter") close();
  });
}

/** Show what a button is for: what it names itself, else what the panel does. */
async function open(panel, button) {
  if (showing) return;
  const { tier, reveals = panel.dataset.reveals } = button.dataset;
  const mine = { panel, stopped: new AbortController(), revealId: null, address: null, timer: 0 };
  showing = mine;
  try {
    const { again } = panel.dataset;
    const answer = await post(reveals, again ? { tier, again } : { tier });
    const { reveal_id: revealId, picture: address, shown_at_most_seconds: seconds } = await read(answer, panel);
    mine.revealId = revealId;
    if (showing !== mine) return end(mine);
    mine.timer = setTimeout(close, seconds * 1000);
    const picture = await fetchOnce(address, mine.stopped.signal, panel);
    if (showing !== mine) return;
    show(mine, picture, tier);
    if (isPressed(panel)) setTimeout(() => showing === mine && close(), panel.dataset.press * 1000);
  } catch (error) {
    if (error.name !== "AbortError") say(panel, words(panel, error));
    if (showing === mine) close();
  }
}

/** Fetch the picture by its ticket. Nobody is told who asks, and nothing of it is kept. */
async function fetchOnce(address, signal, panel) {
  const quietly = { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", redirect: "error" };
  let fetched;
  try {
    fetched = await fetch(address, { ...quietly, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(panel.dataset.saysUnreachable);
  }
  if (!fetched.ok) await read(fetched, panel);
  return fetched.blob();
}

function show(mine, picture, tier) {
  mine.address = URL.createObjectURL(picture);
  const image = document.createElement("img");
  image.alt = tier === "clear" ? mine.panel.dataset.saysClear : mine.panel.dataset.saysBlurred;
  image.draggable = false;
  image.addEventListener("error", () => {
    if (showing !== mine) return;
    say(mine.panel, mine.panel.dataset.saysUnshown);
    close();
  });
  image.src = mine.address;
  mine.panel.classList.toggle("clear", tier === "clear");
  mine.panel.append(image);
}

function close() {
  const mine = showing;
  if (!mine) return;
  showing = null;
  clearTimeout(mine.timer);
  mine.stopped.abort();
  mine.panel.querySelector("img")?.remove();
  mine.panel.classList.remove("clear");
  if (mine.address) URL.revokeObjectURL(mine.address);
  if (mine.revealId) end(mine);
}

/** Tell the server that it ended. The page may be leaving: a beacon still goes out where a request would not. */
function end(mine) {
  const address = `/console/reveals/${mine.revealId}/close`;
  if (document.hidden && navigator.sendBeacon(address, body({}))) return;
  post(address, {}).catch(() => navigator.sendBeacon(address, body({})));
}

function post(address, fields) {
  return fetch(address, { method: "POST", body: body(fields), keepalive: true });
}

function body(fields) {
  const sent = new FormData();
  sent.set("form_token", token());
  for (const [name, value] of Object.entries(fields)) sent.set(name, value);
  return sent;
}

/** Return the JSON of an answer, or throw what the server says is wrong. */
async function read(answer, panel) {
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.title ?? panel.dataset.saysUnshown);
  return said;
}

/** What is wrong in the page's own words: what a browser says of a failed fetch is in none of its languages. */
function words(panel, error) {
  return error.name === "Error" ? error.message : panel.dataset.saysUnreachable;
}

function say(panel, said) {
  panel.querySelector("span").textContent = said;
}
