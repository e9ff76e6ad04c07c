import { expect, test } from 'vitest';
import { InFlight } from './in-flight.ts';

function endless() {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { ended, end };
}

test('work beyond the number or the memory that may be taken is refused, and let in again after it', async () => {
  const inFlight = new InFlight({ what: 'commands', count: 2, memory: 100 });
  const { ended, end } = endless();
  const large = inFlight.run(() => ended, 100);
  await expect(inFlight.run(() => ended, 1)).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('the limit of 100 bytes for what 1 of them take in memory'),
  });
  end();
  await large;
  const small = [1, 2].map((memory) => inFlight.run(() => Promise.reject(new Error('failed')), memory));
  await expect(inFlight.run(() => ended)).rejects.toThrow(
    'commands of this process that run or wait have reached the limit of 2; this one was not begun',
  );
  await Promise.allSettled(small);
  await inFlight.idle();
  expect(await inFlight.run(() => Promise.resolve('in'))).toBe('in');
});

test('work that was begun ends once, however often it is ended', async () => {
  const inFlight = new InFlight({ what: 'readers', count: 1 });
  const endFirst = inFlight.begin();
  expect(inFlight.isFull).toBe(true);
  expect(() => inFlight.begin()).toThrow('the limit of 1;');
  endFirst();
  const endSecond = inFlight.begin();
  endFirst();
  expect(inFlight.isFull).toBe(true);
  const idle = inFlight.idle().then(() => 'idle');
  expect(await Promise.race([idle, Promise.resolve('busy')])).toBe('busy');
  endSecond();
  expect(await idle).toBe('idle');
});

test('nothing is idle while work goes on that was begun when other work ended', async () => {
  const inFlight = new InFlight({ what: 'readers', count: 2 });
  const end = inFlight.begin();
  let isIdle = false;
  const idle = inFlight.idle().then(() => {
    isIdle = true;
  });
  end();
  const endNext = inFlight.begin();
  await new Promise(setImmediate);
  expect(isIdle).toBe(false);
  endNext();
  await idle;
});
