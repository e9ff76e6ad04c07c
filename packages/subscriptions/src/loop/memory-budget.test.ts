import { expect, test } from 'vitest';
import { MemoryBudget } from './memory-budget.ts';

test('memory is given in the order of the requests, and one for more than all of it when nothing is taken', async () => {
  const budget = new MemoryBudget(100);
  const given: string[] = [];
  const take = async (name: string, bytes: number) => {
    await budget.take(bytes);
    given.push(name);
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  void take('first', 60);
  void take('large', 150);
  void take('small', 10);
  await settled();
  expect(given).toEqual(['first']);
  expect(budget.tryTake(10)).toBe(false);
  budget.free(60);
  await settled();
  expect(given).toEqual(['first', 'large']);
  budget.free(150);
  await settled();
  expect(given).toEqual(['first', 'large', 'small']);
  expect(budget.tryTake(90)).toBe(true);
  expect(budget.tryTake(1)).toBe(false);
});
