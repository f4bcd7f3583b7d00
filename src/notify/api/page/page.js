// The script of the page: it gets the channels of the token, sends the message, follows its status to the end, and shows
// what became of the messages before. What it says is in `strings.ts`.
// Everything from outside becomes text, never markup.

/**
 * @typedef {object} Result The state of one channel.
 * @property {string} channel
 * @property {'delivered' | 'failed' | 'waiting' | 'retrying'} status
 * @property {number} attempts
 * @property {string} [at]
 * @property {string} [nextAttempt]
 * @property {string} [reason]
 * @property {string} [note]
 *
 * @typedef {object} Standing The state of a message.
 * @property {string} id
 * @property {'delivered' | 'pending' | 'partial' | 'failed'} status
 * @property {boolean} [repeated]
 * @property {Result[]} channels
 *
 * @typedef {Standing & { title: string, acceptedAt: string }} Past A message of the list.
 */

const STORAGE_KEY = 'mote.notify.token';
const RESPONSE_TIMEOUT_MS = 60_000;
/** Requests for one press of the button, if no response comes. */
const MAX_TRIES = 3;
const RETRY_MS = 1000;
/** The second click of a double click must neither be a second press nor hit what has moved under the pointer. */
const PRESS_MS = 600;
const FIRST_LOOK_MS = 1000;
const MAX_LOOK_MS = 15_000;
const WATCH_MS = 15 * 60_000;

/** The server refused the request and said why. */
class Refusal extends Error {}

/**
 * @typedef {object} Parts The elements with an id.
 * @property {HTMLFormElement} form
 * @property {HTMLInputElement} token
 * @property {HTMLInputElement} keep
 * @property {HTMLElement} owner
 * @property {HTMLInputElement} title
 * @property {HTMLTextAreaElement} text
 * @property {HTMLFieldSetElement} channels
 * @property {HTMLSelectElement} format
 * @property {HTMLSelectElement} priority
 * @property {HTMLInputElement} url
 * @property {HTMLButtonElement} send
 * @property {HTMLElement} problem
 * @property {HTMLElement} result
 * @property {HTMLHeadingElement} summary
 * @property {HTMLUListElement} list
 * @property {HTMLButtonElement} again
 * @property {HTMLDetailsElement} recent
 * @property {HTMLUListElement} messages
 */
const parts = Array.from(document.querySelectorAll('[id]'), (element) => [element.id, element]);
const { form, token, keep, owner, title, text, channels, format, priority, url, ...rest } =
  /** @type {Parts} */ (Object.fromEntries(parts));
const { send: sendButton, problem, result, summary, list, again: againButton, recent, messages } = rest;

/** @type {Record<string, string>} */
const words = JSON.parse(document.body.dataset.words ?? '{}');

/**
 * @param {string} key
 * @param {Record<string, unknown>} [values]
 */
