/** Writes what a job declares as YAML, as it would stand in a file. */
export function yamlOf(name: string, declared: object): string {
  const lines = Object.entries(declared).flatMap(([key, value]) => entry(key, value, 4));
  return lines.length === 0 ? `  ${name}: {}` : [`  ${name}:`, ...lines].join('\n');
}

function entry(key: string, value: unknown, indent: number): string[] {
  const pad = ' '.repeat(indent);
  if (Array.isArray(value)) {
    if (value.every((each) => typeof each !== 'object'))
      return [`${pad}${key}: [${value.map(scalar).join(', ')}]`];
    return [`${pad}${key}:`, ...value.map((each) => `${pad}  - ${flow(each)}`)];
  }
  if (typeof value === 'object' && value !== null) {
    const inner = Object.entries(value).flatMap(([name, each]) => entry(name, each, indent + 2));
    return [`${pad}${key}:`, ...inner];
  }
  return [`${pad}${key}: ${scalar(value)}`];
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return scalar(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${key}: ${flow(each)}`)
    .join(', ')}}`;
}

/** Writes a text without quotes where nothing in it means anything to YAML. */
function scalar(value: unknown): string {
  const text = String(value);
  if (typeof value !== 'string') return text;
  const isPlain = /^[a-z][\w ./-]*$/i.test(text) && !/^(?:true|false|yes|no|on|off|null)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}
