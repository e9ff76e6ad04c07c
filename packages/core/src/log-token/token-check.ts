import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { LogRewoundError } from '../errors/store-errors.ts';
import { type EventPlace, type LogToken, placeOfToken } from './log-token.ts';

/** What a log has at the position of a token, in one snapshot. */
export interface FoundAtPlace {
  /** Id of the event at the position; undefined when there is none. */
  readonly eventId: string | undefined;
  /** The highest position of the log. */
  readonly end: number;
  /** True when the event can still appear: on a standby that has not received it. */
  readonly mayAppear: boolean;
}

/**
 * Whether the log has the event of a token. A place without an event id is in every log.
 *
 * @returns false when it does not have it yet
 * @throws LogRewoundError when it has another event there, or none and none can appear
 */
export function isInLog({ position, eventId }: EventPlace, found: FoundAtPlace): boolean {
  if (eventId === undefined || found.eventId === eventId) return true;
  if (found.eventId === undefined && found.mayAppear) return false;
  throw new LogRewoundError({ lostFrom: position, lostTo: position, end: found.end, byToken: true });
}

/**
 * The place after which a reader begins.
 *
 * @throws InvalidArgumentError when it is neither a position nor a token
 */
export function placeAfter(argument: string, after: number | LogToken | undefined): EventPlace {
  if (typeof after === 'string') return placeOfToken(argument, after);
  if (after === undefined || (Number.isSafeInteger(after) && after >= 0)) return { position: after ?? 0 };
  throw InvalidArgumentError.not('a position from 0, or a token', argument, after);
}
