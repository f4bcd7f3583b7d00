/**
 * One message over a session (RFC 5321 §3.3). The whole envelope is said at once where the server offers that
 * (RFC 2920), which saves two round trips. A message of ASCII text needs no 8BITMIME and no SMTPUTF8.
 */
import { NetworkFault } from '../../../net/network-fault.ts';
import type { FailedDelivery } from '../failure.ts';
import { CLOSING, type Dialogue } from './dialogue.ts';
import type { RecipientFailures } from './recipients.ts';
import { failureOfReply, queueIdIn, Refusal, type SmtpCommand } from './replies.ts';
import { isDone, type Reply } from './reply-parser.ts';
import type { Session } from './session.ts';

/** A message that is to be sent. */
export interface Mail {
  /** Checked addresses. */
  readonly from: string;
  readonly to: readonly string[];
  /** In ASCII, with CRLF line endings. */
  readonly content: string;
}

export interface SubmissionResult {
  readonly failures: RecipientFailures;
  readonly providerId: string | undefined;
}

/** How far the last transaction of a session came. */
export interface TransactionState {
  /** It was not brought to its end: RSET has to come before the next one. */
  isOpen: boolean;
  /** From here on the server may have taken the message. */
  isContentSent: boolean;
}

/** Rejects with a {@link Refusal} of the message as a whole, or an error of the network. */
export async function transact(
  session: Session,
  progress: TransactionState,
  mail: Mail,
  silenceTimeoutMs: number,
): Promise<SubmissionResult> {
  const talk = new Talk(session, progress.isOpen, mail, silenceTimeoutMs);
  progress.isContentSent = false;
  progress.isOpen = true;
  const failures = await talk.agree();
  if (failures.size === mail.to.length) return { failures, providerId: undefined };
  const start = await talk.next('DATA');
  if (start.code >= 400) return refusedFor(mail, failures, start);
  if (isDone(start)) throw confused(session);
  progress.isContentSent = true;
  const end = await session.dialogue.submit(stuffed(mail.content), silenceTimeoutMs);
  progress.isOpen = false;
  if (isDone(end)) return { failures, providerId: queueIdIn(end.text) };
  if (end.code >= 400) return refusedFor(mail, failures, end);
  throw confused(session);
}

/** A reply that can only be one to another command, so that others are too. */
function confused({ dialogue }: Session): NetworkFault {
  const fault = new NetworkFault('the server does not speak SMTP');
  dialogue.end(fault);
  return fault;
}

/** The commands before the content. */
class Talk {
  readonly #dialogue: Dialogue;
  readonly #isPipelined: boolean;
  readonly #silenceTimeoutMs: number;
  /** What is not answered yet; said already if it is pipelined. */
  readonly #lines: string[];
  readonly #mail: Mail;
  readonly #isReset: boolean;

  constructor({ dialogue, offers }: Session, isReset: boolean, mail: Mail, silenceTimeoutMs: number) {
    this.#dialogue = dialogue;
    this.#isPipelined = offers.pipelining;
    this.#silenceTimeoutMs = silenceTimeoutMs;
    this.#mail = mail;
    this.#isReset = isReset;
    this.#lines = [
      ...(isReset ? ['RSET'] : []),
      `MAIL FROM:<${mail.from}>${offers.size ? ` SIZE=${mail.content.length}` : ''}`,
      ...mail.to.map((address) => `RCPT TO:<${address}>`),
      'DATA',
    ];
    if (this.#isPipelined) dialogue.say(this.#lines);
  }

  /** Names sender and recipients; returns who was refused. If all were, there is no content to send. */
  async agree(): Promise<Map<string, FailedDelivery>> {
    if (this.#isReset) await this.#demand('RSET');
    await this.#demand('MAIL');
    const failures = new Map<string, FailedDelivery>();
    for (const address of this.#mail.to) {
      const reply = await this.next('RCPT');
      if (!isDone(reply)) failures.set(address, failureOfReply('RCPT', reply));
    }
    if (failures.size === this.#mail.to.length) await this.#abandon();
    return failures;
  }

  /** The reply to the next command. */
  async next(command: SmtpCommand): Promise<Reply> {
    const line = this.#lines.shift() ?? '';
    const reply = await (this.#isPipelined
      ? this.#dialogue.hear(this.#silenceTimeoutMs)
      : this.#dialogue.ask(line, this.#silenceTimeoutMs));
    if (reply.code === CLOSING) throw new Refusal(command, reply);
    return reply;
  }

  async #demand(command: SmtpCommand): Promise<void> {
    const reply = await this.next(command);
    if (isDone(reply)) return;
    await this.#abandon();
    // Who knows no RSET can take no other message.
    if (command === 'RSET') this.#dialogue.end(undefined);
    throw new Refusal(command, reply);
  }

  /** Hears what is still to come. A server that waits for a content nevertheless can only be left. */
  async #abandon(): Promise<void> {
    if (!this.#isPipelined) return;
    try {
      let last: Reply | undefined;
      while (this.#lines.length > 0) last = await this.next('DATA');
      if (last && last.code < 400) this.#dialogue.end(undefined);
    } catch {
      // Why it was refused is known; that the connection is gone is noted by the dialogue.
    }
  }
}

function refusedFor({ to }: Mail, failures: RecipientFailures, reply: Reply): SubmissionResult {
  const failure = failureOfReply('DATA', reply);
  return {
    failures: new Map(to.map((address) => [address, failures.get(address) ?? failure])),
    providerId: undefined,
  };
}

/** A dot at the beginning of a line is doubled, and a single one ends the content (RFC 5321 §4.5.2). */
export function stuffed(content: string): string {
  return `${content.replace(/(^|\r\n)\./g, '$1..').replace(/(?<!\r\n)$/, '\r\n')}.\r\n`;
}
