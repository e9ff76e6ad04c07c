import { expect, test } from 'vitest';
import { Ending } from './ending.ts';

test('what was begun last ends first, each after the other, and once', async () => {
  const log: string[] = [];
  const ending = new Ending();
  for (const name of ['database', 'store', 'runner']) {
    ending.begun(async () => {
      log.push(`${name} ends`);
      await Promise.resolve();
      log.push(`${name} has ended`);
    });
  }
  await Promise.all([ending.run(), ending.run()]);
  await ending.run();
  const steps = ['runner', 'store', 'database'];
  expect(log).toEqual(steps.flatMap((name) => [`${name} ends`, `${name} has ended`]));
});

test('a step that fails does not keep the others from ending, and its error is told', async () => {
  const log: string[] = [];
  const ending = new Ending();
  ending.begun(async () => {
    log.push('database');
  });
  ending.begun(() => Promise.reject(new Error('store')));
  ending.begun(() => Promise.reject(new Error('runner')));
  await expect(ending.run()).rejects.toThrow('runner');
  expect(log).toEqual(['database']);
});
