import { defineConfig } from 'vitepress';

const guides = [
  { text: 'Event store', link: '/guides/event-store' },
  { text: 'Commands', link: '/guides/commands' },
  { text: 'Projections', link: '/guides/projections' },
  { text: 'The app', link: '/guides/leftfold' },
  { text: 'Testing', link: '/guides/testing' },
  { text: 'Embedded PostgreSQL', link: '/guides/embedded' },
];

const decisions = [
  { text: '1 Global order', link: '/decisions/0001-global-order' },
  { text: '2 Positions are numbers', link: '/decisions/0002-number-for-positions' },
  { text: '3 Leases are rows', link: '/decisions/0003-leases-as-rows' },
  { text: '4 Ids from the command id', link: '/decisions/0004-event-ids-from-the-command-id' },
  { text: '5 Group commit', link: '/decisions/0005-group-commit' },
  { text: '6 A schema per version', link: '/decisions/0006-a-schema-per-projection-version' },
  { text: '7 kysely is a peer', link: '/decisions/0007-kysely-as-a-peer' },
  { text: '8 Where the time goes', link: '/decisions/0008-where-the-time-goes' },
  { text: '9 Conditions on tags', link: '/decisions/0009-conditions-on-tags' },
  { text: '10 Tools', link: '/decisions/0010-tools' },
];

const reference = [
  { text: 'leftfold', link: '/reference/leftfold' },
  { text: '@leftfold/core', link: '/reference/core' },
  { text: '@leftfold/event-store', link: '/reference/event-store' },
  { text: '@leftfold/commands', link: '/reference/commands' },
  { text: '@leftfold/projections', link: '/reference/projections' },
  { text: '@leftfold/postgres', link: '/reference/postgres' },
  { text: '@leftfold/testing', link: '/reference/testing' },
  { text: '@leftfold/embedded', link: '/reference/embedded' },
];

// Everything is served from the site itself: no font, script or search of another host.
export default defineConfig({
  lang: 'en',
  title: 'Leftfold',
  description: 'Event sourcing with CQRS projections for TypeScript on PostgreSQL.',
  srcExclude: ['node_modules/**', 'test/**'],
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/logo.svg' }]],
  themeConfig: {
    logo: '/logo.svg',
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Getting started', link: '/getting-started' },
      { text: 'Guides', items: guides },
      { text: 'Operating', link: '/operating' },
      { text: 'Guarantees', link: '/guarantees' },
      { text: 'Reference', items: reference },
    ],
    sidebar: [
      {
        text: 'Begin',
        items: [
          { text: 'What it is', link: '/' },
          { text: 'Getting started', link: '/getting-started' },
          { text: 'Concepts', link: '/concepts' },
        ],
      },
      { text: 'Guides', items: guides },
      {
        text: 'In production',
        items: [
          { text: 'Operating', link: '/operating' },
          { text: 'Benchmarks', link: '/benchmarks' },
          { text: 'Limits', link: '/limits' },
          { text: 'Errors', link: '/errors' },
        ],
      },
      {
        text: 'What holds',
        items: [
          { text: 'Guarantees', link: '/guarantees' },
          { text: 'Glossary', link: '/glossary' },
        ],
      },
      { text: 'Decisions', collapsed: true, items: decisions },
      { text: 'Reference', collapsed: true, items: reference },
    ],
  },
});
