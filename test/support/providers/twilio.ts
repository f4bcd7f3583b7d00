/** Stands in for Twilio's Messages: one account, which it authenticates as Twilio does. */
import {
  json,
  type Received,
  type Reply,
  type StandIn,
  type StandInOptions,
  startStandIn,
} from '../stand-in.ts';
import { Script } from './script.ts';

export interface TwilioWorld {
  readonly accountSid: string;
  readonly authToken: string;
}

export interface TwilioStandIn extends StandIn {
  /** The form of each message that was taken. */
  readonly taken: Record<string, string>[];
  readonly script: Script;
}

export async function startTwilio(world: TwilioWorld, options: StandInOptions = {}): Promise<TwilioStandIn> {
  const taken: Record<string, string>[] = [];
  const script = new Script();
  const respond = (received: Received) => script.reply(() => act(received, world, taken));
  return { ...(await startStandIn(respond, options)), taken, script };
}

function act(
  { method, target, headers, body }: Received,
  world: TwilioWorld,
  taken: Record<string, string>[],
): Reply {
  if (method !== 'POST' || target !== `/2010-04-01/Accounts/${world.accountSid}/Messages.json`) {
    return failure(404, 20404, 'The requested resource was not found');
  }
  const credentials = Buffer.from(`${world.accountSid}:${world.authToken}`).toString('base64');
  if (headers.authorization !== `Basic ${credentials}`) {
    return failure(401, 20003, `Authenticate: ${headers.authorization}`);
  }
  if (headers['content-type'] !== 'application/x-www-form-urlencoded') return failure(400, 21602, 'no form');
  const form = Object.fromEntries(new URLSearchParams(body.toString()));
  if (!form.From && !form.MessagingServiceSid)
    return failure(400, 21603, "A 'From' phone number is required");
  if (!form.Body) return failure(400, 21602, 'Message body is required');
  if (form.Body.length > 1600) return failure(400, 21617, 'exceeds the 1600 character limit');
  if (!/^\+[1-9]\d{1,14}$/.test(form.To ?? '') || form.To === '+15005550001') {
    return failure(400, 21211, `The 'To' number ${form.To} is not a valid phone number`);
  }
  taken.push(form);
  return json(
    { sid: `SM${String(taken.length).padStart(32, '0')}`, status: 'queued', error_code: null },
    201,
  );
}

function failure(status: number, code: number, message: string): Reply {
  return json({ code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }, status);
}
