// The script of the page: it gets the channels of the token, sends the message, and follows its status to the end.
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
 */
const parts = Array.from(document.querySelectorAll('[id]'), (element) => [element.id, element]);
const { form, token, keep, owner, title, text, channels, format, priority, url, ...rest } =
  /** @type {Parts} */ (Object.fromEntries(parts));
const { send: sendButton, problem, result, summary, list, again: againButton } = rest;

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
  if (!/^[!-~]+$/.test(secret))
    throw new Refusal('This token has characters that no token has: copy it again.');
  const headers = { 'X-Token': secret, ...init.headers };
  const signal = AbortSignal.timeout(RESPONSE_TIMEOUT_MS);
  const response = await fetch(path, { ...init, headers, signal, cache: 'no-store' });
  const body = await response.json().catch(() => ({}));
  if (Array.isArray(body.channels)) return body;
  if (body.detail) throw new Refusal(body.detail);
  // From a proxy, or from something else at this address.
  const { status } = response;
  const message = `The server responded with status ${status}.`;
  throw status >= 400 && status < 500 ? new Refusal(message) : new Error(message);
}

/** @param {unknown} error */
function showProblem(error) {
  problem.textContent = error instanceof Refusal ? error.message : 'The server does not respond.';
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
  channels.hidden = true;
  owner.textContent = problem.textContent = '';
  if (secret === '') return;
  try {
    const { user, channels: names } = await ask(secret, 'notify/channels');
    if (secret !== shown) return;
    owner.textContent = `for ${user}`;
    channels.replaceChildren(channels.children[0] ?? '', ...names.map(choiceOf));
    channels.hidden = names.length === 0;
  } catch (error) {
    if (secret === shown) showProblem(error);
  }
}

/** @param {string} name */
function choiceOf(name) {
  const box = document.createElement('input');
  Object.assign(box, { type: 'checkbox', value: name, checked: true });
  const label = document.createElement('label');
  label.append(box, name);
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
  sendButton.textContent = busy ? 'Sending …' : 'Send';
}

async function send() {
  const secret = token.value.trim();
  const body = JSON.stringify(draft());
  if (unanswered.body !== body) unanswered = newPress(body);
  const standing = await post(secret, body, unanswered.key);
  unanswered = newPress('');
  list.replaceChildren();
  show(standing);
  void watch(secret, standing);
}

function draft() {
  const boxes = channels.hidden ? [] : [...channels.querySelectorAll('input')];
  const chosen = boxes.filter(({ checked }) => checked).map(({ value }) => value);
  if (boxes.length > 0 && chosen.length === 0) throw new Refusal('Choose a channel.');
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
    if (tries === MAX_TRIES)
      throw new Refusal(
        'No response came: the message may have been accepted. Press Send again: it is sent only once.',
      );
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

const summaries = {
  delivered: 'Delivered',
  pending: 'Accepted, on its way',
  partial: 'Delivered, but not everywhere',
  failed: 'Not delivered',
};

/** @param {Standing} standing */
function show({ status, repeated, channels: results }) {
  result.hidden = false;
  const words = summaries[status] + (repeated ? ' (accepted before, not sent twice)' : '');
  if (summary.textContent !== words) summary.textContent = words;
  for (const [index, one] of results.entries()) {
    const [item, old] = [itemOf(one), list.children[index]];
    // A screen reader would read out an unchanged item again.
    if (!old) list.append(item);
    else if (!old.isEqualNode(item)) old.replaceWith(item);
  }
}

/** @param {Result} result */
function itemOf({ channel, status, attempts, at, nextAttempt, reason, note }) {
  const item = document.createElement('li');
  item.className = status;
  const name = document.createElement('b');
  name.textContent = channel;
  const detail = document.createElement('small');
  detail.textContent = reason ?? note ?? '';
  const words = {
    delivered: `delivered at ${clockOf(at)}`,
    failed: `failed at ${clockOf(at)}`,
    waiting: 'first attempt under way',
    retrying: `retrying, attempt ${attempts + 1} at ${clockOf(nextAttempt)}`,
  };
  item.append(name, ` ${words[status]}`, detail);
  return item;
}

/** @param {string} [time] */
function clockOf(time = '') {
  return new Date(time).toLocaleTimeString();
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
keep.addEventListener('change', remember);

recall();
form.hidden = false;
void showChannels();
