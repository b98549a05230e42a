import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SlackServer, startSlackServer } from '../support/slack-server.ts';
import { type Service, startService } from './service.ts';
import { MINUTE_MS, SECOND_MS } from '../../src/schedule/units.ts';

const CONFIG = `notifiers:
  ops:
    type: slack
    webhook_url: \${SLACK_WEBHOOK_URL}
jobs:
  frequent:
    schedule: "*/10 * * * *"
    grace: 2m
    failure_threshold: 100
  hung: {}
  idle: {}
`;

let slack: SlackServer;
let service: Service;

beforeAll(async () => {
  slack = await startSlackServer();
  service = await startService(CONFIG, slack.url);
});

afterAll(async () => {
  await service?.stop();
  await slack?.close();
});

/** How long until the clock shows `:04`, `:14`, ...: far from the slots of `frequent` and what belongs to them. */
const untilMinute = (minute: number): number =>
  (((minute * MINUTE_MS - service.now()) % (10 * MINUTE_MS)) + 10 * MINUTE_MS) % (10 * MINUTE_MS);
const ping = (path: string): Promise<Response> => fetch(`${service.url}/jobs/${path}`, { method: 'POST' });

describe('an absence of Cronflow', () => {
  test('of 40 s that touches nothing is told to nobody', async () => {
    await service.advance(untilMinute(4));
    await service.killAndRestart(40 * SECOND_MS);
    await service.advance(40 * MINUTE_MS);
    expect(slack.messages).toEqual([]);
  });

  test('of 20 minutes is told in one message, which says from when to when, and what Cronflow could not see', async () => {
    await service.advance(untilMinute(4));
    await ping('hung/start?rid=a');
    await ping('idle/success');
    await service.killAndRestart(20 * MINUTE_MS);
    // The message is due after 15 minutes, and a start on a busy machine takes a part of them.
    await service.advance(13 * MINUTE_MS);
    expect(slack.messages).toEqual([]);
    // In small steps, so that Slack's answer is there before the service's clock says that it was too slow.
    await service.until('the message', async () => {
      if (slack.messages.length === 0) await service.advance(SECOND_MS);
      return slack.messages[0];
    });
    // Else minutes would pass, or the service be killed, before it has read the answer, and it would send it again.
    await service.until('the answer to be read', async () => {
      const deliveries = await service.get<{ status: string }[]>('/deliveries');
      return deliveries.length > 0 && deliveries.every(({ status }) => status === 'sent');
    });
    await ping('hung/success?rid=a');
    await service.advance(untilMinute(4));
    await service.killAndRestart();
    await service.advance(60 * MINUTE_MS);
    expect(slack.messages).toHaveLength(1);
    const [{ text, readable }] = slack.messages as [SlackServer['messages'][number]];
    expect(
      text.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?/g, 'THEN').replace(/for 20m(\d+s)?/, 'for 20m'),
    ).toBe(
      'CRONFLOW WAS AWAY: for 20m, from THEN to THEN (UTC); what became of 2 slots and 1 run of 2 jobs is not known',
    );
    expect(readable).toContain('frequent: 2 slots unknown\nhung: 1 run still open');
    expect(readable).not.toContain('idle:');
  });
});
