import type { Workload } from '../run/workload.ts';
import type { PeerName } from './peer-list.ts';
import { PeerProcess } from './peer-process.ts';

/** Installs the peers, unless they are installed. */
type Install = (say: (line: string) => void) => Promise<void>;

/** Appends one event at a time to a new stream with the peer's API, with `inFlight` concurrent appends. */
export function peerAppend(name: string, peer: PeerName, install: Install, inFlight: number): Workload {
  return {
    name,
    async setup({ server, say }) {
      await install(say);
      const database = await server.createDatabase();
      const process_ = await PeerProcess.start(peer, database.connectionString);
      return {
        async run({ sampleMs, warmUpMs }) {
          await process_.request('append', { inFlight, durationMs: warmUpMs });
          const { perSecond, ...latencies } = await process_.request('append', {
            inFlight,
            durationMs: sampleMs,
          });
          return { eventsPerSecond: perSecond!, ...latencies };
        },
        async teardown() {
          await process_[Symbol.asyncDispose]();
          await database.drop();
        },
      };
    },
  };
}

/** Fills a read model from the beginning of the log with the peer's API. */
export function peerCatchUp(name: string, peer: PeerName, install: Install, once: boolean): Workload {
  return {
    name,
    once,
    async setup({ server, pace, say }) {
      await install(say);
      const database = await server.createDatabase();
      const process_ = await PeerProcess.start(peer, database.connectionString);
      const { events } = await process_
        .request('fill', { events: pace.peerEvents })
        .catch(async (error: unknown) => {
          await process_[Symbol.asyncDispose]();
          throw error;
        });
      let repetition = 0;
      return {
        async run({ peerLimitMs: limitMs }) {
          repetition += 1;
          return process_.request('project', {
            projection: `totals_${repetition}`,
            events: events!,
            limitMs,
          });
        },
        async teardown() {
          await process_[Symbol.asyncDispose]();
          await database.drop();
        },
      };
    },
  };
}
