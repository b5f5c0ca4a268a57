// Passkeys: the server says what it wants, the browser asks its person, and the form goes out with the answer.

export function preparePasskeys() {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      // Nothing was sent yet: what counts sent forms must not see this.
      event.stopPropagation();
      answer(form);
    });
  }
}

async function answer(form) {
  const button = form.querySelector("button");
  button.disabled = true;
  say(form, "");
  try {
    const options = await fetchOptions(form);
    const create = form.dataset.passkey === "create";
    const made = create
      ? await navigator.credentials.create({ publicKey: forCreation(options) })
      : await navigator.credentials.get({ publicKey: forUse(options) });
    form.elements.credential.value = JSON.stringify(written(made));
    form.submit();
  } catch (error) {
    say(form, words(form, error));
    button.disabled = false;
    button.focus();
  }
}

async function fetchOptions(form) {
  const body = new FormData();
  const token = form.elements.form_token;
  if (token) body.set("form_token", token.value);
  let answer, said;
  try {
    answer = await fetch(form.dataset.options, { method: "POST", body });
    said = await answer.json();
  } catch {
    // Nobody answered, or something that is not the server. What the browser says of it is for developers.
    throw new Error(form.dataset.saysLater);
  }
  if (!answer.ok) throw new Error(said.title ?? form.dataset.saysLater);
  return said;
}

function forCreation(options) {
  return {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map(described),
  };
}

function forUse(options) {
  return {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: (options.allowCredentials ?? []).map(described),
  };
}

function described(credential) {
  return { ...credential, id: bytes(credential.id) };
}

/** The credential as JSON, its bytes as base64url without padding. */
function written(made) {
  const response = { clientDataJSON: text(made.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) response[name] = text(made.response[name]);
  }
  if (made.response.getTransports) response.transports = made.response.getTransports();
  return { id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} };
}

function bytes(written) {
  const plain = atob(written.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

function text(buffer) {
  const signs = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(signs).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function words(form, error) {
  if (error.name === "NotAllowedError") return form.dataset.saysRefused;
  if (error.name === "InvalidStateError") return form.dataset.saysInUse;
  return error.name === "Error" ? error.message : form.dataset.saysUnusable;
}

function say(form, said) {
  form.querySelector("[role=alert]").textContent = said;
}
