// Backend: a program of the host's that calls the HTTP API. It knows openapi.json, and holds every
// answer against it: an undocumented status, or a body that is not as its schema says, is an error.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { faults, resolve } from './schema.mjs';

const kFile = new URL('../../../examples/helpdesk/openapi.json', import.meta.url);
export const kText = readFileSync(kFile, 'utf8');
export const kDocument = JSON.parse(kText);
const kMethods = ['get', 'post', 'put', 'patch', 'delete'];

/** Each call that there is: {method, path, operation, open}. */
export const kCalls = Object.entries(kDocument.paths).flatMap(([path, item]) =>
  kMethods
    .filter((method) => item[method])
    .map((method) => ({
      method: method.toUpperCase(),
      path,
      operation: item[method],
      open: item[method].security?.length === 0,
    })),
);

export const nameOf = ({ method, path }) => `${method} ${path}`;
/** The path with something for each {parameter}. */
export const fill = (path, value) => path.replace(/\{\w+\}/g, encodeURIComponent(value));

function callOf(method, path) {
  const fits = (pattern) =>
    new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}$`).test(path.split('?')[0]);
  // The one with the fewest parameters, as the server has it.
  return kCalls
    .filter((call) => call.method === method && fits(call.path))
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
}

export class Backend {
  seen = new Set(); // 'GET /api/… 200'

  /** Of a fixture, whose server may be still to come. */
  constructor(of) {
    this.of = of;
  }
  get token() {
    return this.of.desk.token('supervisor', 'backend', { aud: 'api' });
  }

  get(path, options) {
    return this.call('GET', path, options);
  }
  post(path, body, options) {
    return this.call('POST', path, { body, ...options });
  }
  patch(path, body, options) {
    return this.call('PATCH', path, { body, ...options });
  }

  /** Resolves to {status, headers, type, text, body}; `body` is what JSON there is. */
  async call(method, path, { body, token = this.token, headers = {}, expected } = {}) {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const fields = { ...(token && { Authorization: `Bearer ${token}` }), ...headers };
    const answer = await this.#send(method, path, fields, text);
    this.#check(method, path, answer);
    if (expected) assert.equal(answer.status, expected, `${method} ${path}: ${answer.text}`);
    return answer;
  }

  #send(method, path, headers, text) {
    // What asks first needs no body where it is refused.
    const asks = 'Expect' in headers;
    if (text !== undefined) headers['Content-Length'] = Buffer.byteLength(text);
    return new Promise((resolve, reject) => {
      const call = request(`${this.of.desk.pages}${path}`, { method, headers }, (response) => {
        let got = '';
        response.setEncoding('utf8');
        response.on('data', (part) => (got += part));
        response.on('error', reject);
        response.on('end', () => {
          const type = (response.headers['content-type'] ?? '').split(';')[0];
          const body = /json$/.test(type) && got ? JSON.parse(got) : undefined;
          resolve({ status: response.statusCode, headers: response.headers, type, text: got, body });
        });
      });
      call.on('error', reject);
      if (asks) call.on('continue', () => call.end(text)).flushHeaders();
      else call.end(text);
    });
  }

  #check(method, path, { status, type, body, text }) {
    const call = callOf(method, path);
    if (!call) return; // a test looks at these by itself
    const what = `${nameOf(call)} ${status}`;
    const { responses } = call.operation;
    let response = responses[status] ?? responses.default;
    assert.ok(response, `${what} is not documented`);
    if (response.$ref) response = resolve(kDocument, response.$ref);
    this.seen.add(what);
    assert.deepEqual([type], Object.keys(response.content), `${what}: ${text}`);
    const { schema } = response.content[type];
    if (body !== undefined) assert.deepEqual(faults(kDocument, schema, body), [], `${what}: ${text}`);
    if (type.endsWith('problem+json')) assert.equal(body.status, status);
  }

  /** All pages of a list, of `limit` items each. */
  async all(path, name, limit) {
    const items = [];
    for (let after = ''; ; ) {
      const more = after && `&after=${encodeURIComponent(after)}`;
      const joint = path.includes('?') ? '&' : '?';
      const { body } = await this.get(`${path}${joint}limit=${limit}${more}`, { expected: 200 });
      assert.ok(body[name].length <= limit);
      items.push(...body[name]);
      if (body.next === undefined) return items;
      after = body.next;
    }
  }
}
