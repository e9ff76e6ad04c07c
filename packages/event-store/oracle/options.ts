import { parseArgs } from 'node:util';

export interface OracleOptions {
  readonly seconds: number;
  /** False: readers go by the newest position they see, and must be caught. */
  readonly settling: boolean;
  readonly seed: number;
  /** Writer processes. */
  readonly processes: number;
}

export const usage = `npm run oracle -- [--minutes 1] [--seed n] [--processes 3] [--without-settling]

Writes, reads and breaks things at random for as long as asked, on a durable Postgres of its own, and then compares what
every reader saw with what was committed. Ends with exit code 1 and a report when they differ.

--without-settling makes the readers read up to the newest position they see. That loses events, and must be found out.`;

/** @throws TypeError for an option that is unknown or no number. */
export function parseOptions(args: readonly string[]): OracleOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      processes: { type: 'string', default: '3' },
      'without-settling': { type: 'boolean', default: false },
    },
  });
  return {
    seconds: toNumber('minutes', values.minutes) * 60,
    seed: toNumber('seed', values.seed),
    processes: Math.max(1, Math.round(toNumber('processes', values.processes))),
    settling: !values['without-settling'],
  };
}

function toNumber(name: string, text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number < 0) {
    throw new TypeError(`--${name} must be a number, not "${text}"`);
  }
  return number;
}
