/** How much of a request may be computed in one go: an engine that interprets takes about sixteen times as long. */
import { features } from '../../build/features.ts';

const share = features.largeMessages ? 1 : 1 / 16;

/** Of one body with a good token: some 4,000 alerts, or 250. `--max-body-bytes` may allow more. */
export const MAX_MESSAGE_BODY_BYTES: number = share * 4 * 1024 * 1024;
/** In JSON above 64 KiB, objects and arrays: an alert is three or four, so this is more than a body of real ones. */
export const MAX_CONTAINERS: number = share * 32 * 1024;
/** In a form, percent signs that encode nothing; a message has no room for as many. */
export const MAX_LONE_PERCENT_SIGNS: number = features.largeMessages ? Number.POSITIVE_INFINITY : 32 * 1024;
/** In JSON above 64 KiB, commas, which is at most as many as there are values. */
export const MAX_COMMAS: number = share * 160 * 1024;
/** Of HTML, far more than the text that is sent has; of a longer fragment the rest is left out, and … says so. */
export const MAX_HTML_UNITS: number = features.largeMessages ? 128 * 1024 : 64 * 1024;
