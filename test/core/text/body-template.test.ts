import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fill, formatOf, partsOf, templateFault } from '../../../src/core/text/body-template.ts';

const values = {
  title: 'FAILED "backup"\nof <a & b>',
  output: null,
  incident: { bad_count: 3, kinds: ['failure', 'missed'] },
  job: { name: 'backup', tags: [] },
};
const known = ['title', 'output', 'incident', 'incident.bad_count', 'incident.kinds', 'job', 'job.name'];

function filled(template: string, contentType = 'application/json'): string {
  return fill(partsOf(template), formatOf(contentType), values);
}

describe('a template', () => {
  test.each([
    ['{"a": "{{title}}"}', '{"a": "FAILED \\"backup\\"\\nof <a & b>"}'],
    ['{"a": "{{ job.name }}: {{title}}"}', '{"a": "backup: FAILED \\"backup\\"\\nof <a & b>"}'],
    ['{"a": {{title}}}', '{"a": "FAILED \\"backup\\"\\nof <a & b>"}'],
    ['{"a": {{incident.bad_count}}}', '{"a": 3}'],
    ['{"a": "{{incident.bad_count}}"}', '{"a": "3"}'],
    ['{"a": {{incident.kinds}}}', '{"a": ["failure","missed"]}'],
    ['{"a": "{{incident.kinds}}"}', '{"a": "failure, missed"}'],
    ['{"a": {{job}}}', '{"a": {"name":"backup","tags":[]}}'],
    ['{"a": {{output}}, "b": "{{output}}"}', '{"a": null, "b": ""}'],
    ['{"a\\"b": {{incident.bad_count}}}', '{"a\\"b": 3}'],
  ])('%s is JSON with values in their places', (template, expected) => {
    expect(templateFault(template, 'json', known)).toBeNull();
    expect(filled(template)).toBe(expected);
    JSON.parse(expected);
  });

  test('escapes values in forms and in XML, and not in plain text', () => {
    expect(filled('text={{title}}&job={{job.name}}', 'application/x-www-form-urlencoded')).toBe(
      'text=FAILED%20%22backup%22%0Aof%20%3Ca%20%26%20b%3E&job=backup',
    );
    expect(filled('<t a="{{title}}"/>', 'text/xml; charset=utf-8')).toBe(
      '<t a="FAILED &#34;backup&#34;\nof &#60;a &#38; b&#62;"/>',
    );
    expect(filled('{{title}}!', 'text/plain')).toBe(`${values.title}!`);
  });

  test.each([
    ['{"a": "{{titel}}"}', { kind: 'unknown_placeholder', path: 'titel' }],
    ['{"a": "{{job name}}"}', { kind: 'bad_placeholder', shown: '{{job name}}' }],
    ['{"a": "{{title"}', { kind: 'bad_placeholder', shown: '{{title"}' }],
    ['{"a": {{title}}', { kind: 'bad_json' }],
    ['{\n"a": "x",\n"b": "{{title}}",\n}', { kind: 'bad_json', line: 4 }],
    ['{"a": "\\{{title}}"}', { kind: 'bad_json' }],
    ['{"a": "\\u00{{title}}"}', { kind: 'bad_json' }],
    ['{ {{title}}: 1 }', { kind: 'bad_json' }],
  ])('%s is refused', (template, fault) => {
    expect(templateFault(template, 'json', known)).toMatchObject(fault);
  });

  test('is not held to JSON where its media type is another', () => {
    expect(templateFault('{"a": {{title}}', 'text', known)).toBeNull();
  });

  test('reaches nothing that is not in the values themselves', () => {
    expect(filled('{{constructor}}{{title.length}}{{job.toString}}', 'text/plain')).toBe('');
  });

  test('that is accepted makes valid JSON of any value', () => {
    const placeholder = fc.constantFrom('{{title}}', '{{incident.bad_count}}', '{{job}}');
    const inQuotes = fc.oneof(placeholder, fc.constantFrom('\\"', '\\\\', 'a', '{ ', '\\u0041'));
    const quoted = fc.array(inQuotes, { maxLength: 6 }).map((pieces) => `"${pieces.join('')}"`);
    const items = fc.array(fc.oneof(quoted, placeholder), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(items, fc.string({ unit: 'binary' }), (texts, title) => {
        const template = `[${texts.join(', ')}]`;
        expect(templateFault(template, 'json', known)).toBeNull();
        expect(JSON.parse(fill(partsOf(template), 'json', { ...values, title }))).toHaveLength(texts.length);
      }),
      { numRuns: 300 },
    );
  });
});
