import { type LogToken, tokenOf } from '@leftfold/core';

/** The state of one aggregate at a version of its stream. Shared between commands: never mutate it. */
export interface FoldedState {
  /** The store's era before the state was read. */
  readonly era: number;
  readonly state: unknown;
  /** 0 for a stream without events. */
  readonly streamVersion: number;
  /** Position of the event at that version; 0 when there is none. */
  readonly position: number;
  /** Id of that event; undefined when there is none. */
  readonly eventId: string | undefined;
  /** Version of the newest snapshot that was read or written; 0 when there is none. */
  readonly snapshotVersion: number;
  /**
   * Requests numbered up to this one may treat the state as current: it was current at some moment after they arrived.
   */
  readonly asOf: number;
}

/** The token of the last event in the state. */
export function tokenOfState({ position, eventId: id }: Pick<FoldedState, 'position' | 'eventId'>): LogToken {
  return tokenOf(id === undefined ? undefined : { position, id });
}
