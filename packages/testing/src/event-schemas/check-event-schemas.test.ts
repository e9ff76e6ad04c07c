import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type AnyEventGroup, defineEvents, schemaVersions } from '@leftfold/core';
import { describe, expect, test as baseTest, vi } from 'vitest';
import { z } from 'zod';
import { checkEventSchemas } from './check-event-schemas.ts';

const test = baseTest.extend<{ file: string }>({
  file: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'leftfold-schemas-'));
    await use(join(folder, 'event-schemas.json'));
    rmSync(folder, { recursive: true });
  },
});

const v1 = z.object({ name: z.string(), note: z.string().refine((note) => note !== '') });
const first = defineEvents('account', { opened: v1 });
const broken = defineEvents('account', { opened: z.object({ note: z.string() }), closed: z.object({}) });
const upcast = defineEvents('account', {
  opened: schemaVersions(v1).next(z.object({ note: z.string() }), ({ note }) => ({ note })),
});

function failureOf(events: readonly AnyEventGroup[], file: string): string {
  try {
    checkEventSchemas({ events, file });
  } catch (error) {
    return (error as Error).message;
  }
  return 'passed';
}

describe('the file of event schemas', () => {
  test('is written when asked, and compared otherwise', ({ file }) => {
    expect(failureOf([first], file)).toBe(
      `${file} does not exist; write it with LEFTFOLD_EVENT_SCHEMAS=update and commit it`,
    );
    expect(checkEventSchemas({ events: [first], file, mode: 'update' })).toEqual([]);
    expect(checkEventSchemas({ events: [first], file: pathToFileURL(file) })).toEqual([]);
    // Formatted otherwise, it says the same.
    writeFileSync(file, JSON.stringify(JSON.parse(readFileSync(file, 'utf8'))));
    expect(checkEventSchemas({ events: [first], file })).toEqual([]);
  });

  test('fails by name, change and fix when stored events are broken, and is not overwritten by an update', ({
    file,
  }) => {
    checkEventSchemas({ events: [first], file, mode: 'update' });
    const before = readFileSync(file, 'utf8');
    const message = failureOf([broken], file);
    expect(message).toBe(
      [
        `stored events are not what the definitions say, by ${file}:`,
        '  account.opened version 1, name: field removed',
        '    restore the schema of version 1, and add the new one as version 2: schemaVersions(...).next(schema, upcast)',
        'not breaking:',
        '  account.opened version 1: note: refine removed, which is not compared',
        '  account.closed: event added',
        'if no such event was ever stored, write the file with LEFTFOLD_EVENT_SCHEMAS=accept',
      ].join('\n'),
    );
    expect(() => checkEventSchemas({ events: [broken], file, mode: 'update' })).toThrow(message);
    expect(readFileSync(file, 'utf8')).toBe(before);
    checkEventSchemas({ events: [broken], file, mode: 'accept' });
    expect(failureOf([broken], file)).toBe('passed');
  });

  test('fails until it is written after a change that breaks nothing', ({ file }) => {
    checkEventSchemas({ events: [first], file, mode: 'update' });
    expect(failureOf([upcast], file)).toBe(
      [
        `${file} is not up to date; write it with LEFTFOLD_EVENT_SCHEMAS=update and commit it:`,
        '  account.opened: version 2 added',
        'not compared, since JSON Schema cannot say it:',
        '  account.opened version 1, note: refine',
      ].join('\n'),
    );
    vi.stubEnv('LEFTFOLD_EVENT_SCHEMAS', 'update');
    try {
      expect(checkEventSchemas({ events: [upcast], file })).toHaveLength(1);
    } finally {
      vi.unstubAllEnvs();
    }
    expect(failureOf([upcast], file)).toBe('passed');
  });

  test('with something else in it is refused', ({ file }) => {
    for (const text of ['{', '{}', '[]']) {
      writeFileSync(file, text);
      expect(() => checkEventSchemas({ events: [first], file })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    }
  });
});
