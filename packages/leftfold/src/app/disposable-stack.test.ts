import { expect, test } from 'vitest';
import { DisposableStack } from './disposable-stack.ts';

test('steps run once, last one first, one after another', async () => {
  const log: string[] = [];
  const stack = new DisposableStack();
  for (const name of ['database', 'store', 'runner']) {
    stack.defer(async () => {
      log.push(`${name} ends`);
      await Promise.resolve();
      log.push(`${name} has ended`);
    });
  }
  await Promise.all([stack.dispose(), stack.dispose()]);
  await stack.dispose();
  const steps = ['runner', 'store', 'database'];
  expect(log).toEqual(steps.flatMap((name) => [`${name} ends`, `${name} has ended`]));
});

test('a failing step does not prevent the others, and its error is thrown', async () => {
  const log: string[] = [];
  const stack = new DisposableStack();
  stack.defer(async () => {
    log.push('database');
  });
  stack.defer(() => Promise.reject(new Error('store')));
  stack.defer(() => Promise.reject(new Error('runner')));
  await expect(stack.dispose()).rejects.toThrow('runner');
  expect(log).toEqual(['database']);
});
