import type { SlackPayload } from '../../../src/delivery/slack/payload.ts';

/** Returns every text of a payload, as Slack gets it. */
export function textsOf({ text, blocks = [] }: SlackPayload): string[] {
  return [
    text,
    ...blocks.flatMap((block) => {
      if (block.type === 'context') return block.elements.map((each) => each.text);
      return 'fields' in block ? block.fields.map((each) => each.text) : [block.text.text];
    }),
  ];
}
