/**
 * This file holds the rules for messages that Slack documents, for the server that stands in for Slack: "Reference:
 * Block Kit", "Formatting text", "Rate limits", "Truncating really long messages".
 */

/** When it was tried, Slack took about 13,000 characters in all. The other limits are documented. */
const LIMITS = {
  payloadBytes: 100_000,
  contentLength: 13_000,
  /** Slack cuts longer texts. */
  textLength: 40_000,
  /** `chat.update` refuses longer texts. */
  updateTextLength: 4_000,
  blocks: 50,
  headerLength: 150,
  sectionLength: 3_000,
  fields: 10,
  fieldLength: 2_000,
  elements: 10,
} as const;

export interface SlackText {
  type: string;
  text: string;
}

export interface SlackBlock {
  type: string;
  text?: SlackText;
  fields?: SlackText[];
  elements?: SlackText[];
}

export interface SlackPayload {
  text?: string;
  blocks?: SlackBlock[];
}

/** The reasons why a payload is refused. The webhook and the Web API have words of their own for each. */
export type PayloadFault =
  'no_text' | 'bad_json' | 'bad_type' | 'bad_text' | 'not_blocks' | 'bad_block' | 'too_long';

/**
 * Parses a payload.
 * @returns the payload, or what is wrong with it as a request
 */
export function parsePayload(body: Buffer, contentType: string | undefined): SlackPayload | PayloadFault {
  if (body.length > LIMITS.payloadBytes) return 'bad_json';
  if (contentType === undefined || !contentType.startsWith('application/json')) return 'bad_type';
  try {
    // Slack, too, refuses a body that is not UTF-8.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    const payload: unknown = JSON.parse(text);
    return typeof payload === 'object' && payload !== null ? payload : 'bad_json';
  } catch {
    return 'bad_json';
  }
}

/**
 * Finds the first limit that a payload breaks.
 * @returns null when the payload keeps every limit
 */
export function faultOf({ text, blocks }: SlackPayload, isUpdate: boolean): PayloadFault | null {
  const textLengthMax = isUpdate ? LIMITS.updateTextLength : LIMITS.textLength;
  if (text !== undefined && (typeof text !== 'string' || text.length > textLengthMax)) return 'bad_text';
  if (blocks !== undefined && !Array.isArray(blocks)) return 'not_blocks';
  if (blocks === undefined || blocks.length === 0)
    return text === undefined || text === '' ? 'no_text' : null;
  if (blocks.length > LIMITS.blocks || !blocks.every(isBlock)) return 'bad_block';
  const length = textsOf(blocks).reduce((sum, each) => sum + each.text.length, text?.length ?? 0);
  return length > LIMITS.contentLength ? 'too_long' : null;
}

function isBlock(block: SlackBlock): boolean {
  const { type, text, fields, elements } = block;
  switch (type) {
    case 'header':
      return text?.type === 'plain_text' && isText(text, LIMITS.headerLength);
    case 'section':
      if (text === undefined && fields === undefined) return false;
      if (text !== undefined && !isText(text, LIMITS.sectionLength)) return false;
      return fields === undefined || areTexts(fields, LIMITS.fields, LIMITS.fieldLength);
    case 'context':
      return elements !== undefined && areTexts(elements, LIMITS.elements, LIMITS.sectionLength);
    case 'divider':
      return true;
    default:
      return false;
  }
}

function areTexts(texts: unknown, countMax: number, lengthMax: number): boolean {
  if (!Array.isArray(texts) || texts.length === 0 || texts.length > countMax) return false;
  return texts.every((text: SlackText) => isText(text, lengthMax));
}

function isText(text: SlackText, lengthMax: number): boolean {
  const known = text.type === 'plain_text' || text.type === 'mrkdwn';
  return known && typeof text.text === 'string' && text.text.length > 0 && text.text.length <= lengthMax;
}

function textsOf(blocks: readonly SlackBlock[]): SlackText[] {
  return blocks.flatMap(({ text, fields = [], elements = [] }) => [
    ...(text === undefined ? [] : [text]),
    ...fields,
    ...elements,
  ]);
}

/**
 * Returns everything that a person would read: the texts of the blocks, or `text` where there are none, with entities
 * decoded.
 */
export function readableOf({ text = '', blocks = [] }: SlackPayload): string {
  const all =
    blocks.length === 0
      ? text
      : textsOf(blocks)
          .map((each) => each.text)
          .join('\n');
  return all.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
