// Which methods a class has, and which of them were called.

const NOT_METHODS = new Set(['constructor', 'length', 'name', 'prototype']);

/** The names of the functions an object has, down to where its own kind ends. */
export function methodsOf(target, end) {
  const names = new Set();
  for (let level = target; level !== end; level = Object.getPrototypeOf(level)) {
    for (const name of Object.getOwnPropertyNames(level)) {
      if (!NOT_METHODS.has(name) && typeof level[name] === 'function') names.add(name);
    }
  }
  return [...names].sort();
}

/**
 * `target`, noting in `called` each method that is taken from it. A method keeps its
 * own `this`, so what it calls itself does not count.
 */
export function watched(target, called) {
  return new Proxy(target, {
    get(object, name) {
      const value = object[name];
      if (typeof value !== 'function' || NOT_METHODS.has(name)) return value;
      called.add(name);
      return value.bind(object);
    },
  });
}
