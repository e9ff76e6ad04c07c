import { expect, test } from 'vitest';
import { InFlight } from './in-flight.ts';

test('work beyond the number or the memory that may be taken is refused, and let in again after it', async () => {
  const inFlight = new InFlight({ what: 'commands', count: 2, memory: 100 });
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const large = inFlight.run(() => ended, 100);
  await expect(inFlight.run(() => ended, 1)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  end();
  await large;
  const small = [1, 2].map((memory) => inFlight.run(() => Promise.reject(new Error('failed')), memory));
  await expect(inFlight.run(() => ended)).rejects.toThrow('2 commands of this process');
  await Promise.allSettled(small);
  await inFlight.idle();
  expect(await inFlight.run(() => Promise.resolve('in'))).toBe('in');
});
