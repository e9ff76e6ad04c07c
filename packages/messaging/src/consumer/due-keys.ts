import { MessageMissingError } from '@leftfold/core';
import { pause } from '@leftfold/postgres';
import type { InboxConnection } from '../sql/inbox/attempts.ts';
import type { SourceKey } from '../sql/inbox/inbox-rows.ts';
import { readDueKeys } from '../sql/inbox/progress.ts';
import type { UntilDone } from './until-done.ts';

export interface DueKeysOptions {
  readonly inbox: InboxConnection;
  readonly gapTimeoutMs: number;
  readonly untilDone: UntilDone;
  /** Aborts when no further key is begun. */
  readonly ended: AbortSignal;
  /** Called for each key whose messages that are set aside can be tried. */
  readonly onDue: (key: SourceKey) => void;
  readonly onMissing: (error: MessageMissingError) => void;
  /** Has messages tried again that an older release could not read. Called now and then. */
  readonly resumeReadable: () => Promise<void>;
}

/** How often the inbox is looked at, in milliseconds: between half of it and all of it. */
const LOOK_MS = 500;
/** How often it is looked for what an older release has parked since the start, as in a deployment. */
const READABLE_MS = 5_000;

/** Looks for keys that are due, and for gaps that last, until the consumer stops. Does not throw. */
export async function watchDueKeys(options: DueKeysOptions): Promise<void> {
  const { inbox, gapTimeoutMs: oldMs, untilDone, ended } = options;
  let looked: number | undefined;
  let resumed = performance.now();
  while (!ended.aborted) {
    const now = performance.now();
    const sinceMs = looked === undefined ? Number.POSITIVE_INFINITY : now - looked;
    try {
      if (now - resumed > READABLE_MS) {
        await untilDone.run(options.resumeReadable);
        resumed = now;
      }
      const { due, missing } = await untilDone.run(() => readDueKeys(inbox, { oldMs, sinceMs }));
      looked = now;
      for (const key of due) options.onDue(key);
      for (const { source, key, last, sequence } of missing)
        options.onMissing(
          new MessageMissingError({ consumer: inbox.consumer, source, key, sequence }, last, oldMs),
        );
    } catch {
      return; // the consumer stops
    }
    await pause(LOOK_MS * (0.5 + Math.random() / 2), ended);
  }
}
