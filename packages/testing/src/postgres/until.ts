import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  /** @default 15000 */
  readonly timeoutMs?: number;
  /** What was waited for, as the error says it. */
  readonly message?: string;
}

/**
 * Waits for a condition, asked again every few milliseconds: what a test does in place of sleeping.
 *
 * ```ts
 * const row = await until(() => findBalance('acc-1'), { message: 'the balance of acc-1' });
 * ```
 *
 * @returns the first answer of `condition` that is truthy.
 * @throws Error when there is none in time; whatever `condition` throws.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 15_000, message = 'the condition' }: UntilOptions = {},
): Promise<Exclude<T, false | '' | 0 | 0n | null | undefined>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await condition();
    if (isTruthy(answer)) return answer;
    if (Date.now() >= deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${message}`);
    await delay(5);
  }
}

function isTruthy<T>(value: T): value is Exclude<T, false | '' | 0 | 0n | null | undefined> {
  return Boolean(value);
}
