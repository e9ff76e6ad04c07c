import type { BrokerPlace } from './transports.ts';

/** What every process of this subject is told at its start. */
export interface MessagingTask {
  readonly name: string;
  /** Of its database. */
  readonly url: string;
  readonly broker: BrokerPlace;
  readonly journal: string;
  readonly seed: number;
  /** The point at which it is killed first, as a share of all, from 0 up to 1. */
  readonly firstPoint: number;
  /** For how long it lives at least, between both, before it is killed at a point. */
  readonly killedAfterMs: readonly [least: number, most: number];
}

/** What this subject tells its processes: `calm` to do only what is left. */
export interface Order {
  readonly do: 'work' | 'calm' | 'stop';
}

/** The points at which a process was killed, by its journal. */
export function killsOf(lines: readonly (readonly string[])[]): readonly string[] {
  return lines.flatMap(([kind, ...words]) => (kind === 'killed' ? [words.join(' ')] : []));
}
