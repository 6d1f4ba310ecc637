// What this browser keeps. Where storage is forbidden (private frames, strict settings) or full it lasts as long as the page.

// What could not be written. It goes before what is stored: that is older.
const memory = new Map();

export function get(key) {
  if (memory.has(key)) return memory.get(key);
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function set(key, value) {
  try {
    localStorage.setItem(key, value);
    memory.delete(key);
  } catch {
    memory.set(key, value);
  }
}

export function remove(key) {
  memory.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // It was only in memory.
  }
}

export function keys(prefix) {
  const all = [...memory.keys()];
  try {
    for (let i = 0; i < localStorage.length; i++) all.push(localStorage.key(i));
  } catch {
    // Only memory then.
  }
  return [...new Set(all)].filter((key) => key.startsWith(prefix)).sort();
}
