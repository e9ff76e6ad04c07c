import { createCommandExecutor } from '@leftfold/commands';
import type { AnyEventGroup, EventStore } from '@leftfold/core';
import { account, accountEvents } from '../domain/account.ts';
import { entryOf } from '../domain/entry.ts';
import { auditDecision, depositDecision, taggedEvents } from '../domain/tagged-account.ts';

/** Commands of one kind. Each loads an account, decides on it, and appends one event. */
export interface Rule {
  readonly events: readonly AnyEventGroup[];
  /** @returns what executes a command; each command has another number */
  on(store: EventStore): Execute;
}

type Execute = (accountId: string, number: number) => Promise<{ readonly attempts: number }>;

export const depositByAggregate: Rule = {
  events: [accountEvents],
  on(store) {
    const executor = createCommandExecutor({ store, aggregates: [account] });
    return (accountId, number) => executor.execute(account.command.deposit(accountId, entryOf(number)));
  },
};

export const depositByTags: Rule = {
  events: taggedEvents,
  on(store) {
    const executor = createCommandExecutor({ store, aggregates: [], decisions: [depositDecision] });
    return (accountId, number) =>
      executor.execute(depositDecision.command({ accountId, ...entryOf(number) }));
  },
};

/** Nothing is cached: each command reads the account from the log. */
export const auditByTags: Rule = {
  events: taggedEvents,
  on(store) {
    const executor = createCommandExecutor({
      store,
      aggregates: [],
      decisions: [auditDecision],
      cache: false,
    });
    return (accountId, number) =>
      executor.execute(auditDecision.command({ accountId, auditId: String(number), ...entryOf(number) }));
  },
};
