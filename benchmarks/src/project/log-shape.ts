import type { LogShape } from '../log/fill-log.ts';

/** The shape of the log for projections: 20 events for each account. */
export function logShape(events: number): LogShape {
  return { events, streams: Math.max(1, Math.floor(events / 20)) };
}
