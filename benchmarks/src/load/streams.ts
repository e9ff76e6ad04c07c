/** Aggregates that are loaded in turn, so that no load profits from the one before. */
export const STREAMS = 20;
export const STREAM_LENGTH = 1_000;

/** Number of events of the aggregate with a snapshot. */
export const LONG_STREAM = 10_000;
