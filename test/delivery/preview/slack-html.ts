import type { Block, SlackPayload } from '../../../src/delivery/slack/payload.ts';

/** What Slack makes of a payload, near enough to see whether it reads well. Fetches nothing. */
export function slackHtmlOf({ text, blocks }: SlackPayload, now: string): string {
  const body =
    blocks === undefined || blocks.length === 0
      ? `<div class="section">${mrkdwnHtmlOf(text)}</div>`
      : blocks.map(blockHtmlOf).join('\n');
  return `<div class="slack"><div class="avatar">C</div><div class="body">
<div class="who"><b>Cronflow</b> <span class="app">APP</span> <span class="at">${now}</span></div>
${body}</div></div>`;
}

function blockHtmlOf(block: Block): string {
  switch (block.type) {
    case 'header':
      return `<div class="header">${escapeHtml(block.text.text)}</div>`;
    case 'context':
      return `<div class="context">${block.elements.map(({ text }) => `<span>${mrkdwnHtmlOf(text)}</span>`).join('')}</div>`;
    default:
      if (!('fields' in block)) return `<div class="section">${mrkdwnHtmlOf(block.text.text)}</div>`;
      return `<div class="fields">${block.fields.map(({ text }) => `<div>${mrkdwnHtmlOf(text)}</div>`).join('')}</div>`;
  }
}

/** Slack's markup as HTML. `&`, `<` and `>` of the text are entities there already. */
function mrkdwnHtmlOf(text: string): string {
  return text
    .split(/(```[\s\S]*?```)/)
    .map((part) => {
      const code = /^```\n?([\s\S]*?)\n?```$/.exec(part);
      return code === null ? inlineHtmlOf(part) : `<pre>${code[1]}</pre>`;
    })
    .join('');
}

function inlineHtmlOf(text: string): string {
  return text
    .replaceAll(/<(https?:[^|>]*)\|([^>]*)>/g, '<a href="$1">$2</a>')
    .replaceAll(/<(?:!subteam\^|[@!])([A-Za-z0-9]+)>/g, '<span class="mention">@$1</span>')
    .replaceAll(/(^|[\s(])\*([^*\n]+)\*(?=$|[\s).,:])/gm, '$1<b>$2</b>')
    .replaceAll(/(^|\s)~([^~\n]+)~(?=$|\s)/gm, '$1<s>$2</s>')
    .replaceAll('\n', '<br>');
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
