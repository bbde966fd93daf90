// Who wants to know what: a list of listeners by name.
export function makeEvents() {
  const listeners = new Map();
  return {
    on(name, listener) {
      listeners.set(name, [...(listeners.get(name) || []), listener]);
    },
    tell(name, detail) {
      for (const listener of listeners.get(name) || []) listener(detail);
    },
  };
}
