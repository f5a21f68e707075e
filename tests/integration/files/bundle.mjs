// The clients for a page: tus-js-client and Uppy, as one script that leaves them in `window`, and a
// server of another origin for that page and the files that it sends.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { requireFrom } from '../ws/packages.mjs';

const SOURCE = `
  import Uppy from '@uppy/core';
  import UppyTus from '@uppy/tus';
  import * as tus from 'tus-js-client';
  Object.assign(window, { Uppy, UppyTus, tus });
`;

/** Serves the page at / and each of `files` (name → bytes); resolves to {base, close}. */
export async function servePage(files) {
  const esbuild = requireFrom('esbuild');
  const { outputFiles } = await esbuild.build({
    stdin: { contents: SOURCE, resolveDir: join(process.env.KEFU_NODE_DIR) },
    bundle: true,
    write: false,
    format: 'iife',
    loader: { '.css': 'empty' },
  });
  const answers = new Map([
    ['/', ['text/html', '<!doctype html><title>uploads</title><script src="clients.js"></script>']],
    ['/clients.js', ['text/javascript', outputFiles[0].contents]],
    ...Object.entries(files).map(([name, bytes]) => [
      `/${name}`,
      ['application/octet-stream', bytes],
    ]),
  ]);
  const server = createServer(({ url }, response) => {
    const [type, body] = answers.get(url) ?? [];
    response.writeHead(type ? 200 : 404, { 'content-type': type ?? 'text/plain' }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    base: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
