import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DefaultTheme } from 'vitepress';

const docs = fileURLToPath(new URL('../', import.meta.url));
const packages = fileURLToPath(new URL('../../packages/', import.meta.url));

const introduction = [
  { text: 'What it is', link: '/' },
  { text: 'Getting started', link: '/getting-started' },
  { text: 'Concepts', link: '/concepts' },
  { text: 'Glossary', link: '/glossary' },
  { text: 'Comparison', link: '/comparison' },
];

const guides = [
  { text: 'Event store', link: '/guides/event-store' },
  { text: 'Commands', link: '/guides/commands' },
  { text: 'Decisions', link: '/guides/decisions' },
  { text: 'Projections', link: '/guides/projections' },
  { text: 'Reading your own writes', link: '/guides/reading' },
  { text: 'Verifying read models', link: '/guides/verifying' },
  { text: 'Reactions', link: '/guides/reactions' },
  { text: 'Processes', link: '/guides/processes' },
  { text: 'Sagas', link: '/guides/sagas' },
  { text: 'Messages', link: '/guides/messages' },
  { text: 'Relays', link: '/guides/relays' },
  { text: 'Consumers', link: '/guides/consumers' },
  { text: 'Brokers', link: '/guides/brokers' },
  { text: 'Published language', link: '/guides/published-language' },
  { text: 'Evolution of events', link: '/guides/evolution' },
  { text: 'Deploying', link: '/guides/deploying' },
  { text: 'The app', link: '/guides/leftfold' },
  { text: 'HTTP', link: '/guides/http' },
  { text: 'Testing', link: '/guides/testing' },
  { text: 'Embedded PostgreSQL', link: '/guides/embedded' },
];

const production = [
  { text: 'Operating', link: '/operating' },
  { text: 'Guarantees', link: '/guarantees' },
  { text: 'Benchmarks', link: '/benchmarks' },
  { text: 'Limits', link: '/limits' },
  { text: 'Errors', link: '/errors' },
];

/** A page for each package, the app first. The list is that of the packages, since their pages are generated. */
const reference = readdirSync(packages)
  .toSorted(
    (one, other) => Number(other === 'leftfold') - Number(one === 'leftfold') || one.localeCompare(other),
  )
  .map((folder) => ({ text: nameOf(folder), link: `/reference/${folder}` }));

/** `# 1. Global order` in the file `0001-global-order.md` is shown as `1. Global order`. */
const decisions = readdirSync(`${docs}decisions`)
  .filter((file) => /^\d{4}-.*\.md$/.test(file))
  .toSorted((one, other) => one.localeCompare(other))
  .map((file) => ({
    text: /^# (.*)$/m.exec(readFileSync(`${docs}decisions/${file}`, 'utf8'))?.[1] ?? file,
    link: `/decisions/${file.replace(/\.md$/, '')}`,
  }));

/** The landing page has no sidebar, so the navigation links to every page except the decisions. */
export const nav: DefaultTheme.NavItem[] = [
  { text: 'Getting started', link: '/getting-started' },
  { text: 'Guides', items: guides },
  { text: 'Production', items: production },
  { text: 'Comparison', link: '/comparison' },
  {
    text: 'Reference',
    items: [
      { text: 'Concepts', link: '/concepts' },
      { text: 'Glossary', link: '/glossary' },
      { text: 'Packages', items: reference },
    ],
  },
];

export const sidebar: DefaultTheme.SidebarItem[] = [
  { text: 'Introduction', items: introduction },
  { text: 'Guides', items: guides },
  { text: 'Production', items: production },
  { text: 'Reference', collapsed: true, items: reference },
  { text: 'Decisions', collapsed: true, items: decisions },
];

function nameOf(folder: string): string {
  const manifest: unknown = JSON.parse(readFileSync(`${packages}${folder}/package.json`, 'utf8'));
  return (manifest as { readonly name: string }).name;
}
