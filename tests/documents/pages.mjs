// Pages: every document of the repository, taken apart: headings, fenced blocks, tables, links, words of
// code.

import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const kRoot = fileURLToPath(new URL('../../', import.meta.url));

/** Every file below a folder with one of these endings, as paths from the root. */
export function filesBelow(folder, ...endings) {
  return readdirSync(join(kRoot, folder), { withFileTypes: true })
    .filter(({ name }) => !/^(build|node_modules)$|^\.(?!ci$)|-data$/.test(name))
    .flatMap((one) => {
      const path = join(folder, one.name);
      if (one.isDirectory()) return filesBelow(path, ...endings);
      return endings.some((ending) => one.name.endsWith(ending)) ? [path] : [];
    });
}

export const textOf = (path) => readFileSync(join(kRoot, path), 'utf8');

/** The anchor that readers of Markdown give to a heading. */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');

/** {path, headings: [{level, text, anchor}], fences: [{line, info, text}], rows, links, code} */
export function readPage(path) {
  const page = { path, headings: [], fences: [], rows: [], links: [], code: [] };
  let fence = null;
  textOf(path)
    .split('\n')
    .forEach((text, index) => {
      const line = index + 1;
      const mark = text.match(/^\s*```(.*)$/);
      if (mark && fence) {
        page.fences.push(fence);
        fence = null;
      } else if (mark) {
        fence = { line, info: mark[1].trim(), text: '', under: page.headings.at(-1)?.text };
      } else if (fence) {
        fence.text += `${text}\n`;
      } else {
        readLine(page, text, line);
      }
    });
  if (fence) throw new Error(`${path}:${fence.line}: a block that nothing ends`);
  return page;
}

function readLine(page, text, line) {
  const heading = text.match(/^(#+) (.*)$/);
  if (heading)
    page.headings.push({ level: heading[1].length, text: heading[2], anchor: anchorOf(heading[2]) });
  if (text.startsWith('|')) page.rows.push({ line, cells: text.split('|').slice(1, -1) });
  for (const [, code] of text.matchAll(/`([^`]+)`/g)) page.code.push({ line, text: code });
  const prose = text.replace(/`[^`]*`/g, (code) => 'x'.repeat(code.length));
  for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) page.links.push({ line, target });
}

export const kPages = filesBelow('.', '.md').map(readPage);
export const pageAt = (path) => kPages.find((page) => page.path === path);
export const pathFrom = (page, target) => relative('.', join(page.path, '..', target)) || '.';
