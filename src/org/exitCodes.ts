/** What a command that does not end well tells whoever started it; a command that does ends with 0, and an unforeseen failure with 1. */

/** Wrong usage, or refused by the safety valve: nothing was written. */
export const REFUSED = 2;
/** The org is not ready; nothing was written. */
export const PREFLIGHT_FAILED = 3;
/** Some rows failed; they are named and kept for a retry. */
export const ROWS_FAILED = 68;
/** Stopped before the end: a rerun goes on. */
export const STOPPED = 69;
