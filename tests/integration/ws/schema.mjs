// Whether a value is what a schema of an OpenAPI 3.1 file says: the part of JSON Schema that our
// file uses, and an error for any other. A member that no schema names is a fault too: it is
// documented, or it is not there.

const kTypes = {
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
};
const kNotes = new Set(['description', 'format', 'default']); // say nothing that is checked here

const kChecks = {
  type: (type, value) => kTypes[type](value) || `is no ${type}`,
  enum: (allowed, value) => allowed.includes(value) || `is not one of ${allowed}`,
  const: (only, value) => value === only || `is not ${only}`,
  pattern: (pattern, value) => new RegExp(pattern, 'u').test(value) || `is not like ${pattern}`,
  minLength: (min, value) => value.length >= min || `is shorter than ${min}`,
  maxLength: (max, value) => value.length <= max || `is longer than ${max}`,
  minimum: (min, value) => value >= min || `is below ${min}`,
  maximum: (max, value) => value <= max || `is above ${max}`,
  maxItems: (max, value) => value.length <= max || `has more than ${max} items`,
  maxProperties: (max, value) => Object.keys(value).length <= max || `has more than ${max} members`,
  required: (names, value) => {
    const missing = names.filter((name) => !(name in value));
    return missing.length === 0 || `lacks ${missing}`;
  },
};

/** What `#/a/b` stands for in the document. */
export function resolve(document, ref) {
  const found = ref
    .replace(/^#\//, '')
    .split('/')
    .reduce((at, name) => at?.[name], document);
  if (found === undefined) throw new Error(`${ref} leads nowhere`);
  return found;
}

/** What is wrong with the value, as texts. */
export function faults(document, schema, value, at = '') {
  const { $ref, properties, additionalProperties, items, ...checks } = schema;
  const found = $ref ? faults(document, resolve(document, $ref), value, at) : [];
  for (const [name, expected] of Object.entries(checks)) {
    if (kNotes.has(name)) continue;
    if (!kChecks[name]) throw new Error(`${at}: a schema says ${name}, which is not known here`);
    const verdict = kChecks[name](expected, value);
    if (verdict === true) continue;
    found.push(`${at || '/'} ${verdict}`);
    if (name === 'type') return found;
  }
  if (items)
    value.forEach((item, i) => found.push(...faults(document, items, item, `${at}/${i}`)));
  if (!properties && !kTypes.object(additionalProperties)) return found;
  for (const [name, member] of Object.entries(value)) {
    const known = properties?.[name] ?? additionalProperties;
    if (known) found.push(...faults(document, known, member, `${at}/${name}`));
    else found.push(`${at}/${name} is not documented`);
  }
  return found;
}
