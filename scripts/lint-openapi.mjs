/**
 * Holds the description of the HTTP API, as the service gives it out, against the rules of a public linter (Redocly, its
 * strict set). Prints what it finds, and ends with 1 where that is anything. The library is used and not its command,
 * which asks the internet for newer versions. It needs the built program.
 */
import { fileURLToPath } from 'node:url';
import { createConfig, lintFromString } from '@redocly/openapi-core';

/**
 * @param {object} document the description
 * @returns {Promise<string[]>} one line for each finding
 */
export async function findings(document) {
  const config = await createConfig({
    extends: ['recommended-strict'],
    rules: {
      'operation-4xx-problem-details-rfc7807': 'off',
      'no-invalid-media-type-examples': 'error',
      'no-invalid-schema-examples': 'error',
      'no-invalid-parameter-examples': 'error',
      'parameter-description': 'error',
      'tag-description': 'error',
      'operation-singular-tag': 'error',
      'path-not-include-query': 'error',
    },
  });
  const source = JSON.stringify(document);
  const problems = await lintFromString({ source, absoluteRef: '/openapi.json', config });
  return problems.map(
    ({ ruleId, message, location: [place] }) => `${place?.pointer}: ${message} (${ruleId})`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { readOpenApi } = await import('../dist/http/openapi.js');
  const found = await findings(readOpenApi('0.0.0'));
  for (const line of found) console.error(line);
  process.exitCode = found.length === 0 ? 0 : 1;
}
