/** Notify behind a proxy that passes the whole path on: it is there as well as at the root, for clients without a proxy. */
import { basePathReader } from '../static/base-path.ts';
import type { NotifyService } from './notify.ts';

type NotifyFront = Pick<NotifyService, 'stages' | 'isReady' | 'roomFor' | 'redact'>;

const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i;

export function alsoUnderBasePath(front: NotifyFront, basePath: string): NotifyFront {
  const read = basePathReader(basePath);
  return {
    stages: front.stages.map((stage) => (facts) => stage(read(facts) ?? facts)),
    isReady: () => front.isReady(),
    roomFor: (facts) => front.roomFor(read(facts) ?? facts),
    redact(text, method) {
      const at = (ORIGIN.exec(text)?.[0].length ?? 0) + basePath.length;
      const isBelow = text.startsWith(`${basePath}/`, at - basePath.length);
      return isBelow
        ? front.redact(text.slice(0, at)) + front.redact(text.slice(at), method)
        : front.redact(text, method);
    },
  };
}
