/** A part of a YAML text as it is written, before aliases, merges and variables are resolved. */
export type Node = MapNode | SeqNode | ScalarNode | AliasNode;

interface Placed {
  /** Offset at which the node begins. */
  at: number;
  /** The explicit tag of the node, if it has one. */
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
  /** The value as it is written, where it is no text. */
  source?: string;
  /** True for a scalar without quotes. */
  isPlain: boolean;
}

export interface AliasNode extends Placed {
  kind: 'alias';
  name: string;
  /** The last node before the alias that carried its name; absent where there is none. */
  target?: Node;
}
