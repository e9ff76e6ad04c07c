// The default theme with the fonts of the reader's own system. The site's own style comes after it, to prevail.
export { default } from 'vitepress/theme-without-fonts';

import './site.css';
