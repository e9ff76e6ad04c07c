import { StoreUnavailableError } from '@leftfold/core';
import type { ConsumerRunner, ConsumerStatus } from '@leftfold/messaging';
import { within } from '@leftfold/postgres';

/** A consumer that this process runs. */
export interface ConsumerHealth {
  /** `consumer shipping`. */
  readonly label: string;
  /** Whether it receives messages, or lost its connection only now. */
  readonly ok: boolean;
  readonly message: string;
  /** What it has to become before the app is ready, in words; undefined when it is. */
  readonly notReady: string | undefined;
}

/** A broker or a database that is away is reported after this time: a connection that is opened again is no failure. */
const WAITING_MS = 10_000;

/**
 * How each consumer is doing.
 *
 * @param runner undefined when this process runs none
 * @throws StoreUnavailableError when there is no answer in time; the signal's reason; what the database threw
 */
export async function consumerStates(
  runner: Pick<ConsumerRunner, 'status'> | undefined,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<readonly ConsumerHealth[]> {
  if (runner === undefined) return [];
  const late = (): never => {
    throw new StoreUnavailableError(
      `the database gave no answer about the inbox within ${timeoutMs} ms; check that it is reachable`,
    );
  };
  return (await within(runner.status(), { limitMs: timeoutMs, late, signal })).map(healthOfConsumer);
}

function healthOfConsumer(status: ConsumerStatus): ConsumerHealth {
  const { name, state, waitingSince, parkedKeys, retryingKeys, gaps, unplaced } = status;
  const aside = [
    ...(parkedKeys === 0 ? [] : [`${parkedKeys} keys are parked`]),
    ...(retryingKeys === 0 ? [] : [`${retryingKeys} keys wait for another attempt`]),
    ...(gaps === 0 ? [] : [`${gaps} keys wait for a missing message`]),
    ...(unplaced === 0 ? [] : [`${unplaced} messages cannot be placed`]),
  ];
  const notReady = problemOf(status);
  const ok =
    notReady === undefined ||
    (state === 'waiting' && Date.now() - (waitingSince?.getTime() ?? 0) < WAITING_MS);
  return {
    label: `consumer ${name}`,
    ok,
    message: [notReady ?? 'it receives messages', ...aside].join('; '),
    notReady,
  };
}

function problemOf({ state, waitingFor }: ConsumerStatus): string | undefined {
  if (state === 'connected') return undefined;
  if (state === 'waiting') return `it waits for ${waitingFor}`;
  if (state === 'created') return 'it is not started';
  return 'it stopped at a message; status() has the reason: fix it, then call resume()';
}
