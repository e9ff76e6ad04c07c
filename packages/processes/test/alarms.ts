import { type AnyCommand, defineProcess } from '@leftfold/core';
import { Gate } from '@leftfold/testbed/waiting';
import { z } from 'zod';
import type { ExecuteProcessCommand } from '../src/index.ts';
import type { Bank } from './process-test.ts';
import { requestEvents } from './transfers.ts';

export const DAY_MS = 86_400_000;
export const past = Date.parse('2020-01-01T00:00:00Z');

/** Rings at times that a message sets, and notes in which order. */
export function alarms(options: { readonly firstDelayMs?: number; readonly timeoutMs?: number } = {}) {
  const { firstDelayMs = 600_000, timeoutMs = 20_000 } = options;
  const broken = new Set<string>();
  const process = defineProcess({
    name: 'clock',
    timeoutMs,
    retry: { attempts: 2, firstDelayMs, maxDelayMs: firstDelayMs },
    events: [requestEvents],
    messages: { 'alarms.set': z.object({ days: z.record(z.string(), z.number()) }) },
    deadlines: ['first', 'second', 'third'],
    starts: ['alarms.set'],
    correlate: { 'request.made': () => undefined },
    initialState: { log: [] as string[] },
    evolve: { deadline: (state, { name }) => ({ log: [...state.log, name] }) },
    react: {
      'alarms.set': (_state, { data }, out) =>
        Object.entries(data.days).map(([name, day]) =>
          out.schedule(name as 'first', { at: new Date(past + day * DAY_MS) }),
        ),
      deadline: (_state, { name }, _out, { id }) => {
        if (broken.has(id)) throw new Error(`no bell for ${name}\u0000`);
        return [];
      },
    },
  });
  const set = (id: string, days: Readonly<Record<string, number>>) =>
    process.message('alarms.set', id, { days });
  return { process, set, broken };
}

/** The id of the instance whose deadline a command records; undefined for other commands. */
function firedBy(command: AnyCommand): string | undefined {
  if (!('id' in command) || command.name !== 'record') return undefined;
  return (command.input as { readonly type: string }).type === 'deadline' ? command.id : undefined;
}

/** Notes what is fired, and holds the first attempt of instances at a gate. */
export function holding(bank: Bank, held: readonly string[], { hears = true } = {}) {
  const fired: string[] = [];
  const gate = new Gate();
  const count = (id: string) => fired.filter((one) => one === id).length;
  const execute: ExecuteProcessCommand = async (command, options) => {
    const id = firedBy(command);
    if (id !== undefined) {
      fired.push(id);
      if (held.includes(id) && count(id) === 1) await gate.pass();
    }
    // One that does not hear its signal goes on with its work after the gate.
    return bank.executor.execute(command, hears ? options : { ...options, signal: undefined });
  };
  return { execute, gate, fired, count };
}

export const setNow = (bank: Bank) =>
  bank.store.pool.query(`update "${bank.store.schema}".process_deadlines set fire_at = now()`);

export async function openRows({ store }: Bank) {
  const { rows } = await store.pool.query<{ id: string; deadline: string }>(
    `select id, deadline from "${store.schema}".process_deadlines order by id, deadline`,
  );
  return rows;
}
