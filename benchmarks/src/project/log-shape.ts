import type { LogShape } from '../log/fill-log.ts';

/** The log that projections catch up on: 20 events for each account. */
export function logShape(events: number): LogShape {
  return { events, streams: Math.max(1, Math.floor(events / 20)) };
}
