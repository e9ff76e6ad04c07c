import {
  InvalidArgumentError,
  type LogToken,
  MessageParkedError,
  MessageTimeoutError,
  SourceRewoundError,
} from '@leftfold/core';
import {
  assertGiven,
  assertGivenText,
  type EventPlace,
  type OptionNames,
  placeOfToken,
} from '@leftfold/core/input';
import { pause } from '@leftfold/postgres';
import { storedKey } from '@leftfold/subscriptions';
import { sequenceAt } from '../envelope/sequence.ts';
import type { InboxConnection } from '../sql/inbox/attempts.ts';
import { type KeyProgress, readKeyProgress } from '../sql/inbox/progress.ts';
import type { ConsumerSettings } from './consumer-options.ts';

/** What is waited for. */
export interface AwaitedMessage {
  /** The `source` of the relay that publishes it. @default the source of the consumer, if it has one */
  readonly source?: string | undefined;
  /** Of the message: the stream of the event, unless the relay declares another one. */
  readonly key: string;
  /** What a command of the source returned. */
  readonly token: LogToken;
}

/** With its source. */
interface Awaited extends AwaitedMessage {
  readonly source: string;
}

const awaitedNames: OptionNames<AwaitedMessage> = { source: true, key: true, token: true };

/** @throws InvalidArgumentError when a part is missing, or the source is none of the consumer's */
export function toAwaited(
  message: AwaitedMessage,
  { name, sources }: Pick<ConsumerSettings, 'name' | 'sources'>,
): Awaited {
  assertGiven('message', message, awaitedNames);
  const { source = sources.size === 1 ? [...sources][0] : undefined, key, token } = message;
  assertGivenText('message.key', key);
  if (source !== undefined && sources.has(source)) return { source, key, token };
  const known = [...sources].map((one) => `"${one}"`).join(', ');
  throw new InvalidArgumentError('message.source', `must be a source of consumer "${name}": ${known}`);
}

/** The inbox is asked as often, in milliseconds, and more often at first. */
const LONGEST_PAUSE_MS = 100;

/**
 * Waits until the message of a token, or a later one of its key, is handled. Of an event that is published as several
 * messages, the first of them.
 *
 * @throws MessageParkedError, SourceRewoundError, MessageTimeoutError, and the signal's reason
 */
export async function waitForMessage(
  inbox: InboxConnection,
  { source, key: given, token }: Awaited,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const place = placeOfToken('token', token);
  if (place.eventId === undefined) return; // the beginning of the log
  const key = storedKey(given);
  const at = { consumer: inbox.consumer, source, key, sequence: sequenceAt(place) };
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = 2; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    signal?.throwIfAborted();
    const progress = await readKeyProgress(inbox, { source, key });
    if (progress?.sequence !== undefined && progress.sequence >= at.sequence) {
      if (isOther(progress, at.sequence, place)) throw new SourceRewoundError(at);
      return;
    }
    if (progress?.blocked === 'fork') throw new SourceRewoundError(at);
    const failed = progress?.failed;
    if (failed !== undefined && !progress!.resumes && failed.sequence <= at.sequence)
      throw new MessageParkedError({ ...at, sequence: failed.sequence }, failed.attempts, {
        cause: new Error(failed.message),
      });
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) throw new MessageTimeoutError(at, progress?.sequence, timeoutMs);
    await pause(Math.min(pauseMs, leftMs), signal);
  }
}

/** The source has another event at the place of the token. */
function isOther({ sequence, id }: KeyProgress, wanted: string, { eventId }: EventPlace): boolean {
  return sequence === wanted && id !== undefined && id !== `${eventId}${wanted.slice(16)}`;
}
