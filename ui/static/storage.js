/** Where conversations are kept: the browser's storage or, where a frame of another site may not have it, the page around
    the frame, which is told what to keep and gives it back after it was loaded anew. */

const refused = new Map();
let given = () => {};
let asked = false;

/** What stands in for a storage that the browser refuses. */
const standIn = (name) => ({
  getItem: (key) => refused.get(`${name} ${key}`) ?? null,
  setItem: (key, value) => { refused.set(`${name} ${key}`, value); tell(); },
  removeItem: (key) => { refused.delete(`${name} ${key}`); tell(); },
});

const tell = () => parent.postMessage({ yiju: "keep", kept: Object.fromEntries(refused) }, "*");

/** `localStorage` or `sessionStorage`, or what stands in for it. */
export function storage(name) {
  try {
    window[name].getItem("");
    return window[name];
  } catch {
    if (parent !== window && !asked) {
      asked = true;
      addEventListener("message", onMessage);
      parent.postMessage({ yiju: "kept?" }, "*");
    }
    return standIn(name);
  }
}

function onMessage({ source, data }) {
  if (source !== parent || data?.yiju !== "kept" || typeof data.kept !== "object") return;
  for (const [key, value] of Object.entries(data.kept)) if (typeof value === "string" && !refused.has(key)) refused.set(key, value);
  given();
}

/** Calls `listener` when the page around the frame has given back what it kept. */
export const whenGiven = (listener) => { given = listener; };
