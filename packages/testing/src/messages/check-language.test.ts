import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnyEventGroup, defineEvents } from '@leftfold/core';
import { describeLanguage } from '@leftfold/messaging';
import { describe, expect, test as baseTest, vi } from 'vitest';
import { z } from 'zod';
import { checkLanguage } from './index.ts';

const test = baseTest.extend<{ file: string }>({
  file: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'leftfold-language-'));
    await use(join(folder, 'orders.language.json'));
    rmSync(folder, { recursive: true });
  },
});

const first = defineEvents('orders', { placed: z.object({ id: z.string() }) });
const wider = defineEvents('orders', { placed: z.object({ id: z.string(), cents: z.int() }) });
const broken = defineEvents('orders', { placed: z.object({ cents: z.int() }) });
const languageOf = (group: AnyEventGroup) => describeLanguage({ source: '/shop/orders', messages: [group] });

function failureOf(group: AnyEventGroup, file: string): string {
  try {
    checkLanguage({ language: languageOf(group), file });
  } catch (error) {
    return (error as Error).message;
  }
  return 'passed';
}

describe('the file of a published language', () => {
  test('is written when asked, and compared otherwise', ({ file }) => {
    expect(failureOf(first, file)).toBe(
      `${file} does not exist; write it with LEFTFOLD_LANGUAGE=update and commit it`,
    );
    expect(checkLanguage({ language: languageOf(first), file, mode: 'update' })).toEqual([]);
    expect(failureOf(first, file)).toBe('passed');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(languageOf(first));
  });

  test('fails when it is not up to date, and is written by the environment variable', ({ file }) => {
    checkLanguage({ language: languageOf(first), file, mode: 'update' });
    expect(failureOf(wider, file)).toBe(
      [
        `${file} is not up to date; write it with LEFTFOLD_LANGUAGE=update and commit it:`,
        '  orders.placed version 1, cents: required field added',
      ].join('\n'),
    );
    vi.stubEnv('LEFTFOLD_LANGUAGE', 'update');
    expect(checkLanguage({ language: languageOf(wider), file })).toMatchObject([{ breaking: false }]);
    vi.unstubAllEnvs();
    expect(failureOf(wider, file)).toBe('passed');
  });

  test('fails when consumers would break, and is not overwritten by an update', ({ file }) => {
    checkLanguage({ language: languageOf(first), file, mode: 'update' });
    const message = failureOf(broken, file);
    expect(message).toContain(
      `consumers of the committed language would not understand these messages, by ${file}:\n  orders.placed version 1, id: field removed\n    restore the schema of version 1`,
    );
    expect(message).toContain('if no consumer was made for it, write the file with LEFTFOLD_LANGUAGE=accept');
    expect(() => checkLanguage({ language: languageOf(broken), file, mode: 'update' })).toThrow(message);
    checkLanguage({ language: languageOf(broken), file, mode: 'accept' });
    expect(failureOf(broken, file)).toBe('passed');
  });

  test('is compared with a published language, by a known mode', ({ file }) => {
    expect(() => checkLanguage({ language: {} as never, file })).toThrow('made by describeLanguage(...)');
    expect(() => checkLanguage({ language: languageOf(first), file, mode: 'write' as never })).toThrow(
      'mode',
    );
  });

  test('with something else in it is refused by its name', ({ file }) => {
    for (const text of ['{', '{}', '[]']) {
      writeFileSync(file, text);
      expect(failureOf(first, file)).toContain(file);
      expect(failureOf(first, file)).toContain('restore it, or delete it');
    }
  });
});
