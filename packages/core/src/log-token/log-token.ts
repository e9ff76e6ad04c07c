import { InvalidArgumentError } from '../errors/argument-errors.ts';
import type { RecordedEvent } from '../event/event.ts';
import { assertObject, assertWhole } from '../input/assert-argument.ts';
import { assertGivenText } from '../input/assert-definition.ts';
import { holds } from '../input/holds.ts';
import { reading } from '../input/reading.ts';

declare const brand: unique symbol;

/**
 * A token: a place in the log, and the event there. A query that is given it waits for that event, and a reader resumes
 * after it.
 *
 * An opaque text of letters, digits, `-`, `_` and `.`, for headers, cookies and JSON; about 45 characters with the event
 * ids that are made by default. It is refused with LogRewoundError by a log that does not have the event: after a
 * restore, another event can have the position.
 */
export type LogToken = string & { readonly [brand]: 'LogToken' };

/** A position, and the id of the event there; without it, the event is not known. */
export interface EventPlace {
  readonly position: number;
  /** @default not known, as at the beginning of the log */
  readonly eventId?: string | undefined;
  /** Of several events that the one there is read as: the last one before the place. @default all of them */
  readonly index?: number | undefined;
}

// The number is the version of this form: a release that changes it still reads the tokens that clients hold.
const START = 'v1.0';
const form = /^v1\.([1-9][0-9]{0,15})(?:-(0|[1-9][0-9]{0,15}))?\.([A-Za-z0-9._-]+)$/;

/**
 * Longer than a token of the longest event id, of 255 characters: each takes up to nine. What is longer came from outside,
 * and is not looked at.
 */
const MAX_LENGTH = 2_400;

/**
 * The token of a recorded event; without one, of the beginning of the log, which every log has.
 *
 * A reader resumes after exactly this event, also when it is one of several that a stored event is read as.
 *
 * @throws InvalidArgumentError, InvalidNameError when it is no recorded event
 *
 * @example
 * const { events } = await app.store.append('account-1', [opened]);
 * const rows = await app.query(balances, { atLeast: tokenOf(events.at(-1)) }).execute();
 */
export function tokenOf(event: Pick<RecordedEvent, 'position' | 'id' | 'readFrom'> | undefined): LogToken {
  if (event === undefined) return START as LogToken;
  assertObject('an event', 'event', event, ['position', 'id', 'readFrom']);
  const { position, id, readFrom } = event;
  if (position === undefined) throw InvalidArgumentError.not('a recorded event', 'event', event);
  assertWhole('position', position, { least: 1 });
  assertGivenText('event.id', id);
  const isLast = readFrom === undefined || readFrom.index >= readFrom.count - 1;
  return textOf(position, id, isLast ? undefined : readFrom.index);
}

function textOf(position: number, id: string, index: number | undefined): LogToken {
  return `v1.${position}${index === undefined ? '' : `-${index}`}.${escaped(id)}` as LogToken;
}

/**
 * Reads a token that came as a text: from a header, a cookie, a stored cursor.
 *
 * @throws InvalidArgumentError when it is not the text of a token
 *
 * @example
 * const text = request.headers.get('Consistency-Token');
 * const atLeast = text === null ? undefined : parseLogToken(text);
 */
export function parseLogToken(text: unknown): LogToken {
  placeOfToken('token', text);
  return text as LogToken;
}

/**
 * Of several tokens of one log, the one with the highest position; without any, that of the beginning. `undefined`, where
 * there is no token yet, is left out. A session keeps it of all that it has read and written, so that it never reads older
 * rows, whichever process it comes to.
 *
 * A token of before a restore is refused with LogRewoundError where it is used.
 *
 * @throws InvalidArgumentError when one is not a token, or two name different events at one position
 *
 * @example
 * const result = await app.execute(command);
 * session.token = latestToken([session.token, result.token]);
 */
export function latestToken(tokens: Iterable<LogToken | undefined>): LogToken {
  if (!holds(() => typeof tokens?.[Symbol.iterator] === 'function'))
    throw InvalidArgumentError.not('a list of tokens', 'tokens', tokens);
  let latest = { token: tokenOf(undefined), position: 0, eventId: undefined as string | undefined, index: 0 };
  for (const token of reading('tokens', () => [...tokens])) {
    if (token === undefined) continue;
    const { position, eventId, index = Number.POSITIVE_INFINITY } = placeOfToken('token', token);
    if (position > 0 && position === latest.position && eventId !== latest.eventId)
      throw new InvalidArgumentError(
        'tokens',
        `are of different logs: they name two events at position ${position}; discard those that are older than the last restore`,
      );
    const isLater = position === latest.position ? index > latest.index : position > latest.position;
    if (isLater) latest = { token, position, eventId, index };
  }
  return latest.token;
}

/** @throws InvalidArgumentError when it is not a token */
export function placeOfToken(argument: string, token: unknown): EventPlace {
  const place = decoded(token);
  if (place !== undefined) return place;
  const taken = "a token: a command's `token`, tokenOf(event), or parseLogToken(text)";
  throw InvalidArgumentError.not(taken, argument, token);
}

/** @returns undefined for a text that is not exactly what {@link tokenOf} makes */
function decoded(token: unknown): EventPlace | undefined {
  if (token === START) return { position: 0 };
  if (typeof token !== 'string' || token.length > MAX_LENGTH) return undefined;
  const [, digits, part, text] = form.exec(token) ?? [];
  const eventId = text === undefined ? undefined : unescaped(text);
  const position = Number(digits);
  const index = part === undefined ? undefined : Number(part);
  if (eventId === undefined || !Number.isSafeInteger(position)) return undefined;
  return textOf(position, eventId, index) === token ? { position, eventId, index } : undefined;
}

/** As in a URL, with `_` for `%`: `order-17:1` is `order-17_3A1`. */
function escaped(id: string): string {
  if (/^[A-Za-z0-9.-]*$/.test(id)) return id;
  return encodeURIComponent(id)
    .replace(/[_!~*'()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%', '_');
}

/** @returns undefined when the escapes are broken */
function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('_', '%'));
  } catch {
    return undefined;
  }
}
