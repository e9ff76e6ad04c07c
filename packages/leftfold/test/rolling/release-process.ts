import { type App, createApp } from '../../src/index.ts';
import type { Answer, Asked, Order, ToldError } from './protocol.ts';
import { type Release, releases } from './releases.ts';

// One process of a release. It does what the test asks for, and ends when the test lets go of it.

let app: App | undefined;
let release: Release = releases.plain;
let incidents: ToldError[] = [];

process.on('message', ({ id, order }: Asked) => {
  obey(order).then(
    (value) => send({ id, value }),
    (error: unknown) => send({ id, error: told(error) }),
  );
});
process.once('disconnect', () => process.exit());
process.send?.('ready');

async function obey(order: Order): Promise<unknown> {
  if (order.do === 'start') {
    release = releases[order.release];
    incidents = [];
    app = (await createApp({
      ...release,
      database: { url: order.url, maxConnections: 4 },
      subscriptions: {
        owner: order.owner,
        leaseMs: 900,
        retry: { attempts: 2, firstDelayMs: 1 },
        onIncident: ({ error }) => incidents.push(told(error)),
      },
    })) as App;
    return undefined;
  }
  if (order.do === 'stop') {
    await app?.close();
    app = undefined;
    return undefined;
  }
  if (app === undefined) throw new TypeError(`not started: ${order.do}`);
  switch (order.do) {
    case 'execute':
      return app.execute(app.parseCommand(order.command));
    case 'query': {
      const query = app.query(projectionOf(order.projection), order.options) as unknown as {
        execute(): Promise<unknown>;
      };
      return query.execute();
    }
    case 'waitFor':
      return app.projections.waitFor(projectionOf(order.projection), order.token, { timeoutMs: 20_000 });
    case 'whenCaughtUp':
      return app.projections.whenCaughtUp(projectionOf(order.projection));
    case 'reset':
      return app.projections.reset(projectionOf(order.projection));
    case 'status':
      return app.projections.status();
    case 'incidents':
      return incidents;
  }
}

/** The one with the highest version. */
function projectionOf(name: string) {
  const found = release.projections.findLast((projection) => projection.name === name);
  if (found === undefined) throw new TypeError(`no projection ${name}`);
  return found;
}

function told(error: unknown): ToldError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, retryable } = error as { readonly code?: unknown; readonly retryable?: unknown };
  return { message: error.message, code, retryable };
}

function send(answer: Answer): void {
  process.send?.(answer);
}
