import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  /** @default 15000 */
  readonly timeoutMs?: number;
  /** What is waited for, used in the error. @default 'the condition' */
  readonly message?: string;
}

/**
 * Waits until a condition holds, and checks it every few milliseconds. Use it in tests instead of sleeping.
 *
 * ```ts
 * const row = await until(() => findBalance('acc-1'), { message: 'the balance of acc-1' });
 * ```
 *
 * @returns the first truthy result of `condition`.
 * @throws Error after the timeout; an error that `condition` throws is passed on.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 15_000, message = 'the condition' }: UntilOptions = {},
): Promise<Exclude<T, false | '' | 0 | 0n | null | undefined>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await condition();
    if (isTruthy(answer)) return answer;
    if (Date.now() >= deadline) throw new Error(`timed out after ${timeoutMs} ms, waiting for ${message}`);
    await delay(5);
  }
}

function isTruthy<T>(value: T): value is Exclude<T, false | '' | 0 | 0n | null | undefined> {
  return Boolean(value);
}
