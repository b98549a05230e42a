import { withoutVariables } from '../core/text/without-variables.ts';
import { readAsset } from './assets.ts';
import { openApiDocument } from './openapi-document.ts';

type Node = Record<string, unknown>;

const CONFIG_SCHEMA = 'cronflow.schema.json';
/** The keys of the schema of the configuration that only editors and messages read. OpenAPI knows none of them. */
const EDITOR_KEYS: ReadonlySet<string> = new Set(['errorMessage', 'patternErrorMessage', 'defaultSnippets']);
const CONFIG_REF = /^(?:cronflow\.schema\.json)?#\/definitions\/(\w+)$/;

/**
 * Returns `schemas/openapi.yaml` as an object, with the version that is running. The definitions that it takes from
 * the schema of the configuration are added as components of their own. So a declaration is described only once.
 */
export function readOpenApi(version: string): object {
  const document = openApiDocument() as {
    info: Node;
    components: { schemas: Node };
  };
  // Over the API, `${VAR}` is plain text.
  const schema = withoutVariables(JSON.parse(readAsset(`schemas/${CONFIG_SCHEMA}`)));
  const { definitions } = schema as { definitions: Node };
  const brought: Node = {};
  const bundled = bundle(document, definitions, brought) as typeof document;
  return {
    ...bundled,
    info: { ...bundled.info, version },
    components: { ...bundled.components, schemas: { ...bundled.components.schemas, ...brought } },
  };
}

/**
 * Returns a copy in which references to the schema of the configuration lead to components, which it adds to
 * `brought`.
 */
function bundle(value: unknown, definitions: Node, brought: Node): unknown {
  if (Array.isArray(value)) return value.map((item) => bundle(item, definitions, brought));
  if (typeof value !== 'object' || value === null) return value;
  const known = Object.entries(value).filter(([key]) => !EDITOR_KEYS.has(key));
  const entries = known.map(([key, item]): [string, unknown] => {
    const name = key === '$ref' ? CONFIG_REF.exec(String(item))?.[1] : undefined;
    if (name === undefined) return [key, bundle(item, definitions, brought)];
    const component = `declaration.${name}`;
    if (!(component in brought)) {
      if (!(name in definitions)) throw new Error(`${CONFIG_SCHEMA} defines no ${name}`);
      // The component is entered before its content is read, because a definition may lead back to itself.
      brought[component] = {};
      brought[component] = bundle(definitions[name], definitions, brought);
    }
    return [key, `#/components/schemas/${component}`];
  });
  return Object.fromEntries(entries);
}
