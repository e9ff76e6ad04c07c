import { createMemoryStore } from '../memory/create-memory-store.ts';
import { MemoryLog } from '../memory/memory-log.ts';
import { storeContract } from './store-contract.ts';

const logs = new Map<string, MemoryLog>();

// The store in memory fulfils the contract.
storeContract({
  name: 'the store in memory',
  createStore: ({ log, events }) => {
    const shared = logs.get(log) ?? new MemoryLog();
    logs.set(log, shared);
    return Promise.resolve(createMemoryStore({ events, log: shared }));
  },
});
