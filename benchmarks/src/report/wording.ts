import { type PeerName, peers } from '../peers/peer-list.ts';

/** Workloads that are read together, in the order in which they are shown. */
export interface Section {
  readonly title: string;
  /** What a rate counts: `events/s`. */
  readonly rate: string;
  /** The name of a workload, and what it is called on the page. */
  readonly rows: readonly (readonly [workload: string, words: string])[];
}

const peerWords = {
  emmett: 'Emmett',
  castore: 'Castore',
  act: 'Act',
  'dcb-es': 'dcb-es',
  'emmett-kysely': 'emmett-event-store-kysely',
} as const satisfies Record<PeerName, string>;

const peerRows = (prefix: string) =>
  peers.map((peer) => [`${prefix}.peer.${peer}`, peerWords[peer]] as const);

const sections: readonly Section[] = [
  {
    title: 'Appends, one at a time',
    rate: 'events/s',
    rows: [
      ['append.single.leftfold', 'Leftfold'],
      ['append.single.insert', 'SQL by hand: INSERT and commit'],
    ],
  },
  {
    title: 'Appends, many at a time',
    rate: 'events/s',
    rows: [
      ['append.bulk', 'SQL by hand: bulk INSERT, best size'],
      ['append.1024.leftfold', 'Leftfold, 1,024 in flight'],
      ['append.64.leftfold', 'Leftfold, 64 in flight'],
      ['append.64.insert', 'SQL by hand: INSERT, 64 in flight'],
      ...peerRows('append.64').map(([workload, words]) => [workload, `${words}, 64 in flight`] as const),
    ],
  },
  {
    title: 'Appends under a condition on tags, 16 in flight',
    rate: 'events/s',
    rows: [
      ['append.tags.16.leftfold', 'Leftfold: no event may have the tag'],
      ['append.tags.16.streams', 'Leftfold: expected versions of streams instead'],
      ['append.tags.16.peer.dcb-es', `${peerWords['dcb-es']}: no event may have the tag`],
    ],
  },
  {
    title: 'The same on a server with the settings of its package',
    rate: 'events/s',
    rows: [
      ['append.tags.stock.leftfold', 'Leftfold: no event may have the tag'],
      ['append.tags.stock.streams', 'Leftfold: expected versions of streams instead'],
      ['append.tags.stock.peer.dcb-es', `${peerWords['dcb-es']}: no event may have the tag`],
    ],
  },
  {
    title: 'Decisions on new accounts, 16 in flight',
    rate: 'decisions/s',
    rows: [
      ['decide.tags.16.leftfold', 'Leftfold: over the events with a tag'],
      ['decide.tags.16.aggregate', 'Leftfold: the same rule on an aggregate'],
    ],
  },
  {
    title: 'Decisions on tags in a small log and in a large one, 16 in flight',
    rate: 'decisions/s',
    rows: [
      ['decide.tags.flat.10k', 'Leftfold: 10 thousand events in the log'],
      ['decide.tags.flat.1m', 'Leftfold: 1 million events in the log'],
      ['decide.tags.flat.10m', 'Leftfold: 10 million events in the log'],
    ],
  },
  {
    title: 'Decisions of four executors, 16 in flight, a share of them on one tag',
    rate: 'decisions/s',
    rows: [0, 25, 50, 75, 100].map(
      (percent) => [`decide.overlap.${percent}`, `Leftfold: ${percent} % of them`] as const,
    ),
  },
  {
    title: 'Reading a rare category, 200 of 100,200 events',
    rate: 'reads/s',
    rows: [
      ['read.category.generic', 'Leftfold, generic plans'],
      ['read.category.custom', 'Leftfold, custom plans'],
    ],
  },
  {
    title: 'Appends with tracing channels, 64 in flight',
    rate: 'events/s',
    rows: [
      ['tracing.64.silent', 'Leftfold, no subscriber'],
      ['tracing.64.subscribed', 'Leftfold, a subscriber on every channel'],
    ],
  },
  {
    title: 'A call through a tracing channel',
    rate: 'calls/s',
    rows: [
      ['tracing.call.direct', 'The call itself'],
      ['tracing.call.silent', 'Through a channel without a subscriber'],
    ],
  },
  {
    title: 'Commands and loads of 64 callers on 500 accounts',
    rate: 'calls/s',
    rows: [
      ['traffic.hot.leftfold', 'Leftfold: commands only'],
      ['traffic.hot.bare', 'SQL by hand: commands only'],
      ['traffic.mixed.leftfold', 'Leftfold: half loads, half commands'],
      ['traffic.mixed.bare', 'SQL by hand: half loads, half commands'],
    ],
  },
  {
    title: 'Loading an aggregate',
    rate: 'loads/s',
    rows: [
      ['load.1000.leftfold', 'Leftfold: 1,000 events'],
      ['load.1000.select', 'SQL by hand: SELECT of 1,000 events, JSON parsed'],
      ['load.snapshot.leftfold', 'Leftfold: snapshot at 10,000 events, and 10 events after it'],
      ['load.snapshot.roundTrip', 'SQL by hand: the row of the snapshot'],
      ['load.snapshot.ping', 'SQL by hand: SELECT without a table'],
    ],
  },
  {
    title: 'A read model catching up',
    rate: 'events/s',
    rows: [
      ['project.table.loop', 'SQL by hand: fold and write in bulk'],
      ['project.table.leftfold', 'Leftfold: a table projection'],
      ['project.table.rebuild', 'Leftfold, rebuilt while it serves'],
      ...peerRows('project.table'),
      ['project.general.pipelined', 'SQL by hand: one statement per event, pipelined'],
      ['project.general.leftfold', 'Leftfold: handlers that return statements'],
      ['project.general.statements', 'SQL by hand: one statement per event, awaited'],
      ['project.general.awaited', 'Leftfold: handlers that await statements'],
      ['replay.1m.leftfold', 'Leftfold: a million events into a table projection'],
    ],
  },
  {
    title: 'From append to visible in the read model, idle',
    rate: 'events/s',
    rows: [['visible.idle.leftfold', 'Leftfold']],
  },
  {
    title: 'Publishing to a message broker',
    rate: 'messages/s',
    rows: [
      ['relay.rabbitmq.client', 'The client by hand, RabbitMQ'],
      ['relay.rabbitmq.leftfold', 'Leftfold: a relay, RabbitMQ'],
      ['relay.jetstream.client', 'The client by hand, NATS JetStream'],
      ['relay.jetstream.leftfold', 'Leftfold: a relay, NATS JetStream'],
    ],
  },
  {
    title: 'Handling messages of RabbitMQ',
    rate: 'messages/s',
    rows: [
      ['consumer.loop', 'By hand: consume, insert, acknowledge'],
      ['consumer.leftfold', 'Leftfold: a consumer, each effect once'],
      ['consumer.awaited', 'Leftfold: handlers that await statements'],
    ],
  },
  {
    title: 'Processes: one command for each instance',
    rate: 'commands/s',
    rows: [
      ['process.commands.1', 'By hand: one command after another'],
      ['process.commands.10', 'By hand: 10 in flight'],
      ['process.step', 'Leftfold: for an event in the log'],
      ['process.deadlines.due', 'Leftfold: for a deadline that is due'],
      ['process.deadlines.none', 'Leftfold: idle, no deadlines'],
      ['process.deadlines.open', 'Leftfold: idle, 100,000 open deadlines'],
    ],
  },
  {
    title: 'From append to the effect of its message in another service, idle',
    rate: 'messages/s',
    rows: [['relay.idle', 'Leftfold, by RabbitMQ']],
  },
  {
    title: 'A projection with two slices, whose fold takes CPU',
    rate: 'events/s',
    rows: [
      ['slices.one', 'Leftfold, one process'],
      ['slices.two', 'Leftfold, two processes'],
    ],
  },
  {
    title: 'A process with many projections, and no events',
    rate: 'statements/s',
    rows: [
      ['idle.100', 'Leftfold, 100 projections'],
      ['idle.32x16', 'Leftfold, 32 projections of 16 slices each'],
    ],
  },
  {
    title: 'A small log and a large one',
    rate: 'events/s',
    rows: [
      ['flat.100k.append', 'Leftfold: 64 appenders, 100 thousand events in the log'],
      ['flat.10m.append', 'Leftfold: 64 appenders, 10 million events in the log'],
      ['flat.100k.read', 'Leftfold: reading streams, 100 thousand events in the log'],
      ['flat.10m.read', 'Leftfold: reading streams, 10 million events in the log'],
    ],
  },
];