function say(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Talking to the server

/**
 * Paths are relative, for proxies that strip a prefix. The token has a header field of its own, since the browser may
 * need `Authorization` for the password of such a proxy.
 *
 * @param {string} secret
 * @param {string} path
 * @param {RequestInit} [init]
 * @throws {Refusal}, or another error if there was no readable response
 */
async function ask(secret, path, init = {}) {
  if (!/^[!-~]+$/.test(secret)) throw new Refusal(say('badToken'));
  const headers = { 'X-Token': secret, ...init.headers };
  const signal = AbortSignal.timeout(RESPONSE_TIMEOUT_MS);
  const response = await fetch(path, { ...init, headers, signal, cache: 'no-store' });
  const body = await response.json().catch(() => ({}));
  if (Array.isArray(body.channels ?? body.messages)) return body;
  if (body.detail) throw new Refusal(detailOf(body, response.headers.get('retry-after') ?? '1'));
  // From a proxy, or from something else at this address.
  const { status } = response;
  const message = say('badStatus', { status });
  throw status >= 400 && status < 500 ? new Refusal(message) : new Error(message);
}

/**
 * In the language of the page, or else in the words of the server.
 *
 * @param {{ code: string, detail: string, errors?: { field: string, detail: string }[] }} problem
 * @param {string} seconds
 */
function detailOf({ code, detail, errors = [] }, seconds) {
  const fields = errors.map((one) => words[`field_${one.field}`] ?? `${one.field}: ${one.detail}`);
  if (fields.length > 0) return fields.join('; ');
  return words[`error_${code}`] ? say(`error_${code}`, { seconds }) : detail;
}

/** @param {unknown} error */
function showProblem(error) {
  problem.textContent = error instanceof Refusal ? error.message : say('silent');
  reveal(problem);
}

/**
 * On a phone it may be far below the button.
 *
 * @param {HTMLElement} news
 */
function reveal(news) {
  news.scrollIntoView({ block: 'nearest' });
}

// The token and its channels

/** The token whose channels are shown. */
let shown = '';

async function showChannels() {
  const secret = token.value.trim();
  if (secret === shown) return;
  shown = secret;
  channels.hidden = recent.hidden = true;
  owner.textContent = problem.textContent = '';
  // They are of another token.
  messages.replaceChildren();
  if (secret === '') return;
  try {
    const { user, channels: names, kinds = {} } = await ask(secret, 'notify/channels');
    if (secret !== shown) return;
    owner.textContent = say('owner', { user });
    const choices = names.map((/** @type {string} */ name) => choiceOf(name, kinds[name]));
    channels.replaceChildren(channels.children[0] ?? '', ...choices);
    channels.hidden = names.length === 0;
    recent.hidden = false;
    void showRecent();
  } catch (error) {
    if (secret !== shown) return;
    // Whoever comes back to the field has it checked again.
    shown = '';
    showProblem(error);
  }
}

/**
 * By its name and what it is; a channel that is named after its kind only by the latter.
 *
 * @param {string} name
 * @param {string} [kind]
 */
function choiceOf(name, kind = '') {
  const box = document.createElement('input');
  Object.assign(box, { type: 'checkbox', value: name, checked: true });
  const label = document.createElement('label');
  const what = words[`kind_${kind}`] ?? kind;
  label.append(box, name === kind ? what : what && what !== name ? `${name} (${what})` : name);
  return label;
}

/**
 * In the storage of the tab, which ends with it: keeping it for longer is up to the browser's password manager. Where the
 * user has switched storage off, nothing is kept.
 */
function remember() {
  try {
    if (keep.checked) sessionStorage.setItem(STORAGE_KEY, token.value);
    else sessionStorage.removeItem(STORAGE_KEY);
  } catch {}
}

function recall() {
  try {
    token.value = sessionStorage.getItem(STORAGE_KEY) ?? '';
    keep.checked = token.value !== '';
  } catch {}
}

// Sending

/** The last request without a response. Repeated, it has the same key, so that the message is not sent twice. */
let unanswered = newPress('');
let isBusy = false;

async function press() {
  if (isBusy) return;
  setBusy(true);
  problem.textContent = '';
  try {
    await Promise.all([send(), sleep(PRESS_MS)]);
    reveal(result);
  } catch (error) {
    showProblem(error);
  }
  setBusy(false);
}

/** @param {boolean} busy */
function setBusy(busy) {
  isBusy = busy;
  // A disabled button would lose the focus.
  sendButton.setAttribute('aria-disabled', String(busy));
  sendButton.textContent = say(busy ? 'sending' : 'send');
}

async function send() {
  const secret = token.value.trim();
  const body = JSON.stringify(draft());
  if (unanswered.body !== body) unanswered = newPress(body);
  const standing = await post(secret, body, unanswered.key);
  unanswered = newPress('');
  list.replaceChildren();
  show(standing);
  // The token is good, even if that could not be checked before.
  if (secret === shown) void showRecent();
  else void showChannels();
  void watch(secret, standing);
}

function draft() {
  const boxes = channels.hidden ? [] : [...channels.querySelectorAll('input')];
  const chosen = boxes.filter(({ checked }) => checked).map(({ value }) => value);
  if (boxes.length > 0 && chosen.length === 0) throw new Refusal(say('noChannel'));
  return {
    title: title.value,
    text: text.value,
    format: format.value,
    priority: Number(priority.value),
    ...(url.value && { url: url.value }),
    // Without this field the message goes to all channels.
    ...(chosen.length < boxes.length && { channels: chosen }),
  };
}

/**
 * A key of 128 random bits: `crypto.randomUUID` exists only on HTTPS.
 *
 * @param {string} body
 */
function newPress(body) {
  return { body, key: crypto.getRandomValues(new BigUint64Array(2)).join('-') };
}

/**
 * @param {string} secret
 * @param {string} body
 * @param {string} key
 * @returns {Promise<Standing>}
 */
async function post(secret, body, key) {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
  for (let tries = 1; ; tries++) {
    try {
      return await ask(secret, 'notify', { method: 'POST', body, headers });
    } catch (error) {
      if (error instanceof Refusal) throw error;
    }
    if (tries === MAX_TRIES) throw new Refusal(say('noResponse'));
    await sleep(tries * RETRY_MS);
  }
}

// The result

/** Counts the messages that are followed; the latest ends the others. */
let watches = 0;

/**
 * @param {string} secret
 * @param {Standing} standing
 */
async function watch(secret, { id, status }) {
  const mine = ++watches;
  againButton.hidden = true;
  const endMs = Date.now() + WATCH_MS;
  let last = status;
  for (let pauseMs = FIRST_LOOK_MS; last === 'pending'; pauseMs = Math.min(pauseMs * 1.5, MAX_LOOK_MS)) {
    if (Date.now() > endMs) return offerAgain(secret, id);
    await sleep(pauseMs);
    if (mine !== watches) return;
    try {
      const standing = await ask(secret, `notify/${id}`);
      if (mine !== watches) return;
      show(standing);
      last = standing.status;
      void showRecent();
    } catch (error) {
      if (!(error instanceof Refusal)) continue;
      showProblem(error);
      return offerAgain(secret, id);
    }
  }
}

/**
 * @param {string} secret
 * @param {string} id
 */
function offerAgain(secret, id) {
  againButton.hidden = false;
  againButton.onclick = () => watch(secret, { id, status: 'pending', channels: [] });
}

/**
 * «Failed» does not stand below «on its way».
 *
 * @param {Standing} standing
 */
function stateOf({ status, repeated, channels: results }) {
  const hasFailed = results.some((one) => one.status === 'failed');
  const state = say(status === 'pending' && hasFailed ? 'pendingFailed' : status);
  return repeated ? say('repeated', { state }) : state;
}

/** @param {Standing} standing */
function show(standing) {
  result.hidden = false;
  const state = stateOf(standing);
  if (summary.textContent !== state) summary.textContent = state;
  for (const [index, one] of standing.channels.entries()) {
    const [item, old] = [itemOf(one), list.children[index]];
    // A screen reader would read out an unchanged item again.
    if (!old) list.append(item);
    else if (!old.isEqualNode(item)) old.replaceWith(item);
  }
}

/** @param {Result} result */
function itemOf({ channel, status, attempts, at, nextAttempt, reason, note }) {
  const states = {
    delivered: say('deliveredAt', { time: clockOf(at) }),
    failed: say('failedAt', { time: clockOf(at) }),
    waiting: say('waiting'),
    retrying: say('retrying', { attempt: attempts + 1, time: clockOf(nextAttempt) }),
  };
  return lineOf(status, channel, states[status], reason ?? note ?? '');
}

/**
 * @param {string} className
 * @param {string} name
 * @param {string} state
 * @param {string} detail
 */
function lineOf(className, name, state, detail) {
  const item = document.createElement('li');
  item.className = className;
  const parts = [document.createElement('b'), document.createElement('small')];
  for (const [index, part] of parts.entries()) part.textContent = [name, detail][index] ?? '';
  item.append(parts[0] ?? '', ` ${state}`, parts[1] ?? '');
  return item;
}

// The messages before

/** While it is open: whoever does not look does not ask. */
async function showRecent() {
  const secret = shown;
  if (!recent.open || secret === '') return;
  try {
    const { messages: past } = await ask(secret, 'notify/messages');
    if (secret !== shown) return;
    messages.replaceChildren(...(past.length > 0 ? past.map(pastOf) : [lineOf('', '', say('nothing'), '')]));
  } catch (error) {
    if (secret === shown) showProblem(error);
  }
}

/** @param {Past} message */
function pastOf(message) {
  const troubles = message.channels.filter(({ reason }) => reason !== undefined);
  const detail = troubles.map(({ channel, reason }) => `${channel}: ${reason}`).join('; ');
  const when = new Date(message.acceptedAt).toLocaleString(locale);
  return lineOf(message.status, message.title || say('untitled'), `${stateOf(message)} · ${when}`, detail);
}

const { lang } = document.documentElement;
/** Of times: that of the browser, unless the page speaks another language. */
const locale = navigator.language.startsWith(lang.slice(0, 2)) ? undefined : lang;

/** @param {string} [time] */
function clockOf(time = '') {
  return new Date(time).toLocaleTimeString(locale);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void press();
});
text.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
token.addEventListener('change', () => {
  remember();
  void showChannels();
});
token.addEventListener('blur', showChannels);
keep.addEventListener('change', remember);
recent.addEventListener('toggle', showRecent);

recall();
form.hidden = false;
void showChannels();
