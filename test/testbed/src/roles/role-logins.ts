import type { TestDatabase } from '@leftfold/testing/postgres';
import { type AnyProjection, createApp, rightsScript } from 'leftfold';
import { Client } from 'pg';

/** `process` is an app that runs projections as well; `guest` is a role that may only connect. */
export type RoleKind = 'owner' | 'app' | 'projector' | 'process' | 'reader' | 'operator' | 'guest';

/** What is granted, beside the functions of the log. */
export interface GrantOptions {
  /** @default 'leftfold' */
  readonly schema?: string;
  readonly projections?: readonly AnyProjection[];
  readonly revokeAdvisoryLocks?: boolean;
}

/** Logins for the roles of the rights script. Disposing of them drops the roles and what they own. */
export interface RoleLogins extends AsyncDisposable {
  /** Connection string of a login that has one role. That of the owner acts as the owner. */
  urlOf(kind: RoleKind): string;
  /** The names of the roles, as the rights script takes them. */
  readonly roles: Readonly<Record<'owner' | 'app' | 'projector' | 'reader' | 'operator', string>>;
  /** Runs the rights script: before a migration, and after it for what it has made. */
  grant(options?: GrantOptions): Promise<void>;
  /** Creates the log and the tables of projections as the owner, and grants the rights on them. */
  migrate(options?: GrantOptions): Promise<void>;
}

const PASSWORD = 'secret';

const membersOf: Record<RoleKind, readonly (keyof RoleLogins['roles'])[]> = {
  owner: ['owner'],
  app: ['app'],
  projector: ['projector'],
  process: ['app', 'projector'],
  reader: ['reader'],
  operator: ['operator'],
  guest: [],
};

/** Creates roles and logins for one database. Their names begin with that of the database: roles belong to a server. */
export async function createRoleLogins({ name, connectionString }: TestDatabase): Promise<RoleLogins> {
  const prefix = `${name.slice(-12)}_role`.replace(/^[^a-z]/, 'r');
  const named = (kind: string) => `${prefix}_${kind}`;
  const loginOf = (kind: RoleKind) => `${prefix}_${kind}_login`;
  const roles = {
    owner: named('owner'),
    app: named('app'),
    projector: named('projector'),
    reader: named('reader'),
    operator: named('operator'),
  };
  const run = async (statements: string) => {
    const client = new Client({ connectionString });
    await client.connect();
    try {
      await client.query(statements);
    } finally {
      await client.end();
    }
  };
  const logins: RoleLogins = {
    roles,
    urlOf: (kind) => {
      const url = new URL(connectionString);
      url.username = loginOf(kind);
      url.password = PASSWORD;
      if (kind === 'owner') url.searchParams.set('options', `-c role=${roles.owner}`);
      return url.href;
    },
    grant: (options = {}) => run(rightsScript({ ...options, roles })),
    migrate: async (options = {}) => {
      await logins.grant(options);
      const { schema, projections = [] } = options;
      const database = { url: logins.urlOf('owner') };
      const owner = await createApp({ database, schema, projections, subscriptions: { run: false } });
      await owner.close();
      await logins.grant(options);
    },
    [Symbol.asyncDispose]: async () => {
      const names = [
        ...Object.keys(membersOf).map((kind) => loginOf(kind as RoleKind)),
        ...Object.values(roles),
      ];
      await run(names.map((role) => `drop owned by ${role} cascade; drop role ${role};`).join('\n'));
    },
  };
  await run(rightsScript({ roles }));
  await run(
    Object.entries(membersOf)
      .flatMap(([kind, members]) => [
        `create role ${loginOf(kind as RoleKind)} login password '${PASSWORD}';`,
        ...members.map((member) => `grant ${roles[member]} to ${loginOf(kind as RoleKind)};`),
      ])
      .join('\n'),
  );
  return logins;
}
