import { describe, expect, test } from 'vitest';
import { InvalidEventError } from '../errors/definition-errors.ts';
import { assertStorable, isStorableJson, toJson } from './storable-json.ts';

function issueOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof InvalidEventError) return error.issues[0];
    throw error;
  }
  return undefined;
}

/** What work takes of the processor, which does not depend on what else the machine does. */
function millisecondsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user / 1_000;
}

const store = (value: unknown) => assertStorable('note.written', 1, value, toJson('note.written', 1, value));

describe('JSON text', () => {
  test.each(['a\u0000', '\\\u0000', '\\\\\u0000', '\ud83e', 'x\udd8a', 'é\u0001\u0000'])(
    'cannot be stored with the text %j in it',
    (text) => {
      expect(isStorableJson(JSON.stringify(text))).toBe(false);
      expect(isStorableJson(JSON.stringify({ [text]: 1 }))).toBe(false);
    },
  );

  test.each(['', '\\u0000', '\\\\u0000', '\\ud83e', 'C:\\users\\udd8a', '🦊', '\u0001\u001f', '\\', 'u0000'])(
    'can be stored with the text %j in it',
    (text) => {
      expect(isStorableJson(JSON.stringify([text, { [text]: text }]))).toBe(true);
    },
  );

  test('is searched in one pass, with any number of backslashes', () => {
    const slow = JSON.stringify('\\'.repeat(500_000) + '\\u\\u'.repeat(200_000));
    expect(millisecondsOf(() => expect(isStorableJson(slow)).toBe(true))).toBeLessThan(1_000);
  });
});

describe('a value that cannot be stored', () => {
  test('is reported by its path', () => {
    expect(issueOf(() => store({ a: [{ b: 'x' }, { b: '\u0000' }] }))).toMatchObject({
      path: 'a.1.b',
      code: 'unstorable_character',
    });
    expect(issueOf(() => store({ a: { 'k\ud83e': 1 } }))?.path).toBe('a.k\ud83e');
    expect(issueOf(() => store('\u0000'))?.path).toBe('');
  });

  test('is found in one pass below thousands of levels, and its path is abridged', () => {
    let value: unknown = '\u0000';
    for (let depth = 0; depth < 2_500; depth += 1) value = { pad: 'x'.repeat(400), next: value };
    const json = toJson('note.written', 1, value);
    let issue: ReturnType<typeof issueOf>;
    const took = millisecondsOf(() => {
      issue = issueOf(() => assertStorable('note.written', 1, value, json));
    });
    expect(took).toBeLessThan(500);
    expect(issue?.path).toMatch(/^next\.next\.[nextn.]*\.\.\.$/);
    expect(issue?.path).toHaveLength(203);
  });

  test('is refused when JSON cannot represent it, or it is too deep', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    let deep: unknown = 1;
    for (let depth = 0; depth < 200_000; depth += 1) deep = [deep];
    for (const [value, code] of [
      [1n, 'not_json'],
      [circle, 'not_json'],
      [undefined, 'not_json'],
      [() => 1, 'not_json'],
      [deep, 'too_deep'],
    ] as const) {
      expect(issueOf(() => toJson('note.written', 1, value))).toMatchObject({ path: '', code });
    }
  });
});
