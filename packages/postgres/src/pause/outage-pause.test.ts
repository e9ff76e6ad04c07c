import { expect, test } from 'vitest';
import { OutagePause } from './outage-pause.ts';

const LONG_MS = 60_000;

test('a pause ends when its time is over, when the outage is, and when its signal aborts', async () => {
  const outage = new OutagePause();
  await outage.wait(1);
  const both = Promise.all([outage.wait(LONG_MS), outage.wait(LONG_MS)]);
  outage.over();
  await both;
  const ending = new AbortController();
  const pause = outage.wait(LONG_MS, ending.signal);
  ending.abort(new Error('stop'));
  await pause;
  await outage.wait(LONG_MS, ending.signal);
});

test('the end of an outage does not shorten the pauses of the next one', async () => {
  const outage = new OutagePause();
  outage.over();
  let ended = false;
  const pause = outage.wait(20).then(() => (ended = true));
  expect(ended).toBe(false);
  await pause;
});
