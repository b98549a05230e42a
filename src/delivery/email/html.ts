import { shorten } from '../message/clean.ts';
import type { Message, MessageField, MessageLink, MessageSection } from '../message/message.ts';
import { escapeHtml } from '../../core/text/html.ts';

/**
 * Text and background keep the colours of the mail program, light or dark. So emphasis is a coloured line, or a shade
 * that suits both.
 */
const COLOURS = { bad: '#d92d20', good: '#16a34a', over: '#d97706' } as const;
const SHADE = 'rgba(127,127,127,0.15)';
const MONOSPACE = 'ui-monospace,Menlo,Consolas,monospace';

/** Writes a message as HTML that loads nothing from elsewhere. */
export function htmlOf(message: Message): string {
  const { title, severity, description, sections, fields, links } = message;
  const body = [
    `<h1 style="font-size:18px;line-height:1.4;margin:0 0 12px;padding-left:10px;border-left:5px solid ${COLOURS[severity]}">${escapeHtml(title)}</h1>`,
    description === null ? '' : `<p style="margin:0 0 12px">${escapeHtml(description)}</p>`,
    ...sections.map(sectionOf),
    fields.length === 0 ? '' : tableOf(fields),
    outputOf(message),
    links.length === 0 ? '' : `<p style="margin:12px 0 0">${links.map(linkOf).join(' &middot; ')}</p>`,
  ].filter((part) => part !== '');
  return [
    '<!DOCTYPE html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">',
    `<meta name="viewport" content="width=device-width"><title>${escapeHtml(shorten(title, 200))}</title></head>`,
    '<body style="font-family:system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5;margin:16px;max-width:760px">',
    ...body,
    '</body></html>',
    '',
  ].join('\n');
}

function sectionOf({ group, lines }: MessageSection): string {
  const heading =
    group === null ? '' : `<h2 style="font-size:15px;margin:16px 0 4px">${escapeHtml(group)}</h2>\n`;
  const each = lines.map(
    ({ what, names }) =>
      `<p style="margin:0 0 8px"><b>${escapeHtml(what)}</b><br>\n${names.map(escapeHtml).join(',\n')}</p>`,
  );
  return heading + each.join('\n');
}

function tableOf(fields: readonly MessageField[]): string {
  const rows = fields.map(
    ({ label, value }) =>
      `<tr><th scope="row" style="text-align:left;vertical-align:top;padding:2px 16px 2px 0;font-weight:600;white-space:nowrap">${escapeHtml(label)}</th>` +
      `<td style="padding:2px 0;overflow-wrap:anywhere">${escapeHtml(value)}</td></tr>`,
  );
  return `<table style="border-collapse:collapse;font-size:14px;margin:0 0 12px">\n${rows.join('\n')}\n</table>`;
}

function outputOf({ output, outputNote }: Message): string {
  if (output === null) return '';
  const note = outputNote === null ? '' : `, ${escapeHtml(outputNote)}`;
  return (
    `<p style="margin:0 0 4px"><b>Output</b>${note}</p>\n` +
    `<pre style="font-family:${MONOSPACE};font-size:13px;line-height:1.45;margin:0;padding:10px;border-radius:4px;background:${SHADE};white-space:pre-wrap;overflow-wrap:anywhere">${escapeHtml(output)}</pre>`
  );
}

function linkOf({ label, text, url }: MessageLink): string {
  if (url === null || !/^https?:/i.test(url)) return `${escapeHtml(label)}: ${escapeHtml(text)}`;
  return `<a href="${escapeHtml(url)}">${escapeHtml(label)}</a>`;
}
