import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Journal, readJournal } from './journal.ts';

test('a journal keeps complete lines, across a process that was killed in the middle of one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'oracle-journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'writer.journal');
  expect(readJournal(path)).toEqual([]);
  {
    using journal = new Journal(path);
    journal.write('ack', 'one', 1);
  }
  appendFileSync(path, 'ack tw');
  expect(readJournal(path)).toEqual([['ack', 'one', '1']]);
  {
    using journal = new Journal(path);
    journal.write('ack', 'three', 3);
  }
  expect(readJournal(path)).toEqual([
    ['ack', 'one', '1'],
    ['ack', 'three', '3'],
  ]);
});
