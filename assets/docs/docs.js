// Shows /openapi.json and sends requests. Text from the server is only ever set as text, never as markup.

/** The path under which a reverse proxy shows this page and the rest of Cronflow. */
const BASE = new URL('..', import.meta.url).pathname.replace(/\/$/, '');
const METHODS = ['post', 'get', 'put', 'patch', 'delete'];

/** An element with properties and children; a string becomes text. */
function h(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Follows a `$ref` inside the document. */
function resolve(spec, node) {
  let found = node;
  while (found?.$ref !== undefined) {
    found = found.$ref
      .slice(2)
      .split('/')
      .reduce((at, key) => at[key], spec);
  }
  return found;
}

function typeOf(spec, schema) {
  const { type, enum: words, minimum, maximum, const: only } = resolve(spec, schema) ?? {};
  if (words !== undefined) return words.filter((word) => word !== null).join(' | ');
  if (only !== undefined) return JSON.stringify(only);
  const from = minimum === undefined ? '' : ` from ${minimum}`;
  const to = maximum === undefined ? '' : ` to ${maximum}`;
  return `${[type ?? 'any'].flat().join(' | ')}${from}${to}`;
}

/** `code` in backquotes, the rest as text. */
function prose(text) {
  return text.split('`').map((part, i) => (i % 2 === 1 ? h('code', {}, part) : part));
}

/** The keys of an object schema, one row each; schemas inside it are named, not unfolded. */
function schemaTable(spec, schema) {
  const whole = resolve(spec, schema);
  if (whole?.type === 'array') return h('div', {}, h('p', {}, 'A list of:'), schemaTable(spec, whole.items));
  const parts = [whole, ...(whole?.allOf ?? []).map((part) => resolve(spec, part))];
  const rows = parts.flatMap((part) =>
    Object.entries(part?.properties ?? {}).map(([key, value]) => {
      const described = resolve(spec, value);
      const isRequired = part.required?.includes(key) === true;
      return h(
        'tr',
        {},
        h('td', {}, h('code', {}, key), isRequired ? '' : ' (optional)'),
        h('td', {}, typeOf(spec, value)),
        h('td', {}, ...prose(value.description ?? described?.description ?? '')),
      );
    }),
  );
  if (rows.length === 0) return h('p', {}, typeOf(spec, schema));
  return h('table', {}, h('tbody', {}, ...rows));
}

function responsesOf(spec, operation) {
  const items = Object.entries(operation.responses).map(([status, reference]) => {
    const response = resolve(spec, reference);
    const [type, media] = Object.entries(response.content ?? {})[0] ?? [];
    const title = `${status === 'default' ? 'error' : status}: ${response.description}${type ? ` (${type})` : ''}`;
    if (media?.schema === undefined) return h('p', {}, ...prose(title));
    return h('details', {}, h('summary', {}, ...prose(title)), schemaTable(spec, media.schema));
  });
  return h('section', {}, h('h4', {}, 'Answers'), ...items);
}

let fieldCount = 0;

function field(label, control, hint) {
  control.id = `field-${(fieldCount += 1)}`;
  return h('p', { className: 'field' }, h('label', { htmlFor: control.id }, label), control, hint);
}

function parameterField(spec, parameter) {
  const schema = resolve(spec, parameter.schema) ?? {};
  const control =
    schema.enum === undefined
      ? h('input', { type: 'text', placeholder: String(schema.default ?? '') })
      : h('select', {}, ...['', ...schema.enum].map((word) => h('option', { value: word }, word)));
  control.name = parameter.name;
  control.required = parameter.required === true;
  control.autocomplete = 'off';
  control.dataset.in = parameter.in;
  const type = schema.enum === undefined ? `${typeOf(spec, schema)}. ` : '';
  const hint = h('small', {}, type, ...prose(parameter.description ?? ''));
  return field(`${parameter.name}${parameter.required ? ' *' : ''}`, control, hint);
}

/** The body's text and type; types that name no real one (`*\/*`) are left out. */
function bodyFields(spec, operation) {
  const body = resolve(spec, operation.requestBody);
  if (body === undefined) return [];
  const types = Object.keys(body.content).filter((type) => !type.includes('*'));
  const example = body.content[types[0]]?.example;
  const text = h('textarea', { name: 'body', rows: 4, spellcheck: false });
  if (example !== undefined) text.value = JSON.stringify(example, null, 2);
  const type = h('select', { name: 'type' }, ...types.map((each) => h('option', { value: each }, each)));
  text.dataset.in = type.dataset.in = 'body';
  return [
    field('Body', text, h('small', {}, ...prose(body.description ?? ''))),
    field('Content-Type', type, null),
    h('details', {}, h('summary', {}, 'Keys of the body'), schemaTable(spec, body.content[types[0]].schema)),
  ];
}

/** The request that a form stands for: fields left empty are not sent. */
function requestOf(method, path, form) {
  const search = new URLSearchParams();
  let address = BASE + path;
  for (const control of form.elements) {
    if (control.dataset.in === 'path') {
      address = address.replace(`{${control.name}}`, encodeURIComponent(control.value));
    } else if (control.dataset.in === 'query' && control.value !== '') {
      search.set(control.name, control.value);
    }
  }
  const query = search.toString();
  const request = { method: method.toUpperCase(), url: query === '' ? address : `${address}?${query}` };
  const body = form.elements.namedItem('body')?.value ?? '';
  if (body === '') return request;
  return { ...request, body, headers: { 'Content-Type': form.elements.namedItem('type').value } };
}

function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function curlOf({ method, url, body, headers }) {
  const parts = ['curl', '-X', method, quoted(new URL(url, location.href).href)];
  if (body !== undefined) {
    parts.push('-H', quoted(`Content-Type: ${headers['Content-Type']}`), '--data-binary', quoted(body));
  }
  return parts.join(' ');
}

async function send(request, output) {
  output.replaceChildren(h('pre', {}, curlOf(request)), h('p', {}, 'Sending ...'));
  try {
    const { url, ...options } = request;
    const answer = await fetch(url, options);
    const text = await answer.text();
    const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    output.lastChild.replaceWith(
      h(
        'p',
        { className: answer.ok ? 'ok' : 'bad' },
        h('strong', {}, `${answer.status} ${answer.statusText}`),
      ),
      h('pre', { className: 'answer' }, pretty(text)),
      h('details', {}, h('summary', {}, 'Headers'), h('pre', {}, headers)),
    );
  } catch (error) {
    output.lastChild.replaceWith(h('p', { className: 'bad' }, `No answer: ${String(error)}`));
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function operationView(spec, path, method, item) {
  const operation = item[method];
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
  const output = h('div', { className: 'output', ariaLive: 'polite' });
  const form = h(
    'form',
    {},
    ...parameters.map((parameter) => parameterField(spec, resolve(spec, parameter))),
    ...bodyFields(spec, operation),
    h('button', { type: 'submit' }, 'Send'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send(requestOf(method, path, form), output);
  });
  return h(
    'details',
    { className: 'operation', id: operation.operationId },
    h(
      'summary',
      {},
      h('span', { className: `method ${method}` }, method.toUpperCase()),
      h('code', {}, path),
      h('span', { className: 'what' }, operation.summary ?? ''),
    ),
    h('p', {}, ...prose(operation.description ?? '')),
    form,
    output,
    responsesOf(spec, operation),
  );
}

function page(spec) {
  const operations = Object.entries(spec.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method] !== undefined).map((method) => ({ path, method, item })),
  );
  const sections = spec.tags.map(({ name, description }) =>
    h(
      'section',
      {},
      h('h2', {}, name),
      h('p', {}, ...prose(description ?? '')),
      ...operations
        .filter(({ item, method }) => item[method].tags.includes(name))
        .map(({ path, method, item }) => operationView(spec, path, method, item)),
    ),
  );
  return [
    h('h1', {}, spec.info.title, ' ', h('small', {}, spec.info.version)),
    h('p', {}, ...prose(spec.info.description ?? '')),
    h('p', {}, h('a', { href: `${BASE}/openapi.json` }, 'openapi.json')),
    ...sections,
  ];
}

async function start() {
  const main = document.querySelector('#docs');
  const answer = await fetch(`${BASE}/openapi.json`);
  if (!answer.ok) throw new Error(`/openapi.json answered ${answer.status}`);
  main.replaceChildren(...page(await answer.json()));
  // Only now is there something that an address such as /docs#post_job can lead to.
  const target = location.hash === '' ? null : document.getElementById(location.hash.slice(1));
  if (target !== null) {
    target.open = true;
    target.scrollIntoView();
  }
}

start().catch((error) => {
  document.querySelector('#state').textContent = `The description cannot be shown: ${error.message}`;
});
