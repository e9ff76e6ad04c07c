import { expect, test } from 'vitest';
import { DisposableStack } from './disposable-stack.ts';

test('what was begun last ends first, each after the other, and once', async () => {
  const log: string[] = [];
  const ending = new DisposableStack();
  for (const name of ['database', 'store', 'runner']) {
    ending.defer(async () => {
      log.push(`${name} ends`);
      await Promise.resolve();
      log.push(`${name} has ended`);
    });
  }
  await Promise.all([ending.dispose(), ending.dispose()]);
  await ending.dispose();
  const steps = ['runner', 'store', 'database'];
  expect(log).toEqual(steps.flatMap((name) => [`${name} ends`, `${name} has ended`]));
});

test('a step that fails does not keep the others from ending, and its error is told', async () => {
  const log: string[] = [];
  const ending = new DisposableStack();
  ending.defer(async () => {
    log.push('database');
  });
  ending.defer(() => Promise.reject(new Error('store')));
  ending.defer(() => Promise.reject(new Error('runner')));
  await expect(ending.dispose()).rejects.toThrow('runner');
  expect(log).toEqual(['database']);
});