const words = new Map(sections.flatMap(({ rows }) => rows));

/** What a workload is called on the page; its name when the page has no words for it. */
export function wordsFor(workload: string): string {
  const [, rows, connections] = /^append\.bulk\.(\d+)x(\d+)$/.exec(workload) ?? [];
  if (rows !== undefined) return `${Number(rows).toLocaleString('en-US')} rows, connections: ${connections}`;
  return words.get(workload) ?? workload;
}

/** The sections, and in them the workloads that were measured. Each workload is in one. */
export function sectionsOf(measured: readonly string[]): readonly Section[] {
  const bulk = measured.filter((workload) => workload.startsWith('append.bulk.'));
  const others = measured.filter((workload) => !words.has(workload) && !bulk.includes(workload));
  const named = (names: readonly string[]) => names.map((name) => [name, wordsFor(name)] as const);
  return [
    ...sections.map((section) => ({
      ...section,
      rows: section.rows.filter(([workload]) => measured.includes(workload)),
    })),
    { title: 'Bulk INSERT by hand, each size', rate: 'events/s', rows: named(bulk) },
    { title: 'Other workloads', rate: 'per second', rows: named(others) },
  ].filter(({ rows }) => rows.length > 0);
}

/** The unit of a figure, by the end of its name. */
export function unitOf(figure: string): string {
  if (figure.endsWith('Ms')) return 'ms';
  if (figure.endsWith('Mb')) return 'MB';
  if (figure.endsWith('Percent')) return '% of a core';
  if (figure.endsWith('statementsPerSecond')) return 'statements/s';
  return figure.endsWith('eventsPerSecond') ? 'events/s' : 'per second';
}
