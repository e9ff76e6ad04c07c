/** Aggregates that are loaded in turn, so that none of them is favoured by what was read last. */
export const STREAMS = 20;
export const STREAM_LENGTH = 1_000;

/** Events of the aggregate that has a snapshot. */
export const LONG_STREAM = 10_000;
