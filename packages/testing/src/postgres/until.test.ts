import { expect, test } from 'vitest';
import { until } from './until.ts';

test('resolves with the first answer that is truthy', async () => {
  const answers = [undefined, 0, '', 'here', 'late'];
  await expect(until(() => answers.shift())).resolves.toBe('here');
  expect(answers).toEqual(['late']);
});

test('waits for an answer that takes its time, and for a condition that holds later', async () => {
  let asked = 0;
  const condition = async () => {
    asked += 1;
    return asked === 3;
  };
  await expect(until(condition)).resolves.toBe(true);
});

test('gives up after the deadline and says what it waited for', async () => {
  const waiting = until(() => false, { timeoutMs: 20, message: 'the balance of acc-1' });
  await expect(waiting).rejects.toThrow('waited 20 ms in vain for the balance of acc-1');
});

test('an error of the condition is the error', async () => {
  const broken = () => {
    throw new RangeError('no such account');
  };
  await expect(until(broken)).rejects.toThrow(new RangeError('no such account'));
});
