/** The key of the object that stands behind another one. */
const BEHIND = Symbol('behind');

type Behind = { [BEHIND]: Record<string, (...args: unknown[]) => unknown> };

/** Holds the forwarding members of each class, which are made once. */
const kept = new WeakMap<object, object>();

/**
 * Returns an object whose own members stand before those of another object, which keeps its private state. Every
 * transaction makes one, so it is a plain object: a proxy would make a function of each member whenever it is used.
 */
export function overlaid<T extends object>(target: T, own: Partial<T>): T {
  const object = Object.create(forwardingTo(target)) as T;
  return Object.assign(object, { [BEHIND]: target }, own);
}

function forwardingTo(target: object): object {
  const prototype = Object.getPrototypeOf(target) as object | null;
  // Two objects of no class may have different members.
  if (prototype === null || prototype === Object.prototype) return forwardingMembers(target);
  let members = kept.get(prototype);
  if (members === undefined) {
    members = forwardingMembers(target);
    kept.set(prototype, members);
  }
  return members;
}

/** Returns the members of an object and its classes, each of which asks the object behind. */
function forwardingMembers(target: object): object {
  const members = Object.create(null) as object;
  for (
    let from: object | null = target;
    from !== null && from !== Object.prototype;
    from = Object.getPrototypeOf(from) as object | null
  ) {
    for (const [key, described] of Object.entries(Object.getOwnPropertyDescriptors(from)))
      if (!(key in members)) Object.defineProperty(members, key, forwarding(key, described));
  }
  return members;
}

function forwarding(key: string, described: PropertyDescriptor): PropertyDescriptor {
  if (typeof described.value !== 'function') {
    return {
      get(this: Behind) {
        return this[BEHIND][key];
      },
      // A member of the overlaid object's own stands before this one.
      set(this: Behind, value: unknown) {
        Object.defineProperty(this, key, { value });
      },
    };
  }
  return {
    writable: true,
    value(this: Behind, ...args: unknown[]) {
      return this[BEHIND][key]!(...args);
    },
  };
}
