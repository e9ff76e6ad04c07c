import { expect, test } from 'vitest';
import { InFlight } from './in-flight.ts';

test('work beyond the number or the size that may run is refused, and let in again after it', async () => {
  const inFlight = new InFlight({ count: 2, size: 100 });
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const large = inFlight.run(() => ended, 100);
  await expect(inFlight.run(() => ended, 1)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  end();
  await large;
  const small = [1, 2].map((size) => inFlight.run(() => Promise.reject(new Error('failed')), size));
  await expect(inFlight.run(() => ended)).rejects.toThrow('2 commands and loads');
  await Promise.allSettled(small);
  await inFlight.idle();
  expect(await inFlight.run(() => Promise.resolve('in'))).toBe('in');
});
