import { defineConfig } from 'vitepress';
import { nav, sidebar } from './contents.ts';
import { breakCode, indentLines, inlineCharts, labelCells } from './markdown.ts';
import { linkTests } from './test-links.ts';

// The site serves all its files itself, without fonts, scripts or search of another host.
export default defineConfig({
  lang: 'en',
  title: 'Leftfold',
  description: 'Event sourcing with CQRS projections for TypeScript on PostgreSQL.',
  srcExclude: ['node_modules/**', 'test/**'],
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/logo.svg' }]],
  markdown: {
    codeTransformers: [indentLines],
    config: (md) => {
      breakCode(md);
      inlineCharts(md);
      labelCells(md);
      linkTests(md);
    },
  },
  themeConfig: {
    logo: '/logo.svg',
    search: { provider: 'local' },
    outline: [2, 3],
    notFound: {
      title: 'Page not found',
      quote: 'There is no page at this address. The menu and the search lead to all of them.',
      linkText: 'To the landing page',
      linkLabel: 'to the landing page',
    },
    nav,
    sidebar,
  },
});
