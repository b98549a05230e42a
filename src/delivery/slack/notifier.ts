import { LogNotifier } from '../log/notifier.ts';
import type { BuildNotifier } from '../notifier.ts';
import { SlackBot } from './bot.ts';
import { SlackWebhook } from './webhook.ts';

/**
 * Slack takes one message a second per webhook, and per channel over the Web API (Slack: "Rate limits, Posting
 * messages").
 */
const SLACK_INTERVAL_MS = 1_000;
const API_URL = 'https://slack.com/api';

/** Either `webhook_url`, or `bot_token` and `channel`; the schema allows no mixture. */
interface SlackSettings {
  webhook_url?: string;
  bot_token?: string;
  channel?: string;
  api_url?: string;
  mention?: string[];
}

export const buildSlack: BuildNotifier = (name, settings, { clock, logger, pacerOf }) => {
  const { webhook_url: webhookUrl, bot_token: token, channel, ...rest } = settings as SlackSettings;
  const { mention = [], api_url: apiUrl = API_URL } = rest;
  if (token !== undefined && channel !== undefined) {
    const pacer = pacerOf(`${apiUrl} ${channel}`, SLACK_INTERVAL_MS);
    return new SlackBot({ name, apiUrl, token, channel, mention, clock, pacer });
  }
  // An empty address means that every notification is logged instead (docs/design.md §5).
  if (webhookUrl === undefined || webhookUrl === '') {
    return new LogNotifier({ name, type: 'slack', logger, notSentBecause: 'webhook_url is empty' });
  }
  return new SlackWebhook({
    name,
    webhookUrl,
    mention,
    clock,
    pacer: pacerOf(webhookUrl, SLACK_INTERVAL_MS),
  });
};
