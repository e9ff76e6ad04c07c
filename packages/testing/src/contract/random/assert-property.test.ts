import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { assertProperty } from './assert-property.ts';

afterEach(() => vi.unstubAllEnvs());

/** A property that fails for a program with a number from 100, and records the programs. */
function failing() {
  const tried: (readonly number[])[] = [];
  const property = fc.asyncProperty(fc.array(fc.nat(1_000)), (numbers) => {
    tried.push(numbers);
    return Promise.resolve(numbers.every((number) => number < 100));
  });
  return { property, tried };
}

test('a failure shows the smallest failing program, and the seed to repeat it', async () => {
  const message = /Counterexample: \[\[100\]\][\s\S]*To repeat: LEFTFOLD_TEST_SEED=1$/;
  await expect(assertProperty(failing().property, 50)).rejects.toThrow(message);
});

test('the seed of the environment selects the programs', async () => {
  const triedWith = async (seed: string) => {
    vi.stubEnv('LEFTFOLD_TEST_SEED', seed);
    const { property, tried } = failing();
    await expect(assertProperty(property, 50)).rejects.toThrow(`LEFTFOLD_TEST_SEED=${seed}`);
    return tried;
  };
  const first = await triedWith('7');
  expect(await triedWith('7')).toEqual(first);
  expect(await triedWith('8')).not.toEqual(first);
});

test('a seed that is not an integer is a RangeError', async () => {
  vi.stubEnv('LEFTFOLD_TEST_SEED', 'seven');
  await expect(assertProperty(failing().property, 1)).rejects.toThrow(RangeError);
});
