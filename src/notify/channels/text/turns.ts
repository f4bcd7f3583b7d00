/** The turns of all texts that are being written for channels. */
import { Turns } from '../../../util/turns.ts';

export const turns = new Turns();
