import { expect, test } from 'vitest';
import { until } from './until.ts';

test('resolves with the first truthy result', async () => {
  const answers = [undefined, 0, '', 'here', 'late'];
  await expect(until(() => answers.shift())).resolves.toBe('here');
  expect(answers).toEqual(['late']);
});

test('awaits the condition, and calls it again until it holds', async () => {
  let asked = 0;
  const condition = async () => {
    asked += 1;
    return asked === 3;
  };
  await expect(until(condition)).resolves.toBe(true);
});

test('rejects after the deadline, naming the condition', async () => {
  const waiting = until(() => false, { timeoutMs: 20, message: 'the balance of acc-1' });
  await expect(waiting).rejects.toThrow('timed out after 20 ms, waiting for the balance of acc-1');
});

test('rejects with the error that the condition throws', async () => {
  const broken = () => {
    throw new RangeError('no such account');
  };
  await expect(until(broken)).rejects.toThrow(new RangeError('no such account'));
});
