import { htmlOf } from '../../../src/delivery/email/html.ts';
import type { Message } from '../../../src/delivery/message/message.ts';
import { plainTextOf } from '../../../src/delivery/message/plain-text.ts';
import { blocksOf, plainOf } from '../../../src/delivery/slack/blocks.ts';
import { overBlocksOf } from '../../../src/delivery/slack/over.ts';
import { TELLINGS } from '../support/tellings.ts';
import { escapeHtml, slackHtmlOf } from './slack-html.ts';

const STYLE = `
body { margin: 24px; background: #f4f4f5; color: #1d1c1d; font: 15px/1.46 Lato, Helvetica, Arial, sans-serif; }
article { margin: 0 0 40px; }
h2 { font-size: 16px; margin: 0 0 8px; }
.ways { display: flex; flex-wrap: wrap; gap: 16px; align-items: flex-start; }
figure { margin: 0; width: 640px; background: #fff; border: 1px solid #ddd; border-radius: 6px; padding: 12px; box-sizing: border-box; }
figcaption { color: #616061; font-size: 12px; margin: 0 0 8px; }
iframe { width: 100%; height: 640px; border: 0; }
.slack { display: flex; gap: 8px; }
.avatar { flex: none; width: 36px; height: 36px; border-radius: 4px; background: #4a154b; color: #fff; text-align: center; line-height: 36px; font-weight: 900; }
.body { min-width: 0; flex: 1; }
.app { background: #e8e8e8; border-radius: 2px; color: #616061; font-size: 10px; padding: 1px 3px; }
.at, .context { color: #616061; font-size: 12px; }
.header { font-size: 18px; font-weight: 900; line-height: 1.33; margin: 8px 0; overflow-wrap: anywhere; }
.section { margin: 8px 0; overflow-wrap: anywhere; }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; margin: 8px 0; overflow-wrap: anywhere; }
.context { display: flex; flex-wrap: wrap; gap: 4px 12px; margin: 8px 0; }
.mention { background: #fff4d1; color: #1264a3; border-radius: 3px; padding: 0 2px; }
a { color: #1264a3; text-decoration: none; }
pre { background: #f8f8f8; border: 1px solid #ddd; border-radius: 4px; padding: 8px; margin: 4px 0; font: 12px/1.5 Monaco, Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
`;

/** A page that shows every message as each kind of notifier does. Fetches nothing. */
export async function previewPage(): Promise<string> {
  const articles: string[] = [];
  const alert = await TELLINGS['failed-exit-code']!();
  for (const [name, tell] of Object.entries(TELLINGS)) articles.push(articleOf(name, await tell(), alert));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Messages of Cronflow</title><style>${STYLE}</style></head>
<body><h1>Messages of Cronflow</h1>
${articles.join('\n')}
</body></html>
`;
}

/** @param alert what a message that ends trouble is the end of, where a bot edits it */
function articleOf(name: string, message: Message, alert: Message): string {
  const now = message.fields.find(({ label }) => label === 'Now')?.value ?? '';
  const isEnd = message.kind === 'closed' || message.kind === 'closed_silently';
  const opening = { receipt: '', isMerged: false, said: alert };
  const ways = [
    figureOf('Slack', slackHtmlOf(blocksOf(message), now)),
    ...(isEnd
      ? [figureOf('Slack, the alert edited', slackHtmlOf(overBlocksOf({ ...message, opening }), now))]
      : []),
    figureOf('Slack without blocks', slackHtmlOf(plainOf(message), now)),
    figureOf('email', `<iframe srcdoc="${escapeHtml(htmlOf(message))}" title="email"></iframe>`),
    figureOf('email without HTML, and others', `<pre>${escapeHtml(plainTextOf(message))}</pre>`),
  ];
  return `<article id="${name}"><h2>${name}</h2><div class="ways">${ways.join('\n')}</div></article>`;
}

function figureOf(caption: string, html: string): string {
  return `<figure><figcaption>${caption}</figcaption>${html}</figure>`;
}
