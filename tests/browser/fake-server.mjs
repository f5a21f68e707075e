// A stand-in for the example's server, to work on the pages and on the tests without it: the same
// pages, /demo/token and /ws, served by a FakeHub. It takes the same options, and survives kill -9
// like the real one.
//
//   KEFU_NODE_DIR=<folder with node_modules> node fake-server.mjs --port 8080 --data /some/folder

import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FakeHub } from './fake-hub.mjs';
import { requireFrom } from './packages.mjs';

const { WebSocketServer } = requireFrom('ws');
const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    data: { type: 'string' },
    demo: { type: 'boolean' },
  },
});
const WEB = fileURLToPath(new URL('../../examples/helpdesk/web/', import.meta.url));
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'";

const file = options.data && join(options.data, 'hub.json');
const hub = new FakeHub({
  newId: randomUUID,
  authenticate: (token) => JSON.parse(token),
  save: (state) => {
    if (!file) return;
    writeFileSync(`${file}.new`, JSON.stringify(state));
    renameSync(`${file}.new`, file);
  },
});
if (options.data) mkdirSync(options.data, { recursive: true });
try {
  hub.load(JSON.parse(readFileSync(file, 'utf8')));
} catch {
  // the first start
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/demo/token') {
    const token = JSON.stringify({
      id: url.searchParams.get('id'),
      role: url.searchParams.get('role'),
    });
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(
      JSON.stringify({ token, expires_at: new Date(Date.now() + 3_600_000).toISOString() }),
    );
  }
  try {
    const path = normalize(url.pathname === '/' ? '/index.html' : url.pathname);
    const body = readFileSync(join(WEB, path));
    response.writeHead(200, {
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
      'cache-control': 'no-cache',
    });
    return response.end(body);
  } catch {
    // The fallback of the client is not served here, as by a server of a version before it.
    return response.writeHead(url.pathname === '/events' ? 503 : 404).end();
  }
});

const sockets = new WebSocketServer({
  server,
  path: '/ws',
  handleProtocols: (offered) => offered.has('kefu.v1') && 'kefu.v1',
});
sockets.on('connection', (socket) => {
  const link = hub.connect({
    send: (frames) => socket.send(JSON.stringify(frames.length === 1 ? frames[0] : frames)),
    close: (code) => socket.close(code),
  });
  socket.on('message', (data) => link.message([JSON.parse(data)].flat()));
  socket.on('close', () => link.closed());
});
server.listen(Number(options.port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
