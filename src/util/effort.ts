/** How much of what cannot be interrupted is computed: an engine that interprets takes about sixteen times as long. */
import { features } from '../build/features.ts';

/** In Markdown, see `MarkdownBounds.maxStepWork`: about 30 ms. */
export const MAX_MARKDOWN_STEP_WORK: number = features.largeMessages ? Number.POSITIVE_INFINITY : 75_000;
