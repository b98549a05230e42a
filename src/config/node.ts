/** A part of a YAML text as it is written, before aliases, merges and variables are resolved. */
export type Node = MapNode | SeqNode | ScalarNode | AliasNode;

interface Placed {
  /** Offset at which it begins. */
  at: number;
  /** Its explicit tag, if it has one. */
  tag?: string;
}

export interface MapNode extends Placed {
  kind: 'map';
  pairs: readonly PairNode[];
}

export interface PairNode {
  key: Node | null;
  value: Node | null;
}

export interface SeqNode extends Placed {
  kind: 'seq';
  items: readonly (Node | null)[];
}

export interface ScalarNode extends Placed {
  kind: 'scalar';
  value: unknown;
  /** As it is written, where its value is no text. */
  source?: string;
  /** Whether it stands without quotes. */
  isPlain: boolean;
}

export interface AliasNode extends Placed {
  kind: 'alias';
  name: string;
  /** The node that carried its name last before it; none where there is none. */
  target?: Node;
}
