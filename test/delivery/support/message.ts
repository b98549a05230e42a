import type { Message } from '../../../src/delivery/message/message.ts';
import { aDelivery, aJob, anIncident, aRun } from './records.ts';

export function aMessage(changes: Partial<Message> = {}): Message {
  return {
    deliveryId: 'j1-i1.ops.opened',
    incidentId: 'j1-i1',
    kind: 'opened',
    severity: 'bad',
    title: 'FAILED backup on web1: exit 1 after 4m12s',
    description: 'Dumps every database',
    fields: [
      { label: 'Reason', value: 'exit 1 after 4m12s' },
      { label: 'Host', value: 'web1' },
    ],
    output: 'connecting\npg_dump: error: <unknown> & more',
    outputNote: 'the last 2 lines',
    links: [
      { label: 'Run', text: 'j1-7', url: 'https://cron.example.com/jobs/backup/runs/j1-7?a=1&b=2' },
      { label: 'Declared in', text: 'cronflow.yaml:12', url: null },
    ],
    mentions: [],
    sections: [],
    opening: null,
    source: { delivery: aDelivery(), incident: anIncident(), job: aJob(), run: aRun(), closing: null },
    ...changes,
  };
}
