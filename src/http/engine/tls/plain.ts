/** What a client learns that speaks HTTP where HTTPS is spoken. */
import { textPlan } from '../../reply.ts';

export const HTTPS_ONLY = textPlan(400, '400 Bad Request: this port speaks HTTPS, use https://\n');
