import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';

/**
 * What a process did, one line each, written before it goes on. It outlives the process, also one that is killed: half
 * a line at its end is cut off when the next process opens it.
 */
export class Journal implements Disposable {
  readonly #file: number;

  constructor(path: string) {
    if (existsSync(path)) {
      const content = readFileSync(path);
      truncateSync(path, content.lastIndexOf('\n') + 1);
    }
    this.#file = openSync(path, 'a');
  }

  write(...words: readonly (string | number)[]): void {
    writeSync(this.#file, `${words.join(' ')}\n`);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

/** The complete lines of a journal, as words. */
export function readJournal(path: string): readonly (readonly string[])[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.slice(0, -1).map((line) => line.split(' '));
}
