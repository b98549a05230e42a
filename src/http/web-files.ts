import { readdirSync, readFileSync } from 'node:fs';
import { packageFile, readAsset } from './assets.ts';

/** A script, style or picture of the dashboard, with what the build compressed it to. */
export interface WebFile {
  type: string;
  plain: Buffer;
  br: Buffer;
  gzip: Buffer;
}

/** The dashboard as `scripts/build-web.mjs` has made it. */
export interface WebFiles {
  /** The text of the page, the same for every screen. */
  page: string;
  /** The files that the page names. A name has a hash of the content in it, so what it stands for never changes. */
  files: ReadonlyMap<string, WebFile>;
}

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};
const FOLDER = 'dist/web/assets/';

/** Reads the dashboard, once, at the start. */
export function readWebFiles(): WebFiles {
  const names = readdirSync(packageFile(FOLDER)).filter((name) => !/\.(?:br|gz)$/.test(name));
  const read = (name: string): Buffer => readFileSync(packageFile(`${FOLDER}${name}`));
  const files = names.map((name): [string, WebFile] => [
    name,
    {
      type: TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
      plain: read(name),
      br: read(`${name}.br`),
      gzip: read(`${name}.gz`),
    },
  ]);
  return { page: readAsset('dist/web/page.html'), files: new Map(files) };
}
